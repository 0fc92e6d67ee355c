"""What a movie says of its particles before any model of their atoms: plain records."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float, Float32

from cinedot.core import Estimate, Image
from cinedot.micrographs.frame_faults import FrameFault
from cinedot.micrographs.fringes import Fringe, PowerSpectrum


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameMeasurement:
    """The particle in one frame.

    Attributes:
        frame: index.
        time_s: middle of the exposure; None where the frame time is not known.
        status: `ok`; `absent` where no lattice stands out near where it was; `failed` where the
            frame is unfit to look in.
        x_nm, y_nm: centre of its outline; NaN unless `ok`.
        sigma_xy_nm: standard deviation of each; NaN unless `ok`.
        area_nm2: within its outline; NaN unless `ok`.
        score: signal over what counts as found: above 1 when `ok`.
    """

    frame: int
    time_s: float | None
    status: Literal["ok", "absent", "failed"]
    x_nm: float
    y_nm: float
    sigma_xy_nm: float
    area_nm2: float
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """What frames say as they are, whatever is in them.

    Attributes:
        contrast: standard deviation of each frame, band-passed, over its mean; camera's offset
            and all. NaN where the frame is unfit.
        drift_nm: x and y of the field in each frame, from the first.
        sigma_drift_nm: standard deviation of each, rms an axis.
    """

    contrast: Float[np.ndarray, " frame"]
    drift_nm: Float[np.ndarray, "frame 2"]
    sigma_drift_nm: Float[np.ndarray, " frame"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MovieMeasurement:
    """What a movie says of its particles without a model of their atoms.

    Attributes:
        movie: its name.
        frames: the surest particle, one entry a frame.
        others: further particles, each with one entry a frame; the surest first.
        field: contrast and drift.
        edge: of the cube that is seen, nm; None when absent throughout.
        fringes: of the particle in the mean image, strongest first.
        mean: mean of the frames in which it is, shifted onto one another.
        filtered: the same, band-passed as the paper did.
        outline_nm: its contour in `mean`, x and y; None when absent.
        region_nm: x0, y0, x1, y1 of the field whose power spectrum is `spectrum`.
        spectrum: of that region of `mean`; None when absent.
        reason: why it is absent, or how it was found.
        faults: what is wrong with frames, by index; those that are `unfit` were passed over.
    """

    movie: str
    frames: tuple[FrameMeasurement, ...]
    others: tuple[tuple[FrameMeasurement, ...], ...]
    field: Field
    edge: Estimate | None
    fringes: tuple[Fringe, ...]
    mean: Image
    filtered: Float32[np.ndarray, "y x"]
    outline_nm: Float[np.ndarray, "corner 2"] | None
    region_nm: tuple[float, float, float, float] | None
    spectrum: PowerSpectrum | None
    reason: str
    faults: Mapping[int, FrameFault]

    @property
    def particles(self) -> tuple[tuple[FrameMeasurement, ...], ...]:
        """All particles, the surest first."""
        return (self.frames, *self.others)

    @property
    def unfit(self) -> tuple[int, ...]:
        """Frames that nothing was measured in."""
        return tuple(index for index, one in self.faults.items() if one.unfit)

    @property
    def found(self) -> int:
        """Number of frames in which the particle is."""
        return sum(frame.status == "ok" for frame in self.frames)
