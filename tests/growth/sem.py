"""SEM images of known crystals: bright edges, a sloping ground, blur, noise.

Bodies are painted by scikit-image's polygon filling on a grid four times as fine, and their edges
glow by the distance transform: nothing here is shared with what reads the images.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy.ndimage
from skimage.draw import polygon

FINE = 4
TIP = 1 / (2 * np.sqrt(2))


@dataclass(frozen=True, kw_only=True)
class Body:
    kind: str
    x: float
    y: float
    angle_deg: float
    width: float
    length: float

    @property
    def corners(self) -> np.ndarray:
        half, end = self.width / 2, self.length / 2
        if self.kind == "hexagon":
            shoulder = end - TIP * self.width
            own = [(end, 0), (shoulder, half), (-shoulder, half)]
        else:
            own = [(end, half), (-end, half)]
        own = np.array([*own, *[(-x, -y) for x, y in own]])
        turn = np.deg2rad(self.angle_deg)
        turned = own @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
        return turned + np.array([self.x, self.y])


def area(corners: np.ndarray) -> float:
    x, y = corners.T
    return abs(float(0.5 * np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y)))


def sem_image(
    bodies: Sequence[Body | np.ndarray],
    shape: tuple[int, int],
    rng: np.random.Generator,
    *,
    ground: float = 60.0,
    height: float = 60.0,
    glow: float = 1.0,
    slope: float = 20.0,
    noise: float = 8.0,
    blur_px: float = 0.8,
) -> np.ndarray:
    """Counts [y, x]; corners in pixels from the centre of the first one."""
    fine = np.zeros((shape[0] * FINE, shape[1] * FINE))
    for body in bodies:
        corners = body.corners if isinstance(body, Body) else body
        rows, columns = polygon(*((corners[:, ::-1] + 0.5) * FINE - 0.5).T, shape=fine.shape)
        fine[rows, columns] = rng.uniform(0.85, 1.15)
    inside = scipy.ndimage.distance_transform_edt(fine > 0)
    fine *= 1 + glow * np.exp(-inside / (2.0 * FINE))
    image = fine.reshape(shape[0], FINE, shape[1], FINE).mean(axis=(1, 3))
    image = scipy.ndimage.gaussian_filter(ground + height * image, blur_px)
    y, x = np.meshgrid(*(np.linspace(-1, 1, size) for size in shape), indexing="ij")
    direction = rng.uniform(0, 2 * np.pi)
    image += slope * (np.cos(direction) * x + np.sin(direction) * y + 0.3 * (x**2 - y**2))
    return image + noise * rng.standard_normal(shape)


def drawn(rng: np.random.Generator, p_square: float, edge_px: float, spread: float) -> Body:
    """A crystal of the population, at the origin."""
    square = rng.random() < p_square
    size = edge_px * np.exp(spread * rng.standard_normal())
    width = size if square else 0.8 * size
    return Body(
        kind="square" if square else "hexagon",
        x=0.0,
        y=0.0,
        angle_deg=rng.uniform(0, 180),
        width=width,
        length=width * (rng.uniform(1.0, 1.08) if square else rng.uniform(1.5, 2.2)),
    )


def scattered(
    rng: np.random.Generator,
    number: int,
    shape: tuple[int, int],
    *,
    p_square: float = 0.5,
    edge_px: float = 16.0,
    spread: float = 0.12,
) -> list[Body]:
    """Crystals at random places that keep apart; centres lie in the image, borders cut some.

    What a crystal is, is drawn before its place, so that no kind is put down less often.
    """
    bodies: list[Body] = []
    for _ in range(number):
        one = drawn(rng, p_square, edge_px, spread)
        for _ in range(500):
            at = replace(one, x=rng.uniform(0, shape[1] - 1), y=rng.uniform(0, shape[0] - 1))
            if all(_apart(at, other) for other in bodies):
                bodies.append(at)
                break
        else:
            raise AssertionError("the field is too full")
    return bodies


def _apart(one: Body, other: Body) -> bool:
    reach = 0.5 * (np.hypot(one.width, one.length) + np.hypot(other.width, other.length))
    return bool(np.hypot(one.x - other.x, one.y - other.y) > reach + 5)
