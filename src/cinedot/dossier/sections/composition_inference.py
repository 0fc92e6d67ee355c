"""Which surface compound: for `composition`, by replicates alone, and with beam and film."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from cinedot.composition import (
    AtomCounts,
    Candidate,
    SurfaceInference,
    Systematics,
    candidate,
    infer_surface,
    with_acid_halides,
)
from cinedot.core import AnalysisError, Estimate
from cinedot.dossier.sections.composition_results import plain
from cinedot.dossier.sections.composition_setting import Setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Inferred:
    """The compound, or why none is inferred.

    Attributes:
        candidates: the compounds compared.
        alone, together: by replicates alone, and with beam and film.
        binding: one halide an acid against three, the rest as in the likeliest.
        results: for the dossier.
        why_not: why none is inferred.
    """

    candidates: tuple[Candidate, ...] = ()
    alone: SurfaceInference | None = None
    together: SurfaceInference | None = None
    binding: SurfaceInference | None = None
    results: dict[str, Estimate] = field(default_factory=dict[str, Estimate])
    why_not: str | None = None


def inferred(counts: AtomCounts, systematics: Systematics | None, setting: Setting) -> Inferred:
    """Compare the counts with the compounds that the sample may have."""
    if setting.host is None:
        return Inferred(why_not="no host is stated")
    host = setting.host
    candidates = tuple(candidate(one, host) for one in setting.compounds)

    def infer(of: Sequence[Candidate], shared: Systematics | None) -> SurfaceInference:
        return infer_surface(
            counts,
            of,
            systematics=shared,
            oxygen_background=float(setting.background.value),
            background_sigma=setting.background.sigma or 0.0,
        )

    try:
        alone, together = infer(candidates, None), infer(candidates, systematics)
    except AnalysisError as fault:
        return Inferred(candidates=candidates, why_not=fault.reason.rstrip("."))
    binding = None
    likeliest = setting.compounds[together.best]
    if likeliest.acid is not None:
        ways = [candidate(with_acid_halides(likeliest, k), host) for k in (1, 3)]
        binding = infer(ways, systematics)
    return Inferred(
        candidates=candidates,
        alone=alone,
        together=together,
        binding=binding,
        results=_results(together, binding, shared=systematics is not None),
    )


def _results(
    inference: SurfaceInference, binding: SurfaceInference | None, *, shared: bool
) -> dict[str, Estimate]:
    best = inference.names[inference.best]
    decided = inference.verdict not in ("undecided", "none")
    found = {
        "compound": Estimate(
            value=inference.verdict,
            sigma=None,
            unit="",
            method="replicates, admixture of n ± 1" + (", beam and film" if shared else ""),
            status="ok" if decided else "undetermined",
        ),
        "probability": plain(
            float(inference.posterior[inference.best]),
            f"posterior of {best} among {len(inference.names)}",
        ),
        "p_fit": plain(float(inference.p_fit[inference.best]), f"if it is {best}"),
    }
    if binding is not None:
        three = float(binding.posterior[1])
        found["tridentate"] = Estimate(
            value=three,
            sigma=None,
            unit="",
            method="three halides an acid against one, the rest alike",
            status="undetermined" if binding.verdict == "none" else "ok",
        )
    return found
