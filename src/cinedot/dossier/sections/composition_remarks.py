"""What a reader must know beside the numbers of the section `composition`."""

from dataclasses import dataclass

from cinedot.composition import AtomCounts, SurfaceInference, Systematics
from cinedot.composition.charge_balance import HALIDES


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the remarks are about.

    Attributes:
        counts, systematics: atoms per 64 metal atoms, and what all replicates share.
        alone, together: the compound by replicates alone, and with systematics.
        binding: one halide an acid against three.
        why_not: why no compound is inferred.
        charge: z of each acid.
        acids: the acids that oxygen may belong to.
        background: oxygen that is no acid's, per 64 metal atoms.
    """

    counts: AtomCounts
    systematics: Systematics | None
    alone: SurfaceInference | None
    together: SurfaceInference | None
    binding: SurfaceInference | None
    why_not: str | None
    charge: int
    acids: tuple[str, ...]
    background: float


def remarks_of(told: Told) -> tuple[str, ...]:
    """Sentences on errors, ligands and the compound."""
    return (*_error_remarks(told), *_ligand_remarks(told), *_compound_remarks(told))


def _error_remarks(told: Told) -> list[str]:
    counts = told.counts
    found: list[str] = []
    if counts.covariance is None and (counts.replicates or 1) > 1:
        found.append(
            f"All {counts.replicates} replicates are the same to the last digit: one measurement, "
            "copied or rounded. It tells no scatter, so no sigma is given."
        )
    elif counts.covariance is None:
        found.append("One measurement: nothing tells its scatter, so no sigma is given.")
    elif counts.freedom is not None:
        spread = [e for e in ("Br", "Cl", "I") if e in counts.elements][:1]
        interval = counts.interval(spread[0]) if spread else None
        said = f"Sigmas are standard errors of the mean of {counts.replicates} (sem)"
        if spread and interval is not None:
            said += (
                f"; one replicate scatters by {counts.deviation(spread[0]):.2g} {spread[0]} (sd). "
                f"95 % by Student's t: {interval[0]:.1f} to {interval[1]:.1f} {spread[0]}"
            )
        found.append(said + ".")
    elif counts.assumed:
        found.append(
            "Nobody says whether ± is the scatter of replicates or of their mean (`spread`): it is "
            "taken as the mean's, the wider answer."
        )
    if told.systematics is None:
        found.append(
            "Systematic errors are not told: with `voltage` they are. At 3 kV 100 eV less, by "
            "charging, raise every count per Pb by a sixth or more."
        )
    else:
        found.append(
            f"Beam and film ({told.systematics.said}) move all counts together, and no number of "
            "replicates lessens that; a `reference` does."
        )
    return found


def _ligand_remarks(told: Told) -> list[str]:
    if not set(HALIDES) & set(told.counts.elements):
        return ["No halide was quantified: neutrality tells no cations."]
    if "O" not in told.counts.elements:
        return [
            "Oxygen was not quantified: the acids are not told, and the cations that neutrality "
            "asks for are a lower limit."
        ]
    found = [
        f"Acids count {told.charge} charge{'s' if told.charge > 1 else ''} each "
        "(`ligand_charge`); what neutrality asks for goes up by their number with each more."
    ]
    if told.background == 0:
        found.append(
            "All oxygen is taken as the acid's; water, solvent and oxide would make it less "
            "(`oxygen_background`)."
        )
    if len(told.acids) > 1:
        found.append(f"Oxygen may be of {' or of '.join(told.acids)}: each line says all is its.")
    return found


def _compound_remarks(told: Told) -> list[str]:
    if told.why_not is not None or told.together is None or told.alone is None:
        return [f"No compound is inferred: {told.why_not}."]
    best = told.together.names[told.together.best]
    chance = float(told.together.posterior[told.together.best])
    if told.together.verdict == "none":
        found = [
            f"None of the compounds fits: the likeliest, {best}, would be missed so far with a "
            f"probability of {_small(float(told.together.p_fit[told.together.best]))} only."
        ]
    elif told.together.verdict == "undecided":
        found = [f"Undecided: the likeliest compound, {best}, has a probability of {chance:.2f}."]
        if told.alone.verdict not in ("undecided", "none"):
            found.append(
                f"The replicates alone would name {told.alone.verdict}; beam and film make it "
                "undecidable."
            )
    else:
        found = [f"The counts speak for {best} ({chance:.3f} among those compared)."]
    several = [element for element in HALIDES if element in told.counts.elements]
    if len(several) > 1:
        found.append(
            f"{' and '.join(several)} are counted, but each compound holds one halide only: it is "
            "compared with that one's count."
        )
    if told.binding is not None and told.binding.verdict == "none":
        found.append("Neither one nor three halides replaced by each acid fit, the rest alike.")
    elif told.binding is not None:
        three = float(told.binding.posterior[1])
        verdict = "undecided" if 0.05 < three < 0.95 else "three" if three >= 0.95 else "one"
        found.append(
            f"Halides replaced by each acid, one or three, the rest alike: {verdict} "
            f"(probability of three {three:.2f})."
        )
    return found


def _small(chance: float) -> str:
    """A small probability; what the computer cannot tell from 0 is no 0."""
    return f"{chance:.1g}" if chance > 1e-99 else "less than 1e-99"
