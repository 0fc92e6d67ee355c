"""Summaries of particles and comparisons of samples."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.special
import scipy.stats

from cinedot.core import Estimate, InputError
from cinedot.micrographs.comparison import compare_estimates, compare_populations
from cinedot.micrographs.outline_sizes import LENGTH_SIGMA, CubeSizes, OutlineSizes
from cinedot.micrographs.particle_records import Particle, Particles
from cinedot.micrographs.population import Population, error_of_mean, summarise

LATTICE_NM = 0.5874


def fresh() -> np.random.Generator:
    seed = np.random.SeedSequence().entropy
    print("seed", seed)
    return np.random.default_rng(seed)


def survey(rng: np.random.Generator, shares: list[float], number: int) -> Particles:
    """Dots of n = 4 and 5 on a grid, read with 0.1 nm and classified from that."""
    particles = []
    for index in range(number):
        n = int(rng.choice([4, 5], p=shares))
        edge = n * LATTICE_NM + float(rng.normal()) * 0.1
        x, y = 3.0 + 5.0 * (index % 10), 3.0 + 5.0 * (index // 10)
        corners = np.array([x, y]) + edge / 2 * np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]])
        weights = np.exp(-(((edge - np.array([4, 5]) * LATTICE_NM) / 0.1) ** 2) / 2)
        chances = weights / weights.sum()
        particles.append(
            Particle(
                x_nm=x,
                y_nm=y,
                sigma_xy_nm=0.02,
                edge_nm=edge,
                sigma_edge_nm=0.1,
                angle_deg=0.0,
                feret_min_nm=edge,
                feret_max_nm=edge * 2**0.5,
                area_diameter_nm=edge * 1.128,
                snr=20.0,
                at_edge=False,
                touching=False,
                outline_nm=corners,
                square_nm=corners,
                n=4,
                p_n=float(chances[0]),
                p_all=tuple(chances.tolist()),
            )
        )
    return Particles(
        image="survey",
        particles=tuple(particles),
        seen_by="lattice",
        reason="",
        edges=(4, 5),
        lattice_nm=LATTICE_NM,
    )


def test_a_summary_has_sizes_fractions_and_gaps() -> None:
    rng = fresh()
    images = [survey(rng, [0.7, 0.3], 60) for _ in range(3)]
    found = summarise(images, fields=[(0.0, 0.0, 51.0, 31.0)] * 3, shared_edge_nm=0.0)
    assert (found.number, found.found) == (180, 180)
    assert found.counted is not None
    assert found.counted.particles == 180
    for n, truth in ((4, 0.7), (5, 0.3)):
        one = found.fractions[n]
        assert one.sigma is not None
        # 6 sigmas; the posterior's normal within that at 180 particles.
        assert abs(float(one.value) - truth) < 6 * one.sigma
        assert one.value == found.counted.fractions[n].value
    assert found.likelihood is not None
    assert found.mean_edge is not None
    assert float(found.likelihood.mean.value) == pytest.approx(float(found.mean_edge.value))
    assert found.regression is not None
    assert found.gap is not None
    # Nearest of 5 nm less two half edges, the larger of neighbours: 2 to 2.65 nm.
    assert 2 < float(found.gap.value) < 2.7
    # What all edges share comes on top.
    shared = summarise(images)
    assert shared.mean_edge is not None
    assert found.mean_edge.sigma is not None
    assert shared.mean_edge.sigma == pytest.approx(np.hypot(found.mean_edge.sigma, 0.08))
    assert (shared.fractions[4].sigma or 0) >= (found.fractions[4].sigma or 0)


@pytest.mark.parametrize("number", [2, 3, 6])
@pytest.mark.parametrize("spread_nm", [0.0, 0.3])
def test_one_sigma_holds_the_mean_of_however_few(number: int, spread_nm: float) -> None:
    """The law: at least 68.3 % of samples, whether particles differ by noise or in truth.

    By the standard error alone it would be 50 % of pairs, and 58 % of triples.
    """
    trials, noise_nm = 2000, 0.1
    edges = 2.35 + np.hypot(spread_nm, noise_nm) * fresh().normal(size=(trials, number))
    sigmas = np.full(number, noise_nm)
    errors = np.array([error_of_mean(one, sigmas) for one in edges])
    assert errors.min() >= noise_nm / number**0.5
    held = int((np.abs(edges.mean(axis=1) - 2.35) < errors).sum())
    one_sigma = float(scipy.special.erf(0.5**0.5))
    assert held >= scipy.stats.binom.ppf(1e-7, trials, one_sigma)


def test_what_all_share_stays_and_a_single_particle_has_its_own_sigma() -> None:
    alike = np.full(2, 2.35)
    # Own noise of 0.06 nm and 0.08 nm that both share; Student's t of a pair is 1.837.
    found = error_of_mean(alike, np.full(2, 0.1), 0.08)
    assert found == pytest.approx(np.hypot(1.837 * 0.06 / 2**0.5, 0.08), rel=1e-3)
    one = summarise([survey(fresh(), [1.0, 0.0], 1)]).mean_edge
    assert one is not None
    assert one.sigma == 0.1
    assert "one particle, its own sigma" in one.method


def test_particles_left_out_and_images_without_lattice() -> None:
    image = survey(fresh(), [1.0, 0.0], 12)
    marked = replace(
        image,
        particles=tuple(
            replace(one, at_edge=index == 0, touching=index == 1)
            for index, one in enumerate(image.particles)
        ),
    )
    bare = replace(
        image,
        particles=tuple(replace(one, p_all=None) for one in image.particles),
        edges=(),
        lattice_nm=None,
        seen_by="darker",
    )
    found = summarise([marked, bare])
    assert (found.number, found.found) == (22, 24)
    assert found.counted is not None
    assert found.counted.particles == 10
    nothing = summarise([bare])
    assert (nothing.fractions, nothing.counted) == ({}, None)


def test_samples_that_differ_and_samples_that_do_not() -> None:
    rng = fresh()
    first = summarise([survey(rng, [0.95, 0.05], 300)], shared_edge_nm=0.0)
    second = summarise([survey(rng, [0.5, 0.5], 300)], shared_edge_nm=0.0)
    found = {one.quantity: one for one in compare_populations({"1": first, "3": second})}
    # 0.45 of 0.59 nm apart, with 0.02 nm: 13 sigmas.
    assert found["mean edge"].differences[0].chance_larger < 1e-3
    assert "3 is larger than 1" in found["mean edge"].sentence()
    assert found["fraction of n = 4"].differences[0].chance_larger > 0.999
    assert "1 is larger than 3" in found["fraction of n = 4"].sentence()
    quantity, one, other, apart, sigma, unit, chance = found["mean edge"].rows()[0]
    assert (quantity, one, other, unit) == ("mean edge", "1", "3", "nm")
    assert apart < -4 * sigma
    assert chance == found["mean edge"].differences[0].chance_larger


def test_equal_samples_differ_as_chance_has_it() -> None:
    rng = fresh()
    chances, larger = [], []
    for _ in range(400):
        values = {
            name: Estimate(
                value=float(2.4 + rng.normal() * sigma), sigma=sigma, unit="nm", method=""
            )
            for name, sigma in (("a", 0.01), ("b", 0.03), ("c", 0.02))
        }
        compared = compare_estimates("mean edge", values)
        chances.append(compared.chance)
        larger.append(compared.differences[0].chance_larger)
        assert len(compared.differences) == 3
        assert compared.mean.sigma == pytest.approx(
            sum(s**-2.0 for s in (0.01, 0.03, 0.02)) ** -0.5
        )
    for places in (chances, larger):
        counts = np.histogram(places, np.linspace(0, 1, 9))[0]
        assert scipy.stats.chisquare(counts).pvalue > 1e-7


def test_sentences() -> None:
    def sizes(*values: float) -> dict[str, Estimate]:
        return {
            str(1 + index): Estimate(value=value, sigma=0.02, unit="nm", method="mean")
            for index, value in enumerate(values)
        }

    alike = compare_estimates("mean edge", sizes(2.47, 2.46)).sentence()
    assert alike == (
        "mean edge: 1 and 2 are not told apart (0.010 ± 0.028 nm, 1 the larger with 64%)."
    )
    assert "no difference" in compare_estimates("mean edge", sizes(2.47, 2.46, 2.48)).sentence()
    three = compare_estimates("mean edge", sizes(2.49, 2.46, 2.59)).sentence()
    assert three.endswith("the samples differ: 3 is larger than 2 by 0.130 ± 0.028 nm.")


def test_fractions_near_the_ends_are_counted_on_draws() -> None:
    def sample(four: int, five: int) -> Population:
        image = survey(np.random.default_rng(), [1.0, 0.0], four + five)
        rows = [(1.0, 0.0)] * four + [(0.0, 1.0)] * five
        sure = tuple(
            replace(one, p_all=row) for one, row in zip(image.particles, rows, strict=True)
        )
        return summarise([replace(image, particles=sure)], shared_edge_nm=0.0)

    few = compare_populations({"a": sample(20, 0), "b": sample(18, 2)})
    found = next(one for one in few if one.quantity == "fraction of n = 4").differences[0]
    grid = (np.arange(20000) + 0.5) / 20000
    exact = float(
        (scipy.stats.beta(20.5, 0.5).pdf(grid) * scipy.stats.beta(18.5, 2.5).cdf(grid)).mean()
    )
    # Draws, and the pole of the first density at 1 on a grid.
    assert found.chance_larger == pytest.approx(exact, abs=0.03)


def test_what_cannot_be_compared() -> None:
    size = Estimate(value=2.4, sigma=0.1, unit="nm", method="")
    with pytest.raises(InputError, match="two samples"):
        compare_estimates("mean edge", {"a": size})
    with pytest.raises(InputError, match="one unit"):
        compare_estimates("mean edge", {"a": size, "b": replace(size, unit="eV")})
    with pytest.raises(InputError, match="sigma"):
        compare_estimates("mean edge", {"a": size, "b": replace(size, sigma=None)})
    with pytest.raises(InputError, match="two samples"):
        compare_populations({})


def test_means_take_cubes_that_fit_and_squares_where_none_does() -> None:
    drawn = survey(fresh(), [1.0, 0.0], 20)
    cubes = CubeSizes(
        edge_nm=4 * LATTICE_NM,
        sigma_edge_nm=LENGTH_SIGMA * 4 * LATTICE_NM,
        shadow=OutlineSizes(feret_min_nm=3.0, feret_max_nm=4.0, area_diameter_nm=3.5),
        sigma_shadow=OutlineSizes(feret_min_nm=0.03, feret_max_nm=0.04, area_diameter_nm=0.035),
    )
    half = tuple(replace(one, by_views=cubes) for one in drawn.particles[:10])
    found = summarise([replace(drawn, particles=(*half, *drawn.particles[10:]))])
    edges = [4 * LATTICE_NM] * 10 + [one.edge_nm for one in drawn.particles[10:]]
    longest = [4.0] * 10 + [one.feret_max_nm for one in drawn.particles[10:]]
    for size, values in ((found.mean_edge, edges), (found.feret_max, longest)):
        assert size is not None
        assert size.value == pytest.approx(np.mean(values))
    every = summarise([replace(drawn, particles=half)])
    # What all cubes share is all there is: no number of them makes it smaller.
    assert every.area_diameter is not None
    assert every.area_diameter.sigma == pytest.approx(0.035)
    assert every.spread is not None
    assert every.spread.value == pytest.approx(0.0, abs=1e-12)
    assert every.spread.sigma == pytest.approx(LENGTH_SIGMA * 4 * LATTICE_NM)
    # The histogram is that of the squares, as before.
    assert every.edges_nm == pytest.approx([one.edge_nm for one in half])
