"""What many particles have in common: sizes, the fraction of each n, the gaps between."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy.special
from jaxtyping import Float

from cinedot.core import AnalysisError, Estimate
from cinedot.micrographs.edge_counts import edge_probabilities
from cinedot.micrographs.fractions import (
    Label,
    NumberFraction,
    NumberFractions,
    number_fractions,
)
from cinedot.micrographs.neighbours import Bounds, Gaps, median_gap, nearest_gaps
from cinedot.micrographs.outline_sizes import (
    CONTOUR_SIZE_SIGMAS,
    FRINGE_SIZE_SIGMAS,
    LENGTH_SIGMA,
)
from cinedot.micrographs.particle_records import SHARED_EDGE_SIGMA_NM, Particle, Particles
from cinedot.micrographs.size_histogram import (
    GaussianFit,
    gaussian_likelihood,
    gaussian_regression,
    size_histogram,
)

_FEW = 10
"""Particles below which a mean's method says how many there were."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """A summary over the whole, uncut particles of one or several images.

    What edges read from fringes share (`SHARED_EDGE_SIGMA_NM`) is in the sigmas of means and
    fractions, where more particles do not make it smaller.

    Attributes:
        number: particles counted (neither cut by the image's edge nor in contact).
        found: all that were found.
        edges_nm: sides of the counted particles' squares, for a histogram.
        mean_edge, spread: mean edge, of the cubes whose views fit or else of the squares, and
            the standard deviation of the particles' own about it, the fit's scatter taken out.
        feret_min, feret_max, area_diameter: means of the sizes of the cubes whose views fit,
            else of the contours. Contours that fringes show hold for dots on their faces: the
            thin rims of others are not seen.
        fractions: number fraction of each n, of all counted (some may be of no n), with the
            standard deviation of its posterior; empty without a lattice constant.
        gap: median distance from an outline to the nearest other.
        counted: the fractions with their credible intervals and what images differ by; its
            sigmas are without what edges share.
        regression: the Gaussian fitted to the edges' histogram, as the paper does; None where
            they fill fewer than three bins.
        likelihood: the same without bins; None with fewer than two edges.
    """

    number: int
    found: int
    edges_nm: Float[np.ndarray, " particle"]
    mean_edge: Estimate | None
    spread: Estimate | None
    feret_min: Estimate | None
    feret_max: Estimate | None
    area_diameter: Estimate | None
    fractions: dict[Label, Estimate]
    gap: Estimate | None
    counted: NumberFractions | None = None
    regression: GaussianFit | None = None
    likelihood: GaussianFit | None = None


def summarise(
    images: Sequence[Particles],
    *,
    fields: Sequence[Bounds] | None = None,
    shared_edge_nm: float = SHARED_EDGE_SIGMA_NM,
    sharpness: float = 1.0,
    efficiency: Mapping[Label, float] | None = None,
) -> Population:
    """Summarise the particles of some images.

    Particles cut by the image's edge or touching a neighbour are left out of the sizes.
    Without particles there is a count of 0 and no estimates.

    Args:
        images: what `find_particles` gave for each.
        fields: x0, y0, x1, y1 of each image, nm, which correct gaps for the border; None is
            without this.
        shared_edge_nm: standard deviation of what edges read from fringes share.
        sharpness, efficiency: of the classification, as `number_fractions` has them.

    Example:
        >>> nothing = Particles(image="a", particles=(), seen_by="nothing", reason="none",
        ...     edges=())
        >>> summarise([nothing]).number, summarise([nothing]).mean_edge
        (0, None)
    """
    found = [particle for image in images for particle in image.particles]
    whole = [one for one in found if not one.at_edge and not one.touching]
    edges = np.array([one.edge_nm for one in whole])
    bounds = [None] * len(images) if fields is None else fields
    gaps = [
        nearest_gaps(image.particles, field) for image, field in zip(images, bounds, strict=True)
    ]
    shared = shared_edge_nm if any(one.seen_by == "lattice" for one in images) else 0.0
    counted = _counted(images, sharpness, efficiency)
    mean_edge, feret_min, feret_max, area_diameter = _mean_sizes(whole, shared)
    return Population(
        number=len(whole),
        found=len(found),
        edges_nm=edges,
        mean_edge=mean_edge,
        spread=_spread(whole, shared),
        feret_min=feret_min,
        feret_max=feret_max,
        area_diameter=area_diameter,
        fractions={}
        if counted is None
        else {
            label: _fraction(images, label, one, shared)
            for label, one in counted.fractions.items()
            if not isinstance(label, str)
        },
        gap=_gap(gaps, shared),
        counted=counted,
        regression=_regression(edges),
        likelihood=gaussian_likelihood(edges) if len(set(edges.tolist())) > 1 else None,
    )


def _regression(edges: Float[np.ndarray, " particle"]) -> GaussianFit | None:
    try:
        return gaussian_regression(size_histogram(edges))
    except AnalysisError:
        return None


def _mean_sizes(whole: Sequence[Particle], shared_nm: float) -> list[Estimate | None]:
    """Means of edge, Feret's minimum and maximum and the area's diameter.

    What squares and contours share, and what cubes do, comes in by their part of the mean.
    """
    drawn = [one for one in whole if one.by_views is None]
    share = len(drawn) / max(len(whole), 1)
    faces = " of dots taken to lie on faces" if shared_nm else ""
    means: list[Estimate | None] = []
    for place, seen in enumerate(("squares", *(f"contours{faces}",) * 3)):
        values, sigmas = _one_size(whole, place, shared_nm)
        both = np.hypot(
            _size_factors(shared_nm)[place] * shared_nm * share,
            LENGTH_SIGMA * (1 - share) * (values.mean() if values.size else 0.0),
        )
        told = [f"cubes whose views fit {len(whole) - len(drawn)} particles"] if share < 1 else []
        how = " and ".join([*told, *([f"fitted {seen}"] if drawn else [])])
        means.append(_mean(values, sigmas, float(both), f"mean of {how}"))
    return means


def _size_factors(shared_nm: float) -> tuple[float, ...]:
    """Errors of edge, Feret's two and the area's diameter over that of a square's edge."""
    return (1.0, *(FRINGE_SIZE_SIGMAS if shared_nm else CONTOUR_SIZE_SIGMAS))


def _one_size(
    whole: Sequence[Particle], place: int, shared_nm: float
) -> tuple[Float[np.ndarray, " particle"], Float[np.ndarray, " particle"]]:
    """One of the four sizes of each particle, with its standard deviation."""
    factor = _size_factors(shared_nm)[place]
    values = [
        one.sizes_nm[place] if one.by_views is None else one.by_views.sizes_nm[place]
        for one in whole
    ]
    sigmas = [
        factor * one.sigma_edge_nm if one.by_views is None else one.by_views.sigmas_nm[place]
        for one in whole
    ]
    return np.array(values, np.float64), np.array(sigmas, np.float64)


def _mean(
    values: Float[np.ndarray, " particle"],
    sigmas: Float[np.ndarray, " particle"],
    shared_nm: float,
    method: str,
) -> Estimate | None:
    if not values.size:
        return None
    if values.size == 1:
        method += ", one particle, its own sigma: how much others differ is not known"
    elif values.size < _FEW:
        method += f", {values.size} particles"
    if shared_nm:
        method += f"; sigma holds {shared_nm:.2g} nm that all share, from defocus or strain"
    error = error_of_mean(values, sigmas, shared_nm)
    return Estimate(value=float(values.mean()), sigma=error, unit="nm", method=method)


def error_of_mean(
    values: Float[np.ndarray, " particle"],
    sigmas: Float[np.ndarray, " particle"],
    shared_nm: float = 0.0,
) -> float:
    """Standard deviation of the mean of some sizes; of a single one, its own sigma.

    The scatter of few may be small by chance: it counts as no less than what their own sigmas
    make, and Student's t widens it so that one sigma holds the true mean in at least 68.3 % of
    normal samples, however few.

    Args:
        values: at least one.
        sigmas: standard deviation of each, with what all share in it.
        shared_nm: what all share, which more particles do not make smaller.

    Source: Student, Biometrika 6, 1 (1908).

    Example:
        >>> close = error_of_mean(np.array([2.35, 2.35]), np.array([0.1, 0.1]))
        >>> many = np.random.default_rng(1).normal(2.35, 0.1, 10_000)
        >>> round(close, 2), round(error_of_mean(many, np.full(10_000, 0.05)), 3)
        (0.13, 0.001)
    """
    if values.size == 1:
        return max(float(sigmas[0]), shared_nm)
    own = max(0.0, float((sigmas**2).mean()) - shared_nm**2)
    scatter = float(np.sqrt(max(float(values.var(ddof=1)), own) / values.size))
    wider = float(scipy.special.stdtrit(values.size - 1, scipy.special.ndtr(1.0)))
    return float(np.hypot(scatter * wider, shared_nm))


def _spread(whole: Sequence[Particle], shared_nm: float) -> Estimate | None:
    if len(whole) < 2:
        return None
    edges, sigmas = _one_size(whole, 0, shared_nm)
    variance = float(edges.var(ddof=1))
    own = max(0.0, variance - max(0.0, float((sigmas**2).mean()) - shared_nm**2))
    # The sample variance of N normal values scatters by sqrt(2 / (N - 1)) of itself.
    scatter = variance * float(np.sqrt(2 / (edges.size - 1)))
    spread = float(np.sqrt(own))
    sigma = scatter / (2 * spread) if own > scatter else float(np.sqrt(scatter)) / 2
    # Cubes of one n count as equally long, whatever their strain.
    by_views = sum(one.by_views is not None for one in whole) / len(whole)
    sigma = float(np.hypot(sigma, by_views * LENGTH_SIGMA * edges.mean()))
    return Estimate(
        value=spread, sigma=sigma, unit="nm", method="standard deviation of edges less their sigmas"
    )


def _counted(
    images: Sequence[Particles], sharpness: float, efficiency: Mapping[Label, float] | None
) -> NumberFractions | None:
    """Fractions of the counted particles that were asked for their n."""
    labels: tuple[Label, ...] = tuple(
        dict.fromkeys(edge for image in images for edge in image.edges)
    )
    tables = [_probabilities(image, labels) for image in images]
    if not labels or not any(len(table) for table in tables):
        return None
    return number_fractions(tables, labels, sharpness=sharpness, efficiency=efficiency)


def _probabilities(
    image: Particles, labels: tuple[Label, ...]
) -> Float[np.ndarray, "particle label"]:
    """The particles' probabilities, in the columns of all images' labels."""
    rows: list[dict[Label, float]] = [
        dict(zip(image.edges, one.p_all, strict=True))
        for one in image.particles
        if one.p_all is not None and not one.at_edge and not one.touching
    ]
    table = [[row.get(label, 0.0) for label in labels] for row in rows]
    return np.array(table, np.float64).reshape(len(rows), len(labels))


def _fraction(
    images: Sequence[Particles], label: Label, found: NumberFraction, shared_nm: float
) -> Estimate:
    """The fraction with what a shift of all edges would do to it."""
    value = found.estimate()
    by_edges = [one for one in images if not one.by_views]
    if not shared_nm or not by_edges or not isinstance(label, int):
        return value
    here = _share(images, label, 0.0)
    # A shift that helps in neither direction may hurt in both: the larger change counts.
    change = max(abs(_share(images, label, side * shared_nm) - here) for side in (-1, 1))
    return replace(value, sigma=float(np.hypot(value.sigma or 0.0, change)))


def _share(images: Sequence[Particles], n: int, shift_nm: float) -> float:
    """The particles' mean probability of one n, were every edge longer by a shift."""
    chances: list[float] = []
    for image in images:
        for one in image.particles:
            if image.lattice_nm is None or one.at_edge or one.touching:
                continue
            all_chances = edge_probabilities(
                one.edge_nm + shift_nm,
                one.sigma_edge_nm,
                lattice_nm=image.lattice_nm,
                edges=image.edges,
            )
            chances.append(all_chances[image.edges.index(n)] if n in image.edges else 0.0)
    return float(np.mean(chances)) if chances else 0.0


def _gap(gaps: Sequence[Gaps], shared_nm: float) -> Estimate | None:
    found = median_gap(gaps)
    if found is None or found.sigma is None:
        return found
    # Edges that are all too long by a shift close each gap by half of it on either side.
    return replace(found, sigma=float(np.hypot(found.sigma, shared_nm)))
