"""Which ions a solution of a dot's reagents can give: all charges that its parts allow."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from cinedot.composition.ions import Ion, charge_text, hill, ion_of
from cinedot.composition.isotopes import commonest_mz
from cinedot.core import InputError
from cinedot.particle import Host

_FORMULAS = {"MA": "CH6N", "FA": "CH5N2"}

HIGHEST_MZ = 2000.0
MOST_METAL = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Reagents:
    """What ions are put together from.

    Attributes:
        metal: of charge 2.
        halide: of charge -1.
        cation: formula of the A ion, charge 1.
        cation_name: how it is written.
        acid: formula of the neutral ligand acid.
        least_protons, most_protons: how many protons each bound acid has lost.
        ammonium: formula of the ligand cation, charge 1.
        most_ammonium: how many of it an ion may hold.
    """

    metal: str = "Pb"
    halide: str = "Br"
    cation: str = "Cs"
    cation_name: str = "Cs"
    acid: str = "C4H6O5"
    least_protons: int = 1
    most_protons: int = 3
    ammonium: str = "C18H38N"
    most_ammonium: int = 0

    @classmethod
    def of(cls, host: Host, *, most_ammonium: int = 0) -> "Reagents":
        """Those of a host with malic acid and oleylamine.

        Example:
            >>> from cinedot.particle import host_named
            >>> Reagents.of(host_named("MAPbBr3")).cation
            'CH6N'
        """
        return cls(
            metal=host.b_ion,
            halide=host.x_ion,
            cation=_FORMULAS.get(host.a_ion, host.a_ion),
            cation_name=host.a_ion,
            most_ammonium=most_ammonium,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Counts:
    """How many of each part an ion has, and the protons that its acids have lost in all."""

    metal: int
    ammonium: int
    cation: int
    acid: int
    halide: int
    lost: int

    @property
    def parts(self) -> int:
        return self.metal + self.ammonium + self.cation + self.acid + self.halide


def ion_candidates(
    reagents: Reagents,
    *,
    charges: Sequence[int] = (-1, -2),
    most_metal: int = MOST_METAL,
    highest_mz: float = HIGHEST_MZ,
) -> tuple[Ion, ...]:
    """Every ion [M_p X_q A_r (acid)_L (ammonium)_s] of the charges asked for.

    The charge is 2p + r + s - q - d, with d the protons that the L acids have lost together.
    How they are shared among the acids does not change the formula, so that each
    formula comes once, with the protons spread as evenly as can be. Ions of more than one charge
    hold a metal: two charges on a small organic ion do not last in the gas.

    Args:
        reagents: the parts.
        charges: in units of the positron's.
        most_metal: the largest p.
        highest_mz: ions beyond it are left out, by their commonest isotopes.

    Raises:
        InputError: a charge of 0.

    Source: science.md 5 (generator).

    Example:
        >>> small = ion_candidates(Reagents(), charges=(-1,), most_metal=1, highest_mz=450.0)
        >>> [ion.name for ion in small if "Pb" in ion.name][:3]
        ['[PbBr3]-', '[PbBr(C4H4O5)]-', '[Pb(C4H3O5)]-']
    """
    if 0 in charges:
        raise InputError("`charges` must not hold 0.", remedy="Give -1, -2 or 1, 2.")
    return _candidates(reagents, tuple(charges), most_metal, highest_mz)


@cache
def _candidates(
    reagents: Reagents, charges: tuple[int, ...], most_metal: int, highest_mz: float
) -> tuple[Ion, ...]:
    found: list[Ion] = []
    for charge in charges:
        for counts in _combinations(reagents, charge, most_metal, highest_mz):
            found.append(_written(reagents, counts, charge))
    return tuple(found)


def _combinations(
    reagents: Reagents, charge: int, most_metal: int, highest_mz: float
) -> Iterator[_Counts]:
    heaviest = highest_mz * abs(charge)
    metal, cation, acid, halide, ammonium, proton = _masses(reagents)
    for p in range(int(abs(charge) > 1), most_metal + 1):
        for s in range(reagents.most_ammonium + 1):
            left = heaviest - p * metal - s * ammonium
            for r in range(int(left / cation) + 1 if left >= 0 else 0):
                for acids in range(int((left - r * cation) / (acid - 3 * proton)) + 1):
                    fewest, most = acids * reagents.least_protons, acids * reagents.most_protons
                    for lost in range(fewest, most + 1):
                        q = 2 * p + r + s - charge - lost
                        rest = left - r * cation - acids * acid + lost * proton
                        if q >= 0 and q * halide <= rest and p + s + r + acids + q:
                            yield _Counts(
                                metal=p, ammonium=s, cation=r, acid=acids, halide=q, lost=lost
                            )


def _masses(reagents: Reagents) -> tuple[float, float, float, float, float, float]:
    """Of the commonest isotopes, Da: metal, cation, acid, halide, ammonium, proton."""
    parts = (reagents.metal, reagents.cation, reagents.acid, reagents.halide, reagents.ammonium)
    metal, cation, acid, halide, ammonium = (commonest_mz(ion_of(part, 1)) for part in parts)
    return metal, cation, acid, halide, ammonium, commonest_mz(ion_of("H", 1))


def _written(reagents: Reagents, counts: _Counts, charge: int) -> Ion:
    pieces = [
        _piece(reagents.cation_name, counts.cation),
        _piece(reagents.metal, counts.metal),
        _piece(reagents.halide, counts.halide),
    ]
    atoms: dict[str, int] = {}
    _add(atoms, reagents.cation, counts.cation)
    _add(atoms, reagents.metal, counts.metal)
    _add(atoms, reagents.halide, counts.halide)
    _add(atoms, reagents.acid, counts.acid)
    atoms["H"] = atoms.get("H", 0) - counts.lost
    if counts.acid:
        lost, more = divmod(counts.lost, counts.acid)
        pieces.append(_acid_piece(reagents, lost, counts.acid - more))
        pieces.append(_acid_piece(reagents, lost + 1, more))
    _add(atoms, reagents.ammonium, counts.ammonium)
    pieces.append(_piece(f"({reagents.ammonium})", counts.ammonium))
    text = "".join(pieces)
    text = text.strip("()") if counts.parts == 1 else f"[{text}]"
    name = text + charge_text(charge)
    return Ion(name=name, atoms=hill(atoms), charge=charge, parts=counts.parts)


def _piece(symbol: str, count: int) -> str:
    if count == 0:
        return ""
    # A name of several letters that is no element (MA, FA) reads apart in brackets only.
    spelled = f"({symbol})" if symbol in _FORMULAS and count > 1 else symbol
    return f"{spelled}{count if count > 1 else ''}"


def _acid_piece(reagents: Reagents, lost: int, count: int) -> str:
    if count == 0:
        return ""
    atoms = dict(_atoms_of(reagents.acid))
    atoms["H"] -= lost
    formula = "".join(f"{element}{n if n > 1 else ''}" for element, n in hill(atoms))
    return _piece(f"({formula})", count)


def _add(atoms: dict[str, int], formula: str, times: int) -> None:
    if times:
        for element, count in _atoms_of(formula):
            atoms[element] = atoms.get(element, 0) + times * count


@cache
def _atoms_of(formula: str) -> tuple[tuple[str, int], ...]:
    return ion_of(formula, 1).atoms
