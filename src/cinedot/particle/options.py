"""The options of `cinedot build` as they are typed, read into what they ask for."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cinedot.core import Estimate, InputError
from cinedot.core.units import quantity
from cinedot.particle.command import BuildRequest, Grid
from cinedot.particle.compound_files import compound_named
from cinedot.particle.compounds import Compound
from cinedot.particle.cuboid import Cuboid
from cinedot.particle.distortion import Distortion, Strain, Tilts
from cinedot.particle.host import Host, host_named
from cinedot.particle.ligands import AllAtoms, Hands, HeadGroups, Ligands, NoLigands
from cinedot.particle.phases import CUBIC, phase_named
from cinedot.particle.vacancies import AtRandom, Boltzmann, ByRule, CoulombGround, Vacancies

_COUNT = re.compile(r"^(?P<ion>[^=]+)=(?P<value>.+?)(?:(?:\+-|±|\+/-)(?P<sigma>.+))?$")
_WHOLE = re.compile(r"[+-]?\d{1,12}")
_GAP_NM = 1.8


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildOptions:
    """The options of `cinedot build`, as they were typed; None where one was not.

    Attributes:
        host: its name; None for the one that the compound is made with.
        edges: "4" or "4,4,5".
        compound: a name, or a TOML file.
        seed: chance of the first image; image i has seed + i.
        images: how many dots.
        out: the file of structures.
        heavy, heads: heavy atoms only; bound head groups only.
        hands: "R", "S" or "racemic", of whole ligands; S unless given.
        vacancies: "rule", "coulomb", "boltzmann" or "random".
        temperature: of `boltzmann`, as in "298 K".
        permittivity: of `boltzmann`.
        phase: name of a phase of the host.
        tilts: Glazer symbol and angles about x, y, z in degrees, as in "a-a-c+ 9,9,12".
        strain: elongations along x, y, z in percent, as in "0.5,0.5,-1".
        acid_charge: z, in place of the compound's own.
        counts: measured counts, as in "Cs=58,Br=237+-6".
        superlattice: "2,2,2"; gap: between its dots, as in "1.8 nm", its default.
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
    hands: str | None = None
    vacancies: str = "rule"
    temperature: str | None = None
    permittivity: float | None = None
    phase: str = CUBIC
    tilts: str | None = None
    strain: str | None = None
    acid_charge: int | None = None
    counts: str | None = None
    superlattice: str | None = None
    gap: str | None = None
    picture: Path | None = None


def read_options(options: BuildOptions) -> BuildRequest:
    """What the options ask for.

    Raises:
        InputError: one that cannot be read, or that would have no effect beside the others.

    Example:
        >>> read_options(BuildOptions(edges="2,2,3", compound="prototype")).cuboid.edges
        (2, 2, 3)
    """
    compound = compound_named(options.compound)
    if options.acid_charge is not None:
        compound = compound.with_acid_charge(options.acid_charge)
    cuboid = Cuboid(
        edges=_three(options.edges, option="--edges", example="4,4,4"),
        host=_host(options.host, compound),
    )
    return BuildRequest(
        cuboid=cuboid,
        compound=compound,
        seed=options.seed,
        images=options.images,
        ligands=_ligands(options),
        vacancies=_vacancies(options),
        distortion=_distortion(options, cuboid.host),
        measured=None if options.counts is None else _measured(options.counts),
        grid=_grid(options),
        out=options.out,
        picture=options.picture,
    )


def _host(name: str | None, compound: Compound) -> Host:
    return host_named(name if name is not None else f"{compound.a_ion or 'Cs'}PbBr3")


def _three(text: str, *, option: str, example: str) -> tuple[int, int, int]:
    parts = [part.strip() for part in text.split(",")]
    if len(parts) not in (1, 3) or not all(_WHOLE.fullmatch(part) for part in parts):
        raise InputError(
            f"`{option}` must be one or three whole numbers, but is {text!r}.",
            remedy=f"Write it as in {example}.",
        )
    x, y, z = (int(part) for part in (parts * 3 if len(parts) == 1 else parts))
    return x, y, z


def _ligands(options: BuildOptions) -> Ligands:
    named = {hands.value.lower(): hands for hands in Hands}
    if options.heavy and options.heads:
        raise InputError("`--heavy` and `--heads` must not both be given.", remedy="Leave one out.")
    if options.hands is None:
        hands = Hands.S
    elif options.hands.lower() in named:
        hands = named[options.hands.lower()]
    else:
        raise InputError(
            f"`--hands` must be R, S or racemic, but is {options.hands!r}.",
            remedy="Natural malic acid is S.",
        )
    if options.hands is not None and (options.heavy or options.heads):
        only = "--heavy" if options.heavy else "--heads"
        raise _of_no_effect("--hands", f"whole ligands, which `{only}` leaves out")
    if options.heavy:
        return NoLigands()
    return HeadGroups() if options.heads else AllAtoms(hands=hands)


def _of_no_effect(option: str, needs: str) -> InputError:
    return InputError(
        f"`{option}` must be given with {needs}.",
        remedy=f"It would have no effect: leave {option} out.",
    )


def _vacancies(options: BuildOptions) -> Vacancies:
    if options.vacancies == "boltzmann":
        usual = Boltzmann()
        temperature, permittivity = options.temperature, options.permittivity
        return Boltzmann(
            temperature_k=(
                usual.temperature_k
                if temperature is None
                else quantity(temperature, "K", key="--temperature")
            ),
            relative_permittivity=(
                usual.relative_permittivity if permittivity is None else permittivity
            ),
        )
    simple = {"rule": ByRule(), "coulomb": CoulombGround(), "random": AtRandom()}
    if options.vacancies not in simple:
        raise InputError(
            f"`--vacancies` must be rule, coulomb, boltzmann or random, "
            f"but is {options.vacancies!r}.",
            remedy="By rule corners are empty first, then edges.",
        )
    for option, given in (
        ("--temperature", options.temperature),
        ("--permittivity", options.permittivity),
    ):
        if given is not None:
            raise _of_no_effect(option, "`--vacancies boltzmann`")
    return simple[options.vacancies]


def _distortion(options: BuildOptions, host: Host) -> Distortion:
    stored = phase_named(host, options.phase)
    tilts, strain = stored.tilts, stored.strain
    if options.tilts is not None:
        symbol, _, angles = options.tilts.strip().partition(" ")
        x, y, z = _three_numbers(angles, option="--tilts", example='"a-a-c+ 9,9,12"')
        tilts = Tilts.glazer(symbol, angles_deg=(x, y, z))
    if options.strain is not None:
        x, y, z = _three_numbers(options.strain, option="--strain", example='"0.5,0.5,-1"')
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


def _measured(text: str) -> Mapping[str, Estimate]:
    measured: dict[str, Estimate] = {}
    for part in text.split(","):
        match = _COUNT.match(part.replace(" ", ""))
        value = None if match is None else _finite(match["value"])
        sigma = None if match is None or match["sigma"] is None else _finite(match["sigma"])
        unread = match is not None and match["sigma"] is not None and sigma is None
        if match is None or value is None or unread or (sigma or 0.0) < 0:
            raise InputError(
                f"`--counts` must be atoms per dot by ion, but {part!r} is not.",
                remedy='Write it as in "Cs=58,Br=237+-6,MLA=9.6+-2".',
            )
        if match["ion"] in measured:
            raise InputError(
                f"`--counts` must name each ion once, but names {match['ion']} again in {part!r}.",
                remedy="Leave one of them out.",
            )
        measured[match["ion"]] = Estimate(value=value, sigma=sigma, unit="", method="stated")
    return measured


def _finite(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _grid(options: BuildOptions) -> Grid | None:
    if options.superlattice is None:
        if options.gap is not None:
            raise _of_no_effect("--gap", "`--superlattice`")
        return None
    gap_nm = _GAP_NM if options.gap is None else _gap_nm(options.gap)
    return Grid(
        shape=_three(options.superlattice, option="--superlattice", example="2,2,2"), gap_nm=gap_nm
    )


def _gap_nm(text: str) -> float:
    if _finite(text) is not None:
        raise InputError(
            f"`--gap` must have a unit, but is {text!r}.", remedy='Write it as in "1.8 nm".'
        )
    return quantity(text, "nm", key="--gap")
