"""Numbers of the section `composition` as the dossier writes them."""

from collections.abc import Sequence

import numpy as np

from cinedot.composition import AtomCounts, Ligands, ShareRow, SurfaceInference, Systematics
from cinedot.composition.charge_balance import HALIDES
from cinedot.core import Estimate
from cinedot.dossier.findings import SeriesPoint
from cinedot.particle import Cuboid, Host, ion_counts

ALIKE = "beam and film, all replicates alike"
_ACIDS = {"malate": "MLA", "oleate": "OA"}
_CELLS = {
    "central A": "central_a",
    "surface A": "surface_a",
    "central X": "central_x",
    "surface X": "surface_x",
    "acid": "acid",
    "ammonium": "OAMH",
}


def plain(value: float, method: str) -> Estimate:
    """A number without unit and sigma."""
    return Estimate(value=value, sigma=None, unit="", method=method)


def acid_key(ion: str) -> str:
    """An acid's key in the dossier.

    Example:
        >>> acid_key("malate"), acid_key("succinate")
        ('MLA', 'acid')
    """
    return _ACIDS.get(ion, "acid")


def element_results(counts: AtomCounts, systematics: Systematics | None) -> dict[str, Estimate]:
    """The elements that have a name of their own in the dossier, with scatter and systematics."""
    found: dict[str, Estimate] = {}
    for k, element in enumerate(counts.elements):
        if element not in ("Cs", *HALIDES, "O"):
            continue
        found[element] = counts.estimate(element)
        deviation = counts.deviation(element)
        if deviation is not None:
            found[f"{element}_sd"] = plain(deviation, "standard deviation of one replicate")
        if systematics is not None:
            shared = float(np.sqrt(systematics.covariance(counts)[k, k]))
            found[f"{element}_systematic"] = plain(shared, ALIKE)
    return found


def ligand_results(
    ligands: Sequence[tuple[str, Ligands]],
    counts: AtomCounts,
    systematics: Systematics | None,
    *,
    cations: str,
) -> dict[str, Estimate]:
    """Acids, if oxygen is each's, and what neutrality asks for with the first.

    Args:
        ligands: an acid's ion and what follows from it.
        counts, systematics: what they are linear in.
        cations: the key of what neutrality asks for.
    """
    found: dict[str, Estimate] = {}
    shared = None if systematics is None else systematics.covariance(counts)
    for ion, one in ligands:
        made = [(acid_key(ion), one.acid, 0)] if one.acid is not None else []
        if one is ligands[0][1] and one.ammonium is not None:
            made.append((cations, one.ammonium, 1))
        for key, estimate, row in made:
            found[key] = estimate
            if shared is not None:
                weights = one.weights[row]
                error = float(np.sqrt(max(weights @ shared @ weights, 0.0)))
                found[f"{key}_systematic"] = plain(error, ALIKE)
    return found


def lost_halides(
    counts: AtomCounts, host: Host | None, systematics: Systematics | None
) -> dict[str, Estimate]:
    """Halides that the complete cube has and the sample, of whichever kind, has not."""
    if host is None or host.x_ion not in counts.elements:
        return {}
    seen = counts.together(HALIDES)
    whole = ion_counts(Cuboid.cube(4, host)).halide
    lost = Estimate(
        value=whole - float(seen.value),
        sigma=seen.sigma,
        unit="",
        method=f"{whole} of the complete cube less those counted",
    )
    found = {"halide_lost": lost}
    if systematics is not None:
        part = np.array([float(element in HALIDES) for element in counts.elements])
        shared = float(np.sqrt(part @ systematics.covariance(counts) @ part))
        found["halide_lost_systematic"] = plain(shared, ALIKE)
    return found


def share_series(
    rows: Sequence[ShareRow], inference: SurfaceInference | None
) -> tuple[SeriesPoint, ...]:
    """The table of central and surface atoms, with each compound's posterior."""
    points: list[SeriesPoint] = []
    for number, row in enumerate(rows):
        at = float(number)
        points += [(row.label, at, _CELLS[name], cell) for name, cell in row.cells.items()]
        if inference is not None and row.label in inference.names:
            chance = plain(inference.probability(row.label), "posterior")
            points.append((row.label, at, "probability", chance))
    return tuple(points)
