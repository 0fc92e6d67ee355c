"""Mixtures of n: closed forms, invariants, fractions found again, intervals that hold them."""

import doctest
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import scipy.integrate
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, gamma

from cinedot.core import AnalysisError, Estimate, InputError, Spectrum
from cinedot.spectroscopy.bands import band_per_nm
from cinedot.spectroscopy.mixture import decompose, expected_bands, mixture_spectrum
from cinedot.spectroscopy.mixture.law import photon_bands

NM = np.arange(405.0, 541.0)
HC = 1239.84198
SIZES = (3, 4, 5, 6)
PEAKS = {3: 424.0, 4: 453.5, 5: 474.0, 6: 488.0}
PRIOR = expected_bands("MAPbBr3", sizes=SIZES)
EXACT = {
    "cross_sections": {
        n: Estimate(value=float(n**3), sigma=0.0, unit="", method="stated") for n in (4, 5)
    },
    "yields": {n: Estimate(value=0.9, sigma=0.0, unit="", method="stated") for n in (4, 5)},
}
PAIR = expected_bands("MAPbBr3", sizes=(4, 5))
KNOWN = expected_bands("MAPbBr3", sizes=(4, 5), **EXACT)


def fresh():
    seed = np.random.SeedSequence().entropy
    print("seed", seed)
    return np.random.default_rng(seed)


def spectrum(intensity, nm=NM, **more):
    return Spectrum(wavelength_nm=nm, intensity=intensity, label="test", **more)


def light(fractions, *, photons=3e5, fwhm_nm=15.0, background=20.0, nm=NM):
    return mixture_spectrum(
        nm,
        fractions=fractions,
        peaks_nm=PEAKS,
        fwhm_nm=fwhm_nm,
        photons=photons,
        background=background,
    )


def recorded(rng):
    """One record of 1 to 3 n and its fractions, by another way than the fit's.

    Each dot's line is a Gaussian of room temperature; dots of one n are spread by a gamma law, in
    61 slices; every n has its own place, spread, absorption and yield; the background slopes.
    """
    there = sorted(rng.choice(SIZES, rng.integers(1, 4), replace=False).tolist())
    centre = {n: PRIOR.band(n).energy_ev for n in SIZES}
    while True:
        places = {n: rng.normal(centre[n], PRIOR.band(n).spread_ev) for n in there}
        steps = [(places[a] - places[b]) / (centre[a] - centre[b]) for a, b in pairwise(there)]
        # The prior's own bounds: apart, and within the record.
        if min(steps, default=1.0) > 1 / 3 and max(places.values()) < HC / NM[0]:
            break
    shares = rng.dirichlet(np.ones(len(there)))
    line = 0.075 * np.exp(0.15 * rng.standard_normal()) / 2.3548
    expected = np.zeros_like(NM)
    for n, share in zip(there, shares, strict=True):
        spread = 0.019 * np.exp(0.15 * rng.standard_normal())
        slices = spread * (gamma.ppf((np.arange(61) + 0.5) / 61, 40) - 40) / np.sqrt(40)
        offsets = (HC / NM)[:, None] - places[n] - slices
        per_ev = np.exp(-0.5 * (offsets / line) ** 2).mean(axis=1) / line
        bright = n**3 * np.exp(0.15 * rng.standard_normal() + 0.2 * rng.standard_normal())
        expected += share * bright * per_ev / NM**2
    expected *= 10 ** rng.uniform(4.3, 6) / expected.sum()
    across = (NM - NM[0]) / (NM[-1] - NM[0])
    expected += rng.uniform(5, 50) * (1 + rng.uniform(-0.5, 0.5) * across)
    counts = rng.poisson(expected) + rng.normal(0, 2, len(NM))
    return spectrum(counts), dict(zip(there, shares, strict=True))


def coverage(trials):
    """How many fractions of n that are there lie in their intervals, of how many; of n that are
    not, how many intervals reach to 0."""
    rng = fresh()
    there, absent = [], []
    for _ in range(trials):
        record, truth = recorded(rng)
        for n, found in decompose(record, PRIOR).fractions.items():
            inside = found.low <= truth.get(n, 0.0) <= found.high
            (there if n in truth else absent).append(inside)
    print("there", np.mean(there), len(there), "absent", np.mean(absent), len(absent))
    return there, absent


def test_intervals_hold_the_fractions():
    there, absent = coverage(3)
    for held in (there, absent):
        assert sum(held) >= binom.ppf(1e-7, len(held), 0.9)


@pytest.mark.acceptance
def test_intervals_hold_the_fractions_at_full_size(record_figure):
    there, absent = coverage(400)
    for name, held in (("of n that are there", there), ("of n that are not", absent)):
        assert sum(held) >= binom.ppf(1e-7, len(held), 0.9)
        record_figure(
            f"coverage of 95 % intervals, fractions from emission, {name}",
            f"{np.mean(held):.1%}",
            "90-98 %" if held is there else "90 % or more: 0 lies on their end",
        )
    assert sum(there) <= binom.isf(1e-7, len(there), 0.98)


@settings(max_examples=20, deadline=None)
@given(centre=st.floats(2.3, 3.0), fwhm=st.floats(0.05, 0.12), skew=st.floats(-0.4, 0.4))
def test_a_band_is_one_photon_of_the_house_s_shape(centre, fwhm, skew):
    nm = np.linspace(330.0, 700.0, 4001)
    shape = {"centre_ev": np.array([centre]), "fwhm_ev": np.array([fwhm])}
    band = photon_bands(nm, **shape, skew=np.array([skew]))[:, 0]
    # What of its tails lies beyond the ends: 7e-8 of one, seen.
    assert scipy.integrate.simpson(band, x=nm) == pytest.approx(1.0, abs=1e-5)
    other = band_per_nm(nm, centre_ev=centre, fwhm_ev=fwhm, skew=skew)
    # Both are 2e-16 apart before a logarithm is divided by so small a skew as 1e-6.
    np.testing.assert_allclose(band / band.max(), other / other.max(), atol=1e-6)


def test_a_gaussian_pair_s_areas_give_its_fractions():
    # Areas 0.8 to 0.2 x (5/4)^3: number fractions of 0.8 and 0.2, known to what noise leaves.
    found = decompose(spectrum(light({4: 0.8, 5: 0.2}, photons=1e8, background=1e4)), KNOWN)
    assert found.fractions[4].light == pytest.approx(0.8 / (0.8 + 0.2 * 1.25**3), abs=1e-4)
    assert found.fractions[4].value == pytest.approx(0.8, abs=2e-4)
    assert found.peaks[4].value == pytest.approx(453.5, abs=0.01)
    assert found.peaks[5].value == pytest.approx(474.0, abs=0.01)
    parts = sum(found.bands.values()) + sum(found.others.values()) + found.background
    np.testing.assert_allclose(parts, found.curve, rtol=1e-9)
    np.testing.assert_allclose(found.curve + found.residual, found.intensity, rtol=1e-9)
    np.testing.assert_allclose(found.covariance.sum(axis=0), 0.0, atol=1e-9)


def test_yields_and_cross_sections_turn_light_into_dots():
    def stated(**values):
        return {
            int(n[1:]): Estimate(value=one, sigma=0.0, unit="", method="stated")
            for n, one in values.items()
        }

    record = spectrum(fresh().poisson(light({4: 0.5, 6: 0.5})).astype(float))
    alike = decompose(record, expected_bands("MAPbBr3", sizes=(4, 6), **{
        "cross_sections": stated(n4=1.0, n6=1.0), "yields": stated(n4=0.9, n6=0.9)}))  # fmt: skip
    dim = decompose(record, expected_bands("MAPbBr3", sizes=(4, 6), **{
        "cross_sections": stated(n4=1.0, n6=1.0), "yields": stated(n4=0.9, n6=0.3)}))  # fmt: skip
    ratio = alike.fractions[6].value / alike.fractions[4].value
    # Six photons of every 6^3/4^3: as the light, with a noise of one percent each.
    assert ratio == pytest.approx(6**3 / 4**3, rel=0.1)
    assert dim.fractions[6].value / dim.fractions[4].value == pytest.approx(3 * ratio, rel=0.02)


@settings(max_examples=2, deadline=None)
@given(scale=st.floats(1e-6, 1e6), seed=st.integers(0, 2**32))
def test_the_unit_of_intensity_changes_nothing(scale, seed):
    rng = np.random.default_rng(seed)
    counts = rng.poisson(light({4: 0.7, 5: 0.3})).astype(float)
    first, second = decompose(spectrum(counts), PAIR), decompose(spectrum(scale * counts), PAIR)
    for n, one in first.fractions.items():
        other = second.fractions[n]
        # Records are scaled to 1 first: rounding, and the search's stop.
        assert other.value == pytest.approx(one.value, abs=1e-3)
        assert other.high == pytest.approx(one.high, abs=3e-3)


def test_the_order_of_sizes_changes_nothing():
    counts = fresh().poisson(light({4: 0.7, 5: 0.3})).astype(float)
    turned = expected_bands("MAPbBr3", sizes=(5, 4))
    first, second = decompose(spectrum(counts), PAIR), decompose(spectrum(counts), turned)
    assert first.fractions == second.fractions


def test_a_pure_sample_has_limits():
    found = decompose(spectrum(fresh().poisson(light({4: 1.0})).astype(float)), PRIOR)
    # n = 4 alone: every other is bounded above, n = 4 below.
    estimates = {n: one.estimate() for n, one in found.fractions.items()}
    assert estimates[4].status == "lower_limit"
    assert 0.9 < estimates[4].value <= 1.0
    for n in (3, 5, 6):
        assert estimates[n].status == "upper_limit"
        assert 0 < estimates[n].value < 0.1
        assert estimates[n].sigma is None


def test_a_band_between_two_n_is_called_ambiguous():
    prior = {n: PRIOR.band(n) for n in (5, 6)}
    # As many standard deviations from n = 5 as from n = 6.
    share = prior[5].spread_ev / (prior[5].spread_ev + prior[6].spread_ev)
    energy = prior[5].energy_ev + share * (prior[6].energy_ev - prior[5].energy_ev)
    expected = mixture_spectrum(
        NM,
        fractions={4: 0.6, 5: 0.4},
        peaks_nm={4: 453.0, 5: HC / energy},
        fwhm_nm=15.0,
        photons=2e5,
        background=20.0,
    )
    record = spectrum(fresh().poisson(expected).astype(float))
    found = decompose(record, PRIOR)
    assert found.either == ((5, 6),)
    assert found.fractions[5].estimate().status == "undetermined"
    assert found.fractions[4].estimate().status == "ok"
    seen = {
        n: Estimate(value=nm, sigma=0.5, unit="nm", method="stated")
        for n, nm in ((4, 453.0), (5, HC / energy))
    }
    told = expected_bands("MAPbBr3", sizes=SIZES, peaks=seen)
    assert decompose(record, told).either == ()


def test_green_light_is_of_no_small_dot():
    nm = np.arange(405.0, 601.0)
    green = mixture_spectrum(
        nm, fractions={9: 1.0}, peaks_nm={9: 528.0}, fwhm_nm=22.0, photons=2e5, background=20.0
    )
    record = fresh().poisson(green).astype(float)
    with pytest.raises(AnalysisError, match="has no light where n = 3, 4, 5, 6 should emit"):
        decompose(spectrum(record, nm), PRIOR)
    both = green + light({4: 1.0}, photons=1e5, background=0.0, nm=nm)
    found = decompose(spectrum(fresh().poisson(both).astype(float), nm), PRIOR)
    # Two thirds of the photons, known to a percent.
    assert found.other_light == pytest.approx(2 / 3, abs=0.03)
    assert found.fractions[4].estimate().status == "lower_limit"
    assert "larger dots" in found.others


def test_what_the_record_does_not_hold_is_not_looked_for():
    nm = np.arange(440.0, 541.0)
    found = decompose(spectrum(light({4: 0.8, 6: 0.2}, nm=nm), nm), PRIOR)
    assert found.unseen == (3,)
    assert tuple(found.fractions) == (4, 5, 6)
    with pytest.raises(AnalysisError, match="holds no wavelength where n = 3, 4, 5, 6"):
        decompose(spectrum(light({4: 1.0}, nm=nm + 150), nm + 150), PRIOR)


def test_expected_bands_follow_the_laws():
    nm = {one.n: HC / one.energy_ev for one in expected_bands("MAPbBr3").bands}
    # science.md 3.3: the finite walls fitted to 453 nm.
    for n, stated in ((4, 453.0), (5, 473.0), (6, 487.0)):
        assert nm[n] == pytest.approx(stated, abs=0.6)
    assert expected_bands("CsPbBr3").law.key == "well-calibrated"
    assert expected_bands("FAPbBr3").law.key == "brus-edge"
    for one, smaller in zip(PRIOR.bands[1:], PRIOR.bands, strict=False):
        assert one.spread_ev <= (smaller.energy_ev - one.energy_ev) / 3 + 1e-12
    seen = {4: Estimate(value=460.0, sigma=0.5, unit="nm", method="stated")}
    own = expected_bands("MAPbBr3", peaks=seen)
    assert own.law.key == "well-own"
    # Per nm the maximum lies 0.18 nm to the blue of that per eV.
    assert HC / own.band(4).energy_ev == pytest.approx(460.18, abs=0.02)
    assert HC / own.band(5).energy_ev > 474.0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"host": "MAPbBr3", "sizes": (0, 4)}, "`sizes` must be different numbers"),
        ({"host": "MAPbBr3", "sizes": (4, 4)}, "`sizes` must be different numbers"),
        ({"host": "MAPbBr3", "law": "well-calibrate"}, "Did you mean well-calibrated"),
        ({"host": "CsPbBr3", "law": "layers"}, "`law` must speak of cubes"),
        ({"host": None}, "the host must be known, or the peak of every size stated"),
        ({"host": "MAPbBr3", "yields": {9: 0.5}}, "but one is of n = 9"),
        ({"host": "MAPbBr3", "yields": {4: -0.5}}, "`yields` must be above 0"),
        ({"host": "MAPbBr3", "cross_sections": {4: 1.0}}, "for every size or for none"),
        ({"host": "MAPbBr3", "peaks": {4: 300.0}}, "no height of walls puts"),
    ],
)
def test_what_cannot_be_expected_is_refused(arguments, says):
    told = {
        key: {n: Estimate(value=one, sigma=None, unit="", method="stated") for n, one in v.items()}
        if isinstance(v, dict)
        else v
        for key, v in arguments.items()
    }
    with pytest.raises(InputError, match=says):
        expected_bands(**told)


def test_mixtures_that_cannot_be():
    with pytest.raises(InputError, match="`fractions` must be 0 or more"):
        light({4: -0.1, 5: 1.1})
    with pytest.raises(InputError, match="must have every n of `fractions`, but lacks 2"):
        light({2: 1.0})


def test_the_page_for_users_runs():
    page = Path(__file__).parents[2] / "docs" / "mixtures.md"
    failed, tried = doctest.testfile(str(page), module_relative=False)
    assert tried > 10
    assert failed == 0
