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


def require_shape(shape: object) -> None:
    """Refuse what is not a number of rows and one of columns, 1 or more each.

    Raises:
        InputError: as said.

    Example:
        >>> require_shape((256, 512))
    """
    remedy = "Say (256, 256), rows first."
    if not isinstance(shape, tuple) or len(shape) != 2:
        raise InputError(f"`shape` must be rows and columns, but is {shape!r}.", remedy=remedy)
    for side in shape:
        require_whole("shape", side, least=1, remedy=remedy)
