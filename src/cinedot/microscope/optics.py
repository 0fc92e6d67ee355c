"""The aberration function of an objective lens, as polynomials that JAX can differentiate.

With w = lambda q the angle of a beam, chi = 2 pi / lambda W(w) and

    W = 1/2 (C1 |w|^2 + A1 . w^2) + |w|^2 (B2 . w) + 1/3 A2 . w^3 + 1/4 C_s |w|^4,

where A . w^n is |A| |w|^n cos n(phi - angle of A). C1 = -defocus: a positive defocus is
under-focus, and the image wave is F^-1{F[psi] exp(-i chi)} (science.md 8.2; names after
Uhlemann and Haider, Ultramicroscopy 72 (1998) 109). Amplitudes that have a direction are held as
two Cartesian components, so that gradients exist where the amplitude is 0.
"""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

Number = Float[Array, "*image"] | float


class Aberrations(NamedTuple):
    """A lens as numbers that JAX can trace, batch and differentiate; angstrom and radian.

    wavelength; defocus (-C1); spherical (C_s); astigmatism_x, _y: |A1| (cos, sin) of twice its
    angle; coma_x, _y: |B2| (cos, sin) of its angle; trefoil_x, _y: |A2| (cos, sin) of three times
    its angle; focal_spread and convergence: 1/e half widths; aperture and aperture_edge: semi-angle
    and width of its edge; vibration: standard deviation an axis.
    """

    wavelength: Number
    defocus: Number
    spherical: Number
    focal_spread: Number
    vibration: Number
    astigmatism_x: Number = 0.0
    astigmatism_y: Number = 0.0
    coma_x: Number = 0.0
    coma_y: Number = 0.0
    trefoil_x: Number = 0.0
    trefoil_y: Number = 0.0
    convergence: Number = 0.0
    aperture: Number = jnp.inf
    aperture_edge: Number = 0.0


def aberration_phase(
    optics: Aberrations, qy: Float[Array, "*q"], qx: Float[Array, "*q"]
) -> Float[Array, "*q"]:
    """chi(q) in radian at spatial frequencies in 1/angstrom (science.md 8.2).

    Example:
        >>> q = jnp.array([1 / 5.87])
        >>> optics = Aberrations(0.041757, 50.0, 2e4, 30.0, 0.3)
        >>> round(float(jnp.sin(aberration_phase(optics, 0 * q, q))[0]), 3)
        -0.187
    """
    x, y = optics.wavelength * qx, optics.wavelength * qy
    w2, second_x, second_y = x**2 + y**2, x**2 - y**2, 2 * x * y
    two_fold = optics.astigmatism_x * second_x + optics.astigmatism_y * second_y
    coma = w2 * (optics.coma_x * x + optics.coma_y * y)
    third_x, third_y = x * (x**2 - 3 * y**2), y * (3 * x**2 - y**2)
    three_fold = (optics.trefoil_x * third_x + optics.trefoil_y * third_y) / 3
    path = 0.5 * (two_fold - optics.defocus * w2) + coma + three_fold
    path = path + 0.25 * optics.spherical * w2**2
    return 2 * jnp.pi / optics.wavelength * path


def aberration_shift(
    optics: Aberrations, qy: Float[Array, "*q"], qx: Float[Array, "*q"]
) -> tuple[Float[Array, "*q"], Float[Array, "*q"]]:
    """How far the lens moves each beam in the image: dchi/dq over 2 pi, y and x, angstrom.

    Example:
        >>> q = jnp.array([0.5])
        >>> optics = Aberrations(0.04, 50.0, 0.0, 30.0, 0.3)
        >>> [round(float(part[0]), 3) for part in aberration_shift(optics, 0 * q, q)]
        [0.0, -1.0]
    """
    x, y = optics.wavelength * qx, optics.wavelength * qy
    w2, second_x, second_y = x**2 + y**2, x**2 - y**2, 2 * x * y
    round_part = optics.spherical * w2 - optics.defocus
    along = optics.coma_x * x + optics.coma_y * y
    shift_x = (
        round_part * x
        + (optics.astigmatism_x * x + optics.astigmatism_y * y)
        + (2 * x * along + w2 * optics.coma_x)
        + (optics.trefoil_x * second_x + optics.trefoil_y * second_y)
    )
    shift_y = (
        round_part * y
        + (optics.astigmatism_y * x - optics.astigmatism_x * y)
        + (2 * y * along + w2 * optics.coma_y)
        + (optics.trefoil_y * second_x - optics.trefoil_x * second_y)
    )
    return shift_y, shift_x
