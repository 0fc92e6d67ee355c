"""Section `survey`: still images to particles and their sizes, or to lattice fringes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from cinedot.core import AnalysisError, Estimate, InputError, Movie, Progress
from cinedot.dossier.corrections import RejectedParticles, corrections_file, read_corrections
from cinedot.dossier.findings import Findings, Panel, Task, Work
from cinedot.dossier.folder import find_files
from cinedot.dossier.manifest import SampleFolder, SurveySection
from cinedot.dossier.sections.calibration import (
    LatticeFindings,
    lattice_findings,
)
from cinedot.dossier.sections.counting import Counting, counting_findings
from cinedot.dossier.sections.dot_lattice import DotLattice, dot_lattice
from cinedot.dossier.sections.fringes import fringe_panel
from cinedot.dossier.sections.lattice import known_lattice
from cinedot.dossier.sections.rejected_particles import (
    automatic_results,
    correction_checks,
    require_images,
    without_rejected,
)
from cinedot.dossier.sections.scale_doubts import (
    dots_at_other_scales,
    implausible_scale,
    scale_suspicion,
    size_suspicion,
    suspicion_check,
)
from cinedot.dossier.sections.scales import lattice_nm_of, scale_facts
from cinedot.dossier.sections.sizes import (
    fraction_series,
    size_panels,
    size_remarks,
    size_results,
)
from cinedot.dossier.sections.survey_looks import (
    MOST_PICTURES,
    Look,
    counted_by_views,
    cuboid_checks,
    look_at,
    patch_picture,
    pictures,
    region_in,
    rows_of,
)
from cinedot.micrographs import (
    Lattice,
    open_movie,
    places_of,
    recording_files,
    summarise,
    typical_spacing,
)
from cinedot.micrographs.frame_faults import FrameFault, faults_of


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stills:
    """The images of a survey, opened.

    Attributes:
        movies: each file or folder.
        sound: (movie, index) of the images that can be looked at.
        faults: what is wrong with images, one sentence each.
        paths: the files read.
        rejected: particles that a person took out.
    """

    movies: tuple[Movie, ...]
    sound: tuple[tuple[Movie, int], ...]
    faults: tuple[str, ...]
    paths: tuple[Path, ...]
    rejected: tuple[RejectedParticles, ...] = ()


def tasks(sample: SampleFolder) -> tuple[Task, ...]:
    """The task of `[survey]`, if the manifest has it."""
    section = sample.manifest.survey
    if section is None:
        return ()
    return (Task(name="survey", prepare=lambda: _prepare(sample, section)),)


def _prepare(sample: SampleFolder, section: SurveySection) -> Work:
    places = find_files(sample, section.files, key="[survey] files")
    movies = tuple(
        open_movie(place).calibrated(pixel_nm=section.pixel_size_nm, voltage_kv=section.voltage_kv)
        for place in places
    )
    movies = _told_apart(sample, places, movies)
    sound: list[tuple[Movie, int]] = []
    faults: list[str] = []
    lost: list[tuple[Movie, int, Path]] = []
    for place, movie in zip(places, movies, strict=True):
        for index in range(len(movie)):
            found = _faults(movie, index, place)
            name = movie.name if len(movie) == 1 else f"{movie.name} #{index}"
            faults += [
                f"{name} is unfit: {one.text()}." if one.unfit else f"In {name}: {one.text()}."
                for one in found
            ]
            if not any(one.unfit for one in found):
                sound.append((movie, index))
            elif any(one.kind == "not finite" for one in found):
                lost.append((movie, index, place))
    if not sound and lost:
        raise _not_finite(*lost[0])
    stills = _Stills(
        movies=movies,
        sound=tuple(sound),
        faults=tuple(faults),
        paths=(
            *(file for place in places for file in recording_files(place)),
            *corrections_file(sample),
        ),
        rejected=_rejected(sample, [movie.image(index).name for movie, index in sound]),
    )
    return lambda progress: _analyse(sample, section, stills, progress)


def _told_apart(
    sample: SampleFolder, places: Sequence[Path], movies: Sequence[Movie]
) -> tuple[Movie, ...]:
    """The recordings, those of one name named by their path in the sample's folder."""
    names = [movie.name for movie in movies]
    root = sample.folder.resolve()
    told: list[Movie] = []
    for place, movie in zip(places, movies, strict=True):
        path = place.resolve()
        longer = path.relative_to(root) if path.is_relative_to(root) else path
        same = names.count(movie.name) > 1
        told.append(replace(movie, name=longer.as_posix()) if same else movie)
    return tuple(told)


def _rejected(sample: SampleFolder, names: Sequence[str]) -> tuple[RejectedParticles, ...]:
    rejected = read_corrections(sample).rejected_particles
    try:
        require_images(rejected, names)
    except InputError as fault:
        raise fault.within(file=corrections_file(sample)[0]) from fault
    return rejected


def _faults(movie: Movie, index: int, path: Path) -> tuple[FrameFault, ...]:
    """What is wrong with an image; an unknown scale is refused."""
    try:
        movie.image(index)
    except InputError as fault:
        raise InputError(fault.rule, remedy=fault.remedy, file=path) from fault
    # The file's own numbers: their type's ceiling tells saturation.
    return faults_of(movie.frames.read(index, index + 1)[0])


def _not_finite(movie: Movie, index: int, path: Path) -> InputError:
    """Where no image is sound, one with NaN is worth a person's while: the others are black."""
    lost = int((~np.isfinite(movie.image(index).data)).sum())
    return InputError(
        f"an image must hold finite numbers, but {lost} of its pixels are NaN or infinite.",
        remedy="Replace dead pixels by their neighbours' median.",
        file=path,
        place=f"frame {index}" if len(movie) > 1 else None,
    )


def _analyse(
    sample: SampleFolder, section: SurveySection, stills: _Stills, progress: Progress
) -> Findings:
    if not stills.sound:
        raise AnalysisError(stills.faults[0], remedy="Give an image that is sound.")
    tracked = progress.track(
        stills.sound, description="survey: finding particles", total=len(stills.sound)
    )
    lattice_nm, edges = lattice_nm_of(sample.manifest), sample.manifest.model.cubes
    looks = [
        look_at(movie.image(index), section.region_nm, lattice_nm, edges)
        for movie, index in tracked
    ]
    found = _sizes if any(len(look.particles) for look in looks) else _lattices
    try:
        findings = found(sample, section, stills, looks, progress)
    except AnalysisError as fault:
        said = [one.rstrip(".") for one in (fault.reason, *stills.faults)]
        raise AnalysisError("; ".join(said) + ".", remedy=fault.remedy) from fault
    electrons = _electrons(section, stills.movies)
    return replace(
        findings,
        results={**findings.results, **electrons.results},
        remarks=(*stills.faults, *findings.remarks, *electrons.remarks),
        facts={
            "images": str(len(looks)),
            **scale_facts(stills.movies, section.pixel_size_nm),
            **findings.facts,
            **electrons.facts,
        },
        inputs=stills.paths,
        checks=(*findings.checks, *cuboid_checks(sample.manifest.model), *electrons.checks),
    )


def _electrons(section: SurveySection, movies: Sequence[Movie]) -> Counting:
    """Gain and dose of the first recording, where anything of them was stated."""
    stated = section.model_fields_set & {"gain", "offset", "dose_rate_e_per_nm2_s"}
    return counting_findings(movies[0], section) if stated else Counting()


def _sizes(
    sample: SampleFolder,
    section: SurveySection,
    stills: _Stills,
    looks: Sequence[Look],
    progress: Progress,
) -> Findings:
    """Particles, their sizes, and what their lattice says of the scale."""
    lattice_nm = lattice_nm_of(sample.manifest)
    voltages_kv = [movie.voltage_kv for movie, _ in stills.sound]
    every, doubts = counted_by_views(sample, section, looks, voltages_kv, progress)
    kept = without_rejected(every, stills.rejected)
    counted = kept.looks
    with_particles = [look for look in counted if len(look.particles)]
    fields = [region_in(look.image, section.region_nm) for look in counted]
    population = summarise([look.particles for look in counted], fields=fields)
    results, automatic = size_results(population), dict[str, Estimate]()
    if kept.number:
        automatic = size_results(summarise([look.particles for look in every], fields=fields))
    places = [
        places_of(look.particles.particles, field)
        for look, field in zip(counted, fields, strict=True)
    ]
    scale = _scale_by_dots(sample, counted)
    told = _suspicions(sample, section, counted)
    empty = [look.image.name for look in counted if not len(look.particles)]
    missing = (f"No particle was found in {', '.join(empty)}.",) if empty else ()
    return Findings(
        results=results
        | automatic_results(automatic)
        | ({} if scale is None else {"lattice": scale.constant}),
        series=fraction_series(population),
        tables={"particles": rows_of(counted)},
        panels=(*pictures(with_particles), *size_panels(population, places, lattice_nm)),
        remarks=(*missing, *doubts, *told, *kept.remarks, *size_remarks(population)),
        checks=(
            *(() if scale is None else (scale.check,)),
            *(suspicion_check(one) for one in told),
            *correction_checks(automatic, results),
        ),
    )


def _scale_by_dots(sample: SampleFolder, looks: Sequence[Look]) -> DotLattice | None:
    known = known_lattice(sample.manifest)
    if known is None or sample.manifest.sample.host is None:
        return None
    return dot_lattice([(look.image, look.particles) for look in looks], known.lattice)


def _suspicions(
    sample: SampleFolder, section: SurveySection, looks: Sequence[Look]
) -> tuple[str, ...]:
    """Whether another scale makes sense of an image that shows no lattice."""
    known = known_lattice(sample.manifest)
    if known is None:
        return ()
    if any(look.particles.seen_by == "lattice" for look in looks):
        return _beside_others(sample, section, looks, known.lattice)
    image, model = looks[0].image, sample.manifest.model
    stated, host = section.pixel_size_nm is not None, sample.manifest.sample.host
    told = None
    if host is not None:
        told = dots_at_other_scales(image, known.lattice, model.cubes, stated=stated)
    if told is None:
        told = scale_suspicion(
            image, known, zone=section.zone, region_nm=section.region_nm, stated=stated
        )
    if told is None and host is not None:
        edges = [one.edge_nm for look in looks for one in look.particles.particles]
        told = size_suspicion(edges, known.lattice, model.all_edges, stated=stated)
        told = told or implausible_scale(image, known.lattice, model.all_edges[0], stated=stated)
    return () if told is None else (told,)


def _beside_others(
    sample: SampleFolder, section: SurveySection, looks: Sequence[Look], lattice: Lattice
) -> tuple[str, ...]:
    """Images that would show dots at another scale, where others show them at the stated one."""
    if sample.manifest.sample.host is None:
        return ()
    cubes, stated = sample.manifest.model.cubes, section.pixel_size_nm is not None
    told = (
        dots_at_other_scales(look.image, lattice, cubes, stated=stated)
        for look in looks
        if look.particles.seen_by != "lattice"
    )
    return tuple(one for one in told if one is not None)


def _lattices(
    sample: SampleFolder,
    section: SurveySection,
    stills: _Stills,
    looks: Sequence[Look],
    progress: Progress,
) -> Findings:
    """The fringes of fields without particles, against the sample's lattice."""
    del stills, progress
    shown = [look for look in looks if look.shows_something]
    known = known_lattice(sample.manifest)
    fits = [_fringes(sample, section, look) for look in shown]
    indexed = any(
        one is not None and one.indexing is not None and one.indexing.status == "indexed"
        for one in fits
    )
    told = () if known is None or indexed else _suspicions(sample, section, looks)
    if not shown:
        raise AnalysisError(
            f"neither particles nor fringes rise above the noise ({looks[0].particles.reason})"
            + "".join(f"; {one.rstrip('.')}" for one in told)
            + ".",
            remedy="Check `pixel_size`, or give images of higher dose.",
        )
    typical = typical_spacing(shown[0].patches)
    first = fits[0]
    return Findings(
        results={"fringe_patches": typical}
        if first is None and typical is not None
        else ({} if first is None else first.results),
        series=tuple(point for one in fits if one is not None for point in one.series),
        panels=tuple(
            _fringe_picture(look, one, section)
            for look, one in list(zip(shown, fits, strict=True))[:MOST_PICTURES]
        ),
        remarks=(
            f"No particle was found: {looks[0].particles.reason}.",
            *told,
            *(remark for one in fits if one is not None for remark in one.remarks),
        ),
        facts={} if first is None else first.facts,
        checks=(
            *(check for one in fits if one is not None for check in one.checks),
            *(suspicion_check(one) for one in told),
        ),
    )


def _fringes(sample: SampleFolder, section: SurveySection, look: Look) -> LatticeFindings | None:
    """What the fringes of one field say; None where only patches show any."""
    if not look.fringes:
        return None
    return lattice_findings(
        look.image,
        look.fringes,
        known_lattice(sample.manifest),
        zone=section.zone,
        region_nm=section.region_nm,
    )


def _fringe_picture(look: Look, told: LatticeFindings | None, section: SurveySection) -> Panel:
    if told is None:
        return patch_picture(look)
    return fringe_panel(look.image, told.fringes, section.region_nm, told.indexing)
