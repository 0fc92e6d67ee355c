"""A small dot's atoms from its film: all sites, a loss, refusals."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.transform import Rotation

from cinedot.core import AnalysisError
from cinedot.micrographs.movie_atoms import measure_atoms
from cinedot.microscope import Lens
from cinedot.particle import compound_named, lattice_sites

RARE = 1e-6
EDGES, FRAMES, PIXEL_NM, SIDE = 3, 8, 0.05, 180


LOST = 4
TILTED = Rotation.from_euler("zyx", [25.0, 14.0, 9.0], degrees=True)
"""No zone axis: sites that lie behind one another would share their evidence."""


@pytest.fixture(scope="module")
def lossy(make_film, spliced):
    """A film of a dot that loses four halides at once, with the losses: frame and sites."""
    seed = int(np.random.SeedSequence().generate_state(1)[0])
    print("seed", seed)
    rng = np.random.default_rng(seed)
    how = {
        "edges": EDGES,
        "frames": FRAMES,
        "pixel_nm": PIXEL_NM,
        "side": SIDE,
        "lens": Lens(defocus_nm=float(rng.uniform(6, 8))),
        "start": TILTED,
        "seed": seed,
    }
    gone: set[int] = set()

    def without_some(dot):
        sites = lattice_sites(whole.cuboid)
        own = np.asarray(dot.arrays["site"])
        terminal = (sites.kind[own] == "terminal") & (np.array(dot.symbols) == "Br")
        atoms = rng.choice(np.flatnonzero(terminal), LOST, replace=False)
        gone.update(own[atoms].tolist())
        # Empty, not taken away: both films are then one compiled program's.
        less = dot.copy()
        less.arrays["occupancy"][atoms] = 0.0
        return less

    whole = make_film(rng, **how)
    less = make_film(rng, change=without_some, **how)
    film = spliced(whole, less, FRAMES // 2)
    return film, film.told(rng), FRAMES // 2, gone


def test_every_site_is_told(lossy):
    film, atoms, _, gone = lossy
    sites = lattice_sites(film.cuboid)
    assert len(atoms.evidence.p_present) == len(sites)
    still = ~np.isin(np.arange(len(sites)), list(gone))
    wrong = (atoms.evidence.p_present[still] > 0.5) != film.there[still]
    # None of 429 sites was wrong in eight films of QD4; one in fifty may be in a film of 8 frames.
    assert wrong.sum() <= stats.binom.isf(RARE, int(still.sum()), 0.02)
    off = (atoms.evidence.occupancy - film.there)[still] / atoms.evidence.whole_sigma[still]
    # Sigmas that are right leave 5 % beyond 1.96; sites that lie behind one another err together.
    assert (np.abs(off) < 1.96).mean() > 0.6
    assert atoms.misfit < 1.5


def test_losses_are_told_in_their_frame(lossy):
    _, atoms, frame, gone = lossy
    seen = {one.site for one in atoms.events if one.kind == "loss" and abs(one.frame - frame) <= 1}
    # One halide in four frames on either side is 7 to 15 sigma, 5 are asked for: should one in
    # thirty be missed, all four are once in 10^6.
    assert seen & gone
    # Steps of sites that lie behind a lost one are what may be told beside them.
    assert len(atoms.events) <= 2 * LOST
    for site in seen & gone:
        own = [one for one in atoms.intervals if one.site == site]
        assert own[0].p_present > own[-1].p_present


def test_intervals_cover_the_movie(lossy):
    film, atoms, _, _ = lossy
    rows = dict.fromkeys(range(len(lattice_sites(film.cuboid))), 0)
    for one in atoms.intervals:
        rows[one.site] += one.last_frame - one.first_frame + 1
    assert set(rows.values()) == {FRAMES}
    assert len(atoms.intervals) > len(rows)


def test_processed_films_are_refused(lossy, rng):
    film = lossy[0]
    movie = replace(film.movie(), processed=True)
    with pytest.raises(AnalysisError, match="processed"):
        measure_atoms(movie, film.poses(rng), compound_named("mla-cs"), Lens())


def test_without_a_sure_pose_there_are_no_atoms(lossy, rng):
    film = lossy[0]
    poses = film.poses(rng)
    doubted = replace(poses, frames=tuple(replace(one, status="ambiguous") for one in poses.frames))
    with pytest.raises(AnalysisError, match="sure"):
        measure_atoms(film.movie(), doubted, compound_named("mla-cs"), Lens())
