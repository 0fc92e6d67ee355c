"""Keeps, while a movie is filmed, what will be its truth: poses, events, who sat where."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from cinedot.microscope.damage import DamageStretch, HalideEvent
from cinedot.microscope.filming import FilmedFrames
from cinedot.microscope.scene import Scene
from cinedot.microscope.truth import (
    SiteChange,
    has_sites,
    true_events,
    true_frames,
    true_sites,
)

if TYPE_CHECKING:
    import pandas as pd


class Frame(NamedTuple):
    """One frame: mean electrons and the camera's signal, in electrons."""

    expected: Float[np.ndarray, "y x"]
    signal: Float[np.ndarray, "y x"]


class Witness:
    """Sees frames go by and remembers what they really show: some hundred bytes a frame.

    Args:
        name: the movie's name in the tables.
        scene: what is filmed.
    """

    def __init__(self, *, name: str, scene: Scene) -> None:
        self._name = name
        self._scene = scene
        self._poses: list[tuple[Float[np.ndarray, "frame 4"], Float[np.ndarray, "frame 3"]]] = []
        self._tumbles: set[int] = set()
        self._halides: list[HalideEvent] = []
        self._changes: list[SiteChange] = []
        self._last: DamageStretch | None = None

    def seeing(self, parts: Iterator[FilmedFrames]) -> Iterator[Frame]:
        """Pass frames on, one by one."""
        for part in parts:
            self.see(part)
            yield from (Frame(*pair) for pair in zip(part.expected, part.signal, strict=True))

    def see(self, part: FilmedFrames) -> None:
        """Remember some frames; they must come in order."""
        middle = part.stretch.middle
        self._poses.append((Rotation.from_matrix(middle.rotation).as_quat(), middle.shift_nm))
        self._tumbles |= {
            frame for frame, _ in part.stretch.tumbles if 0 < frame < self._scene.frames
        }
        if part.halides is not None:
            self._halides += part.halides.events
            self._changes += _site_changes(self._last, part.halides)
            self._last = part.halides

    def tables(self) -> "Mapping[str, pd.DataFrame]":
        """`frames`, `sites` and `events`; no `sites` where the atoms carry none."""
        scene = self._scene
        turned, places = (np.concatenate(parts) for parts in zip(*self._poses, strict=True))
        tables = {
            "frames": true_frames(
                self._name,
                Rotation.from_quat(turned),
                places,
                frame_s=scene.exposure.frame_s,
                defocus_nm=scene.lens.defocus_nm,
            ),
            "events": true_events(self._name, scene.atoms, self._tumbles, self._halides),
        }
        if has_sites(scene.atoms):
            tables["sites"] = true_sites(self._name, scene.atoms, scene.frames, self._changes)
        return tables


def _site_changes(before: DamageStretch | None, now: DamageStretch) -> list[SiteChange]:
    """Where another halide, or none, sits than in the frame before; all places at first."""
    first = np.full((1, now.middle.shape[1]), -2) if before is None else before.middle[-1:]
    held = np.concatenate([first, now.middle])
    rows, places = np.nonzero(held[1:] != held[:-1])
    return [
        SiteChange(now.first_frame + int(row), int(now.site[place]), held[row + 1, place] >= 0)
        for row, place in zip(rows, places, strict=True)
    ]
