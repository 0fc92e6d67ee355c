"""Many spectra on one axis, each fitted with a Gaussian band on a background, all at once.

Spectra go in groups, a core each: a lattice of bands and a search over bins of points give each
spectrum its start, and a search over all points, in double precision, its answer.
"""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from typing import Literal

import numpy as np
from jaxtyping import Float, Int, Shaped

from cinedot.core import InputError
from cinedot.core.batched_search import Searched, search_batch
from cinedot.core.constants import FWHM_PER_SIGMA, HC_EV_NM
from cinedot.spectroscopy.series_equations import (
    BandAxis,
    BandBatch,
    BandSolution,
    bin_means,
)
from cinedot.spectroscopy.series_start import best_of_lattice

Ground = Literal["constant", "linear"]
Coordinate = Literal["axis", "energy"]

STATUSES = ("ok", "edge", "no_band", "unfinished")
"""What `SeriesFit.status` counts: a good fit; a band whose centre or width ended at a bound; none
that points up; a search that did not end."""

_GROUP = 4096
_BINS = 128
_FINE = 3.0
"""Bands of fewer bins at half height are not searched in bins, but at once in all points."""
_NARROWEST = 0.4
"""FWHM in points: narrower ones are no band but one point's fault."""
_ROUGH = 1e-3
"""To so many widths bins are searched: what they leave to all points is a step or two."""
_STALE = 2e-7
"""Where the last step was longer, derivatives are asked for again before they tell covariance."""
_ALIKE = 256
"""Spectra of like widths that are put in the order of their centres."""
_RETRIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesFit:
    """The Gaussian of every spectrum of a series.

    Attributes:
        centre: of the Gaussian, in its coordinate.
        fwhm: full width at half maximum, in its coordinate.
        height: at the centre, above the background.
        ground: the background where the axis begins, and where it ends if it is linear.
        covariance: of (centre, fwhm, height, ground), for independent points.
        chi_square: sum of squared residuals over variance; with no sigma given, of squared
            residuals.
        freedom: points less parameters.
        status: the place of each in `STATUSES`; only 0 is an answer to build on.
        evaluations: how often the misfit of all points was asked for.
    """

    centre: Float[np.ndarray, " spectrum"]
    fwhm: Float[np.ndarray, " spectrum"]
    height: Float[np.ndarray, " spectrum"]
    ground: Float[np.ndarray, "spectrum ground"]
    covariance: Float[np.ndarray, "spectrum free free"]
    chi_square: Float[np.ndarray, " spectrum"]
    freedom: int
    status: Int[np.ndarray, " spectrum"]
    evaluations: Int[np.ndarray, " spectrum"]

    @property
    def sigma(self) -> Float[np.ndarray, "spectrum free"]:
        """One standard deviation of (centre, fwhm, height, ground)."""
        return np.sqrt(np.einsum("bii->bi", self.covariance))


def fit_series(
    axis: Float[np.ndarray, " x"],
    intensity: Shaped[np.ndarray, "..."],
    *,
    ground: Ground = "linear",
    coordinate: Coordinate = "axis",
    sigma: Float[np.ndarray, "..."] | None = None,
) -> SeriesFit:
    """A Gaussian on a background in each of many spectra, by weighted least squares.

    Starting values come from the spectra. Each spectrum's search ends on its own, where centre and
    width change by less than a hundred-millionth of the width; one that does not end is begun again
    from other bands. Memory beyond the spectra's own is that of 4,096 spectra a core.

    Args:
        axis: where the spectra are recorded, rising; at least 8 points. Wavelengths in nm where
            `coordinate` is "energy".
        intensity: of each spectrum, numbers of any real type; a memory-mapped array is read in
            parts.
        ground: the background.
        coordinate: "axis": the band is Gaussian along the axis. "energy": it is Gaussian in photon
            energy (eV), recorded per nm, as `band_per_nm` says; centre and width are in eV.
        sigma: one standard deviation of each point, or of each point of each spectrum. Without it
            all points weigh alike, and each spectrum's own residuals scale its covariance.

    Raises:
        InputError: an axis that does not rise, spectra of another length, numbers that are not
            finite, or sigmas that are not positive.

    Source: G. H. Golub, V. Pereyra, SIAM J. Numer. Anal. 10 (1973) 413; L. Kaufman, BIT 15
    (1975) 49.

    Example:
        >>> x = np.linspace(0.0, 10.0, 200)
        >>> centres = np.array([[4.0], [4.5], [6.0]])
        >>> fit = fit_series(x, 3.0 + 0.1 * x + 50.0 * np.exp(-((x - centres) ** 2)))
        >>> fit.centre.round(6), fit.fwhm.round(6), fit.status
        (array([4. , 4.5, 6. ]), array([1.665109, 1.665109, 1.665109]), array([0, 0, 0]))
    """
    _check(axis, intensity, sigma)
    band_axis = _band_axis(axis, ground, coordinate)
    parts = [
        (first, intensity[first : first + _GROUP], _rows(sigma, first))
        for first in range(0, len(intensity), _GROUP)
    ]
    found = _over_cores(band_axis, parts)
    return _wrapped(found, band_axis, coordinate, known=sigma is not None)


def _check(
    axis: Float[np.ndarray, " x"],
    intensity: Shaped[np.ndarray, "..."],
    sigma: Float[np.ndarray, "..."] | None,
) -> None:
    if len(axis) < 8 or not np.isfinite(axis).all() or (np.diff(axis) <= 0).any():
        raise InputError(
            f"a series' axis must hold 8 points or more that rise, but holds {len(axis)} that may "
            "not.",
            remedy="Sort the points, and keep one of each that is repeated.",
        )
    if intensity.ndim != 2 or intensity.shape[1] != len(axis) or not len(intensity):
        raise InputError(
            f"a series must be spectra of {len(axis)} points each, but has the shape "
            f"{intensity.shape}.",
            remedy="Give one row a spectrum.",
        )
    if sigma is not None and sigma.shape not in (axis.shape, intensity.shape):
        raise InputError(
            f"there must be as many sigmas as points, but theirs is the shape {sigma.shape}.",
            remedy="Give one for each point of the axis, or one for each point of each spectrum.",
        )
    if sigma is not None and not (np.isfinite(sigma).all() and (sigma > 0).all()):
        raise InputError(
            "each `sigma` must be positive and finite, but some are not.",
            remedy="Leave points without noise or without a record out of the series.",
        )


def _rows(
    sigma: Float[np.ndarray, "... x"] | None, first: int
) -> Float[np.ndarray, "... x"] | None:
    return sigma[first : first + _GROUP] if sigma is not None and sigma.ndim == 2 else sigma


def _band_axis(axis: Float[np.ndarray, " x"], ground: Ground, coordinate: Coordinate) -> BandAxis:
    across = (axis - axis[0]) / (axis[-1] - axis[0])
    terms = np.stack([1.0 - across, across]) if ground == "linear" else np.ones((1, len(axis)))
    if coordinate == "axis":
        return BandAxis(place=axis, factor=np.ones_like(axis), ground=terms)
    energy = HC_EV_NM / axis
    return BandAxis(place=energy, factor=(energy / energy.mean()) ** 2, ground=terms)


_Part = tuple[int, Shaped[np.ndarray, "_ x"], Float[np.ndarray, "..."] | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    solution: BandSolution
    status: Int[np.ndarray, " spectrum"]
    evaluations: Int[np.ndarray, " spectrum"]


def _over_cores(axis: BandAxis, parts: Sequence[_Part]) -> list[_Group]:
    """Each group on a core of its own; linear algebra within a group stays on it."""
    from threadpoolctl import threadpool_limits

    cores = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )
    with (
        threadpool_limits(1, user_api="blas"),
        ThreadPoolExecutor(min(cores, len(parts))) as pool,
    ):
        return list(pool.map(lambda part: _fitted(axis, *part), parts))


def _fitted(
    axis: BandAxis,
    first: int,
    intensity: Shaped[np.ndarray, "spectrum x"],
    sigma: Float[np.ndarray, "... x"] | None,
) -> _Group:
    """A group's answers, their status, and how often they were evaluated."""
    values = np.asarray(intensity, dtype=np.float64)
    root = np.ones_like(axis.place) if sigma is None else 1.0 / sigma
    # One product with each spectrum tells, without a pass over every point.
    lost = np.flatnonzero(~np.isfinite(values @ np.ones_like(axis.place)))
    if lost.size:
        raise InputError(
            "intensities of a series must be finite, but some are not.",
            remedy="Leave out these spectra, or the points that they share.",
            place=f"spectrum {first + int(lost[0])}",
        )
    starts = _starts(axis, values, root)
    order = _alike(starts)
    values, root = values[order], root[order] if root.ndim == 2 else root
    batch = BandBatch(axis, values, root)
    low, high = _bounds(axis)
    found = search_batch(batch, starts[order], low=low, high=high)
    found = _again(axis, values, root, found)
    stale = np.flatnonzero(found.last_step > _STALE)
    if stale.size:
        batch(stale, found.values[stale])
    solution = batch.solved(found.values)
    back = np.argsort(order)
    return _Group(
        solution=BandSolution(
            **{one.name: getattr(solution, one.name)[back] for one in fields(BandSolution)}
        ),
        status=_status(solution, found)[back],
        evaluations=found.evaluations[back],
    )


def _alike(starts: Float[np.ndarray, "spectrum 2"]) -> Int[np.ndarray, " spectrum"]:
    """An order in which bands that follow each other reach the same points.

    A block of them is then worked on in these points alone.
    """
    kind = np.argsort(np.argsort(starts[:, 1])) // _ALIKE
    return np.lexsort((starts[:, 0], kind))


def _again(
    axis: BandAxis,
    intensity: Float[np.ndarray, "spectrum x"],
    root: Float[np.ndarray, "... x"],
    found: Searched,
) -> Searched:
    """Searches that did not end are begun again, in all points, from the lattice's best bands."""
    left = np.flatnonzero(~found.converged)
    if not left.size:
        return found
    batch = BandBatch(axis, intensity[left], root[left] if root.ndim == 2 else root)
    low, high = _bounds(axis)
    tries = [
        search_batch(batch, start, low=low, high=high)
        for start in best_of_lattice(axis, batch, most=_RETRIES)
    ]
    misfits = np.stack([batch(np.arange(len(left)), one.values).chi_square for one in tries])
    misfits[~np.stack([one.converged for one in tries])] = np.inf
    best = np.argmin(misfits, axis=0)
    for k, one in enumerate(tries):
        better = left[(best == k) & one.converged]
        chosen = (best == k) & one.converged
        found.values[better] = one.values[chosen]
        found.converged[better] = True
        found.held[better] = one.held[chosen]
        found.last_step[better] = np.inf
    found.evaluations[left] += np.sum([one.evaluations for one in tries], axis=0)
    return found


def _bounds(axis: BandAxis) -> tuple[Float[np.ndarray, "2"], Float[np.ndarray, "2"]]:
    """The centre within the record, the width from less than a point to twice the record."""
    ends = np.sort(axis.place[[0, -1]])
    span = float(ends[1] - ends[0])
    narrow = _NARROWEST * span / (len(axis.place) - 1)
    widths = np.log(np.array([narrow, 2.0 * span]) / FWHM_PER_SIGMA)
    return np.array([ends[0], widths[0]]), np.array([ends[1], widths[1]])


def _starts(
    axis: BandAxis,
    intensity: Float[np.ndarray, "spectrum x"],
    root: Float[np.ndarray, "... x"],
) -> Float[np.ndarray, "spectrum 2"]:
    """The best of the lattice, bettered by a search over bins where they are fine enough."""
    size = max(len(axis.place) // _BINS, 1)
    weight = bin_means(root**2, size)
    coarse = axis.binned(size)
    if root.ndim == 1 and (root == root[0]).all():
        means = bin_means(intensity, size)
    else:
        means = bin_means(intensity * root**2, size) / weight
    batch = BandBatch(coarse, means, np.sqrt(size * weight))
    starts = best_of_lattice(coarse, batch)[0]
    if size == 1:
        return starts
    step = abs(float(coarse.place[-1] - coarse.place[0])) / (len(coarse.place) - 1)
    wide = np.exp(starts[:, 1]) * FWHM_PER_SIGMA > _FINE * step
    low, high = _bounds(coarse)
    found = search_batch(batch, starts, low=low, high=high, tolerance=_ROUGH, most_steps=15)
    # A mean over a bin widens a band by the bin's own variance.
    width = 0.5 * np.log(np.maximum(np.exp(2.0 * found.values[:, 1]) - step**2 / 12.0, step**2))
    bettered = np.stack([found.values[:, 0], width], axis=1)
    return np.where((wide & found.converged)[:, None], bettered, starts)


def _status(solution: BandSolution, found: Searched) -> Int[np.ndarray, " spectrum"]:
    upright = (solution.height > 0) & np.isfinite(solution.covariance).all(axis=(1, 2))
    return np.select(
        [~found.converged, ~upright, found.held.any(axis=1)],
        [STATUSES.index("unfinished"), STATUSES.index("no_band"), STATUSES.index("edge")],
        STATUSES.index("ok"),
    )


def _wrapped(
    found: list[_Group], axis: BandAxis, coordinate: Coordinate, *, known: bool
) -> SeriesFit:
    """All groups together, heights at the centres, widths as full ones at half maximum."""
    whole = {
        field.name: np.concatenate([getattr(group.solution, field.name) for group in found])
        for field in fields(BandSolution)
    }
    factor, slope = _factor_at(axis, whole["centre"], coordinate)
    height = whole["height"] * factor
    change = np.zeros_like(whole["covariance"])
    change[:, range(change.shape[1]), range(change.shape[1])] = 1.0
    change[:, 1, 1] = FWHM_PER_SIGMA
    change[:, 2, 2] = factor
    change[:, 2, 0] = whole["height"] * slope
    lost = np.isinf(whole["covariance"][:, 0, 0])
    covariance = np.where(lost[:, None, None], 0.0, whole["covariance"])
    covariance = np.matmul(change, np.matmul(covariance, change.transpose(0, 2, 1)))
    freedom = len(axis.place) - change.shape[1]
    if not known:
        covariance *= (whole["chi_square"] / max(freedom, 1))[:, None, None]
    covariance[lost] = np.inf
    return SeriesFit(
        centre=whole["centre"],
        fwhm=whole["width"] * FWHM_PER_SIGMA,
        height=height,
        ground=whole["ground"],
        covariance=covariance,
        chi_square=whole["chi_square"],
        freedom=freedom,
        status=np.concatenate([group.status for group in found]),
        evaluations=np.concatenate([group.evaluations for group in found]),
    )


def _factor_at(
    axis: BandAxis, centre: Float[np.ndarray, " spectrum"], coordinate: Coordinate
) -> tuple[Float[np.ndarray, " spectrum"], Float[np.ndarray, " spectrum"]]:
    """What multiplies a Gaussian at its centre, and how that changes with the centre."""
    if coordinate == "axis":
        return np.ones_like(centre), np.zeros_like(centre)
    mean = float(axis.place.mean())
    return (centre / mean) ** 2, 2.0 * centre / mean**2
