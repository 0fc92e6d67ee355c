"""Series fitted at once: SciPy's own answers, hard starts, covered truths, what is no band."""

import numpy as np
import pytest
from scipy.optimize import curve_fit

from cinedot.core import InputError
from cinedot.core.constants import HC_EV_NM
from cinedot.spectroscopy import fit_series
from cinedot.spectroscopy.series_fit import STATUSES

NM = np.linspace(400.0, 600.0, 512)
LN2 = np.log(2.0)


def fresh():
    seed = np.random.SeedSequence().entropy
    print("seed", seed)
    return np.random.default_rng(seed)


def law(x, centre, fwhm, height, *ground):
    across = (x - x[0]) / (x[-1] - x[0])
    ends = (ground[0], ground[-1])
    line = ends[0] * (1 - across) + ends[1] * across
    return line + height * np.exp(-4 * LN2 * ((x - centre) / fwhm) ** 2)


def energy_law(x, centre, fwhm, height, *ground):
    energy = HC_EV_NM / x
    band = (energy / centre) ** 2 * np.exp(-4 * LN2 * ((energy - centre) / fwhm) ** 2)
    return law(x, 1.0, 1.0, 0.0, *ground) + height * band


def drawn(rng, count, ground=2):
    low, high = [430, 8, 100, 20, 20], [570, 60, 3000, 80, 80]
    return rng.uniform(low[: 3 + ground], high[: 3 + ground], (count, 3 + ground))


def parameters(fit):
    return np.column_stack([fit.centre, fit.fwhm, fit.height, fit.ground])


def of_scipy(function, x, row, start, **more):
    """SciPy's answer, with derivatives by complex steps, which lose no digits."""

    def slopes(x, *values):
        steps = 1e-30j * np.eye(len(values))
        return np.stack([function(x, *(values + step)).imag / 1e-30 for step in steps], axis=1)

    exact = {"xtol": 1e-15, "ftol": 1e-15, "gtol": 1e-15, "maxfev": 5000}
    return curve_fit(function, x, row, p0=start, jac=slopes, **more, **exact)


@pytest.mark.parametrize("coordinate", ["axis", "energy"])
@pytest.mark.parametrize("ground", ["constant", "linear"])
@pytest.mark.parametrize("noise", ["unknown", "common", "own"])
def test_scipy_s_curve_fit_agrees_to_six_figures(coordinate, ground, noise):
    rng = fresh()
    truth = drawn(rng, 6, 1 if ground == "constant" else 2)
    function = law
    if coordinate == "energy":
        function = energy_law
        nm, fwhm_nm = truth[:, 0].copy(), truth[:, 1].copy()
        truth[:, 0], truth[:, 1] = HC_EV_NM / nm, HC_EV_NM * fwhm_nm / nm**2
    expected = np.stack([function(NM, *row) for row in truth])
    spread = np.sqrt(expected if noise == "own" else expected.mean(axis=0))
    counts = expected + rng.normal(0, 1, expected.shape) * spread
    sigma = None if noise == "unknown" else spread
    fit = fit_series(NM, counts, ground=ground, coordinate=coordinate, sigma=sigma)
    assert (fit.status == 0).all()
    for k, row in enumerate(counts):
        more = {}
        if sigma is not None:
            more = {"sigma": sigma if sigma.ndim == 1 else sigma[k], "absolute_sigma": True}
        best, covariance = of_scipy(function, NM, row, truth[k], **more)
        spreads = np.sqrt(np.diag(covariance))
        # The search ends 1e-8 of a width from its end, for which the ground makes up in shares of
        # the band's height. Covariance is that before a last step of up to 2e-7 of a width.
        np.testing.assert_allclose(parameters(fit)[k, :3], best[:3], rtol=1e-6)
        np.testing.assert_allclose(fit.ground[k], best[3:], rtol=1e-6, atol=1e-7 * best[2])
        np.testing.assert_allclose(fit.sigma[k], spreads, rtol=1e-6)
        np.testing.assert_allclose(
            fit.covariance[k] / np.outer(spreads, spreads),
            covariance / np.outer(spreads, spreads),
            atol=2e-6,
        )
        rest = (row - function(NM, *best)) / (1.0 if sigma is None else more["sigma"])
        assert fit.chi_square[k] == pytest.approx(np.sum(rest**2), rel=1e-9)


def test_without_noise_the_truth_is_found():
    truth = drawn(fresh(), 40)
    fit = fit_series(NM, np.stack([law(NM, *row) for row in truth]))
    # The search ends 1e-8 of a width from its end.
    np.testing.assert_allclose(parameters(fit), truth, rtol=1e-7)


def test_hard_records_end_at_the_least_misfit_too():
    rng = fresh()
    rows = [
        (rng.uniform(450, 550), 4 * (NM[1] - NM[0]), 500, 50, 50),  # four points wide
        (rng.uniform(450, 550), 2 * (NM[1] - NM[0]), 900, 50, 50),
        (rng.uniform(470, 530), 150.0, 400, 20, 60),  # as wide as the record
        (403.0, 20.0, 500, 50, 80),  # cut in half
        (rng.uniform(450, 550), 30.0, 5, 1e4, 2e4),  # on a slope two thousand times as high
        (rng.uniform(450, 550), 12.0, 1e7, 0, 0),
    ]
    scales = np.array([5.0, 5.0, 5.0, 5.0, 0.5, 100.0])
    counts = np.stack([law(NM, *row) for row in rows])
    counts += rng.normal(0, 1, counts.shape) * scales[:, None]
    fit = fit_series(NM, counts)
    assert [STATUSES[k] for k in fit.status] == ["ok"] * 6
    for k, row in enumerate(rows):
        best, _ = of_scipy(law, NM, counts[k], row)
        least = np.sum((counts[k] - law(NM, *best)) ** 2)
        # Never more than what SciPy finds from the truth itself.
        assert fit.chi_square[k] <= least * (1 + 1e-9)
        found = np.sum((counts[k] - law(NM, *parameters(fit)[k])) ** 2)
        assert found == pytest.approx(fit.chi_square[k], rel=1e-7)


def test_intervals_cover(assert_covers):
    rng = fresh()
    truth = drawn(rng, 400)
    expected = np.stack([law(NM, *row) for row in truth])
    fit = fit_series(NM, rng.poisson(expected), sigma=np.sqrt(expected))
    assert (fit.status == 0).all()
    scores = (parameters(fit) - truth) / fit.sigma
    for name, score in zip(("centre", "FWHM", "height", "first", "last"), scores.T, strict=True):
        assert_covers(name, score)


def test_a_dip_and_a_band_outside_are_no_answers():
    dip = 100 - law(NM, 500.0, 30.0, 50.0, 0.0)
    outside = law(NM, 380.0, 40.0, 900.0, 5.0)
    fine = law(NM, 500.0, 30.0, 50.0, 10.0)
    fit = fit_series(NM, np.stack([dip, fine, outside]) + fresh().normal(0, 1e-3, (3, 512)))
    told = [STATUSES[k] for k in fit.status]
    assert told[1] == "ok"
    assert told[0] != "ok"
    assert told[2] == "edge"


def test_flat_spectra_end_without_a_band():
    fit = fit_series(NM, np.ones((3, 512)))
    assert "ok" not in [STATUSES[k] for k in fit.status]


def test_noise_alone_ends_and_what_is_found_in_it_is_no_clear_band():
    fit = fit_series(NM, fresh().normal(0, 1, (256, 512)))
    good = fit.status == 0
    # 5 in 4,096 such records; a few hundred places and widths stand in each, so that 8 sigmas come
    # up once in 10^10.
    assert np.max(fit.height[good] / fit.sigma[good, 2], initial=0.0) < 8


def test_the_others_and_the_groups_change_nothing():
    rng = fresh()
    truth = drawn(rng, 1200)
    counts = rng.poisson(np.stack([law(NM, *row) for row in truth]))
    together = fit_series(NM, counts)
    alone = fit_series(NM, counts[1100:1101].astype(np.float32))
    # Counts below 2^24 are the same in single precision; what shares a block with a spectrum
    # changes which points beyond seven of its sigmas are asked, 3e-11 of its height.
    np.testing.assert_allclose(parameters(alone)[0], parameters(together)[1100], rtol=1e-7)


@pytest.mark.parametrize(
    ("axis", "intensity", "sigma", "message"),
    [
        (NM[::-1], np.ones((2, 512)), None, "8 points or more that rise"),
        (NM, np.ones((2, 511)), None, "spectra of 512 points each"),
        (NM, np.full((2, 512), np.nan), None, "spectrum 0: intensities of a series must be finite"),
        (NM, np.ones((2, 512)), np.zeros(512), "must be positive and finite"),
        (NM, np.ones((2, 512)), np.ones(7), "as many sigmas as points"),
    ],
)
def test_series_that_cannot_be_fitted(axis, intensity, sigma, message):
    with pytest.raises(InputError, match=message):
        fit_series(axis, intensity, sigma=sigma)


@pytest.mark.acceptance
def test_65536_spectra_at_full_size(record_figure):
    rng = fresh()
    axis = np.linspace(400.0, 600.0, 1024)
    truth = np.tile(drawn(rng, 64), (1024, 1))
    expected = np.stack([law(axis, *row) for row in truth[:64]])
    counts = np.concatenate([rng.poisson(expected) for _ in range(1024)])
    fit = fit_series(axis, counts)
    assert (fit.status == 0).all()
    worst = 0.0
    for k in rng.choice(len(counts), 50, replace=False):
        best, covariance = of_scipy(law, axis, counts[k], truth[k])
        worst = max(worst, np.max(np.abs(parameters(fit)[k, :3] / best[:3] - 1)))
        worst = max(worst, np.max(np.abs(fit.ground[k] - best[3:])) / best[2])
        worst = max(worst, np.max(np.abs(fit.sigma[k] / np.sqrt(np.diag(covariance)) - 1)))
    assert worst < 1e-6
    record_figure(
        "65,536 spectra of 1,024 points at once: parameters and sigmas against SciPy's, 50 of them",
        f"{worst:.0e}, all ok",
        "1e-6",
    )
