"""Dots and their support put together in one field, and imaged."""

from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array, Complex, Float, Int

from cinedot.microscope.grid import frequencies
from cinedot.microscope.lens import Aberrations, blurred, squared_modulus, transfer
from cinedot.microscope.multislice import band_pass, exit_wave, fresnel
from cinedot.microscope.potential import Passage, Scatterers
from cinedot.microscope.support import Film


def through_film(wave: Complex[Array, "y x"], film: Film, how: Passage) -> Complex[Array, "y x"]:
    """The spectrum of the wave behind the film, referred back to the plane z = 0."""
    shape = (wave.shape[0], wave.shape[1])
    qy, qx = frequencies(shape, how.pixel)
    q2 = qy**2 + qx**2
    slices = film.transmission.shape[0]
    spectrum = jnp.fft.fft2(wave)
    if slices == 0:
        return spectrum
    passed = band_pass(q2, how.pixel)
    step = fresnel(q2, film.step_angstrom, how.wavelength) * passed
    first = fresnel(q2, film.first_angstrom, how.wavelength) * passed
    back = fresnel(q2, -(film.first_angstrom + slices * film.step_angstrom), how.wavelength)

    def pass_slice(
        arriving: Complex[Array, "y x"], transmission: Complex[Array, "y x"]
    ) -> tuple[Complex[Array, "y x"], None]:
        return jnp.fft.fft2(jnp.fft.ifft2(arriving) * transmission) * step, None

    leaving, _ = jax.lax.scan(pass_slice, spectrum * first, film.transmission)
    return leaving * back


@partial(jax.jit, static_argnames=("field", "patch"))
def frame_intensity(
    atoms: Scatterers,
    rotations: Float[Array, "moment 3 3"],
    shifts: Float[Array, "moment 3"],
    corners: Int[Array, "moment 2"],
    seats: Int[Array, "moment slice seat"],
    film: Film,
    how: Passage,
    optics: Aberrations,
    field: tuple[int, int],
    patch: int,
) -> Float[Array, "y x"]:
    """The mean image of a dot over a frame's moments, on the wave's pixels.

    The dot's wave is worked out on a patch, the film's on the whole field.

    Args:
        atoms: the dot.
        rotations, shifts: its poses; shifts from the patch's first pixel, angstrom.
        corners: the patch's first pixel in the field, row and column.
        seats: atoms of each slice.
        film: what lies behind.
        how: wavelength, pixel and slices.
        optics: the lens.
        field: rows and columns of the field.
        patch: side of the patch, pixels.
    """
    lens = transfer(optics, how.pixel, field)

    def add(
        total: Float[Array, "y x"],
        moment: tuple[
            Float[Array, "3 3"], Float[Array, " 3"], Int[Array, " 2"], Int[Array, "slice seat"]
        ],
    ) -> tuple[Float[Array, "y x"], None]:
        rotation, shift, corner, seat = moment
        near = exit_wave(atoms, rotation, shift, seat, how, (patch, patch))
        # The field is periodic, so a patch may hang over its border.
        wave = jnp.ones(field, dtype=jnp.complex64).at[:patch, :patch].set(near)
        wave = jnp.roll(wave, corner, axis=(0, 1))
        seen = jnp.fft.ifft2(through_film(wave, film, how) * lens)
        return total + squared_modulus(seen), None

    nothing = jnp.zeros(field, dtype=jnp.float32)
    total, _ = jax.lax.scan(add, nothing, (rotations, shifts, corners, seats))
    return blurred(total / rotations.shape[0], optics.vibration, how.pixel)


@jax.jit
def field_intensity(
    wave: Complex[Array, "y x"], film: Film, how: Passage, optics: Aberrations
) -> Float[Array, "y x"]:
    """The image of a wave at z = 0 that goes on through the film and the lens."""
    lens = transfer(optics, how.pixel, (wave.shape[0], wave.shape[1]))
    seen = jnp.fft.ifft2(through_film(wave, film, how) * lens)
    return blurred(squared_modulus(seen), optics.vibration, how.pixel)
