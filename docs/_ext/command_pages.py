"""A page for each command: how to use it, and its help as the command line prints it.

Pages are written into `docs/commands` whenever the site is built, from the command line itself:
a new command has its page without anybody thinking of it. What a person wrote about a command is
`docs/howto/NAME.md`, which stands first; pages that show the command are named below.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer
import typer.main
from typer.core import TyperCommand, TyperGroup

Page = tuple[str, str]
_WIDTH = 88


def write_command_pages(docs: Path) -> list[Path]:
    """Write `commands/NAME.md` for every command, and take away those of commands that went.

    Args:
        docs: the folder of the docs.

    Returns:
        The pages, in the order in which the command line lists its commands.
    """
    folder = docs / "commands"
    folder.mkdir(exist_ok=True)
    pages: list[Path] = []
    for name in command_names():
        page = folder / f"{name}.md"
        _write_if_new(page, _page(docs, name))
        pages.append(page)
    for old in set(folder.glob("*.md")) - set(pages):
        old.unlink()
    return pages


def command_names() -> list[str]:
    """Names of all commands, in the order of `cinedot --help`."""
    return list(_group().commands)


def help_text(name: str) -> str:
    """What `cinedot NAME --help` prints, commands of a group each after the other."""
    command: Any = _group().commands[name]
    return "\n\n".join(_helps(command, typer.Context(_group(), info_name="cinedot"), name))


def mentions(docs: Path, name: str) -> list[Page]:
    """Pages of the docs, as (path, title), that show `cinedot NAME`."""
    shown = re.compile(rf"cinedot {re.escape(name)}\b")
    found: list[Page] = []
    for page in sorted(
        [*docs.glob("*.md"), *docs.glob("tutorials/*.md"), *docs.glob("guide/*.md")]
    ):
        text = page.read_text("utf-8")
        if page.stem != "index" and shown.search(text):
            found.append((page.relative_to(docs).as_posix(), title_of(text)))
    return found


def title_of(text: str) -> str:
    """The first heading of a page."""
    return next((line[2:] for line in text.splitlines() if line.startswith("# ")), "")


def _group() -> TyperGroup:
    from cinedot.cli import app

    group = typer.main.get_command(app)
    if not isinstance(group, TyperGroup):
        raise TypeError("the command line must be a group of commands")
    return group


def _helps(command: TyperCommand | TyperGroup, parent: typer.Context, name: str) -> Iterator[str]:
    context = typer.Context(
        command, parent=parent, info_name=name, terminal_width=_WIDTH, max_content_width=_WIDTH
    )
    context.help_option_names = ["-h", "--help"]
    yield command.get_help(context)
    for below, one in getattr(command, "commands", {}).items():
        yield from _helps(one, context, below)


def _page(docs: Path, name: str) -> str:
    written = docs / "howto" / f"{name}.md"
    text = written.read_text("utf-8") if written.is_file() else f"# cinedot {name}\n"
    parts = [text.rstrip(), "## Help", f"```text\n{help_text(name)}\n```"]
    seen = [f"- [{title}](../{path})" for path, title in mentions(docs, name)]
    if seen:
        parts += ["## Shown in", "\n".join(seen)]
    return "\n\n".join(parts) + "\n"


def _write_if_new(page: Path, text: str) -> None:
    if not page.is_file() or page.read_text("utf-8") != text:
        page.write_text(text, "utf-8")
