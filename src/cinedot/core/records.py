"""Plain records of what an instrument, or our simulation of it, wrote down.

No fit can tell which of the two it was given: both come as these types.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Shaped

from cinedot.core.errors import InputError


@runtime_checkable
class FrameSource(Protocol):
    """Frames that are read when asked for, so that a movie need not fit in memory."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """(frames, rows, columns)."""
        ...

    def read(self, start: int, stop: int) -> Shaped[np.ndarray, "frame y x"]:
        """Frames start..stop-1 in the file's own number type, RGB as luminance."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrayFrames:
    """Frames that are in memory already.

    Attributes:
        frames: intensities [frame, y, x], camera units.
    """

    frames: Shaped[np.ndarray, "frame y x"]

    @property
    def shape(self) -> tuple[int, int, int]:
        """(frames, rows, columns)."""
        count, rows, columns = self.frames.shape
        return count, rows, columns

    def read(self, start: int, stop: int) -> Shaped[np.ndarray, "frame y x"]:
        """Frames start..stop-1."""
        return self.frames[start:stop]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenFrames:
    """Some frames of a source, cut to a part of the field; still read lazily.

    Attributes:
        source: where the frames come from.
        indices: which of its frames, in order.
        rows, columns: first and behind-last row and column kept.

    Example:
        >>> whole = ArrayFrames(frames=np.arange(24).reshape(4, 2, 3))
        >>> part = ChosenFrames(source=whole, indices=(0, 3), rows=(0, 1), columns=(1, 3))
        >>> part.shape, part.read(1, 2).tolist()
        ((2, 1, 2), [[[19, 20]]])
    """

    source: FrameSource
    indices: tuple[int, ...]
    rows: tuple[int, int]
    columns: tuple[int, int]

    @property
    def shape(self) -> tuple[int, int, int]:
        """(frames, rows, columns)."""
        return (
            len(self.indices),
            self.rows[1] - self.rows[0],
            self.columns[1] - self.columns[0],
        )

    def read(self, start: int, stop: int) -> Shaped[np.ndarray, "frame y x"]:
        """The chosen frames start..stop-1, cut."""
        window = (slice(*self.rows), slice(*self.columns))
        wanted = self.indices[start:stop]
        parts = [self.source.read(index, index + 1)[0][window] for index in wanted]
        return np.stack(parts) if parts else self.source.read(0, 0)[(slice(0), *window)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """One image with its scale.

    Attributes:
        data: intensities [y, x], camera units.
        pixel_x_nm, pixel_y_nm: width and height of a pixel, nm.
        name: what a reader calls it: the file's name, with the frame's number in a stack.
    """

    data: Float[np.ndarray, "y x"]
    pixel_x_nm: float
    pixel_y_nm: float
    name: str

    @property
    def pixel_nm(self) -> float:
        """Side of the square pixel of equal area, nm."""
        return float(np.sqrt(self.pixel_x_nm * self.pixel_y_nm))


@dataclass(frozen=True, slots=True, kw_only=True)
class Movie:
    """A movie, or a single image as a movie of one frame.

    Attributes:
        frames: the frames [frame, y, x], read lazily.
        name: the file's name.
        pixel_x_nm, pixel_y_nm: size of a pixel, nm; None where the file does not say.
        frame_s: time from one frame to the next, s; None where the file does not say.
        voltage_kv: accelerating voltage, kV; None where the file does not say.
        unit_text: the length unit as the file spells it; "" where it has none.
        metadata: further facts of the file that a reader may want, as text.
        processed: whether the numbers are no longer the camera's: filtered, 8-bit or compressed
            films. They show where atoms are, but not how many electrons came.
    """

    frames: FrameSource
    name: str
    pixel_x_nm: float | None = None
    pixel_y_nm: float | None = None
    frame_s: float | None = None
    voltage_kv: float | None = None
    unit_text: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict[str, str])
    processed: bool = False

    def __len__(self) -> int:
        return self.frames.shape[0]

    def calibrated(
        self,
        *,
        pixel_nm: float | None = None,
        frame_s: float | None = None,
        voltage_kv: float | None = None,
    ) -> "Movie":
        """The movie with the scales that are given here in place of the file's."""
        return replace(
            self,
            pixel_x_nm=pixel_nm if pixel_nm is not None else self.pixel_x_nm,
            pixel_y_nm=pixel_nm if pixel_nm is not None else self.pixel_y_nm,
            frame_s=frame_s if frame_s is not None else self.frame_s,
            voltage_kv=voltage_kv if voltage_kv is not None else self.voltage_kv,
        )

    def image(self, index: int) -> Image:
        """Frame `index` as an image of floats; the name carries the number in a stack.

        Raises:
            InputError: the pixel size is not known.
        """
        if self.pixel_x_nm is None or self.pixel_y_nm is None:
            raise InputError(
                "the pixel size must be known, but the file does not state one.",
                remedy='Give it in sample.toml, as in pixel_size = "0.042 nm".',
                file=self.name,
            )
        data = np.asarray(self.frames.read(index, index + 1)[0], dtype=np.float32)
        return Image(
            data=data,
            pixel_x_nm=self.pixel_x_nm,
            pixel_y_nm=self.pixel_y_nm,
            name=self.name if len(self) == 1 else f"{self.name} #{index}",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Spectrum:
    """Intensity against wavelength.

    Attributes:
        wavelength_nm: increasing, nm.
        intensity: same length, the instrument's units.
        label: which of several this is (a column's heading, a condition).
        excitation_nm: wavelength that excited it, nm, where known.
        metadata: further facts of the file, as text.
    """

    wavelength_nm: Float[np.ndarray, " x"]
    intensity: Float[np.ndarray, " x"]
    label: str
    excitation_nm: float | None = None
    metadata: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True, kw_only=True)
class Decay:
    """Photon counts against time after a pulse, in channels of equal width.

    Attributes:
        time_ns: start of each channel, ns, increasing in equal steps.
        counts: photons in each channel; not negative.
        label: which of several this is.
        excitation_nm: wavelength of the pulse, nm, where known.
        metadata: further facts of the file, as text.
    """

    time_ns: Float[np.ndarray, " channel"]
    counts: Float[np.ndarray, " channel"]
    label: str
    excitation_nm: float | None = None
    metadata: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def channel_ns(self) -> float:
        """Width of a channel, ns."""
        return float((self.time_ns[-1] - self.time_ns[0]) / (len(self.time_ns) - 1))
