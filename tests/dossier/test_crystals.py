"""`[crystals]` from painted SEM images to the dossier, and images that nothing can be had from."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import tifffile

from ..growth.sem import Body, scattered, sem_image
from .conftest import Run

STRIP = 24


def _folder(folder: Path, images: list[np.ndarray], more: str = "") -> Path:
    for index, data in enumerate(images):
        tifffile.imwrite(
            folder / f"sem-{index}.tif",
            np.clip(np.round(data), 0, 255).astype(np.uint8),
            imagej=True,
            resolution=(1 / 20, 1 / 20),
            metadata={"unit": "nm"},
        )
    (folder / "sample.toml").write_text(
        f'[sample]\nname = "microcrystals"\n[crystals]\nfiles = ["sem-*.tif"]\n{more}\n'
    )
    return folder


def _dossier(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "results" / "dossier.json").read_text("utf-8"))


def test_painted_images_end_to_end(run: Run, tmp_path: Path) -> None:
    seed = int(np.random.SeedSequence().generate_state(1)[0])
    print("seed", seed)
    rng = np.random.default_rng(seed)
    shape = (200, 260)
    pair = [
        Body(kind="square", x=x, y=y, angle_deg=0, width=40, length=40)
        for x, y in ((60, 60), (99, 85))
    ]
    images = [
        sem_image(scattered(rng, 14, shape, p_square=1.0, edge_px=22), shape, rng),
        sem_image([*pair, *_far_ones()], shape, rng),
    ]
    images = [np.vstack([one, np.full((STRIP, shape[1]), 255.0)]) for one in images]
    more = (
        'acid = "malic acid"\nequivalents = 0.5\n'
        f'region = ["0 nm", "0 nm", "{20 * shape[1]} nm", "{20 * shape[0] - 20} nm"]\n'
    )
    status, _, err = run("analyze", _folder(tmp_path, images, more))
    assert status == 0, err
    found = _dossier(tmp_path)
    results = found["results"]["crystals"]
    # One of the second image is a hexagon, all others are squares.
    assert results["squares_low"]["value"] <= 1 - 1 / results["crystals"]["value"]
    assert results["squares"]["value"] > 0.7
    assert results["hexagon_length"]["value"] == pytest.approx(60 * 20, abs=40)
    assert results["bodies"]["value"] == results["crystals"]["value"] - 1
    assert results["fusion_index_low"]["value"] < 2 / results["crystals"]["value"]
    assert 0 < results["fusion_index"]["value"] < 0.5
    assert results["size"]["unit"] == "nm"
    assert results["size"]["value"] == pytest.approx(22 * 20, rel=0.2)
    page = (tmp_path / "results" / "dossier.html").read_text("utf-8")
    for words in ("malic acid", "elongated hexagons (1)", "fused (2)", "cut by the border"):
        assert words in page
    series = pq.read_table(tmp_path / "results" / "series.parquet").to_pandas()
    rows = series[series["section"] == "crystals"]
    assert set(rows["quantity"]) == {"squares", "hexagons", "fusion_index"}
    assert set(rows["x"]) == {0.5}


def _far_ones() -> list[Body]:
    return [
        Body(kind="hexagon", x=190, y=50, angle_deg=20, width=28, length=60),
        Body(kind="square", x=60, y=160, angle_deg=30, width=24, length=25),
        Body(kind="square", x=200, y=150, angle_deg=50, width=24, length=25),
    ]


@pytest.mark.parametrize(
    ("data", "more", "status", "says"),
    [
        (np.full((64, 64), 7.0), "", 1, "sem-0.tif is unfit: all pixels are 7."),
        (
            np.random.default_rng().normal(90, 8, (90, 90)),
            "",
            1,
            "in sem-0.tif, no crystal rises above the noise",
        ),
        (
            np.full((64, 64), 7.0),
            'region = ["0 nm", "9 um", "9 nm", "99 um"]',
            2,
            "[crystals] region of sample.toml",
        ),
    ],
    ids=["flat", "noise", "region"],
)
def test_nothing_to_be_had_is_one_line(
    run: Run, tmp_path: Path, data: np.ndarray, more: str, status: int, says: str
) -> None:
    got, _, err = run("analyze", _folder(tmp_path, [data], more))
    assert got == status
    assert "Traceback" not in err
    assert says in " ".join(err.split())


def test_a_pixel_size_must_be_known(run: Run, tmp_path: Path) -> None:
    folder = _folder(tmp_path, [np.full((64, 64), 7.0)])
    tifffile.imwrite(folder / "sem-0.tif", np.ones((64, 64), np.uint8))
    status, _, err = run("analyze", folder)
    assert status == 2
    assert "the pixel size must be known" in " ".join(err.split())
