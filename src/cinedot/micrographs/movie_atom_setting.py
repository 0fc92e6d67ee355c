"""What a movie's atoms are told from: the model before its camera, the ground, its noise.

Frames are cut about the same place as long as the particle stays near it, so that a support that
stands still is the same in all of them.
"""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from jaxtyping import Bool, Float

from cinedot.core import Movie
from cinedot.core.chunks import Arrays
from cinedot.micrographs.frame_fields import bare_ground, cut_patch, ground_contrast, own_part
from cinedot.micrographs.frame_passes import Recording
from cinedot.micrographs.frame_path import FramePath
from cinedot.micrographs.occupancy.changes import AtomViews, atom_views
from cinedot.micrographs.occupancy.equations import FrameShot, FrameState
from cinedot.micrographs.occupancy.grounds import SplitNoise, split_noise, wider_support
from cinedot.micrographs.occupancy.unknowns import Unknowns, unknowns_of
from cinedot.micrographs.pose.camera import model_camera
from cinedot.micrographs.pose.models import average_dot
from cinedot.micrographs.pose.regions import GroundRegions, ground_regions
from cinedot.micrographs.pose.shared import shared_views
from cinedot.micrographs.pose.views import views_of
from cinedot.micrographs.pose.whitening import NoiseSpectrum, Whitening, whitening
from cinedot.microscope import Lens
from cinedot.particle import Compound, Cuboid

_GROUND_FRAMES = 8
_TILE_NM = 1.35


@dataclass(frozen=True, eq=False, kw_only=True)
class AtomSetting:
    """What all frames of a movie need.

    Attributes:
        movie: the frames.
        atoms, unknowns: the model before its camera.
        path: the frames whose pose is sure, and their cuts.
        ground: where no particle is in any of them.
        regions: kinds of ground, the support reaching a little further than it is seen.
        noise: of each kind.
        zero: what the camera writes without electrons, camera units.
    """

    movie: Movie
    atoms: AtomViews
    unknowns: Unknowns
    path: FramePath
    ground: Bool[np.ndarray, "y x"]
    regions: GroundRegions
    noise: tuple[SplitNoise, ...]
    zero: float

    @property
    def side(self) -> int:
        """Pixels along a patch."""
        return self.atoms.views.camera.side

    def corner(self, cut: int) -> tuple[int, int]:
        """First row and column of a cut."""
        image = self.movie.image(0)
        x_nm, y_nm = self.path.cut_nm[cut]
        row, column = round(y_nm / image.pixel_y_nm), round(x_nm / image.pixel_x_nm)
        return row - self.side // 2, column - self.side // 2

    def patch(self, row: int) -> Float[np.ndarray, "side side"]:
        """A frame's contrast about its cut's place."""
        shot = self.movie.image(int(self.path.frame[row]))
        contrast = ground_contrast(shot, self.ground, self.zero)
        return cut_patch(contrast, self.corner(int(self.path.cut[row])), self.side)

    def shot(self, row: int, whiten: Whitening) -> FrameShot:
        """What a frame recorded about its cut's place."""
        return FrameShot(frame=int(self.path.frame[row]), contrast=self.patch(row), whiten=whiten)

    def whiten(self, cut: int, *, steady: bool) -> Whitening:
        """Of a cut's noise: the moving part alone, or with what stands still as if it moved."""
        corner, camera = self.corner(cut), self.atoms.views.camera
        own = own_part(self.movie.image(0), self.path.cut_nm[cut], self.path.beside_cut_nm(cut))
        inside = cut_patch(own, corner, self.side)
        shares = [cut_patch(share, corner, self.side) * inside for share in self.regions.share]
        spectra = [one.moving if not steady else _both(one) for one in self.noise]
        return whitening(
            self.side,
            camera.pixel_nm,
            self.atoms.views.model.radius_nm,
            list(zip(shares, spectra, strict=True)),
        )

    def state(self, row: int) -> FrameState:
        """Where a frame's own unknowns begin."""
        image, path = self.movie.image(0), self.path
        top, left = self.corner(int(path.cut[row]))
        middle = np.array([left, top]) + self.side // 2
        return FrameState(
            rotation=path.rotation[row],
            place_nm=path.place_nm[row] - middle * [image.pixel_x_nm, image.pixel_y_nm],
            defocus_nm=float(path.defocus_nm[row]),
            contrast=float(path.contrast[row]),
            ground=np.zeros(len(self.regions.share)),
        )


def _both(noise: SplitNoise) -> NoiseSpectrum:
    return replace(noise.moving, power=noise.moving.power + noise.steady.power)


@lru_cache(maxsize=2)
def _atoms_before(cuboid: Cuboid, compound: Compound, lens: Lens, pixel_nm: float) -> AtomViews:
    model = average_dot(cuboid, compound)
    camera = model_camera(pixel_nm, lens, radius_nm=model.radius_nm)
    return atom_views(shared_views(views_of(model, camera)))


@dataclass(frozen=True, eq=False, kw_only=True)
class AtomModel:
    """Whose atoms: the recording, the dot, the lens.

    Attributes:
        recording: the movie.
        cuboid, compound: the dot.
        lens: as stated.
        zero: what the camera writes without electrons, camera units.
    """

    recording: Recording
    cuboid: Cuboid
    compound: Compound
    lens: Lens
    zero: float = 0.0

    def setting(self, carry: Arrays) -> AtomSetting:
        """The movie's ground is measured on some of its frames; every chunk takes the same."""
        movie, path = self.recording.movie(), FramePath.carried(carry)
        image = movie.image(0)
        atoms = _atoms_before(self.cuboid, self.compound, self.lens, image.pixel_nm)
        ground = bare_ground(image, path.occupied_nm())
        some = spread(len(path.frame), _GROUND_FRAMES)
        shown = [movie.image(int(path.frame[row])) for row in some]
        contrast = np.stack([ground_contrast(one, ground, self.zero) for one in shown])
        regions = ground_regions(contrast, ground, image.pixel_nm)
        if len(contrast) > 1:
            tile_px = max(12, 2 * round(0.5 * _TILE_NM / image.pixel_nm))
            noise = split_noise(contrast, regions, ground, tile_px=tile_px)
        else:
            noise = tuple(
                SplitNoise(moving=one, steady=replace(one, power=1e-6 * one.power))
                for one in regions.noise
            )
        return AtomSetting(
            movie=movie,
            atoms=atoms,
            unknowns=unknowns_of(atoms.views.model),
            path=path,
            ground=ground,
            regions=wider_support(regions, image.pixel_nm),
            noise=noise,
            zero=self.zero,
        )


def spread(count: int, most: int) -> list[int]:
    """At most so many of `count` rows, evenly."""
    rows = np.linspace(0, count - 1, min(most, count)).round().astype(int).tolist()
    return list(dict.fromkeys(rows))
