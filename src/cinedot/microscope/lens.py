"""From the exit wave to the intensity that falls on the camera.

Signs are those of science.md 8.2: the aberration phase is chi(q) = pi lambda C1 q^2 +
pi/2 C_s lambda^3 q^4 with C1 = -defocus, so a positive defocus is under-focus; the image wave is
F^-1{F[psi] exp(-i chi)}. Under-focused atoms are dark.
"""

from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Complex, Float

from cinedot.core import InputError
from cinedot.microscope.beam import wavelength_angstrom
from cinedot.microscope.grid import Grid, frequencies


@dataclass(frozen=True, slots=True, kw_only=True)
class Lens:
    """An objective lens and the steadiness of the instrument.

    Attributes:
        voltage_kv: accelerating voltage, kV.
        defocus_nm: under-focus positive, measured at the plane z = 0, nm.
        spherical_aberration_um: C_s, um.
        focal_spread_nm: 1/e width of the spread of foci (abTEM's convention; sqrt 2 times the
            standard deviation), nm.
        vibration_pm: standard deviation of the image's own motion an axis, pm.
        astigmatism_nm: two-fold astigmatism A1: C1 becomes C1 + A1 cos 2(phi - angle), nm.
        astigmatism_angle_deg: direction of that extra over-focus, from x towards y, degrees.

    Raises:
        InputError: a spread or an amplitude below zero, a voltage not above it.
    """

    voltage_kv: float = 80.0
    defocus_nm: float = 6.0
    spherical_aberration_um: float = 2.0
    focal_spread_nm: float = 3.0
    vibration_pm: float = 30.0
    astigmatism_nm: float = 0.0
    astigmatism_angle_deg: float = 0.0

    def __post_init__(self) -> None:
        wavelength_angstrom(self.voltage_kv)
        for name in ("focal_spread_nm", "vibration_pm", "astigmatism_nm"):
            value: float = getattr(self, name)
            if not value >= 0:
                raise InputError(
                    f"`{name}` must not be negative, but is {value}.",
                    remedy="0 turns it off.",
                )


class Aberrations(NamedTuple):
    """A lens as numbers that JAX can trace and differentiate; angstrom and radian."""

    wavelength: Float[Array, ""] | float
    defocus: Float[Array, ""] | float
    spherical: Float[Array, ""] | float
    focal_spread: Float[Array, ""] | float
    vibration: Float[Array, ""] | float
    astigmatism: Float[Array, ""] | float
    astigmatism_angle: Float[Array, ""] | float


def aberrations(lens: Lens) -> Aberrations:
    """The lens in angstrom and radian."""
    return Aberrations(
        wavelength=wavelength_angstrom(lens.voltage_kv),
        defocus=10 * lens.defocus_nm,
        spherical=1e4 * lens.spherical_aberration_um,
        focal_spread=10 * lens.focal_spread_nm,
        vibration=1e-2 * lens.vibration_pm,
        astigmatism=10 * lens.astigmatism_nm,
        astigmatism_angle=jnp.deg2rad(lens.astigmatism_angle_deg),
    )


def aberration_phase(
    optics: Aberrations, qy: Float[Array, "*q"], qx: Float[Array, "*q"]
) -> Float[Array, "*q"]:
    """chi(q) in radian at spatial frequencies in 1/angstrom (science.md 8.2).

    Example:
        >>> q = jnp.array([1 / 5.87])
        >>> lens = Lens(defocus_nm=5.0, spherical_aberration_um=2.0)
        >>> round(float(jnp.sin(aberration_phase(aberrations(lens), 0 * q, q))[0]), 3)
        -0.187
    """
    q2 = qx**2 + qy**2
    azimuth = jnp.arctan2(qy, qx) - optics.astigmatism_angle
    focus = -optics.defocus + optics.astigmatism * jnp.cos(2 * azimuth)
    lam = optics.wavelength
    return jnp.pi * lam * q2 * (focus + 0.5 * optics.spherical * lam**2 * q2)


@partial(jax.jit, static_argnames=("shape",))
def transfer(
    optics: Aberrations, pixel_angstrom: Float[Array, ""] | float, shape: tuple[int, int]
) -> Complex[Array, "y x"]:
    """exp(-i chi) times the temporal envelope exp(-pi^2 lambda^2 Delta^2 q^4 / 4), in FFT order.

    The envelope multiplies the wave (the quasi-coherent approximation, as in abTEM): exact for
    what interferes with the direct beam, while beams that interfere with each other are damped
    by both their distances from it rather than by their distance from each other. What it damps
    is lost, as to an aperture.
    """
    rows, columns = frequencies(shape, pixel_angstrom)
    qy, qx = jnp.broadcast_arrays(rows, columns)
    spread = jnp.pi * optics.wavelength * optics.focal_spread * (qx**2 + qy**2)
    chi = aberration_phase(optics, qy, qx)
    return jnp.exp(-0.25 * spread**2) * jnp.exp(-1j * chi)


def intensities(
    waves: Complex[Array, "pose y x"], lens: Lens, grid: Grid
) -> Float[Array, "pose y x"]:
    """The image of each exit wave: |F^-1{F[psi] T}|^2, blurred by the instrument's vibration.

    Args:
        waves: exit waves at the plane z = 0, 1 where nothing is [pose, y, x].
        lens: what images them.
        grid: what they are sampled on.

    Returns:
        Intensity, 1 where nothing is [pose, y, x].

    Raises:
        InputError: the waves are not of the grid's shape.

    Example:
        >>> grid = Grid(shape=(8, 8), pixel_nm=0.02)
        >>> float(intensities(jnp.ones((1, 8, 8), dtype=jnp.complex64), Lens(), grid).mean())
        1.0
    """
    if waves.shape[1:] != grid.shape:
        raise InputError(
            f"`waves` must have the grid's shape {grid.shape}, but have {waves.shape[1:]}.",
            remedy="Give the grid that the waves were computed on.",
        )
    return _intensities(waves, aberrations(lens), grid.pixel_angstrom)


@jax.jit
def _intensities(
    waves: Complex[Array, "pose y x"], optics: Aberrations, pixel: Float[Array, ""] | float
) -> Float[Array, "pose y x"]:
    shape = (waves.shape[1], waves.shape[2])
    through = transfer(optics, pixel, shape)

    def one(wave: Complex[Array, "y x"]) -> Float[Array, "y x"]:
        seen = squared_modulus(jnp.fft.ifft2(jnp.fft.fft2(wave) * through))
        return blurred(seen, optics.vibration, pixel)

    return jax.lax.map(one, waves)


def squared_modulus(wave: Complex[Array, "y x"]) -> Float[Array, "y x"]:
    """|psi|^2 without the square root of abs."""
    return jnp.real(wave) ** 2 + jnp.imag(wave) ** 2


def blurred(
    image: Float[Array, "y x"], sigma: Float[Array, ""] | float, pixel: Float[Array, ""] | float
) -> Float[Array, "y x"]:
    """An image smeared by a Gaussian of standard deviation sigma, both in units of `pixel`'s."""
    rows, columns = image.shape
    qy = jnp.fft.fftfreq(rows)[:, None] / pixel
    qx = jnp.fft.rfftfreq(columns)[None, :] / pixel
    damping = jnp.exp(-2 * jnp.pi**2 * sigma**2 * (qy**2 + qx**2))
    return jnp.fft.irfft2(jnp.fft.rfft2(image) * damping, s=(rows, columns))
