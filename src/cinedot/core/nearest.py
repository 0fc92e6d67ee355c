"""What a misspelt word may have meant."""

import difflib
from collections.abc import Iterable


def did_you_mean(word: str, known: Iterable[str], *, cutoff: float = 0.5, mark: str = "") -> str:
    """The opening of a remedy that names the known word most like this one, or nothing.

    Capitals do not count.

    Args:
        word: as it was typed.
        known: the words that would do.
        cutoff: least likeness, 0 to 1, as `difflib` measures it.
        mark: what to set the word between.

    Example:
        >>> did_you_mean("cspbbr", ["CsPbBr3", "CsPbI3"])
        'Did you mean CsPbBr3? '
        >>> did_you_mean("water", ["CsPbBr3"])
        ''
    """
    folded = {one.lower(): one for one in known}
    near = difflib.get_close_matches(word.lower(), folded, n=1, cutoff=cutoff)
    return f"Did you mean {mark}{folded[near[0]]}{mark}? " if near else ""
