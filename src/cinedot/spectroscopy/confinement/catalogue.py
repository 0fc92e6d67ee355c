"""Every law that speaks of a host, with what it was fitted to: none of them is the default."""

from collections.abc import Sequence
from dataclasses import dataclass

from cinedot.spectroscopy.confinement.boxes import (
    Dispersion,
    FiniteWalls,
    InfiniteWalls,
    NonParabolic,
    Parabolic,
    Well,
)
from cinedot.spectroscopy.confinement.calibrated import CalibratedWell, LayerTable, SizingCurve
from cinedot.spectroscopy.confinement.known_sizes import KnownSize, Source, sources
from cinedot.spectroscopy.confinement.semiconductors import Semiconductor
from cinedot.spectroscopy.confinement.shapes import Law
from cinedot.spectroscopy.confinement.spheres import (
    Brus,
    Correction,
    EdgeAsRadius,
    EqualVolume,
    HalfEdge,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedLaw:
    """A law, the parameters it is taken with, and what it was fitted to.

    Attributes:
        key: a word for it, as in "brus-edge".
        name: what a reader calls it.
        law: the law.
        semiconductor: its parameters.
        calibrated_on: whose data one of its constants, or its convention, was chosen to follow;
            None for a law that owes nothing to sizes and wavelengths. In a check on the same data
            such a law is no evidence: the check is `circular`.
        stands_on: what it takes for granted, in a sentence.
    """

    key: str
    name: str
    law: Law
    semiconductor: Semiconductor
    calibrated_on: Source | None
    stands_on: str

    def circular_for(self, recordings: str | None) -> bool:
        """Whether a check of this law on such recordings would check it by its own data.

        Args:
            recordings: whose they are, as `[sample] source` says; None where nobody said, which
                may be anybody's.

        Example:
            >>> from cinedot.spectroscopy.confinement.semiconductors import semiconductor_of
            >>> laws = {one.key: one for one in laws_of(semiconductor_of("MAPbBr3"))}
            >>> well = laws["well-calibrated"]
            >>> [well.circular_for(who) for who in (None, "Chevalier 2025", "ours, May 2026")]
            [True, True, False]
            >>> laws["box-nonparabolic"].circular_for(None)
            False
        """
        if self.calibrated_on is None:
            return False
        return recordings is None or self.calibrated_on.is_called(recordings)


def laws_of(
    semiconductor: Semiconductor,
    *,
    corrections: Sequence[Correction] = (),
    barrier_ev: float | None = None,
    own_size: KnownSize | None = None,
) -> tuple[NamedLaw, ...]:
    """All laws for a host.

    Args:
        semiconductor: its parameters. The calibrated laws, which follow recordings at room
            temperature, take the gap at room temperature where the table has it.
        corrections: further terms of the spheres' laws.
        barrier_ev: a height of walls to list, eV.
        own_size: a size to calibrate walls on.

    Example:
        >>> from cinedot.spectroscopy.confinement.semiconductors import semiconductor_of
        >>> [one.key for one in laws_of(semiconductor_of("FAPbBr3"))][:4]
        ['brus-edge', 'brus-half-edge', 'brus-equal-volume', 'box']
    """
    return (
        *_spheres(semiconductor, tuple(corrections)),
        *_boxes(semiconductor, barrier_ev),
        *_calibrated(semiconductor, own_size),
        *_published(semiconductor),
    )


def _spheres(
    semiconductor: Semiconductor, corrections: tuple[Correction, ...]
) -> tuple[NamedLaw, ...]:
    further = "".join(f", {one.words}" for one in corrections)
    paper = sources()["paper"]
    convention = "its convention is inferred: the only one that meets Fig. 1a's sizes and colours"
    rows = (
        ("brus-edge", EdgeAsRadius(), paper, convention),
        ("brus-half-edge", HalfEdge(), None, "the textbook's sphere, inside the cube"),
        ("brus-equal-volume", EqualVolume(), None, "infinite walls, parabolic bands"),
    )
    return tuple(
        NamedLaw(
            key=key,
            name=f"Brus, {radius.words}{further}",
            law=Brus(radius=radius, corrections=corrections),
            semiconductor=semiconductor,
            calibrated_on=source,
            stands_on=stands_on,
        )
        for key, radius, source, stands_on in rows
    )


def _boxes(semiconductor: Semiconductor, barrier_ev: float | None) -> tuple[NamedLaw, ...]:
    def named(key: str, dispersion: Dispersion, layers: int, stands_on: str) -> NamedLaw:
        length = "L = n a" if layers == 0 else "L = (n + 1) a"
        return NamedLaw(
            key=key,
            name=f"box, infinite walls, {dispersion.words}, {length}",
            law=Well(walls=InfiniteWalls(), dispersion=dispersion, added_layers=layers),
            semiconductor=semiconductor,
            calibrated_on=None,
            stands_on=stands_on,
        )

    beyond = "carriers reach half a cell beyond the outer planes"
    literature = "literature sizing: follows published sizes of CsPbBr3 dots"
    laws = (
        named("box", Parabolic(), 0, "constant masses"),
        named("box-layer", Parabolic(), 1, beyond),
        named("box-nonparabolic", NonParabolic(), 0, literature),
        named("box-nonparabolic-layer", NonParabolic(), 1, beyond),
    )
    if barrier_ev is None:
        return laws
    walls = FiniteWalls(barrier_ev=barrier_ev)
    stated = NamedLaw(
        key="box-finite",
        name=f"box, {walls.words} as stated, L = n a",
        law=Well(walls=walls, dispersion=Parabolic(), added_layers=0),
        semiconductor=semiconductor,
        calibrated_on=None,
        stands_on="the height of the walls as stated",
    )
    return (*laws, stated)


def _calibrated(semiconductor: Semiconductor, own_size: KnownSize | None) -> tuple[NamedLaw, ...]:
    paper = sources()["paper"]
    known = [(size, paper) for size in paper.of_host(semiconductor.host, "cube")]
    if own_size is not None:
        mine = Source(
            key="stated",
            title=own_size.words,
            short="your own size",
            names=(),
            sizes=(own_size,),
            evidence="estimated",
        )
        known.append((own_size, mine))
    warm = _warm(semiconductor)
    return tuple(
        NamedLaw(
            key="well-calibrated" if source is paper else "well-own",
            name=f"box, finite walls fitted to {size.words}, L = n a",
            law=CalibratedWell(size=size),
            semiconductor=warm,
            calibrated_on=source,
            stands_on="one free height of walls takes up all that is wrong at the known size",
        )
        for size, source in known
    )


def _published(semiconductor: Semiconductor) -> tuple[NamedLaw, ...]:
    laws: list[NamedLaw] = []
    curve, layers = sources()["protesescu-2015"], sources()["bohn-2018"]
    sizes = curve.of_host(semiconductor.host, "cube")
    if len(sizes) == 2:
        laws.append(
            NamedLaw(
                key="curve",
                name="curve through published cubes, 3.8 and 11.8 nm",
                law=SizingCurve(small=sizes[0], large=sizes[1]),
                semiconductor=_warm(semiconductor),
                calibrated_on=curve,
                stands_on="literature sizing: two published sizes and the gap",
            )
        )
    platelets = layers.of_host(semiconductor.host, "platelet")
    if platelets:
        laws.append(
            NamedLaw(
                key="layers",
                name="published platelets, 2 to 6 layers",
                law=LayerTable(sizes=platelets),
                semiconductor=_warm(semiconductor),
                calibrated_on=layers,
                stands_on="measured platelets, straight lines between them",
            )
        )
    return tuple(laws)


def _warm(semiconductor: Semiconductor) -> Semiconductor:
    """The gap at room temperature, where the table knows it and nobody stated another."""
    if semiconductor.room_gap is None or semiconductor.gap_at == "stated":
        return semiconductor
    return semiconductor.at_room_temperature()
