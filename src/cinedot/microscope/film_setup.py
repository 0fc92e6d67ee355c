"""A scene made ready for filming: atoms, films, and the room that a whole trajectory needs."""

import math
from dataclasses import dataclass, replace
from typing import Any

import jax
import numpy as np
from jaxtyping import Array, Float, Key
from scipy.fft import next_fast_len
from scipy.spatial.transform import Rotation

from cinedot.core import InputError
from cinedot.microscope.field import Surroundings, surroundings
from cinedot.microscope.filling import Filling, begin_filling
from cinedot.microscope.film_room import (
    STEEPEST_PER_ANGSTROM,
    require_memory,
    require_sampled_focus,
    wave_grids,
)
from cinedot.microscope.films import Film
from cinedot.microscope.grid import Grid
from cinedot.microscope.lens import Lens, aberrations
from cinedot.microscope.motion import MotionState, begin_motion
from cinedot.microscope.multislice import patch_pixels
from cinedot.microscope.optics import Aberrations
from cinedot.microscope.parallel import placed
from cinedot.microscope.potential import Passage, passage
from cinedot.microscope.scene import Scene
from cinedot.microscope.specimen import Specimen, radius_angstrom
from cinedot.microscope.support import CONTACT_NM, Side, film
from cinedot.microscope.trajectory import Extent, extent_of, roomy_specimen


@dataclass(frozen=True, slots=True, kw_only=True)
class Filming:
    """A scene before its first frame, ready for the compiled code.

    Attributes:
        scene: what is filmed.
        specimen: its atoms, with room for every pose to come.
        motion, filling: where trajectory and halides begin.
        view, grid: the wave's pixels in the frame, and with a margin around it.
        margin: pixels of that margin.
        patch, window: pixels along the side of the dot's own wave; rows and columns around it
            that the wave spreads over.
        around: what stands around the dot, where it is still.
        front, behind: the films.
        counts, camera: chance of each frame's electrons, and of the camera.
    """

    scene: Scene
    specimen: Specimen
    motion: MotionState
    filling: Filling
    view: Grid
    grid: Grid
    margin: int
    patch: int
    window: tuple[int, int]
    around: Surroundings
    front: Film
    behind: Film
    counts: Key[Array, ""]
    camera: Key[Array, ""]

    @property
    def how(self) -> Passage:
        """Pixel, wavelength and slices."""
        return passage(self.scene.scattering, self.scene.lens, self.grid)

    @property
    def optics(self) -> Aberrations:
        """The lens as the compiled code takes it."""
        return aberrations(self.scene.lens)


def begin_filming(scene: Scene) -> Filming:
    """All that is done once: atoms, films, and the room that the whole trajectory needs.

    Raises:
        InputError: a field that the dot does not fit in or drifts out of, or that memory does not
            hold; a defocus that moves beams beyond half of it; events too frequent to follow;
            damage of atoms without sites; a shell without ligands' atoms.
    """
    *_, of_counts, of_camera, _, of_shell, of_damage = scene.chance()
    view, margin, grid = wave_grids(scene)
    _require_span(patch_pixels(radius_angstrom(scene.atoms), grid.pixel_angstrom), grid, margin)
    require_memory(scene)
    require_sampled_focus(scene.lens, grid)
    filling = begin_filling(scene, of_shell, of_damage)
    motion = _motion(scene)
    extent = extent_of(filling.atoms, motion, _middle_nm(scene))
    patch = _patch(filling, extent, grid, margin)
    front, behind = _films(scene, extent, grid, margin)
    how, optics = passage(scene.scattering, scene.lens, grid), aberrations(scene.lens)
    near = Grid(shape=(patch, patch), pixel_nm=grid.pixel_nm)
    atoms = roomy_specimen(filling.atoms, motion, extent.tallest, scene.scattering, near)
    return Filming(
        scene=scene,
        specimen=_displaced(atoms, filling.extra_u_angstrom2.astype(np.float32)),
        motion=motion,
        filling=filling,
        view=view,
        grid=grid,
        margin=margin,
        patch=patch,
        window=_window(patch, extent, scene, grid),
        around=surroundings(front, behind, how, optics),
        front=front,
        behind=behind,
        counts=_key(of_counts),
        camera=_key(of_camera),
    )


def _displaced(atoms: Specimen, more_u_angstrom2: Float[np.ndarray, " owner"]) -> Specimen:
    """`with_extra_u` without JAX, which would compile each of its steps apart."""
    each: list[Float[Array, " centre"]] = []
    for own, owner in zip(atoms.extra_u, atoms.owner, strict=True):
        of = np.asarray(owner)
        more = np.where(of < 0, np.float32(0), more_u_angstrom2[np.maximum(of, 0)])
        each.append(placed(np.asarray(own) + more, np.float32))
    return replace(atoms, extra_u=tuple(each))


def _motion(scene: Scene) -> MotionState:
    """The trajectory before its first frame."""
    of_start, of_motion, *_ = scene.chance()
    return begin_motion(
        scene.motion,
        start=scene.start or Rotation.random(rng=np.random.default_rng(of_start)),
        centre_nm=_middle_nm(scene),
        frames=scene.frames,
        frame_s=scene.exposure.frame_s,
        rng=np.random.default_rng(of_motion),
    )


def _films(scene: Scene, extent: Extent, grid: Grid, margin: int) -> tuple[Film, Film]:
    """What is in front and what is behind, each touching the dot's outermost atom in any pose."""
    _, _, of_behind, _, _, of_front, *_ = scene.chance()
    common: dict[str, Any] = {"grid": grid, "lens": scene.lens, "margin": margin}
    front = film(
        scene.front,
        top_nm=-(extent.before_nm + CONTACT_NM),
        rng=np.random.default_rng(of_front),
        side=Side.IN_FRONT,
        **common,
    )
    behind = film(
        scene.support,
        top_nm=extent.behind_nm + CONTACT_NM,
        rng=np.random.default_rng(of_behind),
        **common,
    )
    return front, behind


def _key(seed: np.random.SeedSequence) -> Key[Array, ""]:
    return jax.random.key(int(seed.generate_state(1)[0]))


def _middle_nm(scene: Scene) -> Float[np.ndarray, " 3"]:
    rows, columns = scene.shape
    pixel = scene.exposure.pixel_nm
    return np.array([(columns - 1) / 2 * pixel, (rows - 1) / 2 * pixel, 0.0])


def _patch(filling: Filling, extent: Extent, grid: Grid, margin: int) -> int:
    """Side of the patch that holds the dot at every moment of a frame.

    The frame and its margin must hold the patch, and the dot wherever it strays.
    """
    radius = radius_angstrom(filling.atoms)
    patch = patch_pixels(radius + 10 * extent.within_nm, grid.pixel_angstrom)
    border_nm = margin * grid.pixel_nm
    _require_span(patch, grid, margin)
    half_nm = np.array(grid.extent_nm[::-1]) / 2
    over_nm = float((extent.strayed_nm + radius / 10 - half_nm).max())
    # The field is periodic: what left it on one side would come in on the other.
    if over_nm > 0:
        raise InputError(
            f"the dot must stay in the frame or within {border_nm:.2f} nm of it, but comes "
            f"{over_nm + border_nm:.2f} nm out of it.",
            remedy="Take less `drift_nm_per_s`, fewer `frames`, or a larger `shape`.",
        )
    return patch


def _require_span(patch: int, grid: Grid, margin: int) -> None:
    border_nm = margin * grid.pixel_nm
    if patch > min(grid.shape):
        raise InputError(
            f"`shape` must span {patch * grid.pixel_nm - 2 * border_nm:.2f} nm to hold the dot, "
            f"but spans {min(grid.extent_nm) - 2 * border_nm:.2f} nm.",
            remedy="Take more pixels, or larger ones.",
        )


def _window(patch: int, extent: Extent, scene: Scene, grid: Grid) -> tuple[int, int]:
    """The patch and around it what the dot's wave spreads over on its way through film and lens.

    A beam at q goes astray by lambda (|C1| + z) q + C_s lambda^3 q^3.
    """
    lens = scene.lens
    optics, how = aberrations(lens), passage(scene.scattering, lens, grid)
    wavelength = float(how.wavelength)
    q = min(STEEPEST_PER_ANGSTROM, grid.band_limit_per_angstrom)
    depth_nm = extent.behind_nm + CONTACT_NM
    depth_nm += scene.support.depth_nm if scene.support is not None else 0.0
    far = wavelength * q * (_focus_angstrom(lens) + 10 * depth_nm)
    far += abs(float(optics.spherical)) * wavelength**3 * q**3
    halo = math.ceil((far + 2.0) / grid.pixel_angstrom)
    half = patch // 2 + halo
    side = 2 * int(next_fast_len(half, real=True) or half)
    rows, columns = grid.shape
    # Where the window would take most of the field, the whole field is as quick.
    return (min(side, rows - rows % 2), min(side, columns - columns % 2))


def _focus_angstrom(lens: Lens) -> float:
    spread = lens.focal_spread_nm + lens.astigmatism_nm + lens.coma_nm + lens.trefoil_nm
    return 10 * (abs(lens.defocus_nm) + spread)
