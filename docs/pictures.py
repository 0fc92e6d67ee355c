"""Make the pictures of the docs: `uv run python docs/pictures.py` writes them beside itself."""

from pathlib import Path

import numpy as np
from ase import Atoms
from ase.data import covalent_radii
from ase.data.colors import jmol_colors
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cinedot.particle import Cuboid, NoLigands, build, host_named, view_along, zc_image

HERE = Path(__file__).parent
# Across the c axis, so that three parallel edges and two faces show, as in the paper's Fig. 5.
DIRECTION = (1.0, 0.75, 0.0)
DOTS = (
    ("prototype", "CsPbBr3", "prototype Cs112Pb64Br240"),
    ("mla-cs", "CsPbBr3", "2 (mla-cs)"),
    ("mla-ma", "MAPbBr3", "1 (mla-ma)"),
)


def main() -> None:
    """Write structures.png: heavy atoms as the ZC model above, every atom below."""
    figure = Figure(figsize=(11, 8.2), layout="constrained")
    panels = figure.subplots(2, len(DOTS), height_ratios=(1, 1.25))
    for column, (compound, host, title) in enumerate(DOTS):
        cuboid = Cuboid.cube(4, host_named(host))
        _heavy(panels[0][column], cuboid, compound, title)
        _every_atom(panels[1][column], build(cuboid, compound, seed=1))
    figure.savefig(HERE / "structures.png", dpi=110)


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


def _bar(axes: Axes, right_nm: float, low_nm: float) -> None:
    axes.plot([right_nm - 1, right_nm], [low_nm, low_nm], color="black", linewidth=3)
    axes.text(right_nm - 0.5, low_nm * 0.96, "1 nm", ha="center", va="bottom")
    axes.set_axis_off()


if __name__ == "__main__":
    main()
