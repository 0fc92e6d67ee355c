"""Solvents and standards: their tables against handbooks, and what is not in them."""

import numpy as np
import pytest

from cinedot.core import InputError
from cinedot.core.files import sourced_text
from cinedot.spectroscopy import solvent_named, standard_named
from cinedot.spectroscopy.solvents import known_solvents
from cinedot.spectroscopy.yield_standards import known_standards


@pytest.mark.parametrize("name", list(known_solvents()))
def test_dispersion_meets_the_handbook_at_the_sodium_line(name):
    solvent = solvent_named(name)
    # Two independent sources; 3.5 sigmas of the law, and the half of a last digit of the handbook.
    assert solvent.index(589.3) == pytest.approx(
        solvent.sodium_d, abs=3.5 * max(solvent.sigma, 0.0003) + 5e-5
    )


@pytest.mark.parametrize("name", list(known_solvents()))
def test_indices_fall_with_wavelength_and_warmth(name):
    solvent = solvent_named(name)
    indices = [solvent.index(nm) for nm in np.arange(420.0, 641.0, 20.0)]
    assert (np.diff(indices) < 0).all()
    assert solvent.index(453.0, celsius=30.0) < solvent.index(453.0, celsius=20.0)


@pytest.mark.parametrize(
    ("name", "other"),
    [
        # K. Moutzouris et al., Appl. Phys. B 116 (2014) 617, at 27 C: 450 nm.
        ("toluene", 1.5097),
        # J. Rheims et al., Meas. Sci. Technol. 8 (1997) 601, at 20 C, continued to 450 nm.
        ("cyclohexane", 1.4346),
        ("ethanol", 1.3682),
    ],
)
def test_another_laboratory_s_law_agrees_in_the_blue(name, other):
    solvent = solvent_named(name)
    celsius = 27.0 if name == "toluene" else 20.0
    # Each of the two is good to sigma: 3 sigmas of their difference.
    limit = 3 * np.sqrt(2) * solvent.sigma
    assert solvent.index(450.0, celsius=celsius) == pytest.approx(other, abs=limit)


def test_every_row_names_its_source_and_how_sure_it_is():
    for row in (*known_solvents().values(), *known_standards()):
        assert row.source
        assert row.evidence in ("checked", "remembered", "estimated")
    for file in ("solvents.csv", "yield_standards.csv"):
        assert sourced_text("cinedot.spectroscopy", file).citation


def test_every_standard_is_in_a_known_solvent_at_a_known_index():
    for standard in known_standards():
        assert 1.3 < solvent_named(standard.solvent).index(standard.emission_nm) < 1.6
        assert 0 < standard.sigma < 0.1 * max(standard.quantum_yield, 0.5)
        assert standard_named(standard.name.upper(), standard.solvent) is standard


def test_the_paper_s_standard():
    standard = standard_named("DPA", "cyclohexane")
    assert (standard.quantum_yield, standard.sigma) == (0.97, 0.03)
    # science.md R60.
    assert solvent_named("cyclohexane").sodium_d == 1.4265
    assert solvent_named("toluene").sodium_d == 1.4969
    assert standard_named("quinine bisulfate", "0.5 M H2SO4").quantum_yield == 0.546


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: solvent_named("tolune"), r"'tolune' is not known.*Did you mean toluene\?"),
        (lambda: standard_named("flourescein", "0.1 M NaOH"), r"Did you mean fluorescein\?"),
        (lambda: standard_named("DPA", "toluene"), "known in cyclohexane, but not in toluene"),
        (lambda: standard_named("DPA", "cyclohexan"), r"Did you mean cyclohexane\?"),
        (lambda: solvent_named("toluene").index(900.0), "from 300.1 to 640.7 nm.*900 nm"),
    ],
)
def test_what_is_not_known_is_told_with_the_nearest(call, says):
    with pytest.raises(InputError, match=says):
        call()
