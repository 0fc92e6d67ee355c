"""All laws as one picture: light against size."""

import math
from typing import TYPE_CHECKING

import numpy as np

from cinedot.core import AnalysisError
from cinedot.core.constants import HC_EV_NM
from cinedot.spectroscopy.confinement.comparison import Comparison
from cinedot.spectroscopy.confinement.known_sizes import sources
from cinedot.spectroscopy.confinement.shapes import cube_edges, is_closed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_DASHES = ("-", "--", ":", "-.", (0, (6, 1, 1, 1, 1, 1)))
_LINE_MARKS = ("", "o", "s", "^", "v", "D", "x", "+", "P", "*")
_OF_GAP = (0.52, 1.03)
"""Wavelengths shown, in that of the gap."""


def laws_figure(found: Comparison) -> "Figure":
    """Wavelength of cubes against n by every law, with the sizes that are reported.

    Lines differ in dash and marker as well as in colour.

    Returns:
        A Matplotlib figure of its own, in no global list.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.5, 5.4), layout="constrained")
    axes = figure.subplots()
    _curves(axes, found)
    _reported(axes, found)
    _asked(axes, found)
    host = found.request.semiconductor.host
    bulk_nm = HC_EV_NM / found.request.semiconductor.gap_ev
    axes.set(
        xlabel=f"edge of the cube, n (Pb atoms; a = {found.request.semiconductor.lattice_nm:g} nm)",
        ylabel="emission (nm)",
        ylim=tuple(share * bulk_nm for share in _OF_GAP),
        title=f"{host}: light against size, by every law",
    )
    axes.grid(alpha=0.3)
    figure.legend(
        loc="outside right upper", fontsize=8, frameon=False, title="* fitted to reported sizes"
    )
    return figure


def _last_n(found: Comparison) -> float:
    cubes = [shape.pb[0] for shape in found.request.shapes if is_closed(shape.edges_nm)]
    return max(10.0, *(min(n, 30.0) + 1 for n in cubes)) if cubes else 10.0


def _curves(axes: "Axes", found: Comparison) -> None:
    from matplotlib import colormaps

    n = np.arange(2.0, _last_n(found) + 0.01, 0.25)
    colours = colormaps["viridis"](np.linspace(0, 0.85, len(found.rows)))
    for index, row in enumerate(found.rows):
        a = row.named.semiconductor.lattice_nm
        if not row.named.law.applies(cube_edges(a)):
            continue
        try:
            energies = [
                row.named.law.energy_ev(cube_edges(one * a), row.named.semiconductor) for one in n
            ]
        except AnalysisError:  # the report says why
            continue
        shown = np.array([HC_EV_NM / one if one > 0 else math.nan for one in energies])
        fitted = " *" if row.named.calibrated_on else ""
        axes.plot(
            n,
            shown,
            label=f"{row.named.name}{fitted}",
            color=tuple(colours[index]),
            linestyle=_DASHES[index % len(_DASHES)],
            marker=_LINE_MARKS[index % len(_LINE_MARKS)] or None,
            markevery=(index % 4, 4),
            markersize=5,
            linewidth=1.6,
        )


def _reported(axes: "Axes", found: Comparison) -> None:
    """Sizes that somebody saw emit, as points with their sigma."""
    host, a = found.request.semiconductor.host, found.request.semiconductor.lattice_nm
    for source, mark in zip(sources().values(), ("*", "p", "h"), strict=False):
        sizes = source.of_host(host, "cube")
        if sizes:
            seen = [HC_EV_NM / one.energy_ev for one in sizes]
            axes.errorbar(
                [one.edges_nm[0] / a for one in sizes],
                seen,
                yerr=[
                    nm * one.energy_sigma_ev / one.energy_ev
                    for nm, one in zip(seen, sizes, strict=True)
                ],
                fmt=mark,
                color="black",
                markersize=13,
                label=f"reported: {source.short}",
            )


def _asked(axes: "Axes", found: Comparison) -> None:
    """The sizes and the colour that were asked for, as thin lines."""
    for shape in found.request.shapes:
        if is_closed(shape.edges_nm) and shape.pb[0] == shape.pb[1] == shape.pb[2]:
            axes.axvline(shape.pb[0], color="black", linewidth=0.6, zorder=0)
    if found.request.wavelength is not None:
        axes.axhline(float(found.request.wavelength.value), color="black", linewidth=0.9, zorder=0)
