"""Colours: the numbers of science.md 6, the diagram's geometry, another program, coverage."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial import ConvexHull, HalfspaceIntersection

from cinedot.core import AnalysisError, Spectrum
from cinedot.spectroscopy import (
    Colour,
    chromaticity,
    emission_colour,
    emission_spectrum,
    fit_emission,
    spectrum_locus,
)
from cinedot.spectroscopy.colour import observer, tristimulus_weights, uv_of, xy_of
from cinedot.spectroscopy.gamut import REC_709, REC_2020, Gamut, gamut_area, gamut_coverage

NM = np.arange(360.0, 831.0)
VISIBLE_NM = st.floats(400.0, 690.0)


def gaussian(peak_nm, fwhm_nm, nm=NM):
    return np.exp(-4 * np.log(2) * ((nm - peak_nm) / fwhm_nm) ** 2)


def of_xy(xy):
    return Colour(xy=xy, covariance=np.zeros((2, 2))).estimates()


LIGHTS = {
    (453, 14.9): {"xy": (0.1526, 0.0216)},
    (455, 14.9): {"xy": (0.1503, 0.0240), "xy away": 0.0293, "uv away": 0.0681},
    (463, 14.7): {"xy": (0.1389, 0.0376), "xy away": 0.0115, "uv away": 0.0248},
    (456, 16.5): {
        "xy": (0.1489, 0.0256), "xy away": 0.0272, "uv away": 0.0627,
        "area": 1.0045, "coverage": 0.9676,
    },
    (464, 15): {
        "xy": (0.1371, 0.0401), "xy away": 0.0085, "uv away": 0.0177,
        "area": 1.0001, "coverage": 0.9887,
    },
}  # fmt: skip


@pytest.mark.parametrize(("light", "stated"), LIGHTS.items())
def test_the_papers_lights_to_the_last_digit(light, stated):
    xy = chromaticity(NM, gaussian(*light))
    found = of_xy(xy)
    names = {
        "xy away": "blue_distance",
        "uv away": "blue_distance_uv",
        "area": "gamut_area",
        "coverage": "gamut_coverage",
    }
    # Half of the last digit; the numbers were made with a 5 nm table, this is the 1 nm one.
    assert xy == pytest.approx(stated["xy"], abs=6e-5)
    for said, name in names.items():
        if said in stated:
            assert found[name].value == pytest.approx(stated[said], abs=6e-5), said


def test_equal_energy_is_white_and_467_nm_is_the_blue_primary():
    assert chromaticity(NM, np.ones_like(NM)) == pytest.approx((0.33333, 0.33333), abs=5e-5)
    assert spectrum_locus(np.array([467.0]))[0].round(4).tolist() == [0.1314, 0.0459]
    # The standard's primaries are single wavelengths, rounded to three digits.
    found = spectrum_locus(np.array([630.0, 532.0, 467.0]))
    np.testing.assert_allclose(found, np.array(REC_2020.corners), atol=6e-4)


def test_another_program_agrees():
    with np.printoptions():  # its import sets NumPy's printing to that of version 1.13 for all
        import colour

    rng = np.random.default_rng()
    peak, width = rng.uniform(440, 640), rng.uniform(10, 60)
    print("band", peak, width)
    light = gaussian(peak, width)
    table = colour.MSDS_CMFS["CIE 1931 2 Degree Standard Observer"]
    np.testing.assert_allclose(observer(NM), table.values, rtol=1e-9, atol=1e-12)
    spectrum = colour.SpectralDistribution(light, NM)
    theirs = colour.XYZ_to_xy(colour.sd_to_XYZ(spectrum, table, method="Integration"))
    # Ours halves the two end points, where there is no light.
    assert chromaticity(NM, light) == pytest.approx(tuple(theirs), abs=1e-8)
    assert uv_of(tuple(theirs)) == pytest.approx(tuple(colour.xy_to_Luv_uv(theirs)), rel=1e-9)


@given(nm=VISIBLE_NM)
def test_a_line_lies_on_the_locus(nm):
    (expected,) = spectrum_locus(np.array([nm]))
    grid = np.arange(nm - 2.0, nm + 2.01, 0.02)
    # 0.1 nm wide: the locus bends by less than 1e-4 over that.
    assert chromaticity(grid, gaussian(nm, 0.1, grid)) == pytest.approx(tuple(expected), abs=1e-4)


@given(
    first=st.tuples(VISIBLE_NM, st.floats(5, 80)),
    second=st.tuples(VISIBLE_NM, st.floats(5, 80)),
    share=st.floats(0.001, 1000.0),
)
def test_colours_mix_by_the_centre_of_gravity(first, second, share):
    one, other = gaussian(*first), share * gaussian(*second)
    weights = tristimulus_weights(NM)
    masses = np.array([float((light @ weights).sum()) for light in (one, other)])
    places = np.array([chromaticity(NM, light) for light in (one, other)])
    expected = masses @ places / masses.sum()
    assert chromaticity(NM, one + other) == pytest.approx(tuple(expected), rel=1e-9)
    # and brightness alone changes nothing
    assert chromaticity(NM, 7.0 * one) == pytest.approx(tuple(places[0]), rel=1e-12)


@given(peak=VISIBLE_NM, fwhm=st.floats(8.0, 80.0), step=st.sampled_from([0.5, 1.0, 2.0, 5.0]))
def test_the_step_of_a_record_does_not_matter(peak, fwhm, step):
    grid = np.arange(360.0, 830.0 + step / 2, step)
    fine = chromaticity(NM, gaussian(peak, fwhm))
    # At 5 nm a band of 8 nm has a point every 1.5 sigma: the rule's error is exp(-2 pi^2/2.2).
    limit = 1e-3 if step > 2 else 1e-4  # the latter for kinks of the table itself
    assert chromaticity(grid, gaussian(peak, fwhm, grid)) == pytest.approx(fine, abs=limit)


@given(peak=VISIBLE_NM, fwhm=st.floats(8.0, 80.0))
def test_every_light_lies_within_the_horseshoe(peak, fwhm):
    hull = ConvexHull(spectrum_locus(NM))
    xy = np.array(chromaticity(NM, gaussian(peak, fwhm)))
    # The hull's corners are whole nm; the locus between them bulges by less than 1e-4.
    assert (hull.equations[:, :2] @ xy + hull.equations[:, 2] < 1e-4).all()


CORNER = st.tuples(st.floats(0.0, 0.7), st.floats(0.0, 0.7))


@given(blue=CORNER, green=CORNER)
def test_coverage_by_another_way_of_cutting_triangles(blue, green):
    gamut = Gamut(red=(0.7, 0.3), green=green, blue=blue)
    if gamut_area(gamut) < 1e-3:
        return
    planes = np.vstack([ConvexHull(np.array(one.corners)).equations for one in (gamut, REC_2020)])
    covered = gamut_coverage(gamut, REC_2020)
    assert 0 <= covered <= 1
    grid = np.stack(np.meshgrid(np.linspace(0, 0.71, 72), np.linspace(0, 0.8, 81)), -1).reshape(
        -1, 2
    )
    depth = (planes[:, :2] @ grid.T + planes[:, 2:]).max(axis=0)
    if depth.min() < -1e-3:  # a point that lies well inside both
        cut = HalfspaceIntersection(planes, grid[depth.argmin()])
        expected = ConvexHull(cut.intersections).volume / gamut_area(REC_2020)
        assert covered == pytest.approx(expected, abs=1e-6)


def test_gamuts_cover_themselves_and_lines_cover_nothing():
    assert gamut_coverage(REC_2020, REC_2020) == pytest.approx(1.0, abs=1e-12)
    assert gamut_coverage(REC_2020, REC_709) == 1.0
    line = Gamut(red=(0.1, 0.1), green=(0.2, 0.2), blue=(0.3, 0.3))
    assert gamut_coverage(line, REC_2020) == 0.0


def fresh():
    seed = np.random.SeedSequence().entropy
    print("seed", seed)
    return np.random.default_rng(seed)


def colour_scores(trials):
    """(found - truth)/sigma of x and y, for records like a laboratory's."""
    rng, nm = fresh(), np.arange(400.0, 600.5, 1.0)
    found = []
    for _ in range(trials):
        peak, fwhm, height = rng.uniform(450, 470), rng.uniform(13, 20), 10 ** rng.uniform(3, 4.5)
        light = emission_spectrum(nm, peak_nm=peak, fwhm_nm=fwhm, height=height)
        counts = rng.poisson(light + 100.0) + rng.normal(0, 3, len(nm))
        fit = fit_emission(Spectrum(wavelength_nm=nm, intensity=counts, label="PL"))
        colour = emission_colour(fit)
        away = np.array(colour.xy) - np.array(chromaticity(nm, light))
        found.append(away / np.sqrt(np.diag(colour.covariance)))
    return np.array(found).T


def test_intervals_of_colours_cover(assert_covers):
    for name, score in zip("xy", colour_scores(8), strict=True):
        assert_covers(name, score)


@pytest.mark.acceptance
def test_intervals_of_colours_cover_at_full_size(assert_covers, record_figure):
    for name, score in zip("xy", colour_scores(400), strict=True):
        share = assert_covers(name, score)
        record_figure(f"coverage of 95 % intervals, chromaticity {name}", f"{share:.1%}", "90-98 %")


def test_sigmas_of_readings_follow_the_covariance():
    covariance = np.array([[4e-8, -1e-8], [-1e-8, 9e-8]])
    found = Colour(xy=(0.1371, 0.0401), covariance=covariance).estimates()
    assert found["cie_x"].sigma == pytest.approx(2e-4, rel=1e-6)
    assert found["cie_y"].sigma == pytest.approx(3e-4, rel=1e-6)
    towards = np.array([0.1371 - 0.131, 0.0401 - 0.046])
    towards /= np.linalg.norm(towards)
    expected = np.sqrt(towards @ covariance @ towards)
    assert found["blue_distance"].sigma == pytest.approx(expected, rel=1e-6)


def test_a_band_cut_off_by_the_record_has_no_sure_colour():
    nm = np.arange(440.0, 468.5, 0.5)
    light = emission_spectrum(nm, peak_nm=463, fwhm_nm=15, height=1e4, background=100.0)
    fit = fit_emission(
        Spectrum(wavelength_nm=nm, intensity=fresh().poisson(light) * 1.0, label="a")
    )
    assert fit.status == "edge"
    assert emission_colour(fit).estimates()["cie_x"].status == "undetermined"


def test_light_that_no_eye_sees_has_no_colour():
    with pytest.raises(AnalysisError, match="no colour"):
        xy_of(np.zeros(3))
    nm = np.arange(900.0, 1000.0)
    with pytest.raises(AnalysisError, match="no colour"):
        chromaticity(nm, gaussian(950.0, 20.0, nm))
