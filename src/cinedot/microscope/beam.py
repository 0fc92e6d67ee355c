"""The electron: its wavelength and how strongly a potential turns its phase."""

import math

from scipy.constants import e, h, m_e

from cinedot.core import InputError
from cinedot.core.constants import ELECTRON_REST_ENERGY_EV, HC_EV_NM

POTENTIAL_PER_SCATTERING_V_ANGSTROM2 = h**2 / (2 * math.pi * m_e * e) * 1e20
"""Fourier transform of a projected potential over its scattering factor, V angstrom^2 (47.878)."""


def wavelength_angstrom(voltage_kv: float) -> float:
    """The relativistic de Broglie wavelength, angstrom.

    Args:
        voltage_kv: accelerating voltage, kV, positive.

    Raises:
        InputError: the voltage is not positive.

    Example:
        >>> round(wavelength_angstrom(80.0), 6)
        0.041757
    """
    energy = _energy_ev(voltage_kv)
    return 10 * HC_EV_NM / math.sqrt(energy * (2 * ELECTRON_REST_ENERGY_EV + energy))


def interaction_rad_per_v_angstrom(voltage_kv: float) -> float:
    """The interaction constant 2 pi m e lambda / h^2, rad/(V angstrom); science.md 8.1.

    Example:
        >>> round(interaction_rad_per_v_angstrom(80.0), 8)
        0.00100871
    """
    energy, rest = _energy_ev(voltage_kv), ELECTRON_REST_ENERGY_EV
    relativistic = (rest + energy) / (2 * rest + energy)
    return 2 * math.pi / (wavelength_angstrom(voltage_kv) * energy) * relativistic


def phase_per_scattering_angstrom(voltage_kv: float) -> float:
    """Phase, rad angstrom^2, that one angstrom of scattering factor spreads over the plane."""
    return interaction_rad_per_v_angstrom(voltage_kv) * POTENTIAL_PER_SCATTERING_V_ANGSTROM2


def _energy_ev(voltage_kv: float) -> float:
    if not voltage_kv > 0:
        raise InputError(
            f"`voltage_kv` must be positive, but is {voltage_kv}.",
            remedy="The paper's microscope runs at 80.0.",
        )
    return 1e3 * voltage_kv
