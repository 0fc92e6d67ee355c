"""What a whole trajectory needs, found beforehand in one cheap pass: room in slices and field."""

from dataclasses import dataclass, replace

import numpy as np
from ase import Atoms
from jaxtyping import Float

from cinedot.microscope.grid import Grid
from cinedot.microscope.motion import MotionState, Stretch, stretches
from cinedot.microscope.potential import Scattering
from cinedot.microscope.specimen import Specimen, specimen

_FRAMES_AT_A_TIME = 128
# Rooms do not depend on the grid; the smallest is the quickest.
_TINY = Grid(shape=(8, 8), pixel_nm=0.02)


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """How far a dot comes in any pose of a trajectory.

    Attributes:
        behind_nm, before_nm: its atoms behind and in front of the plane z = 0.
        within_nm: its centre in x or y from its frame's mean place, at any moment of the frame.
        strayed_nm: its centre in x and y from the middle of the field [2].
        tallest: the rotation in which it is thickest.
    """

    behind_nm: float
    before_nm: float
    within_nm: float
    strayed_nm: Float[np.ndarray, " 2"]
    tallest: Float[np.ndarray, "3 3"]


def extent_of(atoms: Atoms, begun: MotionState, middle_nm: Float[np.ndarray, " 3"]) -> Extent:
    """The extent of a trajectory that has not begun.

    Args:
        atoms: the dot about its centre, angstrom.
        begun: from `begin_motion`.
        middle_nm: the field's middle.
    """
    behind, before, within, thickest = -np.inf, -np.inf, 0.0, -1.0
    strayed, tallest = np.zeros(2), np.eye(3)
    for stretch in stretches(begun, _FRAMES_AT_A_TIME):
        poses = stretch.poses
        inside = np.einsum("pj,aj->pa", poses.rotation[:, 2, :], atoms.positions) / 10
        heights = inside + poses.shift_nm[:, 2:]
        behind, before = max(behind, float(heights.max())), max(before, float(-heights.min()))
        within = max(within, float(np.abs(_from_frame_means(stretch)).max()))
        away = np.abs(poses.shift_nm[:, :2] - middle_nm[:2]).max(axis=0)
        strayed = np.maximum(strayed, away)
        reach = np.abs(inside).max(axis=1)
        if reach.max() > thickest:
            thickest, tallest = float(reach.max()), poses.rotation[int(reach.argmax())]
    return Extent(
        behind_nm=behind, before_nm=before, within_nm=within, strayed_nm=strayed, tallest=tallest
    )


def frame_means(stretch: Stretch) -> Float[np.ndarray, "frame 3"]:
    """The dot's mean place in each frame."""
    return stretch.poses.shift_nm.reshape(len(stretch.middle), -1, 3).mean(axis=1)


def roomy_specimen(
    atoms: Atoms,
    begun: MotionState,
    tallest: Float[np.ndarray, "3 3"],
    scattering: Scattering,
    grid: Grid,
) -> Specimen:
    """A specimen whose slices have room in every pose of a trajectory, and no more.

    Args:
        atoms: the dot, angstrom.
        begun: from `begin_motion`.
        tallest: the rotation in which it is thickest, which decides the number of slices.
        scattering, grid: as in `specimen`.
    """
    rooms: list[tuple[int, ...]] = []
    for stretch in stretches(begun, _FRAMES_AT_A_TIME):
        seen = np.concatenate([tallest[None], stretch.poses.rotation])
        rooms.append(specimen(atoms, scattering, _TINY, rotations=seen).rooms)
    ready = specimen(atoms, scattering, grid, rotations=tallest[None])
    return replace(ready, rooms=tuple(int(most) for most in np.max(rooms, axis=0)))


def _from_frame_means(stretch: Stretch) -> Float[np.ndarray, "frame moment 2"]:
    places = stretch.poses.shift_nm.reshape(len(stretch.middle), -1, 3)
    return (places - places.mean(axis=1, keepdims=True))[:, :, :2]
