"""The n of an emission spectrum in the dossier: fractions, limits, checks, series, refusals."""

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest

from cinedot.spectroscopy.mixture import mixture_spectrum

NM = np.arange(435.0, 531.0)
PEAKS = {4: 453.5, 5: 474.0}
CHECK = "number fraction of n = 4: emission against survey"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three dots of n = 4 for one of n = 5, and the same at two more conditions."""
    seed = int(np.random.SeedSequence().generate_state(1)[0])
    print("seed", seed)
    rng = np.random.default_rng(seed)
    columns = [
        rng.poisson(
            mixture_spectrum(
                NM,
                fractions={4: share, 5: 1 - share},
                peaks_nm=PEAKS,
                fwhm_nm=15.0,
                photons=2e5,
                background=30.0,
            )
        )
        for share in (0.75, 0.4, 0.1)
    ]
    rows = (",".join(f"{one:g}" for one in row) for row in zip(NM, *columns, strict=True))
    (tmp_path / "pl.csv").write_text("nm,1.0 equiv,0.5 equiv,0.25 equiv\n" + "\n".join(rows))
    return tmp_path


def write(folder: Path, *, about: str = 'host = "MAPbBr3"', emission: str = "", more: str = ""):
    (folder / "sample.toml").write_text(
        f'[sample]\nname = "mix"\n{about}\n[emission]\nfile = "pl.csv"\n{emission}\n{more}\n'
    )


def dossier(folder: Path) -> dict:
    return json.loads((folder / "results" / "dossier.json").read_text("utf-8"))


SIZES = "[emission.sizes]\nn = [4, 5]\n"
SEEN = '[reported]\n"survey.fraction_4" = { value = 0.75, sigma = 0.05 }'


def test_a_spectrum_s_fractions_stand_beside_the_survey_s(run, folder: Path) -> None:
    write(folder, emission=SIZES, more=SEEN)
    assert run("analyze", folder)[0] == 0
    content = dossier(folder)
    found = content["results"]["emission"]["fraction_4"]
    # Yields and absorption, 25 % for each n, leave 0.35 on ln(3): 0.066. Six sigma.
    assert abs(found["value"] - 0.75) < 6 * found["sigma"]
    assert found["sigma"] == pytest.approx(0.066, abs=0.02)
    checks = {one["name"]: one for one in content["checks"]}
    # Nobody said whose recordings these are: the law may have been fitted to them.
    assert checks[CHECK]["status"] == "circular"
    page = (folder / "results" / "dossier.html").read_text("utf-8")
    for words in ("Light of each n", "in proportion to the volume", "no dots to be dark"):
        assert words in page
    series = pyarrow.parquet.read_table(folder / "results" / "series.parquet").to_pandas()
    rows = series[series["label"] == "n = 4"].set_index("quantity")["value"]
    assert rows["fraction_low"] < rows["fraction"] < rows["fraction_high"]
    assert rows["band_peak"] == pytest.approx(453.5, abs=0.5)
    write(folder, about='host = "MAPbBr3"\nsource = "ours"', emission=SIZES, more=SEEN)
    assert run("analyze", folder)[0] == 0
    checks = {one["name"]: one for one in dossier(folder)["checks"]}
    # Two right answers are in tension once in 400.
    assert checks[CHECK]["status"] != "circular"


def test_a_series_has_fractions_against_the_condition(run, folder: Path) -> None:
    write(folder, emission=f"series = true\n{SIZES}")
    assert run("analyze", folder)[0] == 0
    series = pyarrow.parquet.read_table(folder / "results" / "series.parquet").to_pandas()
    four = series[series["quantity"] == "fraction_4"].set_index("x")
    for x, share in ((1.0, 0.75), (0.5, 0.4), (0.25, 0.1)):
        assert abs(four.loc[x, "value"] - share) < 6 * four.loc[x, "sigma"]
    assert "Number fractions" in (folder / "results" / "dossier.html").read_text("utf-8")


def test_without_a_host_stated_peaks_name_the_bands_and_else_none_are_named(
    run, folder: Path
) -> None:
    write(folder, about="")
    assert run("analyze", folder)[0] == 0
    assert "fraction_4" not in dossier(folder)["results"]["emission"]
    peaks = f'{SIZES}peaks = {{ 4 = "453 nm", 5 = "474 nm" }}\nyields = {{ 4 = 0.9, 5 = 0.45 }}'
    write(folder, about="", emission=peaks)
    assert run("analyze", folder)[0] == 0
    # Half as bright, so twice as many: 3/5 of n = 4.
    found = dossier(folder)["results"]["emission"]["fraction_4"]
    assert abs(found["value"] - 0.6) < 6 * found["sigma"]


BAD = {
    "a key that is no number": ('peaks = { four = "453 nm" }', r"keys must be numbers of Pb"),
    "a colour in eV": ('peaks = { 4 = "2.7 kV" }', r"peaks\.4"),
    "a text": ('yields = { 4 = "high" }', r"\[emission\.sizes\]: `yields\.4` must be a number"),
    "an n that is not looked for": ("yields = { 6 = 0.9 }", r"but one is of n = 6"),
    "an unknown law": ('law = "brus"', r"`law` must be one of .*, but is 'brus'"),
    "an unknown key": ("size = 4", r"`size` is no key of this section"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_sizes_end_in_one_line(run, folder: Path, case: str) -> None:
    import re

    stated, says = BAD[case]
    write(folder, emission=SIZES + stated)
    status, _, err = run("analyze", folder)
    assert status == 2
    assert len(err.strip().splitlines()) == 1, err
    assert re.search(says, err), err
    assert "sample.toml" in err
