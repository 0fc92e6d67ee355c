"""Checks between records: each against a closed form, an invariant, or draws with known truth."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from cinedot.core import Estimate
from cinedot.dossier.beam_checks import Exposed, dose_check, dose_checks, protection_limits
from cinedot.dossier.checks import cross_checks
from cinedot.dossier.count_checks import purity_checks, size_checks
from cinedot.dossier.findings import Findings, SectionOutcome
from cinedot.dossier.known import Known
from cinedot.dossier.ligand_checks import ligand_checks
from cinedot.dossier.light_checks import band_colour, light_checks
from cinedot.particle import Cuboid, compound_named, host_named, ion_counts, planned_composition
from cinedot.spectroscopy import rate_constants

OURS = "ours, May 2026"
ONE_IN_A_MILLION = 1e-6
CS, MA = host_named("CsPbBr3"), host_named("MAPbBr3")


def number(value, sigma=None, unit=""):
    return Estimate(value=value, sigma=sigma, unit=unit, method="given")


def known(found=None, reported=None):
    return Known(found=found or {}, reported=reported or {})


def statuses(checks):
    return {check.name: check.status for check in checks}


def fresh():
    seed = int(np.random.SeedSequence().generate_state(1)[0])
    print("seed", seed)
    return np.random.default_rng(seed)


def rates(phi, lifetime_ns):
    k_r, k_nr = rate_constants(phi, lifetime_ns)
    return {
        "decay.k_r": number(k_r, 0.01 * k_r, "per s"),
        "decay.k_nr": number(k_nr, 0.01 * k_nr, "per s"),
    }


@settings(deadline=None, max_examples=50)
@given(st.floats(0.05, 0.95), st.floats(1.0, 50.0))
def test_rates_give_back_their_yield_and_lifetime(phi, lifetime_ns):
    said = {
        **rates(phi, lifetime_ns),
        "quantum_yield.phi": number(phi, 0.02),
        "decay.lifetime": number(lifetime_ns, 0.1, "ns"),
    }
    assert set(statuses(light_checks(known(reported=said))).values()) == {"circular"}
    # Measured by somebody else they are evidence.
    measured = {key: said.pop(key) for key in ("quantum_yield.phi", "decay.lifetime")}
    assert set(statuses(light_checks(known(measured, said))).values()) == {"agree"}


def test_rates_that_contradict_the_lifetime_are_a_tension_whoever_says_so():
    said = {**rates(0.9, 9.0), "decay.lifetime": number(12.0, 0.2, "ns")}
    (check,) = light_checks(known(reported=said))
    assert check.status == "tension"
    assert "make 9.0" in check.detail
    own = {**rates(0.9, 9.0), "quantum_yield.phi": number(0.9, 0.02)}
    assert set(statuses(light_checks(known(own))).values()) == {"circular"}


def test_a_limit_on_the_slow_rate_leaves_limits():
    said = {**rates(0.97, 9.0), "quantum_yield.phi": number(0.99, 0.03)}
    said["decay.k_nr"] = Estimate(
        value=5e6, sigma=None, unit="per s", method="limit", status="upper_limit"
    )
    (check,) = light_checks(known(reported=said))
    assert "≥" in check.detail
    assert check.status in ("circular", "undecided")


def test_the_colour_of_a_band_is_that_of_the_note():
    # science.md 6, Gaussian in wavelength; ours is one in energy: 0.0006 apart at these widths.
    for peak, fwhm, x, y in ((453, 14.9, 0.1526, 0.0216), (464, 15, 0.1371, 0.0401)):
        assert band_colour(peak, fwhm) == pytest.approx((x, y), abs=1.5e-3)


def colour(shift_nm=0.0, noise=(0.0, 0.0)):
    x, y = band_colour(463.0 + shift_nm, 14.7)
    return {
        "emission.cie_x": number(x + noise[0], 1e-3),
        "emission.cie_y": number(y + noise[1], 1e-3),
    }


BAND = {"emission.peak": number(463.0, 0.3, "nm"), "emission.fwhm": number(14.7, 0.3, "nm")}


def test_a_colour_is_held_against_a_band_that_another_record_told():
    (check,) = light_checks(known(BAND, colour()))
    assert check.status == "agree"
    (check,) = light_checks(known(BAND, colour(6.0)))
    assert check.status == "tension"
    assert "[reported] x" in check.detail
    (check,) = light_checks(known({**BAND, **colour()}))
    assert check.status == "circular"
    (check,) = light_checks(known({**BAND, **colour(6.0)}))
    assert check.status == "tension"
    assert not list(light_checks(known(BAND)))


def test_right_colours_agree_as_often_as_two_sigma_says():
    rng, draws = fresh(), 60
    # The peak's error takes in that of two scales, so it is drawn as wide as it is taken.
    agreed = 0
    for _ in range(draws):
        told = {
            "emission.peak": number(463.0 + rng.normal(0, np.hypot(0.3, 0.5)), 0.3, "nm"),
            "emission.fwhm": number(14.7 + rng.normal(0, 0.3), 0.3, "nm"),
        }
        (check,) = light_checks(known(told, colour(noise=rng.normal(0, 1e-3, 2))))
        agreed += check.status == "agree"
    # Laws that are linear only nearly may miss 0.9545 by 0.01.
    assert binom.cdf(agreed, draws, 0.9445) > ONE_IN_A_MILLION
    assert binom.sf(agreed - 1, draws, 0.9645) > ONE_IN_A_MILLION


def test_a_diode_is_held_against_reported_light_too():
    said = {"electroluminescence.peak": number(456.0, 0.3, "nm")}
    (check,) = light_checks(known({"emission.peak": number(453.0, 0.3, "nm")}, said))
    assert check.status == "tension"
    assert "electroluminescence (reported)" in check.detail


@pytest.mark.parametrize("n", range(3, 9))
def test_br_per_pb_of_a_bare_cube_tells_its_size(n):
    per_64 = 64 * 3 * (n + 1) / n
    assert 64 * ion_counts(Cuboid.cube(n, CS)).halide / n**3 == pytest.approx(per_64)
    told = {
        "composition.Br": number(per_64, 0.3),
        "survey.mean_edge": number(n * CS.lattice_nm, 0.02, "nm"),
    }
    (check,) = size_checks(known(told), CS, [compound_named("prototype")], OURS)
    assert check.status == "agree"
    assert check.detail.endswith(f"Within 2: n = {n}.")
    told["composition.Br"] = number(64 * 3 * (n + 2) / (n + 1), 0.3)
    (check,) = size_checks(known(told), CS, [compound_named("prototype")], OURS)
    assert check.status == "tension"


def test_br_per_pb_without_images_or_sigma_says_nothing_and_a_wide_one_is_undecided():
    bare = [compound_named("prototype")]
    assert not list(size_checks(known({"composition.Br": number(240, 1)}), CS, bare, OURS))
    told = {"survey.mean_edge": number(2.4, 0.1, "nm"), "composition.Br": number(240)}
    assert not list(size_checks(known(told), CS, bare, OURS))
    told["composition.Br"] = number(240, 60)
    (check,) = size_checks(known(told), CS, bare, OURS)
    assert check.status == "undecided"
    assert "tells none" in check.detail


@pytest.mark.parametrize(
    ("source", "status"), [(OURS, "agree"), (None, "circular"), ("the paper", "circular")]
)
def test_compounds_of_the_paper_are_no_evidence_for_its_own_counts(source, status):
    told = {"survey.mean_edge": number(2.4, 0.1, "nm"), "composition.Br": number(216, 6)}
    found = statuses(size_checks(known(told), MA, [compound_named("mla-ma")], source))
    assert set(found.values()) == {status}


def test_the_survey_is_held_against_every_pose():
    told = {
        "survey.mean_edge": number(4 * CS.lattice_nm, 0.05, "nm"),
        "movie A.edges": number("4x4x4"),
        "movie B.edges": number("5x5x5"),
        "movie B.edge": number(4.1, 0.1),
    }
    found = statuses(size_checks(known(told), CS, [], OURS))
    assert found == {
        "size in Pb atoms: survey against movie A": "agree",
        "size in Pb atoms: survey against movie B": "tension",
    }


def test_fractions_that_a_spectrum_told_are_left_to_its_section():
    said = {"emission.fraction_4": number(0.9, 0.03)}
    counted = {"survey.fraction_4": number(0.92, 0.03)}
    assert list(statuses(purity_checks(known(counted, said))).values()) == ["agree"]
    assert not list(purity_checks(known({**counted, **said}, said)))


@pytest.mark.parametrize("charge", [1, 2, 3])
def test_neutrality_is_met_by_a_neutral_dot_and_by_no_other_charge(charge):
    plan = planned_composition(
        Cuboid.cube(4, CS), compound_named("mla-cs").with_acid_charge(charge)
    )
    counts = {
        "composition.Br": number(float(plan.halides), 0.5),
        "composition.Cs": number(float(plan.a_ions), 0.5),
        "composition.MLA": number(float(plan.acids), 0.2),
    }
    said = {"composition.OAMH": number(float(plan.ammonium), 0.5)}
    found = statuses(ligand_checks(known(counts, said), CS, []))
    for asked in (1, 2, 3):
        name = f"ammonium: charge balance, acid's charge {asked}, against what is stated"
        assert found[name] == ("agree" if asked == charge else "tension")
    # What the section found by this very balance is not asked again.
    assert not ligand_names(known({**counts, **said}), "charge balance")


def ligand_names(told, words):
    return [one.name for one in ligand_checks(told, CS, []) if words in one.name]


@pytest.mark.parametrize(
    ("infrared", "charge", "status"),
    [
        ("supported", 1, "tension"),
        ("supported", 2, "agree"),
        ("contradicted", 1, "agree"),
        ("contradicted", 2, "tension"),
        ("not testable", 1, None),
    ],
)
def test_infrared_and_ammonium_must_tell_one_charge(infrared, charge, status):
    compound = compound_named("mla-cs").with_acid_charge(charge)
    plan = planned_composition(Cuboid.cube(4, CS), compound)
    told = known(
        {"infrared.deprotonated": number(infrared)},
        {"composition.OAMH": number(float(plan.ammonium), 0.3)},
    )
    found = [one.status for one in ligand_checks(told, CS, [compound]) if "infrared" in one.name]
    assert found == ([] if status is None else [status])


def test_density_is_that_of_the_note():
    told = known(
        {"survey.mean_edge": number(2.46, 0.02, "nm")}, {"composition.OAMH": number(54.0, 0.3)}
    )
    (check,) = ligand_checks(told, CS, [])
    assert check.status == "agree"
    assert "1.487" in check.detail  # science.md 2.4


def test_ions_in_images_are_held_against_edx_at_every_size():
    for n, status in ((4, "agree"), (5, "tension")):
        found = {
            "movie.edges": number(f"{n}x{n}x{n}"),
            "movie.halides": number(232.0, 3.0),
            "movie.a_ions": number(58.0, 2.0),
            "composition.Br": number(232.0, 4.0),
            "composition.Cs": number(58.0, 2.0),
        }
        told = statuses(ligand_checks(known(found), CS, []))
        assert told == {f"{ion}: movie against composition": status for ion in ("Br", "Cs")}


@pytest.mark.parametrize(
    ("ammonium", "sigma", "status"),
    [
        (60.0, 3.0, "agree"), (70.0, 3.0, "undecided"),
        (80.0, 3.0, "tension"), (80.0, None, "tension"),
    ],
)  # fmt: skip
def test_a_recipe_must_hold_what_the_dots_carry(ammonium, sigma, status):
    told = known({"recipe.ammonium": number(1.0)}, {"composition.OAMH": number(ammonium, sigma)})
    (check,) = ligand_checks(told, CS, [])
    assert check.status == status
    assert "the recipe has 1:" in check.detail


def test_acid_is_counted_in_protons_and_amines_must_find_theirs():
    found = {"recipe.acid": number(0.5), "recipe.protons_per_amine": number(0.8)}
    said = {"composition.MLA": number(8.0, 1.0)}
    told = {one.name: one for one in ligand_checks(known(found, said), CS, [])}
    assert "0.250" in told["acid: recipe against composition"].detail
    amine = told["protons: acid against amine in the recipe"]
    assert amine.status == "tension"
    assert "20 % of the amine stays neutral" in amine.detail


def test_the_protection_is_within_its_limits_as_often_as_they_say():
    rng, draws, halides, lifetimes = fresh(), 300, 232, 300.0
    true = 10 ** rng.uniform(2.5, 4.0, draws)
    lost = rng.binomial(halides, -np.expm1(-lifetimes / true))
    limits = [protection_limits(int(one), halides, lifetimes) for one in lost]
    inside = sum(low <= one <= high for one, (low, high) in zip(true, limits, strict=True))
    # Clopper and Pearson's limits hold the truth in 95 % at least.
    assert binom.cdf(inside, draws, 0.95) > ONE_IN_A_MILLION


def test_a_dot_that_is_gone_at_once_or_never_is_a_tension():
    for lost, rate, status in ((3, 2.5e7, "agree"), (225, 2.5e7, "tension"), (0, 1e12, "tension")):
        exposed = Exposed(
            name="movie", rate_e_per_nm2_s=rate, seconds=0.4, halides=232, lost=lost, origin="here"
        )
        assert dose_check(exposed).status == status


def filmed(kinds):
    frames = pd.DataFrame({"time_s": [0.01, 0.03, 0.05, 0.01, 0.03, 0.05]})
    events = pd.DataFrame(kinds, columns=["particle", "kind", "element"])
    results = {"halides": number(230.0, 2.0), "dose_rate": number(2.5e7, 1e5, "e/nm2/s")}
    tables = {"frames": frames, "events": events}
    return SectionOutcome(
        name="movie A", status="ok", findings=Findings(results=results, tables=tables)
    )


def test_losses_of_the_first_dot_are_counted_over_the_whole_film():
    losses = [(0, "loss", "Br"), (0, "hop", "Br"), (1, "loss", "Br"), (0, "loss", "Cs")]
    outcome = filmed(losses)
    rate = {"movie A.dose_rate": outcome.findings.results["dose_rate"]}
    (check,) = dose_checks([outcome], known(rate))
    # Three frames of 20 ms at 2.5e7: 1.5e6 e/nm2.
    assert "1.5e+06 e/nm2 in 0.06 s" in check.detail
    assert "1 of 231 were lost" in check.detail
    assert check.name == "dose against damage: movie A"


def test_all_of_them_are_in_a_dossier_and_none_without_a_host():
    light = SectionOutcome(
        name="recipe",
        status="ok",
        findings=Findings(
            results={"contradictions": number(2.0), "protons_per_amine": number(1.5)}
        ),
    )
    said = {
        "composition.Br": number(237.0, 6.0),
        "survey.mean_edge": number(2.4, 0.1, "nm"),
        "movie.dose_rate": number(2.5e7, 1e6, "e/nm2/s"),
        "movie.duration": number(27.0, 1.0, "s"),
    }
    found = statuses(cross_checks([light], said, host="CsPbBr3", source=OURS))
    assert found["recipe: stated against measured out"] == "tension"
    assert found["dose against damage: movie (reported)"] == "agree"
    assert found["protons: acid against amine in the recipe"] == "agree"
    assert found["size from Br per Pb against images, as mla-cs"] == "agree"
    assert not any("mla-ma" in name for name in found)
    bare = statuses(cross_checks([light], said))
    assert set(bare) == {"recipe: stated against measured out"} | {f"{k} (reported)" for k in said}


def test_limits_and_answers_in_doubt_are_not_held_against_anything():
    doubtful = {
        "movie.edges": Estimate(
            value="4x4x4", sigma=None, unit="", method="fit", status="undetermined"
        ),
        "movie.halides": number(180.0, 3.0),
        "composition.Br": number(232.0, 4.0),
        "composition.OAMH": Estimate(
            value=30.0, sigma=1.0, unit="", method="no acid counted", status="lower_limit"
        ),
        "survey.mean_edge": number(2.4, 0.1, "nm"),
    }
    assert not list(ligand_checks(known(doubtful), CS, []))
    assert not list(size_checks(known(doubtful), CS, [], OURS))
