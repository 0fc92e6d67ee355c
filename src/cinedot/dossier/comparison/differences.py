"""Answers of several samples: differences, their intervals, and how likely chance makes them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from cinedot.core import Estimate

Verdict = Literal["same within errors", "differs", "undecided", "same text", "other text"]

LEVEL = 0.05
"""So often, at most, is any difference claimed in a report of samples that are all alike."""

NORMAL_95 = 1.959963984540054
"""Standard deviations on either side that hold 95 % of a normal law."""

SYSTEMATIC = "_systematic"
"""What ends the name of an error that all replicates share."""

OF_RECORDING = frozenset(
    (
        *("gain", "offset", "dose_rate", "defocus", "focal_spread", "peak_counts"),
        *("pixel_x", "pixel_y", "scale_x", "scale_y", "fringe_angle"),
        *("astigmatism_x", "astigmatism_y", "coma_x", "coma_y"),
        *("frames_found", "frames_unfit", "mass_error", "mass_spread", "at_excitation"),
        *("picked_turn", "picked_orientation", "fitted_orientation"),
    )
)
"""Quantities that tell of microscope, camera or record, not of the sample."""


_EVIDENCE = frozenset(("probability", "tridentate", "components", "reached", "presence", "p_fit"))
_ENDS = ("_low", "_high", "_sd")


def _has_difference(key: str) -> bool:
    """Whether a difference means something: not of interval ends, scatters and probabilities."""
    name = key.rpartition(".")[2]
    return name not in _EVIDENCE and not name.endswith(_ENDS) and not name.startswith("p_")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What is known of one sample.

    Attributes:
        name: the sample.
        found: "emission.peak" -> what its recordings told.
        reported: the numbers of `[reported]`, by the same keys.
    """

    name: str
    found: Mapping[str, Estimate]
    reported: Mapping[str, Estimate]

    def used(self, key: str) -> Estimate | None:
        """What is compared: the answer of the recordings, else the reported one, else None."""
        return self.found.get(key, self.reported.get(key))


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One sample's answer less another's.

    Attributes:
        key: the quantity, as in "emission.peak".
        sample, to: the samples; `value` is that of `sample` less that of `to`.
        value: in the quantity's unit; None for texts and limits.
        sigma: its standard deviation; None where it has none.
        low, high: the interval that holds the true difference in 95 of 100 cases.
        p: how often chance alone makes a difference at least so large.
        p_holm: the same, corrected for all comparisons of the report.
        verdict: the answer in words.
        reason: why it is undecided, else "".
    """

    key: str
    sample: str
    to: str
    value: float | None
    sigma: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    p_holm: float | None = None
    verdict: Verdict = "undecided"
    reason: str = ""


def compared_keys(samples: Sequence[Answers]) -> tuple[str, ...]:
    """The quantities that at least two samples have, in the order of their dossiers.

    Left out are those that tell of the recording alone (defocus, gain, ...), those from before
    particles were rejected, and systematic errors, which go into the differences.

    Example:
        >>> peak = Estimate(value=453.0, sigma=0.2, unit="nm", method="fit")
        >>> one = Answers(name="1", found={"emission.peak": peak}, reported={})
        >>> compared_keys([one, Answers(name="2", found={}, reported={"emission.peak": peak})])
        ('emission.peak',)
    """
    counts: dict[str, int] = {}
    for sample in samples:
        for key in {**sample.found, **sample.reported}:
            counts[key] = counts.get(key, 0) + 1
    return tuple(key for key, count in counts.items() if count > 1 and _of_sample(key))


def _of_sample(key: str) -> bool:
    name = key.rpartition(".")[2]
    own = name in OF_RECORDING or name.startswith("automatic_")
    return not own and not name.endswith(SYSTEMATIC)


def differences(
    samples: Sequence[Answers], *, to: str, one_instrument: bool = True
) -> tuple[Difference, ...]:
    """Every quantity of every sample less that of one of them.

    Sigmas are taken as independent from sample to sample. Where an answer has a systematic error
    of its own (`composition.Br_systematic`), that moves all samples together if they were
    measured with one instrument: the difference keeps the difference of these errors; with
    several instruments, both.

    Args:
        samples: at least two, of different names.
        to: the sample that the others are compared with; where it lacks a quantity, the first
            sample that has it.
        one_instrument: whether systematic errors are the same in all samples.

    Returns:
        Quantity by quantity, each with the verdict after Holm's correction over all of them; none
        of interval ends, scatters and probabilities.

    Example:
        >>> def sample(name, peak_nm):
        ...     peak = Estimate(value=peak_nm, sigma=0.3, unit="nm", method="fit")
        ...     return Answers(name=name, found={"emission.peak": peak}, reported={})
        >>> (one,) = differences([sample("1", 453.0), sample("2", 459.0)], to="1")
        >>> one.value, round(one.sigma, 3), one.verdict
        (6.0, 0.424, 'differs')
    """
    found: list[Difference] = []
    for key in filter(_has_difference, compared_keys(samples)):
        having = [one for one in samples if one.used(key) is not None]
        base = next((one for one in having if one.name == to), having[0])
        found += [
            _difference(key, one, base, one_instrument=one_instrument)
            for one in having
            if one is not base
        ]
    return _judged(found)


def _difference(key: str, sample: Answers, base: Answers, *, one_instrument: bool) -> Difference:
    mine, other = sample.used(key), base.used(key)
    if mine is None or other is None:
        raise ValueError(f"`{key}` must be known of both samples, but is not.")
    bare = Difference(key=key, sample=sample.name, to=base.name, value=None)
    if isinstance(mine.value, str) or isinstance(other.value, str):
        same = mine.value == other.value
        return replace(bare, verdict="same text" if same else "other text")
    value = float(mine.value) - float(other.value)
    reason = _unbounded(mine, other)
    if reason:
        return replace(bare, reason=reason)
    reason = "" if mine.sigma is not None and other.sigma is not None else "no sigma"
    if reason or mine.sigma is None or other.sigma is None:
        return replace(bare, value=value, reason=reason)
    systematic = _systematics(key, sample, base, one_instrument=one_instrument)
    sigma = math.hypot(mine.sigma, other.sigma, systematic)
    if sigma == 0:
        return replace(bare, value=value, reason="no sigma")
    return replace(
        bare,
        value=value,
        sigma=sigma,
        low=value - NORMAL_95 * sigma,
        high=value + NORMAL_95 * sigma,
        p=math.erfc(abs(value) / sigma / math.sqrt(2)),
    )


def _unbounded(mine: Estimate, other: Estimate) -> str:
    """Why the difference of two numbers is none; "" where both are values."""
    statuses = {mine.status, other.status}
    if "undetermined" in statuses:
        return "not determined by the records"
    if statuses == {"ok"}:
        return ""
    (low, high), (other_low, other_high) = _span(mine), _span(other)
    apart = low > other_high or other_low > high
    return "limits that exclude each other" if apart else "limits, not values"


def _span(one: Estimate) -> tuple[float, float]:
    """Where a value lies (95 %), or may lie beyond a limit."""
    value, width = float(one.value), NORMAL_95 * (one.sigma or 0.0)
    low = -math.inf if one.status == "upper_limit" else value - width
    return low, math.inf if one.status == "lower_limit" else value + width


def _systematics(key: str, sample: Answers, base: Answers, *, one_instrument: bool) -> float:
    """What errors shared within a sample leave in the difference of two."""
    sizes = [
        0.0 if error is None else float(error.value)
        for error in (
            one.found.get(f"{key}{SYSTEMATIC}") if key in one.found else None
            for one in (sample, base)
        )
    ]
    both = all(size > 0 for size in sizes)
    return abs(sizes[0] - sizes[1]) if one_instrument and both else math.hypot(*sizes)


def _judged(found: Sequence[Difference]) -> tuple[Difference, ...]:
    tested = [one.p for one in found if one.p is not None]
    corrected = iter(holm(tested))
    judged: list[Difference] = []
    for one in found:
        if one.p is None:
            judged.append(one)
            continue
        p_holm = next(corrected)
        verdict: Verdict = "differs" if p_holm < LEVEL else "same within errors"
        judged.append(replace(one, p_holm=p_holm, verdict=verdict))
    return tuple(judged)


def holm(p: Sequence[float]) -> list[float]:
    """Holm's correction: p-values that may each be held against the level of the whole family.

    The k-th smallest of m is multiplied by m - k + 1, none becomes smaller than one before it,
    none larger than 1. Of comparisons that are all true by chance, one or more fall below a level
    in at most that share of reports, however they hang together.

    Args:
        p: probabilities, in any order.

    Source: Holm, S. (1979), Scand. J. Statist. 6, 65.

    Example:
        >>> [round(one, 3) for one in holm([0.01, 0.04, 0.03])]
        [0.03, 0.06, 0.06]
    """
    corrected = [0.0] * len(p)
    largest = 0.0
    for rank, index in enumerate(sorted(range(len(p)), key=lambda one: p[one])):
        largest = max(largest, min(1.0, (len(p) - rank) * p[index]))
        corrected[index] = largest
    return corrected
