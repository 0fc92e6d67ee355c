"""The ZC model of a dot as measured: what is there, what is missing, what cannot be told."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Float, Int

from cinedot.particle import lattice_sites, zc_image

if TYPE_CHECKING:
    from cinedot.micrographs.movie_atoms import MovieAtoms
    from cinedot.micrographs.movie_poses import MoviePoses
    from cinedot.particle import Sites

_LIGHT_UP_TO = 10
_ZC_PX = 400
_FAINT = 0.3


@dataclass(frozen=True, eq=False, kw_only=True)
class ShownSites:
    """How the sites of the lattice are drawn in one frame.

    Attributes:
        drawn: its ion is there [site].
        faint: it cannot be told, or stands for a part of the dots only [site].
        missing: its ion is not there [site].
        said: what the caption says of them.
    """

    drawn: Bool[np.ndarray, " site"]
    faint: Bool[np.ndarray, " site"]
    missing: Bool[np.ndarray, " site"]
    said: str


def shown_sites(poses: "MoviePoses", atoms: "MovieAtoms | None", row: int) -> ShownSites:
    """The sites as a frame has them: as measured, else as the compound's dots are on average."""
    sites = lattice_sites(poses.model.cuboid)
    heavy = _heavy(sites)
    if atoms is None:
        own = np.asarray(poses.model.atoms.arrays["host"]).astype(bool)
        share = np.zeros(len(sites))
        np.maximum.at(share, poses.model.site[own], poses.model.occupancy[own])
        return ShownSites(
            drawn=heavy & (share >= 0.5),
            faint=heavy & (share > 0) & (share < 0.5),
            missing=np.zeros(len(sites), dtype=bool),
            said="as dots of this compound are on average; ions that fewer than half of them "
            "have are faint",
        )
    evidence = atoms.evidence
    missing, chance = evidence.missing().copy(), evidence.p_present.copy()
    for one in atoms.intervals:
        whole = one.first_frame == 0 and one.last_frame == len(poses.frames) - 1
        if not whole and one.first_frame <= row <= one.last_frame:
            chance[one.site], missing[one.site] = one.p_present, one.p_present < 0.5
    missing &= heavy
    untold = ((evidence.limit >= 1) & (sites.role != "metal")) | (chance < 0.5)
    faint = heavy & untold & ~missing
    lost = "1 missing ion is an open circle" if missing.sum() == 1 else (
        f"{int(missing.sum())} missing ions are open circles"
    )  # fmt: skip
    return ShownSites(
        drawn=heavy & ~missing & ~faint,
        faint=faint,
        missing=missing,
        said=f"{lost}, {int(faint.sum())} sites that cannot be told are faint",
    )


def model_image(
    poses: "MoviePoses",
    shown: ShownSites,
    rotation: Float[np.ndarray, "3 3"],
    side_nm: float,
) -> Float[np.ndarray, "y x 3"]:
    """What is there, with what cannot be told laid over it as a veil; the centre in the middle."""
    from ase import Atoms

    sites = lattice_sites(poses.model.cuboid)
    positions = places_angstrom(poses)

    def drawn(which: Bool[np.ndarray, " site"]) -> Float[np.ndarray, "y x 3"]:
        return zc_image(
            Atoms([str(one) for one in sites.element[which]], positions=positions[which]),
            rotation=rotation,
            pixel_nm=side_nm / _ZC_PX,
            shape=(_ZC_PX, _ZC_PX),
        )

    sure = drawn(shown.drawn)
    if not shown.faint.any():
        return sure
    return (1 - _FAINT) * sure + _FAINT * drawn(shown.drawn | shown.faint)


def places_angstrom(poses: "MoviePoses") -> Float[np.ndarray, "site 3"]:
    """Of the sites of the dot's lattice, from its centre."""
    return lattice_sites(poses.model.cuboid).abc * 10 * poses.model.cuboid.host.lattice_nm


def _numbers(sites: "Sites") -> Int[np.ndarray, " site"]:
    from ase.data import atomic_numbers

    return np.array([atomic_numbers[str(one)] for one in sites.element])


def _heavy(sites: "Sites") -> Bool[np.ndarray, " site"]:
    """Sites whose ion the ZC model draws: the nitrogen of an organic ion is left out."""
    return _numbers(sites) > _LIGHT_UP_TO


def legend(sites: "Sites", *, missing: bool) -> str:
    """Elements, heaviest first, in their colours."""
    from ase.data import chemical_symbols

    from cinedot.particle.zc import zc_colour

    numbers = np.unique(_numbers(sites)[_heavy(sites)])[::-1]
    parts: list[str] = []
    for number in numbers:
        tone = ",".join(str(round(255 * part)) for part in zc_colour(int(number)))
        parts.append(f'<span style="color:rgb({tone})">●</span> {chemical_symbols[number]}')
    return "  ".join([*parts, "○ missing"] if missing else parts)
