"""Mass spectra: ions found among unrelated peaks, wrong ones counted, files read or refused."""

import doctest
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom

from cinedot.composition import (
    MassSpectrum,
    Reagents,
    Tolerances,
    assign_ions,
    expected_mass_spectrum,
    ion_candidates,
    ion_of,
    known_ions,
    read_mass_spectrum,
    sample_mass_spectrum,
)
from cinedot.composition.mass_spectrum import is_profile, picked_peaks
from cinedot.core import InputError

TABLE = [one.ion for one in known_ions() if one.ion.charge < 0]
LIMIT = 1e-3
UNRELATED = 0.3


@pytest.fixture
def rng():
    seed = int(np.random.SeedSequence().generate_state(1)[0])
    print("seed", seed)
    return np.random.default_rng(seed)


@pytest.fixture(scope="module")
def candidates():
    return ion_candidates(Reagents())


def with_unrelated(spectrum, share, rng):
    """Peaks of nobody's: half anywhere, half where organic ions lie; as high as the others."""
    count = round(len(spectrum.mz) * share / (1 - share))
    anywhere = rng.uniform(50, 2000, count)
    organic = rng.integers(50, 2000, count) * 1.0005 + rng.normal(0, 0.03, count)
    mz = np.concatenate([spectrum.mz, np.where(rng.random(count) < 0.5, anywhere, organic)])
    height = np.concatenate([spectrum.intensity, 10 ** rng.uniform(np.log10(LIMIT), 0, count)])
    order = np.argsort(mz)
    return MassSpectrum(
        mz=mz[order], intensity=height[order], polarity=spectrum.polarity, label="mixed"
    )


def drawn(ions, rng):
    """The ions at heights from 0.05 to 1, the m/z scale up to 3 ppm off, 2 ppm of scatter."""
    amounts = 10 ** rng.uniform(np.log10(0.05), 0, len(ions))
    clean = expected_mass_spectrum(ions, amounts.tolist())
    spectrum = sample_mass_spectrum(
        clean, seed=rng, mass_offset_ppm=rng.uniform(-3, 3), detection_limit=LIMIT
    )
    return with_unrelated(spectrum, UNRELATED, rng)


def counted(trials, candidates, rng):
    """Over spectra of the table's ions: ions missed, ions wrong, ions found, mean share wrong."""
    missed, wrong, found, shares = 0, 0, 0, []
    keys = {ion.key for ion in TABLE}
    for _ in range(trials):
        told = assign_ions(drawn(TABLE, rng), candidates)
        bad = sum(one.ion.key not in keys for one in told.found)
        missed += sum(told.of(ion) is None for ion in TABLE)
        wrong, found = wrong + bad, found + len(told.found)
        shares.append(bad / max(len(told.found), 1))
    print(missed, "missed,", wrong, "wrong of", found)
    return missed, wrong, found, float(np.mean(shares))


def test_the_table_s_ions_are_found_among_unrelated_peaks(rng, candidates):
    missed, wrong, found, _ = counted(12, candidates, rng)
    # One ion in a thousand may be missed, one of twenty found be wrong.
    assert missed <= binom.isf(1e-6, 12 * len(TABLE), 1e-3)
    assert wrong <= binom.isf(1e-6, found, 0.05)


@pytest.mark.acceptance
def test_the_table_s_ions_are_found_at_full_size(rng, candidates, record_figure):
    missed, wrong, found, share = counted(400, candidates, rng)
    total = 400 * len(TABLE)
    record_figure(
        "ions of the table found, 400 negative-ion spectra with 30 % unrelated peaks",
        f"{total - missed} of {total}",
        "every one",
    )
    record_figure(
        "false discoveries, 400 negative-ion spectra with 30 % unrelated peaks",
        f"{share:.2%} ({wrong} of {found})",
        "at most 5 %",
    )
    assert missed <= binom.isf(1e-6, total, 1e-3)
    assert share <= 0.05


def test_spectra_of_nothing_hold_few_ions(rng, candidates):
    # A lone ion passes at a rate of 1/20 if no decoy beats it: one spectrum in 20 at most.
    trials, named = 12, 0
    for _ in range(trials):
        mz = np.sort(rng.uniform(50, 2000, 60))
        noise = MassSpectrum(
            mz=mz, intensity=10 ** rng.uniform(-3, 0, 60), polarity="negative", label="noise"
        )
        named += bool(assign_ions(noise, candidates).found)
    assert named <= binom.isf(1e-6, trials, 0.06)


def test_the_scale_s_error_is_found_and_taken_out(rng, candidates):
    clean = expected_mass_spectrum(TABLE, [1.0] * len(TABLE))
    off = sample_mass_spectrum(
        clean, seed=rng, mass_offset_ppm=6.0, mass_sigma_ppm=1.0, detection_limit=LIMIT
    )
    told = assign_ions(off, candidates)
    assert told.scale_told
    # Some 70 tall peaks tell a median to 1.25 / sqrt(70) = 0.15 ppm; six sigmas.
    assert told.tolerances.offset_ppm == pytest.approx(6.0, abs=0.9)
    # Of 70 errors a root mean square has a relative sigma of 1 / sqrt(140) = 0.085; six of them.
    assert told.tolerances.sigma_ppm == pytest.approx(1.0, rel=0.5)
    assert all(told.of(ion) for ion in TABLE)
    assert told.explained > 0.9


@pytest.mark.parametrize("name", ["PbBr3", "Pb2Br6"])
def test_an_ion_and_twice_it_are_told_apart(name, candidates):
    charge = -1 if name == "PbBr3" else -2
    other = ion_of("Pb2Br6", -2) if charge == -1 else ion_of("PbBr3", -1)
    ion = ion_of(name, charge)
    told = assign_ions(expected_mass_spectrum([ion], [1.0]), candidates)
    assert told.of(ion) is not None
    assert told.of(other) is None


def test_wrong_polarities_and_empty_lists_are_refused(candidates):
    positive = expected_mass_spectrum([ion_of("Cs", 1)], [1.0])
    with pytest.raises(InputError, match="must be positive ions"):
        assign_ions(positive, candidates)
    with pytest.raises(InputError, match="is empty"):
        assign_ions(positive, ())
    with pytest.raises(InputError, match="one polarity"):
        expected_mass_spectrum([ion_of("Cs", 1), ion_of("Br", -1)], [1.0, 1.0])


def test_peaks_of_a_profile_are_found(rng):
    mz = np.arange(100.0, 110.0, 0.001)
    places, heights = np.array([101.2344, 104.5678, 108.0011]), np.array([50.0, 3.0, 10.0])
    shape = np.exp(-0.5 * ((mz[:, None] - places) / 0.004) ** 2) @ heights
    assert is_profile(mz)
    # A quadrupole's tenths are a profile, with rows left out too; peaks of dimers' halves are none.
    assert is_profile(np.delete(np.arange(100.0, 500.0, 0.1), rng.integers(0, 4000, 300)))
    assert not is_profile(np.arange(100.0, 500.0, 0.5))
    assert not is_profile(np.sort(rng.uniform(100, 500, 2000)))
    found, tall = picked_peaks(mz, shape + rng.normal(0, 1e-3, len(mz)))
    # Noise of 1e-3 and a floor of six of it: 2e-9 a point, 1e-5 for all 10,000.
    np.testing.assert_allclose(found, places, atol=2e-5)
    np.testing.assert_allclose(tall, heights, rtol=0.01)


def table_file(tmp_path, text):
    path = tmp_path / "ms.csv"
    path.write_text(text)
    return path


def test_tables_in_any_order_and_what_they_say_of_polarity(tmp_path):
    path = table_file(tmp_path, "Polarity: negative\nm/z,int\n80.9163,97\n78.9183,100\n79.1,0\n")
    spectrum = read_mass_spectrum(path)
    assert spectrum.mz.tolist() == [78.9183, 80.9163]
    assert spectrum.polarity_stated
    swapped = table_file(tmp_path, "No.,Intensity,m/z\n1,97,80.9163\n2,100,78.9183\n")
    spectrum = read_mass_spectrum(swapped)
    assert spectrum.mz.tolist() == [78.9183, 80.9163]
    assert spectrum.intensity.tolist() == [100, 97]
    path = table_file(tmp_path, "Polarity: negative\nm/z,int\n80.9163,97\n78.9183,100\n79.1,0\n")
    with pytest.raises(InputError, match="must be of positive ions, but the file says negative"):
        read_mass_spectrum(path, polarity="positive")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("m/z,int\n-1,3\n80,4\n", "above 0"),
        ("m/z,int\n79,0\n80,0\n", "must hold peaks"),
        ("m/z,int\n79,3\nabc,4\n80,2\n", "must hold numbers"),
        ("", "empty"),
    ],
)
def test_tables_that_cannot_be_used_are_refused(tmp_path, text, said):
    with pytest.raises(InputError, match=said) as fault:
        read_mass_spectrum(table_file(tmp_path, text))
    assert "\n" not in str(fault.value)


def test_a_real_mzml_of_the_other_polarity(real_data):
    path = real_data / "ms" / "pymzml_example_POSITIVE.mzML"
    with pytest.raises(InputError, match="must be of negative ions, but all of them are of posit"):
        read_mass_spectrum(path)
    spectrum = read_mass_spectrum(path, polarity="positive")
    assert spectrum.polarity_stated
    # The first scan states its lowest m/z, 70.0657797; the average keeps it within 10 ppm.
    assert np.abs(spectrum.mz / 70.0657797 - 1).min() < 1e-5
    assert spectrum.scans > 1
    lead = ion_candidates(Reagents(), charges=(1,), highest_mz=900.0)
    # Peptides hold no lead: what passes is a wrong ion, and rare.
    assert len(assign_ions(spectrum, lead, tolerances=Tolerances.within(5.0)).found) <= 1


@pytest.mark.parametrize("where", ["within a scan", "after a scan", "in the head", "empty"])
def test_an_mzml_cut_short_is_refused_in_one_line(real_data, tmp_path, where):
    whole = (real_data / "ms" / "pymzml_example_POSITIVE.mzML").read_bytes()
    end = {
        "within a scan": 90_000,
        "after a scan": whole.rfind(b"</spectrum>") + len(b"</spectrum>"),
        "in the head": 300,
        "empty": 0,
    }[where]
    path = tmp_path / "cut.mzML"
    path.write_bytes(whole[:end])
    with pytest.raises(
        InputError, match=r"cut\.mzML, line \d+: an mzML file must be whole"
    ) as said:
        read_mass_spectrum(path, polarity="positive")
    assert "\n" not in str(said.value)


def test_xml_that_is_no_mzml_is_refused(tmp_path):
    path = tmp_path / "page.mzML"
    path.write_text("<html><body/></html>")
    with pytest.raises(InputError, match="must hold a list of scans"):
        read_mass_spectrum(path)
    with pytest.raises(InputError, match=r"gone\.mzML"):
        read_mass_spectrum(tmp_path / "gone.mzML")


def test_the_page_for_users_runs():
    page = Path(__file__).parents[2] / "docs" / "mass-spectra.md"
    failed, tried = doctest.testfile(str(page), module_relative=False)
    assert tried > 5
    assert failed == 0
