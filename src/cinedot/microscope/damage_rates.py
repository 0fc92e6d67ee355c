"""How fast the beam and heat move a dot's surface halides: rates, protection, thresholds."""

import math
from dataclasses import dataclass
from typing import NamedTuple

from ase.data import atomic_masses, atomic_numbers
from scipy.constants import atomic_mass, c, e

from cinedot.core import InputError
from cinedot.core.constants import BOLTZMANN_EV_PER_K, ELECTRON_REST_ENERGY_EV

_ATOMIC_MASS_EV = atomic_mass * c**2 / e
ROOM_TEMPERATURE_K = 298.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """What moves and removes surface halides.

    The carbon that a dot sits on drains its charge and its excitations: SMART-EM's dots outlive
    bare perovskites by three to five orders of magnitude (science.md 9). That factor stands here
    by itself, as `protection`, and divides what the beam does and nothing else.

    Attributes:
        loss_cross_section_nm2: of a halide of an unprotected dot, nm^2; 1e-5 is a critical dose
            of 1e5 e/nm^2 (an estimate).
        hop_cross_section_nm2: for one halide and one empty site, unprotected, nm^2. Hops that
            frames of 13 ms show need 1.2e-6 to 3e-6 nm^2 after protection, far above knock-on:
            they are taken for thermal unless this is raised.
        protection: factor that divides both cross sections; 1 is a bare dot.
        attempts_per_s: attempt frequency of thermal steps, 1/s.
        hop_barrier_ev: barrier of a thermal hop, eV; 0.61 gives 48 hops a second at 298 K.
        loss_barrier_ev: barrier of a thermal loss, eV; 2.0 never happens at 298 K (an estimate).
        temperature_k: temperature, K.
        gain_per_s: rate at which an empty site picks up a halide from around, 1/s.
        hop_reach: how far a halide hops, in lattice constants: 0.75 takes it only to the other
            terminal row of its edge (sites of one metal, 0.71 apart), 1.05 to sites of adjoining
            metals on the same face too, 1.25 around the edge as well.

    Raises:
        InputError: a negative rate or barrier, a protection below 1, no temperature.
    """

    loss_cross_section_nm2: float = 1e-5
    hop_cross_section_nm2: float = 0.0
    protection: float = 1e5
    attempts_per_s: float = 1e12
    hop_barrier_ev: float = 0.61
    loss_barrier_ev: float = 2.0
    temperature_k: float = ROOM_TEMPERATURE_K
    gain_per_s: float = 0.0
    hop_reach: float = 1.05

    def __post_init__(self) -> None:
        for name in (
            "loss_cross_section_nm2",
            "hop_cross_section_nm2",
            "attempts_per_s",
            "hop_barrier_ev",
            "loss_barrier_ev",
            "gain_per_s",
            "hop_reach",
        ):
            value: float = getattr(self, name)
            if not 0 <= value < math.inf:
                raise InputError(
                    f"`{name}` must not be negative, but is {value}.", remedy="0 turns a rate off."
                )
        if not 1 <= self.protection < math.inf:
            raise InputError(
                f"`protection` must be at least 1, but is {self.protection}.",
                remedy="1 is a dot without protection; a carbon support gives 1e3 to 1e5.",
            )
        if not 0 < self.temperature_k < math.inf:
            raise InputError(
                f"`temperature_k` must be positive, but is {self.temperature_k}.",
                remedy="Room temperature is 298.",
            )


class HalideRates(NamedTuple):
    """Rates as they are at one dose rate, 1/s.

    loss: of each halide; hop: of each halide into each empty site in reach; gain: of each empty
    site.
    """

    loss: float
    hop: float
    gain: float


def beam_rate_per_s(
    cross_section_nm2: float, dose_rate_e_per_nm2_s: float, protection: float
) -> float:
    """sigma J / protection, 1/s.

    Example:
        >>> round(beam_rate_per_s(2e-6, 2.5e7, 1.0), 9)
        50.0
    """
    return cross_section_nm2 * dose_rate_e_per_nm2_s / protection


def thermal_rate_per_s(attempts_per_s: float, barrier_ev: float, temperature_k: float) -> float:
    """nu exp(-E / kT), 1/s (Arrhenius).

    Example:
        >>> round(thermal_rate_per_s(1e12, 0.61, 298.0))
        48
    """
    return attempts_per_s * math.exp(-barrier_ev / (BOLTZMANN_EV_PER_K * temperature_k))


def halide_rates(damage: Damage, dose_rate_e_per_nm2_s: float) -> HalideRates:
    """Beam and heat together at a dose rate.

    Raises:
        InputError: a negative dose rate.
    """
    if not 0 <= dose_rate_e_per_nm2_s < math.inf:
        raise InputError(
            f"`dose_rate_e_per_nm2_s` must not be negative, but is {dose_rate_e_per_nm2_s}.",
            remedy="The paper's movies have 2.1e7 to 2.8e7.",
        )

    def both(cross_section_nm2: float, barrier_ev: float) -> float:
        beam = beam_rate_per_s(cross_section_nm2, dose_rate_e_per_nm2_s, damage.protection)
        heat = thermal_rate_per_s(damage.attempts_per_s, barrier_ev, damage.temperature_k)
        return beam + heat

    return HalideRates(
        loss=both(damage.loss_cross_section_nm2, damage.loss_barrier_ev),
        hop=both(damage.hop_cross_section_nm2, damage.hop_barrier_ev),
        gain=damage.gain_per_s,
    )


def knock_on_ev(element: str, voltage_kv: float) -> float:
    """The most energy that one electron can give an atom: 2 E (E + 2 m c^2) / (M c^2), eV.

    An atom bound more strongly cannot be knocked out.

    Args:
        element: chemical symbol.
        voltage_kv: accelerating voltage, kV, positive.

    Raises:
        InputError: no such element, or no voltage.

    Source: Williams, Carter, Transmission Electron Microscopy, ch. 4; science.md 9.

    Example:
        >>> [round(knock_on_ev(one, 80.0), 3) for one in ("Br", "Cs", "Pb")]
        [2.369, 1.424, 0.914]
    """
    if element not in atomic_numbers:
        raise InputError(
            f"`element` must be a chemical symbol, but is {element!r}.", remedy="Say 'Br'."
        )
    if not 0 < voltage_kv < math.inf:
        raise InputError(
            f"`voltage_kv` must be positive, but is {voltage_kv}.",
            remedy="The paper's microscope runs at 80.0.",
        )
    energy = 1e3 * voltage_kv
    mass_ev = float(atomic_masses[atomic_numbers[element]]) * _ATOMIC_MASS_EV
    return 2 * energy * (energy + 2 * ELECTRON_REST_ENERGY_EV) / mass_ev
