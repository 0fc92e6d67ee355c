"""What `cinedot simulate` does: read its options, film, and say what was written."""

import shlex

from cinedot.core import Bars, InputError
from cinedot.microscope.film_room import require_memory
from cinedot.microscope.filming import begin_filming
from cinedot.microscope.option_names import as_typed
from cinedot.microscope.recording import Written, numbers, require_place, write_simulation
from cinedot.microscope.scene import Scene
from cinedot.microscope.simulate_options import SimulateOptions as SimulateOptions
from cinedot.microscope.simulate_options import read_scene
from cinedot.microscope.truth import has_sites
from cinedot.particle import cuboid_of


def simulate(options: SimulateOptions) -> str:
    """Film what was asked for, and say what was written.

    Raises:
        InputError: an option that cannot be, called as it is typed; nothing is written then.
    """
    try:
        return _simulated(options)
    except InputError as fault:
        raise as_typed(fault) from fault


def _simulated(options: SimulateOptions) -> str:
    from rich.console import Console

    scene = read_scene(options)
    require_memory(scene)
    held = numbers(options.bits, scene.camera, scene.exposure)
    require_place(options.out, scene, held)
    known = has_sites(scene.atoms)
    if options.damage and not known:
        raise InputError(
            "`--damage` must know the halides' sites, but these atoms carry none.",
            remedy="Build the dot with `cinedot build --out dot.extxyz`, or leave --damage out.",
            file=options.structure,
        )
    written = write_simulation(
        begin_filming(scene),
        options.out,
        bits=options.bits,
        sample=f"{options.out.stem} (simulated)",
        host=cuboid_of(scene.atoms).host.name if known else None,
        progress=Bars(Console(stderr=True)),
    )
    return "\n".join(_told(written, scene))


def _told(written: Written, scene: Scene) -> list[str]:
    rows, columns = scene.shape
    lines = [
        f"wrote       {written.movie} ({scene.frames} frames of {columns} x {rows} pixels)",
        f"wrote       {written.truth}",
    ]
    if not written.has_sites:
        lines.append("            without sites: the structure does not carry them")
    if written.movie.suffix.lower() in (".tif", ".tiff") and written.movie.stat().st_size >= 2**32:
        lines.append("            as BigTIFF: open it in ImageJ with Bio-Formats")
    if written.to_add:
        lines += [
            f"{written.manifest} stands already and says otherwise. To analyse the movie, put what",
            "follows in the place of its section on this file, or beside the others; with several,",
            "each is a [[movie]] with a name of its own:",
            "",
        ]
        return lines + written.to_add.splitlines()
    folder = shlex.quote(str(written.manifest.parent))
    return [*lines, f"{written.manifest} says what it is. Next: cinedot analyze {folder}"]
