"""Standards: substances whose quantum yield is known well enough to compare with."""

import csv
import io
from dataclasses import dataclass
from functools import cache

from cinedot.core import InputError
from cinedot.core.files import sourced_text
from cinedot.core.nearest import did_you_mean
from cinedot.spectroscopy.solvents import plain, solvent_named


@dataclass(frozen=True, slots=True, kw_only=True)
class YieldStandard:
    """A substance in a solvent, and its quantum yield.

    Attributes:
        name, aliases: what it is called.
        solvent: in which the yield holds.
        quantum_yield, sigma: photons emitted a photon absorbed, and one standard deviation.
        emission_nm: about where it emits, nm: where its solvent's index is taken.
        source: where the yield comes from.
        evidence: how sure it is: see `cinedot.particle.Host`.
    """

    name: str
    aliases: tuple[str, ...]
    solvent: str
    quantum_yield: float
    sigma: float
    emission_nm: float
    source: str
    evidence: str


@cache
def known_standards() -> tuple[YieldStandard, ...]:
    """Every standard of the table, in its order."""
    text = sourced_text("cinedot.spectroscopy", "yield_standards.csv").text
    return tuple(
        YieldStandard(
            name=row["name"],
            aliases=tuple(row["aliases"].split(";")) if row["aliases"] else (),
            solvent=row["solvent"],
            quantum_yield=float(row["quantum_yield"]),
            sigma=float(row["sigma"]),
            emission_nm=float(row["emission_nm"]),
            source=row["source"],
            evidence=row["evidence"],
        )
        for row in csv.DictReader(io.StringIO(text))
    )


def standard_named(name: str, solvent: str) -> YieldStandard:
    """A standard by its name, or another word for it, and its solvent.

    Raises:
        InputError: an unknown name, solvent, or pair; names the nearest, or the solvents in which
            this standard's yield is known.

    Example:
        >>> found = standard_named("DPA", "cyclohexane")
        >>> found.name, found.quantum_yield, found.sigma
        ('9,10-diphenylanthracene', 0.97, 0.03)
    """
    known = known_standards()
    alike = [one for one in known if plain(name) in map(plain, (one.name, *one.aliases))]
    if not alike:
        names = list(dict.fromkeys(one.name for one in known))
        spoken = [*names, *(alias for one in known for alias in one.aliases)]
        raise InputError(
            f"the quantum yield of standard {name!r} is not known.",
            remedy=f"{did_you_mean(name, spoken)}Known are {'; '.join(names)}; for another give "
            "`standard_yield`.",
        )
    wanted = solvent_named(solvent).name
    for one in alike:
        if one.solvent == wanted:
            return one
    raise InputError(
        f"the quantum yield of {alike[0].name} is known in "
        f"{', '.join(one.solvent for one in alike)}, but not in {wanted}.",
        remedy="Correct `standard_solvent`, or give `standard_yield`.",
    )
