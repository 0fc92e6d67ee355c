"""Fringes patch by patch: for bent, curved or many-grained lattices such as soot's."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cinedot.core import Estimate, Image, InputError
from cinedot.micrographs.fringes import FALSE_ALARMS, Fringe, lattice_fringes
from cinedot.micrographs.median import median_with_error

FEWEST_PATCHES = 12
"""Patches, three of them independent, from which on their scatter says something of the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalFringe:
    """The strongest fringe of one patch.

    Attributes:
        x_nm, y_nm: the patch's centre.
        fringe: what was found there.
    """

    x_nm: float
    y_nm: float
    fringe: Fringe


def local_fringes(
    image: Image,
    *,
    patch_nm: float = 4.0,
    d_range_nm: tuple[float, float] = (0.15, 1.0),
    false_alarms: float = FALSE_ALARMS,
) -> tuple[LocalFringe, ...]:
    """The strongest fringe of each patch that shows one; patches overlap by half.

    Over a whole field bent fringes smear into rings that no peak rises from; within a few
    nanometres they are straight.

    Args:
        image: intensities with their scale.
        patch_nm: side of a patch.
        d_range_nm: spacings looked for.
        false_alarms: expected number of patches of pure noise that show one, in the whole image.

    Raises:
        InputError: patches of fewer than 16 pixels, or larger than the image.

    Example:
        >>> x = np.arange(200) * 0.05
        >>> waves = np.cos(2 * np.pi * x / 0.35)[None, :] * np.ones((200, 1))
        >>> noisy = waves + np.random.default_rng(3).normal(size=waves.shape)
        >>> image = Image(data=noisy, pixel_x_nm=0.05, pixel_y_nm=0.05, name="waves")
        >>> found = local_fringes(image)
        >>> len(found), round(found[0].fringe.spacing_nm, 2)
        (9, 0.35)
    """
    rows, columns = image.data.shape
    width, height = (columns - 1) * image.pixel_x_nm, (rows - 1) * image.pixel_y_nm
    if patch_nm > min(width, height) or patch_nm < 16 * max(image.pixel_x_nm, image.pixel_y_nm):
        raise InputError(
            f"`patch_nm` must be at least 16 pixels and fit into the image "
            f"({width:.3g} nm x {height:.3g} nm), but is {patch_nm}.",
            remedy="About ten fringes a patch are best.",
            file=image.name,
        )
    tops = np.arange(0.0, height - patch_nm + 1e-9, patch_nm / 2)
    lefts = np.arange(0.0, width - patch_nm + 1e-9, patch_nm / 2)
    rate = false_alarms / (tops.size * lefts.size)
    found = []
    for top, left in itertools.product(tops.tolist(), lefts.tolist()):
        fringes = lattice_fringes(
            image,
            d_range_nm=d_range_nm,
            region=(left, top, left + patch_nm, top + patch_nm),
            most=1,
            false_alarms=rate,
        )
        if fringes:
            x, y = left + patch_nm / 2, top + patch_nm / 2
            found.append(LocalFringe(x_nm=x, y_nm=y, fringe=fringes[0]))
    return tuple(found)


def typical_spacing(fringes: Sequence[LocalFringe]) -> Estimate | None:
    """Median spacing over patches; sigma from their scatter, overlapping patches counted once.

    Fewer than `FEWEST_PATCHES` have no sigma: their scatter says nothing about other places.

    Example:
        >>> typical_spacing([]) is None
        True
    """
    if not fringes:
        return None
    spacings = np.array([one.fringe.spacing_nm for one in fringes])
    # Patches overlap by half each way: every fourth is independent.
    independent = max(1.0, len(spacings) / 4)
    middle, scatter = median_with_error(spacings, independent=independent)
    fitted = float(np.median([one.fringe.sigma_nm for one in fringes]))
    sigma = float(np.hypot(scatter, fitted / np.sqrt(independent)))
    method = f"median over {len(spacings)} patches with fringes"
    few = len(spacings) < FEWEST_PATCHES
    return Estimate(
        value=middle,
        sigma=None if few else sigma,
        unit="nm",
        method=method + ", too few for a sigma" * few,
    )
