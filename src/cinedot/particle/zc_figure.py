"""The Z-correlated (ZC) model as a figure, one panel a view."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from ase import Atoms
from ase.data import chemical_symbols
from jaxtyping import Float

from cinedot.core import InputError
from cinedot.particle.zc import (
    PB_RADIUS_ANGSTROM,
    Spheres,
    shade,
    unhidden,
    view_along,
    zc_colour,
    zc_radii_angstrom,
    zc_spheres,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_RINGS = np.array([1.0, 0.9, 0.75, 0.55, 0.3])
_PANEL_INCHES = 3.0
_BAR_NM = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A panel: its title and the rotation, crystal axes -> frame axes, that it is seen in."""

    title: str
    rotation: Float[np.ndarray, "3 3"]


def views_along(*directions: tuple[int, int, int]) -> list[View]:
    """Views with these crystal directions towards the viewer, titled by their indices.

    Example:
        >>> [view.title for view in views_along((0, 0, 1), (1, -1, 0))]
        ['[001]', '[11̄0]']
    """
    return [
        View(title=f"[{''.join(map(_index, direction))}]", rotation=view_along(direction))
        for direction in directions
    ]


def zc_figure(
    atoms: Atoms,
    views: Sequence[View] | None = None,
    *,
    pb_radius_angstrom: float = PB_RADIUS_ANGSTROM,
) -> "Figure":
    """Panels of the ZC model side by side at one scale, circles and text as vectors.

    Args:
        atoms: angstrom along the cubic axes, as `build` makes them.
        views: one a panel; by default along [001], [110], [111] and the general [125].
        pb_radius_angstrom: radius of Pb.

    Returns:
        A figure of its own, in no global list; `figure.savefig("zc.svg")` writes it.

    Raises:
        InputError: no heavy atom; no view; a view that is no rotation.

    Example:
        >>> from ase import Atoms
        >>> figure = zc_figure(Atoms("PbBr", positions=[[0, 0, 0], [0, 0, 2.9]]))
        >>> [axes.get_title() for axes in figure.axes]
        ['[001]', '[110]', '[111]', '[125]']
    """
    # Matplotlib takes longer to import than the whole room.
    from matplotlib.figure import Figure

    shown = views_along((0, 0, 1), (1, 1, 0), (1, 1, 1), (1, 2, 5)) if views is None else views
    if not shown:
        raise InputError("`views` must hold a view, but is empty.", remedy="Leave it out for four.")
    panels = [zc_spheres(atoms, view.rotation, pb_radius_angstrom) for view in shown]
    reach_nm = max(
        float((np.abs(one.xyz_angstrom[:, :2]) + one.radius_angstrom[:, None]).max()) / 10
        for one in panels
    )
    figure = Figure(figsize=(_PANEL_INCHES * len(shown), _PANEL_INCHES + 0.7), layout="constrained")
    row = np.atleast_1d(figure.subplots(1, len(shown)))
    for axes, view, spheres in zip(row, shown, panels, strict=True):
        _draw(axes, unhidden(spheres))
        half = 1.05 * reach_nm
        axes.set(xlim=(-half, half), ylim=(half, -half), aspect="equal", title=view.title)
        axes.set_axis_off()
    _scale_bar(row[0], 1.05 * reach_nm)
    _legend(figure, panels[0], pb_radius_angstrom)
    return figure


def _index(value: int) -> str:
    """A Miller index as print has it: a bar over what is negative."""
    return f"{abs(value)}̄" if value < 0 else str(value)


def _draw(axes: "Axes", spheres: Spheres) -> None:
    """Every sphere as rings from its dark rim to its bright middle, the farthest first."""
    from matplotlib.collections import EllipseCollection

    brightness = shade(np.sqrt(1 - (_RINGS * 0.97) ** 2))
    width = (2 * spheres.radius_angstrom[:, None] * _RINGS / 10).ravel()
    colours = (spheres.rgb[:, None, :] * brightness[:, None]).reshape(-1, 3)
    axes.add_collection(
        EllipseCollection(
            width.tolist(),
            width.tolist(),
            np.zeros_like(width).tolist(),
            units="xy",
            facecolors=colours.tolist(),
            edgecolors="none",
            offsets=np.repeat(spheres.xyz_angstrom[:, :2] / 10, len(_RINGS), axis=0),
            offset_transform=axes.transData,
        )
    )


def _scale_bar(axes: "Axes", half_nm: float) -> None:
    axes.plot(
        [-half_nm, -half_nm + _BAR_NM], [half_nm, half_nm], color="black", lw=3, clip_on=False,
        solid_capstyle="butt",
    )  # fmt: skip
    axes.annotate(
        f"{_BAR_NM:g} nm", (-half_nm + _BAR_NM / 2, half_nm), (0, -4), textcoords="offset points",
        ha="center", va="top", annotation_clip=False,
    )  # fmt: skip


def _legend(figure: "Figure", spheres: Spheres, pb_radius_angstrom: float) -> None:
    """Elements, heaviest first, as discs whose sizes keep the spheres' ratios."""
    from matplotlib.lines import Line2D

    numbers = np.unique(spheres.number)[::-1]
    discs = 14 * zc_radii_angstrom(numbers, pb_radius_angstrom) / pb_radius_angstrom
    handles = [
        Line2D(
            [], [], ls="none", marker="o", markersize=float(size), markeredgewidth=0,
            markerfacecolor=zc_colour(int(number)), label=chemical_symbols[int(number)],
        )
        for number, size in zip(numbers, discs, strict=True)
    ]  # fmt: skip
    figure.legend(handles=handles, loc="outside lower right", ncols=len(handles), frameon=False)
