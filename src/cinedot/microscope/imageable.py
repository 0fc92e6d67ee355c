"""Refuses atoms that no wave can be worked out for, before arrays are made of them."""

from ase import Atoms

from cinedot.core import InputError
from cinedot.particle import unsound


def require_imageable(dot: Atoms, name: str) -> None:
    """Refuse no atoms, unknown elements, places that are no numbers, occupancies outside 0 to 1.

    Args:
        dot: the atoms.
        name: what the caller's argument is called.

    Raises:
        InputError: as said.

    Example:
        >>> require_imageable(Atoms("Pb"), "dot")
    """
    found = unsound(dot)
    if found is not None:
        which = "" if found.atom is None else f" Atom {found.atom} of `{name}` is at fault."
        raise InputError(found.rule, remedy=f"Correct `{name}`.{which}")
