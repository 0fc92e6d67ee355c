"""Poses as plain arrays of numbers, as chunks keep them and hand them on."""

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from cinedot.core.chunks import Arrays
from cinedot.micrographs.pose.fit import PoseFit
from cinedot.micrographs.pose.tracking import FramePose, Status

_STATUSES: tuple[Status, ...] = (
    "ok",
    "ambiguous",
    "absent",
    "out_of_focus",
    "overlapped",
    "failed",
)

_TURN = tuple(f"r{row}{column}" for row in range(3) for column in range(3))
_UPPER = tuple((row, column) for row in range(6) for column in range(row, 6))
_FIT_NAMES = (
    *_TURN,
    *("fit_x_nm", "fit_y_nm", "defocus_nm", "contrast", "sigma_contrast", "chi_square"),
    *("numbers", "log_evidence", "iterations", "ground"),
    *(f"c{row}{column}" for row, column in _UPPER),
)
POSE_NAMES = ("frame", "status", "x_nm", "y_nm", "searched", *_FIT_NAMES)
"""The numbers of one frame's pose, in the order of `pose_row`."""


def packed(fit: PoseFit) -> Float[np.ndarray, " number"]:
    """A fit as numbers; `unpacked` makes it again."""
    return np.array(
        [
            *fit.rotation.ravel(),
            *(fit.x_nm, fit.y_nm, fit.defocus_nm, fit.contrast, fit.sigma_contrast),
            *(fit.chi_square, fit.numbers, fit.log_evidence, float(fit.iterations)),
            float(fit.ground.mean()),
            *(fit.covariance[row, column] for row, column in _UPPER),
        ]
    )


def unpacked(numbers: Float[np.ndarray, " number"]) -> PoseFit:
    """The fit that `packed` made numbers of; of its ground the mean alone."""
    rest = dict(zip(_FIT_NAMES, numbers.tolist(), strict=True))
    covariance = np.zeros((6, 6))
    for row, column in _UPPER:
        covariance[row, column] = covariance[column, row] = rest[f"c{row}{column}"]
    return PoseFit(
        rotation=numbers[:9].reshape(3, 3),
        x_nm=rest["fit_x_nm"],
        y_nm=rest["fit_y_nm"],
        defocus_nm=rest["defocus_nm"],
        contrast=rest["contrast"],
        sigma_contrast=rest["sigma_contrast"],
        ground=np.array([rest["ground"]]),
        covariance=covariance,
        chi_square=rest["chi_square"],
        numbers=rest["numbers"],
        log_evidence=rest["log_evidence"],
        iterations=int(rest["iterations"]),
    )


def pose_row(pose: FramePose) -> list[float]:
    """One frame's pose as numbers, by `POSE_NAMES`; NaN where there is no fit."""
    head = [pose.frame, _STATUSES.index(pose.status), pose.x_nm, pose.y_nm, pose.searched]
    fit = [float("nan")] * len(_FIT_NAMES) if pose.fit is None else packed(pose.fit).tolist()
    return [*(float(one) for one in head), *fit]


def frame_poses(joined: Arrays) -> list[FramePose]:
    """The poses of frames from their numbers, one array for each of `POSE_NAMES`."""
    fits = np.stack([joined[name] for name in _FIT_NAMES], axis=1)
    return [
        FramePose(
            frame=int(joined["frame"][row]),
            status=_STATUSES[int(joined["status"][row])],
            fit=unpacked(fits[row]) if np.isfinite(fits[row, 0]) else None,
            x_nm=float(joined["x_nm"][row]),
            y_nm=float(joined["y_nm"][row]),
            searched=bool(joined["searched"][row]),
        )
        for row in range(len(fits))
    ]


def quaternion(rotation: Float[np.ndarray, "3 3"]) -> tuple[float, float, float, float]:
    """(qw, qx, qy, qz) with qw not negative.

    Example:
        >>> quaternion(np.eye(3))
        (1.0, 0.0, 0.0, 0.0)
    """
    x, y, z, w = (float(one) for one in Rotation.from_matrix(rotation).as_quat(canonical=True))
    return w + 0.0, x + 0.0, y + 0.0, z + 0.0
