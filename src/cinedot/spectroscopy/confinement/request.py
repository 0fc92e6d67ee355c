"""The options of `cinedot predict` as they are typed, read into what they ask for."""

import math
import re
from dataclasses import dataclass
from pathlib import Path

from cinedot.core import Estimate, InputError
from cinedot.core.units import quantity
from cinedot.particle.host import host_named
from cinedot.spectroscopy.confinement.known_sizes import KnownSize
from cinedot.spectroscopy.confinement.semiconductors import Semiconductor, semiconductor_of
from cinedot.spectroscopy.confinement.shapes import Edges, platelet_edges
from cinedot.spectroscopy.confinement.spheres import Correction, Polarisation, RydbergTerm

_MOST = 500
_CUBOID = re.compile(r"(\d{1,4})x(\d{1,4})x(\d{1,4})")
_CUBE = re.compile(r"\d{1,4}")
_LAYERS = re.compile(r"(\d{1,4})\s*ML", re.IGNORECASE)
_CALIBRATION = re.compile(r"\s*(\d{1,4})\s*=\s*(.+)")
_SPREAD = re.compile(
    r"\s*(?P<value>[^\s+±]+)\s*(?:(?:\+-|\+/-|±)\s*(?P<sigma>\S+))?\s*(?P<unit>.*)"
)
_PICTURES = (".png", ".svg", ".pdf")
_WAVELENGTHS_NM = (100.0, 10_000.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictOptions:
    """The options of `cinedot predict`, as they were typed; None where one was not.

    Attributes:
        host: its name.
        edges: shapes as in "4,5,4x4x5,3ML".
        wavelength: a colour to find sizes for, as in "453 nm" or "453+-1 nm".
        set: name of a set of the host's parameters.
        gap: "cold" for the set's own, "room" for that at room temperature, or a number in eV.
        outside: permittivity of the surroundings, for the spheres' polarisation.
        rydberg: whether the spheres' laws have -0.248 Ry*.
        barrier: a height of walls to list, as in "2 eV".
        calibrate: a size to fit walls to, as in "4=453 nm".
        figure: a picture to draw.
        json: print JSON.
    """

    host: str
    edges: str | None = None
    wavelength: str | None = None
    set: str | None = None
    gap: str = "cold"
    outside: float | None = None
    rydberg: bool = False
    barrier: str | None = None
    calibrate: str | None = None
    figure: Path | None = None
    json: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedShape:
    """A shape that was asked for.

    Attributes:
        name: as it is printed: "n = 4", "4x4x5", "3 ML".
        pb: Pb atoms along each axis; infinite where a platelet is wide.
        edges_nm: the same in nm.
    """

    name: str
    pb: tuple[float, float, float]
    edges_nm: Edges


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictRequest:
    """What is to be predicted, printed and drawn.

    Attributes:
        semiconductor: the host's parameters, with the gap that was asked for.
        shapes: whose light is wanted.
        wavelength: whose sizes are wanted, or None.
        corrections: of the spheres' laws.
        barrier_ev, own_size: laws to add, or None.
        figure: a picture to draw, or None.
        json: print JSON.
    """

    semiconductor: Semiconductor
    shapes: tuple[AskedShape, ...]
    wavelength: Estimate | None
    corrections: tuple[Correction, ...]
    barrier_ev: float | None
    own_size: KnownSize | None
    figure: Path | None
    json: bool


def read_predict_options(options: PredictOptions) -> PredictRequest:
    """What the options ask for.

    Raises:
        InputError: one that cannot be read; neither edges nor a wavelength.

    Example:
        >>> asked = read_predict_options(PredictOptions(host="MAPbBr3", edges="4,3ML"))
        >>> [shape.name for shape in asked.shapes]
        ['n = 4', '3 ML']
    """
    host = host_named(options.host).name
    if options.edges is None and options.wavelength is None:
        raise InputError(
            "`--edges` or `--wavelength` must be given, but neither is.",
            remedy="Write --edges 4,5,6 for light, or --wavelength 453 for sizes.",
        )
    picture = options.figure
    if picture is not None and picture.suffix.lower() not in _PICTURES:
        raise InputError(
            f"`--figure` must end in {', '.join(_PICTURES)}, but is {str(picture)!r}.",
            remedy="Write it as in --figure laws.png.",
        )
    corrections: list[Correction] = [RydbergTerm()] if options.rydberg else []
    if options.outside is not None:
        corrections.append(_polarisation(options.outside))
    return PredictRequest(
        semiconductor=_semiconductor(host, options.set, options.gap),
        shapes=() if options.edges is None else _shapes(options.edges, host),
        wavelength=None if options.wavelength is None else _wavelength(options.wavelength),
        corrections=tuple(corrections),
        barrier_ev=None if options.barrier is None else _barrier(options.barrier),
        own_size=None if options.calibrate is None else _own_size(options.calibrate, host),
        figure=picture,
        json=options.json,
    )


def _semiconductor(host: str, key: str | None, gap: str) -> Semiconductor:
    try:
        known = semiconductor_of(host, key)
    except InputError as fault:
        raise InputError(fault.rule.replace("`set`", "`--set`"), remedy=fault.remedy) from fault
    if gap == "cold":
        return known
    if gap == "room":
        return known.at_room_temperature()
    number = _number(gap, "eV", "--gap", "Write it as in --gap 2.34, or cold, or room.")
    return known.with_gap(number, sigma_ev=0.0, at="stated")


def _shapes(typed: str, host: str) -> tuple[AskedShape, ...]:
    return tuple(_shape(part.strip(), host) for part in typed.split(","))


def _shape(typed: str, host: str) -> AskedShape:
    lattice_nm = host_named(host).lattice_nm
    layers, cuboid = _LAYERS.fullmatch(typed), _CUBOID.fullmatch(typed)
    if layers is not None:
        n = _whole(layers[1], typed)
        name = f"{n} ML"
        return AskedShape(
            name=name, pb=(n, math.inf, math.inf), edges_nm=platelet_edges(n * lattice_nm)
        )
    if cuboid is not None:
        x, y, z = (_whole(one, typed) for one in cuboid.groups())
        name = f"{x}x{y}x{z}"
    elif _CUBE.fullmatch(typed):
        x = y = z = _whole(typed, typed)
        name = f"n = {x}"
    else:
        raise _no_shape(typed)
    return AskedShape(
        name=name, pb=(x, y, z), edges_nm=(x * lattice_nm, y * lattice_nm, z * lattice_nm)
    )


def _whole(digits: str, typed: str) -> int:
    if not 1 <= int(digits) <= _MOST:
        raise _no_shape(typed)
    return int(digits)


def _no_shape(typed: str) -> InputError:
    return InputError(
        f"`--edges` must be cubes, cuboids or platelets of 1 to {_MOST} Pb, but has {typed!r}.",
        remedy="Write it as in 4,5,6 for three cubes, 4x4x5 for a cuboid, 3ML for a platelet.",
    )


def _wavelength(typed: str) -> Estimate:
    found = _SPREAD.fullmatch(typed)
    if found is None:
        raise _no_wavelength(typed)
    unit = found["unit"] or "nm"
    remedy = "Write it as in --wavelength 453, or 453+-1."
    value = _number(f"{found['value']} {unit}", "nm", "--wavelength", remedy)
    sigma = None
    if found["sigma"] is not None:
        sigma = _number(f"{found['sigma']} {unit}", "nm", "--wavelength", remedy)
    low, high = _WAVELENGTHS_NM
    if not (low <= value <= high and (sigma or 0.0) < value):
        raise _no_wavelength(typed)
    return Estimate(value=value, sigma=sigma, unit="nm", method="stated")


def _no_wavelength(typed: str) -> InputError:
    low, high = _WAVELENGTHS_NM
    return InputError(
        f"`--wavelength` must be {low:g} to {high:g} nm, but is {typed!r}.",
        remedy="Write it as in --wavelength 453, or 453+-1.",
    )


def _polarisation(outside: float) -> Polarisation:
    try:
        return Polarisation(outside=outside)
    except InputError as fault:
        raise InputError(
            fault.rule.replace("`outside`", "`--outside`"), remedy=fault.remedy
        ) from fault


def _barrier(typed: str) -> float:
    return _number(typed, "eV", "--barrier", "Write it as in --barrier 2.")


def _own_size(typed: str, host: str) -> KnownSize:
    found = _CALIBRATION.fullmatch(typed)
    if found is None or not 1 <= int(found[1]) <= _MOST:
        raise InputError(
            f"`--calibrate` must be Pb an edge and its light, but is {typed!r}.",
            remedy="Write it as in --calibrate 4=453, or 4=453+-1.",
        )
    try:
        seen = _wavelength(found[2])
    except InputError as fault:
        raise InputError(
            fault.rule.replace("`--wavelength`", "the light of `--calibrate`"),
            remedy="Write it as in --calibrate 4=453, or 4=453+-1.",
        ) from fault
    return KnownSize.of_cube(
        host, int(found[1]), wavelength_nm=float(seen.value), sigma_nm=seen.sigma or 0.0
    )


def _number(typed: str, unit: str, option: str, remedy: str) -> float:
    try:
        number = quantity(typed, unit, key=option)
    except InputError as fault:
        raise InputError(fault.rule, remedy=remedy) from fault
    if not (math.isfinite(number) and number > 0):
        raise InputError(f"`{option}` must be above 0 {unit}, but is {typed!r}.", remedy=remedy)
    return number
