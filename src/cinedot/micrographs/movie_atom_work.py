"""The work of naming a movie's atoms, as chunks: frames fitted together, then one by one.

Frames are cut about the same place as long as the particle stays near it, so that a support that
stands still is the same in all of them.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from jaxtyping import Bool, Float, Int

from cinedot.core import Movie
from cinedot.core.chunks import Arrays
from cinedot.micrographs.frame_fields import bare_ground, cut_patch, ground_contrast, own_part
from cinedot.micrographs.frame_passes import Recording
from cinedot.micrographs.frame_path import FramePath
from cinedot.micrographs.occupancy.changes import AtomViews, atom_views
from cinedot.micrographs.occupancy.equations import FrameShot, FrameState, ShotGroup
from cinedot.micrographs.occupancy.frames import frame_evidence, settled
from cinedot.micrographs.occupancy.grounds import (
    SplitNoise,
    shot_group,
    split_noise,
    wider_support,
)
from cinedot.micrographs.occupancy.joint import ROUNDS, JointFit, fit_jointly
from cinedot.micrographs.occupancy.leftover import learned_noise
from cinedot.micrographs.occupancy.unknowns import Unknowns, unknowns_of
from cinedot.micrographs.pose.camera import model_camera
from cinedot.micrographs.pose.models import average_dot
from cinedot.micrographs.pose.regions import GroundRegions, ground_regions
from cinedot.micrographs.pose.shared import shared_views
from cinedot.micrographs.pose.shared_state import SharedState
from cinedot.micrographs.pose.views import views_of
from cinedot.micrographs.pose.whitening import NoiseSpectrum, Whitening, whitening
from cinedot.microscope import Lens
from cinedot.microscope.parallel import workers
from cinedot.particle import Compound, Cuboid

BEGUN_FRAMES = 16
"""Frames that are fitted together at first, which takes several rounds."""
JOINT_FRAMES = 64
"""Frames that are fitted together in the end, from where those led: one round or two."""
_LAST_ROUNDS = 2
_MISFIT = 1.02
"""Reduced chi-square from which on what is left over is looked at; chance alone leaves 0.005, and
the ground's spectrum is known to 0.01."""
_GROUND_FRAMES = 8
_TILE_NM = 1.35


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

    def setting(self, carry: Arrays) -> _Setting:
        """The movie's ground is measured on some of its frames; every chunk takes the same."""
        movie, path = self.recording.movie(), FramePath.carried(carry)
        image = movie.image(0)
        atoms = _atoms_before(self.cuboid, self.compound, self.lens, image.pixel_nm)
        ground = bare_ground(image, path.occupied_nm())
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
        chosen = np.array(_spread(len(setting.path.frame), JOINT_FRAMES))
        some = chosen[_spread(len(chosen), BEGUN_FRAMES)]
        cuts = _by_cut(setting, some)
        fit = _fitted(setting, cuts)
        if fit.misfit > _MISFIT:
            # What the model leaves over is noise too; known for what it is, it does less harm.
            whitens = [setting.whiten(cut, steady=len(rows) == 1) for cut, rows in cuts.items()]
            setting = replace(setting, noise=learned_noise(setting.noise, whitens, fit.left))
            fit = _fitted(setting, cuts, begin=fit)
        if len(chosen) > len(some):
            begun, cuts = _Begun(fit=fit, cuts=cuts), _by_cut(setting, chosen)
            fit = _fitted(setting, cuts, begin=begun.with_more(setting, cuts), rounds=_LAST_ROUNDS)
        together = [len(rows) > 1 for rows in cuts.values()]
        return {
            "shared": fit.shared.values,
            "shared_sigma": fit.shared_sigma,
            "share": fit.share,
            "covariance": fit.covariance,
            "misfit": np.array(fit.misfit),
            "joint_rows": chosen,
            **_noise_arrays(setting.noise),
            "known_cut": np.array(list(cuts))[together],
            "background": np.array(
                [one for one, kept in zip(fit.backgrounds, together, strict=True) if kept],
                dtype=np.float32,
            ).reshape(-1, len(fit.backgrounds[0])),
        }


_Cuts = Mapping[int, Sequence[int]]
"""Rows of frames that are fitted together, by their cut."""


def _by_cut(setting: _Setting, rows: Int[np.ndarray, " row"]) -> _Cuts:
    own = setting.path.cut[rows]
    return {int(cut): rows[own == cut].tolist() for cut in np.unique(own)}


@dataclass(frozen=True, eq=False, kw_only=True)
class _Begun:
    """A fit of some frames, from which that of more begins.

    fit: the fit; cuts: its frames.
    """

    fit: JointFit
    cuts: _Cuts

    def with_more(self, setting: _Setting, cuts: _Cuts) -> JointFit:
        """The fit with the own unknowns of other frames, each settled about it by itself."""
        known = {
            row: state
            for rows, states in zip(self.cuts.values(), self.fit.states, strict=True)
            for row, state in zip(rows, states, strict=True)
        }
        behind = {
            cut: background
            for (cut, rows), background in zip(self.cuts.items(), self.fit.backgrounds, strict=True)
            if len(rows) > 1
        }
        lacking = [(cut, row) for cut, rows in cuts.items() for row in rows if row not in known]
        whitens = {cut: setting.whiten(cut, steady=cut not in behind) for cut, _ in lacking}

        def found(at: tuple[int, int]) -> FrameState:
            cut, row = at
            shot = setting.shot(row, whitens[cut])
            return settled(
                shot,
                setting.atoms,
                setting.unknowns,
                setting.state(row),
                self.fit.shared,
                self.fit.share,
                behind.get(cut),
            )

        # The first alone: threads that meet a new program would all compile it.
        settled_states = [found(one) for one in lacking[:1]]
        with ThreadPoolExecutor(workers()) as pool:
            settled_states += pool.map(found, lacking[1:])
        known |= {row: one for (_, row), one in zip(lacking, settled_states, strict=True)}
        states = tuple(tuple(known[row] for row in rows) for rows in cuts.values())
        return replace(self.fit, states=states)


def _fitted(
    setting: _Setting, cuts: _Cuts, begin: JointFit | None = None, rounds: int = ROUNDS
) -> JointFit:
    """The rows of each cut fitted together."""
    groups: list[ShotGroup] = []
    for cut, rows in cuts.items():
        # A frame alone does not tell what stands still behind it.
        whiten = setting.whiten(cut, steady=len(rows) == 1)
        noise = setting.noise if len(rows) > 1 else _moving_alone(setting.noise)
        indices = [int(setting.path.frame[row]) for row in rows]
        groups.append(shot_group(indices, [setting.patch(row) for row in rows], whiten, noise))
    if begin is None:
        states = [[setting.state(row) for row in rows] for rows in cuts.values()]
        return fit_jointly(groups, setting.atoms, setting.unknowns, states)
    return fit_jointly(
        groups,
        setting.atoms,
        setting.unknowns,
        begin.states,
        shared=begin.shared,
        share=begin.share,
        rounds=rounds,
    )


def _moving_alone(noise: Sequence[SplitNoise]) -> list[SplitNoise]:
    return [
        replace(one, steady=replace(one.steady, power=1e-9 * one.steady.power)) for one in noise
    ]


def _noise_arrays(noise: Sequence[SplitNoise]) -> Arrays:
    """Every region's noise as chunks carry it."""
    return {
        f"{part}_{region}": np.stack([spectrum.frequency, spectrum.power])
        for region, one in enumerate(noise)
        for part, spectrum in (("moving", one.moving), ("steady", one.steady))
    }


def _carried_noise(arrays: Arrays, regions: int) -> tuple[SplitNoise, ...]:
    """Out of what a chunk carries."""

    def spectrum(name: str) -> NoiseSpectrum:
        frequency, power = arrays[name]
        return NoiseSpectrum(frequency=frequency, power=power, tiles=0)

    return tuple(
        SplitNoise(moving=spectrum(f"moving_{region}"), steady=spectrum(f"steady_{region}"))
        for region in range(regions)
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class FrameWork:
    """What each frame says of the sites at the surface, about the joint fit."""

    what: AtomModel

    def __call__(self, frames: range, carry: Arrays) -> Arrays:
        """`right` [row, group] and `normal` [row, group, group], over the misfit."""
        setting = self.what.setting(carry)
        setting = replace(setting, noise=_carried_noise(carry, len(setting.noise)))
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
            shot = setting.shot(row, whitens[cut])
            behind = carry["background"][known[cut]] if cut in known else None
            at = (setting.atoms, setting.unknowns)
            state = settled(shot, *at, setting.state(row), shared, carry["share"], behind)
            found = frame_evidence(shot, *at, state, shared, carry["share"], tested, behind)
            right[place], normal[place] = found[0] / misfit, found[1] / misfit
        return {"right": right, "normal": normal}
