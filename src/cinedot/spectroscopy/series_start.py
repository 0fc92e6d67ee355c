"""Where the search for a band begins: the best of a lattice of bands, all tried on the record."""

import numpy as np
from jaxtyping import Float, Int

from cinedot.core.constants import FWHM_PER_SIGMA
from cinedot.spectroscopy.series_equations import BandAxis, BandBatch

_APART = 0.7
"""From one centre to the next, in FWHM: a band is nowhere further than 0.35 from one of them."""
_WIDER = 1.6
"""From one width to the next."""
_NOUGHT = 1e-9


def lattice_bands(axis: BandAxis) -> tuple[Float[np.ndarray, "shape 2"], Int[np.ndarray, " shape"]]:
    """Bands of every width from one point to the whole record, everywhere: centre, ln of width.

    Args:
        axis: in the order of its places.

    Returns:
        The bands as (centre, ln of standard deviation), and for each the number of its width.
    """
    span = abs(float(axis.place[-1] - axis.place[0]))
    low = float(min(axis.place[0], axis.place[-1]))
    fwhm = span / (len(axis.place) - 1)
    bands: list[Float[np.ndarray, "place 2"]] = []
    while fwhm < 1.01 * span:
        centres = low + np.arange(0.0, span + 0.5 * _APART * fwhm, _APART * fwhm)
        width = np.full_like(centres, np.log(fwhm / FWHM_PER_SIGMA))
        bands.append(np.stack([centres, width], axis=1))
        fwhm *= _WIDER
    sizes = [len(part) for part in bands]
    return np.concatenate(bands), np.repeat(np.arange(len(bands)), sizes)


def best_of_lattice(
    axis: BandAxis, batch: BandBatch, *, most: int = 1
) -> Float[np.ndarray, "start spectrum 2"]:
    """The bands of the lattice that take most from each record's misfit, best first.

    Args:
        axis: of the batch.
        batch: the records.
        most: how many starts; each further one has a width of its own.
    """
    bands, kinds = lattice_bands(axis)
    shapes = axis.factor * np.exp(-0.5 * ((axis.place - bands[:, :1]) / np.exp(bands[:, 1:])) ** 2)
    # Numbers too small for single precision's exponent slow its products down many times.
    shapes[shapes < _NOUGHT] = 0.0
    scores = batch.scores(shapes)
    starts: list[Float[np.ndarray, "spectrum 2"]] = []
    for _ in range(most):
        best = np.argmax(scores, axis=1)
        starts.append(bands[best])
        if most > 1:
            scores = np.where(kinds == kinds[best][:, None], -np.inf, scores)
    return np.stack(starts)
