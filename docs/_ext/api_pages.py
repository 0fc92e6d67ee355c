"""A page for each room: its docstring, then every name that it gives out.

Public names are those that a room's `__init__` takes in under their own name (`from x import y as
y`). Modules that are no rooms but that some page of the docs imports from are listed too.
"""

import ast
import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import cinedot

_SOURCE = Path(cinedot.__file__).parent
_IMPORT = re.compile(r"^(?:>>> |\.\.\. )?\s*from (cinedot(?:\.\w+)*) import", re.MULTILINE)
_BARS = re.compile(r"(?<!`)\\?\|(?!`)")
_ROOMS = (
    "core", "particle", "recipe", "growth", "microscope", "micrographs", "spectroscopy",
    "composition", "dossier",
)  # fmt: skip


def write_api_pages(docs: Path) -> list[Path]:
    """Write `api/ROOM.md` for every room, in the order in which rooms import each other.

    Args:
        docs: the folder of the docs.

    Returns:
        The pages.
    """
    folder = docs / "api"
    folder.mkdir(exist_ok=True)
    modules = documented_modules(docs)
    pages: list[Path] = []
    for room in rooms():
        page = folder / f"{room}.md"
        inside = [m for m in modules if m.split(".")[1] == room]
        text = "\n".join(_module(name) for name in inside)
        if not page.is_file() or page.read_text("utf-8") != text:
            page.write_text(text, "utf-8")
        pages.append(page)
    for old in set(folder.glob("*.md")) - set(pages):
        if old.read_text("utf-8").startswith("# cinedot."):  # of a room that went
            old.unlink()
    return pages


def rooms() -> list[str]:
    """The rooms that there are, those in the known order first."""
    there = {path.parent.name for path in _SOURCE.glob("*/__init__.py")} - {"cli"}
    return [one for one in _ROOMS if one in there] + sorted(there - set(_ROOMS))


def documented_modules(docs: Path) -> list[str]:
    """Rooms, the rooms within them that give out names, and what the docs import from."""
    packages = {
        ".".join(("cinedot", *path.parent.relative_to(_SOURCE).parts))
        for path in _SOURCE.glob("*/**/__init__.py")
    }
    named = {m for page in pages_of(docs) for m in _IMPORT.findall(page.read_text("utf-8"))}
    wanted = {m for m in packages if public_names(m) or m.count(".") == 1} | named
    return sorted(m for m in wanted if m != "cinedot" and m.split(".")[1] != "cli")


def pages_of(docs: Path) -> list[Path]:
    """All pages that people wrote, without those that the site makes."""
    made = {"_build", "commands", "api"}
    found = [p for p in docs.rglob("*.md") if not made & set(p.relative_to(docs).parts[:-1])]
    return sorted(found)


def public_names(module: str) -> list[str]:
    """Names that a module gives out, in the order in which it does."""
    loaded = importlib.import_module(module)
    tree = ast.parse(Path(inspect.getfile(loaded)).read_text("utf-8"))
    if hasattr(loaded, "__path__"):
        return [
            alias.name
            for node in tree.body
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
            if alias.asname == alias.name
        ]
    kinds = (ast.FunctionDef, ast.ClassDef)
    return [n.name for n in tree.body if isinstance(n, kinds) and not n.name.startswith("_")]


def _module(name: str) -> str:
    loaded = importlib.import_module(name)
    depth = "#" if name.count(".") == 1 else "##"
    told = [f".. automodule:: {name}", "   :no-members:", "   :no-index:", ""]
    body = "\n".join([*told, *_names(loaded)])
    return f"{depth} {name}\n\n```{{eval-rst}}\n{body}\n```\n"


def _names(loaded: ModuleType) -> Iterator[str]:
    for name in public_names(loaded.__name__):
        thing = getattr(loaded, name)
        kind = "class" if inspect.isclass(thing) else "function" if callable(thing) else "data"
        yield f".. auto{kind}:: {loaded.__name__}.{name}"
        yield ""


def as_restructured(what: str, lines: list[str]) -> None:
    """Make a docstring's plain text safe for docutils, in place (Sphinx's autodoc event).

    Bars are magnitudes and not substitutions. Paragraphs of a room that draw how data passes
    (arrows) keep their lines.
    """
    paragraphs = "\n".join(lines).split("\n\n")
    for index, text in enumerate(paragraphs):
        if what == "module" and " -> " in text:
            inside = "\n".join(f"   {line}" for line in text.strip("\n").splitlines())
            paragraphs[index] = f"::\n\n{inside}\n"
        elif ">>> " not in text:
            paragraphs[index] = _BARS.sub(r"\\|", text)
    lines[:] = "\n\n".join(paragraphs).split("\n")
