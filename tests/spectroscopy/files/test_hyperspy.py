"""HyperSpy's files, laid out here by their description, not by their own writer."""

import shutil

import h5py
import numpy as np
import pytest
import zarr

from cinedot.core import InputError
from cinedot.spectroscopy import read_decay, read_spectra

LIGHT = np.arange(40.0).reshape(4, 10)
EXCITATION = {"name": "excitation", "units": "nm", "navigate": True, "scale": 10.0, "offset": 300.0}
EMISSION = {"name": "wavelength", "units": "nm", "navigate": False, "scale": -1.0, "offset": 500.0}


def fill(root, signals, array):
    root.attrs["file_format"], root.attrs["file_format_version"] = "HyperSpy", "3.3"
    experiments = root.create_group("Experiments")
    for number, (data, axes) in enumerate(signals):
        group = experiments.create_group(f"signal {number}")
        array(group, data)
        for k, axis in enumerate(axes):
            place = group.create_group(f"axis-{k}")
            for key, value in {**axis, "size": data.shape[k], "_type": "UniformDataAxis"}.items():
                place.attrs[key] = value
        meta = group.create_group("metadata")
        meta.create_group("General").attrs["title"] = "QD4"
        meta.create_group("Acquisition_instrument").attrs["emission_slit"] = "5 nm"
        for name in ("original_metadata", "learning_results"):
            group.create_group(name)


def hspy(path, *signals):
    with h5py.File(path, "w") as root:
        fill(root, signals, lambda group, data: group.create_dataset("data", data=data))
    return path


def zspy(path, *signals, zipped):
    folder = path.with_suffix(".folder") if zipped else path
    root = zarr.open_group(folder, mode="w", zarr_format=2)
    fill(root, signals, lambda group, data: group.create_array("data", data=data))
    if zipped:
        shutil.make_archive(str(path), "zip", folder)
        path.with_name(f"{path.name}.zip").rename(path)
    return path


def eem_of(tmp_path, form):
    signal = (LIGHT, (EXCITATION, EMISSION))
    if form == "hspy":
        return hspy(tmp_path / "eem.hspy", signal)
    return zspy(tmp_path / "eem.zspy", signal, zipped=form == "zip")


@pytest.mark.parametrize("form", ["hspy", "folder", "zip"])
def test_a_table_of_excitations(tmp_path, form):
    path = eem_of(tmp_path, form)
    spectra = read_spectra(path, series=True)
    assert [one.excitation_nm for one in spectra] == [300.0, 310.0, 320.0, 330.0]
    np.testing.assert_array_equal([one.intensity for one in spectra], LIGHT[:, ::-1])
    np.testing.assert_array_equal(spectra[0].wavelength_nm, np.arange(491.0, 501.0))
    assert spectra[0].metadata["emission slit"] == "5 nm"
    assert len(read_spectra(path)) == 1


def test_a_single_spectrum_and_a_decay(tmp_path):
    (spectrum,) = read_spectra(hspy(tmp_path / "one.hspy", (LIGHT[0], (EMISSION,))))
    assert (spectrum.label, spectrum.excitation_nm) == ("QD4", None)
    time = {"name": "time", "units": "ps", "navigate": False, "scale": 16.0, "offset": 0.0}
    decay = read_decay(hspy(tmp_path / "decay.hspy", (np.arange(30), (time,))))
    assert decay.channel_ns == pytest.approx(0.016, rel=1e-12)


@pytest.mark.parametrize(
    ("signals", "message"),
    [
        ([(LIGHT, (EMISSION, EMISSION))], "one signal of spectra, but holds none"),
        ([(LIGHT[0], (EMISSION,))] * 2, "one signal of spectra, but holds 2"),
        ([(LIGHT[0] * np.nan, (EMISSION,))], "'QD4', point 1: intensities must be finite"),
        ([(LIGHT[0], ({**EMISSION, "units": "keV"},))], "must be a wavelength, but is .* in keV"),
    ],
)
def test_what_is_no_spectrum(tmp_path, signals, message):
    with pytest.raises(InputError, match=message):
        read_spectra(hspy(tmp_path / "x.hspy", *signals))


@pytest.mark.parametrize("name", ["cut.hspy", "cut.dat", "text.hspy", "text.zspy"])
def test_damaged_files(tmp_path, name, capfd):
    whole = hspy(tmp_path / "whole", (LIGHT, (EXCITATION, EMISSION))).read_bytes()
    path = tmp_path / name
    path.write_bytes(whole[:900] if "cut" in name else b"nm,PL\n450,1\n")
    with pytest.raises(InputError, match="must be a whole one of HyperSpy's") as caught:
        read_spectra(path)
    assert "\n" not in str(caught.value)
    assert capfd.readouterr().err == ""
