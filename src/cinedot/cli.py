"""The command line: parse, call, print. Everything heavy is imported where it is used."""

import logging
import shlex
import sys
from pathlib import Path
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


@app.command()
def new(
    folder: Annotated[Path, typer.Argument(help="The sample folder to make.")],
) -> None:
    """Write a commented sample.toml to fill in."""
    from cinedot.dossier.starter import write_starter

    file = write_starter(folder)
    print(f"Wrote {file}. Fill it in, then: cinedot analyze {shlex.quote(str(folder))}")


@app.command()
def analyze(
    folders: Annotated[list[Path], typer.Argument(help="Sample folders.")],
    out: Annotated[
        Path | None,
        typer.Option(help="Where the results go: FOLDER/results unless given."),
    ] = None,
    only: Annotated[
        str | None, typer.Option(help="Sections to run, as in movie,emission; all unless given.")
    ] = None,
    allow_outside: Annotated[
        bool, typer.Option("--allow-outside", help="Let paths in sample.toml leave the folder.")
    ] = False,
) -> None:
    """Analyse sample folders, a dossier for each.

    Runs everything that the files named in sample.toml allow. Exit status: 0 done, 1 some
    section failed, 2 some input could not be used.
    """
    from cinedot.dossier.command import analyze_folders

    sections = tuple(part.strip() for part in only.split(",") if part.strip()) if only else ()
    raise typer.Exit(
        analyze_folders(tuple(folders), out=out, only=sections, allow_outside=allow_outside)
    )


@app.command()
def demo(
    folder: Annotated[Path, typer.Argument(help="The folder to make.")] = Path("cinedot-demo"),
    seed: Annotated[int, typer.Option(help="Seed of everything that chance decides.", min=0)] = 0,
) -> None:
    """Analyse a simulated sample beside its truth."""
    from cinedot.dossier.command import run_demo

    raise typer.Exit(run_demo(folder, seed=seed))


@app.command()
def doctor() -> None:
    """Print versions, devices and cores."""
    from cinedot.dossier.command import print_doctor

    print_doctor()
