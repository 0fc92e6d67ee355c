"""`[survey]` from image to dossier: a simulated field, and images that nothing can be had from."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import tifffile

from cinedot.core import AnalysisError, Image, InputError
from cinedot.core.tables import arrow_schema
from cinedot.dossier.sections import survey_looks
from cinedot.dossier.sections.survey_looks import look_at, region_in
from cinedot.micrographs import Particles
from cinedot.microscope import Lens, place_dots, simulate_survey
from cinedot.particle import host_named

Run = Callable[..., tuple[int, str, str]]
DOTS = [4] * 7 + [5]


@pytest.fixture(scope="module")
def field() -> Image:
    seed = int(np.random.SeedSequence().generate_state(1)[0])
    print("seed", seed)
    shape = (288, 288)
    dots = place_dots(DOTS, host=host_named("CsPbBr3"), shape=shape, seed=seed)
    return simulate_survey(dots, lens=Lens(defocus_nm=8.0), shape=shape, seed=seed).image


def _folder(folder: Path, data: np.ndarray, more: str = "") -> Path:
    tifffile.imwrite(
        folder / "a.tif", data, imagej=True, resolution=(10, 10), metadata={"unit": "nm"}
    )
    (folder / "sample.toml").write_text(
        f'[sample]\nname = "dots"\nhost = "CsPbBr3"\n[survey]\nfiles = ["a.tif"]\n{more}\n'
    )
    return folder


def _dossier(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "results" / "dossier.json").read_text("utf-8"))


@pytest.fixture
def by_lengths(monkeypatch: pytest.MonkeyPatch) -> None:
    """Views take a minute of a core: here n comes from edges, as where no ground is left."""
    from cinedot.micrographs import classification

    def none(*_: object, **__: object) -> None:
        raise AnalysisError("no ground is left.", remedy="None.")

    monkeypatch.setattr(classification, "classify", none)


@pytest.mark.usefixtures("by_lengths")
def test_a_simulated_field_end_to_end(run: Run, field: Image, tmp_path: Path) -> None:
    folder = _folder(tmp_path, field.data.astype(np.uint16))
    status, _, err = run("analyze", folder)
    assert status == 0, err
    found, page = _dossier(folder), (folder / "results" / "dossier.html").read_text("utf-8")
    survey = found["results"]["survey"]
    # Of 228 dots in six such fields all were found: should 1 in 100 be missed, four of 8 come once
    # in 1.4 million. The search allows 0.04 false ones: four come once in ten million.
    assert 5 <= survey["particles"]["value"] <= len(DOTS) + 3
    # Pb-Pb distance: 12 dots came out 0.3 % off with as much scatter; 2.5 % is seven of these.
    assert survey["lattice"]["value"] == pytest.approx(0.5874, rel=0.025)
    checks = {one["name"]: one["status"] for one in found["checks"]}
    assert checks["pixel size against lattice"] == "agree"
    table = pq.read_table(folder / "results" / "particles.parquet")
    assert table.schema.equals(arrow_schema("particles"))
    assert all(len(row) == 4 and 0 <= sum(row) <= 1 for row in table["p_all"].to_pylist())
    series = pq.read_table(folder / "results" / "series.parquet").to_pandas()
    wide = series.pivot_table(index="label", columns="quantity", values="value")
    assert (wide["fraction_low"] <= wide["fraction"]).all()
    assert (wide["fraction"] <= wide["fraction_high"]).all()
    for words in ("n is judged by the edges", "no ground is left", "blurred square", "95 % from"):
        assert words in page


@pytest.mark.usefixtures("by_lengths")
@pytest.mark.parametrize(
    ("edges", "says"),
    [
        ("[4, [4, 4, 5], 5]", "counted as cubes of n = 4, 5; 4x4x5 is fitted in movies only"),
        ("[[4, 4, 5], [5, 5, 4]]", "[model] edges has no cube, and 4x4x5, 5x5x4 is fitted"),
    ],
)
def test_cuboids_that_are_not_counted_are_named(
    run: Run, field: Image, tmp_path: Path, edges: str, says: str
) -> None:
    folder = _folder(tmp_path, field.data.astype(np.uint16), f"[model]\nedges = {edges}")
    status, out, err = run("analyze", folder)
    assert status == 0, err
    (check,) = [one for one in _dossier(folder)["checks"] if one["name"] == "survey candidates"]
    assert says in check["detail"]
    assert says in (folder / "results" / "dossier.html").read_text("utf-8")
    assert "survey candidates" in out


@pytest.mark.usefixtures("by_lengths")
@pytest.mark.parametrize("pixel", ["1 nm", "0.01 nm"])
def test_a_pixel_wrong_by_ten_times_is_said(
    run: Run, field: Image, tmp_path: Path, pixel: str
) -> None:
    folder = _folder(tmp_path, field.data.astype(np.uint16), f'pixel_size = "{pixel}"')
    status, _, err = run("analyze", folder)
    assert status in (0, 1)
    assert "Traceback" not in err
    page = (folder / "results" / "dossier.html").read_text("utf-8")
    side = "large" if pixel == "1 nm" else "small"
    assert re.search(rf"looks 10 times too {side}: with pixels of 0\.1 nm in place of", page)
    assert "Check `pixel_size` in sample.toml" in page


@pytest.mark.parametrize("value", [0, 7, 65535])
def test_an_empty_image_fails_in_one_line(run: Run, tmp_path: Path, value: int) -> None:
    status, _, err = run("analyze", _folder(tmp_path, np.full((64, 64), value, np.uint16)))
    assert status == 1
    (line,) = [one for one in err.splitlines() if "failed" in one]
    assert re.search(rf"a\.tif is unfit: all pixels are ({value}|zero)\.", line)


@pytest.mark.usefixtures("by_lengths")
def test_saturation_is_said(run: Run, tmp_path: Path) -> None:
    """A field of nothing but noise, a fifth of it at the camera's ceiling."""
    counts = np.random.default_rng().poisson(1000.0, (128, 128)).astype(np.uint16)
    counts[:, :26] = 65535
    run("analyze", _folder(tmp_path, counts))
    told = (tmp_path / "results" / "dossier.html").read_text("utf-8") + json.dumps(
        _dossier(tmp_path)
    )
    assert re.search(r"a\.tif is unfit: saturated: [0-9]+ % of the pixels", told)


@pytest.mark.usefixtures("by_lengths")
def test_unfit_images_are_not_counted(run: Run, tmp_path: Path) -> None:
    """Two fields of discs, one of them a third at the ceiling: only the other's are counted."""
    folder = _folder(tmp_path, _discs(), 'pixel_size = "1 nm"')
    spoilt = _discs()
    spoilt[:, :60] = 65535
    tifffile.imwrite(folder / "b.tif", spoilt)
    manifest = folder / "sample.toml"
    manifest.write_text(manifest.read_text().replace('["a.tif"]', '["a.tif", "b.tif"]'))
    assert run("analyze", folder)[0] == 0
    page = (folder / "results" / "dossier.html").read_text("utf-8")
    assert "b.tif is unfit: saturated" in page
    table = pq.read_table(folder / "results" / "particles.parquet").to_pandas()
    assert set(table["image"]) == {"a.tif"}


def test_a_region_is_held_to_the_image() -> None:
    image = Image(data=np.zeros((101, 201)), pixel_x_nm=0.1, pixel_y_nm=0.1, name="a.tif")
    assert region_in(image, None) == pytest.approx((0, 0, 20, 10))
    assert region_in(image, (-5, 2, 100, 100)) == pytest.approx((0, 2, 20, 10))
    for bad in ((15, 0, 2, 10), (0, 9, 20, 1), (30, 0, 40, 10), (3, 0, 3, 10)):
        with pytest.raises(InputError, match="`region` must lie within the field of 20 x 10 nm"):
            region_in(image, bad)


def test_patches_and_reasons_are_the_regions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fringes in the left half only: a region in the right half shows none of them."""
    x = np.arange(300) * 0.05
    waves = 3 * np.cos(2 * np.pi * x / 0.35) * (x < 6) * np.ones((300, 1))
    noisy = waves + np.random.default_rng().normal(size=waves.shape)
    image = Image(data=noisy, pixel_x_nm=0.05, pixel_y_nm=0.05, name="a.tif")
    nothing = Particles(image="a.tif", particles=(), seen_by="nothing", reason="none", edges=())
    monkeypatch.setattr(survey_looks, "find_particles", lambda *_, **__: nothing)
    monkeypatch.setattr(survey_looks, "lattice_fringes", lambda *_, **__: ())
    assert look_at(image, (0.0, 0.0, 5.0, 14.0), None, ()).patches
    assert not look_at(image, (9.0, 0.0, 14.0, 14.0), None, ()).patches


@pytest.mark.usefixtures("by_lengths")
def test_a_reversed_region_is_refused(run: Run, tmp_path: Path) -> None:
    region = 'region = ["180 nm", "0 nm", "20 nm", "199 nm"]'
    folder = _folder(tmp_path, _discs(), f'pixel_size = "1 nm"\n{region}')
    status, _, err = run("analyze", folder)
    assert status in (1, 2)
    assert "`region`" in err


@pytest.mark.usefixtures("by_lengths")
def test_images_of_one_name_are_told_apart(run: Run, tmp_path: Path) -> None:
    folder = _folder(tmp_path, _discs(), 'pixel_size = "1 nm"')
    manifest = folder / "sample.toml"
    manifest.write_text(manifest.read_text().replace('["a.tif"]', '["p/a.tif", "q/a.tif"]'))
    for name in ("p", "q"):
        (folder / name).mkdir()
        tifffile.imwrite(folder / name / "a.tif", _discs())
    assert run("analyze", folder)[0] == 0
    table = pq.read_table(folder / "results" / "particles.parquet").to_pandas()
    assert set(table["image"]) == {"p/a.tif", "q/a.tif"}


def test_an_image_of_one_row_ends_in_one_line(run: Run, tmp_path: Path) -> None:
    row = np.random.default_rng().poisson(1000.0, (1, 300)).astype(np.uint16)
    status, _, err = run("analyze", _folder(tmp_path, row))
    assert status in (1, 2)
    assert "unexpected" not in err
    assert "pixels" in err


@pytest.mark.usefixtures("by_lengths")
def test_one_image_of_several_at_a_wrong_scale_is_told(
    run: Run, field: Image, tmp_path: Path
) -> None:
    folder = _folder(tmp_path, field.data.astype(np.uint16))
    tifffile.imwrite(
        folder / "b.tif",
        field.data.astype(np.uint16),
        imagej=True,
        resolution=(1, 1),
        metadata={"unit": "nm"},
    )
    manifest = folder / "sample.toml"
    manifest.write_text(manifest.read_text().replace('["a.tif"]', '["a.tif", "b.tif"]'))
    assert run("analyze", folder)[0] == 0
    told = [one["detail"] for one in _dossier(folder)["checks"] if one["status"] == "tension"]
    assert any("pixel size of b.tif looks 10 times too large" in one for one in told)


def _discs(shape: tuple[int, int] = (200, 200)) -> np.ndarray:
    """Dark discs 12 to 16 pixels across on noise."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    level = np.full(shape, 1000.0)
    for a, b, radius in ((40, 50, 8), (120, 60, 6), (80, 140, 7), (160, 150, 7)):
        level -= 300 / (1 + np.exp((np.hypot(x - a, y - b) - radius) / 0.7))
    return np.random.default_rng().normal(level, 20).astype(np.uint16)


def test_nan_is_bad_input(run: Run, tmp_path: Path) -> None:
    data = np.ones((64, 64), np.float32)
    data[3, 4] = np.nan
    status, _, err = run("analyze", _folder(tmp_path, data))
    assert (status, err.count("\n")) == (2, 1)
    assert "finite" in err


def test_one_image_with_nan_is_passed_over_and_told(run: Run, tmp_path: Path) -> None:
    lost = _discs().astype(np.float32)
    lost[3, 4] = np.nan
    tifffile.imwrite(tmp_path / "a.tif", _discs())
    tifffile.imwrite(tmp_path / "b.tif", lost)
    (tmp_path / "sample.toml").write_text(
        '[sample]\nname = "dots"\n[survey]\nfiles = ["*.tif"]\npixel_size = "0.1 nm"\n'
    )
    assert run("analyze", tmp_path)[0] == 0
    page = (tmp_path / "results" / "dossier.html").read_text()
    assert re.search(
        r"is unfit: not finite: [^.]*[.]?[^.]* of the pixels are NaN or infinite", page
    )


@pytest.mark.acceptance
def test_n_by_views_end_to_end(run: Run, field: Image, tmp_path: Path) -> None:
    folder = _folder(tmp_path, field.data.astype(np.uint16))
    assert run("analyze", folder)[0] == 0
    table = pq.read_table(folder / "results" / "particles.parquet").to_pandas()
    whole = table[~table["at_edge"].astype(bool)]
    # Issue 5: n right for at least 95 %; of 8 two wrong come once in 20 at that rate.
    assert abs(int((whole["n"] == 4).sum()) - DOTS.count(4)) <= 2
    assert "by simulated views" in (folder / "results" / "dossier.html").read_text("utf-8")
