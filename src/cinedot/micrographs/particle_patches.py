"""An image as contrast to its own ground, and the patch that each particle stands in."""

from dataclasses import replace

import numpy as np
import scipy.ndimage
from jaxtyping import Bool, Float

from cinedot.core import Image
from cinedot.micrographs.particle_records import Particle, Particles


def with_square_pixels(image: Image) -> Image:
    """The image on square pixels, the finer of its two sides; itself where they are square.

    Values between pixels are those of the cubic spline through all; places in nm stay.

    Example:
        >>> ramp = np.arange(40.0)[:, None] * np.ones((1, 20))
        >>> image = Image(data=ramp, pixel_x_nm=0.1, pixel_y_nm=0.12, name="ramp")
        >>> square = with_square_pixels(image)
        >>> square.data.shape, round(square.pixel_y_nm, 3), round(float(square.data[12, 0]), 6)
        ((47, 20), 0.1, 10.0)
    """
    if image.pixel_x_nm == image.pixel_y_nm:
        return image
    side = min(image.pixel_x_nm, image.pixel_y_nm)
    steps = (side / image.pixel_y_nm, side / image.pixel_x_nm)
    shape = tuple(
        int((count - 1) / step + 1e-9) + 1
        for count, step in zip(image.data.shape, steps, strict=True)
    )
    data = scipy.ndimage.affine_transform(
        image.data, np.array(steps), output_shape=shape, order=3, mode="nearest"
    )
    return replace(image, data=data, pixel_x_nm=side, pixel_y_nm=side)


def contrast_and_ground(
    image: Image, found: Particles
) -> tuple[Float[np.ndarray, "y x"], Bool[np.ndarray, "y x"]]:
    """Intensity over the ground's mean less 1, and where there is no particle."""
    rows, columns = image.data.shape
    y = (np.arange(rows) * image.pixel_y_nm)[:, None]
    x = (np.arange(columns) * image.pixel_x_nm)[None, :]
    ground = np.ones(image.data.shape, dtype=bool)
    for one in found.particles:
        reach = 0.75 * one.edge_nm + 0.5
        ground &= (x - one.x_nm) ** 2 + (y - one.y_nm) ** 2 > reach**2
    level = float(image.data[ground].mean()) if ground.any() else float(np.median(image.data))
    return (image.data / level - 1).astype(np.float32), ground


def patch_about(
    contrast: Float[np.ndarray, "y x"], particle: Particle, image: Image, side: int
) -> Float[np.ndarray, "side side"]:
    """A square patch whose middle pixel is nearest to a particle's centre.

    Beyond the image's border its contrast is 0.
    """
    row = round(particle.y_nm / image.pixel_y_nm) - side // 2
    column = round(particle.x_nm / image.pixel_x_nm) - side // 2
    rows = slice(max(row, 0), min(row + side, contrast.shape[0]))
    columns = slice(max(column, 0), min(column + side, contrast.shape[1]))
    padded = np.zeros((side, side), dtype=np.float32)
    padded[rows.start - row : rows.stop - row, columns.start - column : columns.stop - column] = (
        contrast[rows, columns]
    )
    return padded


def middle_of(patch: Float[np.ndarray, "y x"], side: int) -> Float[np.ndarray, "side side"]:
    """The middle of a patch, the middle pixel kept."""
    first = patch.shape[0] // 2 - side // 2
    return patch[first : first + side, first : first + side]
