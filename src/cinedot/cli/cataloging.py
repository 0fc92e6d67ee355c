"""Commands about a catalog of samples: list, filter, compare, draw; add, tag, remove."""

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from cinedot.cli.app import app


class _ListUnlessNamed(TyperGroup):
    """`cinedot catalog --where ...` is `cinedot catalog list --where ...`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - Typer's own
        """Put the command in that was left out."""
        if not args or (args[0].startswith("-") and args[0] not in ("-h", "--help")):
            args = ["list", *args]
        return super().parse_args(ctx, args)


catalog = typer.Typer(
    cls=_ListUnlessNamed,
    help="Keep and search a catalog of samples.\n\n"
    "Without a command it lists: `cinedot catalog --all` is `cinedot catalog list --all`.",
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(catalog, name="catalog")

Catalog = Annotated[
    str | None,
    typer.Option(
        "--catalog",
        envvar="CINEDOT_CATALOG",
        help="A SQLite file, or postgresql://USER@HOST/NAME.",
    ),
]


@catalog.command("list")
def show(
    named: Catalog = None,
    where: Annotated[
        list[str] | None,
        typer.Option(help='Only what fits, as in "emission.fwhm < 16 nm"; repeatable: all must.'),
    ] = None,
    columns: Annotated[
        str | None, typer.Option(help="What to show, as in emission.peak,crystals.acid.")
    ] = None,
    sort: Annotated[
        str | None, typer.Option(help="By this key; downwards with a minus, as in -emission.peak.")
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Every analysis, not the newest of each sample only.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON: all that is known.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    plot: Annotated[
        str | None, typer.Option(help="Draw this quantity, as in titration.peak ...")
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(help="... against this key; equivalents or condition: a series' own."),
    ] = None,
    figure: Annotated[Path | None, typer.Option(help="The drawing: .svg, .pdf, .png.")] = None,
    compare: Annotated[
        tuple[str, str] | None,
        typer.Option(help="Set two samples (names, or numbers of analyses) side by side."),
    ] = None,
) -> None:
    """List, filter, compare and draw the samples of a catalog.

    The newest analysis of each sample speaks for it. Keys are those of dossier.json
    (quantum_yield.phi), of sample.toml (crystals.acid), tags, and sample, number, date, folder,
    machine, version.
    """
    from cinedot.dossier.catalog.command import ListOptions, show_catalog

    typed = ListOptions(
        where=tuple(where or ()),
        columns=columns,
        sort=sort,
        every=every,
        json=json,
        csv=csv,
        plot=plot,
        against=against,
        figure=figure,
        compare=compare,
    )
    show_catalog(named, typed)


@catalog.command()
def add(
    folders: Annotated[list[Path], typer.Argument(help="Sample folders, or results folders.")],
    named: Catalog = None,
) -> None:
    """Record samples that were analysed before."""
    from cinedot.dossier.catalog.command import add_folders

    raise typer.Exit(add_folders(named, tuple(folders)))


@catalog.command()
def tag(
    sample: Annotated[str, typer.Argument(help="A sample's name, or an analysis's number.")],
    tags: Annotated[
        list[str], typer.Argument(help="KEY=VALUE, as in batch=7a; KEY= takes the tag away.")
    ],
    named: Catalog = None,
) -> None:
    """Note with a sample what no record says."""
    from cinedot.dossier.catalog.command import tag_sample

    tag_sample(named, sample, tuple(tags))


@catalog.command()
def remove(
    number: Annotated[int, typer.Argument(help="The analysis's number.")],
    named: Catalog = None,
) -> None:
    """Take an analysis out of the catalog; its files stay."""
    from cinedot.dossier.catalog.command import remove_analysis

    remove_analysis(named, number)
