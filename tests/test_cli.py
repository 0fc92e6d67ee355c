"""The command line starts fast and says what it is."""

import dataclasses
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

from cinedot import __version__

HEAVY = (
    "jax",
    "pandas",
    "plotly",
    "numpy",
    "scipy",
    "ase",
    "lmfit",
    "pint",
    "rsciio",
    "sqlalchemy",
)


def _cinedot(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cinedot", *words], capture_output=True, text=True, check=False
    )


def test_version() -> None:
    assert _cinedot("--version").stdout == f"cinedot {__version__}\n"


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        *(
            [name, "--help"]
            for name in (
                "analyze",
                "catalog",
                "demo",
                "grow",
                "plan",
                "predict",
                "recipe",
                "simulate",
            )
        ),
    ],
)
def test_help_imports_nothing_heavy(words: list[str]) -> None:
    code = (
        "import sys\n"
        f"sys.argv = ['cinedot', *{words!r}]\n"
        "from cinedot.cli import main\n"
        "try:\n    main()\n"
        "except SystemExit as end:\n    assert not end.code, end.code\n"
        f"print('HEAVY', [name for name in {HEAVY!r} if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Usage" in done.stdout
    assert done.stdout.splitlines()[-1] == "HEAVY []"


def test_an_unknown_command_is_status_2_without_a_traceback() -> None:
    done = _cinedot("analyse-this")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_doctor_names_versions_and_devices() -> None:
    done = _cinedot("doctor")
    assert done.returncode == 0
    for word in ("cinedot", "python", "cores", "devices", "jax", "numpy", "rosettasciio"):
        assert any(line.startswith(word) for line in done.stdout.splitlines())


def test_simulate_passes_every_option_on_and_the_defaults_agree() -> None:
    from cinedot.cli import simulate
    from cinedot.microscope.simulate_command import SimulateOptions

    typed = inspect.signature(simulate).parameters
    known = {one.name: one.default for one in dataclasses.fields(SimulateOptions)}
    assert set(typed) == set(known)
    for name, parameter in typed.items():
        if name != "out":
            assert parameter.default == known[name], name


def test_simulate_refuses_bad_input_in_one_line(tmp_path: Path) -> None:
    done = _cinedot("simulate", "--out", str(tmp_path / "m.tif"), "--dose-rate", "-1 e/nm2/s")
    assert done.returncode == 2
    assert "--dose-rate" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_flags_are_said_or_left_out_alike_in_all_commands() -> None:
    import typer.main

    from cinedot.cli import app

    commands = typer.main.get_command(app).commands  # pyright: ignore
    flags = {
        name: [one for one in command.params if getattr(one, "is_flag", False)]
        for name, command in commands.items()
    }
    assert len(flags["simulate"]) >= 2
    for name, found in flags.items():
        for flag in found:
            assert flag.opts == [f"--{flag.name.replace('_', '-')}"], name
            assert not flag.secondary_opts, name
