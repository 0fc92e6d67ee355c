"""Ions: masses and patterns against the science note, a closed form, and molmass."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from molmass import Formula

from cinedot.composition import (
    Reagents,
    commonest_mz,
    ion_candidates,
    ion_of,
    isotope_pattern,
    known_ion,
    known_ions,
)
from cinedot.core import InputError
from cinedot.particle import host_named

# science.md 5: formula, charge, m/z of the commonest isotopes, peaks (m/z, % of the highest).
# 446.729 and the like are its base peaks.
TABLE = [
    ("C4H5O5", -1, 133.0142, [(134.0177, 4.6)]),
    (
        "PbC4H3O5",
        -1,
        338.9752,
        [(334.97, 2.6), (336.973, 44.9), (337.975, 43.2), (338.975, 100.0), (339.979, 4.9)],
    ),
    (
        "PbBr3",
        -1,
        444.7322,
        [
            (442.73, 12.7),
            (443.73, 9.9),
            (444.73, 56.9),
            (445.73, 29.0),
            (446.729, 100.0),
            (447.73, 28.2),
            (448.73, 76.8),
            (449.73, 9.1),
            (450.73, 21.7),
        ],
    ),
    ("PbBr2C4H5O5", -1, 498.8276, [(500.825, 100.0), (498.826, 79.7), (502.824, 40.6)]),
    ("PbBrC4H4O5", -1, 418.9014, [(418.900, 100.0), (420.90, 68.5), (416.90, 33.0)]),
    ("Pb(C4H5O5)(C4H4O5)", -1, 472.9968, [(470.995, 43.9), (471.996, 44.2)]),
    ("Pb2Br5", -1, 810.5455, [(814.539, 100.0)]),
    ("Pb2Br3(C4H4O5)", -1, 784.7147, [(786.711, 100.0)]),
    ("CsPbBr4", -1, 656.556, [(660.551, 100.0)]),
    ("Pb4Br5(C4H4O5)2", -1, 1490.5106, []),
    ("Br", -1, 78.9189, [(78.9189, 100.0), (80.9168, 97.3)]),
    ("C18H38N", 1, 268.2999, []),
]
NEGATIVE = (-1, -2)


def digits(number):
    """Half a unit of the last digit that the note writes."""
    written = f"{number:.4f}".rstrip("0")
    return 0.5 * 10.0 ** -len(written.partition(".")[2])


def average_da(formula):
    return Formula(formula).mass


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row[0])
def test_the_note_s_masses_and_patterns(row):
    formula, charge, mz, peaks = row
    ion = ion_of(formula, charge)
    assert commonest_mz(ion) == pytest.approx(mz, abs=1e-3)
    pattern = isotope_pattern(ion)
    for where, percent in peaks:
        near = int(np.argmin(np.abs(pattern.mz - where)))
        assert pattern.mz[near] == pytest.approx(where, abs=max(1e-3, 1.3 * digits(where)))
        # 1 %, or a unit of the note's last digit where that is more.
        assert 100 * pattern.height[near] == pytest.approx(percent, rel=0.01, abs=0.1)


def test_the_pattern_of_lead_tribromide_is_the_product_of_its_elements():
    # Closed form: abundances of science.md 5 multiplied as polynomials in the mass number.
    lead = np.zeros(5)
    lead[[0, 2, 3, 4]] = 1.4, 24.1, 22.1, 52.4
    bromine = np.array([50.69, 0.0, 49.31])
    product = lead
    for _ in range(3):
        product = np.convolve(product, bromine)
    expected = product / product.max()
    pattern = isotope_pattern(ion_of("PbBr3", -1), least=1e-6)
    found = np.zeros(11)
    found[np.round(pattern.mz - pattern.mz[0]).astype(int)] = pattern.height
    # Abundances in four digits: errors of 1e-3 of themselves.
    np.testing.assert_allclose(found, expected, atol=2e-3)


def test_two_hundred_random_formulas_as_molmass_has_them():
    seed = int(np.random.SeedSequence().generate_state(1)[0])
    print("seed", seed)
    rng = np.random.default_rng(seed)
    most = {"C": 30, "H": 60, "N": 3, "O": 15, "Br": 8, "Cl": 4, "I": 3, "Cs": 4, "Pb": 4}
    for _ in range(200):
        counts = {one: int(rng.integers(0, top + 1)) for one, top in most.items()}
        text = "".join(f"{one}{n}" for one, n in counts.items() if n) or "Br"
        charge = int(rng.choice([-2, -1, 1, 2]))
        ion = ion_of(text, charge)
        # Lines half a unit of mass wide: one line a mass number, whose parts lie within a tenth.
        mass = abs(charge) * float(isotope_pattern(ion).mz.mean())
        pattern = isotope_pattern(ion, resolving_power=2 * mass)
        theirs = Formula(f"[{text}]{abs(charge)}{'-' if charge < 0 else '+'}").spectrum(
            min_intensity=1.0
        )
        for peak in theirs.values():
            near = int(np.argmin(np.abs(pattern.mz - peak.mz)))
            # The asked-for thousandth and hundredth; both tables are IUPAC's, years apart.
            assert pattern.mz[near] == pytest.approx(peak.mz, abs=1e-3), text
            assert 100 * pattern.height[near] == pytest.approx(peak.intensity, abs=1.0), text


@given(
    lead=st.integers(0, 3),
    bromide=st.integers(0, 6),
    acid=st.integers(1, 4),
    charge=st.sampled_from([-2, -1, 1, 2]),
)
def test_the_mean_of_a_pattern_is_the_mean_mass(lead, bromide, acid, charge):
    formula = f"Pb{lead}" * bool(lead) + f"Br{bromide}" * bool(bromide) + f"(C4H4O5){acid}"
    pattern = isotope_pattern(ion_of(formula, charge), least=1e-6)
    mean = float(pattern.mz @ pattern.height / pattern.height.sum())
    electrons = -charge * 5.485799e-4
    # Atomic weights as tabulated are rounded: lead's 207.2 is 0.017 below its isotopes' mean.
    slack = 0.01 + 0.02 * lead
    assert mean * abs(charge) == pytest.approx(average_da(formula) + electrons, abs=slack)
    assert pattern.height.max() == 1.0
    assert (np.diff(pattern.mz) > 0).all()


def test_isotopologues_are_parted_by_what_the_instrument_parts():
    # 208Pb79Br2 81Br and 206Pb 79Br 81Br2 are 4.2 mDa apart: R = 446.73 / 0.0042 = 106 000.
    ion = ion_of("PbBr3", -1)
    coarse = isotope_pattern(ion, resolving_power=50_000)
    fine = isotope_pattern(ion, resolving_power=200_000)
    assert np.count_nonzero(np.abs(coarse.mz - 446.73) < 0.1) == 1
    # 204Pb 81Br3, below 1 %, stands one more such step down.
    near = (np.abs(fine.mz - 446.73) < 0.1) & (fine.height > 0.05)
    assert np.count_nonzero(near) == 2
    assert np.diff(fine.mz[near])[0] == pytest.approx(0.0042, abs=1e-4)


@pytest.mark.parametrize(("formula", "charge"), [("", -1), ("Xx2", -1), ("Pb(Br", -1), ("Br", 0)])
def test_what_is_no_ion_is_refused(formula, charge):
    with pytest.raises(InputError, match="ion must have"):
        ion_of(formula, charge)


def test_an_element_without_stable_isotopes_is_refused():
    with pytest.raises(InputError, match="stable isotopes"):
        isotope_pattern(ion_of("Tc", -1))


def _charge(atoms):
    """By hand: acids are counted by carbon, their lost protons by hydrogen."""
    acids = atoms.get("C", 0) // 4
    lost = 6 * acids - atoms.get("H", 0)
    return 2 * atoms.get("Pb", 0) + atoms.get("Cs", 0) - atoms.get("Br", 0) - lost


def test_every_candidate_has_the_charge_of_its_parts():
    ions = ion_candidates(Reagents(), charges=NEGATIVE, highest_mz=1200.0)
    assert len({ion.key for ion in ions}) == len(ions)
    for ion in ions:
        assert _charge(dict(ion.atoms)) == ion.charge
        assert commonest_mz(ion) < 1200.0
        written = ion.name[1 : ion.name.index("]")] if "[" in ion.name else ion.name.rstrip("+-")
        assert ion_of(written, ion.charge).key == ion.key


def test_candidates_are_all_that_there_are():
    # Brute force over counts, charge -1, below m/z 700, by nominal masses kept away from the edge.
    found = {ion.key for ion in ion_candidates(Reagents(), charges=(-1,), highest_mz=700.0)}
    expected = set()
    for lead in range(5):
        for caesium in range(6):
            for bromide in range(10):
                for acid in range(6):
                    lost = 2 * lead + caesium - bromide + 1
                    if acid <= lost <= 3 * acid:
                        expected.add((lead, caesium, bromide, acid, 6 * acid - lost))
    kept = set()
    for lead, caesium, bromide, acid, hydrogen in expected:
        counts = {"C": 4 * acid, "H": hydrogen, "O": 5 * acid}
        counts |= {"Br": bromide, "Cs": caesium, "Pb": lead}
        text = "".join(f"{one}{n}" for one, n in counts.items() if n)
        ion = ion_of(text, -1)
        if commonest_mz(ion) <= 700.0:
            kept.add(ion.key)
    assert found == kept


def test_the_table_s_ions_are_among_the_candidates():
    keys = {ion.key for ion in ion_candidates(Reagents(), charges=(-1,))}
    assert all(one.ion.key in keys for one in known_ions() if one.ion.charge < 0)
    positive = ion_candidates(Reagents(most_ammonium=1), charges=(1,), highest_mz=400.0)
    assert known_ion("oleylammonium").ion.key in {ion.key for ion in positive}
    with pytest.raises(InputError, match="Did you mean bromide"):
        known_ion("bromid")


def test_hosts_bring_their_own_ions():
    ions = ion_candidates(
        Reagents.of(host_named("MASnI3")), charges=(-1,), most_metal=1, highest_mz=700.0
    )
    names = [ion.name for ion in ions]
    assert "[SnI3]-" in names
    assert "[MASnI4]-" in names
    assert math.isclose(
        commonest_mz(next(ion for ion in ions if ion.name == "[SnI3]-")),
        Formula("SnI3").isotope.mass + 5.485799e-4,
        abs_tol=1e-3,
    )
