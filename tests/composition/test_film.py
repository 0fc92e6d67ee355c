"""Film and beam: energy loss, ionisation, lines; how far 100 eV move a count."""

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from cinedot.composition import (
    AtomCounts,
    BeamPrior,
    Film,
    analysed_family,
    beam_systematics,
    line_families,
    no_systematics,
    sensitivity,
    substrate_number,
)
from cinedot.composition.film import (
    PATH_PER_DEPTH,
    ionisation,
    mass_fractions,
    stopping_kev_per_nm,
)
from cinedot.core import InputError

DOTS = mass_fractions({"Cs": 112, "Pb": 64, "Br": 240})


def film(**changes):
    return Film(**({"mass_fractions": DOTS, "thickness_nm": 45.0, "landing_kev": 3.0} | changes))


def test_edges_are_those_of_the_note():
    """science.md 7, keV: O K .543, Cs M5 .726, Br L3 1.550, Pb M5 2.484 and M4 2.586."""
    told = {"O": ("K", 0.543), "Cs": ("M", 0.7266), "Br": ("L", 1.550), "Pb": ("M", 2.484)}
    for element, (family, edge) in told.items():
        found = analysed_family(element, 3.0)
        assert (found.family, found.edge_kev) == (family, pytest.approx(edge, abs=5e-4))
    lead = analysed_family("Pb", 3.0)
    assert lead.subshells[1].edge_kev == pytest.approx(2.586, abs=5e-4)
    assert analysed_family("Cs", 10.0).name == "Cs L"
    assert [one.family for one in line_families("Pb")] == ["K", "L", "M"]


def test_lead_is_excited_in_the_first_25_nm():
    """From 3 keV down to the edge of M5 by Euler's steps of 0.1 nm, unlike the module's sum."""
    energy, path = 3.0, 0.0
    while energy > 2.484:
        energy -= 0.1 * float(stopping_kev_per_nm(np.array([energy]), DOTS)[0])
        path += 0.1
    assert path / PATH_PER_DEPTH == pytest.approx(25, abs=2)
    shallow = sensitivity(film(thickness_nm=30.0, substrate_z=6.0), analysed_family("Pb", 3.0))
    deep = sensitivity(film(thickness_nm=60.0), analysed_family("Pb", 3.0))
    # Below that depth nothing is added: per atom, twice the film gives half, absorption aside.
    assert deep / shallow == pytest.approx(0.5, abs=0.01)


def test_a_film_without_thickness_ionises_by_bethe_s_law():
    line = analysed_family("Br", 3.0)
    thin = sensitivity(film(thickness_nm=1e-3, backscatter=0.0), line)
    shells = [
        (s.electrons * s.fluorescence_yield, 3.0 / s.edge_kev, s.edge_kev) for s in line.subshells
    ]
    law = sum(weight * np.log(u) / u / edge**2 for weight, u, edge in shells)
    # 2 pm of path: the energy falls by 2e-5 keV, absorption is below 1e-6.
    assert thin == pytest.approx(law, rel=1e-4)


def test_100_ev_move_bromine_by_about_37():
    """science.md 7, by Bethe's law of L3 and M5 alone: 232 atoms gain a sixth, six times +-6."""
    ratio = [
        float(ionisation(np.array([kev]), 1.550)[0] / ionisation(np.array([kev]), 2.484)[0])
        for kev in (3.0, 2.9)
    ]
    assert 232 * (ratio[1] / ratio[0] - 1) == pytest.approx(37, abs=1)
    counts = made()
    thin = BeamPrior(
        voltage_kv=3.0, thickness_nm=1.0, thickness_sigma_nm=0.0, backscatter_sigma=0.0
    )
    found = np.sqrt(beam_systematics(counts, thin).covariance(counts)[0, 0])
    # With all subshells, of which M4 lies nearer to the beam's energy, a little more.
    assert 35 < found < 45


def made():
    return AtomCounts(
        elements=("Br", "O"),
        metal="Pb",
        values=np.array([232.0, 40.0]),
        covariance=None,
        scatter=None,
        replicates=1,
        freedom=None,
        method="made",
    )


@settings(max_examples=15)
@given(kev=st.floats(2.7, 30.0), nm=st.floats(1.0, 200.0))
def test_less_comes_of_each_atom_the_thicker_the_film(kev, nm):
    """Absorption and energy loss only take away, where ionisation grows with energy."""
    line = analysed_family("Pb", 3.0)
    one = sensitivity(film(thickness_nm=nm, landing_kev=min(kev, 5.0), backscatter=0.0), line)
    other = sensitivity(film(thickness_nm=2 * nm, landing_kev=min(kev, 5.0), backscatter=0.0), line)
    assert 0 < other <= one


@settings(max_examples=3, phases=[Phase.explicit, Phase.generate])
@given(sigma=st.floats(0, 150), thickness=st.floats(10, 100))
def test_the_nodes_are_a_prior(sigma, thickness):
    prior = BeamPrior(
        voltage_kv=3.0,
        landing_sigma_ev=sigma,
        thickness_nm=thickness,
        thickness_sigma_nm=thickness / 4,
    )
    found = beam_systematics(made(), prior)
    assert found.weights.sum() == pytest.approx(1.0)
    assert np.linalg.eigvalsh(found.log_covariance).min() > -1e-12
    calibrated = beam_systematics(made(), prior, calibrated=frozenset({"Br", "O"}))
    assert (calibrated.log_shifts == 0).all()


def test_at_higher_voltage_landing_energy_matters_little():
    counts = made()
    low = beam_systematics(counts, BeamPrior(voltage_kv=3.0)).covariance(counts)[0, 0]
    high = beam_systematics(counts, BeamPrior(voltage_kv=10.0)).covariance(counts)[0, 0]
    assert high < low / 100
    assert (
        no_systematics(("Br",))
        .covariance(
            AtomCounts(
                elements=("Br",),
                metal="Pb",
                values=np.ones(1),
                covariance=None,
                scatter=None,
                replicates=1,
                freedom=None,
                method="",
            )
        )
        .item()
        == 0
    )


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: substrate_number("graphit"), "must be an element or a known material"),
        (lambda: film(thickness_nm=0.0), "`thickness_nm` must be above 0"),
        (lambda: film(mass_fractions={"Pb": 0.5}), "must add up to 1"),
        (lambda: line_families("Xx"), "must be named by its symbol"),
        (lambda: analysed_family("C", 0.2), "0.2 kV excites none"),
        (lambda: BeamPrior(voltage_kv=3.0, landing_sigma_ev=-1.0), "must be 0 or more"),
        (lambda: BeamPrior(voltage_kv=3.0, thickness_nm=5.0), "must be thicker than"),
    ],
)
def test_bad_beams_and_films_are_refused(make, message):
    with pytest.raises(InputError, match=message) as caught:
        make()
    assert "\n" not in str(caught.value)
