"""Commands about a sample folder: make one, analyse it, see how it goes."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from cinedot.cli.app import app


@app.command()
def new(
    folder: Annotated[Path, typer.Argument(help="The sample folder to make.")],
    shipped: Annotated[
        str | None,
        typer.Option("--from", help="A sample that ships: paper-1, paper-2 or paper-3."),
    ] = None,
) -> None:
    """Write a commented sample.toml to fill in, or a sample that ships."""
    from cinedot.dossier.starter import write_shipped_sample, write_starter

    run = f"cinedot analyze {shlex.quote(str(folder))}"
    if shipped is not None:
        print(f"Wrote {write_shipped_sample(folder, shipped)}. Now: {run}")
        return
    print(f"Wrote {write_starter(folder)}. Fill it in, then: {run}")


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
    workers: Annotated[
        int | None, typer.Option(help="Processes for long movies; one a core unless given.", min=1)
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option(help="A Dask scheduler to use instead, as in tcp://node1:8786.")
    ] = None,
    catalog: Annotated[
        str | None,
        typer.Option(
            envvar="CINEDOT_CATALOG",
            help="Record each in a catalog: a SQLite file, or postgresql://USER@HOST/NAME.",
        ),
    ] = None,
) -> None:
    """Analyse sample folders, a dossier for each.

    Runs everything that the files named in sample.toml allow. A run that was stopped goes on
    from its finished chunks. Exit status: 0 done, 1 some section failed, 2 some input could not
    be used.
    """
    from cinedot.dossier.command import analyze_folders

    sections = tuple(part.strip() for part in only.split(",") if part.strip()) if only else ()
    raise typer.Exit(
        analyze_folders(
            tuple(folders),
            out=out,
            only=sections,
            allow_outside=allow_outside,
            workers=workers,
            scheduler=scheduler,
            catalog=catalog,
        )
    )


@app.command()
def compare(
    folders: Annotated[list[Path], typer.Argument(help="Sample folders, analysed; two or more.")],
    out: Annotated[Path, typer.Option(help="Where comparison.html and comparison.json go.")] = Path(
        "comparison"
    ),
    to: Annotated[
        str | None,
        typer.Option(help="Name of the sample to compare with; the first unless given."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    analyze: Annotated[
        bool, typer.Option("--analyze", help="Analyse what is not, or has changed since.")
    ] = False,
    several_instruments: Annotated[
        bool,
        typer.Option(
            "--several-instruments", help="Systematic errors are not the same in all samples."
        ),
    ] = False,
    allow_outside: Annotated[
        bool, typer.Option("--allow-outside", help="Let paths in sample.toml leave the folder.")
    ] = False,
) -> None:
    """Set samples side by side: shared axes, differences with intervals.

    Reads what `cinedot analyze` has written into FOLDER/results.
    """
    from cinedot.dossier.comparison.command import compare_samples

    raise typer.Exit(
        compare_samples(
            tuple(folders),
            out=out,
            to=to,
            as_json=json,
            analyze_first=analyze,
            several_instruments=several_instruments,
            allow_outside=allow_outside,
        )
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


@app.command()
def export(
    folder: Annotated[Path, typer.Argument(help="A sample folder that was analysed.")],
    to: Annotated[Path, typer.Option(help="The folder to make.")],
) -> None:
    """Write an analysed folder's results for other programs.

    Tables as CSV, a movie's atoms as extended XYZ and CIF, and an RO-Crate that describes them.
    """
    from cinedot.dossier.export import export_folder

    raise typer.Exit(export_folder(folder, to))
