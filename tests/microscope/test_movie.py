"""A whole movie: its records, its truth, its seed."""

import numpy as np
import pytest
from ase import Atoms
from scipy.spatial.transform import Rotation

from cinedot.core import InputError
from cinedot.core.tables import table_columns, write_table
from cinedot.microscope import (
    AmorphousCarbon,
    Exposure,
    Grid,
    Lens,
    Motion,
    Multislice,
    Poses,
    exit_waves,
    expected_counts,
    intensities,
    simulate_movie,
)
from cinedot.particle import Cuboid, HeadGroups, build, host_named, site_occupancy

HOST = host_named("CsPbBr3")
DOT = build(Cuboid.cube(3, HOST), "mla-cs", seed=1, ligands=HeadGroups())
STILL = Motion(rocking_deg=0.0, drift_nm_per_s=0.0, subframes=1)


@pytest.fixture(scope="module")
def made():
    return simulate_movie(
        DOT, shape=(112, 128), frames=3, support=AmorphousCarbon(), seed=7, name="a.tif"
    )


def test_the_movie_is_a_record_like_a_measured_one(made):
    movie = made.movie
    assert (len(movie), movie.frames.shape) == (3, (3, 112, 128))
    assert movie.frames.read(0, 1).dtype == np.uint16
    assert (movie.pixel_x_nm, movie.frame_s, movie.voltage_kv) == (0.042, 0.02, 80.0)
    assert movie.image(0).pixel_nm == pytest.approx(0.042)


@pytest.mark.parametrize("table", ["frames", "sites", "events"])
def test_truth_is_written_in_the_columns_of_the_contract(made, table, tmp_path):
    rows = made.truth[table]
    assert list(rows.columns) == [column[0] for column in table_columns()[table]]
    write_table(table, rows, tmp_path / "t.parquet")
    import pandas as pd

    again = pd.read_parquet(tmp_path / "t.parquet")
    assert len(again) == len(rows) == {"frames": 3, "sites": 64 + 27 + 108, "events": 0}[table]


def test_every_site_of_the_truth_says_whether_it_is_filled(made):
    sites = made.truth["sites"]
    np.testing.assert_array_equal(sites["occupancy"], site_occupancy(DOT))
    filled = sites[sites["occupancy"] == 1]["element"].value_counts()
    assert filled.to_dict() == {"Cs": 22, "Pb": 27, "Br": 100}
    assert (sites["first_frame"] == 0).all()
    assert (sites["last_frame"] == 2).all()


def test_frames_of_the_truth_are_near_the_middle_and_timed_at_mid_exposure(made):
    frames = made.truth["frames"]
    np.testing.assert_allclose(frames["time_s"], [0.01, 0.03, 0.05])
    np.testing.assert_allclose(frames["x_nm"], 63.5 * 0.042, atol=0.01)
    np.testing.assert_allclose(frames["y_nm"], 55.5 * 0.042, atol=0.01)
    norm = (frames[["qw", "qx", "qy", "qz"]] ** 2).sum(axis=1)
    np.testing.assert_allclose(norm, 1.0)
    assert (frames["qw"] >= 0).all()


def test_expectation_and_chance_agree(made):
    counts = (made.movie.frames.read(0, 3).astype(float) - 100) / 8
    residual = (counts - made.expected) / np.sqrt(made.expected)
    # 43,008 Poisson residuals: mean 0 +- 0.005, variance 1 +- 0.007; six standard deviations.
    assert abs(residual.mean()) < 0.03
    assert residual.var() == pytest.approx(1.0, abs=0.042)


def test_the_field_machine_agrees_with_the_plain_chain():
    """exit_waves, intensities, expected_counts over the whole field, at the true pose."""
    exposure, lens = Exposure(), Lens()
    made = simulate_movie(
        DOT, shape=(128, 128), frames=1, motion=STILL, seed=3, scattering=Multislice()
    )
    pose = made.truth["frames"].iloc[0]
    rotation = Rotation.from_quat(pose[["qx", "qy", "qz", "qw"]].to_numpy(dtype=float))
    grid = Grid(shape=(128, 128), pixel_nm=0.042).finer(2)
    # The first wave pixel's centre lies half a wave pixel before the first camera pixel's.
    place = np.array([[pose["x_nm"] + 0.0105, pose["y_nm"] + 0.0105, 0.0]])
    waves = exit_waves(
        DOT, Poses.of(rotation, place), grid=grid, lens=lens, scattering=Multislice()
    )
    plain = np.asarray(expected_counts(intensities(waves, lens, grid), exposure, grid))
    # Only what the dot's patch cuts off and the margin differ.
    assert np.abs(made.expected - plain).max() < 2e-3 * plain.mean()


def test_the_true_place_is_where_the_dot_is_dark():
    """Centre of the darkened area against the truth, for a dot without support."""
    made = simulate_movie(
        DOT,
        shape=(128, 128),
        frames=1,
        motion=STILL,
        lens=Lens(defocus_nm=30.0),
        start=Rotation.identity(),
    )
    change = (made.expected[0] / made.expected[0, :8].mean() - 1) ** 2
    rows, columns = np.indices(change.shape)
    pose = made.truth["frames"].iloc[0]
    # The dot is not symmetric (which corner halides are gone): half a pixel.
    assert (change * columns).sum() / change.sum() * 0.042 == pytest.approx(pose["x_nm"], abs=0.02)
    assert (change * rows).sum() / change.sum() * 0.042 == pytest.approx(pose["y_nm"], abs=0.02)


def test_a_seed_decides_and_seeds_differ():
    movies = [
        simulate_movie(DOT, shape=(112, 112), frames=1, motion=STILL, seed=s) for s in (1, 1, 2)
    ]
    frames = [made.movie.frames.read(0, 1) for made in movies]
    np.testing.assert_array_equal(frames[0], frames[1])
    assert not np.array_equal(frames[0], frames[2])


def test_what_cannot_be_filmed_says_why():
    with pytest.raises(InputError, match="hold the dot"):
        simulate_movie(DOT, shape=(64, 64), frames=1)
    with pytest.raises(InputError, match="frames"):
        simulate_movie(DOT, frames=0)
    with pytest.raises(InputError, match="lattice sites"):
        simulate_movie(Atoms("Pb", positions=[(0, 0, 0)]), shape=(64, 64), frames=1, motion=STILL)
