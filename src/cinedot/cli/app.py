"""The command line itself: its name, what all commands share, how it ends."""

import logging
import sys
from typing import Annotated

import typer

from cinedot import __version__

app = typer.Typer(
    name="cinedot",
    help="From a laboratory's records of a quantum dot to its atoms, composition and light.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # Rich would take longer to draw the help than all the rest
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main() -> None:
    """Run the command line; unusable input ends in one clear line and status 2."""
    try:
        app()
    except ValueError as fault:
        from cinedot.core.errors import InputError  # brings NumPy, which --help does without

        if not isinstance(fault, InputError):
            raise
        print(f"cinedot: {fault}", file=sys.stderr)
        sys.exit(2)


def _version(wanted: bool) -> bool:
    if wanted:
        print(f"cinedot {__version__}")
        raise typer.Exit
    return wanted


@app.callback()
def options(
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
    verbose: Annotated[
        int, typer.Option("--verbose", "-v", count=True, help="Say more; twice for debugging.")
    ] = 0,
) -> None:
    """Options of every command."""
    level = {0: logging.WARNING, 1: logging.INFO}.get(verbose, logging.DEBUG)
    logging.basicConfig(
        level=logging.WARNING, format="%(asctime)s %(name)s: %(message)s", datefmt="%H:%M:%S"
    )
    logging.getLogger("cinedot").setLevel(level)
