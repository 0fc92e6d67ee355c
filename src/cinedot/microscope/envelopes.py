"""What a lens lets through: aberrations, the envelopes of partial coherence, the aperture."""

import math
from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array, Complex, Float

from cinedot.core.constants import ELECTRON_REST_ENERGY_EV, FWHM_PER_SIGMA
from cinedot.microscope.beam import wavelength_angstrom
from cinedot.microscope.grid import frequencies
from cinedot.microscope.optics import Aberrations, aberration_phase, aberration_shift


@partial(jax.jit, static_argnames=("shape",))
def transfer(
    optics: Aberrations, pixel_angstrom: Float[Array, ""] | float, shape: tuple[int, int]
) -> Complex[Array, "y x"]:
    """exp(-i chi) times both envelopes and the aperture, in FFT order.

    The envelopes multiply the wave (the quasi-coherent approximation, as in abTEM): exact for
    what interferes with the direct beam, while beams that interfere with each other are damped
    by both their distances from it rather than by their distance from each other. What they damp
    is lost, as to an aperture. `cinedot.microscope.imaging.FocalIntegral` does without the first.
    The precision is that of the aberrations: double where they are.
    """
    rows, columns = frequencies(shape, pixel_angstrom)
    real = jnp.result_type(*optics, pixel_angstrom)
    qy, qx = (q.astype(real) for q in jnp.broadcast_arrays(rows, columns))
    passed = temporal_envelope(optics, qy, qx) * spatial_envelope(optics, qy, qx)
    passed = passed * opening(optics, qy, qx)
    chi = aberration_phase(optics, qy, qx)
    return jax.lax.complex(passed * jnp.cos(chi), -passed * jnp.sin(chi))


def temporal_envelope(
    optics: Aberrations, qy: Float[Array, "*q"], qx: Float[Array, "*q"]
) -> Float[Array, "*q"]:
    """exp(-pi^2 lambda^2 Delta^2 q^4 / 4), Delta the 1/e half width of the foci (science.md 8.2).

    Example:
        >>> q = jnp.array([1 / 1.77])  # 0.7 eV and 1.2 mm: information limit, e^-2
        >>> optics = Aberrations(0.041757, 0.0, 0.0, 47.8 * 2**0.5, 0.0)
        >>> round(float(temporal_envelope(optics, 0 * q, q)[0]), 2)
        0.13
    """
    spread = jnp.pi * optics.wavelength * optics.focal_spread * (qx**2 + qy**2)
    return jnp.exp(-0.25 * spread**2)


def spatial_envelope(
    optics: Aberrations, qy: Float[Array, "*q"], qx: Float[Array, "*q"]
) -> Float[Array, "*q"]:
    """exp(-pi^2 alpha^2 |dchi/dq / (2 pi)|^2 / lambda^2), alpha the source's 1/e half angle.

    For a round lens that is exp(-pi^2 alpha^2 (C1 q + C_s lambda^2 q^3)^2) of science.md 8.2;
    abTEM has the same law and calls its width a standard deviation.

    Example:
        >>> q = jnp.array([0.5])
        >>> optics = Aberrations(0.04, 500.0, 0.0, 0.0, 0.0, convergence=1e-3)
        >>> round(float(spatial_envelope(optics, 0 * q, q)[0]), 3)
        0.54
    """
    shift_y, shift_x = aberration_shift(optics, qy, qx)
    angle = jnp.pi * optics.convergence / optics.wavelength
    return jnp.exp(-(angle**2) * (shift_y**2 + shift_x**2))


def opening(
    optics: Aberrations, qy: Float[Array, "*q"], qx: Float[Array, "*q"]
) -> Float[Array, "*q"]:
    """The objective aperture: 1 inside, 0 outside, a straight ramp over the edge's width.

    abTEM's soft edge is this ramp with the width of one pixel of its transform. A sharp edge has
    no gradient in the aperture's size.

    Example:
        >>> q = jnp.array([0.0, 0.5, 1.0])
        >>> optics = Aberrations(0.04, 0.0, 0.0, 0.0, 0.0, aperture=0.02, aperture_edge=0.01)
        >>> opening(optics, 0 * q, q).tolist()
        [1.0, 0.5, 0.0]
    """
    q2 = qx**2 + qy**2
    # The root's slope is infinite at 0, where no aperture ends.
    angle = optics.wavelength * jnp.sqrt(jnp.where(q2 > 0, q2, 1)) * (q2 > 0)
    bounded, soft = jnp.isfinite(optics.aperture), optics.aperture_edge > jnp.zeros(())
    # Both branches of a choice are differentiated, so neither may divide by 0 or hold infinity.
    size = jnp.where(bounded, optics.aperture, 1.0)
    edge = jnp.where(soft, optics.aperture_edge, 1.0)
    ramp = jnp.clip((size - angle) / edge + 0.5, 0, 1)
    sharp = (angle <= size).astype(ramp.dtype)
    return jnp.where(bounded, jnp.where(soft, ramp, sharp), 1.0).astype(q2.dtype)


def chromatic_focal_spread_nm(
    voltage_kv: float, *, chromatic_aberration_mm: float, energy_spread_ev: float
) -> float:
    """sqrt 2 C_c (dE / E) (1 + E/mc^2) / (1 + E/2mc^2), dE a standard deviation (science.md 8.2).

    Args:
        voltage_kv: accelerating voltage, kV.
        chromatic_aberration_mm: C_c, mm.
        energy_spread_ev: full width at half maximum of the electrons' energies, eV.

    Returns:
        The 1/e half width of the foci, nm: sqrt 2 times their standard deviation.

    Example:
        >>> spread = chromatic_focal_spread_nm(
        ...     80.0, chromatic_aberration_mm=1.2, energy_spread_ev=0.7)
        >>> round(spread / 2**0.5, 2)
        4.78
    """
    energy = 1e3 * voltage_kv
    share = energy / ELECTRON_REST_ENERGY_EV
    relativistic = (1 + share) / (1 + share / 2)
    sigma = 1e6 * chromatic_aberration_mm * energy_spread_ev / FWHM_PER_SIGMA / energy
    return math.sqrt(2) * sigma * relativistic


def information_limit_nm(voltage_kv: float, focal_spread_nm: float) -> float:
    """The spacing that the temporal envelope damps to e^-2: sqrt(pi lambda Delta / (2 sqrt 2)).

    Args:
        voltage_kv: accelerating voltage, kV.
        focal_spread_nm: 1/e half width of the foci, nm.

    Example:
        >>> round(information_limit_nm(80.0, 2**0.5 * 4.78), 3)
        0.177
    """
    lam = wavelength_angstrom(voltage_kv) / 10
    return math.sqrt(math.pi * lam * focal_spread_nm / (2 * math.sqrt(2)))
