"""How a frame's whitened residual changes, kept small enough to be held from step to step.

To expand a frame means to work out every atom's change of it anew, a hundred times the cost of an
image; near by, the changes are nearly the same, and only what is left over is not.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from cinedot.micrographs.occupancy.changes import AtomChanges
from cinedot.micrographs.occupancy.unknowns import Unknowns
from cinedot.micrographs.pose.whitening import Whitening


@dataclass(frozen=True, eq=False, kw_only=True)
class FrameSlopes:
    """A frame's changes as images, before they are whitened.

    Attributes:
        shared: by what frames share [parameter, y, x].
        atoms: by every atom, in windows.
        contrast: what all of them are multiplied by.
    """

    shared: Float[np.ndarray, "parameter y x"]
    atoms: AtomChanges
    contrast: float

    def pull(
        self, numbers: Float[np.ndarray, " number"], whiten: Whitening, unknowns: Unknowns
    ) -> Float[np.ndarray, " unknown"]:
        """Products of whitened numbers with the whitened changes, none of which is made.

        Args:
            numbers: as `Whitening.spectral` has them.
            whiten: what made them.
            unknowns: the groups of atoms.
        """
        patch = whiten.adjoint(numbers)
        by_shared = np.tensordot(self.shared, patch, axes=2)
        by_groups = unknowns.gathered(self.atoms.products(patch))
        return self.contrast * np.concatenate([by_shared, by_groups]).astype(float)
