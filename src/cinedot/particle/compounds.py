"""Surface compounds as data: what an acid replaces, which A sites hold ammonium or nothing."""

from dataclasses import dataclass, replace
from fractions import Fraction

from cinedot.core import InputError
from cinedot.particle.host import hosts

A_SITE_KINDS = ("face", "edge", "corner")
LONGEST_ION_NAME = 16
"""Characters of an ion's name. Atoms hold names in arrays of this width, which would cut longer
ones, so that ions would no longer be found by their names."""
ION_NAMES = f"U{LONGEST_ION_NAME}"
"""The type of such an array."""


def _require_name(key: str, name: str) -> None:
    # White space would split the column of names in an extended XYZ file.
    if not 1 <= len(name) <= LONGEST_ION_NAME or name.split() != [name]:
        raise InputError(
            f"`{key}` must be one word of 1 to {LONGEST_ION_NAME} characters, but is {name!r}.",
            remedy="Give it a short name; its structure stands in `smiles`.",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Acid:
    """An acid's anion, bound through oxygen to each corner metal in place of its halides.

    Attributes:
        ion: name of the anion, as in "malate"; one word of at most 16 characters.
        symbol: its short name in tables, as in "MLA"; likewise.
        charge: z, its negative charges when bound.
        donors: oxygens that bind: 1, 2 or 3.
        halides_replaced: terminal halides that it takes from each corner metal, which of them is
            chance; at least `donors`, at most 3, one along each axis.
        edge_halides_removed: share of the edge metals' terminal halides that are gone as well.
        bond_angstrom: distance from the metal to a bound oxygen, along the removed bond.
        smiles: the anion with its donors mapped 1, 2, 3; None for one that cinedot knows.

    Raises:
        InputError: a name that is none, a number out of range.
    """

    ion: str
    symbol: str
    charge: int
    donors: int = 1
    halides_replaced: int = 1
    edge_halides_removed: Fraction = Fraction(0)
    bond_angstrom: float = 2.5
    smiles: str | None = None

    def __post_init__(self) -> None:
        _require_name("ion", self.ion)
        _require_name("symbol", self.symbol)
        if self.charge < 1:
            raise InputError(
                f"`charge` must be the acid's number of negative charges, but is {self.charge}.",
                remedy="Hydrogen malate has 1.",
            )
        if not 1 <= self.donors <= self.halides_replaced <= 3:
            raise InputError(
                "`donors` must be 1, 2 or 3 and at most `halides_replaced`, itself at most 3, "
                f"but they are {self.donors} and {self.halides_replaced}.",
                remedy="Each donor takes the place of a terminal halide of a corner metal.",
            )
        if not 0 <= self.edge_halides_removed <= 1:
            raise InputError(
                f"`edge_halides_removed` must be a share, but is {self.edge_halides_removed}.",
                remedy='Write it as "1/2".',
            )
        if not 1.5 <= self.bond_angstrom <= 4.0:
            raise InputError(
                f"`bond_angstrom` must be a metal-oxygen distance, but is {self.bond_angstrom}.",
                remedy="Lead carboxylates have 2.4 to 2.6.",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Ammonium:
    """A long-chain ammonium that sits on surface A sites.

    Attributes:
        ion: as in "OAMH+"; one word of at most 16 characters.
        sites: kinds of A sites that it holds, in order: the first fully, each next one as far
            as the balance of charges asks.
        lift_angstrom: how far its nitrogen stands out of the A site.
        smiles: the cation with its nitrogen mapped 1; None for one that cinedot knows.

    Raises:
        InputError: a name that is none, no kind of site, or one that does not exist.
    """

    ion: str
    sites: tuple[str, ...] = ("edge", "face")
    lift_angstrom: float = 0.4
    smiles: str | None = None

    def __post_init__(self) -> None:
        _require_name("ion", self.ion)
        if not self.sites or set(self.sites) - set(A_SITE_KINDS):
            raise InputError(
                f"`sites` must name kinds of A sites, but is {list(self.sites)}.",
                remedy=f"The kinds are {', '.join(A_SITE_KINDS)}.",
            )
        if len(set(self.sites)) != len(self.sites):
            raise InputError(
                f"`sites` must name each kind once, but is {list(self.sites)}.",
                remedy="Leave the second out.",
            )
        if not 0 <= self.lift_angstrom <= 3:
            raise InputError(
                f"`lift_angstrom` must be from 0 to 3, but is {self.lift_angstrom}.",
                remedy="0.3 to 0.5 is usual.",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceShare:
    """A ions on this share of all face A sites, dealt evenly over the faces."""

    share: Fraction

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise InputError(
                f"`a_ions_on_faces` must be a share from 0 to 1, but is {self.share}.",
                remedy='Write it as "31/54".',
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceCount:
    """So many A ions on each of the six faces."""

    each: int

    def __post_init__(self) -> None:
        if self.each < 0:
            raise InputError(
                f"`a_ions_a_face` must not be negative, but is {self.each}.",
                remedy="The paper's compound 2 has about 5.",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Compound:
    """A surface chemistry.

    Without ammonium, A ions alone balance the charges and leave corners, then edges, empty.
    With it, the kinds of A sites that ammonium does not hold are empty but for the A ions on
    faces, and ammonium balances the charges (science.md 2.3, the grid-consistent placement).

    Attributes:
        name: as on the command line.
        a_ion: the A ion that it was made with; None for any.
        acid: what is bound at the corners, or None.
        ammonium: what sits on the surface's A sites, or None.
        a_on_faces: A ions that the faces keep; of no effect without ammonium.
        source: where it is described.
        assumption: what in it is assumed; "" for nothing.

    Raises:
        InputError: an A ion of no known host, acid and ammonium of one name.
    """

    name: str
    a_ion: str | None = None
    acid: Acid | None = None
    ammonium: Ammonium | None = None
    a_on_faces: FaceShare | FaceCount = FaceShare(share=Fraction(1))
    source: str = ""
    assumption: str = ""

    def __post_init__(self) -> None:
        known = dict.fromkeys(host.a_ion for host in hosts().values())
        if self.a_ion is not None and self.a_ion not in known:
            raise InputError(
                f"`a_ion` must be the A ion of a known host, but is {self.a_ion!r}.",
                remedy=f"Known: {', '.join(known)}; leave it out for any.",
            )
        if (
            self.acid is not None
            and self.ammonium is not None
            and self.ammonium.ion in (self.acid.ion, self.acid.symbol)
        ):
            raise InputError(
                "acid and ammonium must have names of their own, but both are "
                f"{self.ammonium.ion!r}.",
                remedy="Ions are told apart by their names: rename one.",
            )

    def with_acid_charge(self, charge: int) -> "Compound":
        """The same compound with its acid in another state of charge.

        Raises:
            InputError: it has no acid, or one whose SMILES fixes the charge.

        Example:
            >>> from cinedot.particle.compound_files import compound_named
            >>> compound_named("mla-cs").with_acid_charge(2).acid.charge
            2
        """
        if self.acid is None or self.acid.smiles is not None:
            reason = "has no acid" if self.acid is None else "states its acid's SMILES"
            raise InputError(
                f"an acid's charge must belong to a known acid, but {self.name} {reason}.",
                remedy="Leave the charge out.",
            )
        return replace(self, acid=replace(self.acid, charge=charge))
