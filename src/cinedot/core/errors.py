"""The two ways a piece of work can end badly, each told in one line."""

from functools import partial
from pathlib import Path
from typing import Any


class InputError(ValueError):
    """What was given cannot be used; says which file, where in it, which rule, what to do.

    The command line prints it as one line and exits with status 2.

    Args:
        rule: what must hold and what was found instead, as a sentence.
        remedy: what to do about it, as a sentence.
        file: the file at fault, if the fault lies in a file.
        place: where in the file: a line, a column, a key, a frame.

    Example:
        >>> print(InputError("`edges` must be at least 1, but are (4, 0, 4).",
        ...                  remedy="A cube with 4 Pb an edge is `Cuboid.cube(4)`."))
        `edges` must be at least 1, but are (4, 0, 4). A cube with 4 Pb an edge is `Cuboid.cube(4)`.
    """

    def __init__(
        self, rule: str, *, remedy: str, file: Path | str | None = None, place: str | None = None
    ) -> None:
        self.rule = _one_line(rule)
        self.remedy = _one_line(remedy)
        self.file = None if file is None else str(file)
        self.place = place
        where = ", ".join(part for part in (self.file, place) if part)
        super().__init__(
            f"{where}: {self.rule} {self.remedy}" if where else f"{self.rule} {self.remedy}"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        """How other processes hand it on: pickle itself knows nothing of keyword arguments."""
        rest = {"remedy": self.remedy, "file": self.file, "place": self.place}
        return partial(type(self), **rest), (self.rule,)

    def within(self, *, file: Path | str | None = None, place: str | None = None) -> "InputError":
        """The same complaint with the file or the place filled in where they were not known."""
        return InputError(
            self.rule, remedy=self.remedy, file=self.file or file, place=self.place or place
        )


class AnalysisError(RuntimeError):
    """The input was sound, but no answer could be reached; says why and what to try.

    The section that raised it is `failed` in the dossier, the others go on, exit status 1.

    Example:
        >>> print(AnalysisError("no peak rises above the noise.", remedy="Widen `range`."))
        no peak rises above the noise. Widen `range`.
    """

    def __init__(self, reason: str, *, remedy: str) -> None:
        self.reason = _one_line(reason)
        self.remedy = _one_line(remedy)
        super().__init__(f"{self.reason} {self.remedy}")

    def __reduce__(self) -> tuple[Any, ...]:
        """How other processes hand it on; see `InputError`."""
        return partial(type(self), remedy=self.remedy), (self.reason,)


def _one_line(text: str) -> str:
    return " ".join(text.split())
