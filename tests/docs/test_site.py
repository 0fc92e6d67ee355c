"""The site builds without a warning, reaches every page, and tells commands as they are."""

import re
import subprocess
import sys
from pathlib import Path

import doc_pages
import pytest
from doc_pages import DOCS

sys.path.insert(0, str(DOCS))

from _ext import api_pages, command_pages


def _sphinx(out: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sphinx", "-E", "-q", "-W", "--keep-going", *words, DOCS, out],
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_page_is_reached_and_no_link_is_dead(tmp_path: Path) -> None:
    """Warnings are errors: a page in no list of contents, a link or a heading that is not there."""
    done = _sphinx(tmp_path, "-b", "dummy", "-t", "quick")
    assert done.returncode == 0, done.stderr


@pytest.mark.acceptance
def test_the_whole_site_builds_with_warnings_as_errors_and_needs_no_network(
    tmp_path: Path, record_figure
) -> None:
    done = _sphinx(tmp_path, "-b", "html")
    assert done.returncode == 0, done.stderr
    pages = list(tmp_path.rglob("*.html"))
    for page in pages:
        text = page.read_text("utf-8")
        assert not re.search(r'<(?:script|link|img)[^>]+(?:src|href)="(?:https?:)?//', text), page
    names = sum(page.read_text("utf-8").count('class="sig sig-object py"') for page in pages)
    record_figure(
        "11.3 docs: site built with warnings as errors",
        f"{len(pages)} pages, {names} names",
        "no warning",
    )


def test_each_command_has_its_page_with_its_help(run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "88")
    _, listed, _ = run("--help")
    offered = re.findall(r"^  (\w[\w-]*)  ", listed.split("Commands:")[1], re.MULTILINE)
    assert command_pages.command_names() == offered
    for name in offered:
        _, printed, _ = run(name, "--help")
        told, known = (
            text.split(f"{name} [OPTIONS]", 1)[1].split()
            for text in (printed, command_pages.help_text(name))
        )
        assert known[: len(told)] == told  # a group's commands follow


def test_a_command_without_a_how_to_still_has_a_page(tmp_path: Path) -> None:
    made = command_pages.write_command_pages(tmp_path)
    assert [page.stem for page in made] == command_pages.command_names()
    for page in made:
        assert page.read_text("utf-8").startswith(f"# cinedot {page.stem}\n")
    (tmp_path / "commands" / "gone.md").touch()
    command_pages.write_command_pages(tmp_path)
    assert not (tmp_path / "commands" / "gone.md").exists()


@pytest.mark.parametrize("name", command_pages.command_names())
def test_every_command_is_told_on_some_page(name: str) -> None:
    how_to = DOCS / "howto" / f"{name}.md"
    assert how_to.is_file() or command_pages.mentions(DOCS, name), (
        f"write docs/howto/{name}.md: how a person uses `cinedot {name}`"
    )


def test_how_tos_are_of_commands_that_exist() -> None:
    written = {page.stem for page in (DOCS / "howto").glob("*.md")}
    assert written <= set(command_pages.command_names())


def test_every_room_gives_out_names_that_the_reference_lists() -> None:
    listed = api_pages.documented_modules(DOCS)
    for room in api_pages.rooms():
        assert f"cinedot.{room}" in listed
    assert "build" in api_pages.public_names("cinedot.particle")
    for page in doc_pages.pages():
        for module in re.findall(r"from (cinedot\.[\w.]+) import", page.read_text("utf-8")):
            assert module in listed or page.name == "README.md"


def test_equations_are_drawn_by_the_browser_itself() -> None:
    from latex2mathml.converter import convert

    text = (DOCS / "equations.md").read_text("utf-8")
    shown = re.findall(r"\$\$(.+?)\$\$", text, re.DOTALL)
    assert len(shown) >= 10
    for one in shown:
        assert "\\" not in convert(one, display="block"), one
