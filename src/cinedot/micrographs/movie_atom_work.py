"""The work of naming a movie's atoms, as chunks: frames fitted together, then one by one.

A chunk is a frozen value that is called with its frames and gives arrays, so that it can be worked
on anywhere and kept.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from jaxtyping import Int

from cinedot.core.chunks import Arrays
from cinedot.micrographs.movie_atom_setting import AtomModel, AtomSetting, spread
from cinedot.micrographs.occupancy.equations import FrameState, ShotGroup
from cinedot.micrographs.occupancy.frames import frame_evidence, settled
from cinedot.micrographs.occupancy.grounds import SplitNoise, shot_group
from cinedot.micrographs.occupancy.joint import ROUNDS, JointFit, fit_jointly
from cinedot.micrographs.occupancy.leftover import learned_noise
from cinedot.micrographs.pose.shared_state import SharedState
from cinedot.micrographs.pose.whitening import NoiseSpectrum, Whitening
from cinedot.microscope.parallel import in_threads

BEGUN_FRAMES = 16
"""Frames that are fitted together at first, from poses that may be a third of a degree off."""
JOINT_FRAMES = 32
"""Frames that are fitted together in the end, from where those led."""
_MISFIT = 1.02
"""Reduced chi-square from which on what is left over is looked at; chance alone leaves 0.005, and
the ground's spectrum is known to 0.01."""


@dataclass(frozen=True, eq=False, kw_only=True)
class JointWork:
    """The fit of some frames together; one chunk for the whole movie."""

    what: AtomModel

    def __call__(self, frames: range, carry: Arrays) -> Arrays:
        """The fit as arrays; `background` has a row for each of `known_cut`."""
        setting = self.what.setting(carry)
        chosen = np.array(spread(len(setting.path.frame), JOINT_FRAMES))
        some = chosen[spread(len(chosen), BEGUN_FRAMES)]
        cuts = _by_cut(setting, some)
        more = len(chosen) > len(some)
        fit = _fitted(setting, cuts, rounds=0 if more else ROUNDS)
        wider = fit.misfit > _MISFIT
        if wider:
            # What the model leaves over is noise too; known for what it is, it does less harm.
            whitens = [setting.whiten(cut, steady=len(rows) == 1) for cut, rows in cuts.items()]
            setting = replace(setting, noise=learned_noise(setting.noise, whitens, fit.left))
        if more:
            begun, cuts = _Begun(fit=fit, cuts=cuts), _by_cut(setting, chosen)
            fit = _fitted(setting, cuts, begin=begun.with_more(setting, cuts))
        elif wider:
            fit = _fitted(setting, cuts, begin=fit)
        together = [len(rows) > 1 for rows in cuts.values()]
        return {
            "shared": fit.shared.values,
            "shared_sigma": fit.shared_sigma,
            "share": fit.share,
            "covariance": fit.covariance,
            "misfit": np.array(fit.misfit),
            "joint_rows": chosen,
            **_noise_arrays(setting.noise),
            **_state_arrays(cuts, fit.states),
            "known_cut": np.array(list(cuts))[together],
            "background": np.array(
                [one for one, kept in zip(fit.backgrounds, together, strict=True) if kept],
                dtype=np.float32,
            ).reshape(-1, len(fit.backgrounds[0])),
        }


_Cuts = Mapping[int, Sequence[int]]
"""Rows of frames that are fitted together, by their cut."""


def _by_cut(setting: AtomSetting, rows: Int[np.ndarray, " row"]) -> _Cuts:
    own = setting.path.cut[rows]
    return {int(cut): rows[own == cut].tolist() for cut in np.unique(own)}


@dataclass(frozen=True, eq=False, kw_only=True)
class _Begun:
    """A fit of some frames, from which that of more begins.

    fit: the fit; cuts: its frames.
    """

    fit: JointFit
    cuts: _Cuts

    def with_more(self, setting: AtomSetting, cuts: _Cuts) -> JointFit:
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
            ).state

        settled_states = in_threads(found, lacking)
        known |= {row: one for (_, row), one in zip(lacking, settled_states, strict=True)}
        states = tuple(tuple(known[row] for row in rows) for rows in cuts.values())
        return replace(self.fit, states=states)


def _fitted(
    setting: AtomSetting, cuts: _Cuts, begin: JointFit | None = None, rounds: int = ROUNDS
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
        return fit_jointly(groups, setting.atoms, setting.unknowns, states, rounds=rounds)
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


def _state_arrays(cuts: _Cuts, states: Sequence[Sequence[FrameState]]) -> Arrays:
    """The own unknowns of every frame of a fit, as chunks carry them."""
    every = [state for own in states for state in own]
    return {
        "state_row": np.array([row for rows in cuts.values() for row in rows]),
        **{
            f"state_{one.name}": np.array([getattr(state, one.name) for state in every])
            for one in fields(FrameState)
        },
    }


def _carried_states(arrays: Arrays) -> dict[int, FrameState]:
    """Out of what a chunk carries: by their rows."""
    return {
        int(row): FrameState(
            rotation=arrays["state_rotation"][place],
            place_nm=arrays["state_place_nm"][place],
            defocus_nm=float(arrays["state_defocus_nm"][place]),
            contrast=float(arrays["state_contrast"][place]),
            ground=arrays["state_ground"][place],
        )
        for place, row in enumerate(arrays["state_row"])
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
        begun = _carried_states(carry)
        for place, row in enumerate(frames):
            cut = int(setting.path.cut[row])
            if cut not in whitens:
                whitens[cut] = setting.whiten(cut, steady=cut not in known)
            shot = setting.shot(row, whitens[cut])
            behind = carry["background"][known[cut]] if cut in known else None
            at = (setting.atoms, setting.unknowns)
            begin = begun.get(row) or setting.state(row)
            frame = settled(shot, *at, begin, shared, carry["share"], behind)
            found = frame_evidence(shot, *at, frame, shared, carry["share"], tested)
            right[place], normal[place] = found[0] / misfit, found[1] / misfit
        return {"right": right, "normal": normal}
