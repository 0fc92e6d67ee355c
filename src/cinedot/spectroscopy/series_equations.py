"""A batch of spectra under one Gaussian band each: normal equations in the band's place and width.

Height and background are linear; they are solved for exactly and taken out (variable projection).
Spectra are freed of their background's own part once. What remains of each search's step is three
rows for each spectrum, the band and its two derivatives, and their products, made block by block.
"""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from cinedot.core.batched_search import NormalEquations

_WORST_CONDITION = 1e13
"""Of a matrix that has an inverse at all; its last digits are rounding."""
_FEW_DIGITS = 1e-5
"""A chi-square below this share of the record's own square is known to ten digits at most."""
_REACH = 7.0
"""Standard deviations beyond which a band, below 3e-11 of its height, is nought."""
_FEW = 32
_BLOCK_BYTES = 8 * 1024 * 1024
"""Of a block's rows: smaller ones stay in the second-level cache, but two cores then spend more
time handing the interpreter to each other than they save."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BandAxis:
    """Where spectra are recorded, in the coordinate in which the band is Gaussian.

    Attributes:
        place: of each point.
        factor: what multiplies the Gaussian there, as a Jacobian does.
        ground: the background's terms; the first is constant.
    """

    place: Float[np.ndarray, " x"]
    factor: Float[np.ndarray, " x"]
    ground: Float[np.ndarray, "ground x"]

    def binned(self, size: int) -> "BandAxis":
        """The means over so many neighbouring points."""
        return BandAxis(
            place=bin_means(self.place, size),
            factor=bin_means(self.factor, size),
            ground=bin_means(self.ground, size),
        )


def bin_means(values: Float[np.ndarray, "... x"], size: int) -> Float[np.ndarray, "... bin"]:
    """Means over neighbouring points; those that fill no bin at the end are left out."""
    bins = values.shape[-1] // size
    rows = values[..., : bins * size].reshape(*values.shape[:-1], bins, size)
    # A product is several times as fast as a mean over so few.
    return rows @ np.full(size, 1.0 / size)


@dataclass(frozen=True, slots=True, kw_only=True)
class BandSolution:
    """Bands and grounds with their covariance, for residuals over sigma of unit variance.

    Attributes:
        centre: where the Gaussian is highest, in the axis' coordinate.
        width: its standard deviation there.
        height: of the Gaussian, before the axis' factor.
        ground: what multiplies each term of the ground.
        covariance: of (centre, width, height, ground); infinite where the record tells nothing.
        chi_square: sum of squared residuals over variance.
    """

    centre: Float[np.ndarray, " spectrum"]
    width: Float[np.ndarray, " spectrum"]
    height: Float[np.ndarray, " spectrum"]
    ground: Float[np.ndarray, "spectrum ground"]
    covariance: Float[np.ndarray, "spectrum free free"]
    chi_square: Float[np.ndarray, " spectrum"]


class BandBatch:
    """Spectra on one axis, and their misfits: a `Misfits` in (centre, ln of standard deviation).

    Args:
        axis: of all.
        intensity: of each.
        root: 1 over the standard deviation of each point, or of each point of each spectrum.

    Attributes:
        power: sum of squares over variance of each, without its ground's part.
    """

    def __init__(
        self,
        axis: BandAxis,
        intensity: Float[np.ndarray, "spectrum x"],
        root: Float[np.ndarray, " x"] | Float[np.ndarray, "spectrum x"],
    ) -> None:
        self._axis, self._root = axis, root
        self._factor = axis.factor * root
        self._plain = self._factor.ndim == 1 and bool((self._factor == 1.0).all())
        self._ground, self._change = _orthonormal(axis.ground, root)
        plain = root.ndim == 1 and bool((root == 1.0).all())
        self._record = intensity.copy() if plain else intensity * root
        if self._ground.ndim == 2:
            self._ground_part = self._record @ self._ground.T
            for first in range(0, len(intensity), _FEW):
                part = slice(first, first + _FEW)
                self._record[part] -= self._ground_part[part] @ self._ground
        else:
            self._ground_part = np.matmul(self._ground, self._record[:, :, None])[..., 0]
            self._record -= np.matmul(self._ground_part[:, None, :], self._ground)[:, 0]
        self.power = np.vecdot(self._record, self._record)
        count, terms = len(intensity), len(axis.ground)
        self._products = np.zeros((count, 3, 3))
        self._with_ground = np.zeros((count, 3, terms))
        self._with_record = np.zeros((count, 3))
        self._asked_at = np.zeros((count, 2))

    def __call__(
        self, items: Int[np.ndarray, " item"], values: Float[np.ndarray, "item 2"]
    ) -> NormalEquations:
        """Of some spectra, each with its own band; heights and backgrounds at their best."""
        size = max(1, _BLOCK_BYTES // (32 * len(self._axis.place)))
        room = np.empty(3 * size * len(self._axis.place))
        for first in range(0, len(items), size):
            block, there = items[first : first + size], values[first : first + size]
            window = self._window(there)
            # Each kind of row lies in one piece: NumPy is three times as fast on such.
            shape = (3, len(block), window.stop - window.start)
            self._fill(block, there, window, room[: math.prod(shape)].reshape(shape))
        self._asked_at[items] = values
        return self._reduced(items, values)

    def _window(self, values: Float[np.ndarray, "item 2"]) -> slice:
        """The points that any of these bands reaches; at others all are nought."""
        place = self._axis.place
        reach = _REACH * np.exp(values[:, 1])
        ends = float(np.min(values[:, 0] - reach)), float(np.max(values[:, 0] + reach))
        if place[0] < place[-1]:
            first, last = np.searchsorted(place, ends)
        else:
            last, first = len(place) - np.searchsorted(place[::-1], ends)
        return slice(min(int(first), len(place) - 1), max(int(last), int(first) + 1))

    def _fill(
        self,
        block: Int[np.ndarray, " item"],
        values: Float[np.ndarray, "item 2"],
        window: slice,
        kinds: Float[np.ndarray, "3 item x"],
    ) -> None:
        """The products of band and derivatives with each other, the ground and the record."""
        band, moved, widened = kinds
        moved[:] = self._axis.place[window]
        moved -= values[:, :1]
        np.multiply(moved, moved, out=widened)
        widened *= -0.5 * np.exp(-2.0 * values[:, 1:])
        np.exp(widened, out=band)
        if not self._plain:
            factor = self._factor if self._factor.ndim == 1 else self._factor[block]
            band *= factor[..., window]
        moved *= band
        widened *= band
        rows = kinds.transpose(1, 0, 2)
        # A product of rows with themselves would go to BLAS's slow symmetric routine.
        self._products[block, :2] = np.matmul(rows[:, :2], rows.transpose(0, 2, 1))
        self._products[block, 2, :2] = self._products[block, :2, 2]
        self._products[block, 2, 2] = np.vecdot(widened, widened)
        self._with_record[block] = np.vecdot(kinds, self._record[_span(block)][:, window]).T
        if self._ground.ndim == 2:
            self._with_ground[block] = np.matmul(kinds, self._ground[:, window].T).transpose(
                1, 0, 2
            )
        else:
            ground = self._ground[_span(block)][..., window]
            self._with_ground[block] = np.matmul(rows, ground.transpose(0, 2, 1))

    def _reduced(
        self, items: Int[np.ndarray, " item"], values: Float[np.ndarray, "item 2"]
    ) -> NormalEquations:
        """What is left for centre and ln of width once ground and height are taken out."""
        width = np.exp(values[:, 1])
        bare, record = self._without_ground(_span(items))
        top = bare[:, 0, 0]
        told = top > 1e-12 * self._products[_span(items), 0, 0]
        top = np.where(told, top, 1.0)
        height = np.where(told, record[:, 0] / top, 0.0)
        share = bare[:, 1:, 0] / top[:, None]
        scale = height[:, None] * np.stack([width**-2.0, np.full_like(width, -2.0)], axis=1)
        curvature = bare[:, 1:, 1:] - share[:, :, None] * bare[:, None, 0, 1:]
        return NormalEquations(
            chi_square=self.power[_span(items)] - height * record[:, 0],
            gradient=scale * (record[:, 1:] - share * record[:, :1]),
            curvature=curvature * scale[:, :, None] * scale[:, None, :],
            lengths=np.stack([width, np.ones_like(width)], axis=1),
        )

    def solved(self, values: Float[np.ndarray, "spectrum 2"]) -> BandSolution:
        """All parameters of all spectra and their covariance, where the search has left them."""
        width = np.exp(values[:, 1])
        bare, record = self._without_ground(slice(None))
        height = record[:, 0] / np.where(bare[:, 0, 0] > 0, bare[:, 0, 0], 1.0)
        ground = self._ground_part - height[:, None] * self._with_ground[:, 0]
        change = np.swapaxes(self._change, -1, -2)
        free = 3 + ground.shape[1]
        # Rows of derivatives: by centre, standard deviation, height; then the orthonormal ground.
        scale = np.stack([height / width**2, -2.0 * height / width, np.ones_like(width)], axis=1)
        order = np.array([1, 2, 0])
        curvature = np.zeros((len(values), free, free))
        curvature[:, :3, :3] = self._products[:, order[:, None], order]
        curvature[:, :3, :3] *= scale[:, :, None] * scale[:, None, :]
        curvature[:, :3, 3:] = self._with_ground[:, order] * scale[:, :, None]
        curvature[:, 3:, :3] = np.swapaxes(curvature[:, :3, 3:], 1, 2)
        curvature[:, np.arange(3, free), np.arange(3, free)] = 1.0
        covariance = inverses(curvature)
        lost = np.isinf(covariance[:, 0, 0])
        covariance[lost] = 0.0
        turned = np.matmul(change, covariance[:, 3:])
        covariance[:, 3:] = turned
        covariance[:, :, 3:] = np.matmul(covariance[:, :, 3:], np.swapaxes(change, -1, -2))
        linear = np.column_stack([height, np.matmul(change, ground[:, :, None])[..., 0]])
        step = (values - self._asked_at) * np.stack([np.ones_like(width), width], axis=1)
        linear[~lost] += _followed(covariance[~lost], step[~lost])
        covariance[lost] = np.inf
        return BandSolution(
            centre=values[:, 0],
            width=width,
            height=linear[:, 0],
            ground=linear[:, 1:],
            covariance=covariance,
            chi_square=self._misfit(values, linear[:, 0], self.power - height * record[:, 0]),
        )

    def _misfit(
        self,
        values: Float[np.ndarray, "spectrum 2"],
        height: Float[np.ndarray, " spectrum"],
        difference: Float[np.ndarray, " spectrum"],
    ) -> Float[np.ndarray, " spectrum"]:
        """Chi-square; from the residuals themselves where the difference of squares has too few
        digits left."""
        for k in np.flatnonzero(difference < _FEW_DIGITS * self.power).tolist():
            factor = self._factor if self._factor.ndim == 1 else self._factor[k]
            reduced = (self._axis.place - values[k, 0]) / np.exp(values[k, 1])
            band = height[k] * factor * np.exp(-0.5 * reduced**2)
            ground = self._ground if self._ground.ndim == 2 else self._ground[k]
            rest = self._record[k] - band
            rest -= (ground @ rest) @ ground
            difference[k] = rest @ rest
        return difference

    def scores(self, shapes: Float[np.ndarray, "shape x"]) -> Float[np.ndarray, "spectrum shape"]:
        """By how many sigmas each of some bands, of free height, shortens each record.

        The square of a score is what the band takes from the misfit; its sign is the height's.
        Bands that the ground could stand for score nothing.
        """
        root = np.atleast_2d(self._root)
        whole = root**2 @ (shapes**2).T
        bare = whole.copy()
        ground = self._ground if self._ground.ndim == 3 else self._ground[None]
        for term in np.swapaxes(ground, 0, 1):
            bare -= ((term * root) @ shapes.T) ** 2
        unit = np.where(bare > 1e-3 * whole, 1.0 / np.sqrt(np.maximum(bare, 1e-300)), 0.0)
        # Single precision is enough to choose a start by, and twice as fast.
        record = (self._record * root).astype(np.float32)
        if len(unit) == 1:
            return record @ (shapes.T * unit).astype(np.float32)
        return record @ shapes.T.astype(np.float32) * unit.astype(np.float32)

    def _without_ground(
        self, items: Int[np.ndarray, " item"] | slice
    ) -> tuple[Float[np.ndarray, "item 3 3"], Float[np.ndarray, "item 3"]]:
        along = self._with_ground[items]
        bare = self._products[items] - np.matmul(along, along.transpose(0, 2, 1))
        return bare, self._with_record[items]


def _orthonormal(
    ground: Float[np.ndarray, "ground x"], root: Float[np.ndarray, "... x"]
) -> tuple[Float[np.ndarray, "... ground x"], Float[np.ndarray, "... ground ground"]]:
    """The ground's terms over sigma made orthonormal, and what makes them so."""
    weighted = ground * root[..., None, :]
    lower = np.linalg.cholesky(np.matmul(weighted, np.swapaxes(weighted, -1, -2)))
    change = np.linalg.inv(lower)
    return np.matmul(change, weighted), change


def inverses(curvature: Float[np.ndarray, "item free free"]) -> Float[np.ndarray, "item free free"]:
    """Inverses of matrices of full rank; infinite where a matrix has none to working precision.

    Example:
        >>> inverses(np.array([[[4.0, 0.0], [0.0, 0.25]], [[1.0, 1.0], [1.0, 1.0]]])).tolist()
        [[[0.25, 0.0], [0.0, 4.0]], [[inf, inf], [inf, inf]]]
    """
    diagonal = np.einsum("bii->bi", curvature)
    unit = 1.0 / np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
    scaled = curvature * unit[:, :, None] * unit[:, None, :]
    sound = (diagonal > 0).all(axis=1) & np.isfinite(scaled).all(axis=(1, 2))
    scaled[~sound] = np.eye(scaled.shape[1])
    sound &= np.linalg.det(scaled) > 0
    scaled[~sound] = np.eye(scaled.shape[1])
    found = np.linalg.inv(scaled)
    sound &= np.abs(found).sum(axis=1).max(axis=1) < _WORST_CONDITION
    found *= unit[:, :, None] * unit[:, None, :]
    found[~sound] = np.inf
    return found


def _followed(
    covariance: Float[np.ndarray, "item free free"], step: Float[np.ndarray, "item 2"]
) -> Float[np.ndarray, "item linear"]:
    """How the best linear parameters follow a last, short step of the other two."""
    (a, b), (_, c) = covariance[:, :2, :2].transpose(1, 2, 0)
    # Where rounding leaves no determinant, neither does it leave a direction to follow.
    determinant = a * c - b * b
    sound = determinant > 1e-13 * a * c
    across = np.stack([c * step[:, 0] - b * step[:, 1], a * step[:, 1] - b * step[:, 0]], axis=1)
    pulled = across * (sound / np.where(sound, determinant, 1.0))[:, None]
    return np.matmul(covariance[:, 2:, :2], pulled[:, :, None])[..., 0]


def _span(items: Int[np.ndarray, " item"]) -> Int[np.ndarray, " item"] | slice:
    """Some items, as a slice where they follow each other: it needs no copy."""
    first, last = int(items[0]), int(items[-1])
    return slice(first, last + 1) if last - first + 1 == len(items) else items
