"""What the docs show is what happens: sessions, scripts, files, command lines of every page.

Here runs what is cheap. Whole tutorials, and commands that film or analyse, run in
`test_tutorials.py` (`pytest -m acceptance`).
"""

import doctest
import tomllib
from pathlib import Path
from typing import Any

import doc_pages
import pytest
import typer.main
from doc_pages import Block

_PAGES = doc_pages.pages()
# Commands that neither film nor analyse: a second or less each, once their room is imported.
_CHEAP = {"new", "predict", "recipe", "grow"}
# Three seconds of a processor and more each (compiled programs, many imports): at full size only.
_DEAR = {
    "composition", "growth", "kinetics", "mass-spectra", "mixtures", "scales", "simulation", "sizes"
}  # fmt: skip
# What corrections and lab.toml in the docs speak of.
_RECORDS = """
[movie]
file = "m.tif"
[survey]
files = ["survey-1.tif"]
[emission]
file = "pl.csv"
"""


def _with(*languages: str) -> list[Path]:
    return [p for p in _PAGES if any(b.language in languages for b in doc_pages.blocks(p))]


def _alone(language: str) -> list[Any]:
    """Pages whose scripts need no file that a command made: a tutorial is run as a whole."""
    pages = [p for p in _with(language) if p.parent.name != "tutorials"]
    dear = [pytest.mark.acceptance]
    return [
        pytest.param(p, id=doc_pages.name(p), marks=dear if p.stem in _DEAR else []) for p in pages
    ]


@pytest.mark.parametrize("page", _alone("python"))
def test_python_runs_and_prints_what_is_shown(page: Path) -> None:
    names: dict[str, Any] = {}
    runner = doctest.DocTestRunner()
    for block in doc_pages.blocks(page):
        if block.language != "python":
            continue
        if block.is_session:
            file = doc_pages.name(page)
            session = doctest.DocTestParser().get_doctest(
                block.text, names, f"{file}:{block.line}", file, block.line
            )
            runner.run(session, clear_globs=False)
            names.update(session.globs)
        else:
            exec(compile(block.text, f"{page}:{block.line}", "exec"), names)
    assert runner.failures == 0


@pytest.mark.parametrize("page", _with("toml"), ids=doc_pages.name)
def test_files_shown_are_read_by_their_own_reader(page: Path, tmp_path: Path) -> None:
    before = ""
    for index, block in enumerate(b for b in doc_pages.blocks(page) if b.language == "toml"):
        folder = tmp_path / str(index)
        folder.mkdir()
        content = tomllib.loads(block.text)
        if all(not isinstance(value, dict | list) for value in content.values()):
            _read(_going_on(before, block.text, content), folder)
        else:
            _read(block.text, folder)
            before = block.text


def _going_on(above: str, text: str, keys: dict[str, Any]) -> str:
    """The section above with further keys, in place of those that it has."""
    kept = [line for line in above.splitlines() if line.split(" =")[0].strip() not in keys]
    return "\n".join([*kept, text])


def _read(text: str, folder: Path) -> None:
    from cinedot.dossier.corrections import Corrections, read_corrections
    from cinedot.dossier.folder import open_folder
    from cinedot.dossier.manifest import Manifest
    from cinedot.growth.network_files import network_of
    from cinedot.particle import read_compound
    from cinedot.recipe import recipe_from_text

    keys = set(tomllib.loads(text))
    head = '[sample]\nname = "shown"\nhost = "CsPbBr3"\n'
    own = folder / "own.toml"
    if "reactions" in keys:
        network_of(text)
    elif "mixture" in keys:
        recipe_from_text(text, file="recipe.toml")
    elif keys <= set(Corrections.model_fields):
        (folder / "sample.toml").write_text(head + _RECORDS, "utf-8")
        (folder / "corrections.toml").write_text(text, "utf-8")
        read_corrections(open_folder(folder, use_lab=False))
    elif text.startswith("# lab.toml"):
        (folder / "lab.toml").write_text(text, "utf-8")
        (folder / "sample").mkdir()
        (folder / "sample" / "sample.toml").write_text(head + _RECORDS, "utf-8")
        assert open_folder(folder / "sample").manifest != open_folder(
            folder / "sample", use_lab=False
        )
    elif keys <= set(Manifest.model_fields):
        whole = text if "sample" in keys else head + text
        if "name" not in tomllib.loads(whole)["sample"]:
            whole = whole.replace("[sample]\n", '[sample]\nname = "shown"\n', 1)
        (folder / "sample.toml").write_text(whole, "utf-8")
        open_folder(folder, use_lab=False)
    else:
        own.write_text(text, "utf-8")
        read_compound(own)


@pytest.mark.parametrize("page", _PAGES, ids=doc_pages.name)
def test_every_command_line_is_one_that_the_command_line_takes(page: Path) -> None:
    group = typer.main.get_command(_app())
    for block in doc_pages.blocks(page):
        for words in block.commands():
            context = typer.Context(group, info_name="cinedot")
            _, command, rest = group.resolve_command(context, words[1:])
            command.make_context(command.name, rest, parent=context)


def test_a_command_line_that_has_drifted_is_seen() -> None:
    """The test above can fail: an option that is gone, a command that is gone."""
    group = typer.main.get_command(_app())
    context = typer.Context(group, info_name="cinedot")
    words = next(Block(language="sh", text="cinedot build --lost 3\n", line=1).commands())
    _, command, rest = group.resolve_command(context, words[1:])
    with pytest.raises(Exception, match="No such option: --lost"):
        command.make_context(command.name, rest, parent=context)
    with pytest.raises(Exception, match="No such command 'vanish'"):
        group.resolve_command(context, ["vanish"])


def _cheap(page: Path) -> list[list[str]]:
    shown = [b for b in doc_pages.blocks(page) if b.language == "sh"]
    lines = [words for block in shown for words in block.commands()]
    return lines if lines and all(words[1] in _CHEAP for words in lines) else []


@pytest.mark.parametrize("page", [p for p in _PAGES if _cheap(p)], ids=doc_pages.name)
def test_cheap_commands_run(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    for words in _cheap(page):
        code, _, complaint = run(*words[1:])
        assert code == 0, complaint


def _app() -> Any:
    from cinedot.cli import app

    return app
