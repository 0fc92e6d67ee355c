"""What each atom of a dot adds to its image, all of them in the time of a few images.

One atom changes the wave near it alone, so each change is worked out in a window of its own that
is a third of the patch's side: the atom's phase, times the wave that reaches it, carried through
the slices behind it, the lens and the camera.
"""

from dataclasses import dataclass, field

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float, Int
from scipy.fft import next_fast_len
from scipy.interpolate import RegularGridInterpolator

from cinedot.micrographs.pose.apparatus import Apparatus
from cinedot.micrographs.pose.camera import ModelCamera
from cinedot.micrographs.pose.movable_atoms import MovableAtoms, frame_matrix
from cinedot.micrographs.pose.shared import SharedViews, TracedFrame, shared_lens
from cinedot.micrographs.pose.shared_state import GEOMETRY, SharedState
from cinedot.microscope import Aberrations
from cinedot.microscope.centres import kinds
from cinedot.microscope.envelopes import transfer
from cinedot.microscope.grid import frequencies
from cinedot.microscope.multislice import band_pass, fresnel, wave_in_slices
from cinedot.microscope.parallel import placed

_WINDOW_NM = 1.7
_FADE = 0.12
_TOGETHER = 32


@dataclass(frozen=True, eq=False, kw_only=True)
class AtomChanges:
    """What atoms change, each in a window of its own.

    Attributes:
        windows: change of the image when an atom that is not there is added [atom, row, column].
        corners: first row and column of each window in the patch [atom, 2].
        side: pixels along the patch.
    """

    windows: Float[np.ndarray, "atom row column"]
    corners: Int[np.ndarray, "atom 2"]
    side: int

    def whole(self) -> Float[np.ndarray, "atom y x"]:
        """Every change on a patch of its own."""
        count, rows, columns = self.windows.shape
        patches = np.zeros((count, self.side, self.side), dtype=np.float32)
        for patch, window, (top, left) in zip(patches, self.windows, self.corners, strict=True):
            patch[top : top + rows, left : left + columns] = window
        return patches

    def products(self, patch: Float[np.ndarray, "y x"]) -> Float[np.ndarray, " atom"]:
        """The product of each change with a patch, summed over pixels."""
        _, rows, columns = self.windows.shape
        every = np.lib.stride_tricks.sliding_window_view(patch, (rows, columns))
        return np.einsum("ayx,ayx->a", self.windows, every[tuple(self.corners.T)])


@jax.tree_util.register_dataclass
@dataclass(frozen=True, kw_only=True)
class AtomWindows:
    """What one atom in a window of its own is made of, as compiled code takes it.

    Attributes:
        of_class: which class each centre is of, the classes one after another.
        factors: each class's scattering factor at a window's frequencies, angstrom.
        left: share that the camera leaves of each of them.
        side: pixels along a window, those of the wave; fixed at compilation.
    """

    of_class: Int[Array, " centre"]
    factors: Float[Array, "class ky kx"]
    left: Float[Array, "ky kx"]
    side: int = field(metadata={"static": True})


@dataclass(frozen=True, eq=False, kw_only=True)
class AtomViews:
    """A model made ready for `changes`.

    Attributes:
        views: the model with all that a movie's frames share.
        windows: what each of its atoms is in a window.
        order: where each of the model's atoms stands among the centres.
    """

    views: SharedViews
    windows: AtomWindows = field(repr=False)
    order: Int[np.ndarray, " atom"] = field(repr=False)

    def changes(
        self,
        rotation: Float[np.ndarray, "3 3"],
        place_nm: Float[np.ndarray, " 2"],
        defocus_nm: float,
        shared: SharedState,
        occupancy: Float[np.ndarray, " atom"],
    ) -> AtomChanges:
        """The image's derivative by each atom's occupancy, in the order of the model's atoms.

        Atoms that the given occupancies leave out have theirs too.

        Args:
            rotation, place_nm, defocus_nm: the pose; place from the patch's middle pixel.
            shared: scale, strain, tilts, lens.
            occupancy: of each atom.
        """
        views, order = self.views, self.order
        frame = views.frame(rotation, place_nm, defocus_nm, shared, occupancy)
        windows, corners = _changes(frame, views.atoms, self.windows, views.views.apparatus)
        return AtomChanges(
            windows=np.asarray(windows)[order],
            corners=np.asarray(corners)[order],
            side=views.camera.side,
        )


def atom_views(views: SharedViews) -> AtomViews:
    """A model ready for its atoms' changes.

    Example: see `tests/micrographs/occupancy/test_changes.py`.
    """
    camera = views.camera
    grid = camera.grid
    side = 2 * int(next_fast_len(round(_WINDOW_NM / grid.pixel_nm / 2), real=True) or 1)
    side = min(side, camera.wave_side)
    qy = np.fft.fftfreq(side) / grid.pixel_angstrom
    qx = np.fft.rfftfreq(side) / grid.pixel_angstrom
    q = np.hypot(qy[:, None], qx[None, :])
    scattering = camera.scattering
    found = kinds(
        views.model.atoms,
        parametrization=scattering.parametrization,
        thermal=scattering.thermal,
    )
    factors = [kind.factor_angstrom(q.ravel()).reshape(q.shape) for kind in found]
    owners = [np.asarray(owner) for owner in views.atoms.specimen.owner]
    of_class = np.concatenate([np.full(len(own), index) for index, own in enumerate(owners)])
    owner = np.concatenate(owners)
    order = np.full(len(views.model.atoms), -1)
    order[owner[owner >= 0]] = np.flatnonzero(owner >= 0)
    return AtomViews(
        views=views,
        windows=AtomWindows(
            of_class=placed(of_class, np.int32),
            factors=placed(factors, np.float32),
            left=placed(_camera_at(camera, qy, qx), np.float32),
            side=side,
        ),
        order=order,
    )


def _camera_at(
    camera: ModelCamera, qy: Float[np.ndarray, " ky"], qx: Float[np.ndarray, " kx"]
) -> Float[np.ndarray, "ky kx"]:
    """What the camera leaves of a window's frequencies; nothing beyond its Nyquist frequency."""
    half = camera.side // 2
    table = RegularGridInterpolator(
        (np.arange(half + 1) / camera.side, np.arange(half + 1) / camera.side),
        camera.transfer[: half + 1, : half + 1],
        bounds_error=False,
        fill_value=0.0,
    )
    pixel = 10 * camera.pixel_nm
    fy, fx = np.broadcast_arrays(np.abs(qy)[:, None] * pixel, qx[None, :] * pixel)
    return table(np.stack([fy, fx], axis=-1))


@jax.jit
def _changes(
    frame: TracedFrame, atoms: MovableAtoms, windows: AtomWindows, apparatus: Apparatus
) -> tuple[Float[Array, "centre row column"], Int[Array, "centre 2"]]:
    (rotation, shift, defocus), shared, occupancy = frame
    how, shape, window = apparatus.passage, apparatus.wave_shape, windows.side
    small = (window, window)
    here = atoms.moved(shared)
    matrix = frame_matrix(rotation, shared)
    slices = wave_in_slices(here.with_occupancy(occupancy), matrix, shift, how, shape)
    lens = shared_lens(apparatus.optics, defocus, shared[GEOMETRY:])
    real = matrix.dtype
    lens = Aberrations(*(jnp.asarray(leaf, dtype=real) for leaf in lens))
    pixel = jnp.asarray(how.pixel, dtype=real)
    imaged = jnp.fft.ifft2(slices.spectrum * transfer(lens, pixel, shape))
    qy, qx = frequencies(small, how.pixel)
    q2 = (qy**2 + qx**2).astype(real)
    band = band_pass(q2, how.pixel)
    step = fresnel(q2, how.spacing, how.wavelength) * band
    back = fresnel(q2, -(shift[2] + slices.heights[-1]), how.wavelength) * band
    through = back * transfer(lens, pixel, small)
    half = window // 2 + 1
    frequency_x = qx[:, :half]
    blur = jnp.exp(-2 * jnp.pi**2 * 100 * shared[20] * q2[:, :half]) * windows.left
    fade = _fade(window)
    ratio = apparatus.wave_side / apparatus.side
    seen = int((window - 1) / ratio)
    per_atom = how.phase_per_scattering / how.pixel**2
    places = tuple(
        at @ matrix.T + jnp.array([1.0, 1.0, 0.0], real) * shift for at in here.positions
    )
    every = jnp.concatenate(places)
    extra = jnp.concatenate(here.extra_u)

    def one(
        centre: tuple[Float[Array, " 3"], Float[Array, ""], Int[Array, ""]],
    ) -> tuple[Float[Array, "row column"], Int[Array, " 2"]]:
        place, u, kind = centre
        corner = jnp.round(place[1::-1] / how.pixel).astype(int) - window // 2
        corner = jnp.clip(corner, 0, apparatus.wave_side - window)
        within = place[:2] - corner[::-1] * how.pixel
        wave = jnp.exp(
            -2j * jnp.pi * (qy * within[1] + frequency_x * within[0])
            - 2 * jnp.pi**2 * u * q2[:, :half]
        )
        phase = per_atom * jnp.fft.irfft2(windows.factors[kind] * wave, s=small)

        def pass_slice(
            changed: Complex[Array, "row column"],
            slice_: tuple[Float[Array, ""], Complex[Array, "y x"], Complex[Array, "y x"]],
        ) -> tuple[Complex[Array, "row column"], None]:
            height, arriving, passing = slice_
            share = jnp.clip(1 - jnp.abs(place[2] - height) / how.spacing, 0.0, 1.0)
            reached = jax.lax.dynamic_slice(arriving, corner, small)
            changed = jnp.fft.ifft2(jnp.fft.fft2(changed) * step)
            changed = changed + 1j * share * phase * reached
            return changed * jax.lax.dynamic_slice(passing, corner, small), None

        nothing = jnp.zeros(small, dtype=imaged.dtype)
        assert slices.arriving is not None
        assert slices.passing is not None
        change, _ = jax.lax.scan(
            pass_slice, nothing, (slices.heights, slices.arriving, slices.passing)
        )
        change = jnp.fft.ifft2(jnp.fft.fft2(change) * through)
        unchanged = jax.lax.dynamic_slice(imaged, corner, small)
        intensity = 2 * jnp.real(jnp.conj(unchanged) * change) * fade
        coefficients = jnp.fft.rfft2(intensity) * blur
        first = jnp.ceil(corner / ratio).astype(int)
        rows, columns = ((first[axis] + jnp.arange(seen)) * ratio - corner[axis] for axis in (0, 1))
        onto_y = jnp.exp(2j * jnp.pi * rows[:, None] * jnp.fft.fftfreq(window)[None, :])
        twice = jnp.where(jnp.arange(half) % (window // 2) == 0, 1.0, 2.0)
        onto_x = twice * jnp.exp(2j * jnp.pi * columns[:, None] * jnp.fft.rfftfreq(window)[None, :])
        image = jnp.real((onto_y @ coefficients) @ onto_x.T) / window**2
        return image.astype(real), first

    return jax.lax.map(one, (every, extra, windows.of_class), batch_size=_TOGETHER)


def _fade(window: int) -> Float[Array, "row column"]:
    """1 within, falling to 0 over the outer part of each side."""
    away = np.abs(np.arange(window) - (window - 1) / 2) / (window / 2)
    ramp = 0.5 * (1 + np.cos(np.pi * np.clip((away - 1 + _FADE) / _FADE, 0, 1)))
    return jnp.asarray(np.outer(ramp, ramp), dtype=np.float32)
