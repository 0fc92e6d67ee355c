"""From waves to intensity: interference behind the lens, foci added up, vibration.

Everything here takes `Aberrations` and can be traced, batched and differentiated; `Lens` and
`intensities` are the entrance for people.
"""

from dataclasses import dataclass
from functools import partial
from typing import Protocol, runtime_checkable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

from cinedot.core import InputError
from cinedot.microscope.envelopes import transfer
from cinedot.microscope.optics import Aberrations
from cinedot.microscope.parallel import batch_size


@runtime_checkable
class Coherence(Protocol):
    """How the spread of foci enters the image."""

    def foci(self, optics: Aberrations) -> tuple[Aberrations, Float[np.ndarray, " focus"]]:
        """The lens at each focus, `defocus` with a leading axis [focus], and their weights."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """One focus; its spread damps the wave (quasi-coherent, as abTEM)."""

    def foci(self, optics: Aberrations) -> tuple[Aberrations, Float[np.ndarray, " focus"]]:
        """The lens as it is."""
        return optics._replace(defocus=jnp.reshape(optics.defocus, (1,))), np.ones(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class FocalIntegral:
    """The images of a Gaussian spread of foci, added up: incoherent, right for thick objects too.

    Gauss-Hermite quadrature, one transform an image for each focus. Beams up to the frequency q
    need about (pi lambda Delta q^2)^2 / 2 foci, Delta the focal spread: 15 for 4.2 nm at 80 kV
    up to 1/angstrom. Without an aperture an isolated atom's peak still moves by a tenth of its
    contrast between 15 and 31.

    Attributes:
        points: how many foci.

    Raises:
        InputError: no focus.

    Example:
        >>> optics = Aberrations(0.04, 50.0, 2e4, 30.0, 0.3)
        >>> [round(float(focus), 1) for focus in FocalIntegral(points=3).foci(optics)[0].defocus]
        [13.3, 50.0, 86.7]
    """

    points: int = 15

    def __post_init__(self) -> None:
        if self.points < 1:
            raise InputError(
                f"`points` must be at least 1, but is {self.points}.",
                remedy="15 serve a spread of 4 nm down to 0.1 nm.",
            )

    def foci(self, optics: Aberrations) -> tuple[Aberrations, Float[np.ndarray, " focus"]]:
        """Foci at the nodes, none of them with a spread of its own."""
        nodes, weights = np.polynomial.hermite.hermgauss(self.points)
        real = jnp.result_type(float, *optics)
        foci = optics.defocus + optics.focal_spread * jnp.asarray(nodes, dtype=real)
        sharp = optics._replace(defocus=foci, focal_spread=0.0 * optics.focal_spread)
        return sharp, weights / weights.sum()


ENVELOPE = Envelope()


def images(
    waves: Complex[Array, "pose y x"],
    optics: Aberrations,
    pixel_angstrom: Float[Array, ""] | float,
    coherence: Coherence = ENVELOPE,
) -> Float[Array, "pose y x"]:
    """The image of each wave through a lens of its own; for fits, so traceable throughout.

    Args:
        waves: exit waves at the plane z = 0, 1 where nothing is [pose, y, x]; their precision is
            the images'.
        optics: each number either one for all or one for each wave [pose].
        pixel_angstrom: side of a pixel, angstrom.
        coherence: how the spread of foci enters.

    Returns:
        Intensity, 1 where nothing is [pose, y, x].

    Example:
        >>> optics = Aberrations(0.04, jnp.array([30.0, 60.0]), 2e4, 30.0, 0.3)
        >>> images(jnp.ones((2, 8, 8), dtype=jnp.complex64), optics, 0.2).shape
        (2, 8, 8)
    """
    return _images(waves, optics, pixel_angstrom, coherence)


@partial(jax.jit, static_argnames=("coherence",))
def _images(
    waves: Complex[Array, "pose y x"],
    optics: Aberrations,
    pixel: Float[Array, ""] | float,
    coherence: Coherence,
) -> Float[Array, "pose y x"]:
    real = jnp.real(waves).dtype
    shape = (waves.shape[1], waves.shape[2])
    lens = Aberrations(*(jnp.asarray(leaf, dtype=real) for leaf in optics))
    if all(jnp.ndim(leaf) == 0 for leaf in lens):
        through, weights = _transfers(lens, pixel, shape, coherence)
        return jax.lax.map(
            lambda wave: blurred(_seen(wave, through, weights), lens.vibration, pixel),
            waves,
            batch_size=batch_size(),
        )
    each = Aberrations(*(jnp.broadcast_to(leaf, waves.shape[:1]) for leaf in lens))

    def one(shot: tuple[Complex[Array, "y x"], Aberrations]) -> Float[Array, "y x"]:
        wave, own = shot
        through, weights = _transfers(own, pixel, shape, coherence)
        return blurred(_seen(wave, through, weights), own.vibration, pixel)

    return jax.lax.map(one, (waves, each), batch_size=batch_size())


def _transfers(
    optics: Aberrations,
    pixel: Float[Array, ""] | float,
    shape: tuple[int, int],
    coherence: Coherence,
) -> tuple[Complex[Array, "focus y x"], Float[np.ndarray, " focus"]]:
    foci, weights = coherence.foci(optics)
    pixel = jnp.asarray(pixel, dtype=jnp.asarray(optics.wavelength).dtype)
    at_each = jax.vmap(lambda focus: transfer(foci._replace(defocus=focus), pixel, shape))
    return at_each(jnp.asarray(foci.defocus)), weights


def _seen(
    wave: Complex[Array, "y x"],
    through: Complex[Array, "focus y x"],
    weights: Float[np.ndarray, " focus"],
) -> Float[Array, "y x"]:
    seen = squared_modulus(jnp.fft.ifft2(jnp.fft.fft2(wave) * through))
    return jnp.tensordot(jnp.asarray(weights, dtype=seen.dtype), seen, axes=1)


def squared_modulus(wave: Complex[Array, "*image"]) -> Float[Array, "*image"]:
    """|psi|^2 without the square root of abs."""
    return jnp.real(wave) ** 2 + jnp.imag(wave) ** 2


def blurred(
    image: Float[Array, "y x"], sigma: Float[Array, ""] | float, pixel: Float[Array, ""] | float
) -> Float[Array, "y x"]:
    """An image smeared by a Gaussian of standard deviation sigma, both in units of `pixel`'s."""
    rows, columns = image.shape
    qy = jnp.fft.fftfreq(rows)[:, None] / pixel
    qx = jnp.fft.rfftfreq(columns)[None, :] / pixel
    damping = jnp.exp(-2 * jnp.pi**2 * sigma**2 * (qy**2 + qx**2)).astype(image.dtype)
    return jnp.fft.irfft2(jnp.fft.rfft2(image) * damping, s=(rows, columns))
