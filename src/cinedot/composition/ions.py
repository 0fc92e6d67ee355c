"""Ions: a formula with a charge, and how a chemist writes them."""

from collections.abc import Mapping
from dataclasses import dataclass

from scipy.constants import physical_constants

from cinedot.core import InputError

ELECTRON_DA = physical_constants["electron mass in u"][0]
"""Mass of an electron, Da (5.485799e-4): an anion is heavier than its atoms by that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ion:
    """Atoms with a charge.

    Attributes:
        name: as a chemist writes it: "[PbBr2(C4H5O5)]-".
        atoms: (element, count), in Hill's order.
        charge: in units of the positron's; never 0.
        parts: how many building blocks it has; the fewer, the simpler.
    """

    name: str
    atoms: tuple[tuple[str, int], ...]
    charge: int
    parts: int = 1

    def __post_init__(self) -> None:
        if self.charge == 0:
            raise InputError(
                f"an ion must have a charge, but {self.name} has none.",
                remedy="Neutral species do not show in a mass spectrum.",
            )

    @property
    def formula(self) -> str:
        """Its atoms in Hill's order, without the charge: "C4H5Br2O5Pb"."""
        return "".join(f"{element}{count if count > 1 else ''}" for element, count in self.atoms)

    @property
    def key(self) -> tuple[str, int]:
        """Formula and charge: what a mass spectrum can tell of it, whatever its name."""
        return self.formula, self.charge


def ion_of(formula: str, charge: int, *, name: str | None = None) -> Ion:
    """An ion from its formula.

    Args:
        formula: as in "PbBr2(C4H5O5)"; brackets may be nested.
        charge: in units of the positron's.
        name: how to write it; formula and charge otherwise.

    Raises:
        InputError: no formula, unknown elements, or no charge.

    Example:
        >>> ion_of("PbBr2(C4H5O5)", -1).name, ion_of("PbBr2(C4H5O5)", -1).formula
        ('[PbBr2(C4H5O5)]-', 'C4H5Br2O5Pb')
    """
    from ase.data import atomic_numbers
    from ase.formula import Formula

    try:
        counts = Formula(formula).count()
    except ValueError:
        counts = {}
    unknown = [element for element in counts if atomic_numbers.get(element, 0) < 1]
    if unknown or not counts:
        raise InputError(
            f"an ion must have a chemical formula, but has {formula!r}.",
            remedy='Write it as in "PbBr2(C4H5O5)".',
        )
    return Ion(name=name or f"[{formula}]{charge_text(charge)}", atoms=hill(counts), charge=charge)


def charge_text(charge: int) -> str:
    """A charge as it stands behind a formula.

    Example:
        >>> charge_text(-1), charge_text(2)
        ('-', '2+')
    """
    number = str(abs(charge)) if abs(charge) > 1 else ""
    return number + ("-" if charge < 0 else "+")


def hill(counts: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    """Counts of elements in Hill's order: carbon, hydrogen, then by the alphabet.

    Example:
        >>> hill({"Pb": 1, "H": 3, "C": 4, "O": 5, "Br": 0})
        (('C', 4), ('H', 3), ('O', 5), ('Pb', 1))
    """
    first = ("C", "H") if counts.get("C") else ()
    rest = sorted(element for element in counts if element not in first)
    return tuple((one, counts[one]) for one in (*first, *rest) if counts.get(one))
