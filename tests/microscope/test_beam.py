"""The electron against science.md 8.1."""

import pytest

from cinedot.core import InputError
from cinedot.microscope.beam import (
    POTENTIAL_PER_SCATTERING_V_ANGSTROM2,
    interaction_rad_per_v_angstrom,
    wavelength_angstrom,
)


@pytest.mark.parametrize(
    ("kv", "wavelength", "interaction"),
    [
        (60, 0.048661, 1.1357e-3),
        (80, 0.041757, 1.00871e-3),
        (100, 0.037014, 0.92440e-3),
        (200, 0.025079, 0.72884e-3),
        (300, 0.019687, 0.65261e-3),
    ],
)
def test_the_electron_of_science_note_8_1(kv, wavelength, interaction):
    # The last printed digit; the note cuts some figures off rather than rounding them.
    assert wavelength_angstrom(float(kv)) == pytest.approx(wavelength, abs=1e-6)
    digit = 1e-8 if kv != 60 else 1e-7
    assert interaction_rad_per_v_angstrom(float(kv)) == pytest.approx(interaction, abs=digit)


def test_potential_of_a_scattering_factor():
    assert pytest.approx(47.878, abs=5e-4) == POTENTIAL_PER_SCATTERING_V_ANGSTROM2


def test_no_voltage_is_refused():
    with pytest.raises(InputError, match="voltage_kv"):
        wavelength_angstrom(0.0)
