"""The numbers in file names: their order, and what is missing from it."""

import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

_MOST_GAPS_TOLD = 5


def in_number_order(paths: Sequence[Path]) -> tuple[Path, ...]:
    """Paths in an order in which frame 10 follows frame 9, folders before what is in them.

    Example:
        >>> [path.name for path in in_number_order([Path("a_10.tif"), Path("a_9.tif")])]
        ['a_9.tif', 'a_10.tif']
    """
    return tuple(sorted(paths, key=lambda path: (_number_order(str(path)), str(path))))


def _number_order(name: str) -> list[tuple[int, str]]:
    parts = re.split(r"(\d+)", name)
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


def gaps_text(ordered: Sequence[Path]) -> str:
    """Which numbers are missing where names differ in one number only; "" where none is.

    Where several numbers change (hours, minutes, seconds), a frame's number begins anew in each
    folder, and gaps are looked for within a folder.

    Example:
        >>> gaps_text([Path("a_1.tif"), Path("a_2.tif"), Path("a_5.tif"), Path("a_7.tif")])
        'a_3 to a_4, a_6'
        >>> gaps_text([Path("a_1.tif"), Path("b_2.tif")])
        ''
    """
    told: list[str] = []
    count = 0
    for one, other in pairwise(ordered):
        if one.parent != other.parent:
            continue
        before, after = _number_order(one.stem), _number_order(other.stem)
        changed = [
            place for place in range(min(len(before), len(after))) if before[place] != after[place]
        ]
        if len(before) != len(after) or len(changed) != 1 or before[changed[0]][1]:
            continue
        first, last = before[changed[0]][0] + 1, after[changed[0]][0] - 1
        if last < first:
            continue
        count += last - first + 1
        names = [_renumbered(one.stem, changed[0], number) for number in (first, last)]
        told.append(names[0] if first == last else f"{names[0]} to {names[1]}")
    more = len(told) - _MOST_GAPS_TOLD
    rest = f" and {more} gaps more ({count} frames in all)" if more > 0 else ""
    return ", ".join(told[:_MOST_GAPS_TOLD]) + rest


def _renumbered(stem: str, place: int, number: int) -> str:
    parts = re.split(r"(\d+)", stem)
    parts[place] = f"{number:0{len(parts[place])}d}"
    return "".join(parts)
