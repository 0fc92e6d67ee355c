"""A crystal's shape: of least surface energy (Wulff), or by how fast each face grew."""

from collections.abc import Mapping

import numpy as np

from cinedot.core import InputError
from cinedot.growth.nucleation import CriticalNucleus, Supersaturation
from cinedot.growth.polyhedra import CrystalShape, Plane, cut_crystal, family

_NM2 = 1e-18


def wulff_shape(energies: Mapping[Plane, float], *, nm_per_unit: float = 1.0) -> CrystalShape:
    """The shape of least surface energy for its volume: faces as far off as they cost.

    Args:
        energies: of each family {hkl}, in any unit, above 0; what is left out has no face.
        nm_per_unit: distance from the centre over surface energy, nm; the shape does not depend
            on it.

    Returns:
        A cube where {110} cost sqrt(2) times {100} or more, a rhombic dodecahedron where they cost
        1/sqrt(2) times or less, both between.

    Raises:
        InputError: an energy or `nm_per_unit` is not above 0, or the planes do not close.

    Source: Wulff, Z. Krist. 34, 449 (1901); science.md 4.5.

    Example:
        >>> shape = wulff_shape({(1, 0, 0): 1.0, (1, 1, 0): 1.0})
        >>> len(shape.vertices), round(shape.area_fraction((1, 0, 0)), 4)
        (32, 0.2698)
    """
    if not nm_per_unit > 0:
        raise InputError(
            f"`nm_per_unit` must be above 0, but is {nm_per_unit}.", remedy="Leave it out for 1."
        )
    return cut_crystal(
        {
            plane: energy * nm_per_unit
            for planes, energy in energies.items()
            for plane in family(planes)
        }
    )


def surface_energy(shape: CrystalShape, energies: Mapping[Plane, float]) -> float:
    """What a crystal's surface costs: the sum over its faces of energy times area.

    Args:
        shape: the crystal.
        energies: of each family {hkl}, J/m2 or any unit.

    Returns:
        Energy in nm2 times that unit.

    Raises:
        InputError: a face has no energy.

    Example:
        >>> round(surface_energy(wulff_shape({(1, 0, 0): 1.0}), {(1, 0, 0): 0.05}), 9)
        1.2
    """
    by_plane = {plane: one for planes, one in energies.items() for plane in family(planes)}
    missing = [face.plane for face in shape.faces if face.plane not in by_plane]
    if missing:
        raise InputError(
            f"every face must have an energy, but {missing[0]} has none.",
            remedy="Give one for each family of the crystal.",
        )
    return sum(by_plane[face.plane] * face.area_nm2 for face in shape.faces)


def wulff_nucleus(
    drive: Supersaturation, energies_j_per_m2: Mapping[Plane, float]
) -> CriticalNucleus:
    """The critical nucleus of a faceted crystal: each face 2 gamma v/(kT ln S) from the centre.

    Its barrier is half of what its bulk gains, whatever the shape.

    Args:
        drive: of the solution.
        energies_j_per_m2: of each family {hkl}, J/m2, above 0.

    Returns:
        Its size is twice the distance to the nearest face.

    Source: Gibbs (1878) and Wulff (1901); Kashchiev, Nucleation (2000), ch. 3.

    Example:
        >>> drive = Supersaturation(log_ratio=4.0, unit_volume_nm3=0.593**3)
        >>> found = wulff_nucleus(drive, {(1, 0, 0): 0.02, (1, 1, 0): 0.04})
        >>> round(found.size_nm, 3), round(found.barrier_kt, 2)  # a cube
        (1.03, 10.49)
    """
    nm_per_unit = 2 * drive.unit_volume_nm3 * _NM2 / (drive.thermal_j * drive.log_ratio)
    shape = wulff_shape(energies_j_per_m2, nm_per_unit=nm_per_unit)
    units = shape.volume_nm3 / drive.unit_volume_nm3
    return CriticalNucleus(
        size_nm=2 * min(face.distance for face in shape.faces),
        barrier_kt=units * drive.log_ratio / 2,
        formula_units=units,
    )


def grown_shape(
    seed_nm: Mapping[Plane, float],
    rates_nm_per_s: Mapping[Plane, float],
    *,
    time_s: float,
) -> CrystalShape:
    """The shape after each face advanced at its own rate (kinetic Wulff construction).

    Fast faces grow out of the crystal and vanish: the slow ones bound it. Rates may differ among
    planes of one family, so that shapes come which no cubic surface energies give.

    Args:
        seed_nm: distance of each single plane from the centre at the start, nm, above 0.
        rates_nm_per_s: how fast each advances, nm/s; left out or 0 stands still.
        time_s: how long, s, 0 or more.

    Raises:
        InputError: a rate or the time is negative, or a rate has no plane in the seed.

    Source: Borgstroem (1925) and Frank (1958): crystals bounded by their slowest faces; it holds
        while growth is limited by the faces, not by the way of the solute to them.

    Example:
        >>> seed = {plane: 1.0 for plane in family((1, 1, 0))}
        >>> seed |= {plane: 1.2 for plane in family((1, 0, 0))}
        >>> fast = {plane: 1.0 for plane in family((1, 1, 0))}
        >>> cube = grown_shape(seed, fast, time_s=5.0)
        >>> len(cube.faces), round(cube.volume_nm3 ** (1 / 3), 6)
        (6, 2.4)
    """
    if not time_s >= 0:
        raise InputError(f"`time_s` must be 0 or more, but is {time_s}.", remedy="0 is the seed.")
    for plane, rate in rates_nm_per_s.items():
        if plane not in seed_nm or not rate >= 0:
            raise InputError(
                f"rates must be 0 or more, of planes of the seed; that of {plane} is {rate}.",
                remedy="Give the seed a distance for every plane that grows.",
            )
    return cut_crystal(
        {
            plane: distance + rates_nm_per_s.get(plane, 0.0) * time_s
            for plane, distance in seed_nm.items()
        }
    )


def elongated_dodecahedron(*, width_nm: float, length_nm: float) -> CrystalShape:
    """A rhombic dodecahedron drawn out along c: 4 hexagons, 8 rhombi, all of them {110}.

    All its faces cost the same, and they are not equally far off: no equilibrium shape, but what
    remains of planes that grow faster along one axis.

    Args:
        width_nm: between opposite hexagons, nm.
        length_nm: from tip to tip along c, nm; sqrt(2) times the width at least.

    Raises:
        InputError: it is shorter than that, or not above 0.

    Source: science.md 4.5; Fedorov's fourth parallelohedron, with the angles of {110}.

    Example:
        >>> shape = elongated_dodecahedron(width_nm=500.0, length_nm=1000.0)
        >>> len(shape.faces), len(shape.vertices)
        (12, 18)
    """
    if not (width_nm > 0 and length_nm >= np.sqrt(2) * width_nm * (1 - 1e-12)):
        raise InputError(
            "`length_nm` must be sqrt(2) times `width_nm` or more, both above 0, but they are "
            f"{length_nm} and {width_nm}.",
            remedy="At sqrt(2) it is the rhombic dodecahedron.",
        )
    across, aslant = width_nm / 2, length_nm / (2 * np.sqrt(2))
    planes = family((1, 1, 0))
    return cut_crystal({plane: aslant if plane[2] else across for plane in planes})
