"""What `cinedot build` does: draw counts, build, write, print the table."""

import os
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ase import Atoms

from cinedot.core import Bars, Estimate, InputError, Silent
from cinedot.core.files import written_whole
from cinedot.particle.build import build
from cinedot.particle.compounds import Compound
from cinedot.particle.cuboid import Cuboid
from cinedot.particle.distortion import Distortion
from cinedot.particle.ligands import AllAtoms, HeadGroups, Ligands, NoLigands
from cinedot.particle.measured_counts import DrawnCompositions, draw_compositions
from cinedot.particle.report import composition_lines, heavy_line, spread_lines
from cinedot.particle.structure_files import require_writable_format, write_structures
from cinedot.particle.superlattice import superlattice
from cinedot.particle.vacancies import ByRule, Vacancies
from cinedot.particle.zc_figure import zc_figure

_PICTURES = (".png", ".svg", ".pdf")
_ALL_ATOMS = AllAtoms()
_BY_RULE = ByRule()
_CUBIC = Distortion.none()


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A superlattice: dots along a, b, c, and the gap between them."""

    shape: tuple[int, int, int]
    gap_nm: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildRequest:
    """What is to be built, written and drawn.

    Attributes:
        cuboid, compound: the dot.
        seed: chance of the first image; image i has seed + i.
        images: how many dots.
        ligands: all atoms, head groups, or heavy atoms only.
        vacancies: how empty A sites are chosen.
        distortion: tilts and strain.
        measured: counts by ion that the images follow; None for the compound's own.
        grid: how the images stand in a superlattice, in turn; None for single dots.
        out: the file of structures; None for none.
        picture: file of a picture of the first dot's Z-correlated model; None for none.

    Raises:
        InputError: no image, or more than the superlattice has places.
    """

    cuboid: Cuboid
    compound: Compound
    seed: int = 0
    images: int = 1
    ligands: Ligands = _ALL_ATOMS
    vacancies: Vacancies = _BY_RULE
    distortion: Distortion = _CUBIC
    measured: Mapping[str, Estimate] | None = None
    grid: Grid | None = None
    out: Path | None = None
    picture: Path | None = None

    def __post_init__(self) -> None:
        if self.images < 1:
            raise InputError(
                f"`--ensemble` must be at least 1, but is {self.images}.",
                remedy="It says how many dots are drawn.",
            )
        if self.grid is not None:
            x, y, z = self.grid.shape
            if min(x, y, z) >= 1 and self.images > x * y * z:
                raise InputError(
                    f"`--ensemble` must be at most the {x * y * z} dots of the superlattice, "
                    f"but is {self.images}.",
                    remedy="The others would be nowhere; draw fewer, or stack more.",
                )


def build_structures(request: BuildRequest) -> str:
    """Build what was asked for, write it, and say in a table what it is.

    Raises:
        InputError: something that cannot be built or written; nothing is written then.

    Example:
        >>> from cinedot.particle import Cuboid, compound_named, host_named
        >>> dot, compound = Cuboid.cube(2, host_named("CsPbBr3")), compound_named("prototype")
        >>> print(build_structures(BuildRequest(cuboid=dot, compound=compound)).splitlines()[0])
        prototype on CsPbBr3 2x2x2, seed 0
    """
    _require_writable(request)
    drawn = _drawn(request)
    images = _images(request, drawn)
    written = _arranged(request, images)
    _write(request, images[0], written)
    title = "{} on {} {}, seed {}".format(
        request.compound.name,
        request.cuboid.host.name,
        "x".join(map(str, request.cuboid.edges)),
        request.seed,
    )
    lines = _table(request, images, drawn)
    return "\n".join([title, "", *lines, *_written(request, written)])


def _require_writable(request: BuildRequest) -> None:
    out, picture = request.out, request.picture
    if out is not None:
        require_writable_format(out, request.images if request.grid is None else 1)
        _require_place(out, "--out")
    if picture is not None:
        if picture.suffix.lower() not in _PICTURES:
            raise InputError(
                f"a picture's ending must name a format, but {picture.name!r} does not.",
                remedy=f"Known: {', '.join(_PICTURES)}.",
            )
        _require_place(picture, "--picture")


def _require_place(path: Path, option: str) -> None:
    """Refuse a file that could not be written when all is built."""
    remedy = _other_place(option)
    try:
        if path.is_dir():
            raise InputError("this must be a file, but is a folder.", remedy=remedy, file=path)
        folder = path.parent
        while not folder.exists() and folder != folder.parent:
            folder = folder.parent
        fit = folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)
    except OSError as fault:
        raise InputError(
            f"this must be writable, but the system says: {fault.strerror or fault}.",
            remedy=remedy,
            file=path,
        ) from fault
    if not fit:
        reason = "lets nothing be written" if folder.is_dir() else "is no folder"
        raise InputError(f"this must be writable, but {folder} {reason}.", remedy=remedy, file=path)


def _other_place(option: str) -> str:
    return f"Choose another place with {option}, or change its permissions."


def _drawn(request: BuildRequest) -> DrawnCompositions | None:
    if request.measured is None:
        return None
    rng = np.random.default_rng(request.seed)
    return draw_compositions(
        request.cuboid, request.compound, request.measured, request.images, rng
    )


def _images(request: BuildRequest, drawn: DrawnCompositions | None) -> list[Atoms]:
    from rich.console import Console

    progress = Bars(Console(stderr=True)) if request.images > 1 else Silent()
    return [
        _image(request, drawn, index, request.ligands)
        for index in progress.track(
            range(request.images), description="building", total=request.images
        )
    ]


def _image(
    request: BuildRequest, drawn: DrawnCompositions | None, index: int, ligands: Ligands
) -> Atoms:
    return build(
        request.cuboid,
        request.compound,
        request.seed + index,
        ligands=ligands,
        vacancies=request.vacancies,
        distortion=request.distortion,
        plan=None if drawn is None else drawn.compositions[index],
    )


def _arranged(request: BuildRequest, images: list[Atoms]) -> list[Atoms]:
    if request.grid is None:
        return images
    return [superlattice(images, request.grid.shape, gap_nm=request.grid.gap_nm)]


def _write(request: BuildRequest, first: Atoms, written: list[Atoms]) -> None:
    """Both files or neither: the picture waits beside its place until the structures stand."""
    try:
        with ExitStack() as stack:
            if request.picture is not None:
                beside = stack.enter_context(written_whole(request.picture))
                zc_figure(first).savefig(beside, dpi=200)
            if request.out is not None:
                write_structures(written, request.out)
    except InputError as fault:
        if request.picture is None or fault.file != str(request.picture):
            raise
        remedy = _other_place("--picture")
        raise InputError(fault.rule, remedy=remedy, file=fault.file) from fault


def _table(
    request: BuildRequest, images: list[Atoms], drawn: DrawnCompositions | None
) -> list[str]:
    """What the first dot is made of, whole; of an ensemble from counts also their spread."""
    heavy = isinstance(request.ligands, NoLigands)
    whole = _image(request, drawn, 0, HeadGroups()) if heavy else images[0]
    lines = composition_lines(whole, request.compound)
    if heavy:
        lines.append(heavy_line(images[0]))
    if drawn is not None:
        lines += spread_lines(drawn.compositions, drawn.feasible)
    return lines


def _written(request: BuildRequest, written: list[Atoms]) -> list[str]:
    dots = f"{len(written)} images" if len(written) > 1 else f"{len(written[0])} atoms"
    structures = [f"wrote       {request.out} ({dots})"] if request.out is not None else []
    return structures + ([f"wrote       {request.picture}"] if request.picture else [])
