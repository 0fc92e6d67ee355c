"""X-ray shells and lines of the elements, as xraydb carries them; which one an analysis uses."""

from dataclasses import dataclass
from functools import cache

from cinedot.core import InputError

_FAMILIES = {"K": ("K",), "L": ("L3", "L2", "L1"), "M": ("M5", "M4", "M3")}
"""Families and their subshells, the most easily ionised first."""
_ELECTRONS = {"K": 2, "L1": 2, "L2": 2, "L3": 4, "M3": 4, "M4": 4, "M5": 6}
_HEAVIEST = 92
_HIGH_OVERVOLTAGE = 1.5
_LEAST_OVERVOLTAGE = 1.03
_LEAST_EV = 180.0
"""Lines below this are cut by every detector's window, or drown in its noise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a subshell.

    Attributes:
        name: as in "La1".
        energy_ev: of its photons, eV.
        share: of the subshell's photons.
    """

    name: str
    energy_ev: float
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Subshell:
    """One subshell.

    Attributes:
        name: as in "M5".
        edge_kev: energy that ionises it, keV.
        electrons: how many it holds.
        fluorescence_yield: photons per ionisation.
        lines: its lines.
    """

    name: str
    edge_kev: float
    electrons: int
    fluorescence_yield: float
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LineFamily:
    """The lines of one shell of an element.

    Attributes:
        element: symbol.
        family: K, L or M.
        subshells: those with lines, the most easily ionised first.
    """

    element: str
    family: str
    subshells: tuple[Subshell, ...]

    @property
    def name(self) -> str:
        """As in "Pb M"."""
        return f"{self.element} {self.family}"

    @property
    def edge_kev(self) -> float:
        """The edge that is ionised most easily, keV."""
        return self.subshells[0].edge_kev

    @property
    def main_ev(self) -> float:
        """Energy of its strongest line, eV."""
        return max(self.subshells[0].lines, key=lambda line: line.share).energy_ev


@cache
def line_families(element: str) -> tuple[LineFamily, ...]:
    """The families K, L, M of an element that a detector can see, the hardest first.

    Where the table has no yield for a subshell (M5 of caesium), that of its partner stands in.

    Args:
        element: symbol.

    Raises:
        InputError: no element up to uranium.

    Source: W. T. Elam, B. D. Ravel, J. R. Sieber, Radiat. Phys. Chem. 63 (2002) 121, as xraydb
    carries it.

    Example:
        >>> [(one.name, round(one.edge_kev, 3)) for one in line_families("Br")]
        [('Br K', 13.474), ('Br L', 1.55)]
    """
    from ase.data import atomic_numbers

    if not 0 < atomic_numbers.get(element, 0) <= _HEAVIEST:
        raise InputError(
            f"an element must be named by its symbol, but is {element!r}.",
            remedy='Write it as in "Pb".',
        )
    found: list[LineFamily] = []
    for family, names in _FAMILIES.items():
        shells = tuple(one for name in names if (one := _subshell(element, name)) is not None)
        if shells:
            made = LineFamily(element=element, family=family, subshells=shells)
            found += [made] if made.main_ev >= _LEAST_EV else []
    return tuple(found)


def _subshell(element: str, name: str) -> Subshell | None:
    """One subshell with its lines; None where the table has none."""
    import xraydb

    edges = xraydb.xray_edges(element)
    partner = {"M5": "M4", "M4": "M5"}.get(name, name)
    if name not in edges:
        return None
    photons = edges[name].fyield or edges[partner].fyield
    lines = tuple(
        Line(name=label, energy_ev=float(line.energy), share=float(line.intensity))
        for label, line in xraydb.xray_lines(element).items()
        if line.initial_level == name
    )
    if not lines or photons <= 0:
        return None
    return Subshell(
        name=name,
        edge_kev=float(edges[name].energy) / 1e3,
        electrons=_ELECTRONS[name],
        fluorescence_yield=float(photons),
        lines=lines,
    )


def analysed_family(element: str, voltage_kv: float) -> LineFamily:
    """The lines that an element is measured by: the hardest that the beam excites well.

    Well is 1.5 times the edge; where no shell is excited so well, one that is excited at all.

    Args:
        element: symbol.
        voltage_kv: accelerating voltage, kV.

    Raises:
        InputError: the beam excites no line that a detector sees.

    Example:
        >>> [analysed_family(element, 3.0).name for element in ("O", "Cs", "Br", "Pb")]
        ['O K', 'Cs M', 'Br L', 'Pb M']
    """
    families = line_families(element)
    for least in (_HIGH_OVERVOLTAGE, _LEAST_OVERVOLTAGE):
        for one in families:
            if voltage_kv >= least * one.edge_kev:
                return one
    raise InputError(
        f"the beam must excite some line of {element}, but {voltage_kv:g} kV excites none.",
        remedy="Leave the element out, or measure at a higher voltage.",
    )


@cache
def absorption_cm2_per_g(element: str, energy_ev: float) -> float:
    """Mass attenuation coefficient of an element, cm2/g.

    Args:
        element: symbol.
        energy_ev: photon's energy, eV; below 100 as at 100.

    Source: Elam's tables, as `line_families`.

    Example:
        >>> 1e4 < absorption_cm2_per_g("C", 525.0) < 1.5e4
        True
    """
    import xraydb

    return float(xraydb.mu_elam(element, max(energy_ev, 100.0)))
