"""`cinedot simulate`: what it writes, what it refuses, and that `analyze` takes it."""

import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from ase import Atoms
from ase.io import write
from scipy.spatial.transform import Rotation

from cinedot.core import InputError
from cinedot.core.tables import table_columns
from cinedot.dossier.command import analyze_folders
from cinedot.dossier.folder import find_file, find_files, open_folder
from cinedot.dossier.sections.movie_window import open_window
from cinedot.micrographs import open_movie
from cinedot.micrographs.pose import misorientation_deg
from cinedot.microscope import (
    Camera,
    Exposure,
    Motion,
    Scene,
    begin_filming,
    filmed,
    one_view,
    recording,
    write_simulation,
)
from cinedot.microscope.recording import numbers, recorded
from cinedot.microscope.simulate_command import SimulateOptions, simulate
from cinedot.particle import Cuboid, build, host_named, write_structures

HOST = host_named("CsPbBr3")
SMALL = build(Cuboid.cube(1, HOST), "prototype")
SCENE = Scene(atoms=SMALL, shape=(64, 64), frames=3, motion=Motion(subframes=1))


def _options(out: Path, **changes: object) -> SimulateOptions:
    chosen: dict[str, Any] = {
        "edges": "1",
        "compound": "prototype",
        "size": "64",
        "frames": 3,
    } | changes
    return SimulateOptions(out=out, **chosen)


@pytest.mark.parametrize("bits", [8, 16, 32])
def test_bits_hold_the_same_electrons(tmp_path: Path, bits: int):
    written = write_simulation(begin_filming(SCENE), tmp_path / "a.tif", bits=bits, host="CsPbBr3")
    signal = np.concatenate([part.signal for part in filmed(begin_filming(SCENE))])
    manifest = tomllib.loads(written.manifest.read_text("utf-8"))["movie"]
    held = open_movie(written.movie).frames.read(0, 3).astype(float)
    electrons = (held - manifest["offset"]) / manifest["gain"]
    # Rounding to whole units; an ideal camera counts whole electrons.
    assert np.abs(electrons - signal).max() <= 0.5 / manifest["gain"] + 1e-6
    assert open_movie(written.movie).frame_s == 0.02


def test_8_bits_are_filled_and_not_cut():
    for camera in (Camera(), one_view()):
        held = numbers(8, camera, Exposure())
        bright = np.full((1, 1), 2 * Exposure().electrons_per_pixel, dtype=np.float32)
        assert 128 < recorded(bright, held, camera)[0, 0] < 255
    with pytest.raises(InputError, match="8, 16 or 32"):
        numbers(12, Camera(), Exposure())


@pytest.mark.parametrize("ending", [".tif", ".mrc", ".zarr"])
def test_movie_and_truth_stand_side_by_side(tmp_path: Path, ending: str):
    told = simulate(_options(tmp_path / f"m{ending}", damage=True, tumbles=5.0))
    assert told.startswith("wrote")
    for name in ("frames", "sites", "events"):
        rows = pd.read_parquet(tmp_path / "m.truth" / f"{name}.parquet")
        assert list(rows.columns) == [column[0] for column in table_columns()[name]]
    assert {file.name for file in tmp_path.iterdir()} == {f"m{ending}", "m.truth", "sample.toml"}


def test_a_truth_that_cannot_be_written_leaves_no_movie(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(recording, "write_table", full)
    with pytest.raises(InputError, match="No space left"):
        write_simulation(begin_filming(SCENE), tmp_path / "a.tif")
    assert not list(tmp_path.iterdir())


def test_places_are_refused_before_anything_is_filmed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    filming = begin_filming(SCENE)
    monkeypatch.setattr(recording, "filmed", lambda _: pytest.fail("filmed"))
    (tmp_path / "a.tif").mkdir()
    (tmp_path / "b.truth").mkdir()
    (tmp_path / "b.truth" / "notes.txt").write_text("mine")
    (tmp_path / "c.truth").mkdir()
    (tmp_path / "c.mrc").write_text("")
    (tmp_path / "d").write_text("")
    for name, rule in (
        ("a.tif", "a folder stands there"),
        ("b.tif", "holds 'notes.txt'"),
        ("c.tif", "is that of c.mrc"),
        ("d/a.tif", "no folder that may be written to"),
    ):
        with pytest.raises(InputError, match=rule):
            write_simulation(filming, tmp_path / name)
    assert (tmp_path / "b.truth" / "notes.txt").read_text() == "mine"


def test_a_truth_is_replaced_by_the_next_of_its_name(tmp_path: Path):
    for frames in (3, 2):
        simulate(_options(tmp_path / "m.tif", frames=frames))
    assert len(pd.read_parquet(tmp_path / "m.truth" / "frames.parquet")) == 2


def test_what_was_simulated_is_what_analyze_reads(tmp_path: Path):
    """Every option that sample.toml knows, with more digits than most and no focal spread."""
    told = {
        "pixel_size": "0.0417123456 nm",
        "frame_time": "1.23456789012 ms",
        "dose_rate": "123456789.012 e/nm2/s",
        "defocus": "-3.14159265359 nm",
        "voltage": "79.987654321 kV",
        "spherical_aberration": "0 um",
    }
    simulate(_options(tmp_path / 'a "b" é.tif', camera="oneview", focal_spread="0 nm", **told))
    sample = open_folder(tmp_path)
    (movie,) = sample.manifest.movie
    assert find_file(sample, movie.file, key="[movie] file") == tmp_path / 'a "b" é.tif'
    scale = {"frame_time": 1e-3}
    for key, found in (
        ("pixel_size", movie.pixel_size_nm),
        ("frame_time", movie.frame_time_s),
        ("dose_rate", movie.dose_rate_e_per_nm2_s),
        ("defocus", movie.defocus_nm),
        ("voltage", movie.voltage_kv),
        ("spherical_aberration", movie.spherical_aberration_um),
    ):
        # Twelve digits are written.
        assert found == pytest.approx(float(told[key].split()[0]) * scale.get(key, 1), rel=1e-11)
    assert movie.focal_spread_nm == 0
    assert movie.gain == one_view(8).units_per_electron
    assert movie.offset == one_view(8).offset
    assert sample.manifest.sample.host == "CsPbBr3"


@pytest.mark.parametrize(
    "changes",
    [
        {"support": "carbon", "thickness": "1 nm", "support_moves": True, "front": "graphene"},
        {"support": "nanohorns", "front": "carbon", "front_thickness": "0.5 nm"},
        {"support": "nanotube", "camera": "oneview"},
    ],
    ids=["moving carbon", "nanohorns", "nanotube"],
)
def test_surroundings_and_cameras_are_filmed(tmp_path: Path, changes: dict[str, Any]):
    simulate(_options(tmp_path / "with.tif", frames=2, **changes))
    simulate(_options(tmp_path / "plain.tif", frames=2))
    made, bare = (
        open_movie(tmp_path / name).frames.read(0, 2) for name in ("with.tif", "plain.tif")
    )
    assert made.shape == bare.shape
    assert made.astype(float).std() > 1.01 * bare.astype(float).std()


def test_a_sample_that_stands_is_not_touched(tmp_path: Path):
    (tmp_path / "sample.toml").write_text("# mine\n")
    told = simulate(_options(tmp_path / "m.tif"))
    assert "[[movie]]" in told
    assert 'file = "m.tif"' in told
    assert (tmp_path / "sample.toml").read_text() == "# mine\n"


def test_structures_from_files(tmp_path: Path):
    write_structures([SMALL], tmp_path / "dot.extxyz")
    typed = {"structure": tmp_path / "dot.extxyz", "compound": None, "edges": None}
    simulate(_options(tmp_path / "m.tif", **typed))
    simulate(_options(tmp_path / "n.tif", ligands="heavy"))
    same = [open_movie(tmp_path / name).frames.read(0, 3) for name in ("m.tif", "n.tif")]
    # Positions in the file are rounded to 1e-8 angstrom: counts may differ here and there.
    assert (same[0] == same[1]).mean() > 0.99
    assert (tmp_path / "m.truth" / "sites.parquet").exists()


def test_atoms_without_sites_are_filmed_without_them(tmp_path: Path):
    write(tmp_path / "pair.xyz", Atoms("PbBr", positions=[(50, 0, 0), (52.9, 0, 0)]))
    typed = {"structure": tmp_path / "pair.xyz", "compound": None, "edges": None}
    told = simulate(_options(tmp_path / "m.tif", **typed))
    assert "without sites" in told
    names = {file.name for file in (tmp_path / "m.truth").iterdir()}
    assert names == {"frames.parquet", "events.parquet"}
    frames = open_movie(tmp_path / "m.tif").frames.read(0, 3).astype(float).mean(axis=0)
    # Off its middle in the file, in the middle of the field.
    assert np.abs(np.argwhere(frames == frames.min())[0] - 31.5).max() < 8
    with pytest.raises(InputError, match="carry none"):
        simulate(_options(tmp_path / "k.tif", damage=True, **typed))


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"out": "m.avi"}, "ending must name a format"),
        ({"out": "m.mrc", "bits": 8}, "8 were asked for"),
        ({"bits": 12}, "`--bits` must be 8, 16 or 32"),
        ({"dose_rate": "-1 e/nm2/s"}, "`--dose-rate` must be positive"),
        ({"dose_rate": "3 parsec"}, 'Write it as in --dose-rate "1.0 e/nm2/s"'),
        ({"pixel_size": "nan nm"}, "`--pixel-size` must be finite"),
        ({"frame_time": "0 s"}, "`--frame-time` must be positive"),
        ({"size": "20"}, "`--size` must span .* hold the dot"),
        ({"size": "big"}, "--size"),
        ({"support": "carbide"}, "--support"),
        ({"support": "none", "thickness": "2 nm"}, "must come with a support"),
        ({"support": "carbon", "thickness": "-2 nm"}, "`--thickness` must be positive"),
        ({"support": "carbon", "thickness": "1 km"}, "`--thickness` must be from 0 to 200 nm"),
        ({"front": "nanotube", "front_thickness": "1 um"}, "`--front-thickness` must be from 0"),
        ({"support": "graphene", "thickness": "1 um"}, "`--thickness` must be from 0 to 200 nm"),
        ({"voltage": "1 V"}, "`--voltage` must be from 10 to 3000 kV"),
        ({"defocus": "1 mm"}, "`--defocus` must be from"),
        ({"defocus": "200 nm"}, "`--defocus` must be at most 44.* half the field of 3.69"),
        ({"spherical_aberration": "1 m"}, "`--spherical-aberration` must be from"),
        ({"focal_spread": "1 mm"}, "`--focal-spread` must be from"),
        ({"pixel_size": "1 um"}, "`--pixel-size` must be from 0.001 to 10 nm"),
        ({"size": "99999"}, "`--size` must be such that a frame fits the memory of"),
        ({"frames": 10**13}, "`--frames` must be at most 2147483647"),
        ({"frames": 2**31 - 1, "size": "4096"}, "`--frames` must fit the .* free on the movie's"),
        ({"dose_rate": "1e16 e/nm2/s", "bits": 32}, "at most 1e\\+08 electrons a pixel"),
        ({"tumbles": 1e8}, "`--tumbles` must be at most 50000"),
        ({"damage": True, "frame_time": "500 s", "dose_rate": "1e3 e/nm2/s"}, "20000 steps of"),
        ({"support": "graphene", "thickness": "0.1 nm"}, "`--thickness` must be at least"),
        ({"camera": "k3"}, "--camera"),
        ({"camera": "oneview", "size": "5000"}, "at most 4096"),
        ({"ligands": "none"}, "--ligands"),
        ({"ligands": "all"}, "`--ligands all` must have ligands to move .* Leave it out"),
        ({"frames": 0}, "`--frames`"),
        ({"tumbles": -1.0}, "`--tumbles` must not be negative.* 0 is none"),
        ({"drift": "10 nm/s", "frames": 50}, "out of it.* less `--drift`, fewer `--frames`"),
        ({"voltage": "0 kV"}, "`--voltage`"),
        ({"edges": "0"}, "`--edges` must be .* is --edges 4"),
        ({"support_moves": True}, "`--support-moves` must have a support to move"),
        ({"front": "carbide"}, "--front"),
        ({"front_thickness": "2 nm"}, "--front-thickness"),
        ({"out": "a\nb.tif"}, "name must be text"),
        ({"structure": Path("no.extxyz")}, "must stand alone"),
        (
            {"structure": Path("no.extxyz"), "compound": None, "edges": None, "ligands": "heavy"},
            "--ligands heavy came with it",
        ),
        ({"structure": Path("no.extxyz"), "compound": None, "edges": None}, "must exist"),
    ],
)
def test_bad_input_is_one_line_and_nothing_is_written(
    tmp_path: Path, changes: dict[str, Any], rule: str
):
    out = tmp_path / str(changes.pop("out", "m.tif"))
    with pytest.raises(InputError, match=rule) as caught:
        simulate(_options(out, **changes))
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_broken_structures_are_one_line(tmp_path: Path):
    typed: dict[str, Any] = {"compound": None, "edges": None}
    (tmp_path / "b.xyz").write_text("1\n\nPb 0 0 nan\n")
    with pytest.raises(InputError, match=r"b\.xyz, line 3, atom 1 \(Pb\): every position"):
        simulate(_options(tmp_path / "m.tif", structure=tmp_path / "b.xyz", **typed))
    assert not (tmp_path / "m.tif").exists()


def test_what_stays_in_the_field_for_1000_frames_leaves_it_in_3000(tmp_path: Path):
    """The default drift; said before anything is filmed (docs: some 1,500 frames of 10 nm)."""
    begin_filming(Scene(atoms=SMALL, frames=1000))
    typed = {"frames": 3000, "size": "256"}
    with pytest.raises(InputError, match=r"the dot must stay in the frame.*`--drift`"):
        simulate(_options(tmp_path / "m.tif", **typed))


@pytest.mark.parametrize("ending", [".tif", ".zarr"])
def test_names_with_brackets_are_names_first_and_patterns_then(tmp_path: Path, ending: str):
    """[1] is a set of one letter to a pattern."""
    simulate(_options(tmp_path / f"a [1]*? [b]{ending}"))
    simulate(_options(tmp_path / f"a 1 b{ending}"))
    sample = open_folder(tmp_path)
    (movie,) = sample.manifest.movie
    window = open_window(sample, movie)
    assert window.paths[0].is_relative_to(tmp_path / f"a [1]*? [b]{ending}")
    assert find_files(sample, (f"a [1] b{ending}",), key="k") == (tmp_path / f"a 1 b{ending}",)
    assert find_files(sample, (movie.file,), key="k") == (tmp_path / movie.file,)


@pytest.mark.parametrize("ending", [".tif", ".mrc"])
def test_analyze_runs_on_what_was_simulated(tmp_path: Path, ending: str):
    simulate(_options(tmp_path / f"m{ending}", edges="3", frames=4, size="176", seed=1))
    with (tmp_path / "sample.toml").open("a") as manifest:
        manifest.write('\n[model]\nedges = [3]\ncompounds = ["mla-cs"]\n')
    assert analyze_folders((tmp_path,), out=None, only=("movie",), allow_outside=False) == 0
    frames = pd.read_parquet(next((tmp_path / "results").rglob("frames.parquet")))
    truth = pd.read_parquet(tmp_path / "m.truth" / "frames.parquet")
    assert len(frames) == len(truth) == 4
    quaternion = ["qx", "qy", "qz", "qw"]
    found, true = (
        Rotation.from_quat(table[quaternion].to_numpy()).as_matrix() for table in (frames, truth)
    )
    # Another view would be tens of degrees off; within a frame the dot rocks by some tenths.
    assert (misorientation_deg(found, true, (3, 3, 3)) < 4).all()
    assert np.abs(frames[["x_nm", "y_nm"]] - truth[["x_nm", "y_nm"]]).to_numpy().max() < 0.05
    assert (tmp_path / "results" / "dossier.json").exists()


@pytest.mark.acceptance
def test_ten_thousand_frames_fit_in_memory(tmp_path: Path, record_figure):
    """10,000 frames of 64 x 64 pixels of a 2 x 2 x 2 dot, in a process of its own."""
    code = (
        "import resource, sys\n"
        "from cinedot.cli import main\n"
        f"sys.argv = ['cinedot', 'simulate', '--out', {str(tmp_path / 'm.tif')!r}, '--compound',"
        " 'prototype', '--edges', '2', '--size', '64', '--frames', '10000', '--drift', '0 nm/s',"
        " '--damage', '--tumbles', '0.1']\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code\n"
        "print('KIB', resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    gib = int(done.stdout.rsplit("KIB", 1)[1]) / 2**20
    assert len(open_movie(tmp_path / "m.tif")) == 10_000
    record_figure("memory of 10,000 frames simulated to disk", f"{gib:.2f} GiB", "< 1.5 GiB")
    assert gib < 1.5


def test_a_manifest_that_says_otherwise_is_not_called_right(tmp_path: Path):
    """Filming again to the same name with other bits must not leave the old gain to be believed."""
    path = tmp_path / "a.tif"
    first = write_simulation(begin_filming(SCENE), path)
    again = write_simulation(begin_filming(SCENE), path)
    other = write_simulation(begin_filming(SCENE), path, bits=8)
    assert (first.to_add, again.to_add) == ("", "")
    assert other.to_add.startswith('[[movie]]\nname = "a"')
    assert "processed = true" in other.to_add
    assert "gain = 8\n" in first.manifest.read_text("utf-8")
    beside = write_simulation(begin_filming(SCENE), tmp_path / "data-a.tif")
    assert 'file = "data-a.tif"' in beside.to_add


def test_frames_too_bright_for_16_bits_are_refused():
    with pytest.raises(InputError, match="16 bits must hold"):
        numbers(16, Camera(), Exposure(frame_s=0.2))
