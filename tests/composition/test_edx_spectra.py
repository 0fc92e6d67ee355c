"""EDX spectra: real files, Cliff and Lorimer's iron and platinum, simulated spectra found again."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cinedot.composition import (
    BeamPrior,
    EdxSpectrum,
    Film,
    analysed_family,
    beam_systematics,
    cliff_lorimer,
    fit_peaks,
    line_families,
    overlaps,
    read_edx,
    sensitivity,
    thin_film_counts,
)
from cinedot.composition.film import mass_fractions
from cinedot.composition.peak_law import ground_shapes, peak_shape, peaks_of, width_ev
from cinedot.core import AnalysisError, InputError

TWO = {"C": 300.0, "O": 48.0, "Cs": 58.0, "Br": 232.0, "Pb": 64.0}
# Elements: those that the file names or that data/README.md knows of; what else may be there.
KNOWN = {
    "EDS_SEM_TM002.hspy": (("C", "Al", "Mn", "Cu", "Zr"), ("O",), None),
    "EDS_TEM_FePt_nanoparticles.hspy": (("Fe", "Pt"), ("C", "O", "Si", "Cu"), None),
    # Its map hardly holds the copper and palladium that it names, but silicon and nitrogen.
    "rsciio_test_TEM.bcf": (("O", "Ti", "Si", "N"), ("Cu", "Pd", "C"), None),
}


def fresh():
    seed = np.random.SeedSequence().entropy
    print("seed", seed)
    return np.random.default_rng(seed)


def simulated(rng, *, photons=3e5, ground=40.0, resolution_ev=125.0, off_ev=0.0, atoms=TWO):
    """Counts of a 45 nm film at 3 kV: the film's law for intensities, a falling ground."""
    energy = np.arange(0.0, 3200.0, 5.0)
    film = Film(mass_fractions=mass_fractions(atoms), thickness_nm=45.0, landing_kev=3.0)
    clean = ground * np.exp(-energy / 1500) * (energy < 3000)
    amount = {e: n * sensitivity(film, analysed_family(e, 3.0)) for e, n in atoms.items()}
    total = sum(amount.values())
    for element, one in amount.items():
        family = analysed_family(element, 3.0)
        peaks = peaks_of(family, voltage_kv=3.0, resolution_ev=resolution_ev)
        whole = sum(peak.strength for peak in peaks)
        for peak in peaks:
            part = photons * one / total * peak.strength / whole
            clean += part * peak_shape(energy + off_ev, peak, resolution_ev)
    return EdxSpectrum(
        energy_ev=energy, counts=rng.poisson(clean).astype(float), label="made", voltage_kv=3.0
    )


@pytest.mark.parametrize("name", KNOWN)
def test_real_files_give_their_known_elements(real_data, name):
    known, others, voltage = KNOWN[name]
    spectrum = read_edx(real_data / "eds" / name)
    assert set(spectrum.elements) <= {*known, *others}
    assert len(spectrum.elements) >= 2
    fit = fit_peaks(spectrum, (*known, *others), voltage_kv=voltage)
    print([(one.peak.name, round(one.counts), round(one.sigma)) for one in fit.peaks])
    assert set(known) <= set(fit.seen)


@pytest.mark.parametrize(
    ("name", "channels", "pixels", "total"),
    [
        ("rsciio_met03.EDS", 2048, 1, 296519),
        ("rsciio_test-EDS_spectrum.dm3", 4096, 1, 17051),
        ("rsciio_test_TEM.bcf", 2048, 4096, 26005),
        ("rsciio_extracted_from_bcf.spx", 1548, 1, 4413),
    ],
)
def test_real_files_open(real_data, name, channels, pixels, total):
    found = read_edx(real_data / "eds" / name)
    assert (len(found.energy_ev), found.pixels, found.counts.sum()) == (channels, pixels, total)
    assert 4.9 < found.channel_ev < 10.1


def test_iron_and_platinum_by_cliff_and_lorimer(real_data):
    """data/README.md: k = (1.450226, 5.075602) for Fe Ka and Pt La give Fe 15.41, Pt 84.59 at%."""
    spectrum = read_edx(real_data / "eds" / "EDS_TEM_FePt_nanoparticles.hspy")
    fit = fit_peaks(spectrum, ("Fe", "Pt", "Cu", "C", "O", "Si"))
    iron = fit.of("Fe K")
    (platinum,) = (one for one in fit.peaks if one.peak.name.startswith("Pt L3"))
    counts = {
        "Fe": iron.counts * iron.peak.alpha,
        "Pt": platinum.counts * platinum.peak.alpha,
    }
    found = cliff_lorimer(counts, {"Fe": 1.450226, "Pt": 5.075602})
    print(found)
    assert found["Fe"] == pytest.approx(15.41, abs=0.3)
    assert found["Pt"] == pytest.approx(84.59, abs=0.3)


def test_almost_no_counts_is_an_answer():
    few = simulated(fresh(), photons=100.0, ground=0.1)
    with pytest.raises(AnalysisError, match="a composition takes 400 at least"):
        fit_peaks(few, tuple(TWO))
    weak = simulated(fresh(), photons=100.0, ground=20.0)
    with pytest.raises(AnalysisError, match="Pb does not stand out"):
        thin_film_counts(fit_peaks(weak, tuple(TWO)), BeamPrior(voltage_kv=3.0))


def test_a_simulated_film_is_counted_again():
    rng = fresh()
    made = simulated(rng, off_ev=6.0)
    fit = fit_peaks(made, (*TWO, "N"))
    # 3e5 counts tell a shift of a peak 70 eV wide to 0.1 eV, the resolution to 0.3 %.
    assert fit.shift_ev + 1500 * fit.stretch == pytest.approx(6.0, abs=1.5)
    assert fit.resolution_ev == pytest.approx(125.0, rel=0.03)
    # Poisson's law: chi-square over 550 degrees of freedom is 1 to 0.06, six of which are 0.36.
    assert fit.misfit < 1.4
    assert not fit.of("N K").seen
    found = thin_film_counts(fit, BeamPrior(voltage_kv=3.0))
    sigmas = np.sqrt(np.diag(found.covariance))
    print(found.elements, found.values, sigmas)
    for element, value, sigma in zip(found.elements, found.values, sigmas, strict=True):
        # Six sigmas, and what pieces of straight lines leave of a ground that bends: 2 %.
        assert abs(value - TWO[element]) < 6 * sigma + 0.02 * TWO[element]
    shared = beam_systematics(found, BeamPrior(voltage_kv=3.0), line_sigma=0.125)
    bromine = found.elements.index("Br")
    # Two lines of 12.5 % each add to what beam and film do.
    beam = beam_systematics(found, BeamPrior(voltage_kv=3.0))
    added = (shared.log_covariance - beam.log_covariance)[bromine, bromine]
    assert added == pytest.approx(2 * 0.125**2)


def test_the_file_s_take_off_angle_counts():
    """Photons on a flat way out are absorbed more: oxygen's, far below lead's, by their ratio."""
    fit = fit_peaks(simulated(fresh()), tuple(TWO))
    prior = BeamPrior(voltage_kv=3.0)
    usual = thin_film_counts(fit, prior)
    flat = thin_film_counts(replace(fit, spectrum=replace(fit.spectrum, take_off_deg=8.0)), prior)
    same = thin_film_counts(replace(fit, spectrum=replace(fit.spectrum, take_off_deg=35.0)), prior)
    oxygen = usual.elements.index("O")
    assert flat.values[oxygen] > 1.05 * usual.values[oxygen]
    np.testing.assert_array_equal(same.values, usual.values)


def test_overlaps_are_named():
    pairs = overlaps(
        ["C", "N", "O", "Cs", "Br", "Al", "Pb", "S"], voltage_kv=3.0, resolution_ev=130
    )
    assert "S K / Pb M" in pairs
    assert "Br L3+L2 / Al K" in pairs


@settings(max_examples=10)
@given(resolution=st.floats(60, 200), element=st.sampled_from(["O", "Br", "Cs", "Pb", "Fe"]))
def test_a_peak_holds_one_count_and_a_ground_is_whole(resolution, element):
    energy = np.arange(-300.0, 9000.0, 10.0)
    for family in line_families(element):
        if family.main_ev < 8000:
            for peak in peaks_of(family, voltage_kv=30.0, resolution_ev=resolution):
                inside = peak.energies_ev < 8500
                held = peak_shape(energy, peak, resolution).sum()
                assert held == pytest.approx(peak.shares[inside].sum(), abs=1e-3)
    ground = ground_shapes(energy[60:], resolution)
    assert ground.sum(axis=1) == pytest.approx(1.0)
    assert (ground >= 0).all()


def test_width_is_fiori_and_newbury_s():
    assert width_ev(np.array([5895.0]), 130.0) == pytest.approx(130.0)
    # 2.5 eV a photon's eV is 8 ln 2 times Fano's 0.123 times silicon's 3.66 eV a pair.
    assert 8 * np.log(2) * 0.123 * 3.66 == pytest.approx(2.5, abs=0.01)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.xyz", b"1 2", "must be in a known format, but this ends in '.xyz'"),
        ("a.spx", b"<not xml", "must be a whole one of its kind"),
        ("a.msa", b"", "must be a whole one of its kind|must hold one EDX signal"),
    ],
)
def test_bad_files_are_refused_in_one_line(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        read_edx(path)
    assert "\n" not in str(caught.value)


def _msa(counts, voltage="3"):
    head = ["#FORMAT : EMSA/MAS Spectral Data File", "#VERSION : 1.0", "#TITLE : made"]
    head += [f"#NPOINTS : {len(counts)}", "#NCOLUMNS : 1", "#XUNITS : eV", "#YUNITS : counts"]
    head += ["#DATATYPE : Y", "#XPERCHAN : 5", "#OFFSET : 0", "#SIGNALTYPE : EDS"]
    head += [f"#BEAMKV   -kV: {voltage}", "#SPECTRUM : "]
    return "\n".join([*head, *(f"{one:g}," for one in counts), "#ENDOFDATA :"]) + "\n"


def test_msa_files_open_and_zero_counts_are_refused(tmp_path):
    made = simulated(fresh())
    path = tmp_path / "a.msa"
    path.write_text(_msa(made.counts))
    found = read_edx(path)
    assert found.counts.tolist() == made.counts.tolist()
    assert found.energy_ev[1] == pytest.approx(5.0)
    assert found.voltage_kv == 3.0
    path.write_text(_msa(np.zeros(640)))
    with pytest.raises(InputError, match="must hold counts, but all of its channels are 0"):
        read_edx(path)
    path.write_text(_msa(np.r_[-1.0, np.ones(639)]))
    with pytest.raises(InputError, match="counts must be numbers of 0 or more"):
        read_edx(path)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda _: cliff_lorimer({"Fe": 1.0}, {}), InputError, "must have its k-factor"),
        (lambda _: cliff_lorimer({"Fe": 0.0}, {"Fe": 1.0}), InputError, "not all 0"),
        (lambda s: fit_peaks(s, ("He",)), InputError, "must hold some line of He"),
        (lambda s: fit_peaks(s, ("Pb",)).of("Fe K"), InputError, "must be one of the fit's"),
    ],
)
def test_bad_requests_are_refused(make, error, message):
    with pytest.raises(error, match=message):
        make(simulated(fresh(), photons=1e4))
