"""Does the dose agree with what the dot lost? A dose that would have destroyed it is no dose."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from cinedot.core import Estimate
from cinedot.dossier.findings import Check, SectionOutcome
from cinedot.dossier.known import Known

PROTECTION = (1e3, 1e5)
"""What a carbon support is known to divide the damage by (science.md 9)."""
_HALIDES = ("Cl", "Br", "I")


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposed:
    """A dot that was exposed.

    Attributes:
        name: its movie.
        rate_e_per_nm2_s: dose rate.
        seconds: how long.
        halides: how many there were.
        lost: how many of them left; None where it is only reported that the dot held.
        origin: where the dose rate comes from.
    """

    name: str
    rate_e_per_nm2_s: float
    seconds: float
    halides: int
    lost: int | None
    origin: str


def dose_checks(outcomes: Iterable[SectionOutcome], known: Known) -> Iterable[Check]:
    """Dose against damage, for each movie whose dose rate and duration are known.

    Args:
        outcomes: the sections after they ran.
        known: what they found, and what was reported.

    Example:
        >>> def said(value, unit):
        ...     return Estimate(value=value, sigma=None, unit=unit, method="reported")
        >>> held = Known(found={}, reported={
        ...     "movie.dose_rate": said(2.5e7, "e/nm2/s"), "movie.duration": said(27.0, "s")})
        >>> for check in dose_checks((), held):
        ...     print(check.status, check.name)
        agree dose against damage: movie (reported)
    """
    exposed = [one for outcome in outcomes for one in _filmed(outcome, known)]
    if not exposed:
        exposed = list(_stated(known))
    for one in exposed:
        yield dose_check(one)


def dose_check(one: Exposed) -> Check:
    """Whether the protection that the loss implies is one that supports are known to give.

    Without atoms the dot is taken to have kept more than a third of its halides, or it would not
    have held.

    Example:
        >>> gone = Exposed(name="movie", rate_e_per_nm2_s=2.5e7, seconds=0.32, halides=232,
        ...                lost=230, origin="[movie]")
        >>> dose_check(gone).status
        'tension'
    """
    from cinedot.microscope import Damage

    # Of a bare dot, an estimate good to a factor of ten or so: the limits below allow for it.
    bare_nm2 = Damage().loss_cross_section_nm2
    dose = one.rate_e_per_nm2_s * one.seconds
    bare_lifetimes = bare_nm2 * dose
    said = (
        f"{dose:.2g} e/nm2 in {one.seconds:.3g} s ({one.origin}) is {bare_lifetimes:.2g} times "
        f"what takes a halide from a bare dot"
    )
    name = f"dose against damage: {one.name}"
    low, high = PROTECTION
    usual = f"carbon gives {low:.0e} to {high:.0e}"
    if one.lost is None:
        least = bare_lifetimes
        status = "tension" if least > 10 * high else "agree"
        tail = "" if status == "agree" else "; is the dose rate right?"
        return Check(
            name=name,
            status=status,
            detail=f"{said}, and the dot held: it was protected {least:.1g} times at least, where "
            f"{usual}{tail}.",
        )
    least, below = protection_limits(one.lost, one.halides, bare_lifetimes)
    range_text = f"{least:.2g} to {below:.2g}" if math.isfinite(below) else f"above {least:.2g}"
    detail = (
        f"{said}; {one.lost} of {one.halides} were lost, so it was protected {range_text} times "
        f"(95 %), where {usual}."
    )
    if below < low / 10:
        detail += " It fades faster than that: what else takes halides, or is the dose higher?"
        return Check(name=name, status="tension", detail=detail)
    if least > 10 * high:
        detail += " It outlives that: is the dose rate right?"
        return Check(name=name, status="tension", detail=detail)
    return Check(name=name, status="agree", detail=detail)


def protection_limits(lost: int, halides: int, bare_lifetimes: float) -> tuple[float, float]:
    """Between which protections so many losses are likely, 95 %.

    Each halide leaves by itself with 1 - exp(-t), t being lifetimes over protection; limits of
    that chance are Clopper and Pearson's. None lost sets no upper limit: infinity.

    Args:
        lost, halides: how many left, of how many.
        bare_lifetimes: exposure in lifetimes of a bare dot's halide.

    Source: C. J. Clopper, E. S. Pearson, Biometrika 26 (1934) 404.

    Example:
        >>> [round(one) for one in protection_limits(10, 232, 200.0)]
        [2468, 9487]
        >>> protection_limits(0, 232, 200.0)[1]
        inf
    """
    from scipy.stats import beta

    low = float(beta.ppf(0.025, lost, halides - lost + 1)) if lost else 0.0
    high = float(beta.ppf(0.975, lost + 1, halides - lost)) if lost < halides else 1.0

    def protection(chance: float) -> float:
        if chance <= 0:
            return math.inf
        return 0.0 if chance >= 1 else bare_lifetimes / -math.log1p(-chance)

    return protection(high), protection(low)


def _filmed(outcome: SectionOutcome, known: Known) -> Iterable[Exposed]:
    found = outcome.findings
    if found is None or not outcome.name.startswith("movie") or "frames" not in found.tables:
        return
    halides = found.results.get("halides")
    if halides is None:  # nobody looked at its atoms: that something is there is no evidence
        return
    rate = known.sure(f"{outcome.name}.dose_rate") or known.sure("movie.dose_rate")
    times = found.tables["frames"]["time_s"].dropna()
    if rate is None or len(times) < 2:
        return
    steps = times.drop_duplicates().sort_values()
    frame_s = float(steps.diff().min())
    seconds = float(steps.iloc[-1] - steps.iloc[0]) + frame_s
    lost = 0
    if "events" in found.tables:
        events = found.tables["events"]
        own = (events["particle"] == 0) & (events["kind"] == "loss")
        lost = int((own & events["element"].isin(_HALIDES)).sum())
    yield Exposed(
        name=outcome.name,
        rate_e_per_nm2_s=float(rate.estimate.value),
        seconds=seconds,
        halides=max(round(float(halides.value)) + lost, 1),
        lost=lost,
        origin=rate.origin,
    )


def _stated(known: Known) -> Iterable[Exposed]:
    rate, seconds = known.sure("movie.dose_rate"), known.sure("movie.duration")
    if rate is not None and seconds is not None:
        yield Exposed(
            name="movie (reported)",
            rate_e_per_nm2_s=_number(rate.estimate),
            seconds=_number(seconds.estimate),
            halides=1,
            lost=None,
            origin="[reported]",
        )


def _number(one: Estimate) -> float:
    return float(one.value)
