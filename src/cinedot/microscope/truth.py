"""What a simulated record really holds, in the columns of the result tables."""

import math
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from ase import Atoms
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from cinedot.microscope.damage import HalideEvent
from cinedot.microscope.halide_sites import EMPTY
from cinedot.microscope.poses import quaternions
from cinedot.microscope.presence import presence
from cinedot.particle import lattice_sites, site_occupancy
from cinedot.particle.build import cuboid_of

if TYPE_CHECKING:
    import pandas as pd


def true_frames(
    movie: str,
    rotations: Rotation,
    places_nm: Float[np.ndarray, "frame 3"],
    *,
    frame_s: float,
    defocus_nm: float,
) -> "pd.DataFrame":
    """The table `frames`: each frame's pose at mid-exposure, with no uncertainty.

    Args:
        movie: the movie's name.
        rotations, places_nm: rotation and place in each frame.
        frame_s: time of a frame, s.
        defocus_nm: the lens's defocus at z = 0; the dot's own height adds to it.
    """
    import pandas as pd

    count = len(places_nm)
    qw, qx, qy, qz = quaternions(rotations).T
    return pd.DataFrame(
        {
            "movie": [movie] * count,
            "particle": np.zeros(count, dtype=np.int32),
            "frame": np.arange(count, dtype=np.int32),
            "time_s": (np.arange(count) + 0.5) * frame_s,
            "x_nm": places_nm[:, 0],
            "y_nm": places_nm[:, 1],
            "qw": qw,
            "qx": qx,
            "qy": qy,
            "qz": qz,
            "sigma_rot_deg": np.zeros(count),
            "sigma_xy_nm": np.zeros(count),
            "defocus_nm": defocus_nm + places_nm[:, 2],
            "residual": np.ones(count),
            "status": ["ok"] * count,
        }
    )


class SiteChange(NamedTuple):
    """A site's filling from a frame on.

    frame: the first that shows it; site: lattice site; filled: whether a halide sits there.
    """

    frame: int
    site: int
    filled: bool


def has_sites(atoms: Atoms) -> bool:
    """Whether atoms say which lattice sites they stand on."""
    edges = np.asarray(atoms.info.get("edges", ()))
    placed = edges.shape == (3,) and edges.dtype.kind in "iu" and "host" in atoms.info
    return placed and "site" in atoms.arrays


def require_sites(atoms: Atoms) -> None:
    """Refuse atoms without lattice sites.

    Raises:
        InputError: as said.
    """
    cuboid_of(atoms)


def true_sites(
    movie: str, dot: Atoms, frames: int, changes: Iterable[SiteChange] = ()
) -> "pd.DataFrame":
    """The table `sites`: every lattice site, filled or not, a row for each of its intervals.

    Args:
        movie: the movie's name.
        dot: the atoms before the movie; a site is as full as its atoms' `occupancy` says.
        frames: how many frames there are.
        changes: what changed, in order of time; a change in frame 0 is a site's first filling.

    Raises:
        InputError: the atoms carry no sites.
    """
    import pandas as pd

    sites = lattice_sites(cuboid_of(dot))
    filled = site_occupancy(dot)
    filled[np.asarray(dot.arrays["site"])] *= presence(dot)
    intervals: list[list[tuple[int, float]]] = [[(0, float(share))] for share in filled]
    for change in changes:
        if change.frame == 0:
            intervals[change.site].clear()
        intervals[change.site].append((change.frame, float(change.filled)))
    site = np.repeat(np.arange(len(sites)), [len(of) for of in intervals])
    begun = np.array([frame for of in intervals for frame, _ in of], dtype=np.int32)
    occupancy = np.array([share for of in intervals for _, share in of])
    # An interval lasts until the next of the same site begins.
    ended = np.append(begun[1:], np.int32(frames)) - 1
    ended[np.append(site[1:] != site[:-1], True)] = frames - 1
    count = len(site)
    return pd.DataFrame(
        {
            "movie": [movie] * count,
            "particle": np.zeros(count, dtype=np.int32),
            "element": sites.element.astype(object)[site],
            "a": sites.abc[site, 0],
            "b": sites.abc[site, 1],
            "c": sites.abc[site, 2],
            "first_frame": begun,
            "last_frame": ended.astype(np.int32),
            "occupancy": occupancy,
            "sigma": np.zeros(count),
            "sigma_model": np.zeros(count),
            "p_present": occupancy,
        }
    )


def true_events(
    movie: str, dot: Atoms, tumbles: Collection[int], halides: Sequence[HalideEvent]
) -> "pd.DataFrame":
    """The table `events`: tumbles, and halides that came, went or hopped, in order of frames.

    A hop stands at the site that it came from. What is true is infinitely significant.

    Args:
        movie: the movie's name.
        dot: the atoms; they need sites only where halides changed.
        tumbles: first frames after a tumble.
        halides: what changed between frames.
    """
    import pandas as pd

    rows: list[tuple[int, str, str | None, float | None, float | None, float | None]] = [
        (frame, "tumble", None, None, None, None) for frame in tumbles
    ]
    if halides:
        sites = lattice_sites(cuboid_of(dot))
        for event in halides:
            site = event.went_to if event.came_from == EMPTY else event.came_from
            a, b, c = (float(share) for share in sites.abc[site])
            rows.append((event.frame, event.kind, str(sites.element[site]), a, b, c))
    rows.sort(key=lambda row: row[0])
    frame, kind, element, a, b, c = zip(*rows, strict=True) if rows else ((),) * 6
    return pd.DataFrame(
        {
            "movie": pd.Series([movie] * len(rows), dtype=object),
            "particle": np.zeros(len(rows), dtype=np.int32),
            "frame": np.array(frame, dtype=np.int32),
            "kind": pd.Series(kind, dtype=object),
            "element": pd.Series(element, dtype=object),
            "a": pd.Series(a, dtype=object),
            "b": pd.Series(b, dtype=object),
            "c": pd.Series(c, dtype=object),
            "significance": np.full(len(rows), math.inf),
        }
    )
