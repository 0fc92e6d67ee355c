"""Where a dot is and how it is turned."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from cinedot.core import InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class Poses:
    """Rotations and places of one dot, one for each image.

    Attributes:
        rotation: active rotations, crystal axes to frame axes [pose, 3, 3]; frame axes are x along
            columns, y down the rows, z along the beam, away from the gun.
        shift_nm: the dot's centre, x and y from the centre of the first pixel, z from the plane
            that the lens's defocus is measured at; nm [pose, 3].

    Raises:
        InputError: no pose, numbers of rotations and places that differ, a matrix that is no
            rotation, a place that is not three finite numbers.
    """

    rotation: Float[np.ndarray, "pose 3 3"]
    shift_nm: Float[np.ndarray, "place 3"]

    def __post_init__(self) -> None:
        _require_rows("rotation", self.rotation, (3, 3))
        _require_rows("shift_nm", self.shift_nm, (3,))
        if len(self.rotation) != len(self.shift_nm):
            raise InputError(
                f"`rotation` and `shift_nm` must have one row a pose, but have "
                f"{len(self.rotation)} and {len(self.shift_nm)}.",
                remedy="Repeat the one that stays the same.",
            )
        square = np.einsum("pij,pkj->pik", self.rotation, self.rotation)
        worst = np.abs(square - np.eye(3)).max(initial=0.0)
        if not worst < 1e-4 or np.any(np.linalg.det(self.rotation) < 0):
            raise InputError(
                "`rotation` must hold rotation matrices, but one is skewed, scaled or mirrored.",
                remedy="Make them with scipy.spatial.transform.Rotation.",
            )

    def __len__(self) -> int:
        return len(self.rotation)

    @classmethod
    def of(cls, rotation: Rotation, shift_nm: Float[np.ndarray, "pose 3"]) -> "Poses":
        """Poses from SciPy's rotations, one or many.

        Example:
            >>> poses = Poses.of(Rotation.identity(), np.zeros((4, 3)))
            >>> len(poses), poses.rotation.shape
            (4, (4, 3, 3))
        """
        matrices = np.atleast_3d(rotation.as_matrix()).reshape(-1, 3, 3)
        if len(matrices) == 1:
            matrices = np.repeat(matrices, len(shift_nm), axis=0)
        return cls(rotation=matrices, shift_nm=np.asarray(shift_nm, dtype=float))


def _require_rows(name: str, rows: object, each: tuple[int, ...]) -> None:
    """Refuse anything but one or more rows of so many finite numbers each."""
    array = rows if isinstance(rows, np.ndarray) else np.empty(0)
    if array.ndim == 0 or array.shape[1:] != each or not len(array):
        found = f"of {array.shape}" if isinstance(rows, np.ndarray) else f"{type(rows).__name__}"
        raise InputError(
            f"`{name}` must be an array of (poses, {', '.join(map(str, each))}) with at least one "
            f"pose, but is {found}.",
            remedy="`Poses.of` makes it from SciPy's rotations and places [pose, 3].",
        )
    if array.dtype.kind not in "iuf" or not np.isfinite(array).all():
        raise InputError(
            f"`{name}` must hold finite numbers, but some are not.", remedy="Correct them."
        )


def quaternions(rotation: Rotation) -> Float[np.ndarray, "pose 4"]:
    """Rotations as (qw, qx, qy, qz) with qw not negative.

    Example:
        >>> quaternions(Rotation.from_euler("z", 270.0, degrees=True)).round(3).tolist()
        [[0.707, 0.0, 0.0, -0.707]]
    """
    vector_first = np.atleast_2d(rotation.as_quat())
    scalar_first = np.roll(vector_first, 1, axis=1)
    flipped = scalar_first * np.where(scalar_first[:, :1] < 0, -1.0, 1.0)
    return flipped + 0.0
