"""Pictures inside the page: as data addresses, so that the report stays one file."""

import base64
import io

import numpy as np
from jaxtyping import Float, Shaped, UInt8
from PIL import Image as Pillow

_TONES = 128


def png_uri(
    data: Shaped[np.ndarray, "y x"],
    *,
    percentile: float = 0.5,
    span: tuple[float, float] | None = None,
) -> str:
    """An image as a grey 8-bit PNG in a data address, dark at its low percentile.

    Args:
        data: intensities; NaN is drawn dark.
        percentile: drawn black, and as far from the top drawn white.
        span: intensities drawn black and white in place of percentiles.
    """
    low, high = np.nanpercentile(data, [percentile, 100 - percentile]) if span is None else span
    return _address(Pillow.fromarray(greys(data, low, high)), "png", optimize=True)


def greys(data: Shaped[np.ndarray, "*many"], low: float, high: float) -> UInt8[np.ndarray, "*many"]:
    """Intensities as shades from 0 at `low` (and NaN) to 255 at `high`.

    Example:
        >>> greys(np.array([-1.0, 0.5, np.nan, 2.0]), 0.0, 1.0).tolist()
        [0, 127, 0, 255]
    """
    scaled = (np.nan_to_num(data, nan=low) - low) / (high - low if high > low else 1.0)
    return (np.clip(scaled, 0, 1) * 255).astype(np.uint8)


def colour_uri(image: Float[np.ndarray, "y x 3"]) -> str:
    """A drawing, RGB 0 to 1, as a PNG of few tones in a data address."""
    drawn = Pillow.fromarray((np.clip(image, 0, 1) * 255).astype(np.uint8))
    return _address(drawn.quantize(_TONES), "png", optimize=True)


def webp_uri(shades: UInt8[np.ndarray, "y x"], *, quality: int) -> str:
    """Shades of grey as a WebP in a data address: noise takes a third of what a PNG needs.

    Args:
        shades: 0 to 255.
        quality: 0 to 100.
    """
    return _address(Pillow.fromarray(shades), "webp", quality=quality)


def _address(picture: Pillow.Image, kind: str, **options: int | bool) -> str:
    buffer = io.BytesIO()
    picture.save(buffer, format=kind.upper(), **options)
    return f"data:image/{kind};base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
