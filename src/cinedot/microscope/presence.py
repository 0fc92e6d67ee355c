"""How full atoms say that they are."""

import numpy as np
from ase import Atoms
from jaxtyping import Float


def presence(dot: Atoms) -> Float[np.ndarray, " atom"]:
    """The array `occupancy` of atoms; 1 for all where they carry none, as any ASE atoms may.

    Example:
        >>> presence(Atoms("PbBr")).tolist()
        [1.0, 1.0]
    """
    return np.array(dot.arrays.get("occupancy", np.ones(len(dot))), dtype=float)


def with_presence(dot: Atoms) -> Atoms:
    """A copy of the atoms that carries `occupancy`."""
    told = dot.copy()
    told.set_array("occupancy", presence(dot))
    return told
