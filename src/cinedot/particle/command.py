"""What `cinedot build` does: read the options, build, write, print the table."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ase import Atoms

from cinedot.core import Bars, Estimate, InputError, Silent
from cinedot.core.files import written_whole
from cinedot.core.units import quantity
from cinedot.particle.build import build, composition
from cinedot.particle.compound_files import compound_named
from cinedot.particle.compounds import Compound
from cinedot.particle.cuboid import Cuboid
from cinedot.particle.distortion import Distortion, Strain, Tilts
from cinedot.particle.host import Host, host_named
from cinedot.particle.ligands import AllAtoms, Hands, HeadGroups, Ligands, NoLigands
from cinedot.particle.measured_counts import DrawnCompositions, draw_compositions
from cinedot.particle.phases import CUBIC, phase_named
from cinedot.particle.report import composition_lines, heavy_line, spread_lines
from cinedot.particle.structure_files import require_writable_format, write_structures
from cinedot.particle.superlattice import superlattice
from cinedot.particle.vacancies import AtRandom, Boltzmann, ByRule, CoulombGround, Vacancies
from cinedot.particle.zc_figure import zc_figure

_COUNT = re.compile(r"^(?P<ion>[^=]+)=(?P<value>[\d.]+)(?:(?:\+-|±|\+/-)(?P<sigma>[\d.]+))?$")
_PICTURES = (".png", ".svg", ".pdf")


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildRequest:
    """The options of `cinedot build`, as they were typed.

    Attributes:
        host: its name; None for the one that the compound is made with.
        edges: "4" or "4,4,5".
        compound: a name, or a TOML file.
        seed: chance of the first image; image i has seed + i.
        images: how many dots.
        out: the file of structures; None for none.
        heavy, heads: heavy atoms only; bound head groups only.
        hands: "R", "S" or "racemic".
        vacancies: "rule", "coulomb", "boltzmann" or "random".
        temperature: of `boltzmann`, as in "298 K".
        permittivity: of `boltzmann`.
        phase: name of a phase of the host.
        tilts: Glazer symbol and angles about x, y, z in degrees, as in "a-a-c+ 9,9,12".
        strain: elongations along x, y, z in percent, as in "0.5,0.5,-1".
        acid_charge: z, in place of the compound's own.
        counts: measured counts, as in "Cs=58,Br=237+-6".
        superlattice: "2,2,2"; gap: between dots, as in "1.8 nm".
        picture: file of a picture of the first dot's Z-correlated model.
    """

    host: str | None = None
    edges: str = "4"
    compound: str = "mla-cs"
    seed: int = 0
    images: int = 1
    out: Path | None = None
    heavy: bool = False
    heads: bool = False
    hands: str = "S"
    vacancies: str = "rule"
    temperature: str = "298 K"
    permittivity: float = 6.0
    phase: str = CUBIC
    tilts: str | None = None
    strain: str | None = None
    acid_charge: int | None = None
    counts: str | None = None
    superlattice: str | None = None
    gap: str = "1.8 nm"
    picture: Path | None = None


def build_structures(request: BuildRequest) -> str:
    """Build what was asked for, write it, and say in a table what it is.

    Raises:
        InputError: an option that cannot be used; nothing is written then.
    """
    compound = compound_named(request.compound)
    if request.acid_charge is not None:
        compound = compound.with_acid_charge(request.acid_charge)
    cuboid = Cuboid(edges=_edges(request.edges), host=_host(request.host, compound))
    ligands, vacancies = _ligands(request), _vacancies(request)
    distortion = _distortion(request, cuboid.host)
    _require_writable(request)
    drawn = _drawn(request, cuboid, compound)
    images = _images(request, cuboid, compound, ligands, vacancies, distortion, drawn)
    written = _arranged(request, images)
    if request.out is not None:
        write_structures(written, request.out)
    if request.picture is not None:
        _draw(images[0], request.picture)
    plan = None if drawn is None else drawn.compositions[0]
    whole = build(
        cuboid, compound, request.seed, ligands=HeadGroups(), vacancies=vacancies, plan=plan
    )
    lines = composition_lines(whole, compound)
    if request.heavy:
        lines.append(heavy_line(images[0]))
    if drawn is not None:
        lines += spread_lines([composition(one) for one in images], drawn.feasible)
    edges = "x".join(str(n) for n in cuboid.edges)
    title = f"{compound.name} on {cuboid.host.name} {edges}, seed {request.seed}"
    return "\n".join([title, "", *lines, *_written(request, written)])


def _require_writable(request: BuildRequest) -> None:
    if request.images < 1:
        raise InputError(
            f"`--ensemble` must be at least 1, but is {request.images}.",
            remedy="It says how many dots are drawn.",
        )
    if request.out is not None:
        one = request.superlattice is not None
        require_writable_format(request.out, 1 if one else request.images)
    if request.picture is not None and request.picture.suffix.lower() not in _PICTURES:
        raise InputError(
            f"a picture's ending must name a format, but {request.picture.name!r} does not.",
            remedy=f"Known: {', '.join(_PICTURES)}.",
        )


def _images(
    request: BuildRequest,
    cuboid: Cuboid,
    compound: Compound,
    ligands: Ligands,
    vacancies: Vacancies,
    distortion: Distortion,
    drawn: DrawnCompositions | None,
) -> list[Atoms]:
    from rich.console import Console

    progress = Bars(Console(stderr=True)) if request.images > 1 else Silent()
    return [
        build(
            cuboid,
            compound,
            request.seed + index,
            ligands=ligands,
            vacancies=vacancies,
            distortion=distortion,
            plan=None if drawn is None else drawn.compositions[index],
        )
        for index in progress.track(
            range(request.images), description="building", total=request.images
        )
    ]


def _host(name: str | None, compound: Compound) -> Host:
    return host_named(name if name is not None else f"{compound.a_ion or 'Cs'}PbBr3")


def _edges(text: str) -> tuple[int, int, int]:
    parts = _integers(text, option="--edges", example="4,4,4")
    x, y, z = parts * 3 if len(parts) == 1 else parts
    return x, y, z


def _integers(text: str, *, option: str, example: str) -> tuple[int, ...]:
    parts = [part.strip() for part in text.split(",")]
    if len(parts) not in (1, 3) or not all(re.fullmatch(r"[+-]?\d+", part) for part in parts):
        raise InputError(
            f"`{option}` must be one or three whole numbers, but is {text!r}.",
            remedy=f"Write it as in {example}.",
        )
    return tuple(int(part) for part in parts)


def _ligands(request: BuildRequest) -> Ligands:
    named = {hands.value.lower(): hands for hands in Hands}
    if request.hands.lower() not in named:
        raise InputError(
            f"`--hands` must be R, S or racemic, but is {request.hands!r}.",
            remedy="Natural malic acid is S.",
        )
    if request.heavy and request.heads:
        raise InputError("`--heavy` and `--heads` must not both be given.", remedy="Leave one out.")
    if request.heavy:
        return NoLigands()
    return HeadGroups() if request.heads else AllAtoms(hands=named[request.hands.lower()])


def _vacancies(request: BuildRequest) -> Vacancies:
    if request.vacancies == "boltzmann":
        return Boltzmann(
            temperature_k=quantity(request.temperature, "K", key="--temperature"),
            relative_permittivity=request.permittivity,
        )
    simple = {"rule": ByRule(), "coulomb": CoulombGround(), "random": AtRandom()}
    if request.vacancies not in simple:
        raise InputError(
            f"`--vacancies` must be rule, coulomb, boltzmann or random, "
            f"but is {request.vacancies!r}.",
            remedy="By rule corners are empty first, then edges.",
        )
    return simple[request.vacancies]


def _distortion(request: BuildRequest, host: Host) -> Distortion:
    stored = phase_named(host, request.phase)
    tilts, strain = stored.tilts, stored.strain
    if request.tilts is not None:
        symbol, _, angles = request.tilts.strip().partition(" ")
        x, y, z = _three_numbers(angles, option="--tilts", example='"a-a-c+ 9,9,12"')
        tilts = Tilts.glazer(symbol, angles_deg=(x, y, z))
    if request.strain is not None:
        x, y, z = _three_numbers(request.strain, option="--strain", example='"0.5,0.5,-1"')
        strain = Strain(xx=x / 100, yy=y / 100, zz=z / 100)
    return Distortion(tilts=tilts, strain=strain)


def _three_numbers(text: str, *, option: str, example: str) -> tuple[float, float, float]:
    try:
        x, y, z = (float(part) for part in text.split(","))
    except ValueError:
        raise InputError(
            f"`{option}` must hold three numbers, but they are {text!r}.",
            remedy=f"Write it as in {example}.",
        ) from None
    return x, y, z


def _drawn(request: BuildRequest, cuboid: Cuboid, compound: Compound) -> DrawnCompositions | None:
    if request.counts is None:
        return None
    measured: dict[str, Estimate] = {}
    for part in request.counts.split(","):
        match = _COUNT.match(part.replace(" ", ""))
        if match is None:
            raise InputError(
                f"`--counts` must be atoms per dot by ion, but {part!r} is not.",
                remedy='Write it as in "Cs=58,Br=237+-6,MLA=9.6+-2".',
            )
        sigma = match["sigma"]
        measured[match["ion"]] = Estimate(
            value=float(match["value"]),
            sigma=None if sigma is None else float(sigma),
            unit="",
            method="stated",
        )
    rng = np.random.default_rng(request.seed)
    return draw_compositions(cuboid, compound, measured, request.images, rng)


def _arranged(request: BuildRequest, images: list[Atoms]) -> list[Atoms]:
    if request.superlattice is None:
        return images
    shape = _integers(request.superlattice, option="--superlattice", example="2,2,2")
    x, y, z = shape * 3 if len(shape) == 1 else shape
    return [superlattice(images, (x, y, z), gap_nm=quantity(request.gap, "nm", key="--gap"))]


def _draw(dot: Atoms, path: Path) -> None:
    with written_whole(path) as beside:
        zc_figure(dot).savefig(beside, dpi=200)


def _written(request: BuildRequest, written: list[Atoms]) -> list[str]:
    dots = f"{len(written)} images" if len(written) > 1 else f"{len(written[0])} atoms"
    structures = [f"wrote       {request.out} ({dots})"] if request.out is not None else []
    return structures + ([f"wrote       {request.picture}"] if request.picture else [])
