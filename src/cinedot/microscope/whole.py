"""Numbers that count something."""

import numpy as np

from cinedot.core import InputError


def require_whole(name: str, value: object, *, least: int, remedy: str) -> None:
    """Refuse what is no whole number, or too small a one.

    Raises:
        InputError: as said.
    """
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or int(value) < least:
        raise InputError(
            f"`{name}` must be a whole number, {least} or more, but is {value!r}.", remedy=remedy
        )
