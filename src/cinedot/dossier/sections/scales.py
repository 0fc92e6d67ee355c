"""What the microscope's files say of their scales, and what the manifest puts in their place."""

from collections.abc import Sequence

from cinedot.core import Movie
from cinedot.dossier.manifest import Manifest, MicroscopeSection
from cinedot.particle import host_named

_NOT_USED = frozenset(
    {
        "defocus_nm",
        "dose_rate_e_per_nm2_s",
        "focal_spread_nm",
        "gain",
        "offset",
        "spherical_aberration_um",
    }
)


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
    return facts


def not_used(section: MicroscopeSection) -> dict[str, str]:
    """The microscope's keys that are given, and that nothing in this version makes use of."""
    given = sorted(section.model_fields_set & _NOT_USED)
    names = [type(section).model_fields[name].alias or name for name in given]
    return {"given, not used yet": ", ".join(names)} if names else {}


def _pixel_text(movie: Movie) -> str:
    x, y = movie.pixel_x_nm or 0.0, movie.pixel_y_nm or 0.0
    return f"{x:.5g} nm" if x == y else f"{x:.5g} nm along x, {y:.5g} nm along y"


def _field_text(movie: Movie) -> str:
    _, rows, columns = movie.frames.shape
    x, y = movie.pixel_x_nm or 0.0, movie.pixel_y_nm or 0.0
    return f"{columns} × {rows} pixels, {columns * x:.4g} × {rows * y:.4g} nm"
