"""How strong a particle's lattice is at each place: the picture that its outline is read from."""

import numpy as np
import scipy.ndimage
from jaxtyping import Float

from cinedot.core import Image
from cinedot.micrographs.local_lattice import LatticeMap

BLUR_NM = 0.28
"""Standard deviation of the Gaussian over which a fringe's amplitude is taken: about one fringe,
the finest detail of an outline that fringes can carry."""

_MOST_PEAKS = 8

_GROUND_BLUR_NM = 0.5
"""Over which the ground's own envelope is averaged: it is speckle."""

_CLEAR_PER_NM = 0.75
"""Distance from a peak of a 2.4 nm dot at which its power has fallen to the ground's."""


def lattice_peaks(
    lattice: LatticeMap, x_nm: float, y_nm: float
) -> tuple[Float[np.ndarray, "peak 2"], Float[np.ndarray, " peak"]]:
    """Wave vectors (x, y, per nm) that stand out of the window at a place, and the ground's level.

    A peak is a mode that exceeds what noise gives, and no neighbour exceeds it.
    """
    ratios = lattice.ratios_at(x_nm, y_nm)
    modes = np.stack([lattice.modes_x_per_nm, lattice.modes_y_per_nm], axis=1)
    chance = np.log(ratios.size / 2.25)
    spacing = 2.1 / (lattice.window_px[0] * lattice.image.pixel_y_nm)
    chosen: list[int] = []
    for index in np.argsort(-ratios):
        if (ratios[index] < chance and chosen) or len(chosen) >= _MOST_PEAKS:
            break
        place = modes[index]
        near = [
            min(np.hypot(*(place - modes[other])), np.hypot(*(place + modes[other])))
            for other in chosen
        ]
        if all(distance > spacing for distance in near):
            chosen.append(int(index))
    return modes[chosen], lattice.level[chosen]


def envelope(
    image: Image,
    waves: Float[np.ndarray, "peak 2"],
    grounds: Float[np.ndarray, " peak"],
    *,
    blur_nm: float = BLUR_NM,
) -> Float[np.ndarray, "y x"]:
    """Amplitude of some waves around each pixel: the root of their summed power over ground.

    Args:
        image: a field with its scale.
        waves: wave vectors, x and y, per nm.
        grounds: the ground's power at each, in one unit for all.
        blur_nm: standard deviation of the Gaussian average.
    """
    data = (image.data - image.data.mean()).astype(np.float32)
    rows, columns = data.shape
    x = np.arange(columns) * image.pixel_x_nm
    y = np.arange(rows) * image.pixel_y_nm
    sigma = (blur_nm / image.pixel_y_nm, blur_nm / image.pixel_x_nm)
    power = np.zeros(data.shape, np.float64)
    for (qx, qy), ground in zip(waves, grounds, strict=True):
        carrier = np.exp(-2j * np.pi * qy * y)[:, None] * np.exp(-2j * np.pi * qx * x)
        beat = (data * carrier).astype(np.complex64)
        slow = scipy.ndimage.gaussian_filter(beat, sigma, mode="nearest", truncate=3.0)
        power += np.abs(slow) ** 2 / ground
    return np.sqrt(power)


def envelope_over_ground(
    image: Image, waves: Float[np.ndarray, "peak 2"], grounds: Float[np.ndarray, " peak"]
) -> Float[np.ndarray, "y x"]:
    """The envelope of some waves less that of the ground at the same place.

    The ground's share is the power of waves of the same length in other directions, so that a
    support behind one half of a particle does not draw its outline to that side.

    Args:
        image: a field with its scale.
        waves: wave vectors, x and y, per nm.
        grounds: the ground's power at each, in one unit for all.

    Returns:
        Root of the difference, negative where the ground is the stronger.
    """
    beside, levels = _waves_beside(waves, grounds)
    own = envelope(image, waves, grounds) ** 2
    if not len(beside):
        return np.sqrt(own)
    other = envelope(image, beside, levels) ** 2 * (len(waves) / len(beside))
    sigma = (_GROUND_BLUR_NM / image.pixel_y_nm, _GROUND_BLUR_NM / image.pixel_x_nm)
    difference = own - scipy.ndimage.gaussian_filter(other, sigma, mode="nearest")
    return np.sign(difference) * np.sqrt(np.abs(difference))


def _waves_beside(
    waves: Float[np.ndarray, "peak 2"], grounds: Float[np.ndarray, " peak"]
) -> tuple[Float[np.ndarray, "other 2"], Float[np.ndarray, " other"]]:
    """Waves of the same lengths, turned until they are clear of every peak; at most 24."""
    found, levels = [], []
    for turn in np.radians([36, 72, 108, 144, 24, 60, 96, 132, 168]):
        cosine, sine = np.cos(turn), np.sin(turn)
        turned = waves @ np.array([[cosine, sine], [-sine, cosine]])
        for wave, level in zip(turned, grounds, strict=True):
            apart = np.minimum(np.hypot(*(waves - wave).T), np.hypot(*(waves + wave).T)).min()
            if apart > _CLEAR_PER_NM and len(found) < 24:
                found.append(wave)
                levels.append(level)
    return np.reshape(found, (-1, 2)), np.array(levels)
