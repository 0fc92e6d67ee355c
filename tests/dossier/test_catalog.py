"""The catalog: the same tests on SQLite and on a real PostgreSQL, started here."""

import json
import os
import pwd
import re
import shlex
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cinedot.core.tables import write_table
from cinedot.dossier.catalog.address import read_address
from cinedot.dossier.catalog.conditions import read_comparison
from cinedot.dossier.catalog.database import reading, writing
from cinedot.dossier.catalog.document import read_document
from cinedot.dossier.catalog.listing import entries
from cinedot.dossier.catalog.recording import record
from cinedot.dossier.catalog.schema import ANALYSES, METADATA, OF_ANALYSIS
from cinedot.dossier.catalog.secrets import without_password
from cinedot.dossier.quantities import known_quantities

Run = Callable[..., tuple[int, str, str]]

PASSWORD = "s3cr3t/w#rd"


def _postgresql_program(name: str) -> str | None:
    """A program of PostgreSQL's server; Debian keeps them out of the path."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return shutil.which(name) or (str(found[-1]) if found else None)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """A PostgreSQL server of this session's own, on a socket in a folder of its own."""
    initdb, control = _postgresql_program("initdb"), _postgresql_program("pg_ctl")
    if initdb is None or control is None:
        pytest.skip("PostgreSQL is not installed (Debian: postgresql)")
    # The server refuses to run as root.
    user = pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None
    # A socket's path must be short, which pytest's own folders are not.
    place = Path(tempfile.mkdtemp(prefix="cinedot-pg-"))
    if user is not None:
        os.chown(place, user, -1)
    data = place / "data"

    def call(*words: str) -> None:
        subprocess.run(
            words, user=user, cwd=place, check=True, stdin=subprocess.DEVNULL, timeout=60,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    try:
        call(initdb, "-D", str(data), "-U", "ann", "-A", "trust", "-N", "-E", "UTF8",
             "--locale=C")  # fmt: skip
        options = f"-k {place} -c listen_addresses='' -c fsync=off"
        call(control, "-D", str(data), "-o", options, "-l", str(place / "log"), "-w", "start")
        try:
            yield f"postgresql://ann:{quote(PASSWORD, safe='')}@/{{}}?host={place}"
        finally:
            call(control, "-D", str(data), "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(place, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def catalog(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a catalog that is not there yet."""
    if request.param == "sqlite":
        return str(tmp_path / "samples #1, 50%?.db")
    import psycopg

    server: str = request.getfixturevalue("postgresql")
    name = f"dots_{os.urandom(6).hex()}"
    with psycopg.connect(server.format("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    return server.format(name)


def _estimate(value: float | str, sigma: float | None = None, status: str = "ok") -> dict:
    return {"value": value, "sigma": sigma, "method": "test", "status": status}


def _write(
    folder: Path,
    name: str,
    results: dict[str, dict],
    *,
    date: str = "2026-03-01T12:00:00+00:00",
    parameters: dict[str, Any] | None = None,
    series: list[tuple] = (),  # type: ignore[assignment]
    recording: str | None = None,
) -> Path:
    """A folder with a dossier, as `cinedot analyze` leaves it."""
    found: dict[str, dict[str, dict]] = {}
    for key, one in results.items():
        section, _, quantity = key.rpartition(".")
        unit = known_quantities()[f"{section.partition(' ')[0]}.{quantity}"][0]
        found.setdefault(section, {})[quantity] = {**one, "unit": unit}
    content = {
        "schema": 1,
        "sample": {"name": name},
        "sections": {section: {"status": "ok", "message": ""} for section in found},
        "results": found,
        "checks": [{"name": "a check", "status": "tension", "detail": "Far apart."}],
        "provenance": {
            "cinedot": "0.1.0",
            "command": "cinedot analyze",
            "date": date,
            "seconds": 1.0,
            "inputs": {
                "sample.toml": os.urandom(32).hex(),
                "pl.csv": recording or os.urandom(32).hex(),
            },
            "parameters": {"sample": {"name": name}, **(parameters or {})},
        },
    }
    out = folder / "results"
    out.mkdir(parents=True, exist_ok=True)
    (folder / "sample.toml").touch()
    (out / "dossier.json").write_text(json.dumps(content))
    if series:
        columns = ["section", "label", "x", "quantity", "value", "sigma", "unit"]
        table = pd.DataFrame(list(series), columns=columns, dtype=object)
        write_table("series", table, out / "series.parquet")
    return folder


@pytest.fixture
def two(tmp_path: Path) -> tuple[Path, Path]:
    """A bright narrow sample and a dim broad one, each with a titration."""

    def series(shift: float) -> list[tuple]:
        peaks = zip((1.0, 2.0, 4.0), (513.0, 480.0 + shift, 453.0), strict=True)
        return [("titration", "oam", x, "peak", peak, None, "nm") for x, peak in peaks]

    bright = _write(
        tmp_path / "bright",
        "bright",
        {
            "emission.peak": _estimate(453.0, 0.2),
            "emission.fwhm": _estimate(14.9, 0.1),
            "quantum_yield.phi": _estimate(0.97, 0.03),
            "movie A.edges": _estimate("4x4x4"),
            "movie B.edges": _estimate("4x4x5"),
            "emission.fraction_4": _estimate(0.9, None, "lower_limit"),
        },
        parameters={
            "crystals": {"acid": "malic", "equivalents": 1.5, "voltage_kv": 5.0},
            "titration": [{"name": "oam", "additive": "oleylamine"}, {"name": "second"}],
        },
        series=series(0.0),
    )
    dim = _write(
        tmp_path / "dim",
        "dim",
        {"emission.peak": _estimate(470.0, 0.2), "emission.fwhm": _estimate(22.0, 0.1)},
        parameters={
            "crystals": {"acid": "oleic", "equivalents": 3.0},
            "reported": {"quantum_yield.phi": {"value": 0.5, "rounding": 0.05}},
        },
        series=series(20.0),
    )
    return bright, dim


def _samples(run: Run, catalog: str, *words: object) -> list[str]:
    status, out, err = run("catalog", "--catalog", catalog, "--json", *words)
    assert (status, err) == (0, "")
    return [row["sample"] for row in json.loads(out)]


def test_bright_and_narrow_samples_are_found(
    run: Run, catalog: str, two: tuple[Path, Path]
) -> None:
    assert run("catalog", "add", *two, "--catalog", catalog)[0] == 0
    assert _samples(run, catalog) == ["bright", "dim"]
    asked = {
        "quantum_yield.phi > 0.9": ["bright"],
        "quantum_yield.phi <= 60 %": ["dim"],
        "emission.fwhm < 16 nm": ["bright"],
        "emission.fwhm < 1.6e-8 m": ["bright"],
        "emission.fwhm = 22": ["dim"],
        "emission.fwhm != 22": ["bright"],
        "movie.edges = 4x4x5": ["bright"],
        "movie A.edges = 4x4x5": [],
        "movie.edges ~ 4x4": ["bright"],
        "crystals.acid = oleic": ["dim"],
        "titration.additive ~ amine": ["bright"],
        "titration oam.additive = oleylamine": ["bright"],
        "crystals.equivalents >= 1.5": ["bright", "dim"],
        "crystals.voltage_kv = 5000 V": ["bright"],
        "sample ~ IGH": ["bright"],
        "date >= 2026-03": ["bright", "dim"],
        "date < 2026-03": [],
        # What is at least 0.9 is above 0.8; that it is below 0.95 nobody knows.
        "emission.fraction_4 > 0.8": ["bright"],
        "emission.fraction_4 < 0.95": [],
    }
    with reading(read_address(catalog)) as connection:
        for where, found in asked.items():
            fits = [one.sample for one in entries(connection, where=[where])]
            assert fits == found, where
    both = ("--where", "quantum_yield.phi > 0.9", "--where", "emission.fwhm > 16 nm")
    assert _samples(run, catalog, *both) == []
    assert _samples(run, catalog, "--sort", "-emission.peak") == ["dim", "bright"]


def test_what_is_shown_is_what_the_dossier_says(
    run: Run, catalog: str, two: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CINEDOT_CATALOG", catalog)
    run("catalog", "add", *two)
    bright = json.loads(run("catalog", "--json", "--where", "sample = bright")[1])[0]
    written = json.loads((two[0] / "results" / "dossier.json").read_text())["results"]
    flat = {f"{s}.{q}": one for s, named in written.items() for q, one in named.items()}
    assert bright["results"] == flat
    assert bright["facts"]["crystals.acid"] == "malic"
    assert bright["checks"] == {"tension": 1}
    assert bright["folder"] == str(two[0].resolve())
    table = run("catalog")[1]
    for words in ("453.00 ± 0.20", "0.970 ± 0.030", "4x4x4; 4x4x5", "(reported)"):
        assert words in table
    head, *rows = run("catalog", "--csv", "--columns", "emission.fwhm,crystals.acid")[1].split("\n")
    assert head == (
        "number,sample,emission.fwhm (nm),emission.fwhm (nm) sigma,emission.fwhm status,"
        "crystals.acid"
    )
    assert rows[0] == "1,bright,14.9,0.1,ok,malic"


def test_odd_texts_and_extreme_numbers_come_back(run: Run, catalog: str, tmp_path: Path) -> None:
    """JSON allows texts that PostgreSQL does not take, and every finite double."""
    numbers = {
        "emission.peak": 1.7976931348623157e308,
        "emission.fwhm": 5e-324,
        "emission.cie_x": -0.1,
        "decay.k_r": 1 / 3,
    }
    texts = {
        "movie.compound": "Robert'); DROP TABLE cinedot_results; -- \u6f22 %_",
        "movie.edges": "",
    }
    results = {key: _estimate(one, 0.1) for key, one in numbers.items()}
    results |= {key: _estimate(one) for key, one in texts.items()}
    name = "nul\0 half \ud800 \u00c5"
    _write(tmp_path / "odd", name, results, parameters={"sample": {"host": "x%_"}})
    assert run("catalog", "add", tmp_path / "odd", "--catalog", catalog)[0] == 0
    where = ("--where", "sample = nul\\x00 half \\ud800 \u00c5", "--where", "host ~ X%_")
    said = json.loads(run("catalog", "--catalog", catalog, "--json", *where)[1])[0]["results"]
    assert {key: one["value"] for key, one in said.items()} == numbers | texts


def test_the_newest_analysis_speaks_for_a_sample(run: Run, catalog: str, tmp_path: Path) -> None:
    at, recording = tmp_path / "a", "ab" * 32
    for day, peak in (("02", 460.0), ("03", 453.0), ("01", 470.0)):
        results = {"emission.peak": _estimate(peak)}
        _write(at, "a", results, date=f"2026-03-{day}T00:00:00+00:00", recording=recording)
        run("catalog", "add", at, "--catalog", catalog)
    # The same folder elsewhere is the same sample by its recordings; another's of its name is not.
    moved = _write(
        tmp_path / "b",
        "a",
        {"emission.peak": _estimate(452.0)},
        date="2026-03-04T00:00:00+00:00",
        recording=recording,
    )
    run("catalog", "add", moved, moved / "results", "--catalog", catalog)
    other = _write(tmp_path / "c", "a", {"emission.peak": _estimate(600.0)})
    assert "analysis 5." in run("catalog", "add", other, "--catalog", catalog)[1]
    said = json.loads(run("catalog", "--catalog", catalog, "--json")[1])
    peaks = [row["results"]["emission.peak"]["value"] for row in said]
    assert sorted(peaks) == [452.0, 600.0]
    assert len(_samples(run, catalog, "--all")) == 5
    # The newest does not fit, so the sample does not, whatever an older one said.
    assert _samples(run, catalog, "--where", "emission.peak = 470") == []
    status, _, err = run("catalog", "--catalog", catalog, "--compare", "a", "a")
    assert (status, "several have that name" in err) == (2, True)


def test_tags_stay_with_the_sample_and_removal_leaves_nothing(
    run: Run, catalog: str, two: tuple[Path, Path]
) -> None:
    run("catalog", "add", *two, "--catalog", catalog)
    run("catalog", "tag", "bright", "batch=7a", "run=4.0", "--catalog", catalog)
    assert _samples(run, catalog, "--where", "batch = 7a", "--where", "run = 4") == ["bright"]
    _write(two[0], "bright", {"emission.peak": _estimate(454.0)}, date="2027-01-01T00:00:00+00:00")
    run("catalog", "add", two[0], "--catalog", catalog)
    assert _samples(run, catalog, "--where", "batch = 7a") == ["bright"]
    run("catalog", "tag", "bright", "run=", "--catalog", catalog)
    status, _, err = run("catalog", "--catalog", catalog, "--where", "run = 4")
    assert (status, "`run` is nothing" in err) == (2, True)
    for number in (1, 2, 3):
        assert run("catalog", "remove", number, "--catalog", catalog)[0] == 0
    assert run("catalog", "remove", "3", "--catalog", catalog)[0] == 2
    with reading(read_address(catalog)) as connection:
        for table in METADATA.sorted_tables:
            kept = len(connection.execute(table.select()).all())
            assert kept == (1 if table.name == "cinedot_catalog" else 0), table.name


_WRITER = """
import json, sys
from pathlib import Path
from cinedot.dossier.catalog.address import read_address
from cinedot.dossier.catalog.document import read_document
from cinedot.dossier.catalog.recording import record
for line in sys.stdin:
    address, folders = json.loads(line)
    documents = [read_document(Path(one) / "results", folder=Path(one)) for one in folders]
    print("ready", flush=True)
    sys.stdin.readline()
    for document in documents:
        record(read_address(address), document)
    print("done", flush=True)
"""


@pytest.fixture(scope="session")
def writers() -> Iterator[list[subprocess.Popen[str]]]:
    """Two processes that record what they are told, when they are told."""
    started = [
        subprocess.Popen(
            [sys.executable, "-c", _WRITER],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for _ in range(2)
    ]  # fmt: skip
    yield started
    ended = [one.communicate(timeout=60)[1] for one in started]
    assert ended == ["", ""]


def test_two_writers_at_once_lose_nothing(
    catalog: str, writers: list[subprocess.Popen[str]], tmp_path: Path
) -> None:
    """Both make the catalog, and each records 20 samples; five of them are the same."""

    def written(name: str, peak: float) -> Path:
        return _write(tmp_path / name, name, {"emission.peak": _estimate(peak)})

    own = [[written(f"{writer}{k}", 450.0 + k) for k in range(15)] for writer in "ab"]
    shared = [written(f"s{k}", 500.0) for k in range(5)]
    mixed = [[str(one) for one in (*folders[:7], *shared, *folders[7:])] for folders in own]
    for writer, folders in zip(writers, mixed, strict=True):
        _tell(writer, json.dumps([catalog, folders]))
    for answer in ("ready", "done"):
        assert [_heard(writer) for writer in writers] == [answer] * 2
        if answer == "ready":
            for writer in writers:
                _tell(writer, "")
    with reading(read_address(catalog)) as connection:
        every = entries(connection, every=True)
    names = [folder.name for folders in (*own, shared) for folder in folders]
    assert sorted(entry.sample for entry in every) == sorted(names)
    assert all(len(entry.results) == 1 and entry.checks == {"tension": 1} for entry in every)


def _tell(writer: subprocess.Popen[str], line: str) -> None:
    assert writer.stdin is not None
    writer.stdin.write(f"{line}\n")
    writer.stdin.flush()


def _heard(writer: subprocess.Popen[str]) -> str:
    assert writer.stdout is not None
    return writer.stdout.readline().strip()


def test_a_record_that_fails_leaves_nothing_behind(
    catalog: str, two: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    address = read_address(catalog)
    documents = [read_document(folder / "results", folder=folder) for folder in two]
    record(address, documents[0])
    documents[1].checks[0]["status"] = None  # what the last of its tables refuses
    with pytest.raises(ValueError, match="cannot be used"):
        record(address, documents[1])
    with reading(address) as connection:
        assert [entry.sample for entry in entries(connection, every=True)] == ["bright"]
        for table in (ANALYSES, *OF_ANALYSIS):
            numbers = {
                row[1 if table is ANALYSES else 0] for row in connection.execute(table.select())
            }
            assert numbers <= {1}, table.name


def test_a_series_and_a_fact_are_drawn(
    run: Run, catalog: str, two: tuple[Path, Path], tmp_path: Path
) -> None:
    run("catalog", "add", *two, "--catalog", catalog)
    drawn = tmp_path / "peaks.svg"
    words = ("--plot", "titration.peak", "--against", "equivalents", "--figure", drawn)
    status, out, _ = run("catalog", "--catalog", catalog, *words)
    assert (status, "2 of 2 entries" in out) == (0, True)
    text = drawn.read_text("utf-8")
    for words in ("titration: emission peak (nm)", "titration: equivalents", "bright", "dim"):
        assert words in text
    from cinedot.dossier.catalog.figure import drawing

    with reading(read_address(catalog)) as connection:
        listed = entries(connection)
        lines = drawing(connection, listed, y="titration.peak", against="equivalents").lines
        assert [line.y for line in lines] == [(513.0, 480.0, 453.0), (513.0, 500.0, 453.0)]
        points = drawing(connection, listed, y="emission.peak", against="crystals.equivalents")
        assert [(line.name, line.x, line.y, line.sigma) for line in points.lines] == [
            ("bright", (1.5,), (453.0,), (0.2,)),
            ("dim", (3.0,), (470.0,), (0.2,)),
        ]


def test_two_samples_are_set_side_by_side(run: Run, catalog: str, two: tuple[Path, Path]) -> None:
    run("catalog", "add", *two, "--catalog", catalog)
    out = run("catalog", "--catalog", catalog, "--compare", "bright", "dim")[1]
    line = next(line for line in out.splitlines() if "[emission.peak]" in line)
    # sqrt(0.2^2 + 0.2^2) = 0.283
    assert "+17.00 ± 0.28" in line
    assert "different" in line
    assert "crystals.acid: malic against oleic" in out


def test_an_analysis_records_itself_and_never_fails_for_it(run: Run, tmp_path: Path) -> None:
    """SQLite alone: what is recorded, and how, is shown above for both."""
    folder, catalog = tmp_path / "told", tmp_path / "samples.db"
    folder.mkdir()
    (folder / "sample.toml").write_text(
        '[sample]\nname = "told"\nhost = "MAPbBr3"\n[reported]\n"emission.peak" = "0.453 um"\n'
    )
    assert run("analyze", folder, "--catalog", catalog)[0] == 0
    said = json.loads(run("catalog", "--catalog", catalog, "--json", "--where", "host=MAPbBr3")[1])
    assert said[0]["results"]["emission.peak"]["value"] == 453.0
    assert said[0]["given"] == str(folder)
    # Nothing listens at port 1; the password is in no message and in no file.
    url = f"postgresql://ann:{quote(PASSWORD, safe='')}@127.0.0.1:1/dots"
    status, out, err = run("analyze", folder, "--catalog", url)
    assert (status, "Dossier:" in out) == (0, True)
    assert "not recorded in the catalog" in err
    assert "cinedot catalog add" in err
    text = (folder / "results" / "dossier.json").read_text("utf-8")
    page = (folder / "results" / "dossier.html").read_text("utf-8")
    for told in (out, err, text, page):
        assert PASSWORD not in told
        assert quote(PASSWORD, safe="") not in told
    assert "ann:***@" in text


def test_the_commands_of_the_documents_run(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for k, name in enumerate(("sample-a", "sample-b", "sample-c")):
        _write(
            tmp_path / name,
            name,
            {"emission.peak": _estimate(453.0 + k, 0.1), "recipe.amine": _estimate(4.0 + k),
             "quantum_yield.phi": _estimate(0.9, 0.02)},
            parameters={
                "sample": {"host": "MAPbBr3"}, "crystals": {"acid": "malic acid", "equivalents": k}
            },
            series=[("titration", "oam", 1.0, "peak", 513.0, None, "nm")],
        )  # fmt: skip
    text = (Path(__file__).parents[2] / "docs" / "catalog.md").read_text("utf-8")
    blocks = re.findall(r"^```\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)
    lines = [line for block in blocks for line in block.splitlines() if "export" not in line]
    monkeypatch.setenv("CINEDOT_CATALOG", "samples.db")
    for line in lines:
        words = shlex.split(line.partition(" > samples.csv")[0], comments=True)
        if words[1] == "analyze":  # so that nothing is analysed here
            words[1:2] = ["catalog", "add"]
        status, _, err = run(*words[1:])
        assert (status, err) == (0, ""), line
    assert len(lines) > 10
    assert {path.name for path in tmp_path.glob("*.*")} == {
        "samples.db", "titrations.svg", "yields.pdf", "peaks.png",
    }  # fmt: skip


def test_each_mistake_is_told_in_one_line(
    run: Run, two: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalog = tmp_path / "samples.db"
    run("catalog", "add", *two, "--catalog", catalog)
    before = catalog.read_bytes()
    (tmp_path / "notes.txt").write_text("no database, whatever its length may be " * 40)
    other = sqlite3.connect(tmp_path / "other.db")
    other.execute("CREATE TABLE books (title TEXT)")
    other.close()
    newer = tmp_path / "newer.db"
    shutil.copy(catalog, newer)
    changed = sqlite3.connect(newer)
    changed.execute("UPDATE cinedot_catalog SET schema_version = 99")
    changed.commit()
    changed.close()
    for words, told in {
        ("--catalog", catalog, "--where", "emision.peak > 3"): "nearest are emission.peak",
        ("--catalog", catalog, "--where", "fwhm > 3"): "emission.fwhm",
        ("--catalog", catalog, "--where", "emission.fwhm < 16 kV"): "must be in nm",
        ("--catalog", catalog, "--where", "emission.fwhm < wide"): "compared with a number",
        ("--catalog", catalog, "--where", "emission.fwhm"): "must compare a key",
        ("--catalog", catalog, "--where", "crystals.acid > 3"): "is a text",
        ("--catalog", catalog, "--columns", "emission.pek"): "emission.peak",
        ("--catalog", catalog, "--compare", "bright", "dimm"): "The nearest are dim",
        ("--catalog", catalog, "--plot", "emission.peak"): "--against",
        ("remove", 9, "--catalog", catalog): "be an analysis number 9",
        ("tag", "dim", "sample=x", "--catalog", catalog): "KEY=VALUE",
        ("add", tmp_path, "--catalog", catalog): "results/dossier.json",
        ("--catalog", tmp_path / "none.db"): "there is none yet",
        ("add", two[0], "--catalog", tmp_path / "no" / "a.db"): "folder must exist",
        ("--catalog", tmp_path / "notes.txt"): "is no SQLite file",
        ("add", two[0], "--catalog", tmp_path / "notes.txt"): "is no SQLite file",
        ("add", two[0], "--catalog", tmp_path / "other.db"): "other tables (books)",
        ("--catalog", newer): "tables of version 1, but has 99",
        ("--catalog", "mysql://ann:pw@host/dots"): "SQLite or PostgreSQL",
        (): "a catalog must be named",
    }.items():
        status, _, err = run("catalog", *words)
        assert (status, err.count("\n"), told in err, "pw@" in err) == (2, 1, True, False), err
    assert catalog.read_bytes() == before
    monkeypatch.setitem(sys.modules, "psycopg", None)
    status, _, err = run("catalog", "--catalog", "postgresql://ann@host/dots")
    assert (status, "its extra `postgres`" in err) == (2, True)
    assert not (tmp_path / "none.db").exists()


def test_a_dossier_that_is_none_is_refused_and_nothing_is_made(run: Run, tmp_path: Path) -> None:
    folder = _write(tmp_path / "a", "a", {})
    for content in ("{", "[]", '{"schema": 1}', '{"schema": 2}'):
        (folder / "results" / "dossier.json").write_text(content)
        status, _, err = run("catalog", "add", folder, "--catalog", tmp_path / "a.db")
        assert (status, "dossier.json" in err, err.count("\n")) == (2, True, 1)
    assert not (tmp_path / "a.db").exists()


def test_a_reader_changes_nothing(catalog: str, two: tuple[Path, Path]) -> None:
    address = read_address(catalog)
    record(address, read_document(two[0] / "results", folder=two[0]))
    with pytest.raises(ValueError, match="cannot be used"), reading(address) as connection:
        connection.execute(ANALYSES.delete())
    with writing(address) as connection:
        assert len(connection.execute(ANALYSES.select()).all()) == 1


@given(
    user=st.text("abcdefg.-_", min_size=1),
    password=st.text(":/@#?%& aé漢", min_size=1),
    rest=st.sampled_from(("host/dots", "host:5432/dots?sslmode=require", "/dots?host=folder")),
)
def test_no_password_survives(user: str, password: str, rest: str) -> None:
    hidden = f"postgresql://{user}:***@{rest}"
    assert without_password(f"postgresql://{user}:{password}@{rest}") == hidden


def test_comparisons_read_back_as_they_are_meant() -> None:
    seed = int(np.random.SeedSequence().generate_state(1)[0])
    print("seed", seed)
    chance = np.random.default_rng(seed)
    keys = sorted(known_quantities())
    for _ in range(200):
        key, sign = (
            keys[chance.integers(len(keys))],
            str(chance.choice(["<", "<=", ">", ">=", "!="])),
        )
        value = f"{chance.normal():.3g} nm"
        blanks = " " * chance.integers(0, 3)
        found = read_comparison(f"{key}{blanks}{sign}{blanks}{value}")
        assert (found.key, found.sign, found.value) == (key, sign, value)
