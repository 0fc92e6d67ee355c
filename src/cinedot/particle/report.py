"""A dot's composition as lines of text, as `cinedot build` prints it."""

from collections.abc import Sequence

import numpy as np
from ase import Atoms

from cinedot.particle.compounds import Compound
from cinedot.particle.plan import Composition
from cinedot.particle.summary import summarize


def composition_lines(dot: Atoms, compound: Compound) -> list[str]:
    """The table of ions by place, then formula, charge, molar mass and ligand density.

    Example:
        >>> from cinedot.particle import Cuboid, build, compound_named, host_named
        >>> dot = build(Cuboid.cube(2, host_named("CsPbBr3")), "prototype")
        >>> print("\\n".join(composition_lines(dot, compound_named("prototype"))))
        ion         number  central  surface  on
        Cs              20        1       19  1 interior, 6 face, 12 edge, 1 corner
        Pb               8        0        8  8 corner
        Br              36       12       24  12 bridging, 24 corner
        <BLANKLINE>
        formula     Cs20Pb8Br36
        charge      0
        molar mass  7 192 g/mol
    """
    summary = summarize(dot, compound)
    lines = [f"{'ion':<10}{'number':>8}{'central':>9}{'surface':>9}  on"]
    for row in summary.rows:
        where = ", ".join(f"{n} {kind}" for kind, n in row.places)
        lines.append(f"{row.ion:<10}{row.number:>8}{row.central:>9}{row.surface:>9}  {where}")
    lines += [
        "",
        f"formula     {summary.formula}",
        f"charge      {summary.charge:+d}" if summary.charge else "charge      0",
        f"molar mass  {summary.molar_mass_g_per_mol:,.0f} g/mol".replace(",", " "),
    ]
    if compound.ammonium is not None:
        density = f"{summary.ammonium_per_nm2:.2f} per nm2 of the faces"
        lines.append(f"{compound.ammonium.ion:<11} {density}")
    if compound.assumption:
        lines.append(f"assumed     {compound.assumption}")
    return lines


def heavy_line(heavy: Atoms) -> str:
    """What is left of a dot without its ligands, and the charge that is missing then."""
    charge = round(float(heavy.get_initial_charges().sum()))
    return f"heavy only  {heavy.symbols.formula.convert('metal')}, charge {charge:+d}"


def spread_lines(compositions: Sequence[Composition], feasible: float) -> list[str]:
    """Mean and standard deviation of the counts of an ensemble drawn from measured ones.

    Args:
        compositions: one a dot.
        feasible: share of the draws that the lattice could hold.
    """
    lines = [f"counts      the lattice could hold {100 * feasible:.0f} % of the draws"]
    for name in ("a_ions", "halides", "acids", "ammonium"):
        counts = np.array([getattr(one, name) for one in compositions], dtype=float)
        mean, spread = counts.mean(), counts.std()
        lines.append(f"            {name.replace('_', ' ')}: {mean:.1f} ± {spread:.1f} (SD)")
    return lines
