"""Progress of long work: silent by default, bars where a person watches."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Protocol, TypeVar, runtime_checkable

if TYPE_CHECKING:
    from rich.console import Console

Item = TypeVar("Item")


@runtime_checkable
class Progress(Protocol):
    """Whatever shows how far a loop has come."""

    def track(self, items: Iterable[Item], *, description: str, total: int) -> Iterator[Item]:
        """Pass the items through, counting them against `total`."""
        ...


class Silent:
    """Progress that shows nothing: for libraries, tests and notebooks."""

    def track(self, items: Iterable[Item], *, description: str, total: int) -> Iterator[Item]:
        """Pass the items through."""
        yield from items


class Bars:
    """One bar a loop with the time that remains, on standard error.

    Args:
        console: the Rich console to draw on.
    """

    def __init__(self, console: "Console") -> None:
        self._console = console

    def track(self, items: Iterable[Item], *, description: str, total: int) -> Iterator[Item]:
        """Pass the items through under a bar that stays when they are done."""
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
        )

        columns = (
            TextColumn("{task.description:<34}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeRemainingColumn(elapsed_when_finished=True),
        )
        with Progress(*columns, console=self._console) as bars:
            task = bars.add_task(description, total=total)
            for item in items:
                yield item
                bars.advance(task)
