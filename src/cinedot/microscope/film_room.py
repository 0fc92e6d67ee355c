"""What a scene asks of the field and of the computer, refused before anything large is made."""

import math

from cinedot.core import InputError
from cinedot.microscope.beam import wavelength_angstrom
from cinedot.microscope.grid import Grid
from cinedot.microscope.lens import Lens
from cinedot.microscope.limits import memory_bytes
from cinedot.microscope.parallel import workers
from cinedot.microscope.scene import Scene
from cinedot.microscope.support import slices_of

STEEPEST_PER_ANGSTROM = 1.0
"""Beams beyond this carry little: the lens damps them."""

# Waves are periodic: what a border scatters onto the opposite one fades within this margin.
_MARGIN_NM = 0.5

_CHUNK_FRAMES = 32
_CHUNK_PIXELS = 2**25
# Bytes, as measured: still images of the field and a core's own for each of the wave's pixels, a
# slice's atoms and screen, what a core moves of it; a frame's mean and signal, made and stacked.
_STILL, _OF_A_CORE, _SLICE, _MOVED, _FRAME = 16, 20, 16, 24, 16


def frames_at_a_time(shape: tuple[int, int]) -> int:
    """So many frames are made at once: 32, fewer of large ones, so that memory stays bounded.

    Example:
        >>> frames_at_a_time((256, 256)), frames_at_a_time((4096, 4096))
        (32, 2)
    """
    return max(1, min(_CHUNK_FRAMES, _CHUNK_PIXELS // math.prod(shape)))


def wave_grids(scene: Scene) -> tuple[Grid, int, Grid]:
    """The wave's pixels in the frame, those of a margin on each side, and all of them."""
    view = Grid(shape=scene.shape, pixel_nm=scene.exposure.pixel_nm).finer(scene.oversampling)
    margin = math.ceil(_MARGIN_NM / view.pixel_nm)
    return view, margin, view.wider(margin)


def require_memory(scene: Scene) -> None:
    """Refuse frames and films that the machine's memory cannot hold.

    Raises:
        InputError: as said.
    """
    needed, there = _needed_bytes(scene), memory_bytes()
    if needed <= there:
        return
    rows, columns = scene.shape
    side = math.isqrt(int(rows * columns * there / needed))
    raise InputError(
        f"`shape` must be such that a frame fits the memory of {there / 2**30:.3g} GiB, but "
        f"{rows} x {columns} pixels of {scene.exposure.pixel_nm:g} nm take about "
        f"{needed / 2**30:.3g} GiB.",
        remedy=f"Take about {side} x {side} pixels at most, or fewer slices of `support`.",
    )


def _needed_bytes(scene: Scene) -> float:
    _, _, grid = wave_grids(scene)
    at_once = frames_at_a_time(scene.shape)
    cores = min(workers(), at_once)
    behind, front = slices_of(scene.support), slices_of(scene.front)
    each = _STILL + _OF_A_CORE * cores + _SLICE * (behind + front)
    if scene.support_moves:
        each += _MOVED * cores * behind
    return each * math.prod(grid.shape) + _FRAME * at_once * math.prod(scene.shape)


def require_sampled_focus(lens: Lens, grid: Grid) -> None:
    """Refuse a defocus at which neighbouring frequencies of the field differ by more than pi.

    Defocus and astigmatism move a beam at q by lambda (|C1| + |A1|) q; beyond half the field it
    would come in on the other side, as the field is periodic. The rule holds for beams up to 1 per
    angstrom, or to what the pixels or the aperture let pass.

    Raises:
        InputError: as said.

    Example:
        >>> require_sampled_focus(Lens(defocus_nm=100.0), Grid(shape=(512, 512), pixel_nm=0.021))
    """
    wavelength = wavelength_angstrom(lens.voltage_kv)
    q = min(
        STEEPEST_PER_ANGSTROM,
        grid.band_limit_per_angstrom,
        1e-3 * lens.aperture_mrad / wavelength,
    )
    half_angstrom = 5 * min(grid.extent_nm)
    most_nm = half_angstrom / (wavelength * q) / 10 - lens.astigmatism_nm
    if abs(lens.defocus_nm) > most_nm:
        raise InputError(
            f"`defocus_nm` must be at most {max(most_nm, 0.0):.4g} nm either way, so that beams of "
            f"{q:.2g} per angstrom stay within half the field of {half_angstrom / 5:.4g} nm, but "
            f"is {lens.defocus_nm:g} nm.",
            remedy="Take less of it, or a larger `shape`.",
        )
