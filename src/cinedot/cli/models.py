"""Commands from a model of a dot to records of it: its atoms, its movie, what that would tell."""

from pathlib import Path
from typing import Annotated

import typer

from cinedot.cli.app import app


@app.command()
def build(
    host: Annotated[
        str | None, typer.Option(help="As in CsPbBr3; the compound's lead bromide unless given.")
    ] = None,
    edges: Annotated[str, typer.Option(help="Pb atoms an edge: 4, or 4,4,5.")] = "4,4,4",
    compound: Annotated[
        str, typer.Option(help="prototype, mla-cs, mla-ma, oa-ma, or a TOML file with your own.")
    ] = "mla-cs",
    seed: Annotated[int, typer.Option(help="Seed of everything that chance decides.", min=0)] = 0,
    ensemble: Annotated[
        int, typer.Option(help="So many dots, seeds counting up, into one extxyz.", min=1)
    ] = 1,
    heavy: Annotated[bool, typer.Option("--heavy", help="Heavy atoms only.")] = False,
    heads: Annotated[bool, typer.Option("--heads", help="Ligands by their bound atoms.")] = False,
    out: Annotated[
        Path | None, typer.Option(help="The file: .extxyz, .cif, .vasp (or POSCAR), .pdb.")
    ] = None,
    picture: Annotated[
        Path | None, typer.Option(help="Draw the Z-correlated model: .png, .svg, .pdf.")
    ] = None,
    vacancies: Annotated[
        str, typer.Option(help="Empty A sites by rule, coulomb, boltzmann or random.")
    ] = "rule",
    temperature: Annotated[
        str | None, typer.Option(help="Of boltzmann; 298 K unless given.")
    ] = None,
    permittivity: Annotated[
        float | None, typer.Option(help="Screening of boltzmann; 6 unless given.")
    ] = None,
    phase: Annotated[str, typer.Option(help="cubic, tetragonal or orthorhombic.")] = "cubic",
    tilts: Annotated[
        str | None, typer.Option(help='Glazer symbol and degrees, as in "a-a-c+ 9,9,12".')
    ] = None,
    strain: Annotated[
        str | None, typer.Option(help='Percent along a, b, c, as in "0.5,0.5,-1".')
    ] = None,
    acid_charge: Annotated[
        int | None, typer.Option(help="Charge z of each acid; the compound's own unless given.")
    ] = None,
    hands: Annotated[
        str | None, typer.Option(help="Chiral acids: R, S (unless given) or racemic.")
    ] = None,
    counts: Annotated[
        str | None,
        typer.Option(help='Measured atoms per dot, as in "Cs=58,Br=237+-6,MLA=9.6+-2".'),
    ] = None,
    superlattice: Annotated[
        str | None, typer.Option(help="Stack dots, as in 2,2,2; an ensemble's take turns.")
    ] = None,
    gap: Annotated[
        str | None, typer.Option(help='Between the dots of a superlattice; "1.8 nm" unless given.')
    ] = None,
) -> None:
    """Build a dot's atoms, and print what it is made of."""
    from cinedot.particle.command import build_structures
    from cinedot.particle.options import BuildOptions, read_options

    typed = BuildOptions(
        host=host,
        edges=edges,
        compound=compound,
        seed=seed,
        images=ensemble,
        out=out,
        heavy=heavy,
        heads=heads,
        hands=hands,
        vacancies=vacancies,
        temperature=temperature,
        permittivity=permittivity,
        phase=phase,
        tilts=tilts,
        strain=strain,
        acid_charge=acid_charge,
        counts=counts,
        superlattice=superlattice,
        gap=gap,
        picture=picture,
    )
    print(build_structures(read_options(typed)))


@app.command()
def simulate(
    out: Annotated[Path, typer.Option(help="The movie: .tif, .mrc or .zarr.")],
    compound: Annotated[str | None, typer.Option(help="As for build; mla-cs unless given.")] = None,
    host: Annotated[str | None, typer.Option(help="As for build.")] = None,
    edges: Annotated[str | None, typer.Option(help="Pb atoms an edge; 4 unless given.")] = None,
    ligands: Annotated[
        str | None,
        typer.Option(
            help="heads unless given, heavy (none), or all: a shell that moves and freezes."
        ),
    ] = None,
    structure: Annotated[
        Path | None, typer.Option(help="A file of atoms instead: .extxyz, .cif, .pdb ...")
    ] = None,
    frames: Annotated[int, typer.Option(help="How many.", min=1)] = 100,
    size: Annotated[str, typer.Option(help="Pixels: 256, or rows,columns.")] = "256",
    pixel_size: Annotated[str, typer.Option(help="On the specimen.")] = "0.042 nm",
    frame_time: Annotated[str, typer.Option(help="Of one frame.")] = "20 ms",
    dose_rate: Annotated[str, typer.Option(help="On the specimen.")] = "2.5e7 e/nm2/s",
    defocus: Annotated[str, typer.Option(help="Under-focus positive.")] = "6 nm",
    voltage: Annotated[str, typer.Option(help="Accelerating voltage.")] = "80 kV",
    spherical_aberration: Annotated[str, typer.Option(help="C_s.")] = "2 um",
    focal_spread: Annotated[str, typer.Option(help="1/e width of the foci.")] = "3 nm",
    support: Annotated[
        str,
        typer.Option(
            help="Behind: none, carbon (left half), nanotube, nanohorns (left) or graphene."
        ),
    ] = "none",
    thickness: Annotated[
        str | None, typer.Option(help="Of the support, along the beam; of a nanotube across.")
    ] = None,
    support_moves: Annotated[
        bool,
        typer.Option(
            "--support-moves", help="It drifts with the dot, which else slides over it; slower."
        ),
    ] = False,
    front: Annotated[
        str, typer.Option(help="The same in front of the dot, nearer to the gun; stands still.")
    ] = "none",
    front_thickness: Annotated[
        str | None, typer.Option(help="Of what is in front, as --thickness.")
    ] = None,
    drift: Annotated[str, typer.Option(help="Speed, in a direction that is drawn.")] = "0.2 nm/s",
    tumbles: Annotated[float, typer.Option(help="Tumbles a second.")] = 0.0,
    damage: Annotated[
        bool, typer.Option("--damage", help="Surface halides hop and leave.")
    ] = False,
    camera: Annotated[str, typer.Option(help="ideal or oneview.")] = "ideal",
    bits: Annotated[int, typer.Option(help="8, 16 or 32 (electrons).")] = 16,
    seed: Annotated[int, typer.Option(help="Seed of everything that chance decides.", min=0)] = 0,
) -> None:
    """Film a dot: a movie as a microscope records it, with its truth beside it."""
    from cinedot.microscope.simulate_command import SimulateOptions
    from cinedot.microscope.simulate_command import simulate as film

    typed = SimulateOptions(
        out=out,
        compound=compound,
        host=host,
        edges=edges,
        ligands=ligands,
        structure=structure,
        frames=frames,
        size=size,
        pixel_size=pixel_size,
        frame_time=frame_time,
        dose_rate=dose_rate,
        defocus=defocus,
        voltage=voltage,
        spherical_aberration=spherical_aberration,
        focal_spread=focal_spread,
        support=support,
        thickness=thickness,
        support_moves=support_moves,
        front=front,
        front_thickness=front_thickness,
        drift=drift,
        tumbles=tumbles,
        damage=damage,
        camera=camera,
        bits=bits,
        seed=seed,
    )
    print(film(typed))


@app.command()
def plan(
    compound: Annotated[str, typer.Option(help="As for build.")] = "mla-cs",
    host: Annotated[str | None, typer.Option(help="As for build.")] = None,
    edges: Annotated[str, typer.Option(help="Pb atoms an edge: 4, or 4,4,5.")] = "4",
    dose_rate: Annotated[str, typer.Option(help="On the specimen.")] = "2.5e7 e/nm2/s",
    frame_time: Annotated[str, typer.Option(help="Of one frame.")] = "20 ms",
    pixel_size: Annotated[str, typer.Option(help="On the specimen.")] = "0.042 nm",
    defocus: Annotated[str, typer.Option(help="Under-focus positive.")] = "6 nm",
    voltage: Annotated[str, typer.Option(help="Accelerating voltage.")] = "80 kV",
    spherical_aberration: Annotated[str, typer.Option(help="C_s.")] = "2 um",
    focal_spread: Annotated[str, typer.Option(help="1/e width of the foci.")] = "3 nm",
    carbon: Annotated[
        str, typer.Option(help="Thickness of the carbon behind; none for vacuum only.")
    ] = "2 nm",
    dqe: Annotated[
        float, typer.Option(help="Share of what electrons tell that the camera keeps.")
    ] = 1.0,
    defoci: Annotated[
        str, typer.Option(help="Compare these for one missing halide; none for no comparison.")
    ] = "3,5,7.5,10 nm",
    threshold: Annotated[float, typer.Option(help="Signal over noise that counts as seen.")] = 5.0,
    directions: Annotated[
        int, typer.Option(help="Of the beam, spread over all sides.", min=1)
    ] = 16,
    seed: Annotated[int, typer.Option(help="Seed of the carbon's atoms.", min=0)] = 0,
) -> None:
    """Say what frames would tell of a dot, and what would show one missing atom.

    Cramer-Rao bounds: no analysis can do better; what is not modelled comes on top.
    """
    from cinedot.micrographs.pose.plan_command import PlanOptions
    from cinedot.micrographs.pose.plan_command import plan as planned

    typed = PlanOptions(
        compound=compound,
        host=host,
        edges=edges,
        dose_rate=dose_rate,
        frame_time=frame_time,
        pixel_size=pixel_size,
        defocus=defocus,
        voltage=voltage,
        spherical_aberration=spherical_aberration,
        focal_spread=focal_spread,
        carbon=carbon,
        dqe=dqe,
        defoci=defoci,
        threshold=threshold,
        directions=directions,
        seed=seed,
    )
    print(planned(typed))
