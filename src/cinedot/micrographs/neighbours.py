"""Neighbours in the plane: the gap to the nearest one, and how many there are at each distance."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.spatial import KDTree

from cinedot.core import AnalysisError, Estimate, InputError
from cinedot.micrographs.particle_records import Particle, outline_gap_nm

Bounds = tuple[float, float, float, float]
"""x0, y0, x1, y1 of the field in which particles were looked for, nm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Centres of the particles of one field.

    Attributes:
        xy_nm: x and y of each; all within the bounds.
        bounds_nm: the field.
    """

    xy_nm: Float[np.ndarray, "particle 2"]
    bounds_nm: Bounds

    def __post_init__(self) -> None:
        x0, y0, x1, y1 = self.bounds_nm
        if not (np.isfinite(self.bounds_nm).all() and x0 < x1 and y0 < y1):
            raise InputError(
                f"`bounds_nm` must be x0 < x1 and y0 < y1, but are {self.bounds_nm}.",
                remedy="Give them as (x0, y0, x1, y1).",
            )
        inside = (self.xy_nm >= (x0, y0)) & (self.xy_nm <= (x1, y1))
        if not inside.all():
            bad = int(np.argmin(inside.all(axis=1)))
            raise InputError(
                f"all centres must lie within {self.bounds_nm}, but number {bad} is at "
                f"{tuple(map(float, self.xy_nm[bad]))}.",
                remedy="Leave out those beyond the field.",
            )

    @property
    def sides_nm(self) -> Float[np.ndarray, "2"]:
        """The field's width and height."""
        x0, y0, x1, y1 = self.bounds_nm
        return np.array([x1 - x0, y1 - y0], np.float64)


def places_of(particles: Sequence[Particle], bounds_nm: Bounds) -> Places:
    """The particles' centres that lie in a field; those beyond it are left out."""
    x0, y0, x1, y1 = bounds_nm
    centres = np.array([(one.x_nm, one.y_nm) for one in particles]).reshape(-1, 2)
    inside = ((centres >= (x0, y0)) & (centres <= (x1, y1))).all(axis=1)
    return Places(xy_nm=centres[inside], bounds_nm=bounds_nm)


@dataclass(frozen=True, slots=True, kw_only=True)
class PairDistribution:
    """The pair distribution g(r) in the plane: 1 where particles do not feel each other.

    Attributes:
        edges_nm: of the bins of distance.
        g, sigma: density of neighbours over the mean density, and its standard deviation, from
            the number of pairs: true where pairs are independent, small for crystals.
        pairs: in each bin.
        per_nm2: particles per area.
    """

    edges_nm: Float[np.ndarray, " edge"]
    g: Float[np.ndarray, " bin"]
    sigma: Float[np.ndarray, " bin"]
    pairs: Int[np.ndarray, " bin"]
    per_nm2: float


def pair_distribution(
    fields: Sequence[Places], edges_nm: Float[np.ndarray, " edge"]
) -> PairDistribution:
    """Measure g(r) with Ohser's and Stoyan's translation correction at the border.

    A pair apart by h counts with 1 / ((W - |h_x|) (H - |h_y|)), the area in which it could have
    been seen; divided by N (N - 1) / (W H)^2 of all fields and the ring's area. For independent
    particles the mean is exactly 1, in fields of any size (Ohser & Stoyan, Biom. J. 23, 523, 1981).

    Args:
        fields: centres of one or several fields.
        edges_nm: rising distances from 0 on, at most half the shortest side.

    Raises:
        InputError: distances that do not rise or are too long for the fields.
        AnalysisError: no field holds two particles.

    Example:
        >>> pair = Places(xy_nm=np.array([[4.0, 5.0], [6.0, 5.0]]), bounds_nm=(0, 0, 10, 10))
        >>> pair_distribution([pair], np.array([0.0, 1.5, 2.5])).pairs.tolist()
        [0, 1]
    """
    together = [field for field in fields if len(field.xy_nm) > 1]
    if not together:
        raise AnalysisError("no field holds two particles.", remedy="Give larger fields.")
    shortest = min(float(field.sides_nm.min()) for field in together)
    rising = len(edges_nm) > 1 and edges_nm[0] >= 0 and bool((np.diff(edges_nm) > 0).all())
    if not rising or edges_nm[-1] > shortest / 2:
        raise InputError(
            f"`edges_nm` must rise from 0 or more to at most {shortest / 2:g} nm, half the "
            "shortest side of a field, but do not.",
            remedy="`np.linspace(0, 10, 51)` are bins of 0.2 nm.",
        )
    bins = len(edges_nm) - 1
    sums, squares, pairs = np.zeros(bins), np.zeros(bins), np.zeros(bins, np.int64)
    expected = 0.0
    for field in together:
        number, area = len(field.xy_nm), float(field.sides_nm.prod())
        expected += number * (number - 1) / area**2
        distances, weights = _weighted_pairs(field, float(edges_nm[-1]))
        index = np.searchsorted(edges_nm, distances, side="right") - 1
        kept = (index >= 0) & (index < bins)
        sums += np.bincount(index[kept], weights[kept], minlength=bins)
        squares += np.bincount(index[kept], weights[kept] ** 2, minlength=bins)
        pairs += np.bincount(index[kept], minlength=bins)
    scale = expected * np.pi * np.diff(edges_nm**2)
    # An empty bin may as well have held one pair.
    typical = 2 / np.mean([field.sides_nm.prod() for field in together])
    return PairDistribution(
        edges_nm=edges_nm,
        g=sums / scale,
        sigma=np.sqrt(np.maximum(squares, typical**2)) / scale,
        pairs=pairs,
        per_nm2=float(
            sum(len(field.xy_nm) for field in fields)
            / sum(field.sides_nm.prod() for field in fields)
        ),
    )


def ripley_k_nm2(fields: Sequence[Places], distance_nm: float) -> float:
    """Ripley's K: neighbours within a distance over the density; pi r^2 for independent ones.

    Example:
        >>> rng = np.random.default_rng(1)
        >>> field = Places(xy_nm=rng.uniform(0, 100, (2000, 2)), bounds_nm=(0, 0, 100, 100))
        >>> round(ripley_k_nm2([field], 10.0) / (np.pi * 100), 1)
        1.0
    """
    whole = pair_distribution(fields, np.array([0.0, distance_nm]))
    return float(whole.g[0] * np.pi * distance_nm**2)


def _weighted_pairs(
    field: Places, reach_nm: float
) -> tuple[Float[np.ndarray, " pair"], Float[np.ndarray, " pair"]]:
    """Distances of pairs up to a reach, and two over the area where each could be seen."""
    pairs = KDTree(field.xy_nm).query_pairs(reach_nm, output_type="ndarray")
    apart = np.abs(field.xy_nm[pairs[:, 0]] - field.xy_nm[pairs[:, 1]])
    return np.hypot(*apart.T), 2 / (field.sides_nm - apart).prod(axis=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gaps:
    """Distances from outlines to the nearest other outline.

    Attributes:
        gaps_nm: of each particle not cut by the border; infinite for one alone.
        border_nm: from its outline to the field's border; infinite where no field is known. A
            gap longer than this may be too long: a nearer neighbour may lie beyond.
        pairs: distinct pairs among them: two that are each other's nearest are one.
    """

    gaps_nm: Float[np.ndarray, " particle"]
    border_nm: Float[np.ndarray, " particle"]
    pairs: int


def nearest_gaps(particles: Sequence[Particle], bounds_nm: Bounds | None = None) -> Gaps:
    """The gap of each particle of an image to its nearest neighbour, edge to edge in the plane.

    Args:
        particles: all of one image, touching ones too.
        bounds_nm: the image's field; None where unknown.
    """
    if len(particles) == 0:
        return Gaps(gaps_nm=np.empty(0), border_nm=np.empty(0), pairs=0)
    centres = np.array([(one.x_nm, one.y_nm) for one in particles])
    reaches = np.array(
        [np.hypot(*(one.square_nm - (one.x_nm, one.y_nm)).T).max() for one in particles]
    )
    tree = KDTree(centres)
    gaps, borders, pairs = [], [], set[tuple[int, int]]()
    for index, one in enumerate(particles):
        if one.at_edge:
            continue
        gap, neighbour = _nearest(particles, tree, reaches, index)
        gaps.append(gap)
        borders.append(_to_border(one, bounds_nm))
        if neighbour >= 0:
            pairs.add((min(index, neighbour), max(index, neighbour)))
    return Gaps(gaps_nm=np.array(gaps), border_nm=np.array(borders), pairs=len(pairs))


def _nearest(
    particles: Sequence[Particle],
    tree: KDTree,
    reaches: Float[np.ndarray, " particle"],
    index: int,
) -> tuple[float, int]:
    """The least gap of one particle; looks on until no farther centre's outline can be nearer."""
    one, best, neighbour = particles[index], np.inf, -1
    number = len(particles)
    looked, ask = 1, 6
    while looked < number:
        nearest = tree.query(np.array([one.x_nm, one.y_nm]), k=min(number, ask))
        distances, others = (np.atleast_1d(np.asarray(found)) for found in nearest)
        for distance, other in zip(distances[looked:], others[looked:], strict=True):
            if distance - reaches[index] - reaches.max() > best:
                return float(best), neighbour
            if int(other) != index:
                gap = outline_gap_nm(one, particles[int(other)])
                if gap < best:
                    best, neighbour = gap, int(other)
        looked, ask = min(number, ask), 2 * ask
    return float(best), neighbour


def _to_border(one: Particle, bounds_nm: Bounds | None) -> float:
    if bounds_nm is None:
        return float("inf")
    x0, y0, x1, y1 = bounds_nm
    x, y = one.square_nm.T
    nearest = min(
        float(x.min()) - x0, x1 - float(x.max()), float(y.min()) - y0, y1 - float(y.max())
    )
    return max(0.0, nearest)


def median_gap(images: Sequence[Gaps]) -> Estimate | None:
    """The median gap, by Kaplan's and Meier's estimate: a gap beyond the border is a least one.

    Nearest neighbours near the border are often unseen, and plain medians too long (Baddeley &
    Gill, Ann. Stat. 25, 263, 1997). Sigma is from Greenwood's law, for as many gaps as there are
    distinct pairs. None without gaps; a lower limit where more than half may be longer than seen.

    Example:
        >>> gaps = Gaps(gaps_nm=np.array([1.0, 2.0, 3.0, 4.0, 5.0]),
        ...     border_nm=np.full(5, np.inf), pairs=5)
        >>> median_gap([gaps]).value
        3.0
    """
    gaps = np.concatenate([np.empty(0), *(one.gaps_nm for one in images)])
    borders = np.concatenate([np.empty(0), *(one.border_nm for one in images)])
    seen = np.minimum(gaps, borders)
    if not np.isfinite(seen).any():
        return None
    whole = gaps <= borders
    distances, survival, relative = _kaplan_meier(seen[np.isfinite(seen)], whole[np.isfinite(seen)])
    doubled = len(gaps) / max(1, sum(one.pairs for one in images))
    error = np.sqrt(max(1.0, doubled) * relative) * survival
    method = "median gap, outline to outline"
    if np.isfinite(borders).any():
        method += ", corrected for the border"
    below = survival <= 0.5 + 1e-12
    if not below.any():
        longest = float(seen[np.isfinite(seen)].max())
        return Estimate(value=longest, sigma=None, unit="nm", method=method, status="lower_limit")
    middle = float(distances[int(np.argmax(below))])
    sigma = None if len(distances) < 2 else _half_width(distances, survival, error)
    return Estimate(value=middle, sigma=sigma, unit="nm", method=method)


def _kaplan_meier(
    seen: Float[np.ndarray, " particle"], whole: Bool[np.ndarray, " particle"]
) -> tuple[Float[np.ndarray, " step"], Float[np.ndarray, " step"], Float[np.ndarray, " step"]]:
    """Distances, the share of gaps longer than each, and its relative variance (Greenwood)."""
    distances, back = np.unique(seen, return_inverse=True)
    ended = np.bincount(back, whole.astype(np.float64), minlength=len(distances))
    leaving = np.bincount(back, minlength=len(distances))
    at_risk = len(seen) - np.concatenate([[0], np.cumsum(leaving)[:-1]])
    survival = np.cumprod(1 - ended / at_risk)
    steps = ended / (at_risk * np.maximum(at_risk - ended, 0.5))
    return distances, survival, np.cumsum(steps)


def _half_width(
    distances: Float[np.ndarray, " step"],
    survival: Float[np.ndarray, " step"],
    error: Float[np.ndarray, " step"],
) -> float:
    """Half the range of distances at which the share may be one half, one sigma either way."""
    low, high = survival - error <= 0.5, survival + error <= 0.5
    first = distances[int(np.argmax(low))] if low.any() else distances[-1]
    last = distances[int(np.argmax(high))] if high.any() else distances[-1]
    return float(last - first) / 2
