"""Classical nucleation: barrier, critical size, rate, and how many crystals come of it.

A nucleus of size s costs gamma A s^2 of surface and gains (kT ln S / v) V s^3 of bulk, with A and V
the shape's surface and volume at size 1. A dot of 4 Pb an edge has no bulk to speak of: for it
these laws tell how things scale, not how large they are.
"""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float

from cinedot.core import InputError
from cinedot.core.constants import BOLTZMANN_J_PER_K

_NM2 = 1e-18

Number = float | Float[np.ndarray, " case"]


@runtime_checkable
class NucleusShape(Protocol):
    """A shape that keeps its proportions as it grows.

    Attributes:
        surface: its surface over the square of its size.
        volume: its volume over the cube of its size.
    """

    @property
    def surface(self) -> float: ...  # noqa: D102
    @property
    def volume(self) -> float: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Sphere:
    """A sphere; its size is the radius."""

    surface: float = 4 * np.pi
    volume: float = 4 * np.pi / 3


@dataclass(frozen=True, slots=True)
class Cube:
    """A cube; its size is the edge."""

    surface: float = 6.0
    volume: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Supersaturation:
    """What drives a solute out of solution.

    Attributes:
        log_ratio: ln S, S being the activity over that of the saturated solution; above 0.
        unit_volume_nm3: volume of a formula unit in the crystal, nm3: the cube of a host's lattice
            constant.
        temperature_k: K.

    Raises:
        InputError: one of them is not above 0.

    Example:
        >>> drive = Supersaturation(log_ratio=4.0, unit_volume_nm3=0.593**3)
        >>> f"{drive.thermal_j:.4g}"
        '4.047e-21'
    """

    log_ratio: float
    unit_volume_nm3: float
    temperature_k: float = 293.15

    def __post_init__(self) -> None:
        _require_positive("log_ratio", self.log_ratio, "An undersaturated solution grows nothing.")
        _require_positive("unit_volume_nm3", self.unit_volume_nm3, "MAPbBr3 has 0.2085.")
        _require_positive("temperature_k", self.temperature_k, "20 degrees Celsius are 293.15.")

    @property
    def thermal_j(self) -> float:
        """The thermal energy kT, J."""
        return BOLTZMANN_J_PER_K * self.temperature_k


@dataclass(frozen=True, slots=True, kw_only=True)
class CriticalNucleus:
    """The nucleus that grows as likely as it dissolves.

    Attributes:
        size_nm: radius or edge, as the shape says, nm.
        barrier_kt: the work of making it, kT.
        formula_units: how many it holds.
    """

    size_nm: float
    barrier_kt: float
    formula_units: float


def work_of_formation_kt(
    size_nm: Number,
    drive: Supersaturation,
    *,
    surface_energy_j_per_m2: float,
    shape: NucleusShape,
) -> Number:
    """The work of making a nucleus: its surface less what its bulk gains.

    Args:
        size_nm: radius or edge, nm; a number or an array [case].
        drive: of the solution.
        surface_energy_j_per_m2: of all its faces, J/m2; above 0.
        shape: `Sphere()` or `Cube()`.

    Returns:
        Work in kT, as `size_nm`.

    Raises:
        InputError: the surface energy is not above 0.

    Source: Gibbs (1878); science.md 4.4.

    Example:
        >>> drive = Supersaturation(log_ratio=4.0, unit_volume_nm3=0.593**3)
        >>> round(work_of_formation_kt(
        ...     1.0, drive, surface_energy_j_per_m2=0.02, shape=Cube()), 2)
        10.47
    """
    _require_positive("surface_energy_j_per_m2", surface_energy_j_per_m2, "Some have 0.02 J/m2.")
    cost = surface_energy_j_per_m2 * _NM2 * shape.surface / drive.thermal_j
    gain = drive.log_ratio * shape.volume / drive.unit_volume_nm3
    return cost * size_nm**2 - gain * size_nm**3


def critical_nucleus(
    drive: Supersaturation, *, surface_energy_j_per_m2: float, shape: NucleusShape
) -> CriticalNucleus:
    """Where the work of formation is greatest: s = 2 A gamma v/(3 V kT ln S), 4/27 of A^3/V^2.

    For a sphere that is r = 2 gamma v/(kT ln S) and 16 pi gamma^3 v^2/[3 (kT ln S)^2], for a cube
    an edge of 4 gamma v/(kT ln S) and 32 gamma^3 v^2/(kT ln S)^2, 6/pi times the sphere's.

    Args:
        drive: of the solution.
        surface_energy_j_per_m2: of all its faces, J/m2; above 0.
        shape: `Sphere()` or `Cube()`.

    Raises:
        InputError: the surface energy is not above 0.

    Source: Gibbs (1878); science.md 4.4.

    Example:
        >>> drive = Supersaturation(log_ratio=4.0, unit_volume_nm3=0.593**3)
        >>> found = critical_nucleus(drive, surface_energy_j_per_m2=0.02, shape=Sphere())
        >>> round(found.size_nm, 3), round(found.barrier_kt, 2)
        (0.515, 5.49)
    """
    _require_positive("surface_energy_j_per_m2", surface_energy_j_per_m2, "Some have 0.02 J/m2.")
    length_nm = surface_energy_j_per_m2 * drive.unit_volume_nm3 * _NM2
    length_nm /= drive.thermal_j * drive.log_ratio
    size_nm = 2 * shape.surface * length_nm / (3 * shape.volume)
    energy = surface_energy_j_per_m2 * _NM2 * shape.surface / drive.thermal_j
    return CriticalNucleus(
        size_nm=size_nm,
        barrier_kt=energy * size_nm**2 / 3,
        formula_units=shape.volume * size_nm**3 / drive.unit_volume_nm3,
    )


def nucleation_rate(barrier_kt: Number, *, prefactor_per_m3_s: float) -> Number:
    """Nuclei that pass the barrier: A exp(-barrier/kT), per m3 and s.

    Args:
        barrier_kt: kT; a number or an array [case].
        prefactor_per_m3_s: A, per m3 and s; known to some powers of ten at best.

    Raises:
        InputError: the prefactor is not above 0.

    Source: Volmer and Weber (1926); science.md 4.4.

    Example:
        >>> round(float(nucleation_rate(20.0, prefactor_per_m3_s=1e30)) / 1e21, 2)
        2.06
    """
    _require_positive("prefactor_per_m3_s", prefactor_per_m3_s, "1e30 to 1e40 are usual.")
    return prefactor_per_m3_s * np.exp(-barrier_kt)


def number_ratio(energy_ratio: Number, *, barrier_kt: float) -> Number:
    """How many times more nuclei there are when the surface energy changes.

    The barrier goes with the cube of the surface energy: N2/N1 = exp{barrier [1 - ratio^3]}. With a
    given amount of solute each crystal's final volume goes as 1/N.

    Args:
        energy_ratio: surface energy over that before; a number or an array [case].
        barrier_kt: the barrier before, kT.

    Source: science.md 4.4.

    Example:
        >>> round(float(np.log10(number_ratio(0.784, barrier_kt=40.0))), 1)
        9.0
    """
    return np.exp(barrier_kt * (1 - np.asarray(energy_ratio) ** 3))[()]


def barrier_drop_kt(volume_ratio: float) -> float:
    """By how much the barrier must fall for crystals of so much less volume, kT.

    Args:
        volume_ratio: a crystal's final volume over that before, 0 to 1.

    Raises:
        InputError: the ratio is not above 0.

    Source: science.md 4.4.

    Example:
        >>> round(barrier_drop_kt(1e-9), 2)  # from micrometres to nanometres
        20.72
    """
    _require_positive("volume_ratio", volume_ratio, "From 1 um to 1 nm it is 1e-9.")
    return float(-np.log(volume_ratio))


def energy_ratio_for(volume_ratio: float, *, barrier_kt: float) -> float:
    """How far the surface energy must fall for crystals of so much less volume.

    Args:
        volume_ratio: a crystal's final volume over that before, above 0.
        barrier_kt: the barrier before, kT.

    Returns:
        Surface energy over that before: [1 + ln(volume_ratio)/barrier]^(1/3).

    Raises:
        InputError: the barrier is lower than what it would have to fall by.

    Source: science.md 4.4.

    Example:
        >>> round(energy_ratio_for(1e-9, barrier_kt=40.0), 3)
        0.784
    """
    drop = barrier_drop_kt(volume_ratio)
    if not barrier_kt > drop:
        raise InputError(
            f"`barrier_kt` must exceed {drop:.4g}, by which it falls, but is {barrier_kt:.4g}.",
            remedy="Nuclei without a barrier are as many as they can be: another law rules there.",
        )
    return float((1 - drop / barrier_kt) ** (1 / 3))


def _require_positive(name: str, value: float, remedy: str) -> None:
    if not (np.isfinite(value) and value > 0):
        raise InputError(f"`{name}` must be above 0, but is {value}.", remedy=remedy)
