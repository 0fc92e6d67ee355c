"""Fringes of a field against a known lattice: what they are, and what they say of the scale."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from cinedot.core import AnalysisError, Estimate, Image
from cinedot.dossier.findings import Check, SeriesPoint
from cinedot.dossier.sections.fringes import fringe_results, fringe_series
from cinedot.dossier.sections.lattice import Known
from cinedot.micrographs import (
    Calibration,
    Fringe,
    Indexing,
    Miller,
    ScaleCheck,
    calibrate,
    homogeneity,
    index_fringes,
    lattice_check,
    lattice_constant,
    scale_check,
)
from cinedot.micrographs.scale_checks import WARN_PERCENT

TOLERANCE = 0.08
"""How far off a stored scale may be for its fringes still to be recognised."""

Region = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class LatticeFindings:
    """What the fringes of one field say.

    Attributes:
        fringes: with the drift over the field in their `sigma_systematic_nm`.
        indexing: against the sample's lattice; None without one.
        results: `fringe_1` ... `fringe_3`, `lattice`, `pixel_x`, `pixel_y`.
        series: every fringe.
        facts, checks, remarks: for the section that shows them.
    """

    fringes: tuple[Fringe, ...]
    indexing: Indexing | None
    results: Mapping[str, Estimate]
    series: tuple[SeriesPoint, ...]
    facts: Mapping[str, str] = field(default_factory=dict[str, str])
    checks: tuple[Check, ...] = ()
    remarks: tuple[str, ...] = ()


def lattice_findings(
    image: Image,
    fringes: Sequence[Fringe],
    known: Known | None,
    *,
    zone: Miller | None = None,
    region_nm: Region | None = None,
) -> LatticeFindings:
    """Measure fringes in the quadrants too, index them, and fit the scale to their lattice.

    Args:
        image: that the fringes were found in.
        fringes: from `lattice_fringes`, strongest first.
        known: the sample's lattice; None leaves fringes without names.
        zone: [uvw] as the manifest says; None takes the material's usual one.
        region_nm: that the fringes were found in.

    Example: see `tests/dossier/test_calibration.py`.
    """
    quadrants = homogeneity(image, fringes, region=region_nm)
    steady = tuple(one.fringe for one in quadrants)
    drifting = [one.fringe for one in quadrants if one.verdict == "drifts"]
    remarks = [_drift(drifting)] if drifting else []
    if known is None:
        return LatticeFindings(
            fringes=steady, indexing=None, results=fringe_results(steady),
            series=fringe_series(steady), remarks=tuple(remarks),
        )  # fmt: skip
    indexing = index_fringes(steady, known.lattice, tolerance=TOLERANCE, zone=zone or known.zone)
    results = dict(fringe_results(steady, indexing))
    facts = {"lattice": _named(indexing, known)}
    checks: tuple[Check, ...] = ()
    if indexing.status == "indexed":
        results["lattice"] = _lattice_estimate(indexing)
        told = _calibrated(image, indexing)
        if told is not None:
            results |= {"pixel_x": told.pixel_x_nm, "pixel_y": told.pixel_y_nm}
            facts |= _scale_facts(told)
            checks = (_check(scale_check(told)), _check(lattice_check(told, indexing)))
            remarks += _warning(told, checks[0])
    return LatticeFindings(
        fringes=steady, indexing=indexing, results=results,
        series=fringe_series(steady, indexing), facts=facts, checks=checks,
        remarks=tuple(remarks),
    )  # fmt: skip


def _drift(drifting: Iterable[Fringe]) -> str:
    spacings = ", ".join(f"{one.spacing_nm:.4f} nm" for one in drifting)
    return (
        f"From quadrant to quadrant the fringes of {spacings} differ by more than noise: what "
        "that leaves open is in their sigma."
    )


def _named(indexing: Indexing, known: Known) -> str:
    lattice = known.lattice
    edges = (lattice.a_nm, lattice.b_nm, lattice.c_nm)
    size = " × ".join(f"{edge:g}" for edge in edges) if len(set(edges)) > 1 else f"{edges[0]:g}"
    told = f"{lattice.name}, {size} nm ({known.said_by})"
    found = sum(one.hkl is not None for one in indexing.fringes)
    if indexing.status == "none" or not found:
        return f"{told}: none of {len(indexing.fringes)} fringes fits"
    told += f": {found} of {len(indexing.fringes)} fringes fit"
    if indexing.zone is None:
        return f"{told} by their spacing alone"
    told += f", seen along [{_indices(indexing.zone)}]"
    if indexing.other_zones:
        others = ", ".join(f"[{_indices(one)}]" for one in indexing.other_zones[:3])
        told += f" or {others}: give `zone` to decide"
    return told


def _indices(indices: Miller) -> str:
    return " ".join(str(one) for one in indices)


def _lattice_estimate(indexing: Indexing) -> Estimate:
    found = lattice_constant(indexing)
    return replace(found, method=f"{found.method}; the scale's own error is not in sigma")


def _calibrated(image: Image, indexing: Indexing) -> Calibration | None:
    try:
        return calibrate(image, indexing)
    except AnalysisError:
        return None


def _scale_facts(told: Calibration) -> dict[str, str]:
    facts = {
        "stored pixel against lattice": f"x {told.difference_x_percent:+.1f} %, "
        f"y {told.difference_y_percent:+.1f} %"
    }
    if told.held_out:
        worst = max(abs(one.error_percent) for one in told.held_out)
        facts["reflections left out"] = (
            f"{len(told.held_out)}, each predicted by the others to {worst:.2g} %"
        )
    return facts


def _warning(told: Calibration, check: Check) -> list[str]:
    if check.status != "tension":
        return []
    worst = float(max(abs(told.difference_x_percent), abs(told.difference_y_percent), key=np.abs))
    return [
        f"Warning: the stored pixel differs from the one that {told.lattice.name} gives by "
        f"{worst:.1f} %, more than {WARN_PERCENT:g} %. Lengths here are those of the stored pixel."
    ]


def _check(found: ScaleCheck) -> Check:
    return Check(name=found.name, status=found.status, detail=found.detail)
