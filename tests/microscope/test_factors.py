"""Scattering factors against abTEM's, the limits of Mott and Bethe, science.md 8.1."""

import numpy as np
import pytest
from ase.data import atomic_numbers

from cinedot.core import InputError
from cinedot.microscope.beam import POTENTIAL_PER_SCATTERING_V_ANGSTROM2
from cinedot.microscope.factors import (
    COULOMB_PER_ANGSTROM,
    Kirkland,
    Lobato,
    PengIonic,
    elements,
    has_ion,
    ions,
    scattering_factor_angstrom,
    short_range_angstrom,
)

Q = np.linspace(0.0, 3.0, 31)


@pytest.mark.parametrize(
    ("element", "at_zero"), [("C", 2.511), ("Br", 7.071), ("Cs", 16.38), ("Pb", 13.04)]
)
def test_forward_factors_of_science_note_8_1(element, at_zero):
    found = float(scattering_factor_angstrom(element, np.zeros(1))[0])
    assert found == pytest.approx(at_zero, abs=5.1e-3 if at_zero > 10 else 5.1e-4)


@pytest.mark.parametrize("element", ["H", "C", "N", "O", "Br", "I", "Cs", "Pb", "Lr"])
def test_neutral_factors_agree_with_abtem(element):
    import abtem
    from abtem.parametrizations import KirklandParametrization, LobatoParametrization

    # The same closed forms and numbers; what differs is the order of sums.
    with abtem.config.set({"precision": "float64"}):
        kirkland = KirklandParametrization().scattering_factor(element)(Q**2)
        lobato = LobatoParametrization().scattering_factor(element)(Q**2)
    np.testing.assert_allclose(scattering_factor_angstrom(element, Q), kirkland, rtol=1e-6)
    ours = scattering_factor_angstrom(element, Q, parametrization=Lobato())
    np.testing.assert_allclose(ours, lobato, rtol=1e-6)


@pytest.mark.parametrize(
    ("element", "charge", "symbol"),
    [("Pb", 2, "Pb++"), ("Br", -1, "Br-"), ("Cs", 1, "Cs+"), ("I", -1, "I-"), ("Sn", 2, "Sn++")],
)
def test_ions_agree_with_abtem_but_for_their_charge(element, charge, symbol):
    import abtem
    from abtem.parametrizations import PengParametrization

    with abtem.config.set({"precision": "float64"}):
        theirs = PengParametrization("peng_ionic.json").scattering_factor(symbol)(Q**2)
    ours = short_range_angstrom(element, Q, charge=charge, parametrization=PengIonic())
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)


def test_tables_hold_hydrogen_to_lawrencium_and_the_ions_of_halide_perovskites():
    assert (len(elements()), elements()[0], elements()[-1]) == (103, "H", "Lr")
    assert all(has_ion(*ion) for ion in [("Pb", 2), ("Br", -1), ("Cs", 1), ("Cl", -1), ("I", -1)])
    assert len(ions()) == 106


def test_charge_scatters_as_mott_says():
    # Peng's constant is for s = q/2: 0.023934 per angstrom, to its last digit.
    assert pytest.approx(0.023934, abs=5e-7) == COULOMB_PER_ANGSTROM / 4


@pytest.mark.parametrize("element", elements())
def test_lobato_scatters_as_the_bare_nucleus_at_high_q(element):
    # Mott and Bethe: q^2 f_e -> 0.0957 Z, which Lobato's fit was held to: the table's digits
    # and its narrowest clouds leave 2.5e-7 at 1000 per angstrom.
    q, z = 1000.0, atomic_numbers[element]
    found = scattering_factor_angstrom(element, np.array([q]), parametrization=Lobato())[0]
    assert found * q**2 / (COULOMB_PER_ANGSTROM * z) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("element", ["C", "Br", "Cs", "Pb"])
def test_the_two_neutral_tables_agree(element):
    # Two independent fits; found 0.8 % apart at most, so a wrong digit in a large term would show.
    q = np.linspace(0.0, 2.4, 49)
    one, other = (
        scattering_factor_angstrom(element, q, parametrization=whose)
        for whose in (Kirkland(), Lobato())
    )
    np.testing.assert_allclose(one, other, rtol=0.01)


@pytest.mark.parametrize(("element", "charge"), [ion for ion in ions() if ion[0] != "H"])
def test_ions_differ_from_atoms_by_outer_electrons_only(element, charge):
    # Beyond 1.5 per angstrom only inner electrons count, which charge leaves alone: without the
    # Mott term Pb2+ would be 4 % and Sn4+ 13 % off. Peng's five Gaussians are good to about 1 %,
    # palladium's and O2-'s to 2 %.
    q = np.array([1.5, 2.0])
    ion = scattering_factor_angstrom(element, q, charge=charge, parametrization=PengIonic())
    np.testing.assert_allclose(ion, scattering_factor_angstrom(element, q), rtol=0.021)


@pytest.mark.parametrize(("element", "charge"), [("Pb", 2), ("Br", -1), ("Cs", 1), ("I", -1)])
def test_ions_hold_their_electrons(element, charge):
    # Mott and Bethe backwards: the X-ray factor at small q is the number of electrons.
    q = np.array([0.03])
    ion = scattering_factor_angstrom(element, q, charge=charge, parametrization=PengIonic())
    electrons = atomic_numbers[element] - ion * q**2 / COULOMB_PER_ANGSTROM
    assert electrons[0] == pytest.approx(atomic_numbers[element] - charge, rel=4e-3)


@pytest.mark.parametrize("element", ["C", "Br", "Pb"])
def test_factors_give_the_projected_potential_of_abtem(element):
    """V(r) = 47.878 V A^2 times the two-dimensional transform of f_e, by Hankel's integral."""
    from abtem.parametrizations import KirklandParametrization
    from scipy.special import j0

    r = np.array([0.3, 0.5, 0.8, 1.2, 2.0, 3.0])
    theirs = KirklandParametrization().projected_potential(element)(r)
    # A soft end at 12 per angstrom leaves less than 1e-3 of the potential beyond 0.3 angstrom.
    q = np.linspace(0.0, 30.0, 60001)
    factor = scattering_factor_angstrom(element, q) * np.exp(-((q / 12) ** 4))
    kernel = j0(2 * np.pi * np.outer(r, q)) * 2 * np.pi * q
    ours = POTENTIAL_PER_SCATTERING_V_ANGSTROM2 * np.trapezoid(kernel * factor, q, axis=1)
    # abTEM's kappa is rounded in its fourth digit.
    np.testing.assert_allclose(ours, theirs, rtol=2e-3, atol=0.02)


def test_an_unknown_element_is_refused():
    for whose in (Kirkland(), Lobato(), PengIonic()):
        with pytest.raises(InputError, match="'Xx'"):
            scattering_factor_angstrom("Xx", np.zeros(1), parametrization=whose)


def test_what_the_ionic_table_lacks_is_refused_by_name():
    q = np.ones(1)
    with pytest.raises(InputError, match=r"Pb, \+3.*Pb\+2, Pb\+4"):
        scattering_factor_angstrom("Pb", q, charge=3, parametrization=PengIonic())
    with pytest.raises(InputError, match=r"Kirkland, but is \+2.*PengIonic"):
        scattering_factor_angstrom("Pb", q, charge=2)
    with pytest.raises(InputError, match="positive for an ion"):
        scattering_factor_angstrom("Pb", 0 * q, charge=2, parametrization=PengIonic())
    with pytest.raises(InputError, match="spread"):
        PengIonic(anchor_spread_angstrom=0.0)
