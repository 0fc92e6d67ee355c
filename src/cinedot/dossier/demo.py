"""`cinedot demo`: a virtual sample whose truth is known, as a folder like any other."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import numpy as np
from jaxtyping import Float

from cinedot.core import ArrayFrames, InputError, Movie, Progress
from cinedot.core.files import written_whole
from cinedot.dossier.analysis import Dossier
from cinedot.dossier.quantities import general_key, known_quantities, label_of
from cinedot.dossier.virtual_tables import atomic_percents, yield_table
from cinedot.microscope import (
    AmorphousCarbon,
    Exposure,
    LeftOf,
    Lens,
    place_dots,
    simulate_movie,
    simulate_survey,
    write_tiff,
)
from cinedot.particle import (
    Cuboid,
    HeadGroups,
    build,
    compound_named,
    host_named,
    planned_composition,
)
from cinedot.spectroscopy import (
    decay_counts,
    emission_spectrum,
    rate_constants,
    solvent_named,
)

PEAK_NM, FWHM_NM = 463.0, 14.7
YIELD = 0.97
LIFETIME_NS = 9.0
MOVIE_FRAMES = 16
SURVEY_IMAGES = 1
# 92 % of n = 4, as the paper's 91 %.
SIZES = (3, *([4] * 22), 5)
_STANDARD_EMISSION_NM = 430.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A quantity's truth beside what was found.

    Attributes:
        label: what a reader calls it.
        truth, found, sigma: in `unit`; found is None where the analysis gave no answer.
        unit: the quantity's unit.
    """

    label: str
    truth: float
    found: float | None
    sigma: float | None
    unit: str

    @property
    def pull(self) -> float | None:
        """(found - truth) / sigma, None without both."""
        if self.found is None or not self.sigma:
            return None
        return (self.found - self.truth) / self.sigma


def write_virtual_sample(folder: Path, *, seed: int, progress: Progress) -> Mapping[str, float]:
    """Simulate what a laboratory would record of compound 2, and write it as a sample folder.

    Args:
        folder: made when missing; may hold an earlier demo, and nothing else.
        seed: of everything that chance decides.
        progress: what shows how far the work has come.

    Returns:
        The truth: quantity ("emission.peak") -> value, in the unit of `dossier.json`.

    Raises:
        InputError: the folder holds something else, or cannot be written to.
    """
    _check_free(folder)
    # The mark of a demo comes first: one that was interrupted may be begun again.
    _write_text(folder / "truth.json", json.dumps({"seed": seed, "truth": {}}) + "\n")
    rng = np.random.default_rng([seed, 1])
    truth = {
        **_write_movie(folder, seed, progress),
        **_write_survey(folder, seed, progress),
        **_write_light(folder, rng),
        **_write_composition(folder, rng),
    }
    template = resources.files("cinedot.dossier") / "templates" / "demo.toml"
    _write_text(folder / "sample.toml", template.read_text("utf-8").replace("SEED", str(seed)))
    _write_text(folder / "truth.json", json.dumps({"seed": seed, "truth": truth}, indent=1) + "\n")
    return truth


def compare_with_truth(dossier: Dossier, truth: Mapping[str, float]) -> Iterable[Line]:
    """Each quantity whose truth is known, beside what the dossier found of it."""
    found = {
        f"{outcome.name}.{name}": estimate
        for outcome in dossier.outcomes
        if outcome.findings
        for name, estimate in outcome.findings.results.items()
    }
    for key, value in truth.items():
        section, _, name = key.rpartition(".")
        estimate = found.get(key)
        number = None if estimate is None or isinstance(estimate.value, str) else estimate.value
        yield Line(
            label=f"{section}: {label_of(section, name)}",
            truth=value,
            found=number,
            sigma=None if estimate is None else estimate.sigma,
            unit=known_quantities()[general_key(section, name)][0],
        )


def _check_free(folder: Path) -> None:
    """A folder that is no earlier demo is somebody's work: it is not written into."""
    if folder.is_file():
        raise InputError(
            "the demo's folder must be a folder, but this is a file.",
            remedy="Choose another, as in `cinedot demo my-demo`.",
            file=folder,
        )
    if folder.is_dir() and any(folder.iterdir()) and not (folder / "truth.json").is_file():
        raise InputError(
            "the demo's folder must be new, empty, or an earlier demo, but this holds other files.",
            remedy="Choose another, as in `cinedot demo my-demo`.",
            file=folder,
        )


def _write_movie(folder: Path, seed: int, progress: Progress) -> dict[str, float]:
    dot = Cuboid.cube(4, host_named("CsPbBr3"))
    made = simulate_movie(
        build(dot, "mla-cs", seed=seed, ligands=HeadGroups()),
        lens=Lens(defocus_nm=6.0),
        exposure=Exposure(dose_rate_e_per_nm2_s=2.5e7, frame_s=0.02, pixel_nm=0.042),
        shape=(256, 256),
        frames=MOVIE_FRAMES,
        support=AmorphousCarbon(thickness_nm=2.0, covers=LeftOf(edge=0.5)),
        seed=seed,
        name="movie.tif",
        progress=progress,
    )
    write_tiff(made.movie, folder / "movie.tif")
    return {
        "movie.frames_found": float(MOVIE_FRAMES),
        "movie.edge_nm": dot.edges_nm[0],
        "movie.edge": 4.0,
        "movie.defocus": 6.0,
    }


def _write_survey(folder: Path, seed: int, progress: Progress) -> dict[str, float]:
    host = host_named("CsPbBr3")
    drawn = np.random.default_rng([seed, 2])
    sizes: list[int] = []
    images = range(SURVEY_IMAGES)
    for number in progress.track(images, description="simulating survey", total=SURVEY_IMAGES):
        of_dots, of_image = (int(word) for word in drawn.integers(2**31, size=2))
        name = f"survey-{number + 1}.tif"
        made = simulate_survey(place_dots(SIZES, host=host, seed=of_dots), seed=of_image, name=name)
        movie = Movie(
            frames=ArrayFrames(frames=made.image.data.astype(np.uint16)[None]),
            name=name,
            pixel_x_nm=made.image.pixel_x_nm,
            pixel_y_nm=made.image.pixel_y_nm,
        )
        write_tiff(movie, folder / name)
        sizes += SIZES
    edges = host.lattice_nm * np.array(sizes)
    return {
        "survey.particles": float(len(sizes)),
        "survey.mean_edge": float(edges.mean()),
        "survey.fraction_4": float(np.mean(np.array(sizes) == 4)),
    }


def _write_light(folder: Path, rng: np.random.Generator) -> dict[str, float]:
    nm = np.arange(400.0, 600.25, 0.5)
    counts = emission_spectrum(nm, peak_nm=PEAK_NM, fwhm_nm=FWHM_NM, height=3e4, background=150.0)
    _write_table(folder / "pl.csv", "wavelength_nm,intensity", nm, rng.poisson(counts))
    time_ns = np.arange(4096) * 0.025
    response = np.exp(-0.5 * ((time_ns - 5.0) / 0.12) ** 2)
    _write_table(folder / "irf.csv", "time_ns,counts", time_ns, rng.poisson(2e4 * response + 1.0))
    decay = decay_counts(
        time_ns,
        lifetimes_ns=(LIFETIME_NS,),
        amplitudes=(1.0,),
        response=response,
        total=1.5e6,
        background=8.0,
    )
    _write_table(folder / "decay.csv", "time_ns,counts", time_ns, rng.poisson(decay))
    heading = "absorbance,integrated_intensity"
    toluene = solvent_named("toluene").index(PEAK_NM)
    cyclohexane = solvent_named("cyclohexane").index(_STANDARD_EMISSION_NM)
    for name, index in (("qy-sample.csv", toluene), ("qy-dpa.csv", cyclohexane)):
        rows = yield_table(quantum_yield=YIELD, refractive_index=index, brightness=1e7, rng=rng)
        _write_table(folder / name, heading, *rows.T)
    return {
        "emission.peak": PEAK_NM,
        "emission.fwhm": FWHM_NM,
        "decay.lifetime": LIFETIME_NS,
        "decay.k_r": rate_constants(YIELD, LIFETIME_NS)[0],
        "quantum_yield.phi": YIELD,
    }


def _write_composition(folder: Path, rng: np.random.Generator) -> dict[str, float]:
    held = planned_composition(Cuboid.cube(4, host_named("CsPbBr3")), compound_named("mla-cs"))
    percents = atomic_percents(held, scatter=0.02, rng=rng)
    _write_table(folder / "edx.csv", "Cs,Pb,Br,O", *percents.T)
    return {
        "composition.Cs": held.a_ions,
        "composition.Br": held.halides,
        "composition.MLA": held.acids,
        "composition.OAMH": held.ammonium,
    }


def _write_table(path: Path, heading: str, *columns: Float[np.ndarray, " row"]) -> None:
    rows = (",".join(f"{value:.6g}" for value in row) for row in zip(*columns, strict=True))
    _write_text(path, "\n".join([heading, *rows]) + "\n")


def _write_text(path: Path, text: str) -> None:
    with written_whole(path) as beside:
        beside.write_text(text, "utf-8")
