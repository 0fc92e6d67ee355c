"""A simulation on disk: the movie, its truth beside it, and a sample.toml to analyse it by."""

import json
import math
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from jaxtyping import Float, Shaped

from cinedot.core import InputError, Progress, Silent
from cinedot.core.files import not_readable, written_whole
from cinedot.core.tables import write_table
from cinedot.microscope.camera import Camera, Exposure, camera_units
from cinedot.microscope.filming import Filming, filmed
from cinedot.microscope.limits import MOST_ELECTRONS
from cinedot.microscope.movie_files import (
    MOVIE_ENDINGS,
    Sheet,
    require_movie_format,
    write_movie,
)
from cinedot.microscope.movie_places import (
    require_free_disk,
    require_movie_place,
    require_own_folder,
    written_folder,
)
from cinedot.microscope.scene import Scene
from cinedot.microscope.truth import has_sites
from cinedot.microscope.witness import Frame, Witness

_TABLES = ("frames", "sites", "events")
_KINDS = {8: "uint8", 16: "uint16", 32: "float32"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """How a file holds the camera's signal: offset + gain x electrons.

    Attributes:
        kind: number type.
        gain: camera units of a recorded pixel per electron.
        offset: camera units of no electron.
    """

    kind: str
    gain: float
    offset: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What stands on disk.

    Attributes:
        movie, truth, manifest: the movie, the folder of its truth, and sample.toml.
        to_add: what to write into a sample.toml that stood there already; "" where it is new.
        has_sites: whether the truth knows the lattice sites.
    """

    movie: Path
    truth: Path
    manifest: Path
    to_add: str
    has_sites: bool


def numbers(bits: int, camera: Camera, exposure: Exposure) -> Numbers:
    """How many units an electron makes in a file of so many bits.

    16 bits are the camera's own. 8 bits hold twice the empty field's electrons and six standard
    deviations more, what lies above is cut; 32 bits hold electrons as floats.

    Raises:
        InputError: other bits, or more electrons than pixels count.

    Example:
        >>> round(numbers(8, Camera(), Exposure()).gain, 4)
        0.1265
    """
    if bits not in _KINDS:
        raise InputError(
            f"`bits` must be 8, 16 or 32, but is {bits}.", remedy="16 is what cameras write."
        )
    if exposure.electrons_per_pixel > MOST_ELECTRONS:
        raise InputError(
            f"`dose_rate_e_per_nm2_s`, `frame_s` and `pixel_nm` must give at most "
            f"{MOST_ELECTRONS:g} electrons a pixel, but give {exposure.electrons_per_pixel:.3g}.",
            remedy="Cameras are blind long before.",
        )
    brightest = camera.offset + 2 * camera.units_per_electron * exposure.electrons_per_pixel
    if bits == 16 and brightest > np.iinfo(np.uint16).max:
        raise InputError(
            f"16 bits must hold twice the empty field's {exposure.electrons_per_pixel:.0f} "
            f"electrons a pixel, but at {camera.units_per_electron:g} camera units each they are "
            f"{brightest:.0f}.",
            remedy="Take 32 bits, shorter frames, smaller pixels or a lower dose rate.",
        )
    if bits == 16:
        return Numbers(kind=_KINDS[16], gain=camera.units_per_electron, offset=camera.offset)
    if bits == 32:
        return Numbers(kind=_KINDS[32], gain=1.0, offset=0.0)
    most = 2 * exposure.electrons_per_pixel
    variance = most / camera.zero_frequency_efficiency + camera.recorded_read_noise_e**2
    return Numbers(kind=_KINDS[8], gain=255 / (most + 6 * math.sqrt(variance)), offset=0.0)


def recorded(
    signal: Float[np.ndarray, "y x"], held: Numbers, camera: Camera
) -> Shaped[np.ndarray, "y x"]:
    """A frame's signal as the file holds it."""
    if held.kind == "uint16":
        return camera_units(signal[None], camera)[0]
    units = held.offset + held.gain * signal
    if held.kind == "uint8":
        return np.clip(np.rint(units), 0, 255).astype(np.uint8)
    return units.astype(np.float32)


def write_simulation(
    filming: Filming,
    path: Path,
    *,
    bits: int = 16,
    sample: str = "simulated",
    host: str | None = None,
    progress: Progress | None = None,
) -> Written:
    """Film to disk, frame by frame: movie, `NAME.truth/`, and a sample.toml where there is none.

    Args:
        filming: from `begin_filming`.
        path: the movie: .tif, .tiff, .mrc or .zarr.
        bits: 8, 16 or 32; 8 and 32 are rescaled, as gain and offset say.
        sample, host: for sample.toml.
        progress: where to show how far it has come.

    Raises:
        InputError: an unknown ending, other bits, a place that cannot be written or that others
            hold; no movie and no truth is left there then.
    """
    scene = filming.scene
    held = numbers(bits, scene.camera, scene.exposure)
    require_place(path, scene, held)
    truth, manifest = path.with_suffix(".truth"), path.parent / "sample.toml"
    section = _movie_section(scene, held, path)
    new = not manifest.exists()
    told = not new and _tells(manifest, section)
    witness = Witness(name=path.name, scene=scene)
    shots = (progress or Silent()).track(
        witness.seeing(filmed(filming)),
        description=f"simulating {path.name}",
        total=scene.frames,
    )
    with written_folder(truth) as beside:
        frames = _recorded(shots, held, scene, partial(_write_truth, witness, beside))
        write_movie(frames, path, _sheet(scene, held))
    if new:
        _write_manifest(manifest, sample, host, section)
    return Written(
        movie=path,
        truth=truth,
        manifest=manifest,
        to_add="" if new or told else f"[{section.replace(']', ']]', 1)}",
        has_sites=has_sites(scene.atoms),
    )


def require_place(path: Path, scene: Scene, held: Numbers) -> None:
    """Refuse, before anything is filmed, a movie or a truth that could not be written there.

    Raises:
        InputError: an ending that names no format or cannot hold the numbers; a name that is no
            text; a folder in the movie's place, other files in that of its truth, the truth of
            another movie; a folder that cannot be written to, or a disk without room.
    """
    require_movie_format(path, held.kind)
    require_movie_place(path)
    require_free_disk(path, _sheet(scene, held).nbytes, frames=scene.frames)
    if not path.name.isprintable():
        raise InputError(
            f"the movie's name must be text that a sample.toml can hold, but is {path.name!r}.",
            remedy="Choose another name.",
        )
    truth = path.with_suffix(".truth")
    require_own_folder(truth, [f"{name}.parquet" for name in _TABLES])
    others = [path.with_suffix(ending) for ending in MOVIE_ENDINGS if ending != path.suffix]
    shared = next((other for other in others if truth.exists() and other.exists()), None)
    if shared is not None and not path.exists():
        raise InputError(
            f"{truth.name} must be the truth of one movie, but is that of {shared.name}.",
            remedy="Choose another name, or another folder.",
            file=path,
        )


def _recorded(
    shots: Iterator[Frame], held: Numbers, scene: Scene, before_last: Callable[[], None]
) -> Iterator[Shaped[np.ndarray, "y x"]]:
    for number, shot in enumerate(shots):
        if number == scene.frames - 1:
            # Whatever fails here must do so before the movie stands in its place.
            before_last()
        yield recorded(shot.signal, held, scene.camera)


def _write_truth(witness: Witness, folder: Path) -> None:
    for name, rows in witness.tables().items():
        write_table(name, rows, folder / f"{name}.parquet")


def _sheet(scene: Scene, held: Numbers) -> Sheet:
    exposure = scene.exposure
    return Sheet(
        shape=(scene.frames, *scene.shape),
        kind=held.kind,
        pixel_nm=(exposure.pixel_nm, exposure.pixel_nm),
        frame_s=exposure.frame_s,
        facts={
            "gain units/electron": held.gain,
            "offset units": held.offset,
            "voltage kV": scene.lens.voltage_kv,
            "defocus nm": scene.lens.defocus_nm,
            "dose rate e/nm2/s": exposure.dose_rate_e_per_nm2_s,
            "seed": float(scene.seed),
        },
    )


def _movie_section(scene: Scene, held: Numbers, path: Path) -> str:
    lens, exposure = scene.lens, scene.exposure
    lines = [
        "[movie]",
        f"name = {_quoted(path.stem)}",
        f"file = {_quoted(path.name)}",
        f'pixel_size = "{exposure.pixel_nm:.12g} nm"',
        f'frame_time = "{exposure.frame_s:.12g} s"',
        f'voltage = "{lens.voltage_kv:.12g} kV"',
        f'spherical_aberration = "{lens.spherical_aberration_um:.12g} um"',
        f'defocus = "{lens.defocus_nm:.12g} nm"',
        f'focal_spread = "{lens.focal_spread_nm:.12g} nm"',
        f'dose_rate = "{exposure.dose_rate_e_per_nm2_s:.12g} e/nm2/s"',
        f"gain = {held.gain:.12g}",
        f"offset = {float(held.offset)!r}",
    ]
    if held.kind == "uint8":
        lines.append("processed = true  # cut and rescaled to 8 bits")
    return "\n".join(lines) + "\n"


def _write_manifest(path: Path, sample: str, host: str | None, section: str) -> None:
    named = f"[sample]\nname = {_quoted(sample)}\n"
    named += f"host = {_quoted(host)}\n" if host is not None else ""
    with written_whole(path) as beside:
        text = f"# A simulated movie; its truth lies beside it.\n\n{named}\n{section}"
        beside.write_text(text, encoding="utf-8")


def _tells(manifest: Path, section: str) -> bool:
    """Whether a sample.toml that stands already says the same of this movie.

    Raises:
        InputError: it cannot be read, or is not TOML.
    """
    try:
        movies = tomllib.loads(manifest.read_text("utf-8")).get("movie", [])
    except OSError as fault:
        raise not_readable(manifest, fault) from fault
    except ValueError as fault:
        raise InputError(
            f"a sample.toml that stands already must be TOML, but is not: {fault}.",
            remedy="Mend it, or film into another folder.",
            file=manifest,
        ) from fault
    wanted = tomllib.loads(section)["movie"]
    listed = movies if isinstance(movies, list) else [movies]
    unnamed = {"processed": False} | {key: wanted[key] for key in wanted if key != "name"}
    return any(
        isinstance(one, dict)
        and all(({"processed": False} | one).get(key) == value for key, value in unnamed.items())
        for one in listed
    )


def _quoted(text: str) -> str:
    # JSON escapes as TOML's basic strings do, but for the one control character that it lets by.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
