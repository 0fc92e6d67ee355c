"""Units: what instruments and people write, turned into plain numbers."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cinedot.core import InputError
from cinedot.core.units import length_nm_per, quantity, time_s_per


@pytest.mark.parametrize(
    ("spelled", "nm"),
    [
        ("nm", 1.0),
        ("n_m", 1.0),
        ("\u00b5m", 1e3),
        ("\u03bcm", 1e3),
        ("um", 1e3),
        ("pm", 1e-3),
        ("\u00c5", 0.1),
        ("\u212b", 0.1),
        ("\\u00B5m", 1e3),
        ("m", 1e9),
        ("", None),
        ("<unknown>", None),
        ("1/nm", None),
        ("s", None),
    ],
)
def test_length_units_as_instruments_spell_them(spelled: str, nm: float | None) -> None:
    assert length_nm_per(spelled) == nm


def test_time_units() -> None:
    assert [time_s_per(text) for text in ("s", "sec", "ms", "nm", "")] == [1, 1, 1e-3, None, None]


@settings(deadline=None)
@given(st.floats(1e-6, 1e6))
def test_a_bare_number_is_in_the_unit_asked_for(number: float) -> None:
    assert quantity(number, "nm", key="pixel_size") == number


@settings(deadline=None)
@given(st.floats(1e-3, 1e3))
def test_text_and_number_agree_across_units(number: float) -> None:
    # Tolerance: quantity() keeps 14 significant digits.
    assert quantity(f"{number} um", "nm", key="x") == pytest.approx(1e3 * number, rel=1e-13)


def test_a_rate_of_dose_converts_between_areas() -> None:
    assert quantity("100 e/A2/s", "e/nm^2/s", key="dose_rate") == pytest.approx(1e4, rel=1e-13)


@pytest.mark.parametrize("text", ["20 ms", "twenty nm", "nm", "1 parsnip", "20nm2"])
def test_a_unit_of_another_kind_is_refused_with_the_key_and_an_example(text: str) -> None:
    with pytest.raises(InputError, match=r"`pixel_size` must be .* pixel_size = ") as caught:
        quantity(text, "nm", key="pixel_size")
    assert "\n" not in str(caught.value)
