"""The pages of the docs and the code blocks in them, for the tests that run them."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
_MADE = {"_build", "commands"}  # by the site, from the rest
_BLOCK = re.compile(r"^```([\w{}-]*)[^\n]*\n(.*?)^```", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Block:
    """A fenced block: its language ("" for none), its text, the line where it begins."""

    language: str
    text: str
    line: int

    @property
    def file(self) -> str | None:
        """The file that the reader is told to write, named in the first line as in `# a/b.toml`."""
        named = re.match(r"# (\S+\.toml)\n", self.text)
        return named[1] if named and self.language == "toml" else None

    @property
    def is_session(self) -> bool:
        """Whether it shows what a Python session prints."""
        return ">>> " in self.text

    def commands(self) -> Iterator[list[str]]:
        """Words of each `cinedot` line in a block of a shell, of text, or of no language."""
        if self.language not in ("sh", "text", ""):
            return
        for line in self.text.replace("\\\n", " ").splitlines():
            said = line.removeprefix("$ ")
            if said.startswith("cinedot ") and not said.startswith("cinedot: "):
                yield shlex.split(said, comments=True)


def pages() -> list[Path]:
    """README and every page that somebody wrote, whoever adds one."""
    found = (p for p in DOCS.rglob("*.md") if not _MADE & set(p.relative_to(DOCS).parts[:-1]))
    written = [p for p in found if p.parent.name != "api" or p.name == "about.md"]
    return [ROOT / "README.md", *sorted(written)]


def name(page: Path) -> str:
    """A page's name in the words of a test."""
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path) -> list[Block]:
    """All fenced blocks of a page, in order."""
    text = page.read_text("utf-8")
    return [
        Block(language=found[1], text=found[2], line=text.count("\n", 0, found.start()) + 1)
        for found in _BLOCK.finditer(text)
    ]
