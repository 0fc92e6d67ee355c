"""What `cinedot plan` does: read its options, compute the bounds, and say what would show."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from cinedot.core import Bars, InputError, Progress
from cinedot.core.units import quantity
from cinedot.micrographs.pose.bounds import VACUUM, Ground, carbon_ground
from cinedot.micrographs.pose.camera import model_camera
from cinedot.micrographs.pose.focus_scan import focus_scan, halide_kind, scan_text
from cinedot.micrographs.pose.models import average_dot
from cinedot.micrographs.pose.planning import plan_movie, plan_text
from cinedot.micrographs.pose.views import Views, views_of
from cinedot.microscope import Exposure, Lens
from cinedot.microscope.film_room import require_sampled_focus
from cinedot.microscope.option_names import as_typed
from cinedot.particle import Cuboid
from cinedot.particle.options import BuildOptions, read_options

_NONE = "none"
_MOST_PIXELS = 1024
"""Along a patch that holds the dot: beyond, a plan takes hours."""
_MOST_PB = 16**3
_DOSES = (1.0, 1e12)
"""A frame of less shows nothing; no specimen outlives more."""
_NUMBERS = re.compile(r"([\d.eE+\-,\s]+?)\s*([^\d\s.,+\-].*)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanOptions:
    """The options of `cinedot plan`, as they were typed; None where one was not.

    Attributes:
        compound, host, edges: the dot, as for `cinedot build`.
        dose_rate, frame_time, pixel_size, defocus, voltage, spherical_aberration, focal_spread:
            numbers with their units.
        carbon: thickness of the carbon that the dot may lie on; "none" for vacuum only.
        dqe: share of what electrons tell that the camera keeps, above 0 and at most 1.
        defoci: those to compare, as in "3,5,10 nm"; "none" for no comparison.
        threshold: signal over noise that counts as seen.
        directions: of the beam, spread evenly over all sides.
        seed: chance, where the carbon's atoms are.
    """

    compound: str = "mla-cs"
    host: str | None = None
    edges: str = "4"
    dose_rate: str = "2.5e7 e/nm2/s"
    frame_time: str = "20 ms"
    pixel_size: str = "0.042 nm"
    defocus: str = "6 nm"
    voltage: str = "80 kV"
    spherical_aberration: str = "2 um"
    focal_spread: str = "3 nm"
    carbon: str = "2 nm"
    dqe: float = 1.0
    defoci: str = "3,5,7.5,10 nm"
    threshold: float = 5.0
    directions: int = 16
    seed: int = 0


def plan(options: PlanOptions) -> str:
    """Work out what frames of a dot would tell, and say it in tables.

    Raises:
        InputError: an option that cannot be, called as it is typed.
    """
    from rich.console import Console

    names = {"threshold": "--threshold", "directions": "--directions", "efficiency": "--dqe"}
    try:
        return _planned(options, Bars(Console(stderr=True)))
    except InputError as fault:
        raise as_typed(fault, {**names, "thickness_nm": "--carbon"}) from fault


def _planned(options: PlanOptions, progress: Progress) -> str:
    exposure = Exposure(
        dose_rate_e_per_nm2_s=_number(options.dose_rate, "e/nm2/s", "--dose-rate"),
        frame_s=_number(options.frame_time, "s", "--frame-time"),
        pixel_nm=_number(options.pixel_size, "nm", "--pixel-size"),
    )
    _require_dose(exposure)
    lens = Lens(
        voltage_kv=_number(options.voltage, "kV", "--voltage"),
        defocus_nm=_number(options.defocus, "nm", "--defocus"),
        spherical_aberration_um=_number(
            options.spherical_aberration, "um", "--spherical-aberration"
        ),
        focal_spread_nm=_number(options.focal_spread, "nm", "--focal-spread"),
    )
    defoci = _defoci(options.defoci)
    carbon_nm = None if options.carbon == _NONE else _number(options.carbon, "nm", "--carbon")
    views = _views(options, exposure, lens, defoci)

    def grounds(defocus_nm: float) -> list[Ground]:
        if carbon_nm is None:
            return [VACUUM]
        # The same carbon at every defocus, so that none is best by chance.
        rng = np.random.default_rng(options.seed)
        return [VACUUM, carbon_ground(carbon_nm, views, defocus_nm=defocus_nm, rng=rng)]

    found = plan_movie(
        views,
        exposure,
        grounds=grounds(lens.defocus_nm),
        directions=options.directions,
        efficiency=options.dqe,
        threshold=options.threshold,
    )
    kind = halide_kind(views.model)
    if not defoci or kind is None:
        return plan_text(found)
    scan = focus_scan(
        views,
        kind,
        progress.track(defoci, description="comparing defoci", total=len(defoci)),
        dose_e_per_nm2=exposure.dose_e_per_nm2,
        grounds=grounds,
        directions=options.directions,
        efficiency=options.dqe,
        threshold=options.threshold,
    )
    return f"{plan_text(found)}\n\n{scan_text(scan, options.threshold)}"


def _views(options: PlanOptions, exposure: Exposure, lens: Lens, defoci: Sequence[float]) -> Views:
    """The dot before the camera, once it is known that both can be."""
    asked = read_options(
        BuildOptions(compound=options.compound, host=options.host, edges=options.edges)
    )
    _require_size(asked.cuboid, exposure.pixel_nm)
    model = average_dot(asked.cuboid, asked.compound)
    camera = model_camera(exposure.pixel_nm, lens, radius_nm=model.radius_nm)
    for option, defocus_nm in [("--defocus", lens.defocus_nm), *(("--defoci", x) for x in defoci)]:
        try:
            require_sampled_focus(replace(lens, defocus_nm=defocus_nm), camera.grid)
        except InputError as fault:
            raise as_typed(
                InputError(fault.rule, remedy="Take less of it."), {"defocus_nm": option}
            ) from fault
    return views_of(model, camera)


def _require_dose(exposure: Exposure) -> None:
    if not _DOSES[0] <= exposure.dose_e_per_nm2 <= _DOSES[1]:
        raise InputError(
            f"`--dose-rate` times `--frame-time` must make {_DOSES[0]:g} to {_DOSES[1]:g} e/nm2, "
            f"but makes {exposure.dose_e_per_nm2:.3g} e/nm2.",
            remedy="Correct the numbers or their units; the paper's frames have 1e5 to 6e5.",
        )


def _require_size(cuboid: Cuboid, pixel_nm: float) -> None:
    """Refuse dots and pixels that take hours, and pixels that could not tell atoms apart."""
    if math.prod(cuboid.edges) > _MOST_PB:
        raise InputError(
            f"`--edges` must make at most {_MOST_PB} Pb atoms, but make {math.prod(cuboid.edges)}.",
            remedy="A cube with 16 Pb an edge is the largest.",
        )
    lattice_nm = cuboid.host.lattice_nm
    coarsest = lattice_nm / 4
    across = math.hypot(*cuboid.edges) * lattice_nm
    if pixel_nm > coarsest:
        raise InputError(
            f"`--pixel-size` must be at most {coarsest:.3g} nm, or atoms {2 * coarsest:.3g} nm "
            f"apart are not told apart, but is {pixel_nm:g} nm.",
            remedy="Magnify more.",
        )
    if across / pixel_nm > _MOST_PIXELS:
        raise InputError(
            f"`--pixel-size` must be at least {across / _MOST_PIXELS:.2g} nm for a dot that is "
            f"{across:.3g} nm from corner to corner, but is {pixel_nm:g} nm.",
            remedy="Take larger pixels, or fewer --edges.",
        )


def _defoci(typed: str) -> list[float]:
    """Numbers with one unit behind them all."""
    if typed.strip() == _NONE:
        return []
    read = _NUMBERS.fullmatch(typed.strip())
    try:
        if read is not None:
            unit = read[2] or "nm"
            return [
                _number(f"{one.strip()} {unit}", "nm", "--defoci") for one in read[1].split(",")
            ]
    except InputError:
        pass  # it speaks of one number, where a list is wanted
    raise InputError(
        f"`--defoci` must be numbers and a unit, but is {typed!r}.",
        remedy='Write it as in "3,5,10 nm", or none.',
    )


def _number(typed: str, unit: str, option: str) -> float:
    number = quantity(typed, unit, key=option)
    if not math.isfinite(number):
        raise InputError(f"`{option}` must be finite, but is {typed!r}.", remedy="Correct it.")
    return number
