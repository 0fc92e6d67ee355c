"""A pixel size that is wrong by ten or a thousand times: what another one would make of an image.

Asked only where nothing shows the sample's lattice at the stated scale.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from cinedot.core import AnalysisError, ChosenFrames, Image, InputError, Movie
from cinedot.dossier.findings import Check
from cinedot.dossier.sections.calibration import TOLERANCE, Region
from cinedot.dossier.sections.lattice import Known
from cinedot.micrographs import (
    Lattice,
    Miller,
    MovieMeasurement,
    can_see_lattice,
    find_particles,
    index_fringes,
    lattice_fringes,
    measure_movie,
)

OTHER_SCALES = (0.1, 10.0, 0.001, 1000.0)
"""Slips of the pen and of units: a point, angstrom for nm, um for nm."""

FEWEST_DOTS = 3
"""Dots of a still image that must show their lattice at another scale before it is named."""

FINEST_PIXEL_NM = 0.01
"""Finer pixels are no scale that a dot is recorded at."""

FAR_OFF = 5.0
"""Times that particles are larger or smaller than all that the model offers, from which on the
scale is doubted: a slip of ten, and room for dots that are larger than was thought."""

_SHORTEST_PX = 2.2
"""Pixels a fringe must have to be seen at all."""

_FRAMES = 5
"""Frames of a movie that are looked through at another scale."""


def scale_suspicion(
    image: Image,
    known: Known,
    *,
    zone: Miller | None = None,
    region_nm: Region | None = None,
    stated: bool = True,
) -> str | None:
    """What a pixel 10 or 1000 times smaller or larger would make of a field's fringes.

    For fields whose fringes, at the stated scale, are not the sample's: a sentence where another
    scale makes at least three of them, in two directions, reflections of its lattice.

    Args:
        image: with the scale as stated.
        known: the sample's lattice.
        zone: as in `lattice_findings`.
        region_nm: the part looked at, at the stated scale.
        stated: whether sample.toml gives the scale; else the file does.

    Example: see `tests/dossier/test_calibration.py`.
    """
    for factor in OTHER_SCALES:
        other = rescaled(image, factor)
        if _SHORTEST_PX * other.pixel_nm > known.lattice.a_nm:
            continue
        fringes = lattice_fringes(other, region=_scaled(region_nm, factor))
        seen = index_fringes(fringes, known.lattice, tolerance=TOLERANCE, zone=zone or known.zone)
        named = [one for one in seen.fringes if one.hkl is not None]
        if seen.zone is not None and len(named) >= max(3, len(fringes) / 2):
            here = named[0].fringe.spacing_nm
            return suspicion_text(
                image,
                factor,
                f"{len(named)} of {len(fringes)} fringes are those of {known.lattice.name}, the "
                f"strongest at {here:.3f} nm; as stated it would be {here / factor:.3g} nm",
                stated=stated,
            )
    return None


def dots_at_other_scales(
    image: Image, lattice: Lattice, edges: Sequence[int], *, stated: bool = True
) -> str | None:
    """Whether dots of the sample's lattice would be there, were the pixel 10 or 1000 times other.

    Args:
        image: in which no dot shows its lattice at the stated scale.
        lattice: the sample's.
        edges: candidates for n.
        stated: whether sample.toml gives the scale; else the file does.

    Returns:
        A sentence, or None where no scale makes three dots of a known n.
    """
    for factor in OTHER_SCALES:
        other = rescaled(image, factor)
        if not FINEST_PIXEL_NM < other.pixel_nm < lattice.a_nm / 4:
            continue
        try:
            found = find_particles(other, lattice_nm=lattice.a_nm, edges=edges or (3, 4, 5, 6))
        except (AnalysisError, InputError):
            continue
        of_known_n = sum(one.n is not None for one in found.particles)
        if found.seen_by == "lattice" and of_known_n >= FEWEST_DOTS:
            then = f"{of_known_n} dots show their lattice"
            return suspicion_text(image, factor, then, stated=stated)
    return None


def movie_suspicion(movie: Movie, lattice: Lattice | None, *, stated: bool = True) -> str | None:
    """Whether a movie would show a dot's lattice, were its pixel 10 or 1000 times other.

    Some frames are looked through at each other scale at which a lattice can be seen.

    Args:
        movie: in which no dot was found at the stated scale.
        lattice: the sample's; None takes any for one.
        stated: whether sample.toml gives the scale; else the file does.

    Returns:
        A sentence, or None where no other scale shows one.
    """
    some = _some_frames(movie)
    for factor in OTHER_SCALES:
        first = rescaled(some.image(0), factor)
        if first.pixel_nm < FINEST_PIXEL_NM or not can_see_lattice(first):
            continue
        other = replace(some, pixel_x_nm=first.pixel_x_nm, pixel_y_nm=first.pixel_y_nm)
        try:
            seen = measure_movie(other)
        except AnalysisError:
            continue
        then = _fringe_seen(seen, lattice, factor)
        if then is not None and seen.found >= min(2, len(some)):
            return suspicion_text(
                replace(some.image(0), name=movie.name), factor, then, stated=stated
            )
    return None


def _some_frames(movie: Movie) -> Movie:
    count, rows, columns = movie.frames.shape
    spread = np.linspace(0, count - 1, min(count, _FRAMES)).round().astype(int).tolist()
    chosen = ChosenFrames(
        source=movie.frames, indices=tuple(spread), rows=(0, rows), columns=(0, columns)
    )
    return replace(movie, frames=chosen)


def _fringe_seen(seen: MovieMeasurement, lattice: Lattice | None, factor: float) -> str | None:
    """The dot's strongest fringe that the lattice has, at the other scale and at the stated one."""
    for fringe in seen.fringes:
        d_nm = fringe.spacing_nm
        told = (
            f"a dot shows fringes of {d_nm:.3f} nm, as stated they would be {d_nm / factor:.3g} nm"
        )
        if lattice is None:
            return told
        (named,) = index_fringes([fringe], lattice, tolerance=TOLERANCE).fringes
        if named.hkl is not None and named.expected_nm is not None:
            return f"{told}; {lattice.name} has {named.expected_nm:.3f} nm"
    return None


def implausible_scale(
    image: Image, lattice: Lattice, smallest_n: int, *, stated: bool = True
) -> str | None:
    """Whether no dot of the sample could be seen at the stated scale at all.

    Args:
        image: any of the recording.
        lattice: the host's.
        smallest_n: Pb an edge of the smallest candidate.
        stated: whether sample.toml gives the scale; else the file does.

    Example:
        >>> image = Image(data=np.zeros((256, 256)), pixel_x_nm=0.004, pixel_y_nm=0.004, name="m")
        >>> implausible_scale(image, Lattice.cubic("CsPbBr3", 0.5874), 4).partition(":")[0]
        'The pixel size looks too small, perhaps 10 times'
    """
    rows, columns = image.data.shape
    field = min(rows * image.pixel_y_nm, columns * image.pixel_x_nm)
    dot = smallest_n * lattice.a_nm
    if field < dot:
        side, then = "small", f"the field would be {field:.3g} nm wide, and the dot {dot:.3g} nm"
    elif image.pixel_nm > lattice.a_nm / 2:
        side = "large"
        then = (
            f"pixels of {image.pixel_nm:.3g} nm show no fringe of {lattice.name}, whose lattice "
            f"constant is {lattice.a_nm:.4g} nm"
        )
    else:
        return None
    return f"The pixel size looks too {side}, perhaps 10 times: {then}. {_where(stated)}"


def size_suspicion(
    edges_nm: Sequence[float], lattice: Lattice, edges: Sequence[int], *, stated: bool = True
) -> str | None:
    """Whether particles are many times larger or smaller than all dots that the model offers.

    Args:
        edges_nm: of the particles found, none of which shows its lattice.
        lattice: the host's.
        edges: Pb an edge of the candidates, the least and the greatest among them.
        stated: whether sample.toml gives the scale; else the file does.

    Example:
        >>> lattice = Lattice.cubic("CsPbBr3", 0.5874)
        >>> size_suspicion([24.1, 23.2, 25.0], lattice, (3, 6)).partition(":")[0]
        'The pixel size looks too large, about 10 times'
        >>> size_suspicion([4.1], lattice, (3, 6)) is None
        True
    """
    if not edges_nm:
        return None
    seen = float(np.median(edges_nm))
    least, greatest = min(edges) * lattice.a_nm, max(edges) * lattice.a_nm
    middle = float(np.sqrt(least * greatest))
    ratio = seen / middle if seen > middle else middle / seen
    if least / FAR_OFF <= seen <= greatest * FAR_OFF:
        return None
    side = "large" if seen > middle else "small"
    times = 10.0 ** round(np.log10(ratio))
    return (
        f"The pixel size looks too {side}, about {times:g} times: particles of {seen:.3g} nm were "
        f"found where n = {min(edges)} to {max(edges)} of {lattice.name} are {least:.3g} to "
        f"{greatest:.3g} nm. {_where(stated)} Or other `edges` in [model]?"
    )


def rescaled(image: Image, factor: float) -> Image:
    """The image with pixels of another size."""
    return replace(
        image, pixel_x_nm=factor * image.pixel_x_nm, pixel_y_nm=factor * image.pixel_y_nm
    )


def suspicion_text(image: Image, factor: float, then: str, *, stated: bool = True) -> str:
    """The sentence that says which pixel size would make sense.

    Example:
        >>> image = Image(data=np.zeros((2, 2)), pixel_x_nm=1.0, pixel_y_nm=1.0, name="a.tif")
        >>> suspicion_text(image, 0.1, "7 dots show their lattice").partition(":")[0]
        'The pixel size of a.tif looks 10 times too large'
    """
    side = "large" if factor < 1 else "small"
    return (
        f"The pixel size of {image.name} looks {max(factor, 1 / factor):g} times too {side}: with "
        f"pixels of {factor * image.pixel_nm:.4g} nm in place of the stated {image.pixel_nm:.4g} "
        f"nm, {then}. {_where(stated)}"
    )


def suspicion_check(text: str) -> Check:
    """The same as a check in tension."""
    return Check(name="pixel size against lattice", status="tension", detail=text)


def _where(stated: bool) -> str:
    if stated:
        return "Check `pixel_size` in sample.toml."
    return "The file says so: give the right `pixel_size` in sample.toml."


def _scaled(region_nm: Region | None, factor: float) -> Region | None:
    if region_nm is None:
        return None
    x0, y0, x1, y1 = region_nm
    return factor * x0, factor * y0, factor * x1, factor * y1
