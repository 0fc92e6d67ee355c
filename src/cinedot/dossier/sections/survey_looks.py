"""What is seen in each still image: its dots, the fringes of its field, or those of its patches."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from cinedot.core import AnalysisError, Image, InputError, Progress
from cinedot.core.tables import arrow_schema
from cinedot.dossier.figures import micrograph
from cinedot.dossier.findings import Check, Panel
from cinedot.dossier.manifest import ModelSection, SampleFolder, SurveySection
from cinedot.dossier.sections.models import allowed_compounds, host_with_lattice, lens_of
from cinedot.micrographs import (
    Fringe,
    LocalFringe,
    Particle,
    Particles,
    find_particles,
    lattice_fringes,
    local_fringes,
)
from cinedot.particle import Cuboid

if TYPE_CHECKING:
    import pandas as pd

PATCH_NM = 4.0
"""Side of the patches in which bent fringes are looked for."""

MOST_PICTURES = 4
"""Images shown in the report; the tables hold all."""

COARSEST_PIXEL_NM = 0.15
"""Coarser pixels show too little of a lattice to tell views apart."""

Region = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One image and what was seen in it."""

    image: Image
    particles: Particles
    fringes: tuple[Fringe, ...]
    patches: tuple[LocalFringe, ...]

    @property
    def shows_something(self) -> bool:
        """Whether anything was seen at all."""
        return bool(len(self.particles) or self.fringes or self.patches)


def look_at(
    image: Image, region_nm: Region | None, lattice_nm: float | None, edges: tuple[int, ...]
) -> Look:
    """Particles; where there are none, fringes of the field; where those bend, of its patches."""
    counted = lattice_nm if edges else None
    found = find_particles(image, lattice_nm=counted, edges=edges or (4,))
    if region_nm is not None:
        region_nm = region_in(image, region_nm)
        found = _within(found, region_nm)
    seen = lattice_fringes(image, region=region_nm) if not len(found) else ()
    bent = not len(found) and not seen and _spans(image, PATCH_NM)
    patches = local_fringes(image, patch_nm=PATCH_NM) if bent else ()
    if region_nm is not None:
        patches = tuple(one for one in patches if _patch_inside(one, region_nm))
    return Look(image=image, particles=found, fringes=seen, patches=patches)


def region_in(
    image: Image, region_nm: Region | None, *, place: str = "[survey] region of sample.toml"
) -> Region:
    """The part of a region that an image holds; its field without one.

    Args:
        image: with its scale.
        region_nm: x0, y0, x1, y1.
        place: where it is stated, for the reader of an error.

    Raises:
        InputError: the region is reversed, or none of it is in the image.

    Example:
        >>> image = Image(data=np.zeros((11, 21)), pixel_x_nm=0.1, pixel_y_nm=0.1, name="a.tif")
        >>> region_in(image, (0.5, 0.0, 100.0, 100.0))
        (0.5, 0.0, 2.0, 1.0)
    """
    width, height = field_of(image)[2:]
    if region_nm is None:
        return 0.0, 0.0, width, height
    x0, y0 = max(region_nm[0], 0.0), max(region_nm[1], 0.0)
    x1, y1 = min(region_nm[2], width), min(region_nm[3], height)
    if x0 >= x1 or y0 >= y1:
        raise InputError(
            f"`region` must lie within the field of {width:.4g} x {height:.4g} nm, but is "
            f"{', '.join(f'{one:g}' for one in region_nm)} nm.",
            remedy="It is x0, y0, x1, y1 in nm with x0 < x1 and y0 < y1, by the stated "
            "`pixel_size`, which may be wrong too.",
            file=image.name,
            place=place,
        )
    return x0, y0, x1, y1


def _within(found: Particles, region_nm: Region) -> Particles:
    """The particles of a region."""
    kept = tuple(one for one in found.particles if _inside(one, region_nm))
    if kept or not len(found):
        return replace(found, particles=kept)
    reason = f"the {len(found)} of the image lie outside of the region"
    return replace(found, particles=(), seen_by="nothing", reason=reason)


def _patch_inside(one: LocalFringe, region_nm: Region) -> bool:
    """Whether all of a patch lies in a region, but for rounding."""
    x0, y0, x1, y1 = region_nm
    half = PATCH_NM / 2 - 1e-6
    across = x0 <= one.x_nm - half and one.x_nm + half <= x1
    return across and y0 <= one.y_nm - half and one.y_nm + half <= y1


def _inside(one: Particle, region_nm: Region) -> bool:
    x0, y0, x1, y1 = region_nm
    return x0 <= one.x_nm <= x1 and y0 <= one.y_nm <= y1


def _spans(image: Image, patch_nm: float) -> bool:
    """Whether an image holds several patches of enough pixels."""
    rows, columns = image.data.shape
    pixels = patch_nm / max(image.pixel_x_nm, image.pixel_y_nm)
    return 16 <= pixels <= min(rows, columns) / 2


def field_of(image: Image) -> Region:
    """The field from the centre of the first pixel to that of the last, nm."""
    rows, columns = image.data.shape
    return 0.0, 0.0, (columns - 1) * image.pixel_x_nm, (rows - 1) * image.pixel_y_nm


def counted_by_views(
    sample: SampleFolder,
    section: SurveySection,
    looks: Sequence[Look],
    voltages_kv: Sequence[float | None],
    progress: Progress,
) -> tuple[list[Look], tuple[str, ...]]:
    """The looks with n from simulated views where pixels and ground allow it, and why not else.

    An image whose file states no voltage has that of the first which does.
    """
    cubes = sample.manifest.model.cubes
    by_lattice = any(one.particles.seen_by == "lattice" for one in looks)
    if sample.manifest.sample.host is None or not cubes or not by_lattice:
        return list(looks), ()
    from cinedot.micrographs.classification import classify

    host = host_with_lattice(sample.manifest)
    cuboids = [Cuboid.cube(n, host) for n in cubes]
    usual_kv = next((one for one in voltages_kv if one is not None), None)
    counted: list[Look] = []
    doubts: list[str] = []
    for look, voltage_kv in zip(looks, voltages_kv, strict=True):
        if look.particles.seen_by != "lattice" or not len(look.particles):
            counted.append(look)
            continue
        try:
            _require_fine_pixels(look.image)
            seen = classify(
                replace(look.image, data=look.image.data - (section.offset or 0.0)),
                look.particles,
                cuboids,
                allowed_compounds(sample),
                lens_of(section, usual_kv if voltage_kv is None else voltage_kv),
                progress=progress,
            )
        except AnalysisError as reason:
            doubts.append(
                f"In {look.image.name} n is judged by the edges' lengths alone: {reason.reason}"
            )
            seen = look.particles
        counted.append(replace(look, particles=seen))
    return counted, tuple(doubts)


def cuboid_checks(model: ModelSection) -> tuple[Check, ...]:
    """Which candidates a survey leaves out: n counts cubes, triples are for movies.

    Example:
        >>> (told,) = cuboid_checks(ModelSection(edges=(4, 5, (4, 4, 5))))
        >>> told.detail.partition(";")[0]
        'Particles are counted as cubes of n = 4, 5'
    """
    triples = [one for one in model.edges if not isinstance(one, int)]
    if not triples:
        return ()
    names = ", ".join("x".join(map(str, one)) for one in triples)
    cubes = ", ".join(map(str, model.cubes))
    detail = (
        f"Particles are counted as cubes of n = {cubes}; {names} is fitted in movies only, and a "
        "dot of that shape is counted as the likeliest cube or as none."
        if cubes
        else f"No n is counted: [model] edges has no cube, and {names} is fitted in movies only."
    )
    return (Check(name="survey candidates", status="undecided", detail=detail),)


def _require_fine_pixels(image: Image) -> None:
    if image.pixel_nm > COARSEST_PIXEL_NM:
        raise AnalysisError(
            f"pixels of {image.pixel_nm:.3g} nm do not tell views apart, "
            f"{COARSEST_PIXEL_NM:g} nm do.",
            remedy="Take images of higher magnification.",
        )


def rows_of(looks: Sequence[Look]) -> "pd.DataFrame":
    """The table `particles`."""
    import pandas as pd

    rows = [
        (look.image.name, index, *_row(particle))
        for look in looks
        for index, particle in enumerate(look.particles.particles)
    ]
    return pd.DataFrame(rows, columns=arrow_schema("particles").names, dtype=object)


def _row(one: Particle) -> tuple[object, ...]:
    return (
        one.x_nm,
        one.y_nm,
        one.edge_nm,
        one.angle_deg,
        one.n,
        one.p_n,
        None if one.p_all is None else list(one.p_all),
        one.at_edge,
        one.touching,
    )


def pictures(looks: Sequence[Look]) -> list[Panel]:
    """Each image with its particles' squares and, in them, n."""
    return [
        Panel(
            title=look.image.name,
            caption=f"{len(look.particles)} particles ({look.particles.seen_by}), each with the "
            f"square fitted to the outline of its atoms{_how_counted(look.particles)}.",
            figure=micrograph(
                look.image,
                outlines=[one.square_nm for one in look.particles.particles],
                names=[_name(index, one) for index, one in enumerate(look.particles.particles)],
                labels=["" if one.n is None else str(one.n) for one in look.particles.particles],
            ),
        )
        for look in looks[:MOST_PICTURES]
    ]


def _how_counted(found: Particles) -> str:
    if found.lattice_nm is None:
        return ""
    how = "simulated views" if found.by_views else "their lengths"
    return f" and its Pb atoms an edge, n, by {how}; none where no n is as likely as not"


def _name(index: int, one: Particle) -> str:
    size = f"#{index}: {one.edge_nm:.2f} ± {one.sigma_edge_nm:.2f} nm"
    return size if one.n is None or one.p_n is None else f"{size}, n = {one.n} ({one.p_n:.0%})"


def patch_picture(look: Look) -> Panel:
    """An image whose fringes bend, with a line along the fringes of each patch."""
    return Panel(
        title=look.image.name,
        caption=f"Lines run along the fringes of the {len(look.patches)} patches of {PATCH_NM:g} "
        "nm that show one.",
        figure=micrograph(
            look.image,
            outlines=[_along(patch) for patch in look.patches],
            names=[f"{patch.fringe.spacing_nm:.3f} nm" for patch in look.patches],
        ),
    )


def _along(patch: LocalFringe) -> Float[np.ndarray, "2 2"]:
    """A short line through a patch's centre in the direction of its fringes."""
    turn = np.deg2rad(patch.fringe.angle_deg + 90)
    half = PATCH_NM / 6 * np.array([np.cos(turn), np.sin(turn)])
    centre = np.array([patch.x_nm, patch.y_nm])
    return np.stack([centre - half, centre + half])
