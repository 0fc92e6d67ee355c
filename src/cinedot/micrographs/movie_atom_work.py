"""The work of naming a movie's atoms, as chunks: frames fitted together, then one by one.

Frames are cut about the same place as long as the particle stays near it, so that a support that
stands still is the same in all of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import lru_cache

import numpy as np
from jaxtyping import Bool, Float, Int

from cinedot.core import AnalysisError, Movie
from cinedot.core.chunks import Arrays
from cinedot.micrographs.frame_fields import bare_ground, cut_patch, ground_contrast
from cinedot.micrographs.frame_passes import Recording
from cinedot.micrographs.movie_poses import MoviePoses
from cinedot.micrographs.occupancy.changes import AtomViews, atom_views
from cinedot.micrographs.occupancy.equations import FrameShot, FrameState
from cinedot.micrographs.occupancy.frames import frame_evidence, settled
from cinedot.micrographs.occupancy.grounds import (
    SplitNoise,
    shot_group,
    split_noise,
    wider_support,
)
from cinedot.micrographs.occupancy.joint import fit_jointly
from cinedot.micrographs.occupancy.unknowns import Unknowns, unknowns_of
from cinedot.micrographs.pose.models import average_dot
from cinedot.micrographs.pose.regions import GroundRegions, ground_regions
from cinedot.micrographs.pose.shared import SharedState, shared_views
from cinedot.micrographs.pose.views import model_camera, views_of
from cinedot.micrographs.pose.whitening import NoiseSpectrum, Whitening, whitening
from cinedot.microscope import Lens
from cinedot.particle import Compound, Cuboid

JOINT_FRAMES = 16
"""Frames that are fitted together: sites are then known to 0.05 to 0.1."""
_TOGETHER_NM = 0.3
"""Frames whose particle stands within that of one place are cut alike."""
_GROUND_FRAMES = 8
_TILE_NM = 1.35


@dataclass(frozen=True, eq=False, kw_only=True)
class FramePath:
    """The frames whose pose is sure, and where they are cut.

    frame: index; rotation, place_nm (in the field), defocus_nm, contrast: of each; cut: which cut
    each belongs to; cut_nm: the place that each cut is about [cut, 2].
    """

    frame: Int[np.ndarray, " row"]
    rotation: Float[np.ndarray, "row 3 3"]
    place_nm: Float[np.ndarray, "row 2"]
    defocus_nm: Float[np.ndarray, " row"]
    contrast: Float[np.ndarray, " row"]
    cut: Int[np.ndarray, " row"]
    cut_nm: Float[np.ndarray, "cut 2"]

    @classmethod
    def of(cls, poses: MoviePoses) -> "FramePath":
        """The frames of a movie whose pose is sure.

        Raises:
            AnalysisError: there is none.
        """
        sure = [one for one in poses.frames if one.fit is not None and one.status == "ok"]
        if not sure:
            raise AnalysisError(
                "no frame has a pose that is sure.", remedy="Look at the residuals of the poses."
            )
        places = np.array([[one.x_nm, one.y_nm] for one in sure])
        cut, about = _cuts(places)
        fits = [one.fit for one in sure if one.fit is not None]
        return cls(
            frame=np.array([one.frame for one in sure]),
            rotation=np.array([fit.rotation for fit in fits]),
            place_nm=places,
            defocus_nm=np.array([fit.defocus_nm for fit in fits]),
            contrast=np.array([fit.contrast for fit in fits]),
            cut=cut,
            cut_nm=about,
        )

    def arrays(self) -> Arrays:
        """As chunks carry it."""
        return {one.name: getattr(self, one.name) for one in fields(self)}

    @classmethod
    def carried(cls, arrays: Arrays) -> "FramePath":
        """Out of what a chunk carries."""
        return cls(**{one.name: arrays[one.name] for one in fields(cls)})


def _cuts(
    places: Float[np.ndarray, "row 2"],
) -> tuple[Int[np.ndarray, " row"], Float[np.ndarray, "cut 2"]]:
    """Which frames are cut alike: those near the first of their cut, whenever they come."""
    about: list[Float[np.ndarray, " 2"]] = []
    cut: list[int] = []
    for place in places:
        near = [np.hypot(*(place - one)) for one in about]
        if not near or min(near) > _TOGETHER_NM:
            about.append(place)
            near.append(0.0)
        cut.append(int(np.argmin(near)))
    return np.array(cut), np.array(about)


@dataclass(frozen=True, eq=False, kw_only=True)
class _Setting:
    """What all frames of a movie need: the model before its camera, the ground, its noise."""

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

    def whiten(self, cut: int, *, steady: bool) -> Whitening:
        """Of a cut's noise: the moving part alone, or with what stands still as if it moved."""
        corner, camera = self.corner(cut), self.atoms.views.camera
        inside = cut_patch(np.ones(self.ground.shape, dtype=np.float32), corner, self.side)
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

    def setting(self, carry: Arrays) -> _Setting:
        """The movie's ground is measured on some of its frames; every chunk takes the same."""
        movie, path = self.recording.movie(), FramePath.carried(carry)
        image = movie.image(0)
        atoms = _atoms_before(self.cuboid, self.compound, self.lens, image.pixel_nm)
        ground = bare_ground(image, path.place_nm)
        some = _spread(len(path.frame), _GROUND_FRAMES)
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
        return _Setting(
            movie=movie,
            atoms=atoms,
            unknowns=unknowns_of(atoms.views.model),
            path=path,
            ground=ground,
            regions=wider_support(regions, image.pixel_nm),
            noise=noise,
            zero=self.zero,
        )


def _spread(count: int, most: int) -> list[int]:
    """At most so many of `count` rows, evenly."""
    rows = np.linspace(0, count - 1, min(most, count)).round().astype(int).tolist()
    return list(dict.fromkeys(rows))


@dataclass(frozen=True, eq=False, kw_only=True)
class JointWork:
    """The fit of some frames together; one chunk for the whole movie."""

    what: AtomModel

    def __call__(self, frames: range, carry: Arrays) -> Arrays:
        """The fit as arrays; `background` has a row for each of `known_cut`."""
        setting = self.what.setting(carry)
        path = setting.path
        chosen = np.array(_spread(len(path.frame), JOINT_FRAMES))
        cuts = np.unique(path.cut[chosen])
        groups, states = [], []
        for cut in cuts.tolist():
            rows = chosen[path.cut[chosen] == cut].tolist()
            # A frame alone does not tell what stands still behind it.
            whiten = setting.whiten(cut, steady=len(rows) == 1)
            noise = setting.noise if len(rows) > 1 else _moving_alone(setting.noise)
            patches = [setting.patch(row) for row in rows]
            groups.append(
                shot_group([int(path.frame[row]) for row in rows], patches, whiten, noise)
            )
            states.append([setting.state(row) for row in rows])
        fit = fit_jointly(groups, setting.atoms, setting.unknowns, states)
        return {
            "shared": fit.shared.values,
            "shared_sigma": fit.shared_sigma,
            "share": fit.share,
            "covariance": fit.covariance,
            "misfit": np.array(fit.misfit),
            "joint_rows": chosen,
            "known_cut": cuts[[len(group.shots) > 1 for group in groups]],
            "background": np.array(
                [
                    one
                    for one, group in zip(fit.backgrounds, groups, strict=True)
                    if len(group.shots) > 1
                ],
                dtype=np.float32,
            ).reshape(-1, len(fit.backgrounds[0])),
        }


def _moving_alone(noise: Sequence[SplitNoise]) -> list[SplitNoise]:
    return [
        replace(one, steady=replace(one.steady, power=1e-9 * one.steady.power)) for one in noise
    ]


@dataclass(frozen=True, eq=False, kw_only=True)
class FrameWork:
    """What each frame says of the sites at the surface, about the joint fit."""

    what: AtomModel

    def __call__(self, frames: range, carry: Arrays) -> Arrays:
        """`right` [row, group] and `normal` [row, group, group], over the misfit."""
        setting = self.what.setting(carry)
        tested = setting.unknowns.tested
        shared = SharedState(values=carry["shared"])
        misfit = float(carry["misfit"])
        known = {int(cut): row for row, cut in enumerate(carry["known_cut"])}
        right = np.zeros((len(frames), len(tested)), dtype=np.float32)
        normal = np.zeros((len(frames), len(tested), len(tested)), dtype=np.float32)
        whitens: dict[int, Whitening] = {}
        for place, row in enumerate(frames):
            cut = int(setting.path.cut[row])
            if cut not in whitens:
                whitens[cut] = setting.whiten(cut, steady=cut not in known)
            shot = FrameShot(
                frame=int(setting.path.frame[row]),
                contrast=setting.patch(row),
                whiten=whitens[cut],
            )
            behind = carry["background"][known[cut]] if cut in known else None
            at = (setting.atoms, setting.unknowns)
            state = settled(shot, *at, setting.state(row), shared, carry["share"], behind)
            found = frame_evidence(shot, *at, state, shared, carry["share"], tested, behind)
            right[place], normal[place] = found[0] / misfit, found[1] / misfit
        return {"right": right, "normal": normal}
