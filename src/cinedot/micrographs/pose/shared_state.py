"""What all frames of a movie have in common, beside the atoms: scale, strain, tilts, the lens.

A pose may be right while the lattice is a percent too large or the octahedra stand straight; what
that leaves over is then taken for atoms that are missing. So these are fitted before any atom is.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from cinedot.micrographs.pose.camera import ModelCamera

_SCALES = ("scale_x", "scale_y")
_STRAINS = ("strain_xx", "strain_yy", "strain_zz", "strain_yz", "strain_xz", "strain_xy")
_TILTS = tuple(f"tilt_{axis}_{along}" for axis in "xyz" for along in ("alike", "against"))
_LENS = (
    *("astigmatism_x_nm", "astigmatism_y_nm", "coma_x_nm", "coma_y_nm"),
    *("focal_spread_nm", "image_spread_nm2"),
)
SHARED_PARAMETERS = (*_SCALES, *_STRAINS, *_TILTS, "displacement", *_LENS)
"""Scales: true pixel over the stated one, less 1. Strains: fractions, crystal axes. Tilts: radians
about each cubic axis, neighbours along it turning alike (Glazer's +) or against each other (-).
Displacement: mean square displacements over the model's, less 1. Astigmatism A1 as |A1| (cos, sin)
of twice its angle, coma B2 of its angle. Image spread: variance an axis."""

GEOMETRY = len(_SCALES) + len(_STRAINS) + len(_TILTS) + 1
"""The first so many say where atoms are and how far they are displaced, the others the lens."""

_PRIOR_SIGMA = {
    **dict.fromkeys(_SCALES, 0.01),
    **dict.fromkeys(_STRAINS, 0.01),
    **dict.fromkeys(_TILTS, 0.07),
    "displacement": 0.4,
    **dict.fromkeys(("astigmatism_x_nm", "astigmatism_y_nm"), 2.0),
    **dict.fromkeys(("coma_x_nm", "coma_y_nm"), 30.0),
    "focal_spread_nm": 1.0,
    "image_spread_nm2": 1e-3,
}


@dataclass(frozen=True, eq=False, kw_only=True)
class SharedState:
    """Values of `SHARED_PARAMETERS`.

    Attributes:
        values: in their order [parameter].
    """

    values: Float[np.ndarray, " parameter"]

    @classmethod
    def nominal(cls, camera: ModelCamera) -> "SharedState":
        """What the sample's description says: no strain, no tilts, the stated lens."""
        lens, values = camera.lens, np.zeros(len(SHARED_PARAMETERS))
        turned = np.radians(lens.astigmatism_angle_deg), np.radians(lens.coma_angle_deg)
        stated = {
            "astigmatism_x_nm": lens.astigmatism_nm * np.cos(2 * turned[0]),
            "astigmatism_y_nm": lens.astigmatism_nm * np.sin(2 * turned[0]),
            "coma_x_nm": lens.coma_nm * np.cos(turned[1]),
            "coma_y_nm": lens.coma_nm * np.sin(turned[1]),
            "focal_spread_nm": lens.focal_spread_nm,
            "image_spread_nm2": (1e-3 * lens.vibration_pm) ** 2,
        }
        for name, value in stated.items():
            values[SHARED_PARAMETERS.index(name)] = value
        return cls(values=values)

    def __getitem__(self, name: str) -> float:
        return float(self.values[SHARED_PARAMETERS.index(name)])

    def moved(self, step: Float[np.ndarray, " parameter"]) -> "SharedState":
        """The same a step further; spreads stay positive."""
        values = self.values + step
        for name in ("focal_spread_nm", "image_spread_nm2"):
            index = SHARED_PARAMETERS.index(name)
            values[index] = max(values[index], 0.05 * self.values[index], 1e-6)
        return SharedState(values=values)


def shared_prior_sigma() -> Float[np.ndarray, " parameter"]:
    """How far each is expected from what was stated, one standard deviation.

    Pixels are wrong by more where nobody calibrated them, which the fringes tell; A1 of 2 nm, B2
    of 30 nm and tilts of 4 degrees are what a session's microscope and a dot have left over.
    """
    return np.array([_PRIOR_SIGMA[name] for name in SHARED_PARAMETERS])
