"""Fringes patch by patch: for bent, curved or many-grained lattices such as soot's."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cinedot.core import Estimate, Image, InputError
from cinedot.micrographs.fringes import Fringe, lattice_fringes


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
    image: Image, *, patch_nm: float = 4.0, d_range_nm: tuple[float, float] = (0.15, 1.0)
) -> tuple[LocalFringe, ...]:
    """The strongest fringe of each patch that shows one; patches overlap by half.

    Over a whole field bent fringes smear into rings that no peak rises from; within a few
    nanometres they are straight.

    Args:
        image: intensities with their scale.
        patch_nm: side of a patch.
        d_range_nm: spacings looked for.

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
    found = []
    for top in np.arange(0.0, height - patch_nm + 1e-9, patch_nm / 2):
        for left in np.arange(0.0, width - patch_nm + 1e-9, patch_nm / 2):
            region = (float(left), float(top), float(left + patch_nm), float(top + patch_nm))
            fringes = lattice_fringes(image, d_range_nm=d_range_nm, region=region, most=1)
            if fringes:
                x, y = float(left + patch_nm / 2), float(top + patch_nm / 2)
                found.append(LocalFringe(x_nm=x, y_nm=y, fringe=fringes[0]))
    return tuple(found)


def typical_spacing(fringes: Sequence[LocalFringe]) -> Estimate | None:
    """Median spacing over patches; sigma from their scatter, overlapping patches counted once.

    Example:
        >>> typical_spacing([]) is None
        True
    """
    if not fringes:
        return None
    spacings = np.array([one.fringe.spacing_nm for one in fringes])
    low, middle, high = np.percentile(spacings, [15.865525, 50, 84.134475])
    # Patches overlap by half each way: every fourth is independent. 1.2533: a median's error.
    independent = max(1.0, len(spacings) / 4)
    sigma = 1.2533 * float(high - low) / 2 / float(np.sqrt(independent))
    fitted = float(np.median([one.fringe.sigma_nm for one in fringes]))
    return Estimate(
        value=float(middle),
        sigma=float(np.hypot(sigma, fitted / np.sqrt(independent))),
        unit="nm",
        method=f"median over {len(spacings)} patches with fringes",
    )
