"""`[movie]` with frames that are no frames, and with a scale that is wrong by ten times."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import scipy.ndimage
import tifffile

from cinedot.core import ArrayFrames, Movie
from cinedot.dossier.sections.scale_doubts import implausible_scale, movie_suspicion
from cinedot.micrographs import Lattice
from cinedot.particle import host_named

Run = Callable[..., tuple[int, str, str]]

PIXEL_NM, SIDE, FRAMES = 0.042, 180, 8


@pytest.fixture(scope="module")
def film() -> np.ndarray:
    """A square of crossed fringes, 2.4 nm wide, over noise."""
    seed = np.random.SeedSequence().entropy
    print("seed", seed)
    rng = np.random.default_rng(seed)
    y, x = (np.mgrid[:SIDE, :SIDE] - SIDE / 2) * PIXEL_NM
    inside = scipy.ndimage.gaussian_filter(((abs(x) < 1.2) & (abs(y) < 1.2)).astype(float), 3.0)
    # (2 0 0) of CsPbBr3.
    waves = np.cos(2 * np.pi * x / 0.2937) + np.cos(2 * np.pi * y / 0.2937)
    mean = 900 * (1 + 0.12 * inside * waves)
    return rng.poisson(mean, (FRAMES, SIDE, SIDE)).astype(np.float32)


def _folder(
    folder: Path,
    film: np.ndarray,
    *,
    stored_nm: float = PIXEL_NM,
    sample: str = "",
    movie: str = "",
) -> Path:
    tifffile.imwrite(
        folder / "m.tif",
        film,
        imagej=True,
        resolution=(1 / stored_nm, 1 / stored_nm),
        metadata={"unit": "nm", "finterval": 0.02, "axes": "TYX"},
    )
    (folder / "sample.toml").write_text(
        f'[sample]\nname = "film"\n{sample}\n[movie]\nfile = "m.tif"\n{movie}\n'
    )
    return folder


def _dossier(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "results" / "dossier.json").read_text("utf-8"))


def test_faulty_frames_are_told_and_have_no_pose(
    run: Run, film: np.ndarray, tmp_path: Path
) -> None:
    bad = film.copy()
    bad[0] = 0
    bad[2, 10:12, 10] = np.nan
    bad[4] = np.minimum(bad[4] * 1.2, 1000)
    bad[5, 90:] = 0
    bad[6, :2] = 0  # as after a shift: borne
    # Frame 1 of the file is left out, so that numbers in the file and in the window differ.
    status, out, err = run("analyze", _folder(tmp_path, bad, movie="skip = [1]"))
    assert status == 0, err
    found, page = _dossier(tmp_path), (tmp_path / "results" / "dossier.html").read_text("utf-8")
    unfit = found["results"]["movie"]["frames_unfit"]
    assert unfit["value"] == 4
    assert unfit["method"].endswith(": 0, 2, 4, 5")
    checks = {one["name"]: one for one in found["checks"]}
    assert checks["frames"]["status"] == "tension"
    told = checks["frames"]["detail"]
    assert told.startswith("4 of 7 frames cannot be measured and have no pose: ")
    for words in ("pixels are zero: 0", r"infinite \([\d.]+ % of the pixels\): 2",
                  r"saturated \([\d.]+ % of the pixels\): 4", r"all zero\): 5"):  # fmt: skip
        assert re.search(words, told), told
    assert re.search(r"all zero\): 6", checks["frames with a fault"]["detail"])
    for text in (page, out):
        assert "4 of 7 frames cannot be measured" in " ".join(text.split())
    rows = pq.read_table(tmp_path / "results" / "frames.parquet").to_pandas()
    first = rows[rows["particle"] == 0].set_index("frame")
    assert first.index.tolist() == [0, 2, 3, 4, 5, 6, 7]
    assert (first.loc[[0, 2, 4, 5], "status"] == "failed").all()
    assert first.loc[[0, 2, 4, 5], ["x_nm", "y_nm", "qw", "residual"]].isna().all(axis=None)
    # Crossed fringes of 12 % over 3 % of noise: a hundred times what counts as found.
    assert (first.loc[[3, 6, 7], "status"] == "ambiguous").all()
    middle = (SIDE // 2) * PIXEL_NM
    # Six times the 0.03 nm that a place is known to.
    assert np.allclose(first.loc[[3, 6, 7], ["x_nm", "y_nm"]], middle, atol=0.2)


def test_sound_frames_are_not_complained_of(run: Run, film: np.ndarray, tmp_path: Path) -> None:
    assert run("analyze", _folder(tmp_path, film))[0] == 0
    found = _dossier(tmp_path)
    assert "frames_unfit" not in found["results"]["movie"]
    assert not [one for one in found["checks"] if one["name"].startswith("frames")]


@pytest.mark.parametrize(
    ("value", "says"),
    [(0.0, "all pixels are zero: 0 to 7"), (7.0, "all pixels are of one value: 0 to 7")],
)
def test_a_movie_of_nothing_says_which_frames(
    run: Run, tmp_path: Path, value: float, says: str
) -> None:
    empty = np.full((FRAMES, SIDE, SIDE), value, np.float32)
    status, _, err = run("analyze", _folder(tmp_path, empty))
    assert status == 1
    (line,) = [one for one in err.splitlines() if "failed" in one]
    assert f"none of the 8 frames can be measured ({says})" in line
    assert "Traceback" not in err


def test_nan_in_every_frame_is_bad_input(run: Run, film: np.ndarray, tmp_path: Path) -> None:
    bad = film.copy()
    bad[:, 3, 4] = np.nan
    status, _, err = run("analyze", _folder(tmp_path, bad))
    assert (status, err.count("\n")) == (2, 1)
    assert "m.tif, frames 0 to 7: frames must hold finite numbers" in err


@pytest.mark.parametrize("factor", [10.0, 0.1])
@pytest.mark.parametrize("stated", [True, False])
def test_a_pixel_wrong_by_ten_times_is_said(
    run: Run, film: np.ndarray, tmp_path: Path, factor: float, stated: bool
) -> None:
    wrong = PIXEL_NM * factor
    folder = _folder(
        tmp_path,
        film,
        stored_nm=PIXEL_NM if stated else wrong,
        sample='host = "CsPbBr3"',
        movie=f'pixel_size = "{wrong:g} nm"' if stated else "",
    )
    status, _, err = run("analyze", folder)
    assert status == 1
    side = "large" if factor > 1 else "small"
    message = _dossier(folder)["sections"]["movie"]["message"]
    for words in (
        f"The pixel size of m.tif looks 10 times too {side}: with pixels of 0.042 nm in place of "
        f"the stated {wrong:.4g} nm",
        "CsPbBr3 has 0.29",
        "Check `pixel_size` in sample.toml." if stated else "The file says so: give the right",
    ):
        assert words in message
    # What is read off the page is what the terminal says.
    assert message in err


@pytest.mark.parametrize(("factor", "side"), [(10.0, "large"), (0.1, "small")])
def test_without_anything_to_see_the_scale_itself_is_doubted(
    run: Run, tmp_path: Path, factor: float, side: str
) -> None:
    noise = np.random.default_rng().poisson(900, (3, SIDE, SIDE)).astype(np.uint16)
    text = f'pixel_size = "{PIXEL_NM * factor:g} nm"'
    _, _, err = run("analyze", _folder(tmp_path, noise, sample='host = "CsPbBr3"', movie=text))
    # Should noise show a lattice at another scale (in fewer than 0.02 of movies), that is named.
    assert re.search(rf"looks (10 times )?too {side}", err)


def test_a_right_scale_is_not_doubted() -> None:
    lattice = Lattice.of_host(host_named("CsPbBr3"))
    noise = np.random.default_rng().poisson(900, (3, SIDE, SIDE)).astype(np.uint16)
    movie = Movie(
        frames=ArrayFrames(frames=noise), name="m", pixel_x_nm=PIXEL_NM, pixel_y_nm=PIXEL_NM
    )
    assert movie_suspicion(movie, lattice) is None
    assert implausible_scale(movie.image(0), lattice, 6) is None
