"""What the microscope's files say of their scales, and what the manifest puts in their place."""

from collections.abc import Sequence

from cinedot.core import Movie
from cinedot.dossier.manifest import Manifest
from cinedot.particle import host_named

_TOLD = {
    "chosen": "chosen",
    "gaps": "missing frames",
    "frame_time_from": "frame time from",
}
"""What readers say of a recording in its metadata, and what the report calls it."""


def lattice_nm_of(manifest: Manifest) -> float | None:
    """The lattice constant for sizes in Pb atoms: stated, else the host's; None without a host."""
    sample = manifest.sample
    if sample.host is None:
        return None
    return sample.lattice_nm or host_named(sample.host).lattice_nm


def scale_facts(movies: Sequence[Movie], pixel_size_nm: float | None) -> dict[str, str]:
    """Pixel size, field and voltage for the report; says where the pixel size comes from.

    Args:
        movies: as opened, with the manifest's scales.
        pixel_size_nm: what the manifest gives, if it does.
    """
    sizes = sorted({_pixel_text(movie) for movie in movies})
    source = "sample.toml" if pixel_size_nm is not None else "the file"
    facts = {"pixel": f"{', '.join(sizes)} (from {source})"}
    units = sorted({movie.unit_text for movie in movies if movie.unit_text})
    if units and pixel_size_nm is None:
        facts["unit in the file"] = ", ".join(units)
    fields = sorted({_field_text(movie) for movie in movies})
    facts["field"] = ", ".join(fields)
    voltages = sorted({movie.voltage_kv for movie in movies if movie.voltage_kv is not None})
    if voltages:
        facts["voltage"] = ", ".join(f"{voltage:g} kV" for voltage in voltages)
    return facts | _told_by_readers(movies)


def _told_by_readers(movies: Sequence[Movie]) -> dict[str, str]:
    """Which image was taken, which frames are missing, where the frame time comes from."""
    facts: dict[str, str] = {}
    for key, name in _TOLD.items():
        said = dict.fromkeys(movie.metadata[key] for movie in movies if key in movie.metadata)
        if said:
            facts[name] = "; ".join(said)
    return facts


def _pixel_text(movie: Movie) -> str:
    x, y = movie.pixel_x_nm or 0.0, movie.pixel_y_nm or 0.0
    return f"{x:.5g} nm" if x == y else f"{x:.5g} nm along x, {y:.5g} nm along y"


def _field_text(movie: Movie) -> str:
    _, rows, columns = movie.frames.shape
    x, y = movie.pixel_x_nm or 0.0, movie.pixel_y_nm or 0.0
    return f"{columns} × {rows} pixels, {columns * x:.4g} × {rows * y:.4g} nm"
