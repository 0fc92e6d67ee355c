"""What many particles have in common: sizes, the fraction of each n, the gaps between."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from cinedot.core import Estimate
from cinedot.micrographs.edge_counts import edge_probabilities
from cinedot.micrographs.median import median_with_error
from cinedot.micrographs.particle_records import (
    SHARED_EDGE_SIGMA_NM,
    Particle,
    Particles,
    outline_gap_nm,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """A summary over the whole, uncut particles of one or several images.

    What edges read from fringes share (`SHARED_EDGE_SIGMA_NM`) is in the sigmas of means and
    fractions, where more particles do not make it smaller.

    Attributes:
        number: particles counted (neither cut by the image's edge nor in contact).
        found: all that were found.
        edges_nm: the counted particles' edges, for a histogram.
        mean_edge, spread: mean fitted edge, and the standard deviation of the particles' own
            edges about it, the fit's scatter taken out.
        feret_min, feret_max, area_diameter: means of the contours' sizes.
        fractions: number fraction of each n, of all counted (some may be of no n), with the
            standard deviation of its Jeffreys posterior; empty without a lattice constant.
        gap: median distance from an outline to the nearest other.
    """

    number: int
    found: int
    edges_nm: Float[np.ndarray, " particle"]
    mean_edge: Estimate | None
    spread: Estimate | None
    feret_min: Estimate | None
    feret_max: Estimate | None
    area_diameter: Estimate | None
    fractions: dict[int, Estimate]
    gap: Estimate | None


def summarise(images: Sequence[Particles]) -> Population:
    """Summarise the particles of some images.

    Particles cut by the image's edge or touching a neighbour are left out of the sizes.
    Without particles there is a count of 0 and no estimates.

    Args:
        images: what `find_particles` gave for each.

    Example:
        >>> nothing = Particles(image="a", particles=(), seen_by="nothing", reason="none",
        ...     edges=())
        >>> summarise([nothing]).number, summarise([nothing]).mean_edge
        (0, None)
    """
    found = [particle for image in images for particle in image.particles]
    whole = [one for one in found if not one.at_edge and not one.touching]
    edges = np.array([one.edge_nm for one in whole])
    sigmas = np.array([one.sigma_edge_nm for one in whole])
    gaps = np.array([gap for image in images for gap in nearest_gaps_nm(image.particles)])
    candidates = sorted({edge for image in images for edge in image.edges})
    shared = SHARED_EDGE_SIGMA_NM if any(one.seen_by == "lattice" for one in images) else 0.0
    return Population(
        number=len(whole),
        found=len(found),
        edges_nm=edges,
        mean_edge=_mean(edges, sigmas, shared, "mean of fitted edges"),
        spread=_spread(edges, sigmas, shared),
        feret_min=_mean(
            np.array([one.feret_min_nm for one in whole]), sigmas, shared, "mean, contours"
        ),
        feret_max=_mean(
            np.array([one.feret_max_nm for one in whole]), sigmas, shared, "mean, contours"
        ),
        area_diameter=_mean(
            np.array([one.area_diameter_nm for one in whole]), sigmas, shared, "mean, contours"
        ),
        fractions={n: _fraction(images, n, shared) for n in candidates} if whole else {},
        gap=_median(gaps, shared),
    )


def nearest_gaps_nm(particles: Sequence[Particle]) -> list[float]:
    """Distance from each particle's outline to the nearest other's, nm.

    Particles nearer to the image's edge than to another may have a nearer neighbour outside;
    those cut by the edge are left out, the others not: a small bias in sparse fields.
    """
    gaps = []
    for one in particles:
        if one.at_edge:
            continue
        others = sorted(
            (other for other in particles if other is not one),
            key=lambda other: float(np.hypot(other.x_nm - one.x_nm, other.y_nm - one.y_nm)),
        )
        # The nearest outline belongs to one of the nearest few centres.
        near = [outline_gap_nm(one, other) for other in others[:4]]
        if near:
            gaps.append(min(near))
    return gaps


def _mean(
    values: Float[np.ndarray, " particle"],
    sigmas: Float[np.ndarray, " particle"],
    shared_nm: float,
    method: str,
) -> Estimate | None:
    """Mean with its error from the scatter; of a single particle, that of its own edge."""
    if not values.size:
        return None
    if values.size > 1:
        error = float(np.hypot(values.std(ddof=1) / np.sqrt(values.size), shared_nm))
    else:
        # What is shared is in each particle's sigma already.
        error = max(float(sigmas[0]), shared_nm)
    if shared_nm:
        method += f"; sigma holds {shared_nm:g} nm that all share, from the unknown defocus"
    return Estimate(value=float(values.mean()), sigma=error, unit="nm", method=method)


def _spread(
    edges: Float[np.ndarray, " particle"],
    sigmas: Float[np.ndarray, " particle"],
    shared_nm: float,
) -> Estimate | None:
    if edges.size < 2:
        return None
    variance = float(edges.var(ddof=1))
    own = max(0.0, variance - max(0.0, float((sigmas**2).mean()) - shared_nm**2))
    # The sample variance of N normal values scatters by sqrt(2 / (N - 1)) of itself.
    scatter = variance * float(np.sqrt(2 / (edges.size - 1)))
    spread = float(np.sqrt(own))
    sigma = scatter / (2 * spread) if own > scatter else float(np.sqrt(scatter)) / 2
    return Estimate(
        value=spread, sigma=sigma, unit="nm", method="standard deviation of edges less their sigmas"
    )


def _chances(
    images: Sequence[Particles], n: int, shift_nm: float = 0.0
) -> Float[np.ndarray, " particle"]:
    """Each counted particle's probability of one n, were every edge longer by a shift."""
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
    return np.array(chances)


def _fraction(images: Sequence[Particles], n: int, shared_nm: float) -> Estimate:
    """Number fraction when each particle counts with its probability, Jeffreys prior.

    Sigma is the posterior's, the doubt about each n, and what the shared shift does to all.
    """
    value, variance = _jeffreys(_chances(images, n))
    moved = [_jeffreys(_chances(images, n, side * shared_nm))[0] for side in (-1, 1)]
    # A shift that helps in neither direction may hurt in both: the larger change counts.
    change = max(abs(one - value) for one in moved) if shared_nm else 0.0
    return Estimate(
        value=value,
        sigma=float(np.hypot(np.sqrt(variance), change)),
        unit="",
        method="probabilities of n, Jeffreys prior",
    )


def _jeffreys(chances: Float[np.ndarray, " particle"]) -> tuple[float, float]:
    """Mean and variance of a fraction when each particle counts with its probability.

    Example:
        >>> value, variance = _jeffreys(np.array([1.0] * 9 + [0.0]))
        >>> round(value, 4), round(9.5 / 11, 4)
        (0.8636, 0.8636)
    """
    a, b = float(chances.sum()) + 0.5, float((1 - chances).sum()) + 0.5
    binomial = a * b / ((a + b) ** 2 * (a + b + 1))
    unsure = float((chances * (1 - chances)).sum()) / (a + b) ** 2
    return a / (a + b), binomial + unsure


def _median(gaps: Float[np.ndarray, " particle"], shared_nm: float) -> Estimate | None:
    if not gaps.size:
        return None
    middle, error = median_with_error(gaps)
    # Edges that are all too long by a shift close each gap by half of it on either side.
    sigma = float(np.hypot(error, shared_nm)) if gaps.size > 1 else None
    return Estimate(value=middle, sigma=sigma, unit="nm", method="median, outline to outline")
