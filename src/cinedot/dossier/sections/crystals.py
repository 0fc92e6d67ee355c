"""Section `crystals`: microcrystals in SEM images, their kinds, fusion and sizes."""

from dataclasses import dataclass
from pathlib import Path

from cinedot.core import AnalysisError, Estimate, Image, InputError, Movie, Progress
from cinedot.dossier.findings import Check, Findings, SeriesPoint, Task, Work
from cinedot.dossier.folder import find_files
from cinedot.dossier.manifest import CrystalsSection, SampleFolder
from cinedot.dossier.sections.crystals_looks import crystal_panels
from cinedot.dossier.sections.scales import scale_facts
from cinedot.dossier.sections.survey_looks import region_in
from cinedot.growth import (
    FEW_CRYSTALS,
    FEWEST_FOR_INTERVAL,
    CrystalField,
    CrystalPopulation,
    Median,
    Share,
    crystal_population,
    find_crystals,
)
from cinedot.micrographs import open_movie, recording_files
from cinedot.micrographs.frame_faults import faults_of

_BY_SHAPE = "outline against rectangle and hexagon, Jeffreys' interval"
_MEDIAN = "median, 95 % {low:.4g} to {high:.4g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Opened:
    """The images, opened.

    Attributes:
        movies: each file.
        sound: (movie, index) of the images that can be looked at.
        faults: what is wrong with images, one sentence each.
        paths: the files read.
    """

    movies: tuple[Movie, ...]
    sound: tuple[tuple[Movie, int], ...]
    faults: tuple[str, ...]
    paths: tuple[Path, ...]


def tasks(sample: SampleFolder) -> tuple[Task, ...]:
    """The task of `[crystals]`, if the manifest has it."""
    section = sample.manifest.crystals
    if section is None:
        return ()
    return (Task(name="crystals", prepare=lambda: _prepare(sample, section)),)


def _prepare(sample: SampleFolder, section: CrystalsSection) -> Work:
    places = find_files(sample, section.files, key="[crystals] files")
    movies = tuple(open_movie(place).calibrated(pixel_nm=section.pixel_size_nm) for place in places)
    sound: list[tuple[Movie, int]] = []
    faults: list[str] = []
    for place, movie in zip(places, movies, strict=True):
        for index in range(len(movie)):
            image = _image(movie, index, place)
            told, fit = _faults(movie, index, image, _region(image, section))
            faults += told
            sound += [(movie, index)] if fit else []
    opened = _Opened(
        movies=movies,
        sound=tuple(sound),
        faults=tuple(faults),
        paths=tuple(file for place in places for file in recording_files(place)),
    )
    return lambda progress: _analyse(section, opened, progress)


def _image(movie: Movie, index: int, path: Path) -> Image:
    """An image; an unknown scale is refused."""
    try:
        return movie.image(index)
    except InputError as fault:
        raise InputError(fault.rule, remedy=fault.remedy, file=path) from fault


def _faults(
    movie: Movie, index: int, image: Image, region_nm: tuple[float, float, float, float] | None
) -> tuple[list[str], bool]:
    """What is wrong with the part of an image that is looked at, and whether it is fit.

    Crystals may stand at the camera's ceiling: their outlines are as good.
    """
    data = movie.frames.read(index, index + 1)[0]
    if region_nm is not None:
        x0, y0, x1, y1 = region_nm
        rows = slice(round(y0 / image.pixel_y_nm), round(y1 / image.pixel_y_nm) + 1)
        data = data[rows, round(x0 / image.pixel_x_nm) : round(x1 / image.pixel_x_nm) + 1]
    found = faults_of(data)
    unfit = [one for one in found if one.unfit and one.kind != "saturated"]
    told = [
        f"{image.name} is unfit: {one.text()}."
        if one in unfit
        else f"In {image.name}: {one.text()}."
        for one in found
    ]
    return told, not unfit


def _region(image: Image, section: CrystalsSection) -> tuple[float, float, float, float] | None:
    if section.region_nm is None:
        return None
    return region_in(image, section.region_nm, place="[crystals] region of sample.toml")


def _analyse(section: CrystalsSection, opened: _Opened, progress: Progress) -> Findings:
    if not opened.sound:
        raise AnalysisError(opened.faults[0], remedy="Give an image that is sound.")
    seen: list[tuple[Image, CrystalField]] = []
    empty: list[AnalysisError] = []
    names: list[str] = []
    for movie, index in progress.track(
        opened.sound, description="crystals: outlining", total=len(opened.sound)
    ):
        image = movie.image(index)
        try:
            seen.append((image, find_crystals(image, region_nm=_region(image, section))))
        except AnalysisError as fault:
            empty.append(fault)
            names.append(image.name)
    if not seen:
        said = (f"in {names[0]}, {empty[0].reason.rstrip('.')}", *opened.faults)
        raise AnalysisError(
            "; ".join(one.rstrip(".") for one in said) + ".", remedy=empty[0].remedy
        )
    population = crystal_population([field for _, field in seen])
    return Findings(
        results=_results(population),
        series=_series(section, population),
        panels=crystal_panels(seen, population),
        remarks=(
            *opened.faults,
            *(f"In {name}, {one.reason}" for name, one in zip(names, empty, strict=True)),
            *_remarks(population),
        ),
        facts={
            "images": str(len(seen)),
            **_stated(section),
            **scale_facts(opened.movies, section.pixel_size_nm),
        },
        inputs=opened.paths,
        checks=_checks(population),
    )


def _stated(section: CrystalsSection) -> dict[str, str]:
    """What the crystals grew with."""
    facts: dict[str, str] = {}
    if section.acid is not None:
        facts["acid"] = section.acid
    if section.equivalents is not None:
        facts["equivalents"] = f"{section.equivalents:g}"
    return facts


def _results(found: CrystalPopulation) -> dict[str, Estimate]:
    cut = f"{found.at_edge} bodies at the border and {found.too_small} too small left out"
    results = {
        "crystals": Estimate(value=float(found.number), sigma=None, unit="", method=cut),
        "bodies": Estimate(value=float(found.bodies), sigma=None, unit="", method=cut),
        **_share("squares", found.shares["square"], _BY_SHAPE),
        **_share("hexagons", found.shares["hexagon"], _BY_SHAPE),
        **_share("others", found.shares["other"], _BY_SHAPE),
        **_share("fusion_index", found.fusion, "crystals in bodies of several over all crystals"),
        **_middle("size", found.size_nm, "nm"),
        "size_spread": Estimate(
            value=found.size_nm.spread,
            sigma=found.size_nm.sigma_spread,
            unit="nm",
            method="half of what lies between the 16th and 84th percentiles",
        ),
        **_middle("aspect", found.aspect, ""),
    }
    for name, one in (
        ("square_edge", found.square_edge_nm),
        ("hexagon_width", found.hexagon_width_nm),
        ("hexagon_length", found.hexagon_length_nm),
    ):
        results |= {} if one is None else _middle(name, one, "nm")
    return results


def _share(name: str, one: Share, method: str) -> dict[str, Estimate]:
    return {
        name: Estimate(value=one.value, sigma=one.sigma, unit="", method=method),
        f"{name}_low": Estimate(value=one.low, sigma=None, unit="", method="95 % interval"),
        f"{name}_high": Estimate(value=one.high, sigma=None, unit="", method="95 % interval"),
    }


def _middle(name: str, one: Median, unit: str) -> dict[str, Estimate]:
    if one.number < FEWEST_FOR_INTERVAL:
        method = f"median of {one.number}, too few for an interval"
        return {name: Estimate(value=one.value, sigma=None, unit=unit, method=method)}
    method = _MEDIAN.format(low=one.low, high=one.high)
    return {name: Estimate(value=one.value, sigma=one.sigma, unit=unit, method=method)}


def _series(section: CrystalsSection, found: CrystalPopulation) -> tuple[SeriesPoint, ...]:
    """A row a share at the sample's equivalents, so that folders of a series are put together."""
    if section.equivalents is None:
        return ()
    shares = {
        "squares": found.shares["square"],
        "hexagons": found.shares["hexagon"],
        "fusion_index": found.fusion,
    }
    return tuple(
        (
            section.acid or "crystals",
            section.equivalents,
            name,
            Estimate(value=one.value, sigma=one.sigma, unit="", method="as in the results"),
        )
        for name, one in shares.items()
    )


def _remarks(found: CrystalPopulation) -> tuple[str, ...]:
    remarks: list[str] = []
    if found.number < FEW_CRYSTALS:
        remarks.append(
            f"Only {found.number} whole crystals: shares are known to 0.2 from {FEW_CRYSTALS} on."
        )
    if found.too_small:
        remarks.append(
            f"{found.too_small} bodies are narrower than 10 px and were left out: what is said "
            "holds for larger crystals."
        )
    if found.at_edge:
        remarks.append(
            f"{found.at_edge} bodies are cut by the border and were left out; whole ones count the "
            "more, the likelier the border would have cut them."
        )
    return tuple(remarks)


def _checks(found: CrystalPopulation) -> tuple[Check, ...]:
    """Whether what is no square is the dodecahedron of {110} faces, as the two models suppose."""
    other = found.shares["other"]
    if other.low <= 0.25:
        return ()
    return (
        Check(
            name="crystals against their models",
            status="tension",
            detail=f"{other.value:.0%} (95 % from {other.low:.0%}) of the crystals are neither "
            "squares nor elongated hexagons: they lie otherwise, overlap, or are of other shapes.",
        ),
    )
