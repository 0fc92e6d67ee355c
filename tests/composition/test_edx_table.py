"""EDX tables: counts from percents, their covariance by other ways, ligands, bad input."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import binom, bootstrap

from cinedot.composition import (
    AtomCounts,
    AtomicPercents,
    atoms_in,
    balanced_ligands,
    bootstrap_counts,
    calibrate,
    count_atoms,
    predicted_percents,
    read_percents,
)
from cinedot.composition.atom_counts import opened_variances
from cinedot.core import InputError

ELEMENTS = ("Cs", "Pb", "Br", "O")
TWO = np.array([58.0, 64.0, 237.0, 48.0])

# science.md 7: elements, atomic percents, atoms per 64 Pb, oxygens of the acid, acids, cations for
# z = 1 and 2 that neutrality asks for beside the Cs that were seen.
PAPER = {
    "prototype": ("Cs Pb Br", (26.92, 15.38, 57.69), (112, 240), 5, None, (0, 0)),
    "2, model": ("Cs Pb Br O", (14.72, 16.24, 58.88, 10.15), (58, 232, 40), 5, 8, (54, 62)),
    "2": ("Cs Pb Br O", (14.25, 15.72, 58.23, 11.79), (58, 237, 48), 5, 9.6, (60.6, 70.2)),
    "1": ("Pb Br O", (20.00, 65.94, 14.06), (211, 45), 5, 9, (92, 101)),
    "3": ("Pb Br O", (23.53, 70.59, 5.88), (192, 16), 2, 8, (72, 80)),
}


def fresh():
    seed = np.random.SeedSequence().entropy
    print("seed", seed)
    return np.random.default_rng(seed)


def replicates(rng, atoms=TWO, *, scatter=(0.03, 0.02, 0.03, 0.1), rows=20):
    counts = atoms * rng.normal(1, scatter, (rows, len(atoms)))
    percents = 100 * counts / counts.sum(axis=1, keepdims=True)
    return AtomicPercents(elements=ELEMENTS, percents=percents, label="a")


@pytest.mark.parametrize("row", PAPER)
def test_the_paper_s_rows(row):
    symbols, percents, atoms, oxygens, acids, cations = PAPER[row]
    elements = tuple(symbols.split())
    table = AtomicPercents(elements=elements, percents=np.array([percents]), label=row)
    found = count_atoms(table)
    # Percents are rounded to 0.01: each is off by up to 0.005 of itself and of lead.
    lead = percents[elements.index("Pb")]
    slack = [0.005 * (64 + n) / lead for n in atoms]
    for value, wanted, most in zip(found.values, atoms, slack, strict=True):
        assert value == pytest.approx(wanted, abs=most + 1e-9)
    for z, wanted in zip((1, 2), cations, strict=True):
        ligands = balanced_ligands(found, a_ion="Cs", oxygens=oxygens, charge=z)
        assert ligands.ammonium.value == pytest.approx(wanted, abs=sum(slack) + 0.05)
        assert ligands.ammonium.status == ("lower_limit" if acids is None else "ok")
        if acids is not None:
            assert ligands.acid.value == pytest.approx(acids, abs=slack[-1])
    assert found.covariance is None


@pytest.mark.parametrize(("z", "value", "sigma"), [(1, 60.6, 6.32), (2, 70.2, 7.21)])
def test_ammonium_of_compound_2_by_neutrality(z, value, sigma):
    """60.6 +- 6.3 from 237 +- 6 Br, 9.6 +- 2 malates, 58 Cs; 70.2 for z = 2."""
    counts = AtomCounts(
        elements=("Cs", "Br", "O"),
        metal="Pb",
        values=np.array([58.0, 237.0, 48.0]),
        covariance=np.diag([0.0, 6.0, 10.0]) ** 2,
        scatter=None,
        replicates=20,
        freedom=None,
        method="paper",
    )
    found = balanced_ligands(counts, a_ion="Cs", oxygens=5, charge=z)
    assert found.ammonium.value == pytest.approx(value, abs=1e-9)
    assert found.ammonium.sigma == pytest.approx(np.hypot(6, 2 * z), rel=1e-12)
    assert found.ammonium.sigma == pytest.approx(sigma, abs=0.005)
    assert found.acid.sigma == pytest.approx(2.0)
    watered = balanced_ligands(
        counts, a_ion="Cs", oxygens=5, charge=z, oxygen_background=8.0, background_sigma=10.0
    )
    assert watered.acid.value == pytest.approx(8.0)
    assert watered.ammonium.value == pytest.approx(value - 1.6 * z)
    assert watered.acid.sigma == pytest.approx(np.hypot(2, 2))


@settings(max_examples=40)
@given(atoms=st.lists(st.floats(0.5, 500), min_size=3, max_size=3), other=st.floats(0, 2000))
def test_counts_are_what_the_percents_were_made_from(atoms, other):
    """Whatever else is in the sample: carbon lowers all percents and no ratio."""
    made = dict(zip(("Cs", "Br", "O"), atoms, strict=True)) | {"Pb": 64.0, "C": other}
    percents = predicted_percents(made)
    table = AtomicPercents(
        elements=tuple(percents), percents=np.array([list(percents.values())]), label="a"
    )
    found = count_atoms(table)
    for element, count in made.items():
        if element != "Pb":
            at = found.elements.index(element)
            assert found.values[at] == pytest.approx(count, rel=1e-9, abs=1e-9)


def test_covariance_is_that_of_uncertainties_and_of_scipy_s_bootstrap():
    uncertainties = pytest.importorskip("uncertainties")
    rng = fresh()
    table = replicates(rng)
    found = count_atoms(table)
    mean = table.percents.mean(axis=0)
    of_mean = np.cov(table.percents.T) / len(table.percents)
    # The four percents add up to 100: their covariance is singular, which uncertainties allows.
    cs, pb, br, oxygen = uncertainties.correlated_values(mean, of_mean)
    ratios = [64 * cs / pb, 64 * br / pb, 64 * oxygen / pb]
    other = np.array(uncertainties.covariance_matrix(ratios))
    # One linear propagation, written twice.
    assert found.covariance == pytest.approx(other, rel=1e-6, abs=1e-9)
    drawn = bootstrap(
        (table.percents[:, 2], table.percents[:, 1]),
        lambda br, pb, axis: 64 * br.sum(axis=axis) / pb.sum(axis=axis),
        paired=True,
        vectorized=True,
        n_resamples=4000,
        method="percentile",
        rng=rng,
    )
    own = bootstrap_counts(table, 4000, rng)[:, 1].std()
    # 4000 draws tell a standard deviation to 1.1 %; six of both, and curvature of a ratio whose
    # parts scatter by 2 %, which is below 1 %.
    assert own == pytest.approx(drawn.standard_error, rel=0.11)
    # A bootstrap divides by 20, an estimate of the variance by 19.
    assert found.estimate("Br").sigma * np.sqrt(19 / 20) == pytest.approx(own, rel=0.08)


def test_closure_correlates_percents_and_not_the_answer():
    """Br scatters alone: percents of Cs go with it, counts of Cs per Pb do not."""
    rng = fresh()
    table = replicates(rng, scatter=(0.0, 0.0, 0.05, 0.0))
    assert np.corrcoef(table.column("Br"), table.column("Cs"))[0, 1] < -0.999
    found = count_atoms(table)
    assert found.estimate("Cs").sigma < 1e-9
    assert found.values[0] == pytest.approx(58.0, rel=1e-9)
    # Rows weigh by their lead, which scatters by 3 %: the mean of ratios is another weighting.
    assert found.estimate("Br").sigma == pytest.approx(
        64 * np.std(table.column("Br") / table.column("Pb"), ddof=1) / np.sqrt(20), rel=0.15
    )


def covered(trials):
    """How many 95 % intervals hold the truth, of each element."""
    rng = fresh()
    held = np.zeros(3, dtype=int)
    for _ in range(trials):
        found = count_atoms(replicates(rng))
        truth = TWO[[0, 2, 3]]
        for k, element in enumerate(found.elements):
            low, high = found.interval(element)
            held[k] += low <= truth[k] <= high
    print(held.tolist(), "of", trials)
    return held


def test_intervals_cover():
    held = covered(120)
    # Right code covers 90 % or more; three elements, once in a million runs.
    assert held.min() >= binom.ppf(1e-7, 120, 0.90)


@pytest.mark.acceptance
def test_intervals_cover_at_full_size(record_figure):
    held = covered(400)
    for element, count in zip(("Cs", "Br", "O"), held.tolist(), strict=True):
        figure = f"coverage of 95 % intervals, EDX table of 20, {element} per 64 Pb"
        record_figure(figure, f"{count / 400:.1%}", "90-98 %")
        assert binom.ppf(1e-7, 400, 0.90) <= count <= binom.isf(1e-7, 400, 0.98)


def means(spread=None, averaged=None):
    return AtomicPercents(
        elements=("Pb", "Br"),
        percents=np.array([[20.0, 80.0]]),
        label="mean",
        sigma=np.array([0.3, 0.3]),
        spread=spread,
        averaged=averaged,
    )


def test_sd_and_sem_are_told_apart():
    """sqrt(20) lies between the two readings of a plus-minus: 6 becomes 1.34."""
    assert 6 / np.sqrt(20) == pytest.approx(1.34, abs=0.005)
    sd, sem = count_atoms(means("sd", 20)), count_atoms(means("sem", 20))
    assert sd.deviation("Br") == pytest.approx(sem.estimate("Br").sigma)
    assert sd.estimate("Br").sigma == pytest.approx(sem.estimate("Br").sigma / np.sqrt(20))
    unsaid = count_atoms(means())
    assert unsaid.estimate("Br").sigma == pytest.approx(sem.estimate("Br").sigma)
    assert unsaid.deviation("Br") is None


@settings(max_examples=40)
@given(
    shares=st.lists(st.floats(0.02, 1), min_size=4, max_size=4),
    own=st.lists(st.floats(1e-4, 0.1), min_size=4, max_size=4),
)
def test_sigmas_of_closed_percents_open_again(shares, own):
    x = np.array(shares) / sum(shares)
    assume(x.max() < 0.9)
    v = np.array(own) ** 2
    relative = (1 - 2 * x) * v + x**2 @ v
    table = AtomicPercents(
        elements=ELEMENTS, percents=100 * x[None], label="a", sigma=100 * x * np.sqrt(relative)
    )
    opened = opened_variances(table)
    # The equations of any percents are solved to rounding, times their condition.
    assert (1 - 2 * x) * opened + x**2 @ opened == pytest.approx(relative, rel=1e-6)
    if x.max() < 0.45:
        assert opened == pytest.approx(v, rel=1e-6, abs=1e-12)


def test_a_reference_cancels_what_both_share():
    table = AtomicPercents(elements=ELEMENTS, percents=_percents(TWO), label="a")
    off = np.array([1.2, 1.0, 1.17, 1.0])
    seen = count_atoms(AtomicPercents(elements=ELEMENTS, percents=_percents(TWO * off), label="b"))
    bulk = AtomicPercents(
        elements=("Cs", "Pb", "Br"), percents=_percents(np.array([1.0, 1, 3]) * off[:3]), label="c"
    )
    right, which = calibrate(seen, count_atoms(bulk), atoms_in("CsPbBr3"))
    assert which == {"Cs", "Br"}
    assert right.values == pytest.approx(count_atoms(table).values, rel=1e-12)
    with pytest.raises(InputError, match="must hold Pb and another element"):
        calibrate(seen, count_atoms(bulk), {"Cs": 1, "Br": 1})


def _percents(atoms):
    return (100 * atoms / atoms.sum())[None]


def test_a_reference_s_scatter_adds():
    rng = fresh()
    sample, bulk = replicates(rng), replicates(rng, np.array([64.0, 64.0, 192.0, 0.0]))
    counts, reference = count_atoms(sample), count_atoms(bulk)
    right, _ = calibrate(counts, reference, {"Cs": 1, "Pb": 1, "Br": 3})
    relative = [one.estimate("Br").sigma / one.estimate("Br").value for one in (counts, reference)]
    found = right.estimate("Br")
    assert found.sigma / found.value == pytest.approx(np.hypot(*relative), rel=1e-9)


def write(tmp_path, text):
    path = tmp_path / "edx.csv"
    path.write_text(text)
    return path


def test_reading_headings_means_and_what_stands_beside(tmp_path):
    text = "No;Cs M (at%);Pb M;Br L;O K;Sum\n1;14,7;16,2;58,9;10,2;100\n2;14,8;16,2;58,8;10,2;100\n"
    table = read_percents(write(tmp_path, text))
    assert table.elements == ("Cs", "Pb", "Br", "O")
    assert table.percents.shape == (2, 4)
    mean = read_percents(write(tmp_path, "what,Pb,Br\nMean,20,80\nStd. dev.,0.3,0.3\n"))
    assert (mean.spread, mean.sigma.tolist()) == ("sd", [0.3, 0.3])
    beside = read_percents(write(tmp_path, "Pb,sigma Pb,Br,sigma Br\n20,0.3,80,0.4\n"))
    assert (beside.spread, beside.sigma.tolist()) == (None, [0.3, 0.4])
    both = read_percents(write(tmp_path, "row,Pb,Br\n1,20,80\n2,21,79\nMean,20.5,79.5\n"))
    assert both.percents.tolist() == [[20, 80], [21, 79]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Cs,Pb,Br\n7,8,35\n", "line 2: atomic percents must add up to 100, .* add up to 50"),
        ("Cs,Pb,Br\n26,16,58\n50,30,70\n", "line 3: .* add up to 150"),
        ("Cs,Br\n30,70\n", "must have a column of Pb"),
        ("Cs,Pb,Br\n30,0,70\n", "every replicate must hold some Pb, but one holds 0 %"),
        ("Cs,Pb,Br\n0,0,0\n", "line 2: .* add up to 0"),
        ("Cs,Pb,Br\n26,16,58\n26,,58\n", "line 3: every replicate must hold every element, but Pb"),
        ("Cs,Pb,Br\n-26,68,58\n", "must be from 0 to 100, but that of Cs is -26"),
        ("Cs,Pb,Pb\n26,16,58\n", "Pb has two"),
        ("Pb wt%,Br wt%\n40,60\n", "must hold atomic percents, but 'Pb wt%' says otherwise"),
        ("lead,bromine\n20,80\n", "must have columns headed by elements"),
        ("what,Pb,Br\nMean,20,80\nSEM,0.3,0.3\n", "`spread` must be what the table says"),
    ],
)
def test_bad_tables_are_refused_in_one_line(tmp_path, text, message):
    with pytest.raises(InputError, match=message) as caught:
        count_atoms(read_percents(write(tmp_path, text), spread="sd" if "SEM" in text else None))
    assert "\n" not in str(caught.value)


def test_atoms_of_several_elements_err_together():
    table = replicates(fresh())
    counts = count_atoms(table)
    together = counts.together(("Cs", "Br", "I"))
    both = table.column("Cs") + table.column("Br")
    rest = 100 - both - table.column("Pb")
    # Cs and Br taken as one element from the start: the same ratio, and the same residuals.
    merged = AtomicPercents(
        elements=("Br", "Pb", "O"),
        percents=np.column_stack([both, table.column("Pb"), rest]),
        label="merged",
    )
    alone = count_atoms(merged).estimate("Br")
    assert together.value == pytest.approx(alone.value, rel=1e-12)
    assert together.sigma == pytest.approx(alone.sigma, rel=1e-9)


def test_rows_of_extremes_are_no_replicates(tmp_path):
    path = tmp_path / "edx.csv"
    rows = "Spectrum 1,24,16,60\nSpectrum 2,22,16,62\n"
    # The maxima add up to 100 as replicates do; the minima to 96.
    extremes = "Mean,23,16,61\nStd. deviation,1,0.1,1\nMax.,24,16,60\nMin.,22,15,59\n"
    path.write_text("Spectrum,Cs,Pb,Br\n" + rows + extremes)
    assert read_percents(path).percents.tolist() == [[24, 16, 60], [22, 16, 62]]


def test_without_a_halide_nothing_is_balanced():
    table = AtomicPercents(
        elements=("Pb", "O"), percents=np.array([[61.0, 39.0], [62.0, 38.0]]), label="a"
    )
    assert balanced_ligands(count_atoms(table), a_ion="Cs", oxygens=5, charge=1).ammonium is None
