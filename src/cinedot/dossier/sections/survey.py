"""Section `survey`: still images to particles and their sizes, or to lattice fringes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from cinedot.core import AnalysisError, Estimate, Image, InputError, Movie, Progress
from cinedot.core.tables import arrow_schema
from cinedot.dossier.figures import histogram, micrograph
from cinedot.dossier.findings import Findings, Panel, Task, Work
from cinedot.dossier.folder import find_files
from cinedot.dossier.manifest import SampleFolder, SurveySection
from cinedot.dossier.sections.fringes import fringe_panel, fringe_results, fringe_series
from cinedot.dossier.sections.scales import lattice_nm_of, not_used, scale_facts
from cinedot.micrographs import (
    Fringe,
    LocalFringe,
    Particle,
    Particles,
    Population,
    find_particles,
    lattice_fringes,
    local_fringes,
    open_movie,
    summarise,
    typical_spacing,
)

if TYPE_CHECKING:
    import pandas as pd

PATCH_NM = 4.0
"""Side of the patches in which bent fringes are looked for."""

MOST_PICTURES = 4
"""Images shown in the report; the tables hold all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """One image and what was seen in it."""

    image: Image
    particles: Particles
    fringes: tuple[Fringe, ...]
    patches: tuple[LocalFringe, ...]

    @property
    def shows_something(self) -> bool:
        """Whether anything was seen at all."""
        return bool(len(self.particles) or self.fringes or self.patches)


def tasks(sample: SampleFolder) -> tuple[Task, ...]:
    """The task of `[survey]`, if the manifest has it."""
    section = sample.manifest.survey
    if section is None:
        return ()
    return (Task(name="survey", prepare=lambda: _prepare(sample, section)),)


def _prepare(sample: SampleFolder, section: SurveySection) -> Work:
    paths = find_files(sample, section.files, key="[survey] files")
    movies = [
        open_movie(path).calibrated(pixel_nm=section.pixel_size_nm, voltage_kv=section.voltage_kv)
        for path in paths
    ]
    for path, movie in zip(paths, movies, strict=True):
        for index in range(len(movie)):
            _check(movie.image(index), path)
    return lambda progress: _analyse(sample, section, paths, movies, progress)


def _check(image: Image, path: Path) -> None:
    if not np.isfinite(image.data).all():
        raise InputError(
            f"an image must hold finite numbers, but {int((~np.isfinite(image.data)).sum())} "
            "are NaN or infinite.",
            remedy="Replace dead pixels by their neighbours' median.",
            file=path,
            place=image.name,
        )


def _analyse(
    sample: SampleFolder,
    section: SurveySection,
    paths: tuple[Path, ...],
    movies: Sequence[Movie],
    progress: Progress,
) -> Findings:
    lattice_nm = lattice_nm_of(sample.manifest)
    frames = [(movie, index) for movie in movies for index in range(len(movie))]
    tracked = progress.track(frames, description="survey: finding particles", total=len(frames))
    edges = sample.manifest.model.cubes
    looks = [_look(movie.image(index), section, lattice_nm, edges) for movie, index in tracked]
    with_particles = [look for look in looks if len(look.particles)]
    if not any(look.shows_something for look in looks):
        raise AnalysisError(
            f"neither particles nor fringes rise above the noise ({looks[0].particles.reason}).",
            remedy="Check `pixel_size`, or give images of higher dose.",
        )
    population = summarise([look.particles for look in looks])
    lattices = [] if with_particles else [look for look in looks if look.shows_something]
    results = _results(population) if with_particles else _fringe_results(lattices[0])
    return Findings(
        results=results,
        series=tuple(point for look in lattices for point in fringe_series(look.fringes)),
        tables={"particles": _rows(looks)} if with_particles else {},
        panels=(
            *_pictures(with_particles),
            *_histogram(population, lattice_nm),
            *(_fringe_picture(look, section) for look in lattices[:MOST_PICTURES]),
        ),
        remarks=_remarks(looks, with_particles),
        facts={
            "images": str(len(frames)),
            **scale_facts(movies, section.pixel_size_nm),
            **not_used(section),
        },
        inputs=paths,
    )


def _results(population: Population) -> dict[str, Estimate]:
    found = {
        "particles": Estimate(
            value=float(population.found),
            sigma=None,
            unit="",
            method=f"{population.number} of them whole and apart",
        ),
        "mean_edge": population.mean_edge,
        "spread_edge": population.spread,
        "feret_min": population.feret_min,
        "feret_max": population.feret_max,
        "area_diameter": population.area_diameter,
        "fraction_4": population.fractions.get(4),
        "gap": population.gap,
    }
    return {name: estimate for name, estimate in found.items() if estimate is not None}


def _look(
    image: Image, section: SurveySection, lattice_nm: float | None, edges: tuple[int, ...]
) -> _Look:
    """Particles; where there are none, fringes of the field; where those bend, of its patches."""
    counted = lattice_nm if edges else None
    found = find_particles(image, lattice_nm=counted, edges=edges or (4,))
    if section.region_nm is not None:
        kept = tuple(one for one in found.particles if _inside(one, section.region_nm))
        found = replace(found, particles=kept)
    seen = lattice_fringes(image, region=section.region_nm) if not len(found) else ()
    bent = not len(found) and not seen and _spans(image, PATCH_NM)
    patches = local_fringes(image, patch_nm=PATCH_NM) if bent else ()
    return _Look(image=image, particles=found, fringes=seen, patches=patches)


def _inside(one: Particle, region_nm: tuple[float, float, float, float]) -> bool:
    x0, y0, x1, y1 = region_nm
    return x0 <= one.x_nm <= x1 and y0 <= one.y_nm <= y1


def _spans(image: Image, patch_nm: float) -> bool:
    """Whether an image holds several patches of enough pixels."""
    rows, columns = image.data.shape
    pixels = patch_nm / max(image.pixel_x_nm, image.pixel_y_nm)
    return 16 <= pixels <= min(rows, columns) / 2


def _fringe_results(look: _Look) -> dict[str, Estimate]:
    typical = typical_spacing(look.patches)
    return dict(fringe_results(look.fringes)) if typical is None else {"fringe_patches": typical}


def _fringe_picture(look: _Look, section: SurveySection) -> Panel:
    if look.fringes:
        return fringe_panel(look.image, look.fringes, section.region_nm)
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


def _remarks(looks: Sequence[_Look], with_particles: Sequence[_Look]) -> tuple[str, ...]:
    if with_particles:
        empty = [look.image.name for look in looks if not len(look.particles)]
        return (f"No particle was found in {', '.join(empty)}.",) if empty else ()
    return (f"No particle was found: {looks[0].particles.reason}.",)


def _rows(looks: Sequence[_Look]) -> "pd.DataFrame":
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


def _pictures(looks: Sequence[_Look]) -> list[Panel]:
    return [
        Panel(
            title=look.image.name,
            caption=f"{len(look.particles)} particles ({look.particles.seen_by}), each with the "
            "square fitted to the outline of its atoms.",
            figure=micrograph(
                look.image,
                outlines=[one.square_nm for one in look.particles.particles],
                names=[_name(index, one) for index, one in enumerate(look.particles.particles)],
            ),
        )
        for look in looks[:MOST_PICTURES]
    ]


def _name(index: int, one: Particle) -> str:
    size = f"#{index}: {one.edge_nm:.2f} ± {one.sigma_edge_nm:.2f} nm"
    return size if one.n is None or one.p_n is None else f"{size}, n = {one.n} ({one.p_n:.0%})"


def _histogram(population: Population, lattice_nm: float | None) -> list[Panel]:
    edges = population.edges_nm
    if len(edges) < 5:
        return []
    marks = [] if lattice_nm is None else [(n * lattice_nm, f"n = {n}") for n in (3, 4, 5, 6)]
    inside = [(x, name) for x, name in marks if edges.min() - 0.4 < x < edges.max() + 0.4]
    width = 0.1 if lattice_nm is not None else float(np.ptp(edges)) / 12 or 0.1
    where = "dashed: n times the lattice constant; " if inside else ""
    return [
        Panel(
            title="Edges",
            caption=f"Fitted edges of {len(edges)} particles not cut by the image's edge; "
            f"{where}bins of {width:.2g} nm.",
            figure=histogram(edges, x_title="edge (nm)", bin_width=width, marks=inside),
        )
    ]
