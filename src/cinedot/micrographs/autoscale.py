"""Whole grey values for a picture: ImageJ's "autoscale" after its band-pass."""

from typing import Literal

import numpy as np
from jaxtyping import Shaped, UInt

from cinedot.core import InputError

_CLASSES = 256


def autoscale(
    image: Shaped[np.ndarray, "y x"], *, saturate: bool = True, bits: Literal[8, 16] = 8
) -> UInt[np.ndarray, "y x"]:
    """Stretch an image over all grey values, as ImageJ does after its band-pass.

    Of a histogram of 256 classes between minimum and maximum, the first and the last class by
    which more than 0.5 % of the pixels are passed (any pixel, without `saturate`) become black
    and white; values in between are scaled linearly and rounded, those beyond are clipped.

    Args:
        image: intensities [y, x], any real number type.
        saturate: let 0.5 % of the pixels at either end be clipped.
        bits: 8 or 16, the depth of the picture.

    Returns:
        Grey values, uint8 or uint16; all 0 where the image is flat.

    Raises:
        InputError: no pixels, values that are not finite, another depth.

    Source: ImageJ's ContrastEnhancer and converters; science.md 8.6, step 5.

    Example:
        >>> autoscale(np.array([[0.0, 1.0], [2.0, 4.0]]), saturate=False).tolist()
        [[0, 64], [128, 255]]
    """
    if bits not in (8, 16):
        raise InputError(
            f"`bits` must be 8 or 16, but is {bits!r}.", remedy="Screens show 8, ImageJ both."
        )
    if image.size == 0 or image.dtype.kind not in "biuf" or not np.isfinite(image).all():
        raise InputError(
            f"`image` must hold finite real numbers, but is {image.dtype} of shape {image.shape} "
            "with values that are none."
            if image.size
            else "`image` must hold pixels.",
            remedy="Replace dead pixels by their neighbours' median, or leave the frame out.",
        )
    values = image.astype(np.float32)
    black, white = _range(values, int(image.size / 200) if saturate else 0)
    top = 2**bits - 1
    if white <= black:
        return np.zeros(image.shape, np.uint8 if bits == 8 else np.uint16)
    scaled = np.clip((values - np.float32(black)) * np.float32(top / (white - black)), 0, top)
    return (scaled + np.float32(0.5)).astype(np.uint8 if bits == 8 else np.uint16)


def _range(values: Shaped[np.ndarray, "y x"], threshold: int) -> tuple[float, float]:
    least, most = float(values.min()), float(values.max())
    if most <= least:
        return least, most
    step = (most - least) / _CLASSES
    place = ((values.astype(np.float64) - least) * (_CLASSES / (most - least))).astype(np.intp)
    counts = np.bincount(np.minimum(place, _CLASSES - 1).ravel(), minlength=_CLASSES)
    low = int(np.argmax(np.cumsum(counts) > threshold))
    high = _CLASSES - 1 - int(np.argmax(np.cumsum(counts[::-1]) > threshold))
    if high <= low:
        return least, most
    return least + low * step, least + high * step
