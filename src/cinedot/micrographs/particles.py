"""Particles in a survey image: found, measured, and given a probable number of Pb an edge."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from cinedot.core import Image, InputError
from cinedot.micrographs.detection import (
    Candidate,
    contrast_candidates,
    is_one_crystal,
    lattice_candidates,
    within,
)
from cinedot.micrographs.edge_counts import with_probabilities
from cinedot.micrographs.envelope import BLUR_NM
from cinedot.micrographs.local_lattice import (
    FINEST_PIXEL_NM,
    WINDOW_NM,
    LatticeMap,
    binned_to,
    can_see_lattice,
    lattice_map,
)
from cinedot.micrographs.outline import Outline, outline_by_contrast, outline_by_lattice
from cinedot.micrographs.outline_sizes import sharpened_sizes
from cinedot.micrographs.particle_records import (
    SHARED_EDGE_SIGMA_NM,
    Particles,
    SeenBy,
    listed_particles,
)

FALSE_ALARMS = 0.02
"""Expected number of false candidates that the noise of the ground makes in one image."""

LATTICE_EDGE_SHIFT_NM = 0.08
"""Added to an edge read from fringes: the outermost planes scatter less than the inner, so that
fringes end early. From surveys simulated at 6-36 nm under-focus, where the shift needed was 0.14
to -0.02 nm (see `SHARED_EDGE_SIGMA_NM`); at 48 nm edges come out 0.3 nm too long."""

LATTICE_SCATTER = 0.6
"""Scatter over the residual's sigma for outlines read from fringes: part of the residual is the
pattern of the lattice itself, the same in every image (same simulations)."""

_FEWEST_PX = 4
"""Pixels of the shortest particle looked for."""


def find_particles(
    image: Image,
    *,
    size_range_nm: tuple[float, float] | None = None,
    lattice_nm: float | None = None,
    edges: Sequence[int] = (3, 4, 5, 6),
    false_alarms: float = FALSE_ALARMS,
) -> Particles:
    """Find and measure the particles of an image of a thin, amorphous ground.

    Where pixels resolve fringes, particles are places whose spectrum has peaks that the ground
    does not (near focus a dot is no darker than carbon); otherwise, or where that finds none,
    places darker or brighter than the ground, whichever is stronger. The outline of either
    picture is fitted by a blurred square.

    Args:
        image: intensities with their scale.
        size_range_nm: shortest and longest edge looked for; the default is 1.5 to 12 nm, or 4
            to 20 pixels where pixels are so coarse that this is more.
        lattice_nm: lattice constant; with it each particle gets probabilities of n.
        edges: candidates for n, Pb atoms an edge.
        false_alarms: expected number of false candidates an image, from the ground's noise.

    Returns:
        The particles; none, with the reason, where nothing stands out or the field is one
        crystal.

    Raises:
        InputError: NaN or constant images, a size range that is none.

    Example:
        >>> y, x = np.mgrid[:96, :96] * 1.0
        >>> dots = np.hypot(x - 30, y - 40) < 6
        >>> noisy = 100 + 40 * dots + np.random.default_rng(0).normal(size=dots.shape)
        >>> image = Image(data=noisy, pixel_x_nm=1.0, pixel_y_nm=1.0, name="dots")
        >>> found = find_particles(image)
        >>> len(found), found.seen_by, round(found.particles[0].x_nm)
        (1, 'brighter', 30)
    """
    sizes = _size_range(image, size_range_nm)
    _check(image)
    rows, columns = image.data.shape
    if min(rows, columns) < _FEWEST_PX:
        return _none(image, f"{columns} x {rows} pixels are too few to hold a particle's outline")
    found = _by_lattice(image, sizes, false_alarms) if can_see_lattice(image) else None
    if found is None:
        found = _by_contrast(image, sizes, false_alarms)
    if lattice_nm is None:
        return found
    return with_probabilities(found, lattice_nm, tuple(edges))


def _by_lattice(image: Image, sizes: tuple[float, float], false_alarms: float) -> Particles | None:
    """Particles by their lattice; None where no place has one that its surroundings have not."""
    if is_one_crystal(image):
        return _none(image, "the same fringes run through the whole field: it is one crystal")
    lattice = lattice_map(image, false_alarms=false_alarms)
    taken = _take(lattice_candidates(lattice), lambda one: outline_by_lattice(lattice, one), sizes)
    if taken is None:
        return _none(image, "most places with a lattice have no outline: no separate particles")
    if not taken:
        return None
    explained = _explained(lattice, [outline for _, outline in taken])
    if explained < 0.6:
        return _none(
            image,
            f"of the places that show a lattice only {100 * explained:.0f} % lie in outlines of "
            "particles: no separate particles",
        )
    corrected = [(candidate, _as_atoms(outline)) for candidate, outline in taken]
    sharpened = partial(sharpened_sizes, blur_nm=BLUR_NM, shift_nm=LATTICE_EDGE_SHIFT_NM)
    return listed_particles(
        image, corrected, "lattice", "set off by their lattice", sizes_of=sharpened
    )


def _as_atoms(outline: Outline) -> Outline:
    """The outline of the atoms from that of their fringes."""
    square = outline.square
    sigma = float(np.hypot(LATTICE_SCATTER * square.sigma_edge_nm, SHARED_EDGE_SIGMA_NM))
    corrected = replace(
        square,
        edge_nm=square.edge_nm + LATTICE_EDGE_SHIFT_NM,
        sigma_edge_nm=sigma,
        sigma_xy_nm=LATTICE_SCATTER * square.sigma_xy_nm,
    )
    return replace(outline, square=corrected)


def _by_contrast(image: Image, sizes: tuple[float, float], false_alarms: float) -> Particles:
    coarse = binned_to(image, max(FINEST_PIXEL_NM, sizes[0] / 12))
    both = {
        bright: contrast_candidates(coarse, sizes, bright=bright, false_alarms=false_alarms / 2)
        for bright in (False, True)
    }
    strength = {bright: max((c.snr for c in both[bright]), default=0.0) for bright in both}
    bright = strength[True] > strength[False]
    taken = _take(
        both[bright],
        lambda one: outline_by_contrast(coarse, one, both[bright], bright=bright),
        sizes,
    )
    word: SeenBy = "brighter" if bright else "darker"
    if taken is None:
        return _none(image, f"most {word} places have no outline: no separate particles")
    if not taken:
        return _none(image, "nothing of this size is darker or brighter than the ground")
    return listed_particles(image, taken, word, f"{word} than the ground")


def _take(
    candidates: Sequence[Candidate],
    outline_of: Callable[[Candidate], Outline | None],
    sizes: tuple[float, float],
) -> list[tuple[Candidate, Outline]] | None:
    """Candidates with a compact outline; None where most have none.

    A field of particles is one where what stands out has outlines. In soot, foils and powders
    most of what stands out has not, and the few that have are no better.
    """
    taken: list[tuple[Candidate, Outline]] = []
    shapeless = 0
    for candidate in candidates:
        if _taken(candidate, taken):
            continue
        outline = outline_of(candidate)
        if outline is None or not _acceptable(outline, sizes):
            shapeless += 1
            if shapeless > max(8, len(taken)):
                return None
        elif not _overlaps(outline, taken):
            taken.append((candidate, outline))
    return None if shapeless > max(2, len(taken)) else taken


def _acceptable(outline: Outline, sizes: tuple[float, float]) -> bool:
    """A compact silhouette of a size looked for: it fits far better than flat ground."""
    square = outline.square
    fits = square.contrast > 1.5 and square.edge_nm > 4 * square.sigma_edge_nm
    return fits and 0.8 * sizes[0] <= square.edge_nm <= 1.25 * sizes[1]


def _taken(candidate: Candidate, outlines: Sequence[tuple[Candidate, Outline]]) -> bool:
    return any(
        within(outline.square.corners(), candidate.x_nm, candidate.y_nm, margin_nm=0.5)
        for _, outline in outlines
    )


def _overlaps(outline: Outline, outlines: Sequence[tuple[Candidate, Outline]]) -> bool:
    """Whether this is a part of a particle that is listed already."""
    square = outline.square
    for _, other in outlines:
        apart = np.hypot(square.x_nm - other.square.x_nm, square.y_nm - other.square.y_nm)
        if apart < 0.45 * (square.edge_nm + other.square.edge_nm):
            return True
    return False


def _explained(lattice: LatticeMap, outlines: Sequence[Outline]) -> float:
    """Share of the windows with a lattice that reach into the outline of a particle."""
    rows, columns = np.nonzero(lattice.score > lattice.threshold)
    if not rows.size:
        return 1.0
    places = zip(lattice.x_nm[columns], lattice.y_nm[rows], strict=True)
    corners = [outline.square.corners() for outline in outlines]
    inside = [
        any(within(square, float(x), float(y), margin_nm=0.35 * WINDOW_NM) for square in corners)
        for x, y in places
    ]
    return float(np.mean(inside))


def _size_range(image: Image, given: tuple[float, float] | None) -> tuple[float, float]:
    if given is not None:
        if not 0 < given[0] < given[1]:
            raise InputError(
                f"`size_range_nm` must be a shorter and a longer edge above 0, but is {given}.",
                remedy="The default is (1.5, 12.0).",
            )
        return given
    return max(1.5, 4 * image.pixel_nm), max(12.0, 20 * image.pixel_nm)


def _check(image: Image) -> None:
    if not np.isfinite(image.data).all():
        raise InputError(
            "an image must hold finite numbers, but some are NaN or infinite.",
            remedy="Replace dead pixels by their neighbours' median.",
            file=image.name,
        )


def _none(image: Image, reason: str) -> Particles:
    return Particles(image=image.name, particles=(), seen_by="nothing", reason=reason, edges=())
