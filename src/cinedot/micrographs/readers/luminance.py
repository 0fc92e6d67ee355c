"""Colour pictures as one number a pixel."""

import numpy as np
from jaxtyping import Float, Shaped

LUMINANCE_WEIGHTS = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in brightness: luma of ITU-R Recommendation BT.601."""


def luminance(colours: Shaped[np.ndarray, "*frame_y_x channel"]) -> Float[np.ndarray, "*frame_y_x"]:
    """Brightness of an RGB or RGBA picture, the alpha channel left out.

    Args:
        colours: [..., channel] with channels red, green, blue and perhaps alpha.

    Example:
        >>> luminance(np.array([[[255, 255, 255], [255, 0, 0]]], np.uint8)).round().tolist()
        [[255.0, 76.0]]
    """
    weights = np.asarray(LUMINANCE_WEIGHTS, dtype=np.float32)
    return (colours[..., :3].astype(np.float32) * weights).sum(axis=-1, dtype=np.float32)


def plain_numbers(data: Shaped[np.ndarray, "*any"]) -> Shaped[np.ndarray, "*any"]:
    """Pixels as plain numbers: RosettaSciIO's (R, G, B) records as luminance, complex as modulus.

    Raises:
        ValueError: pixels of some other composite type.
    """
    names = data.dtype.names
    if names is not None:
        if names[:3] != ("R", "G", "B"):
            raise ValueError(f"pixels made of the fields {names} are no intensities")
        return luminance(np.stack([data[name] for name in names[:3]], axis=-1))
    return np.abs(data) if np.iscomplexobj(data) else data
