"""`corrections.toml`: read strictly; picked edges beside fitted poses; frames and dots left out."""

import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import scipy.ndimage
import scipy.stats
import tifffile
from scipy.spatial.transform import Rotation

from cinedot.core import AnalysisError, Estimate, InputError
from cinedot.core.tables import arrow_schema
from cinedot.dossier.corrections import Corrections, read_corrections
from cinedot.dossier.findings import Findings
from cinedot.dossier.folder import open_folder
from cinedot.dossier.sections.picked_edges import with_corrections
from cinedot.microscope import Lens, place_dots, simulate_survey
from cinedot.particle import host_named

Run = Callable[..., tuple[int, str, str]]
SIGNED = 'who = "A. Person"\nwhen = 2026-01-15\nwhy = "a reason"\n'
PICKS = '[["1 nm","1 nm","2 nm","1 nm"],["1 nm","1 nm","1 nm","30 A"]]'
EDGE_NM, SIGMA_NM = 2.35, 0.05


@pytest.fixture
def rng():
    seed = np.random.SeedSequence().entropy
    print("seed", seed)
    return np.random.default_rng(seed)


def _sample(folder: Path, corrections: str, movies: str = '[movie]\nfile = "m.tif"\n'):
    (folder / "sample.toml").write_text(f'[sample]\nname = "s"\nhost = "CsPbBr3"\n{movies}')
    (folder / "corrections.toml").write_text(corrections)
    return open_folder(folder, use_lab=False)


def test_without_a_file_nothing_is_corrected(tmp_path: Path) -> None:
    sample = _sample(tmp_path, "")
    (tmp_path / "corrections.toml").unlink()
    assert read_corrections(sample) == Corrections()
    nothing = Findings(results={})
    assert with_corrections(sample, sample.manifest.movie[0], nothing) is nothing


def test_every_correction_is_read(tmp_path: Path) -> None:
    text = (
        f"[[picked_edges]]\nframe = 3\nends = {PICKS}\nsigma = 0.02\n{SIGNED}"
        f"[[rejected_frames]]\nframes = [1, 2]\n{SIGNED}"
        f'[[rejected_particles]]\nimage = "a.tif"\nat = [["3 nm", 40.0]]\n{SIGNED}'
    )
    two = '[[movie]]\nname="one"\nfile="m.tif"\n[[movie]]\nname="two"\nfile="m.tif"\n'
    sample = _sample(tmp_path, text, '[movie]\nfile="m.tif"\n[survey]\nfiles=["a.tif"]\n')
    found = read_corrections(sample)
    assert found.picked_edges[0].ends_nm[1] == (1.0, 1.0, 1.0, 3.0)
    assert found.picked_edges[0].sigma_nm == 0.02
    assert found.rejected_frames[0].signed == "A. Person, 2026-01-15: a reason"
    assert found.rejected_particles[0].at_nm == ((3.0, 40.0),)
    named = f'[[rejected_frames]]\nmovie = "two"\nframes = [1]\n{SIGNED}'
    sample = _sample(tmp_path, named, two)
    one, other = (read_corrections(sample).of_movie(one) for one in sample.manifest.movie)
    assert (len(one.rejected_frames), len(other.rejected_frames)) == (0, 1)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[[picked_edges]\n", "TOML"),
        (f"[[picked_edge]]\nframe = 1\n{SIGNED}", "`picked_edges`"),
        (f"[[picked_edges]]\nfame = 1\nends = {PICKS}\n{SIGNED}", "`frame`"),
        (f"[[picked_edges]]\nends = {PICKS}\n{SIGNED}", "`frame` must be given"),
        (f"[[picked_edges]]\nframe = -1\nends = {PICKS}\n{SIGNED}", "`frame`"),
        (f"[[picked_edges]]\nframe = 1\nends = [[0, 0, 1, 1]]\n{SIGNED}", "`ends`"),
        (f"[[picked_edges]]\nframe = 1\nends = [[0, 0, 1], [0, 0, 1]]\n{SIGNED}", "ends"),
        (f"[[picked_edges]]\nframe = 1\nends = [[0, 0, 1, 1], [2, 2, 2, 2]]\n{SIGNED}", "`ends`"),
        (f"[[picked_edges]]\nframe = 1\nparallel = true\nends = {PICKS}\n{SIGNED}", "three"),
        (f'[[picked_edges]]\nframe = 1\nsigma = "0 nm"\nends = {PICKS}\n{SIGNED}', "`sigma`"),
        (f'[[picked_edges]]\nframe = 1\nmovie = "x"\nends = {PICKS}\n{SIGNED}', "`movie`"),
        ('[[rejected_frames]]\nframes = [1]\nwho = "A"\nwhy = "b"\n', "`when` must be given"),
        (f"[[rejected_frames]]\nframes = []\n{SIGNED}", "`frames`"),
        ('[[rejected_frames]]\nframes = [1]\nwho = ""\nwhen = 2026-01-15\nwhy = "b"\n', "`who`"),
        ('[[rejected_frames]]\nframes = [1]\nwho = "A"\nwhen = "then"\nwhy = "b"\n', "`when`"),
        (f'[[rejected_particles]]\nimage = "a"\nat = [[1, 2]]\n{SIGNED}', "survey"),
    ],
)
def test_bad_corrections_are_told(tmp_path: Path, text: str, told: str) -> None:
    sample = _sample(tmp_path, text)
    with pytest.raises(InputError, match=told) as fault:
        read_corrections(sample)
    assert "corrections.toml" in str(fault.value)
    assert "cinedot new" not in str(fault.value)


def test_several_movies_must_be_told_apart(tmp_path: Path) -> None:
    two = '[[movie]]\nname="one"\nfile="m.tif"\n[[movie]]\nname="two"\nfile="m.tif"\n'
    for movie, told in (("", "must be given"), ('movie = "oen"\n', "Did you mean `one`")):
        with pytest.raises(InputError, match=told):
            read_corrections(
                _sample(tmp_path, f"[[rejected_frames]]\n{movie}frames = [1]\n{SIGNED}", two)
            )


def _picked(
    rotation: np.ndarray, centre: np.ndarray, rng: np.random.Generator, sigma_nm: float = SIGMA_NM
) -> np.ndarray:
    """Three edges that meet at a corner, as a person picks them."""
    corner = centre + rotation[:2].sum(axis=1) * EDGE_NM / 2
    ends = [np.concatenate([corner, corner - EDGE_NM * rotation[:2, i]]) for i in range(3)]
    return np.array(ends) + rng.normal(0, sigma_nm, (3, 4))


def _findings(rotation: np.ndarray, edges: str = "4x4x4", sigma_deg: float = 0.1) -> Findings:
    quaternion = Rotation.from_matrix(rotation).as_quat(canonical=True, scalar_first=True)
    row = ("m", 0, 5, 0.11, 4.0, 5.0, *quaternion, sigma_deg, 0.002, 6.0, 1.0, "ok")
    table = pd.DataFrame([row], columns=arrow_schema("frames").names)
    how = Estimate(value=edges, sigma=None, unit="", method="views")
    return Findings(results={"edges": how}, tables={"frames": table})


def _corrected(folder: Path, ends: np.ndarray, found: Findings, sigma_nm: float = SIGMA_NM):
    text = f"[[picked_edges]]\nframe = 5\nsigma = {sigma_nm}\nends = {ends.tolist()}\n{SIGNED}"
    sample = _sample(folder, text)
    return with_corrections(sample, sample.manifest.movie[0], found)


CENTRE = np.array([4.0, 5.0])


def test_exact_picks_agree_with_the_pose_and_others_are_in_tension(tmp_path, rng) -> None:
    rotation = Rotation.from_euler("xyz", [20, 30, 40], degrees=True).as_matrix()
    ends = _picked(rotation, CENTRE, rng, 0.0)
    found = _corrected(tmp_path, ends, _findings(rotation))
    (check,) = found.checks
    assert check.status == "agree"
    assert found.results["picked_edge"].value == pytest.approx(EDGE_NM, abs=1e-6)
    assert found.results["picked_turn"].value == pytest.approx(0, abs=1e-4)
    assert found.results["picked_orientation"].value == found.results["fitted_orientation"].value
    assert "a reason" in " ".join(found.remarks)
    assert [path.name for path in found.inputs] == ["corrections.toml"]
    # About the beam three picks of 0.05 nm are good to a degree: 15 are far beyond three sigmas.
    turned = Rotation.from_euler("z", 15, degrees=True).as_matrix() @ rotation
    (check,) = _corrected(tmp_path, ends, _findings(turned)).checks
    assert check.status == "tension"
    # The mirror image in depth is the same picks: a half turn about the beam.
    mirrored = np.diag([-1.0, -1.0, 1.0]) @ rotation
    (check,) = _corrected(tmp_path, ends, _findings(mirrored)).checks
    assert check.status == "agree"


def test_chances_of_the_check_are_those_of_the_scatter(tmp_path, rng) -> None:
    """Distances of 40 picks from poses, both with errors: chi-square, all but once in a million."""
    total, trials, sigma_nm, sigma_deg = 0.0, 40, 0.002, 0.05
    rotation = Rotation.from_euler("xyz", [20, 30, 40], degrees=True).as_matrix()
    for _ in range(trials):
        turn = Rotation.from_rotvec(np.radians(rng.normal(0, sigma_deg, 3))).as_matrix()
        ends = _picked(rotation, CENTRE, rng, sigma_nm)
        found = _findings(turn @ rotation, sigma_deg=sigma_deg)
        (check,) = _corrected(tmp_path, ends, found, sigma_nm).checks
        chance = float(check.detail.split("p = ")[1].split(")")[0])
        total += float(scipy.stats.chi2.isf(min(chance, 1 - 1e-9), 3))
    low, high = scipy.stats.chi2.ppf([5e-7, 1 - 5e-7], 3 * trials)
    print(total / 3 / trials, low / 3 / trials, high / 3 / trials)
    # Printed to two digits, which moves a distance by a few hundredths.
    assert low / 1.05 < total < high * 1.05


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("cuboid", "4x4x5"),
        ("no pose", "no orientation was fitted there .absent."),
        ("elsewhere", "nm away"),
    ],
)
def test_what_cannot_be_compared_is_said(tmp_path, rng, change: str, told: str) -> None:
    rotation = Rotation.from_euler("xyz", [20, 30, 40], degrees=True).as_matrix()
    found = _findings(rotation, "4x4x5" if change == "cuboid" else "4x4x4")
    table = found.tables["frames"]
    if change == "no pose":
        table.loc[0, ["qw", "qx", "qy", "qz"]] = math.nan
        table.loc[0, "status"] = "absent"
    centre = CENTRE + (20 if change == "elsewhere" else 0)
    corrected = _corrected(tmp_path, _picked(rotation, centre, rng), found)
    (check,) = corrected.checks
    assert check.status == "undecided"
    assert re.search(told, check.detail)
    assert "picked_turn" not in corrected.results


PIXEL_NM, SIDE, FRAMES = 0.042, 180, 6


@pytest.fixture(scope="module")
def film() -> np.ndarray:
    """A square of crossed fringes, 2.4 nm wide, over noise."""
    seed = np.random.SeedSequence().entropy
    print("seed", seed)
    rng = np.random.default_rng(seed)
    y, x = (np.mgrid[:SIDE, :SIDE] - SIDE / 2) * PIXEL_NM
    inside = scipy.ndimage.gaussian_filter(((abs(x) < 1.2) & (abs(y) < 1.2)).astype(float), 3.0)
    waves = np.cos(2 * np.pi * x / 0.2937) + np.cos(2 * np.pi * y / 0.2937)
    return rng.poisson(900 * (1 + 0.12 * inside * waves), (FRAMES, SIDE, SIDE)).astype(np.float32)


def _filmed(folder: Path, film: np.ndarray, corrections: str, movie: str = "") -> Path:
    folder.mkdir()
    tifffile.imwrite(
        folder / "m.tif",
        film,
        imagej=True,
        resolution=(1 / PIXEL_NM, 1 / PIXEL_NM),
        metadata={"unit": "nm", "finterval": 0.02, "axes": "TYX"},
    )
    (folder / "sample.toml").write_text(
        f'[sample]\nname = "film"\n[movie]\nfile = "m.tif"\n{movie}\n'
    )
    if corrections:
        (folder / "corrections.toml").write_text(corrections)
    return folder


def _analysed(run: Run, folder: Path) -> Path:
    assert run("analyze", folder)[0] == 0
    return folder


def _dossier(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "results" / "dossier.json").read_text("utf-8"))


def test_rejected_frames_are_left_out_as_skip_does(run: Run, film, tmp_path: Path) -> None:
    rejected = f"[[rejected_frames]]\nframes = [1, 4]\n{SIGNED}"
    picks = f"[[picked_edges]]\nframe = 2\nends = {PICKS}\n{SIGNED}"
    by_hand = _filmed(tmp_path / "hand", film, rejected + picks)
    skipped = _filmed(tmp_path / "skip", film, "", "skip = [1, 4]")
    assert run("analyze", by_hand)[0] == run("analyze", skipped)[0] == 0
    one, other = (
        pq.read_table(folder / "results" / "frames.parquet") for folder in (by_hand, skipped)
    )
    pd.testing.assert_frame_equal(one.to_pandas(), other.to_pandas())
    assert sorted(set(one["frame"].to_pylist())) == [0, 2, 3, 5]
    found, page = _dossier(by_hand), (by_hand / "results" / "dossier.html").read_text("utf-8")
    assert "corrections.toml" in found["provenance"]["inputs"]
    whole = _dossier(_analysed(run, _filmed(tmp_path / "whole", film, "")))
    assert (
        found["results"]["movie"]["automatic_frames_found"]
        == whole["results"]["movie"]["frames_found"]
    )
    assert found["results"]["movie"]["frames_found"]["value"] <= 4
    checks = {check["name"]: check for check in found["checks"]}
    assert checks["orientation in frame 2: fitted against picked edges"]["status"] == "undecided"
    # Edges of 1 and 2 nm at right angles: sum z^2 = -3 nm2, L^2 = (1 + 4 + 3) / 2.
    assert found["results"]["movie"]["picked_edge"]["value"] == pytest.approx(2.0)
    said = "Left out by hand: frames 1, 4 (A. Person, 2026-01-15: a reason)"
    for words in (said, "Edges picked in frame 2"):
        assert words in page


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f"[[rejected_frames]]\nframes = [99]\n{SIGNED}", "[rejected_frames] frames"),
        (f"[[picked_edges]]\nframe = 6\nends = {PICKS}\n{SIGNED}", "[picked_edges] frame"),
        (
            "[[picked_edges]]\nframe = 1\nparallel = true\n"
            f"ends = [[0, 0, 1, 0], [0, 1, 1, 1], [0, 2, 0, 3]]\n{SIGNED}",
            "[picked_edges] ends",
        ),
        (f"[[rejected_frames]]\nframs = [1]\n{SIGNED}", "The nearest known key is `frames`"),
    ],
)
def test_bad_corrections_end_in_one_line(run: Run, film, tmp_path, text: str, told: str) -> None:
    status, _, err = run("analyze", _filmed(tmp_path / "s", film, text))
    assert (status, len(err.splitlines())) == (2, 1)
    assert told in err
    assert "corrections.toml" in err
    assert not (tmp_path / "s" / "results").exists()


def test_rejected_particles_are_left_out_beside_the_automatic_answer(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cinedot.micrographs import classification

    def none(*_: object, **__: object) -> None:
        raise AnalysisError("no ground is left.", remedy="None.")

    # Views take a minute of a core.
    monkeypatch.setattr(classification, "classify", none)
    seed = int(np.random.SeedSequence().generate_state(1)[0])
    print("seed", seed)
    shape = (256, 256)
    dots = place_dots([4] * 5, host=host_named("CsPbBr3"), shape=shape, seed=seed)
    image = simulate_survey(dots, lens=Lens(defocus_nm=8.0), shape=shape, seed=seed).image
    tifffile.imwrite(
        tmp_path / "a.tif",
        image.data.astype(np.uint16),
        imagej=True,
        resolution=(10, 10),
        metadata={"unit": "nm"},
    )
    (tmp_path / "sample.toml").write_text(
        '[sample]\nname = "dots"\nhost = "CsPbBr3"\n[survey]\nfiles = ["a.tif"]\n'
    )
    assert run("analyze", tmp_path)[0] == 0
    before, rows = _dossier(tmp_path), pq.read_table(tmp_path / "results" / "particles.parquet")
    gone = rows.to_pandas().iloc[0]
    (tmp_path / "corrections.toml").write_text(
        '[[rejected_particles]]\nimage = "a.tif"\n'
        f"at = [[{gone['x_nm'] + 0.2}, {gone['y_nm']}], [-9, -9]]\n{SIGNED}"
    )
    assert run("analyze", tmp_path)[0] == 0
    after = _dossier(tmp_path)
    left = pq.read_table(tmp_path / "results" / "particles.parquet").to_pandas()
    assert len(left) == len(rows) - 1
    assert not ((left["x_nm"] == gone["x_nm"]) & (left["y_nm"] == gone["y_nm"])).any()
    old, new = (one["results"]["survey"] for one in (before, after))
    assert new["particles"]["value"] == old["particles"]["value"] - 1
    for name in ("particles", "mean_edge"):
        assert new[f"automatic_{name}"]["value"] == old[name]["value"]
    names = {check["name"]: check["status"] for check in after["checks"]}
    assert names["mean_edge: automatic against corrected"] == "circular"
    page = (tmp_path / "results" / "dossier.html").read_text("utf-8")
    for words in ("1 particle of a.tif (A. Person", "is at -9, -9 nm"):
        assert words in page
    (tmp_path / "corrections.toml").write_text(
        f'[[rejected_particles]]\nimage = "b.tif"\nat = [[1, 1]]\n{SIGNED}'
    )
    status, _, err = run("analyze", tmp_path)
    assert (status, len(err.splitlines())) == (2, 1)
    assert "corrections.toml, [rejected_particles] image" in err
