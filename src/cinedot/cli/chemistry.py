"""Commands of what is mixed, how it grows, and the light that follows."""

from pathlib import Path
from typing import Annotated

import typer

from cinedot.cli.app import app


@app.command()
def predict(
    host: Annotated[str, typer.Option(help="As in MAPbBr3.")],
    edges: Annotated[
        str | None,
        typer.Option(help="Pb an edge: cubes as in 4,5,6; cuboids 4x4x5; platelets 3ML."),
    ] = None,
    wavelength: Annotated[
        str | None, typer.Option(help='Find sizes of this colour, as in "453 nm" or 453+-1.')
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    figure: Annotated[
        Path | None, typer.Option(help="Draw light against size: .png, .svg, .pdf.")
    ] = None,
    parameters: Annotated[
        str | None, typer.Option("--set", help="The host's parameters, as in yang-2017.")
    ] = None,
    gap: Annotated[
        str, typer.Option(help="cold (as measured for the set), room, or eV as in 2.34.")
    ] = "cold",
    outside: Annotated[
        float | None, typer.Option(help="Permittivity around; adds polarisation to spheres.")
    ] = None,
    rydberg: Annotated[bool, typer.Option("--rydberg", help="Add -0.248 Ry* to spheres.")] = False,
    barrier: Annotated[
        str | None, typer.Option(help='Add a box with walls of this height, as in "2 eV".')
    ] = None,
    calibrate: Annotated[
        str | None, typer.Option(help="Add a box fitted to a size of yours, as in 4=453.")
    ] = None,
) -> None:
    """Size to light and back by every law, side by side.

    No law is the default: this paper and literature sizing disagree, and the output says so.
    """
    from cinedot.spectroscopy.confinement.command import predict_light
    from cinedot.spectroscopy.confinement.request import PredictOptions

    typed = PredictOptions(
        host=host,
        edges=edges,
        wavelength=wavelength,
        set=parameters,
        gap=gap,
        outside=outside,
        rydberg=rydberg,
        barrier=barrier,
        calibrate=calibrate,
        figure=figure,
        json=json,
    )
    print(predict_light(typed))


@app.command()
def recipe(
    file: Annotated[
        Path, typer.Argument(help="A recipe's TOML, or one that ships, as in mla-ma-qd4.")
    ],
    scale: Annotated[float, typer.Option(help="So many times as much of everything.")] = 1.0,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check a recipe, and print its bench sheet: amounts, steps, expected yield and light."""
    from cinedot.growth.bench_sheet import bench_sheet

    print(bench_sheet(file, scale=scale, as_json=json))


@app.command()
def grow(
    file: Annotated[
        str,
        typer.Argument(
            help="A network file, SBML, or template, adaptive, chelate; or a recipe: its file, or "
            "one that ships, as in mla-ma-qd4."
        ),
    ],
    until: Annotated[str, typer.Option(help="How long.")] = "600 min",
    initial: Annotated[
        list[str] | None,
        typer.Option(help='An amount in place of the file\'s, as in "Cs=2 mM"; repeatable.'),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write concentrations against time: .csv.")
    ] = None,
    spectra: Annotated[
        Path | None, typer.Option(help="Write wavelength against time, as [kinetics] reads: .csv.")
    ] = None,
    sbml: Annotated[Path | None, typer.Option(help="Write the network as SBML.")] = None,
) -> None:
    """Run a recipe or a reaction network: species, emission spectrum and colour against time."""
    from cinedot.growth.grow_command import GrowOptions
    from cinedot.growth.grow_command import grow as grown

    typed = GrowOptions(
        file=file,
        until=until,
        initial=tuple(initial or ()),
        out=out,
        spectra=spectra,
        sbml=sbml,
    )
    print(grown(typed))
