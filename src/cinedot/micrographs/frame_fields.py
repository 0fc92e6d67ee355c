"""A frame made ready for fits of poses: its contrast over the ground, cut about a place."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from cinedot.core import AnalysisError, Image, Movie
from cinedot.micrographs.pose.regions import GroundRegions, ground_regions
from cinedot.micrographs.pose.search import Patch

PARTICLE_NM = 2.6
"""From a particle's centre to where nothing of it is seen: half of a cube's diagonal of n = 5."""


@dataclass(frozen=True, eq=False, kw_only=True)
class FrameField:
    """One frame made ready for fits: its contrast, its ground, and where the particle is.

    Attributes:
        image: the frame.
        contrast: intensity over the ground's mean, less 1 [y, x].
        regions: kinds of ground.
        place_nm: about where the particle is.
        beside_nm: where others are [other, 2].
    """

    image: Image
    contrast: Float[np.ndarray, "y x"]
    regions: GroundRegions
    place_nm: tuple[float, float]
    beside_nm: Float[np.ndarray, "other 2"]

    def patch(self, x_nm: float, y_nm: float, side: int) -> Patch:
        """A patch about a place; beyond the frame nothing counts, nor does another particle."""
        row, column = round(y_nm / self.image.pixel_y_nm), round(x_nm / self.image.pixel_x_nm)
        corner = (row - side // 2, column - side // 2)
        shares = [cut_patch(share, corner, side) for share in self.regions.share]
        own = np.array([x_nm, y_nm])
        inside = cut_patch(own_part(self.image, own, self.beside_nm), corner, side)
        return Patch(
            contrast=cut_patch(self.contrast, corner, side),
            x_nm=column * self.image.pixel_x_nm,
            y_nm=row * self.image.pixel_y_nm,
            regions=tuple(
                (share * inside, noise)
                for share, noise in zip(shares, self.regions.noise, strict=True)
            ),
        )


def own_part(
    image: Image, place_nm: Float[np.ndarray, " 2"], beside_nm: Float[np.ndarray, "other 2"]
) -> Float[np.ndarray, "y x"]:
    """1 where a particle's own image counts; 0 where another lies, nearer to that one's centre.

    Args:
        image: the field.
        place_nm: the particle's centre, x and y.
        beside_nm: those of others; NaN is no place.

    Example:
        >>> image = Image(data=np.ones((1, 9)), pixel_x_nm=1.0, pixel_y_nm=1.0, name="a")
        >>> own_part(image, np.zeros(2), np.array([[6.0, 0.0]])).astype(int).tolist()
        [[1, 1, 1, 1, 0, 0, 0, 0, 0]]
    """
    x, y = _axes(image)
    part = np.ones(image.data.shape, dtype=np.float32)
    own = (x - place_nm[0]) ** 2 + (y - place_nm[1]) ** 2
    for x_nm, y_nm in beside_nm[np.isfinite(beside_nm).all(axis=1)]:
        other = (x - x_nm) ** 2 + (y - y_nm) ** 2
        part[(other <= PARTICLE_NM**2) & (other < own)] = 0
    return part


def _axes(image: Image) -> tuple[Float[np.ndarray, "1 x"], Float[np.ndarray, "y 1"]]:
    rows, columns = image.data.shape
    x = (np.arange(columns) * image.pixel_x_nm)[None, :]
    return x, (np.arange(rows) * image.pixel_y_nm)[:, None]


def cut_patch(
    whole: Float[np.ndarray, "y x"], corner: tuple[int, int], side: int
) -> Float[np.ndarray, "side side"]:
    """A square part of a field whose first row and column are given; 0 beyond the field."""
    part = np.zeros((side, side), dtype=np.float32)
    rows = slice(max(corner[0], 0), min(corner[0] + side, whole.shape[0]))
    columns = slice(max(corner[1], 0), min(corner[1] + side, whole.shape[1]))
    if rows.start < rows.stop and columns.start < columns.stop:
        top, left = rows.start - corner[0], columns.start - corner[1]
        height, width = rows.stop - rows.start, columns.stop - columns.start
        part[top : top + height, left : left + width] = whole[rows, columns]
    return part


def frame_field(
    movie: Movie,
    index: int,
    place_nm: Float[np.ndarray, " 2"],
    zero: float,
    beside_nm: Float[np.ndarray, "other 2"],
) -> FrameField:
    """One frame with the kinds of ground that it shows itself.

    Args:
        movie: with a pixel size.
        index: the frame's.
        place_nm: about where the particle is, x and y.
        beside_nm: where others are; NaN is no place.
        zero: what the camera writes without electrons, camera units.

    Raises:
        AnalysisError: the frame is dark.
    """
    image = movie.image(index)
    ground = bare_ground(image, np.concatenate([place_nm[None], beside_nm]))
    contrast = ground_contrast(image, ground, zero)
    return FrameField(
        image=image,
        contrast=contrast,
        regions=ground_regions(contrast[None], ground, image.pixel_nm),
        place_nm=(float(place_nm[0]), float(place_nm[1])),
        beside_nm=beside_nm,
    )


def bare_ground(
    image: Image, places_nm: Float[np.ndarray, "place 2"], radius_nm: float = PARTICLE_NM
) -> Bool[np.ndarray, "y x"]:
    """Where no particle is: farther than a radius from every place; NaN is no place.

    Example:
        >>> image = Image(data=np.ones((8, 8)), pixel_x_nm=1.0, pixel_y_nm=1.0, name="a")
        >>> int(bare_ground(image, np.array([[0.0, 0.0], [np.nan, np.nan]]), 1.0).sum())
        61
    """
    x, y = _axes(image)
    ground = np.ones(image.data.shape, dtype=bool)
    for x_nm, y_nm in places_nm[np.isfinite(places_nm).all(axis=1)]:
        ground &= (x - x_nm) ** 2 + (y - y_nm) ** 2 > radius_nm**2
    return ground


def ground_contrast(
    image: Image, ground: Bool[np.ndarray, "y x"], zero: float
) -> Float[np.ndarray, "y x"]:
    """Electrons over their mean on the ground, less 1.

    Args:
        image: in camera units.
        ground: pixels that count as ground; without any the whole frame's median does.
        zero: what the camera writes without electrons, camera units.

    Raises:
        AnalysisError: the ground is no brighter than `zero`.
    """
    electrons = image.data - zero
    level = float(electrons[ground].mean()) if ground.any() else float(np.median(electrons))
    if not level > 0:
        raise AnalysisError(
            f"{image.name} is dark: its ground's mean is {level:g}.",
            remedy="Leave the frame out, or state the camera's `offset`.",
        )
    return (electrons / level - 1).astype(np.float32)


def is_lit(image: Image, ground: Bool[np.ndarray, "y x"], zero: float) -> bool:
    """Whether anything fell on the ground."""
    return float((image.data[ground] if ground.any() else image.data).mean()) > zero
