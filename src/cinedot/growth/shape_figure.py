"""Crystal shapes as a picture: what the eye sees of each, its faces shaded by their family."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from cinedot.growth.polyhedra import CrystalShape, Plane, view_axes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

OBLIQUE: Plane = (9, 4, 3)
"""A view that shows three kinds of faces at once, none of them edge on."""

FAMILY_COLOURS: Mapping[int, str] = {1: "#9dc3e6", 2: "#f3c38b", 3: "#9fd8b4"}
"""Of {100}, {110}, {111}, by how many indices are not 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenFace:
    """A face that looks at the eye.

    Attributes:
        plane: its Miller indices.
        corners: in the picture [corner, 2], nm, y upwards.
        light: cosine of its normal to the eye, 0 to 1.
    """

    plane: Plane
    corners: Float[np.ndarray, "corner 2"]
    light: float

    @property
    def colour(self) -> str:
        """Its family's colour, darker the more it turns away."""
        base = FAMILY_COLOURS[sum(index != 0 for index in self.plane)]
        share = 0.55 + 0.45 * self.light
        parts = (round(int(base[at : at + 2], 16) * share) for at in (1, 3, 5))
        return "#" + "".join(f"{part:02x}" for part in parts)


def seen_faces(shape: CrystalShape, view: Plane = OBLIQUE) -> tuple[SeenFace, ...]:
    """The faces that look at the eye, projected without perspective.

    Args:
        shape: the crystal.
        view: the direction from the crystal to the eye.

    Example:
        >>> from cinedot.growth import wulff_shape
        >>> len(seen_faces(wulff_shape({(1, 0, 0): 1.0})))
        3
    """
    axes = view_axes(view)
    return tuple(
        SeenFace(
            plane=face.plane,
            corners=face.corners @ axes[:2].T,
            light=float(face.normal @ axes[2]),
        )
        for face in shape.faces
        if face.normal @ axes[2] > 1e-9
    )


def shapes_figure(shapes: Mapping[str, CrystalShape], *, view: Plane = OBLIQUE) -> "Figure":
    """Crystals side by side, each with its name and the share of its surface that is {100}.

    Args:
        shapes: by what stands under each.
        view: the direction from the crystals to the eye.

    Returns:
        A Matplotlib figure of its own, in no global list; `savefig` writes it.
    """
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch, Polygon

    figure = Figure(figsize=(2.6 * max(len(shapes), 1), 3.5), layout="constrained")
    for index, (name, shape) in enumerate(shapes.items()):
        axes = figure.add_subplot(1, len(shapes), index + 1)
        for face in seen_faces(shape, view):
            axes.add_patch(
                Polygon(face.corners, facecolor=face.colour, edgecolor="#1b1f24", linewidth=1.2)
            )
        reach = 1.05 * float(np.linalg.norm(shape.vertices, axis=1).max())
        axes.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
        axes.set_axis_off()
        axes.set_title(f"{name}\n{{100}} {shape.area_fraction((1, 0, 0)):.0%}", fontsize=10)
    kinds = sorted(
        {
            tuple(sorted((abs(index) for index in face.plane), reverse=True))
            for shape in shapes.values()
            for face in seen_faces(shape, view)
        }
    )
    figure.legend(
        handles=[
            Patch(
                color=FAMILY_COLOURS[sum(index != 0 for index in kind)],
                label=f"{{{''.join(map(str, kind))}}}",
            )
            for kind in kinds
        ],
        loc="outside lower center",
        ncols=max(len(kinds), 1),
        frameon=False,
    )
    return figure
