"""Measured phases of the hosts, and what their cells say of tilts and strain."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

import numpy as np

from cinedot.core import InputError
from cinedot.core.files import sourced_text
from cinedot.particle.distortion import AXES, Distortion, Strain, Tilts, Triple
from cinedot.particle.host import Evidence, Host, evidence_of

CUBIC = "cubic"
# Pseudo-cubic cells along c; along a and b, the face's diagonals, it is always root 2.
_CELLS_ALONG_C = {"Pbnm": 2, "Pnma": 2, "I4/mcm": 2, "P4/mbm": 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """A measured phase of a host.

    Attributes:
        host: the host's name.
        name: "tetragonal" or "orthorhombic".
        space_group: in the setting of the cell.
        tilts: of the octahedra.
        cell_angstrom: a, b, c of the whole cell.
        temperature_k: where the cell was measured.
        tilts_from: "coordinates" of the halides, or the "cell" alone (see `rigid_tilts`, which
            falls 2 degrees short of what the coordinates of CsPbBr3 say).
        source: where cell and coordinates come from.
        evidence: how sure the cell is (see `Host`).
    """

    host: str
    name: str
    space_group: str
    tilts: Tilts
    cell_angstrom: Triple
    temperature_k: float
    tilts_from: str
    source: str
    evidence: Evidence


@cache
def phases() -> Mapping[tuple[str, str], Phase]:
    """Every stored phase below the cubic one, by host and name."""
    table = sourced_text("cinedot.particle", "phases.csv")
    rows = map(_phase_of, csv.DictReader(io.StringIO(table.text)))
    return MappingProxyType({(phase.host, phase.name): phase for phase in rows})


def phase_named(host: Host, name: str) -> Distortion:
    """The tilts and the strain of a host's phase; "cubic" is every host's own lattice.

    The strain is the measured cell against the host's cubic lattice constant.

    Raises:
        InputError: no such phase is stored; names those that are.

    Example:
        >>> from cinedot.particle.host import host_named
        >>> phase_named(host_named("CsPbBr3"), "orthorhombic").tilts.symbol
        'a-a-c+'
    """
    if name == CUBIC:
        return Distortion.none()
    phase = phases().get((host.name, name))
    if phase is None:
        known = [CUBIC, *(kind for of, kind in phases() if of == host.name)]
        raise InputError(
            f"phase `{name}` of {host.name} has no stored tilts; known: {', '.join(known)}.",
            remedy="State tilts and strain yourself: `Distortion(tilts=..., strain=...)`.",
        )
    return Distortion(
        tilts=phase.tilts,
        strain=strain_from_cell(phase.space_group, phase.cell_angstrom, host=host),
    )


def strain_from_cell(space_group: str, cell_angstrom: Triple, *, host: Host) -> Strain:
    """The strain that takes the host's cubic lattice to a measured cell's pseudo-cubic one.

    The pseudo-cubic axes are x = (a + b)/2, y = (b - a)/2, z = c/2 (c in P4/mbm); a and b of
    different length shear x against y.

    Args:
        space_group: "Pbnm", "Pnma" (its a, b, c are Pbnm's b, c, a), "I4/mcm" or "P4/mbm".
        cell_angstrom: a, b, c.
        host: whose cubic lattice the strain counts from.

    Raises:
        InputError: another space group, or a length that is not positive.

    Example:
        >>> from cinedot.particle.host import host_named
        >>> cell = strain_from_cell("Pbnm", (8.207, 8.255, 11.759), host=host_named("CsPbBr3"))
        >>> round(cell.xx, 4), round(cell.zz, 4), round(cell.xy, 4)
        (-0.0085, 0.0016, 0.0029)
    """
    a, b, c = _pseudo_cubic(space_group, cell_angstrom)
    along_a, along_b, along_c = (length / host.lattice_angstrom for length in (a, b, c))
    mean = (along_a + along_b) / 2 - 1
    return Strain(xx=mean, yy=mean, zz=along_c - 1, xy=(along_b - along_a) / 2)


def rigid_tilts(space_group: str, cell_angstrom: Triple) -> Tilts:
    """The tilts that a cell has if its octahedra turn without changing shape.

    cos w = a / (root 2 c') about z, with c' the pseudo-cubic length; in Pbnm also
    cos w = a / b about [110] (Zhao, Weidner, Parise and Cox, Phys. Earth Planet. Inter. 76, 1
    (1993)). Real octahedra stretch too, so trust coordinates more where there are any.

    Raises:
        InputError: another space group, or a cell that no rigid octahedra make.

    Example:
        >>> rigid_tilts("I4/mcm", (8.849, 8.849, 12.642)).symbol
        'a0a0c-'
    """
    a, b, c = _pseudo_cubic(space_group, cell_angstrom)
    if not a <= min(b, c):
        raise InputError(
            f"a {space_group} cell of rigid octahedra must be shortest along a "
            f"(per pseudo-cubic cell), but has {a:.4g}, {b:.4g}, {c:.4g} angstrom.",
            remedy="State the tilts from the halides' coordinates.",
        )
    about_z = float(np.degrees(np.arccos(a / c)))
    if space_group in ("Pbnm", "Pnma"):
        shared = float(np.degrees(np.arctan(np.tan(np.arccos(a / b)) / np.sqrt(2))))
        return Tilts(symbol="a-a-c+", angles_deg=(shared, shared, about_z))
    symbol = "a0a0c-" if space_group == "I4/mcm" else "a0a0c+"
    return Tilts(symbol=symbol, angles_deg=(0.0, 0.0, about_z))


def _pseudo_cubic(space_group: str, cell_angstrom: Triple) -> Triple:
    """Lengths per pseudo-cubic cell along a, b, c of the Pbnm-like setting."""
    if space_group not in _CELLS_ALONG_C:
        raise InputError(
            f"`space_group` must be one whose cell is understood, but is {space_group!r}.",
            remedy=f"Known: {', '.join(_CELLS_ALONG_C)}. State the strain yourself otherwise.",
        )
    if not all(0 < length < np.inf for length in cell_angstrom):
        raise InputError(
            f"`cell_angstrom` must be three positive lengths, but is {cell_angstrom}.",
            remedy="CsPbBr3 in Pbnm has (8.207, 8.255, 11.759).",
        )
    a, b, c = cell_angstrom
    if space_group == "Pnma":
        a, b, c = c, a, b
    diagonal = float(np.sqrt(2))
    return (a / diagonal, b / diagonal, c / _CELLS_ALONG_C[space_group])


def _phase_of(row: Mapping[str, str]) -> Phase:
    x, y, z = (float(row[f"angle_{axis}_deg"]) for axis in AXES)
    a, b, c = (float(row[f"{length}_angstrom"]) for length in "abc")
    return Phase(
        host=row["host"],
        name=row["phase"],
        space_group=row["space_group"],
        tilts=Tilts.glazer(row["glazer"], angles_deg=(x, y, z)),
        cell_angstrom=(a, b, c),
        temperature_k=float(row["temperature_k"]),
        tilts_from=row["tilts_from"],
        source=row["source"],
        evidence=evidence_of(row["evidence"]),
    )
