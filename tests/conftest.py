"""What all tests share: checked types, the real recordings, the table of acceptance figures."""

import datetime
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

import hypothesis
import pytest
import type_checks

type_checks.switch_on("cinedot")

# Compiled programs are shared by all tests and by the commands that they run, not with the user's.
_CACHE = Path(__file__).parents[1] / ".pytest_cache" / "cinedot"
os.environ.setdefault("CINEDOT_CACHE", str(_CACHE))

# Workers and the commands that tests run each import the same 1,900 modules: 5 s of the processor
# without their bytecode, which is kept here where the environment lets nothing be written.
if sys.dont_write_bytecode:
    sys.dont_write_bytecode = False
    sys.pycache_prefix = os.environ["PYTHONPYCACHEPREFIX"] = str(_CACHE.with_name("bytecode"))
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# How long an example takes tells of the machine and what else it does, not of the code.
hypothesis.settings.register_profile(
    "cinedot", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("cinedot")

FIGURES = Path(__file__).parents[1] / "acceptance" / "FIGURES.md"
_HEAD = "# Figures of the acceptance run\n\n| date | figure | found | target |\n|---|---|---|---|\n"
_measured: dict[str, tuple[str, str, str]] = {}

Record = Callable[[str, str, str], None]
Run = Callable[..., tuple[int, str, str]]


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """Acceptance tests run one by one: they time, they fill memory, they write one table."""
    return 0 if "not acceptance" not in (config.option.markexpr or "") else None


def pytest_runtest_setup() -> None:
    """Types and shapes are looked at anew in each test."""
    type_checks.begin_test()


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real recordings: `$CINEDOT_DATA`, else `../shared/data`."""
    stated = os.environ.get("CINEDOT_DATA")
    folder = Path(stated) if stated else Path(__file__).parents[2] / "shared" / "data"
    if not (folder / "README.md").is_file():
        pytest.skip(f"real recordings are not at {folder}; set CINEDOT_DATA to their folder")
    return folder


@pytest.fixture
def record_figure(request: pytest.FixtureRequest) -> Record:
    """Note a measured figure (what, found, target) for `acceptance/FIGURES.md`."""
    if request.node.get_closest_marker("acceptance") is None:
        raise AssertionError("only acceptance tests record figures")

    def record(figure: str, found: str, target: str) -> None:
        today = datetime.datetime.now(datetime.UTC).date().isoformat()
        _measured[figure] = (today, found, target)

    return record


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """`cinedot WORDS` in this process: exit status, what it printed, what it complained of."""
    from cinedot.cli import main

    def call(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["cinedot", *map(str, words)])
        with pytest.raises(SystemExit) as end:
            main()
        said = capsys.readouterr()
        code = end.value.code
        return (code if isinstance(code, int) else 0), said.out, said.err

    return call


def pytest_sessionfinish() -> None:
    """Merge this run's figures into the table, so that a part of the suite may run alone."""
    if not _measured:
        return
    rows: dict[str, tuple[str, str, str]] = {}
    if FIGURES.exists():
        for line in FIGURES.read_text("utf-8").splitlines():
            cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
            if len(cells) == 4 and cells[0][:1].isdigit():
                rows[cells[1]] = (cells[0], cells[2], cells[3])
    rows |= _measured
    FIGURES.parent.mkdir(exist_ok=True)
    lines = [
        f"| {date} | {name} | {found} | {target} |"
        for name, (date, found, target) in sorted(rows.items())
    ]
    FIGURES.write_text(_HEAD + "\n".join(lines) + "\n", "utf-8")
