"""Make the pictures of the docs: `uv run python docs/pictures.py` writes them beside itself.

`found.png` is of the movie of docs/tutorials/movie.md, simulated and analysed here anew (minutes);
`python docs/pictures.py FOLDER` draws it from a folder in which that tutorial was gone through.
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from ase import Atoms
from ase.data import covalent_radii
from ase.data.colors import jmol_colors
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.spatial.transform import Rotation

from cinedot.micrographs import open_movie
from cinedot.microscope import Grid, Lens, Poses, exit_waves, intensities
from cinedot.particle import (
    Cuboid,
    HeadGroups,
    NoLigands,
    build,
    host_named,
    view_along,
    zc_image,
)

if TYPE_CHECKING:
    import pandas as pd

HERE = Path(__file__).parent
# Across the c axis, so that three parallel edges and two faces show, as in the paper's Fig. 5.
DIRECTION = (1.0, 0.75, 0.0)
DOTS = (
    ("prototype", "CsPbBr3", "prototype Cs112Pb64Br240"),
    ("mla-cs", "CsPbBr3", "2 (mla-cs)"),
    ("mla-ma", "MAPbBr3", "1 (mla-ma)"),
)


def main() -> None:
    """Write structures.png and found.png."""
    structures()
    if len(sys.argv) > 1:
        found(Path(sys.argv[1]))
        return
    with tempfile.TemporaryDirectory() as made:
        _tutorial(Path(made))
        found(Path(made))


def structures() -> None:
    """Write structures.png: heavy atoms as the ZC model above, every atom below."""
    figure = Figure(figsize=(11, 8.2), layout="constrained")
    panels = figure.subplots(2, len(DOTS), height_ratios=(1, 1.25))
    for column, (compound, host, title) in enumerate(DOTS):
        cuboid = Cuboid.cube(4, host_named(host))
        _heavy(panels[0][column], cuboid, compound, title)
        _every_atom(panels[1][column], build(cuboid, compound, seed=1))
    figure.savefig(HERE / "structures.png", dpi=110)


def found(folder: Path) -> None:
    """Write found.png: a frame, the model's view in its fitted pose, the atoms that were found."""
    import pandas as pd

    frames = pd.read_parquet(folder / "results" / "frames.parquet")
    sites = pd.read_parquet(folder / "results" / "sites.parquet")
    pose = frames[(frames["particle"] == 0) & (frames["status"] == "ok")].iloc[0]
    movie = open_movie(folder / "movie.tif")
    frame = movie.frames.read(int(pose["frame"]), int(pose["frame"]) + 1)[0].astype(float)
    turn = Rotation.from_quat(pose[["qw", "qx", "qy", "qz"]].to_numpy(float), scalar_first=True)
    place = pose[["x_nm", "y_nm"]].to_numpy(float)
    half = 2.4
    figure = Figure(figsize=(9.6, 3.7), layout="constrained")
    panels = figure.subplots(1, 3)
    pixel_nm = float(movie.pixel_x_nm or 0)
    reach = (np.array([0, frame.shape[1], frame.shape[0], 0]) - 0.5) * pixel_nm
    extent = reach - place[[0, 0, 1, 1]]
    low, high = np.percentile(frame, (0.5, 99.5))
    panels[0].imshow(frame, cmap="gray", extent=extent, vmin=low, vmax=high)
    panels[0].set_title("one frame of 20 ms", fontsize=11)
    view = _view(_dot(folder), turn, place, float(pose["defocus_nm"]), frame.shape, pixel_nm)
    low, high = np.percentile(view, (0.5, 99.5))
    panels[1].imshow(view, cmap="gray", extent=extent, vmin=low, vmax=high)
    panels[1].set_title("the model, as it was found to lie", fontsize=11)
    _atoms(panels[2], sites[sites["particle"] == 0], turn, half)
    for axes in panels:
        axes.set(xlim=(-half, half), ylim=(half, -half))
        _bar(axes, half - 0.15, half - 0.15, "black" if axes is panels[2] else "white")
    figure.savefig(HERE / "found.png", dpi=110, bbox_inches="tight", pad_inches=0.05)


def _dot(folder: Path) -> Atoms:
    """The dot that the analysis named, with its bound heads."""
    dossier = json.loads((folder / "results" / "dossier.json").read_text("utf-8"))
    named = dossier["results"]["movie"]
    nx, ny, nz = (int(edge) for edge in named["edges"]["value"].split("x"))
    cuboid = Cuboid(edges=(nx, ny, nz), host=host_named("CsPbBr3"))
    return build(cuboid, named["compound"]["value"], ligands=HeadGroups())


def _view(
    dot: Atoms,
    turn: Rotation,
    place_nm: np.ndarray,
    defocus_nm: float,
    shape: tuple[int, int],
    pixel_nm: float,
) -> np.ndarray:
    # Half a movie's pixel, as a wave needs it: each pixel is the mean of four, so that places,
    # which count from the first pixel's centre, are a quarter of a pixel larger.
    poses = Poses.of(Rotation.concatenate([turn]), np.array([[*(place_nm + pixel_nm / 4), 0.0]]))
    grid = Grid(shape=(2 * shape[0], 2 * shape[1]), pixel_nm=pixel_nm / 2)
    lens = Lens(defocus_nm=defocus_nm)
    image = np.asarray(intensities(exit_waves(dot, poses, grid=grid, lens=lens), lens, grid))[0]
    return image.reshape(shape[0], 2, shape[1], 2).mean(axis=(1, 3))


def _atoms(axes: Axes, sites: "pd.DataFrame", turn: Rotation, half_nm: float) -> None:
    lattice_nm = host_named("CsPbBr3").lattice_nm
    places = sites[["a", "b", "c"]].to_numpy(float) * lattice_nm
    there = (sites["p_present"] > 0.5).to_numpy()
    atoms = Atoms(list(sites["element"][there]), positions=10 * places[there])
    picture = zc_image(
        atoms, rotation=turn.as_matrix(), pixel_nm=2 * half_nm / 600, shape=(600, 600)
    )
    axes.imshow(picture, extent=(-half_nm, half_nm, half_nm, -half_nm))
    gone = turn.apply(places[~there])
    axes.scatter(gone[:, 0], gone[:, 1], s=24, facecolors="none", edgecolors="0.3", linewidths=0.8)
    axes.set_title(f"{there.sum()} ions found, {(~there).sum()} sites empty (rings)", fontsize=11)


def _tutorial(folder: Path) -> None:
    """Go through the tutorial's commands, up to the analysis."""
    text = (HERE / "tutorials" / "movie.md").read_text("utf-8")
    for kind, block in re.findall(r"^```(sh|toml)\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        if kind == "toml":
            (folder / "sample.toml").write_text(block, "utf-8")
        else:
            words = ["bash", "-c", block.replace("cinedot", f"{sys.executable} -m cinedot", 1)]
            subprocess.run(words, cwd=folder, check=True)


def _heavy(axes: Axes, cuboid: Cuboid, compound: str, title: str) -> None:
    heavy = build(cuboid, compound, seed=1, ligands=NoLigands())
    picture = zc_image(heavy, rotation=view_along(DIRECTION), pixel_nm=0.01, shape=(300, 400))
    axes.imshow(picture, extent=(-2.0, 2.0, 1.5, -1.5))
    edge = cuboid.edges_nm[0] / 2
    corners = edge * np.array([[1, -1, 0], [1, 1, 0], [-1, 1, 0]])
    for x, _, _ in corners @ view_along(DIRECTION).T:
        axes.plot([x, x], [-edge, edge], color="black", linewidth=0.8, linestyle="--")
    axes.set_title(title)
    _bar(axes, 1.9, 1.45)


def _every_atom(axes: Axes, dot: Atoms) -> None:
    places = dot.positions @ view_along(DIRECTION).T / 10
    order = np.argsort(-places[:, 2])
    size = (220 * covalent_radii[dot.numbers] / 10) ** 2 / 8
    colours = jmol_colors[dot.numbers] * 0.9
    axes.scatter(
        places[order, 0],
        places[order, 1],
        s=size[order] / 4,
        c=colours[order],
        edgecolors="black",
        linewidths=0.15,
    )
    axes.set(xlim=(-4.2, 4.2), ylim=(4.2, -4.2), aspect="equal")
    _bar(axes, 4.0, 4.0)


def _bar(axes: Axes, right_nm: float, low_nm: float, colour: str = "black") -> None:
    axes.plot([right_nm - 1, right_nm], [low_nm, low_nm], color=colour, linewidth=3)
    axes.text(right_nm - 0.5, low_nm * 0.96, "1 nm", ha="center", va="bottom", color=colour)
    axes.set_axis_off()


if __name__ == "__main__":
    main()
