"""The options of `cinedot simulate` as they are typed, read into what is to be filmed."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ase import Atoms

from cinedot.core import InputError
from cinedot.core.nearest import did_you_mean
from cinedot.core.units import quantity
from cinedot.microscope.camera import Camera, Exposure, one_view
from cinedot.microscope.carbon import LAYERS_NM
from cinedot.microscope.damage_rates import Damage
from cinedot.microscope.lens import Lens
from cinedot.microscope.ligand_shell import LigandShell
from cinedot.microscope.moves import Motion
from cinedot.microscope.option_names import as_typed
from cinedot.microscope.scene import Scene
from cinedot.microscope.support import AmorphousCarbon, Support
from cinedot.microscope.truth import has_sites
from cinedot.microscope.walls import Graphene, Nanohorns, Nanotube
from cinedot.particle import build, read_structure
from cinedot.particle.options import BuildOptions, read_options

_ONE_VIEW_PX = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulateOptions:
    """The options of `cinedot simulate`, as they were typed; None where one was not.

    Attributes:
        out: the movie.
        compound, host, edges, ligands: what is built, as for `cinedot build`.
        structure: a file of atoms instead; with ligands "all" those that it holds move, and no
            other choice of ligands goes with it.
        frames, seed, bits: whole numbers.
        size: pixels along the sides, as in "256" or "256,512", rows first.
        pixel_size, frame_time, dose_rate, defocus, voltage, spherical_aberration, focal_spread,
        thickness, front_thickness, drift: numbers with their units.
        support, front: none, carbon, nanotube, nanohorns or graphene, behind and in front.
        support_moves: whether the support behind drifts with the dot.
        damage: whether halides hop and leave.
        tumbles: how many a second.
        camera: ideal or oneview.
    """

    out: Path
    compound: str | None = None
    host: str | None = None
    edges: str | None = None
    ligands: str | None = None
    structure: Path | None = None
    frames: int = 100
    seed: int = 0
    bits: int = 16
    size: str = "256"
    pixel_size: str = "0.042 nm"
    frame_time: str = "20 ms"
    dose_rate: str = "2.5e7 e/nm2/s"
    defocus: str = "6 nm"
    voltage: str = "80 kV"
    spherical_aberration: str = "2 um"
    focal_spread: str = "3 nm"
    support: str = "none"
    thickness: str | None = None
    support_moves: bool = False
    front: str = "none"
    front_thickness: str | None = None
    drift: str = "0.2 nm/s"
    damage: bool = False
    tumbles: float = 0.0
    camera: str = "ideal"


def read_scene(options: SimulateOptions) -> Scene:
    """What the options ask for.

    Raises:
        InputError: one that cannot be read, or that no instrument has.
    """
    shape = _shape(options.size)
    return Scene(
        atoms=_atoms(options),
        lens=Lens(
            voltage_kv=_number(options.voltage, "kV", "--voltage"),
            defocus_nm=_number(options.defocus, "nm", "--defocus"),
            spherical_aberration_um=_number(
                options.spherical_aberration, "um", "--spherical-aberration"
            ),
            focal_spread_nm=_number(options.focal_spread, "nm", "--focal-spread"),
        ),
        exposure=Exposure(
            dose_rate_e_per_nm2_s=_number(options.dose_rate, "e/nm2/s", "--dose-rate"),
            frame_s=_number(options.frame_time, "s", "--frame-time"),
            pixel_nm=_number(options.pixel_size, "nm", "--pixel-size"),
        ),
        camera=_camera(options.camera, shape),
        shape=shape,
        frames=options.frames,
        support=_support(options.support, options.thickness, "--support", "--thickness"),
        front=_support(options.front, options.front_thickness, "--front", "--front-thickness"),
        support_moves=options.support_moves,
        motion=Motion(
            tumbles_per_s=options.tumbles,
            drift_nm_per_s=_number(options.drift, "nm/s", "--drift"),
        ),
        damage=Damage() if options.damage else None,
        shell=LigandShell() if options.ligands == "all" else None,
        seed=options.seed,
    )


def _atoms(options: SimulateOptions) -> Atoms:
    ligands = options.ligands or "heads"
    _one_of(ligands, "--ligands", ("heads", "heavy", "all"))
    if options.structure is not None:
        _require_alone(options)
        return _about_their_middle(read_structure(options.structure))
    request = read_options(
        BuildOptions(
            compound=options.compound or "mla-cs",
            host=options.host,
            edges=options.edges or "4",
            seed=options.seed,
            heads=ligands == "heads",
            heavy=ligands == "heavy",
        )
    )
    return build(request.cuboid, request.compound, request.seed, ligands=request.ligands)


def _about_their_middle(atoms: Atoms) -> Atoms:
    """Atoms without sites put about their middle; others are about their cuboid's centre."""
    if not has_sites(atoms):
        atoms.positions -= (atoms.positions.max(axis=0) + atoms.positions.min(axis=0)) / 2
    return atoms


def _require_alone(options: SimulateOptions) -> None:
    """Refuse what `--structure` would silently overrule."""
    typed = {
        "--compound": options.compound,
        "--host": options.host,
        "--edges": options.edges,
        f"--ligands {options.ligands}": None if options.ligands == "all" else options.ligands,
    }
    given = [name for name, value in typed.items() if value is not None]
    if given:
        raise InputError(
            f"`--structure` must stand alone, but {', '.join(given)} came with it.",
            remedy="Leave one or the other out: the file says what there is.",
        )


def _support(
    kind: str, thickness: str | None, option: str, thickness_option: str
) -> AmorphousCarbon | Support | None:
    """What stands behind or in front, as two options name it."""
    kinds: dict[str, Callable[[float | None], AmorphousCarbon | Support | None]] = {
        "none": lambda _: None,
        "carbon": lambda nm: AmorphousCarbon(thickness_nm=2.0 if nm is None else nm),
        "nanotube": lambda nm: Nanotube(diameter_nm=2.0 if nm is None else nm),
        "nanohorns": lambda nm: Nanohorns(thickness_nm=4.0 if nm is None else nm),
        "graphene": lambda nm: Graphene(layers=1 if nm is None else _layers(nm)),
    }
    _one_of(kind, option, tuple(kinds))
    if thickness is not None and kind == "none":
        raise InputError(
            f"`{thickness_option}` must come with a support, but there is none.",
            remedy=f"Add {option} carbon.",
        )
    nm = None if thickness is None else _number(thickness, "nm", thickness_option)
    try:
        return kinds[kind](nm)
    except InputError as fault:
        names = ("thickness_nm", "diameter_nm", "depth_nm", "layers")
        raise as_typed(fault, dict.fromkeys(names, thickness_option)) from fault


def _layers(nm: float) -> int:
    """Sheets of graphene in so many nm, rounded."""
    layers = round(nm / LAYERS_NM)
    if layers < 1:
        raise InputError(
            f"`layers` must be at least one of {LAYERS_NM} nm, but the thickness is {nm:g} nm.",
            remedy="Leave the thickness out for a single sheet.",
        )
    return layers


def _camera(name: str, shape: tuple[int, int]) -> Camera:
    """The camera, binned as much as frames of that shape allow."""
    _one_of(name, "--camera", ("ideal", "oneview"))
    if name == "ideal":
        return Camera()
    fitting = [binning for binning in (8, 4, 2, 1) if max(shape) * binning <= _ONE_VIEW_PX]
    if not fitting:
        raise InputError(
            f"`--size` must be at most {_ONE_VIEW_PX} for a OneView, but is {max(shape)}.",
            remedy="Take fewer pixels, or --camera ideal.",
        )
    return one_view(fitting[0])


def _shape(typed: str) -> tuple[int, int]:
    parts = [part.strip() for part in typed.split(",")]
    if not 1 <= len(parts) <= 2 or not all(re.fullmatch(r"0*[1-9]\d{0,4}", part) for part in parts):
        raise InputError(
            f"`--size` must be pixels along the sides, but is {typed!r}.",
            remedy="Write it as in 256, or 256,512 with the rows first.",
        )
    return int(parts[0]), int(parts[-1])


def _one_of(value: str, option: str, known: tuple[str, ...]) -> None:
    if value not in known:
        hint = did_you_mean(value, known, cutoff=0.6)
        raise InputError(
            f"`{option}` must be one of {', '.join(known)}, but is {value!r}.",
            remedy=hint.strip() or f"Say {known[0]}.",
        )


def _number(typed: str, unit: str, option: str) -> float:
    try:
        number = quantity(typed, unit, key=option)
    except InputError as fault:
        raise InputError(fault.rule, remedy=f'Write it as in {option} "1.0 {unit}".') from fault
    if not math.isfinite(number):
        raise InputError(f"`{option}` must be finite, but is {typed!r}.", remedy="Correct it.")
    return number
