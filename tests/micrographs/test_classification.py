"""n by simulated views: surveys with known dots, things that are no candidate, and its rules."""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import pytest
import scipy.ndimage
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from cinedot.core import AnalysisError, Image, InputError
from cinedot.micrographs import Particle, Particles, find_particles, summarise
from cinedot.micrographs.classification import classify
from cinedot.micrographs.pose.fit import PoseFit
from cinedot.micrographs.shadows import shadow_sizes
from cinedot.micrographs.view_comparison import ParticleViews
from cinedot.micrographs.view_probabilities import with_view_probabilities
from cinedot.microscope import Lens, SurveyDot, abtem_parameters, place_dots, simulate_survey
from cinedot.microscope.carbon import random_carbon_nm
from cinedot.particle import Cuboid, host_named

HOST = host_named("CsPbBr3")
LENS = Lens(defocus_nm=8.0)
PIXEL_NM = 0.1
EDGES = (3, 4, 5)
FACE_ON, FREE = 6.0, None
Record = Callable[[str, str, str], None]


@dataclass(frozen=True, kw_only=True)
class Survey:
    """A simulated image, its dots as rows of x, y, n, and its particles."""

    image: Image
    truth: np.ndarray
    found: Particles
    dots: Sequence[SurveyDot] = ()

    def dot_of(self, particle: Particle) -> int | None:
        """Which dot a particle is, if any has its centre within 1 nm."""
        if not len(self.truth):
            return None
        apart = np.hypot(self.truth[:, 0] - particle.x_nm, self.truth[:, 1] - particle.y_nm)
        return int(np.argmin(apart)) if apart.min() < 1.0 else None

    def pairs(self) -> list[tuple[Particle, int]]:
        """Whole particles that are dots, and the dots' n."""
        known = [(one, self.dot_of(one)) for one in self.found.particles if not one.at_edge]
        return [(one, int(self.truth[dot, 2])) for one, dot in known if dot is not None]


def survey(dots: Sequence[SurveyDot], side: int, seed: int, edges: tuple[int, ...]) -> Survey:
    """An image of the dots, and what is found in it, not yet compared with views."""
    made = simulate_survey(dots, lens=LENS, shape=(side, side), seed=seed)
    rows = made.truth["particles"]
    return Survey(
        image=made.image,
        truth=rows[["x_nm", "y_nm", "n"]].to_numpy(dtype=float),
        found=find_particles(made.image, lattice_nm=HOST.lattice_nm, edges=edges),
        dots=dots,
    )


def by_views(
    one: Survey, edges: tuple[int, ...] = EDGES, defocus_nm: float | None = LENS.defocus_nm
) -> Survey:
    """The survey with its particles compared with the views of cubes."""
    cubes = [Cuboid.cube(n, HOST) for n in edges]
    found = classify(one.image, one.found, cubes, ["mla-cs"], LENS, defocus_nm=defocus_nm)
    return replace(one, found=found)


def fresh_seed() -> int:
    """A seed that no run before had, printed."""
    seed = int(np.random.default_rng().integers(2**31))
    print("seed", seed)
    return seed


@pytest.fixture(scope="module")
def mixed() -> Survey:
    """Four face-on dots, five that lie in any way, two that are no candidates: n is 0 for these.

    All in one image, read at an unknown defocus, since it is compiling that costs.
    """
    seed, side = fresh_seed(), 320
    numbers = [3, 4, 4, 5, 3, 4, 4, 5, 5, 4, 7]
    dots = place_dots(numbers, host=HOST, shape=(side, side), tilt_deg=FREE, seed=seed)
    flat = place_dots(numbers[:4], host=HOST, shape=(side, side), tilt_deg=FACE_ON, seed=seed)
    dots[:4] = [
        replace(dot, rotation=one.rotation) for dot, one in zip(dots[:4], flat, strict=True)
    ]
    wider = replace(HOST, lattice_nm=1.25 * HOST.lattice_nm)
    other = place_dots([4], host=wider, shape=(96, 96), seed=seed)[0]
    dots[-2] = replace(dots[-2], atoms=other.atoms)
    one = survey(dots, side, seed, EDGES)
    one.truth[-2:, 2] = 0
    return by_views(with_carbon(one), defocus_nm=None)


def test_n_is_right_however_dots_lie(mixed: Survey) -> None:
    pairs = [(one, n) for one, n in mixed.pairs() if n]
    # Should 1 in 20 of the turned and 1 in 200 of the others be missed, six of the nine are once
    # in 10^8.
    assert len(pairs) >= 4
    # In 30 such images n was right for 257 of 263 dots, not told for 4 and wrong for 2. Should
    # 1 in 35 be wrong, six of nine are once in 10^7; n drawn by lot is wrong for six or more.
    wrong = [(n, one.n) for one, n in pairs if one.n != n]
    assert len(wrong) <= 5, wrong
    for one, _ in pairs:
        assert one.p_all is not None
        assert 0 <= sum(one.p_all) <= 1 + 1e-9
    assert mixed.found.by_views
    assert mixed.found.edges == EDGES


def test_sizes_are_those_of_the_dots_as_they_lie(mixed: Survey) -> None:
    off: list[float] = []
    for one, n in mixed.pairs():
        dot = mixed.dot_of(one)
        if not n or one.n != n or dot is None:
            continue
        assert one.by_views is not None
        length = n * HOST.lattice_nm
        beam = mixed.dots[dot].rotation.as_matrix()[2:3]
        thrown = shadow_sizes((length,) * 3, beam)
        outline = (thrown.feret_min_nm, thrown.feret_max_nm, thrown.area_diameter_nm)
        truth = (length, *(float(size[0]) for size in outline))
        pairs = zip(one.by_views.sizes_nm, truth, strict=True)
        off.append(max(abs(found / true - 1) for found, true in pairs))
    # Turning by a degree changes a shadow by 2 % at most, the other n by 20 %; few are misread.
    assert np.median(off) < 0.03, off


def test_what_is_none_of_the_candidates_is_seldom_named(mixed: Survey) -> None:
    strange = [one for one, n in mixed.pairs() if n == 0] + list(mixed.found.particles[-2:])
    assert len(strange) >= 2
    # In 30 images 2 crystals of a lattice 12 % too wide, here it is 25, none of n = 7 and 1 of 63
    # places of carbon or bare film were named: all four once in 10^6; without the rule all are.
    assert any(one.n is None for one in strange)
    for one in strange:
        assert (one.n is None) == (max(one.p_all or (0.0,)) < 0.5)


def test_a_dot_cut_by_the_border_is_flagged_and_not_counted(mixed: Survey) -> None:
    # The image is cut through its dot nearest to the left border.
    cut_px = int(np.rint(mixed.truth[:, 0].min() / PIXEL_NM))
    image = replace(mixed.image, data=mixed.image.data[:, cut_px:])
    truth = mixed.truth - np.array([cut_px * PIXEL_NM, 0.0, 0.0])
    found = find_particles(image, lattice_nm=HOST.lattice_nm, edges=EDGES)
    cut = Survey(image=image, truth=truth, found=found)
    nearest = int(np.argmin(truth[:, 0]))
    there = [one for one in found.particles if cut.dot_of(one) == nearest]
    assert all(one.at_edge for one in there)
    chances = with_view_probabilities(
        found, [views_like([0.0, 900.0, 0.0], 1.0)] * len(found), EDGES, HOST.lattice_nm
    )
    population = summarise([chances])
    assert population.found - population.number >= len(there)
    assert population.counted is not None
    assert population.counted.particles == population.number


def test_dots_turned_at_random_face_all_ways_alike() -> None:
    dots = place_dots(
        [2] * 80,
        host=HOST,
        compound="prototype",
        shape=(600, 600),
        tilt_deg=None,
        seed=fresh_seed(),
    )
    turned = np.array([dot.rotation.as_matrix() for dot in dots])
    # Every component of a rotation drawn from Haar's measure is uniform from -1 to 1.
    for row, column in ((2, 0), (2, 2), (0, 1)):
        ways = scipy.stats.kstest(turned[:, row, column], scipy.stats.uniform(-1, 2).cdf)
        assert ways.pvalue > 3e-7
    with pytest.raises(InputError, match="tilt_deg"):
        place_dots([2], host=HOST, tilt_deg=180.0)


def moved(particle: Particle, x_nm: float, y_nm: float) -> Particle:
    """The same particle claimed elsewhere."""
    shift = np.array([x_nm - particle.x_nm, y_nm - particle.y_nm])
    return replace(
        particle,
        x_nm=x_nm,
        y_nm=y_nm,
        square_nm=particle.square_nm + shift,
        outline_nm=particle.outline_nm + shift,
    )


def emptiest(one: Survey) -> tuple[float, float]:
    """The place that is farthest from dots and borders."""
    axis = np.arange(2.5, one.image.data.shape[0] * PIXEL_NM - 2.5, 0.25)
    x, y = np.meshgrid(axis, axis)
    gap = np.min([np.hypot(x - a, y - b) for a, b, _ in one.truth], axis=0)
    at = np.unravel_index(int(np.argmax(gap)), gap.shape)
    return float(x[at]), float(y[at])


def with_carbon(one: Survey) -> Survey:
    """The survey with two more particles claimed: a lump of carbon, and a place of bare film."""
    lump = moved(one.found.particles[0], *emptiest(one))
    claimed = np.array([[lump.x_nm, lump.y_nm, 0.0]])
    blank = moved(lump, *emptiest(replace(one, truth=np.concatenate([one.truth, claimed]))))
    y, x = np.indices(one.image.data.shape) * PIXEL_NM
    grain = scipy.ndimage.gaussian_filter(np.random.default_rng().normal(size=x.shape), 0.7)
    speckle = one.image.data.mean() + 2 * one.image.data.std() * grain / grain.std()
    inside = np.hypot(x - lump.x_nm, y - lump.y_nm) < 1.5
    return replace(
        one,
        image=replace(one.image, data=np.where(inside, speckle, one.image.data)),
        found=replace(one.found, particles=(*one.found.particles, lump, blank)),
    )


def test_without_ground_there_is_no_answer(mixed: Survey) -> None:
    one = mixed.found.particles[0]
    row, column = round(one.y_nm / PIXEL_NM), round(one.x_nm / PIXEL_NM)
    half = round(0.7 * one.edge_nm / PIXEL_NM)
    top, left = max(row - half, 0), max(column - half, 0)
    image = replace(mixed.image, data=mixed.image.data[top : row + half, left : column + half])
    here = moved(one, one.x_nm - left * PIXEL_NM, one.y_nm - top * PIXEL_NM)
    alone = replace(mixed.found, particles=(here,))
    with pytest.raises(AnalysisError, match="tiles"):
        classify(image, alone, [Cuboid.cube(4, HOST)], ["mla-cs"], LENS, defocus_nm=8.0)


def fit_of(contrast: float) -> PoseFit:
    """A fit of which only the contrast is asked."""
    return PoseFit(
        rotation=np.eye(3),
        x_nm=0.0,
        y_nm=0.0,
        defocus_nm=8.0,
        contrast=contrast,
        sigma_contrast=0.01,
        ground=np.zeros(1),
        covariance=np.eye(6),
        chi_square=1.0,
        numbers=1.0,
        log_evidence=0.0,
        iterations=1,
    )


def plain(number: int) -> Particles:
    """Particles of which nothing is known."""
    one = Particle(
        x_nm=0.0,
        y_nm=0.0,
        sigma_xy_nm=0.1,
        edge_nm=2.3,
        sigma_edge_nm=0.1,
        angle_deg=0.0,
        feret_min_nm=2.0,
        feret_max_nm=3.0,
        area_diameter_nm=2.4,
        snr=9.0,
        at_edge=False,
        touching=False,
        outline_nm=np.zeros((4, 2)),
        square_nm=np.zeros((4, 2)),
    )
    return Particles(
        image="a", particles=(one,) * number, seen_by="lattice", reason="", edges=EDGES
    )


def views_like(logs: Sequence[float], contrast: float) -> ParticleViews:
    """A comparison with these log-likelihoods."""
    fits = tuple(fit_of(contrast) if np.isfinite(log) else None for log in logs)
    return ParticleViews(fits=fits, log_likelihood=np.array(logs, dtype=float))


log_likelihoods = st.lists(st.floats(-2000.0, 2000.0) | st.just(-np.inf), min_size=3, max_size=3)


@settings(max_examples=60, deadline=None)
@given(
    compared=st.lists(st.tuples(log_likelihoods, st.floats(0.01, 5.0)), min_size=1, max_size=5),
    shift=st.floats(-1e3, 1e3),
)
def test_probabilities_sum_to_one_less_that_of_none(
    compared: list[tuple[list[float], float]], shift: float
) -> None:
    given_views = [views_like(logs, contrast) for logs, contrast in compared]
    shifted = [replace(one, log_likelihood=one.log_likelihood + shift) for one in given_views]
    lattice = HOST.lattice_nm
    found = with_view_probabilities(plain(len(compared)), given_views, EDGES, lattice)
    again = with_view_probabilities(plain(len(compared)), shifted, EDGES, lattice)
    assert found.by_views
    for one, same, (logs, _) in zip(found.particles, again.particles, compared, strict=True):
        assert one.p_all is not None
        assert same.p_all is not None
        assert 0 <= sum(one.p_all) < 1
        assert same.p_all == pytest.approx(one.p_all, abs=1e-9)
        if one.n is None:
            assert one.p_n is None
            assert max(one.p_all) < 0.5
        else:
            assert one.p_n == max(one.p_all) >= 0.5
            assert one.n == EDGES[int(np.argmax(logs))]


def test_contrast_tells_what_is_none_of_the_candidates() -> None:
    sure = [0.0, 500.0, -np.inf]
    contrasts = [1.0, 1.0, 1.0, 0.4, 1.9, 1.1]
    compared = [views_like(sure, contrast) for contrast in contrasts]
    found = with_view_probabilities(plain(6), compared, EDGES, HOST.lattice_nm).particles
    assert [one.n for one in found] == [4, 4, 4, None, None, 4]
    # All but 0.02 / 1.5 against two Gaussians' 2.66 and 4.99 at their middles.
    sure_of_it = 1 / (1 + 0.02 / 1.5 / (2.6596 * 4.9868))
    assert found[0].p_all == pytest.approx((0.0, sure_of_it, 0.0), abs=1e-3)
    assert sum(found[3].p_all or ()) < 0.5


def test_equal_likelihoods_share() -> None:
    found = with_view_probabilities(
        plain(2), [views_like([3.0, 3.0, -np.inf], 1.0)] * 2, EDGES, HOST.lattice_nm
    )
    chances = found.particles[0].p_all
    assert chances is not None
    three, four, five = chances
    assert three == pytest.approx(four)
    assert five == 0
    assert found.particles[0].n is None


MIXTURE = {3: 0.02, 4: 0.90, 5: 0.05, 6: 0.03}
DOTS, SAMPLES = 12, 50
"""600 dots a set: a share of 97 % is known to 0.7 %."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A survey of cubes drawn from the mixture: how it was read.

    Attributes:
        dots: n of all that were there.
        pairs: n of each whole particle that is a dot, and n as read.
        missed: n of the dots that are no particle.
        false: particles that are no dot.
        covers: whether the stated interval for n = 4 holds the mixture's fraction.
    """

    dots: list[int]
    pairs: list[tuple[int, int | None]]
    missed: list[int]
    false: int
    covers: bool


def sample_of(one: Survey) -> Sample:
    """How a survey was read."""
    seen = {one.dot_of(particle) for particle in one.found.particles}
    counted = summarise([one.found]).counted
    assert counted is not None
    four = counted.fractions[4]
    numbers = [int(n) for n in one.truth[:, 2]]
    return Sample(
        dots=numbers,
        pairs=[(n, particle.n) for particle, n in one.pairs()],
        missed=[n for dot, n in enumerate(numbers) if dot not in seen],
        false=sum(one.dot_of(particle) is None for particle in one.found.particles),
        covers=four.low <= MIXTURE[4] <= four.high,
    )


def drawn(tilt_deg: float | None, seed: int) -> Survey:
    """A survey of the mixture, read by views at an unknown defocus."""
    rng = np.random.default_rng(seed)
    edges = rng.choice(list(MIXTURE), size=DOTS, p=list(MIXTURE.values())).tolist()
    side = 300 if tilt_deg is not None else 340
    dots = place_dots(edges, host=HOST, shape=(side, side), tilt_deg=tilt_deg, seed=seed)
    return by_views(survey(dots, side, seed, tuple(MIXTURE)), tuple(MIXTURE), None)


def shares(samples: Sequence[Sample]) -> tuple[float, float, float]:
    """Of all samples: dots found, particles that are none, n right of those that are."""
    dots = sum(len(one.dots) for one in samples)
    missed = sum(len(one.missed) for one in samples)
    false = sum(one.false for one in samples)
    pairs = [pair for one in samples for pair in one.pairs]
    right = sum(n == read for n, read in pairs) / len(pairs)
    return 1 - missed / dots, false / (dots - missed + false), right


@pytest.mark.acceptance
@pytest.mark.parametrize(("name", "tilt_deg"), [("face-on", FACE_ON), ("freely oriented", FREE)])
def test_mixtures_are_counted(name: str, tilt_deg: float | None, record_figure: Record) -> None:
    seeds = np.random.SeedSequence(fresh_seed()).generate_state(SAMPLES)
    samples = [sample_of(drawn(tilt_deg, int(seed))) for seed in seeds]
    found, false, right = shares(samples)
    covered = sum(one.covers for one in samples)
    missed = {n: sum(one.missed.count(n) for one in samples) for n in MIXTURE}
    there = {n: sum(one.dots.count(n) for one in samples) for n in MIXTURE}
    by_n = ", ".join(f"n = {n}: {there[n] - missed[n]} of {there[n]}" for n in MIXTURE)
    what = f"Surveys of {SAMPLES * DOTS} {name} dots"
    record_figure(f"{what}: found", f"{100 * found:.1f} % ({by_n})", ">= 97 % face-on")
    record_figure(f"{what}: false", f"{100 * false:.2f} %", "<= 2 % face-on")
    record_figure(f"{what}: n right", f"{100 * right:.2f} %", ">= 95 %")
    record_figure(
        f"{what}: 95 % intervals of the fraction of n = 4 that hold it",
        f"{covered} of {SAMPLES}",
        ">= 43 of 50",
    )
    assert false <= 0.02
    assert right >= 0.95
    assert covered >= 43
    if tilt_deg is not None:
        assert found >= 0.97


def abtem_survey(tilt_deg: float | None, seed: int) -> Survey:
    """Dots and a 5 nm film in one abTEM cell, Lobato's neutral atoms.

    Carbon nuclei lie at random but for 0.14 nm that no two come nearer: loose atoms (an ideal gas)
    scatter several times as much at 0.2 to 0.5 nm, and hide dots that no film would.
    """
    import abtem
    from abtem.parametrizations import LobatoParametrization
    from ase import Atoms

    side, over, thickness, height = 240, 3, 50.0, 62.0
    box = side * PIXEL_NM * 10
    rng = np.random.default_rng(seed)
    edges = [3, 4, 4, 4, 5, 5, 6]
    dots = place_dots(edges, host=HOST, shape=(side, side), tilt_deg=tilt_deg, seed=seed)
    extent_nm = (box / 10, box / 10, thickness / 10)
    carbon = 10 * random_carbon_nm(extent_nm, density_per_nm3=90.0, diameter_nm=0.14, rng=rng)
    everything = Atoms(f"C{len(carbon)}", positions=carbon + np.array([0, 0, height]))
    for dot in dots:
        placed = dot.atoms.positions @ dot.rotation.as_matrix().T
        placed += [10 * dot.x_nm, 10 * dot.y_nm, height - 3 - placed[:, 2].max()]
        everything += Atoms(dot.atoms.symbols, positions=placed)
    everything.set_cell([box, box, height + thickness])
    everything.wrap()
    rms = dict.fromkeys(set(everything.symbols), 0.16)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # abTEM's own deprecations
        potential = abtem.Potential(
            everything,
            gpts=side * over,
            slice_thickness=2.0,
            parametrization=LobatoParametrization(sigmas=rms),
            projection="infinite",
        )
        # Its annotations admit a list of waves, and no dictionary of parameters.
        wave: Any = abtem.PlaneWave(energy=1e3 * LENS.voltage_kv).multislice(potential, lazy=False)
        lens = cast(Any, abtem.CTF)(**abtem_parameters(replace(LENS, defocus_nm=10.0)))
        intensity = np.asarray(wave.apply_ctf(lens).intensity().array).T
    electrons = 1000 * intensity.reshape(side, over, side, over).mean(axis=(1, 3))
    image = Image(
        data=rng.poisson(electrons).astype(np.float32),
        pixel_x_nm=PIXEL_NM,
        pixel_y_nm=PIXEL_NM,
        name="abtem",
    )
    return Survey(
        image=image,
        truth=np.array([[dot.x_nm, dot.y_nm, n] for dot, n in zip(dots, edges, strict=True)]),
        found=find_particles(image, lattice_nm=HOST.lattice_nm, edges=tuple(MIXTURE)),
    )


@pytest.mark.acceptance
@pytest.mark.parametrize(
    ("name", "tilt_deg", "images"), [("face-on", FACE_ON, 6), ("freely oriented", FREE, 24)]
)
def test_surveys_of_abtem(
    name: str, tilt_deg: float | None, images: int, record_figure: Record
) -> None:
    """Dots that lie anyhow are missed more often: more of them, for as many to be told apart."""
    seeds = np.random.SeedSequence(fresh_seed()).generate_state(images)
    surveys = [by_views(abtem_survey(tilt_deg, int(seed)), tuple(MIXTURE), None) for seed in seeds]
    found, false, right = shares([sample_of(one) for one in surveys])
    what = f"Surveys of {7 * images} {name} dots by abTEM"
    record_figure(f"{what}: found", f"{100 * found:.1f} %", ">= 97 % face-on")
    record_figure(f"{what}: false", f"{100 * false:.2f} %", "<= 2 % face-on")
    record_figure(f"{what}: n right", f"{100 * right:.2f} %", ">= 95 %")
    assert right >= 0.95
    if tilt_deg is not None:
        # One of 42 missed is 97.6 %, one false among them 2.3 %.
        assert found >= 0.97
        assert false <= 0.03
