"""What makes a frame unfit to measure in: told, so that an analysis can pass over it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Shaped

FaultKind = Literal["no pixels", "not finite", "zero", "constant", "saturated", "cut short"]

FAULT_KINDS: tuple[FaultKind, ...] = (
    "no pixels",
    "not finite",
    "zero",
    "constant",
    "saturated",
    "cut short",
)

BEARABLE_SATURATED = 0.01
"""Share of saturated pixels up to which a frame is measured all the same: a stretch of contrast
as it is usual for films saturates a few parts in a thousand."""

BEARABLE_LOST = 0.02
"""Share of rows that may be missing: frames shifted onto one another have dark borders."""

_LEAST_SATURATED = 0.002
"""Share of pixels at the greatest value from which it is a ceiling: noise leaves a few at most."""

_LEAST_VALUES = 8
"""With fewer different values, as of counted electrons, no plateau can be told from chance."""

_LEAST_LOST = 2
"""Rows without any signal from which a transfer broke off."""

_MOST_RANGES = 12
"""Runs of frames that a sentence names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameFault:
    """One thing that is wrong with a frame.

    Attributes:
        kind: what it is.
        share: of the pixels (saturated, not finite) or of the rows (cut short) that have it.
        value: that they have: the ceiling, or a constant frame's; of "cut short" the rows.
    """

    kind: FaultKind
    share: float = 1.0
    value: float = 0.0

    @property
    def unfit(self) -> bool:
        """Whether nothing may be measured in the frame."""
        bearable = {"saturated": BEARABLE_SATURATED, "cut short": BEARABLE_LOST}
        return self.share > bearable.get(self.kind, 0.0)

    def text(self) -> str:
        """In words.

        Example:
            >>> FrameFault(kind="saturated", share=0.0321, value=65535.0).text()
            'saturated: 3.2 % of the pixels stand at 65535'
        """
        percent = _percent(self.share)
        told: dict[FaultKind, str] = {
            "no pixels": "no pixels",
            "not finite": f"not finite: {percent} of the pixels are NaN or infinite",
            "zero": "all pixels are zero",
            "constant": f"all pixels are {self.value:g}",
            "saturated": f"saturated: {percent} of the pixels stand at {self.value:g}",
            "cut short": f"cut short: {self.value:.0f} rows are all zero",
        }
        return told[self.kind]


def faults_of(image: Shaped[np.ndarray, "y x"]) -> tuple[FrameFault, ...]:
    """What is wrong with a frame; nothing where it is sound.

    A frame is at fault when it has pixels that are not finite, is zero or of one value
    everywhere, when pixels stand at a ceiling (the number type's, or a plateau at the greatest
    value), or when rows at its top or bottom are all zero while others are not.

    Args:
        image: intensities [y, x], in the file's own number type, so that its ceiling is known.

    Example:
        >>> [one.kind for one in faults_of(np.zeros((4, 4)))]
        ['zero']
    """
    if image.size == 0:
        return (FrameFault(kind="no pixels"),)
    if np.issubdtype(image.dtype, np.inexact):
        share = float(np.mean(~np.isfinite(image)))
        if share:
            return (FrameFault(kind="not finite", share=share),)
    least, greatest = float(image.min()), float(image.max())
    if least == greatest:
        return (FrameFault(kind="constant" if least else "zero", value=least),)
    found = (_saturation(image, greatest), _lost_rows(image))
    return tuple(one for one in found if one is not None)


def worst_fault(image: Shaped[np.ndarray, "y x"]) -> FrameFault | None:
    """The fault that keeps a frame from being measured, else the first of what is bearable.

    Example:
        >>> worst_fault(np.arange(16).reshape(4, 4) + 1) is None
        True
    """
    found = faults_of(image)
    return next((one for one in found if one.unfit), found[0] if found else None)


def frame_faults(image: Shaped[np.ndarray, "y x"]) -> tuple[str, ...]:
    """What is wrong with a frame, one text a fault; nothing where it is sound.

    Example:
        >>> frame_faults(np.zeros((4, 4)))
        ('all pixels are zero',)
        >>> frame_faults(np.arange(16).reshape(4, 4) + 1)
        ()
    """
    return tuple(one.text() for one in faults_of(image))


def faults_text(faults: Mapping[int, FrameFault]) -> str:
    """Faults of a movie's frames by kind, with the frames that have them.

    Args:
        faults: by the number of the frame.

    Example:
        >>> dark, bright = FrameFault(kind="zero"), FrameFault(kind="saturated", share=0.2)
        >>> faults_text({3: dark, 5: dark, 6: bright, 7: dark})
        'all pixels are zero: 3, 5, 7; saturated (20 % of the pixels): 6'
    """
    kinds = dict.fromkeys(one.kind for one in faults.values())
    return "; ".join(
        f"{_kind_text([one for one in faults.values() if one.kind == kind])}: "
        f"{frame_numbers(index for index, one in faults.items() if one.kind == kind)}"
        for kind in kinds
    )


def frame_numbers(indices: Iterable[int]) -> str:
    """Frames as a reader counts them, runs drawn together.

    Example:
        >>> frame_numbers([0, 2, 3, 4, 9, 10])
        '0, 2 to 4, 9, 10'
    """
    runs: list[list[int]] = []
    for index in sorted(indices):
        if runs and index == runs[-1][-1] + 1:
            runs[-1].append(index)
        else:
            runs.append([index])
    told = [
        f"{run[0]} to {run[-1]}" if len(run) > 2 else ", ".join(map(str, run))
        for run in runs[:_MOST_RANGES]
    ]
    left = sum(len(run) for run in runs[_MOST_RANGES:])
    return ", ".join(told) + (f" and {left} more" if left else "")


def _percent(share: float) -> str:
    """To two digits; nearly all is not called all.

    Example:
        >>> _percent(0.0321), _percent(0.9987), _percent(1.0)
        ('3.2 %', '99.87 %', '100 %')
    """
    return f"{100 * share:.2g} %" if share < 0.99 else f"{100 * share:.4g} %"


def _kind_text(alike: list[FrameFault]) -> str:
    """A kind of fault with the worst share that frames have of it."""
    worst = max(alike, key=lambda one: one.share)
    upto = "up to " if len({one.share for one in alike}) > 1 else ""
    percent = f"{upto}{_percent(worst.share)}"
    told: dict[FaultKind, str] = {
        "zero": "all pixels are zero",
        "constant": "all pixels are of one value",
        "saturated": f"saturated ({percent} of the pixels)",
        "not finite": f"NaN or infinite ({percent} of the pixels)",
        "cut short": f"cut short ({percent} of the rows are all zero)",
    }
    return told.get(worst.kind, worst.kind)


def _saturation(image: Shaped[np.ndarray, "y x"], greatest: float) -> FrameFault | None:
    """Pixels at the greatest value, where so many are no chance.

    Steps between numbers make a few of the greatest alike, so a plateau must hold more than the
    next values below it together.
    """
    share = float(np.mean(image == greatest))
    whole = np.issubdtype(image.dtype, np.integer)
    at_ceiling = whole and greatest == np.iinfo(image.dtype).max
    if share < _LEAST_SATURATED:
        return None
    counts = np.unique(image, return_counts=True)[1]
    plateau = len(counts) > _LEAST_VALUES and counts[-1] > counts[-4:-1].sum()
    if not (at_ceiling or plateau):
        return None
    return FrameFault(kind="saturated", share=share, value=greatest)


def _lost_rows(image: Shaped[np.ndarray, "y x"]) -> FrameFault | None:
    dark = np.asarray(np.all(image == 0, axis=1))
    lost = max(_run(dark), _run(dark[::-1]))
    if lost < _LEAST_LOST:
        return None
    return FrameFault(kind="cut short", share=lost / len(dark), value=float(lost))


def _run(flags: Shaped[np.ndarray, " row"]) -> int:
    """How many flags are set at the beginning."""
    return int(np.argmin(flags)) if not flags.all() else len(flags)
