"""Which views of a model a patch of an image may be: correlation over all orientations at once.

A turn about the beam turns the image. In polar coordinates it is a shift of the angle, so that one
product of Fourier series tries all turns; only the beam's directions need images of their own.
The score of a view is its matched filter's signal-to-noise ratio: <v, d> / |v|, both whitened.
"""

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import scipy.fft
from jaxtyping import Bool, Complex, Float, Int
from scipy.fft import next_fast_len

from cinedot.core import InputError
from cinedot.micrographs.pose.circles import on_circles
from cinedot.micrographs.pose.library_cache import kept_images
from cinedot.micrographs.pose.orientations import (
    about_beam,
    beam_directions,
    facing,
    misorientation_deg,
)
from cinedot.micrographs.pose.views import Views
from cinedot.microscope.parallel import workers

_HOPELESS = 0.6
"""Turns whose score is below this share of the best are not listed."""
NEAR_DEG = 8.0
"""From an orientation that somebody gives to those that are tried: some steps between views, and as
far as three angles in whole degrees, or a frame before in a rocking dot, may be off."""
_ONE_THREAD = 60_000
"""Rows times columns times terms of a product that BLAS does on one thread. Larger ones it spreads,
and its threads wait for one another eight times as long as they work where other work is done."""


@dataclass(frozen=True, eq=False, kw_only=True)
class ViewLibrary:
    """Views of one model from all sides, at some defoci, as Fourier series in the angle.

    Attributes:
        views: the model and the camera.
        rotations: one for each direction of the beam, the turn about it left open
            [direction, 3, 3].
        defocus_nm: [defocus].
        series: conjugates, [defocus, order, direction, radius], weighted so that a sum over radii
            and orders is an integral over the disc.
        norm: root of the integral of each whitened view's square [defocus, direction].
        radii_px: [radius].
        angles: number of angles that the series stand for.
    """

    views: Views
    rotations: Float[np.ndarray, "direction 3 3"]
    defocus_nm: Float[np.ndarray, " defocus"]
    series: Complex[np.ndarray, "defocus order direction radius"]
    norm: Float[np.ndarray, "defocus direction"]
    radii_px: Float[np.ndarray, " radius"]
    angles: int


@dataclass(frozen=True, eq=False, kw_only=True)
class ViewMatch:
    """A view that a patch may be.

    Attributes:
        score: signal-to-noise ratio of its matched filter.
        rotation: crystal to frame axes [3, 3].
        x_nm, y_nm: of the model's centre, from the patch's middle pixel.
        defocus_nm: the library's nearest.
    """

    score: float
    rotation: Float[np.ndarray, "3 3"]
    x_nm: float
    y_nm: float
    defocus_nm: float


def view_library(
    views: Views,
    *,
    spacing_deg: float,
    defocus_nm: Sequence[float],
    weight: Float[np.ndarray, "y half"],
) -> ViewLibrary:
    """Views from all sides; their images are kept in the user's cache folder.

    Args:
        views: the model before a camera.
        spacing_deg: between neighbouring directions of the beam.
        defocus_nm: which defoci.
        weight: what whitens a patch: one over the root of the noise's power at each frequency of
            a real transform, 0 where nothing is to be compared; the same in all directions.

    Raises:
        InputError: no defocus.
    """
    if not len(defocus_nm):
        raise InputError("`defocus_nm` must hold a value.", remedy="6.0 is the movies' default.")
    side = views.camera.side
    directions = beam_directions(views.model.edges, spacing_deg)
    rotations = facing(directions)
    radii = np.arange(0.5, side / 2 - 1, 1.0)
    turns = math.ceil(math.pi * side)
    angles = next_fast_len(turns, real=True) or turns
    series = np.empty(
        (len(defocus_nm), angles // 2 + 1, len(rotations), len(radii)), dtype=np.complex64
    )
    norm = np.empty((len(defocus_nm), len(rotations)))
    middle = np.full((1, 2), float(side // 2))
    for number, defocus in enumerate(defocus_nm):
        white = filtered(kept_images(views, rotations, float(defocus)) - 1, weight)
        norm[number] = np.sqrt((white**2).sum(axis=(1, 2)))
        series[number] = on_circles(white, middle, radii, angles)[0].conj()
    return ViewLibrary(
        views=views,
        rotations=rotations,
        defocus_nm=np.array(defocus_nm, dtype=float),
        series=series,
        norm=norm,
        radii_px=radii,
        angles=angles,
    )


def filtered(
    images: Float[np.ndarray, "*image y x"], weight: Float[np.ndarray, "y half"]
) -> Float[np.ndarray, "*image y x"]:
    """Images with each frequency multiplied by its weight."""
    spectrum = np.asarray(scipy.fft.rfft2(images.astype(np.float32, copy=False), workers=2))
    kept = spectrum * weight.astype(np.float32)
    return np.asarray(scipy.fft.irfft2(kept, s=images.shape[-2:], workers=2))


def match_views(
    patch: Float[np.ndarray, "y x"],
    library: ViewLibrary,
    *,
    weight: Float[np.ndarray, "y half"],
    reach_nm: float = 0.3,
    step_nm: float = 0.06,
    count: int = 12,
    apart_deg: float = 4.0,
    near: Float[np.ndarray, "3 3"] | None = None,
) -> list[ViewMatch]:
    """The views that fit a patch best, no two of them alike.

    Args:
        patch: contrast (intensity over its mean, less 1) about the particle [y, x].
        library: what to compare with, made with the same `weight`.
        weight: whitens the patch.
        reach_nm: how far the particle may be from the patch's middle, along each axis.
        step_nm: of the places tried.
        count: how many views at most.
        apart_deg: views closer than this, as the model's symmetry counts it, are one.
        near: an orientation that views must not be farther from than `NEAR_DEG`; any when left out.

    Returns:
        Best first.
    """
    places = _places(reach_nm, step_nm)
    held = _held(patch, library, weight, places)
    allowed = True if near is None else _nearby(library, near)
    best: list[tuple[float, int, int, int, int]] = []
    for number in range(len(library.defocus_nm)):
        top, at = _tops(library, number, held)
        top = np.where(allowed, top, 0.0)
        peaks = (top >= np.roll(top, 1, axis=1)) & (top > np.roll(top, -1, axis=1))
        peaks &= top > _HOPELESS * top.max()
        best += [
            (float(top[way, angle]), number, int(way), int(angle), int(at[way, angle]))
            for way, angle in np.argwhere(peaks)
        ]
    best.sort(reverse=True)
    found: list[ViewMatch] = []
    known = np.empty((0, 3, 3))
    for score, number, direction, angle, place in best:
        turn = about_beam(360.0 * angle / library.angles)
        rotation = turn @ library.rotations[direction]
        edges = library.views.model.edges
        if len(known) and misorientation_deg(known, rotation, edges).min() < apart_deg:
            continue
        known = np.concatenate([known, rotation[None]])
        found.append(
            ViewMatch(
                score=score,
                rotation=rotation,
                x_nm=float(places[place, 1]),
                y_nm=float(places[place, 0]),
                defocus_nm=float(library.defocus_nm[number]),
            )
        )
        if len(found) == count:
            break
    return found


def _nearby(
    library: ViewLibrary, near: Float[np.ndarray, "3 3"]
) -> Bool[np.ndarray, "direction angle"]:
    """Which views an orientation allows, as the model's symmetry counts angles."""
    turns = np.array([about_beam(360.0 * i / library.angles) for i in range(library.angles)])
    edges = library.views.model.edges
    return np.array(
        [misorientation_deg(turns @ one, near, edges) <= NEAR_DEG for one in library.rotations]
    )


def best_scores(
    patch: Float[np.ndarray, "y x"],
    library: ViewLibrary,
    *,
    weight: Float[np.ndarray, "y half"],
    reach_nm: float = 0.2,
    step_nm: float = 0.08,
) -> Float[np.ndarray, " defocus"]:
    """The best score of any view at each defocus of the library; arguments as in `match_views`."""
    held = _held(patch, library, weight, _places(reach_nm, step_nm))
    return np.array(
        [_tops(library, number, held)[0].max() for number in range(len(library.defocus_nm))]
    )


def _places(reach_nm: float, step_nm: float) -> Float[np.ndarray, "place 2"]:
    """A square grid of places: y, x from the patch's middle."""
    count = int(np.ceil(reach_nm / step_nm))
    steps = np.arange(-count, count + 1) * step_nm
    return np.stack([grid.ravel() for grid in np.meshgrid(steps, steps, indexing="ij")], axis=1)


def _held(
    patch: Float[np.ndarray, "y x"],
    library: ViewLibrary,
    weight: Float[np.ndarray, "y half"],
    places: Float[np.ndarray, "place 2"],
) -> Complex[np.ndarray, "order radius place"]:
    """The whitened patch about each place, as the scores take it."""
    camera = library.views.camera
    white = filtered(patch, weight)
    at = camera.side // 2 + places / camera.pixel_nm
    held = on_circles(white[None], at, library.radii_px, library.angles)
    return np.ascontiguousarray(held[:, :, 0].transpose(1, 2, 0))


def _tops(
    library: ViewLibrary, number: int, held: Complex[np.ndarray, "order radius place"]
) -> tuple[Float[np.ndarray, "direction angle"], Int[np.ndarray, "direction angle"]]:
    """The best score over all places, and which place it is at.

    A few directions at a time: what is made of them then stays in the processor's cache.
    """
    count = len(library.rotations)
    part = max(1, _ONE_THREAD // (held.shape[1] * held.shape[2]))
    top = np.empty((count, library.angles), dtype=np.float32)
    at = np.empty((count, library.angles), dtype=np.intp)

    def score(first: int) -> None:
        rows = slice(first, first + part)
        by_order = np.matmul(library.series[number, :, rows], held)
        scores = np.asarray(scipy.fft.irfft(by_order, n=library.angles, axis=0))
        best = scores.argmax(axis=2)
        at[rows] = best.T
        top[rows] = np.take_along_axis(scores, best[:, :, None], axis=2)[:, :, 0].T

    with ThreadPoolExecutor(workers()) as pool:
        for _ in pool.map(score, range(0, count, part)):
            pass
    return top / library.norm[number][:, None], at
