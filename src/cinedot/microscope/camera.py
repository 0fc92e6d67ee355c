"""From intensity to what the camera writes: expectation first, then chance.

`expected_counts` are the electrons that arrive on average, `sample_counts` those that do arrive.
An ideal camera counts them. A real one spreads and weighs them (`detector.sample_signal`, with
`detector.expected_signal` as its mean). `camera_units` writes either.
"""

import math
from dataclasses import dataclass, field

import jax
import numpy as np
from jaxtyping import Array, Float, Int, Key, Real, UInt16

from cinedot.core import InputError
from cinedot.microscope.binning import Averaged as Averaged
from cinedot.microscope.binning import Binning as Binning
from cinedot.microscope.binning import Summed as Summed
from cinedot.microscope.grid import Grid
from cinedot.microscope.limits import PIXELS_NM, require_range
from cinedot.microscope.mtf import Lorentzian, Sharp, Transfer

_LARGEST = int(np.iinfo(np.uint16).max)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """How many electrons a pixel of a frame receives.

    Attributes:
        dose_rate_e_per_nm2_s: electrons per nm2 and second on the specimen.
        frame_s: time of a frame, s.
        pixel_nm: side of a recorded (binned) camera pixel on the specimen, nm.

    Raises:
        InputError: one of them is not positive, or the pixel is not from 0.001 to 10 nm.
    """

    dose_rate_e_per_nm2_s: float = 2.5e7
    frame_s: float = 0.02
    pixel_nm: float = 0.042

    def __post_init__(self) -> None:
        for name in ("dose_rate_e_per_nm2_s", "frame_s", "pixel_nm"):
            value: float = getattr(self, name)
            if not (value > 0 and math.isfinite(value)):
                raise InputError(
                    f"`{name}` must be positive, but is {value}.",
                    remedy="The paper's movies have 2.5e7 e/nm2/s, 0.02 s, 0.042 nm.",
                )
        remedy = "Correct the number or its unit."
        require_range("pixel_nm", self.pixel_nm, *PIXELS_NM, unit="nm", remedy=remedy)

    @property
    def dose_e_per_nm2(self) -> float:
        """Electrons per nm2 in a frame."""
        return self.dose_rate_e_per_nm2_s * self.frame_s

    @property
    def electrons_per_pixel(self) -> float:
        """Electrons in a pixel of a frame, where nothing is.

        Example:
            >>> round(Exposure(dose_rate_e_per_nm2_s=2.1e7, pixel_nm=0.021).electrons_per_pixel)
            185
        """
        return self.dose_e_per_nm2 * self.pixel_nm**2


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """How electrons become numbers in a file; as it stands, an ideal counter.

    An electron is detected or lost; a detected one gives a signal of random strength (gamma
    distributed, as long-tailed as energy losses are), which is spread by `transfer` and carries
    its chance with it, so that noise is blurred as the image is. Read noise is added to each
    sensor pixel. Signals are scaled so that one arriving electron gives 1 on average:
    DQE(0) = detected_fraction / (1 + gain_spread^2). Spreading every electron alike, it leaves
    out that tracks differ, for which real DQEs fall faster towards the Nyquist frequency.

    Attributes:
        gain: camera units of a sensor pixel per arriving electron.
        offset: camera units of no electron in a recorded pixel.
        transfer: modulation transfer of the sensor, without its pixel's width.
        detected_fraction: share of the electrons that give any signal.
        gain_spread: standard deviation of a detected electron's signal over its mean.
        read_noise_e: standard deviation of a sensor pixel's own noise, arriving electrons.
        binning: how sensor pixels make recorded ones.
        saturation: camera units that a recorded pixel never exceeds.
        sensor_px: sensor pixels along a side, None where that does not matter.
        assumed: names of figures that nobody measured.
        source: where the others come from.

    Raises:
        InputError: a gain, fraction or saturation out of its range, a negative spread or noise,
            an assumed figure that is none of these.
    """

    gain: float = 8.0
    offset: float = 100.0
    transfer: Transfer = field(default_factory=Sharp)
    detected_fraction: float = 1.0
    gain_spread: float = 0.0
    read_noise_e: float = 0.0
    binning: Binning = field(default_factory=Summed)
    saturation: float = float(_LARGEST)
    sensor_px: int | None = None
    assumed: tuple[str, ...] = ()
    source: str = "an ideal counter"

    def __post_init__(self) -> None:
        share, top = self.detected_fraction, self.saturation
        known = set(self.__dataclass_fields__) - {"assumed", "source"}
        stray = [name for name in self.assumed if name not in known]
        for name, holds, rule, remedy in (
            ("gain", _positive(self.gain), "be positive", "Camera units per electron, as in 8.0."),
            ("offset", math.isfinite(self.offset), "be finite", "Say 0 for none."),
            ("detected_fraction", 0 < share <= 1, "be above 0 and at most 1", "1 loses none."),
            ("gain_spread", _finite_or_0(self.gain_spread), "not be negative", "0 for none."),
            ("read_noise_e", _finite_or_0(self.read_noise_e), "not be negative", "0 for none."),
            ("saturation", 0 < top <= _LARGEST, f"be above 0 and at most {_LARGEST}", "16 bits."),
            ("sensor_px", self.sensor_px is None or self.sensor_px > 0, "be positive", "Or None."),
            ("assumed", not stray, "name figures of the camera", f"Leave {stray} out."),
        ):
            if not holds:
                raise InputError(
                    f"`{name}` must {rule}, but is {getattr(self, name)}.", remedy=remedy
                )

    @property
    def units_per_electron(self) -> float:
        """Camera units of a recorded pixel per arriving electron."""
        return self.gain * self.binning.weight

    @property
    def recorded_read_noise_e(self) -> float:
        """Standard deviation of a recorded pixel's read noise, arriving electrons."""
        return self.read_noise_e * self.binning.factor

    @property
    def zero_frequency_efficiency(self) -> float:
        """DQE(0) without read noise.

        Example:
            >>> Camera(detected_fraction=0.75, gain_spread=0.5).zero_frequency_efficiency
            0.6
        """
        return self.detected_fraction / (1 + self.gain_spread**2)


def _positive(value: float) -> bool:
    return value > 0 and math.isfinite(value)


def _finite_or_0(value: float) -> bool:
    return value >= 0 and math.isfinite(value)


def one_view(binning: int = 8) -> Camera:
    """A Gatan OneView, 4096 x 4096 pixels: bin 4 records 1024, bin 8 512 along a side.

    No measured transfer function or efficiency at 80 kV was found: every figure but the number
    of pixels is an estimate and stands in `assumed`; a DQE(0) of 0.51 and an MTF of one half at
    half of the unbinned Nyquist frequency (science.md 8.4). Replace what was measured.

    Args:
        binning: sensor pixels along the side of a recorded one: 1, 2, 4 or 8.

    Raises:
        InputError: another binning.

    Example:
        >>> camera = one_view(4)
        >>> camera.sensor_px // camera.binning.factor, "transfer" in camera.assumed
        (1024, True)
    """
    if binning not in (1, 2, 4, 8):
        raise InputError(
            f"`binning` must be 1, 2, 4 or 8, but is {binning}.", remedy="Movies used 4 or 8."
        )
    return Camera(
        transfer=Lorentzian(half_at=0.5),
        detected_fraction=0.8,
        gain_spread=0.75,
        read_noise_e=0.2,
        binning=Summed(factor=binning),
        sensor_px=4096,
        assumed=(
            *("gain", "offset", "transfer", "detected_fraction", "gain_spread", "read_noise_e"),
            *("binning", "saturation"),
        ),
        source="Number of pixels: Gatan, OneView camera. All else: estimates, science.md 8.4.",
    )


def expected_counts(
    intensity: Float[Array, "frame y x"], exposure: Exposure, grid: Grid
) -> Float[Array, "frame Y X"]:
    """Electrons that each camera pixel receives on average.

    Args:
        intensity: 1 where nothing is, on the wave's pixels [frame, y, x].
        exposure: dose and camera pixel; the pixel is a whole number of the wave's.
        grid: the wave's pixels.

    Returns:
        Expected electrons [frame, y, x], the sum over the wave's pixels in each of the camera's.

    Raises:
        InputError: the camera pixel does not divide into the wave's, or the field into pixels.

    Example:
        >>> import jax.numpy as jnp
        >>> grid = Grid(shape=(4, 4), pixel_nm=0.021)
        >>> round(float(expected_counts(jnp.ones((1, 4, 4)), Exposure(), grid)[0, 0, 0]), 1)
        882.0
    """
    factor = round(exposure.pixel_nm / grid.pixel_nm)
    frames, rows, columns = intensity.shape
    fits = abs(factor * grid.pixel_nm - exposure.pixel_nm) < 1e-6 * exposure.pixel_nm
    if factor < 1 or not fits or rows % factor or columns % factor:
        raise InputError(
            f"`pixel_nm` of the camera must be a whole number of the wave's pixels of "
            f"{grid.pixel_nm} nm and divide the field of {(rows, columns)}, "
            f"but is {exposure.pixel_nm}.",
            remedy="Make the wave's grid with `Grid.finer`.",
        )
    blocks = intensity.reshape(frames, rows // factor, factor, columns // factor, factor)
    return blocks.mean(axis=(2, 4)) * exposure.electrons_per_pixel


_MOST_ELECTRONS = 1e9
"""Beyond this counts would not fit their 32 bits; cameras are blind long before."""


def sample_counts(
    expected: Float[Array, "frame y x"], key: Key[Array, ""]
) -> Int[np.ndarray, "frame y x"]:
    """Electrons that arrive: independent Poisson numbers with the expected means.

    NumPy draws them, since compiling JAX's sampler takes seconds for every new shape; the key
    alone decides.

    Raises:
        InputError: a mean that is negative, not finite, or too large to count.

    Example:
        >>> import jax.numpy as jnp
        >>> counts = sample_counts(jnp.full((1, 2, 2), 900.0), jax.random.key(0))
        >>> counts.shape, str(counts.dtype)
        ((1, 2, 2), 'int32')
    """
    means = np.asarray(expected)
    # Transforms leave rounding below 0 where an image is black.
    least = -1e-5 * float(means.max(initial=0.0))
    bad = means[~((means >= least) & np.isfinite(means))]
    if bad.size:
        raise InputError(
            f"`expected` must not be negative, but holds {bad[0]}.",
            remedy="Give means of electrons, not camera units.",
        )
    if means.max(initial=0.0) > _MOST_ELECTRONS:
        raise InputError(
            f"`expected` must be at most {_MOST_ELECTRONS:g} electrons a pixel, but holds "
            f"{float(means.max()):.3g}.",
            remedy="Lower the dose rate or the frame time.",
        )
    return generator(key).poisson(np.maximum(means, 0)).astype(np.int32)


def generator(key: Key[Array, ""]) -> np.random.Generator:
    """NumPy's chance, decided by JAX's key."""
    return np.random.default_rng(np.asarray(jax.random.key_data(key)))


def camera_units(
    signal: Real[np.ndarray, "frame y x"], camera: Camera
) -> UInt16[np.ndarray, "frame y x"]:
    """What the file holds: offset + gain x electrons, rounded, up to the saturation.

    Args:
        signal: electrons in each recorded pixel: counts that arrived, or a camera's signal.
        camera: its gain, binning, offset and saturation.

    Example:
        >>> int(camera_units(np.full((1, 1, 1), 10), Camera())[0, 0, 0])
        180
    """
    units = np.rint(camera.offset + camera.units_per_electron * signal.astype(float))
    return np.clip(units, 0, math.floor(camera.saturation)).astype(np.uint16)
