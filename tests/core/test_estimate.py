"""Estimates: never NaN, rounded as a laboratory rounds."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cinedot.core import Estimate
from cinedot.core.estimate import value_text


@pytest.mark.parametrize("wrong", [{"value": math.nan}, {"sigma": math.inf}, {"sigma": -0.1}])
def test_an_estimate_refuses_what_is_no_answer(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must"):
        Estimate(**({"value": 1.0, "sigma": 0.1, "unit": "nm", "method": "test"} | wrong))


@settings(deadline=None)
@given(st.floats(-1e5, 1e5), st.floats(1e-5, 1e3))
def test_rounding_stays_within_a_tenth_of_sigma(value: float, sigma: float) -> None:
    # Two digits of sigma leave at most half a unit of its second digit: sigma / 20. A value of
    # 1e5 is itself known to 7e-12, and reading and subtracting it rounds twice more.
    assert abs(float(value_text(value, sigma)) - value) <= sigma / 20 + 3e-11


def test_limits_are_marked() -> None:
    limit = Estimate(value=0.5, sigma=None, unit="ns", method="test", status="upper_limit")
    assert limit.text() == "≤ 0.5 ns"
