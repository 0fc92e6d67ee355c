"""Both ways: size to light, light to size, and what their sigmas claim."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2

from cinedot.core import AnalysisError, Estimate, InputError
from cinedot.core.constants import HC_EV_NM
from cinedot.spectroscopy.confinement import (
    CalibratedWell,
    KnownSize,
    edge_from_wavelength,
    laws_of,
    predict,
    semiconductor_of,
    sources,
)
from cinedot.spectroscopy.confinement.disagreement import disagreement_of
from cinedot.spectroscopy.confinement.semiconductors import semiconductors, sets_of
from cinedot.spectroscopy.confinement.shapes import cube_edges, platelet_edges

CS = semiconductor_of("CsPbBr3")
LAWS = {one.key: one for one in laws_of(CS, barrier_ev=2.0)}
CUBES = [key for key in LAWS if key != "layers"]
PLATELETS = [key for key in LAWS if not key.startswith("brus") and key != "curve"]


def seen(nm, sigma=None):
    return Estimate(value=nm, sigma=sigma, unit="nm", method="seen")


@pytest.mark.parametrize("key", CUBES)
@settings(max_examples=6)
@given(edge=st.floats(0.9, 9.0))
def test_the_inverse_of_a_law_for_cubes_is_its_inverse(key, edge):
    there = predict(LAWS[key], cube_edges(edge))
    back = edge_from_wavelength(LAWS[key], there.wavelength, shape="cube")
    # The root is found to 1e-12 nm; rounding of an energy of 1e-16 over a slope of 1e-3 eV/nm.
    assert back.value == pytest.approx(edge, rel=1e-9)


@pytest.mark.parametrize("key", PLATELETS)
@settings(max_examples=6)
@given(layers=st.floats(2.0, 6.0))
def test_the_inverse_of_a_law_for_platelets_is_its_inverse(key, layers):
    thick = layers * CS.lattice_nm
    there = predict(LAWS[key], platelet_edges(thick))
    back = edge_from_wavelength(LAWS[key], there.wavelength, shape="platelet")
    assert back.value == pytest.approx(thick, rel=1e-9)


@pytest.mark.parametrize("key", CUBES)
@settings(max_examples=6)
@given(edge=st.floats(0.9, 9.0), step=st.floats(0.01, 2.0))
def test_larger_dots_are_redder(key, edge, step):
    near, far = (predict(LAWS[key], cube_edges(one)) for one in (edge, edge + step))
    assert far.wavelength.value > near.wavelength.value


@settings(max_examples=6)
@given(scale=st.floats(0.5, 2.0), edge=st.floats(1.0, 6.0))
def test_confinement_scales(scale, edge):
    # Lengths by s, mass by 1/s^2, permittivity by 1/s: kinetic energy and attraction stay.
    other = replace(
        CS, reduced_mass=CS.reduced_mass / scale**2, permittivity=20 / scale, lattice_nm=1.0
    )
    plain = replace(CS, permittivity=20.0, lattice_nm=1.0)
    for key in ("brus-edge", "brus-half-edge", "brus-equal-volume", "box", "box-nonparabolic"):
        law = LAWS[key].law
        first = law.energy_ev(cube_edges(edge), plain)
        second = law.energy_ev(cube_edges(scale * edge), other)
        assert second == pytest.approx(first, rel=1e-9)


@pytest.mark.parametrize("key", ["brus-edge", "box-nonparabolic", "well-calibrated", "curve"])
def test_sigmas_are_those_of_drawn_parameters(key):
    named, trials = LAWS[key], 60
    seed = np.random.SeedSequence().entropy
    print("seed", seed)
    rng = np.random.default_rng(seed)
    # A tenth of each sigma, so that the laws are straight to 1 %.
    share = 0.1

    def drawn():
        one = named.semiconductor
        other = replace(
            one,
            gap_ev=rng.normal(one.gap_ev, share * one.gap_sigma_ev),
            reduced_mass=rng.normal(one.reduced_mass, share * one.reduced_mass_sigma),
            permittivity=rng.normal(one.permittivity, share * one.permittivity_sigma),
        )
        law = named.law
        for name in ("size", "small", "large"):
            if hasattr(law, name):
                known = getattr(law, name)
                energy = rng.normal(known.energy_ev, share * known.energy_sigma_ev)
                law = replace(law, **{name: replace(known, energy_ev=energy)})
        return HC_EV_NM / law.energy_ev(cube_edges(2.935), other)

    stated = share * predict(named, cube_edges(2.935)).wavelength.sigma
    ratio = np.var([drawn() for _ in range(trials)], ddof=1) / stated**2
    # Straight to 10 % of the variance (the curve's steps of one sigma are the least straight).
    low, high = chi2.ppf([5e-7, 1 - 5e-7], trials - 1) / (trials - 1)
    assert 0.9 * low < ratio < 1.1 * high


def test_a_measured_sigma_adds_to_that_of_the_law():
    law = LAWS["box-nonparabolic"]
    sharp = edge_from_wavelength(law, seen(463.0), shape="cube")
    blurred = edge_from_wavelength(law, seen(463.0, 2.0), shape="cube")
    step = 1e-3
    slope = (edge_from_wavelength(law, seen(463.0 + step), shape="cube").value - sharp.value) / step
    assert blurred.value == sharp.value
    # The slope's step is 2e-6 of the wavelength.
    assert blurred.sigma == pytest.approx(math.hypot(sharp.sigma, 2.0 * slope), rel=1e-4)


def test_a_fitted_law_is_sure_where_it_was_fitted_and_less_so_beside_it():
    law = LAWS["well-calibrated"]
    sigmas = [predict(law, cube_edges(n * CS.lattice_nm)).wavelength.sigma for n in (4, 6, 12)]
    assert sigmas[0] == pytest.approx(1.0, rel=0.01)  # that of the reported wavelength
    assert sigmas[0] < sigmas[1] < sigmas[2]


def test_no_law_is_the_default_and_all_differ():
    found = [predict(LAWS[key], cube_edges(4 * CS.lattice_nm)).wavelength.value for key in CUBES]
    assert len({round(one, 1) for one in found}) == len(found)
    assert max(found) - min(found) > 100


@pytest.mark.parametrize(("nm", "key"), [(560.0, "brus-edge"), (300.0, "layers")])
def test_colours_beyond_a_law_are_no_size(nm, key):
    shape = "platelet" if key == "layers" else "cube"
    with pytest.raises(AnalysisError, match="its light lies between"):
        edge_from_wavelength(LAWS[key], seen(nm), shape=shape)


def test_laws_of_closed_dots_say_nothing_of_platelets_or_rods():
    assert predict(LAWS["brus-edge"], platelet_edges(2.0)) is None
    assert predict(LAWS["box"], (2.0, 2.0, math.inf)) is None
    assert predict(LAWS["curve"], (2.0, 2.0, 3.0)) is None
    with pytest.raises(InputError, match="does not speak of platelets"):
        edge_from_wavelength(LAWS["brus-edge"], seen(450.0), shape="platelet")


@pytest.mark.parametrize("edge", [0.0, -1.0, math.nan])
def test_edges_that_are_none_are_refused(edge):
    with pytest.raises(InputError, match="edges_nm"):
        predict(LAWS["brus-edge"], cube_edges(edge))


def test_what_was_fitted_says_to_what():
    fitted = {key: one.calibrated_on.key for key, one in LAWS.items() if one.calibrated_on}
    assert fitted == {
        "brus-edge": "paper",
        "well-calibrated": "paper",
        "curve": "protesescu-2015",
        "layers": "bohn-2018",
    }


def test_a_size_of_ones_own_is_followed_and_named():
    own = KnownSize.of_cube("FAPbBr3", 5, wavelength_nm=480.0, sigma_nm=0.5)
    material = semiconductor_of("FAPbBr3")
    (law,) = [one for one in laws_of(material, own_size=own) if one.key == "well-own"]
    there = predict(law, own.edges_nm).wavelength
    assert there.value == pytest.approx(480.0, rel=1e-9)
    assert there.sigma == pytest.approx(0.5, rel=0.01)
    assert law.circular_for(None)
    assert law.calibrated_on.title == "n = 5 at 480 nm"


def test_walls_that_cannot_reach_a_size_are_told():
    size = KnownSize.of_cube("MAPbBr3", 4, wavelength_nm=250.0, sigma_nm=0.0)
    with pytest.raises(AnalysisError, match="no height of walls"):
        CalibratedWell(size=size).barrier_ev(semiconductor_of("MAPbBr3"))


def test_the_disagreement_is_said_for_every_host():
    for host in dict.fromkeys(name for name, _ in semiconductors()):
        found = disagreement_of(host)
        assert found.host == (host if host in ("MAPbBr3", "CsPbBr3") else "CsPbBr3")
        assert "This paper and literature sizing disagree" in found.text()
        # They are more than two layers apart.
        assert found.edge.value - found.reported.edges_nm[0] > 2 * CS.lattice_nm


def test_every_set_of_parameters_can_be_had_and_names_its_source():
    for host, key in semiconductors():
        one = semiconductor_of(host, key)
        assert one.source
        assert one.gap_sigma_ev > 0
        assert one.reduced_mass_sigma > 0
        assert one.permittivity_sigma > 0
        assert sets_of(host)[0] == semiconductor_of(host).key
    assert all(one.title and one.sizes for one in sources().values())


@pytest.mark.parametrize(
    ("host", "key", "rule"),
    [("CsPbBr3", "yang", "set"), ("CsSnI3", None, "must be known"), ("CsPbBr", None, "known host")],
)
def test_unknown_parameters_are_refused(host, key, rule):
    with pytest.raises(InputError, match=rule):
        semiconductor_of(host, key)
