"""What a simulated record really holds, in the columns of the result tables."""

from typing import TYPE_CHECKING

import numpy as np
from ase import Atoms
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from cinedot.microscope.poses import quaternions
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
    """The table `frames`: each frame's mean pose, with no uncertainty.

    Args:
        movie: the movie's name.
        rotations, places_nm: mean rotation and place in each frame.
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


def true_sites(movie: str, dot: Atoms, frames: int) -> "pd.DataFrame":
    """The table `sites`: every lattice site of the dot, filled or not, through the whole movie.

    Raises:
        InputError: the atoms carry no sites.
    """
    import pandas as pd

    sites = lattice_sites(cuboid_of(dot))
    occupancy = site_occupancy(dot)
    count = len(sites)
    return pd.DataFrame(
        {
            "movie": [movie] * count,
            "particle": np.zeros(count, dtype=np.int32),
            "element": sites.element.astype(object),
            "a": sites.abc[:, 0],
            "b": sites.abc[:, 1],
            "c": sites.abc[:, 2],
            "first_frame": np.zeros(count, dtype=np.int32),
            "last_frame": np.full(count, frames - 1, dtype=np.int32),
            "occupancy": occupancy,
            "sigma": np.zeros(count),
            "sigma_model": np.zeros(count),
            "p_present": occupancy,
        }
    )


def no_events() -> "pd.DataFrame":
    """The table `events` of a movie in which nothing happens."""
    import pandas as pd

    return pd.DataFrame(
        {
            "movie": pd.Series(dtype=object),
            "particle": pd.Series(dtype=np.int32),
            "frame": pd.Series(dtype=np.int32),
            "kind": pd.Series(dtype=object),
            "element": pd.Series(dtype=object),
            "a": pd.Series(dtype=float),
            "b": pd.Series(dtype=float),
            "c": pd.Series(dtype=float),
            "significance": pd.Series(dtype=float),
        }
    )
