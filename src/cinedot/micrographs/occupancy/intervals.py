"""Each site between its changes: what the frames there say of it."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Int

from cinedot.micrographs.occupancy.events import FrameEvidence, Step
from cinedot.micrographs.occupancy.joint import JointFit
from cinedot.micrographs.occupancy.presence import SiteEvidence, chance_present


@dataclass(frozen=True, eq=False, kw_only=True)
class SiteInterval:
    """A site between two of its changes.

    Attributes:
        site: index.
        first_frame, last_frame: inclusive.
        occupancy, sigma, sigma_model, p_present: as `SiteEvidence` has them.
    """

    site: int
    first_frame: int
    last_frame: int
    occupancy: float
    sigma: float
    sigma_model: float
    p_present: float


def site_intervals(
    fit: JointFit,
    evidence: SiteEvidence,
    every: FrameEvidence,
    steps: Sequence[Step],
    joint_rows: Int[np.ndarray, " row"],
    frames: int,
) -> list[SiteInterval]:
    """Every site, cut at its steps; between them what the frames there say.

    Args:
        fit, evidence: of the frames that were fitted together.
        every: what each frame says about that fit.
        steps: changes that were found.
        joint_rows: which of the frames were fitted together.
        frames: of the movie.
    """
    unknowns = fit.unknowns
    tested = unknowns.tested
    column = {int(unknowns.site[group]): index for index, group in enumerate(tested)}
    changed: dict[int, list[Step]] = {}
    for step in steps:
        changed.setdefault(step.group, []).append(step)
    right = every.right.astype(float).copy()
    for step in steps:
        # A site's own steps are what its intervals are about; others' must not be seen in it.
        others = np.arange(right.shape[1]) != step.group
        taken = step.size * every.normal[step.row :, :, step.group]
        right[step.row :, others] -= taken[:, others]
    made: list[SiteInterval] = []
    for site in range(len(unknowns.sites)):
        own = changed.get(column.get(site, -1), [])
        whole = SiteInterval(
            site=site,
            first_frame=0,
            last_frame=frames - 1,
            occupancy=float(evidence.occupancy[site]),
            sigma=float(evidence.sigma[site]),
            sigma_model=float(evidence.sigma_model[site]),
            p_present=float(evidence.p_present[site]),
        )
        if not own:
            made.append(whole)
            continue
        at = column[site]
        weight = every.weight[:, at]
        # How much the joint fit's other unknowns widen what frames alone would know.
        inflation = max(whole.sigma**2 * float(weight[joint_rows].sum()), 1.0)
        base = float(fit.share[tested[at]])
        rows = [0, *sorted(step.row for step in own), len(every.frame)]
        for first, last in itertools.pairwise(rows):
            mass = float(weight[first:last].sum())
            value = base + float(right[first:last, at].sum()) / mass
            sigma = float(np.sqrt(inflation / mass))
            both = np.array([np.hypot(sigma, whole.sigma_model)])
            chance = chance_present(np.array([value]), both, np.array([0.5]))
            made.append(
                replace(
                    whole,
                    first_frame=0 if first == 0 else int(every.frame[first]),
                    last_frame=frames - 1
                    if last == len(every.frame)
                    else int(every.frame[last]) - 1,
                    occupancy=value,
                    sigma=sigma,
                    p_present=float(chance[0]),
                )
            )
    return made
