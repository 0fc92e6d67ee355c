"""A survey's sizes: results, fractions of each n with their intervals, histogram and neighbours."""

from collections.abc import Sequence

import numpy as np

from cinedot.core import Estimate
from cinedot.dossier.figures import ACCENT, MUTED, SECOND, Curve, histogram, plot
from cinedot.dossier.findings import Panel, SeriesPoint
from cinedot.micrographs import (
    PairDistribution,
    Places,
    Population,
    SizeHistogram,
    pair_distribution,
    size_histogram,
)

FEWEST_FOR_PAIRS = 30
"""Particles from which on a pair distribution says something."""

FEWEST_FOR_HISTOGRAM = 5

_PAIR_BIN_NM = 0.5
_PAIR_REACH_NM = 12.0

WHAT_SIZES_ARE = (
    "Edge: side of the blurred square that fits the outline of the atoms best; Feret: least and "
    "largest distance of parallel lines around the outline; area diameter: that of the circle of "
    "the outline's area. Where views tell n, the outline is that of the cube that fits, as it "
    "lies, from outermost Br to outermost Br; else it is the contour at half height, which, read "
    "from fringes, is freed of its blur as a four-cornered one and misses the thin rims of dots "
    "that lie on edges or corners. Sizes differ for one and the same dot, and by how it lies."
)


def size_results(population: Population) -> dict[str, Estimate]:
    """The numbers of `dossier.json` that a population has."""
    regression = population.regression
    found = {
        "particles": Estimate(
            value=float(population.found),
            sigma=None,
            unit="",
            method=f"{population.number} of them whole and apart",
        ),
        "mean_edge": population.mean_edge,
        "spread_edge": population.spread,
        "regression_mean": None if regression is None else regression.mean,
        "regression_spread": None if regression is None else regression.spread,
        "feret_min": population.feret_min,
        "feret_max": population.feret_max,
        "area_diameter": population.area_diameter,
        "fraction_4": population.fractions.get(4),
        "gap": population.gap,
    }
    return {name: estimate for name, estimate in found.items() if estimate is not None}


def fraction_series(population: Population) -> tuple[SeriesPoint, ...]:
    """The number fraction of each n and of none, with its credible interval.

    What all edges share widens the sigma, and the interval by the same.
    """
    counted = population.counted
    if counted is None:
        return ()
    level = f"{counted.level:.0%} credible interval"
    points: list[SeriesPoint] = []
    for place, (label, one) in enumerate(counted.fractions.items()):
        known = isinstance(label, int)
        whole = population.fractions.get(label, one.estimate()) if known else one.estimate()
        shared = np.sqrt(max((whole.sigma or 0.0) ** 2 - one.sigma**2, 0.0))
        # The same number of standard deviations as the interval has, added in squares.
        below = float(np.hypot(one.value - one.low, 1.96 * shared))
        above = float(np.hypot(one.high - one.value, 1.96 * shared))
        name = f"n = {label}" if known else "none of these"
        x = float(label) if known else float(place)
        for quantity, value, sigma in (
            ("fraction", one.value, whole.sigma),
            ("fraction_low", round(max(0.0, one.value - below), 3), None),
            ("fraction_high", round(min(1.0, one.value + above), 3), None),
        ):
            method = whole.method if quantity == "fraction" else level
            points.append(
                (name, x, quantity, Estimate(value=value, sigma=sigma, unit="", method=method))
            )
    return tuple(points)


def size_remarks(population: Population) -> tuple[str, ...]:
    """What a reader must know beside sizes and fractions."""
    remarks: list[str] = []
    if population.number:
        remarks.append(WHAT_SIZES_ARE)
    counted = population.counted
    if counted is not None:
        remarks.append(
            f"n was counted for {counted.particles} particles; {counted.misread:.1%} of their "
            "likeliest n are expected to be wrong, which the fractions and their intervals hold. "
            "Each fraction has a prior of its own, so that they sum to 1 only about."
        )
    return tuple(remarks)


def size_panels(
    population: Population, fields: Sequence[Places], lattice_nm: float | None
) -> list[Panel]:
    """The histogram of edges with its Gaussian, and the pair distribution where there are many."""
    return [*_histogram(population, lattice_nm), *_pairs(fields)]


def _histogram(population: Population, lattice_nm: float | None) -> list[Panel]:
    edges = population.edges_nm
    if len(edges) < FEWEST_FOR_HISTOGRAM:
        return []
    bins = size_histogram(edges)
    marks = [] if lattice_nm is None else [(n * lattice_nm, f"n = {n}") for n in (3, 4, 5, 6)]
    inside = [(x, name) for x, name in marks if edges.min() - 0.4 < x < edges.max() + 0.4]
    where = "; dashed: n times the lattice constant" if inside else ""
    curve, law = _gaussian(population, bins)
    return [
        Panel(
            title="Edges",
            caption=f"Fitted edges (sides of the squares) of {len(edges)} particles, neither cut "
            f"by the image's edge nor in contact, in bins of {bins.bin_nm:.2g} nm{where}.{law}",
            figure=histogram(
                bins.counts, bins.edges_nm, x_title="edge (nm)", curve=curve, marks=inside
            ),
        )
    ]


def _gaussian(population: Population, bins: SizeHistogram) -> tuple[Curve | None, str]:
    fit = population.regression
    if fit is None:
        return None, ""
    reach = (bins.edges_nm[0] - bins.bin_nm, bins.edges_nm[-1] + bins.bin_nm)
    x = np.linspace(*reach, 200)
    law = (
        f" Line: Gaussian regression, mean {fit.mean.text()}, standard deviation "
        f"{fit.spread.text()}"
    )
    if fit.chance is not None and fit.chance < 1e-3:
        law += ", which the counts do not follow"
    curve = Curve(x=x, y=fit.curve(x, bins.bin_nm), name="Gaussian", colour=ACCENT)
    return curve, f"{law}."


def _pairs(fields: Sequence[Places]) -> list[Panel]:
    together = [field for field in fields if len(field.xy_nm) > 1]
    if sum(len(field.xy_nm) for field in together) < FEWEST_FOR_PAIRS:
        return []
    shortest = min(float(field.sides_nm.min()) for field in together)
    bins = int(min(_PAIR_REACH_NM, shortest / 2) / _PAIR_BIN_NM)
    if bins < 4:
        return []
    found = pair_distribution(together, np.linspace(0, bins * _PAIR_BIN_NM, bins + 1))
    return [_pair_panel(found)]


def _pair_panel(found: PairDistribution) -> Panel:
    r = (found.edges_nm[1:] + found.edges_nm[:-1]) / 2
    low, high = np.maximum(found.g - found.sigma, 0.0), found.g + found.sigma
    curves = [
        Curve(x=r, y=found.g, name="g(r)", colour=ACCENT),
        Curve(x=r, y=high, name="one sigma", colour=MUTED, dash="dot"),
        Curve(x=r, y=low, name="one sigma", colour=MUTED, dash="dot"),
        Curve(x=r, y=np.ones_like(r), name="independent", colour=SECOND, dash="dash"),
    ]
    figure = plot(
        curves, x_title="distance of centres (nm)", y_title="g: neighbours over chance", height=320
    )
    figure.data[2].showlegend = False
    # Rings near 0 are so small that one pair more would take them far up.
    figure.update_yaxes(range=[0, 1.4 * max(float(found.g.max()), 1.5)])
    return Panel(
        title="Neighbours",
        caption=f"Pair distribution of centres, {found.pairs.sum()} pairs, corrected for the "
        f"border; {found.per_nm2:.3g} particles per nm². 1 is chance; dotted: one standard "
        "deviation either way.",
        figure=figure,
    )
