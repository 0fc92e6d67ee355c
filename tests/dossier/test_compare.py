"""Samples side by side: differences with known truth, what is refused, the page in a browser."""

import json
import math
import shutil
from collections.abc import Callable
from importlib import resources
from itertools import permutations
from pathlib import Path

import jsonschema
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, chi2

from cinedot.core import Estimate
from cinedot.core.files import sha256_of
from cinedot.core.tables import arrow_schema, write_table
from cinedot.dossier.command import analyze_folders
from cinedot.dossier.comparison.curves import (
    emission_traces,
    kinetics_traces,
    series_traces,
    size_traces,
    stability_traces,
)
from cinedot.dossier.comparison.differences import Answers, differences, holm
from cinedot.dossier.comparison.looks import panels_of
from cinedot.dossier.comparison.samples import read_samples

Run = Callable[..., tuple[int, str, str]]

NM = np.arange(420.0, 500.5, 0.5)
TIME_NS = np.arange(0.0, 60.0, 0.1)


def _seeded() -> np.random.Generator:
    seed = int(np.random.SeedSequence().generate_state(1)[0])
    print("seed", seed)
    return np.random.default_rng(seed)


def _answers(name: str, **values: Estimate) -> Answers:
    found = {f"composition.{key}": one for key, one in values.items()}
    return Answers(name=name, found=found, reported={})


def _number(value: float, sigma: float | None, status: str = "ok") -> Estimate:
    return Estimate(value=value, sigma=sigma, unit="", method="made", status=status)  # pyright: ignore


def _sample(folder: Path, rng: np.random.Generator, *, name: str, peak: float) -> Path:
    """Light at `peak`, a decay of 5.7 ns, a reported yield and composition."""
    folder.mkdir()
    light = rng.poisson(200 + 2e4 * np.exp(-4 * np.log(2) * ((NM - peak) / 14.9) ** 2))
    rows = "\n".join(f"{x:g},{y}" for x, y in zip(NM, light, strict=True))
    (folder / "pl.csv").write_text(f"wavelength (nm),intensity\n{rows}\n")
    counts = rng.poisson(5 + np.where(TIME_NS < 2, 0, 4e3) * np.exp(-(TIME_NS - 2) / 5.7))
    rows = "\n".join(f"{x:g},{y}" for x, y in zip(TIME_NS, counts, strict=True))
    (folder / "decay.csv").write_text(f"time_ns,counts\n{rows}\n")
    (folder / "sample.toml").write_text(
        f'[sample]\nname = "{name}"\n[emission]\nfile = "pl.csv"\n[decay]\nfile = "decay.csv"\n'
        '[reported]\n"quantum_yield.phi" = { value = 0.9, sigma = 0.05 }\n'
        '"composition.Br" = { value = 232, sigma = 6 }\n"composition.compound" = "mla-cs"\n'
    )
    return folder


@pytest.fixture(scope="module")
def analysed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two analysed samples whose light lies 6 nm apart; the same in all else."""
    rng, base = _seeded(), tmp_path_factory.mktemp("compare")
    a = _sample(base / "a", rng, name="one", peak=453)
    b = _sample(base / "b", rng, name="two", peak=459)
    assert analyze_folders((a, b), out=None, only=(), allow_outside=False, workers=1) == 0
    return base


@pytest.fixture
def two(analysed: Path, tmp_path: Path) -> tuple[Path, Path]:
    """A copy of them to spoil."""
    for name in ("a", "b"):
        shutil.copytree(analysed / name, tmp_path / name)
    return tmp_path / "a", tmp_path / "b"


def test_two_samples_become_one_report(run: Run, two: tuple[Path, Path], tmp_path: Path) -> None:
    out = tmp_path / "both"
    status, said, err = run("compare", *two, "--out", out, "--json")
    assert (status, err) == (0, "")
    content = json.loads(said)
    schema = resources.files("cinedot.dossier") / "schemas" / "comparison.schema.json"
    jsonschema.validate(content, json.loads(schema.read_text("utf-8")))
    written = json.loads((out / "comparison.json").read_text("utf-8"))
    assert {**written, "provenance": None} == {**content, "provenance": None}
    found = {one["key"]: one for one in content["quantities"]}
    (peak,) = found["emission.peak"]["differences"]
    own = [found["emission.peak"]["values"][name]["found"] for name in ("one", "two")]
    assert peak["value"] == own[1]["value"] - own[0]["value"]
    assert peak["sigma"] == pytest.approx(math.hypot(own[0]["sigma"], own[1]["sigma"]))
    # Five sigmas are passed once in 1.7 million draws.
    assert abs(peak["value"] - 6) < 5 * peak["sigma"]
    assert peak["verdict"] == "differs"
    assert found["quantum_yield.phi"]["values"]["one"]["found"] is None
    assert found["quantum_yield.phi"]["differences"][0]["verdict"] == "same within errors"
    assert found["composition.compound"]["differences"][0]["verdict"] == "same text"
    page = (out / "comparison.html").read_text("utf-8")
    for title in ("Emission.", "Decay.", "Composition.", "Colour.", "Differences at a glance."):
        assert f"<strong>{title}</strong>" in page
    assert "[reported]" in page

    status, said, _ = run("compare", *two, "--out", out, "--to", "two")
    assert status == 0
    assert "one − two" in said
    assert "one [reported] − two" in said
    assert "[reported]" in said


def test_what_cannot_be_compared_ends_in_one_line(
    run: Run, two: tuple[Path, Path], tmp_path: Path
) -> None:
    a, b = two
    out = tmp_path / "none"
    faults = {
        "at least two different": (a, a),
        "--to must be one": (a, b, "--to", "three"),
        "is a sample folder": (a, b, "--out", a),
    }
    for said, words in faults.items():
        status, _, err = run("compare", *words, *(() if "--out" in words else ("--out", out)))
        assert (status, err.count("\n")) == (2, 1)
        assert said in err
    changed = b / "pl.csv"
    changed.write_text(changed.read_text() + "501,200\n")
    status, _, err = run("compare", a, b, "--out", out)
    assert status == 2
    assert f"{b}: " in err
    assert "before pl.csv changed" in err
    assert "cinedot analyze" in err
    shutil.rmtree(b / "results")
    (b / "sample.toml").write_text(
        '[sample]\nname = "two"\n[reported]\n"emission.peak" = "459 nm"\n'
    )
    assert "has not been analysed" in run("compare", a, b, "--out", out)[2]
    assert not out.exists()
    status, said, _ = run("compare", a, b, "--out", out, "--analyze", "--json")
    assert status == 0
    assert [one["key"] for one in json.loads(said)["quantities"]] == ["emission.peak"]


def test_samples_of_one_name_are_called_by_their_folders(
    run: Run, two: tuple[Path, Path], tmp_path: Path
) -> None:
    a, b = two
    manifest = (b / "sample.toml").read_text().replace('"two"', '"one"')
    (b / "sample.toml").write_text(manifest)
    assert "before sample.toml changed" in run("compare", a, b, "--out", tmp_path / "c")[2]
    dossier = b / "results" / "dossier.json"
    content = json.loads(dossier.read_text("utf-8"))
    content["provenance"]["inputs"]["sample.toml"] = sha256_of(b / "sample.toml")
    dossier.write_text(json.dumps(content))
    _, said, _ = run("compare", a, b, "--out", tmp_path / "c", "--json")
    assert [one["name"] for one in json.loads(said)["samples"]] == ["a", "b"]


def _written(folder: Path, manifest: str, *sections: str) -> Path:
    """A folder whose dossier stands there already, with one reported number and no result."""
    (folder / "results").mkdir(parents=True)
    text = f'[sample]\nname = "{folder.name}"\n{manifest}'
    (folder / "sample.toml").write_text(f'{text}[reported]\n"emission.peak" = "453 nm"\n')
    content = {
        "schema": 1,
        "sample": {"name": folder.name},
        "sections": {one: {"status": "ok", "message": ""} for one in sections},
        "results": {},
        "checks": [{"name": "sizes", "status": "agree", "detail": f"of {folder.name}."}],
        "provenance": {
            "cinedot": "0",
            "command": "",
            "date": "2026-01-01",
            "inputs": {"sample.toml": sha256_of(folder / "sample.toml")},
        },
    }
    (folder / "results" / "dossier.json").write_text(json.dumps(content))
    return folder


def test_records_are_read_again_on_shared_axes(run: Run, tmp_path: Path) -> None:
    rng = _seeded()
    folders, edges = [], {}
    for name, mean in (("a", 2.4), ("b", 3.0)):
        manifest = '[kinetics]\nfile = "rise.csv"\n[stability]\nfile = "old.csv"\nseries = true\n'
        folder = _written(tmp_path / name, manifest, "kinetics", "stability")
        time = np.arange(20.0)
        rows = "".join(f"{t:g},{5 * t:g}\n" for t in time)
        (folder / "rise.csv").write_text(f"time_min,intensity\n{rows}")
        heads = ",".join(f"air {k}" for k in range(9))
        rows = "".join(
            ",".join([f"{t:g}", *(f"{80 - t - k:g}" for k in range(9))]) + "\n" for t in time
        )
        (folder / "old.csv").write_text(f"time_h,{heads}\n{rows}")
        edges[name] = rng.normal(mean, 0.2, 50)
        particles = pd.DataFrame(
            [("s.tif", k, 0.0, 0.0, e, 0.0, None, None, None, k == 0, False)
             for k, e in enumerate(edges[name])],
            columns=arrow_schema("particles").names,
        )  # fmt: skip
        write_table("particles", particles, folder / "results" / "particles.parquet")
        series = pd.DataFrame(
            [("titration", "", x, "peak", 510 - 10 * x, s, "nm") for x, s in ((2, 0.5), (1, None))],
            columns=arrow_schema("series").names,
        )
        write_table("series", series, folder / "results" / "series.parquet")
        folders.append(folder)
    samples = read_samples(folders)
    (rise,) = kinetics_traces(samples[0])
    assert np.allclose(rise.y, np.arange(20) / 19)
    old = stability_traces(samples[0])
    assert [one.label for one in old] == [f"air {k}" for k in (0, 2, 3, 5, 6, 8)]
    assert np.allclose(old[1].y, (78 - np.arange(20)) / 78)
    assert emission_traces(samples[0]) == []
    first, second = size_traces(samples)
    assert np.array_equal(first.x, second.x)
    for trace, name in ((first, "a"), (second, "b")):
        bins, shares = trace.x[::2], trace.y[1:-1:2]
        assert trace.y[0] == trace.y[-1] == 0
        assert shares.sum() == pytest.approx(1)  # none lies beyond the bins
        assert np.allclose(49 * shares, np.histogram(edges[name][1:], bins)[0])
    titration = series_traces(samples, "titration", "peak")
    assert [(*one.x, *one.y, *one.sigma) for one in titration] == [(1, 2, 500, 490, 0, 0.5)] * 2
    titles = [one.title for one in panels_of(samples, ())]
    assert titles == ["Sizes", "Growth of the light", "Stability", "Emission peak, titration"]

    claim = {"section": "movie", "movie": "m", "particle": 0, "claim": "no Br is missing"}
    claim |= {"verdict": "supported", "limit": 0.1, "tested": 9, "sites": 9, "detail": "9 of 9."}
    (folders[0] / "results" / "claims.json").write_text(json.dumps([claim]))
    status, said, _ = run("compare", *folders, "--out", tmp_path / "out", "--json")
    assert status == 0
    assert '"claims"' in said
    content = json.loads((tmp_path / "out" / "comparison.json").read_text("utf-8"))
    (claims,), (checks,) = content["claims"], content["checks"]
    assert claims["answers"]["b"] == []
    assert claims["answers"]["a"][0]["status"] == "supported"
    assert [checks["answers"][one][0]["detail"] for one in ("a", "b")] == ["of a.", "of b."]
    assert "no Br is missing" in (tmp_path / "out" / "comparison.html").read_text("utf-8")


def test_intervals_hold_the_true_difference() -> None:
    """Pulls of differences against the chi-square law, coverage against the binomial."""
    rng = _seeded()
    count = 1000
    truth, sigma = rng.normal(0, 10, (2, count)), rng.uniform(0.1, 5, (2, count))
    measured = rng.normal(truth, sigma)
    pulls, held = 0.0, 0
    for k in range(count):
        samples = [
            _answers(name, Br=_number(float(measured[i, k]), float(sigma[i, k])))
            for i, name in enumerate(("1", "2"))
        ]
        (one,) = differences(samples, to="1")
        true = truth[1, k] - truth[0, k]
        pulls += ((one.value - true) / one.sigma) ** 2
        held += one.low <= true <= one.high
    assert chi2.ppf(5e-7, count) < pulls < chi2.ppf(1 - 5e-7, count)
    assert binom.ppf(5e-7, count, 0.95) <= held <= binom.ppf(1 - 5e-7, count, 0.95)


def test_of_samples_that_are_alike_one_page_in_twenty_claims_a_difference() -> None:
    rng = _seeded()
    pages, keys = 400, [f"n{k}" for k in range(7)]
    claimed = 0
    for _ in range(pages):
        samples = [
            _answers(name, **{key: _number(float(rng.normal(3, 0.4)), 0.4) for key in keys})
            for name in ("1", "2")
        ]
        found = differences(samples, to="1")
        claimed += any(one.verdict == "differs" for one in found)
    # Of independent comparisons Holm claims any with 1 - (1 - 0.05 / 7)^7: the smallest decides.
    share = 1 - (1 - 0.05 / 7) ** 7
    assert binom.ppf(5e-7, pages, share) <= claimed <= binom.ppf(1 - 5e-7, pages, share)


def test_holm_by_hand() -> None:
    # Holm (1979): 0.01 x 4, 0.02 x 3, 0.03 x 2 raised to the one before, 0.5 x 1.
    assert holm([0.5, 0.01, 0.03, 0.02]) == pytest.approx([0.5, 0.04, 0.06, 0.06])
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_lies_between_none_and_bonferroni_and_keeps_order(p: list[float]) -> None:
    corrected = holm(p)
    for mine, one in zip(p, corrected, strict=True):
        assert mine <= one <= min(1.0, len(p) * mine)
    order = np.argsort(p, kind="stable")
    assert np.all(np.diff(np.array(corrected)[order]) >= 0)


NUMBERS = st.tuples(st.floats(-1e3, 1e3), st.floats(1e-3, 1e2))


@settings(max_examples=50)
@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=2, max_size=4))
def test_order_changes_only_signs(made: list[tuple]) -> None:
    samples = [
        _answers(str(k), Br=_number(*br), Cs=_number(*cs)) for k, (br, cs) in enumerate(made)
    ]

    def told(order: tuple[Answers, ...], to: str) -> dict:
        return {(one.key, one.sample): one for one in differences(order, to=to)}

    first = told(tuple(samples), "0")
    for order in permutations(samples):
        assert told(order, "0") == first
    pair = samples[:2]
    forth, back = differences(pair, to="0"), differences(pair, to="1")
    for one, other in zip(forth, back, strict=True):
        assert (one.value, one.low, one.high) == (-other.value, -other.high, -other.low)
        assert (one.sigma, one.p, one.p_holm) == (other.sigma, other.p, other.p_holm)
        assert one.verdict == other.verdict


def test_systematic_errors_cancel_only_where_they_are_shared() -> None:
    samples = [
        _answers(name, Br=_number(value, 3.0), Br_systematic=_number(shared, None))
        for name, value, shared in (("1", 230.0, 12.0), ("2", 240.0, 8.0))
    ]
    (one,) = differences(samples, to="1")
    assert one.sigma == pytest.approx(math.sqrt(9 + 9 + (12 - 8) ** 2))
    (one,) = differences(samples, to="1", one_instrument=False)
    assert one.sigma == pytest.approx(math.sqrt(9 + 9 + 144 + 64))
    alone = [samples[0], _answers("2", Br=_number(240.0, 3.0))]
    (one,) = differences(alone, to="1")
    assert one.sigma == pytest.approx(math.sqrt(9 + 9 + 144))


def test_what_has_no_sigma_or_is_a_limit_is_undecided() -> None:
    base = _answers(
        "1",
        Br=_number(1.0, 0.1),
        Cs=_number(1.0, 0.1),
        Cl=_number(2.0, 0.0),
        I=_number(9.0, None, "lower_limit"),
        O=_number(9.0, 0.1, "undetermined"),
        Br_low=_number(0.5, None),
    )
    other = _answers(
        "2",
        Br=_number(9.0, None),
        Cs=_number(9.0, 0.1, "upper_limit"),
        Cl=_number(3.0, 0.0),
        I=_number(1.0, None, "upper_limit"),
        O=_number(9.0, 0.1),
        Br_low=_number(0.5, None),
    )
    found = differences([base, other], to="1")
    assert {(one.verdict, one.p, one.sigma) for one in found} == {("undecided", None, None)}
    assert [(one.key.partition(".")[2], one.value, one.reason) for one in found] == [
        ("Br", 8.0, "no sigma"),
        ("Cs", None, "limits, not values"),
        ("Cl", 1.0, "no sigma"),
        ("I", None, "limits that exclude each other"),
        ("O", None, "not determined by the records"),
    ]


def test_the_page_draws_its_figures_without_complaint(
    run: Run,
    two: tuple[Path, Path],
    shown_page: Callable[[Path], tuple[str, list[str]]],
    barriers: Callable[[Path], list[dict[str, str]]],
    tmp_path: Path,
) -> None:
    run("compare", *two, "--out", tmp_path / "both")
    page = tmp_path / "both" / "comparison.html"
    shown, complaints = shown_page(page)
    figures = page.read_text("utf-8").count("<figure")
    assert figures >= 5
    assert shown.count('class="main-svg"') >= figures
    assert complaints == []
    assert barriers(page) == []
