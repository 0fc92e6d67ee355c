"""The one dot of a movie: simulated in random orientations, absent, and out of reach."""

import numpy as np
import pytest
import scipy.stats

from cinedot.core import AnalysisError, ArrayFrames, InputError, Movie
from cinedot.micrographs import measure_movie
from cinedot.microscope import (
    AmorphousCarbon,
    Lens,
    Motion,
    place_dots,
    simulate_movie,
    simulate_survey,
)
from cinedot.particle import Cuboid, HeadGroups, build, host_named

LATTICE_NM = 0.5874


def test_dots_in_random_orientations() -> None:
    seed = int(np.random.default_rng().integers(2**31))
    print("seed", seed)
    rng = np.random.default_rng(seed)
    host = host_named("CsPbBr3")
    seen, places, edges = 0, [], []
    for n in (3, 4, 4, 5):
        dot = build(
            Cuboid.cube(n, host), "mla-cs", seed=int(rng.integers(2**31)), ligands=HeadGroups()
        )
        made = simulate_movie(
            dot,
            lens=Lens(defocus_nm=6.0),
            support=AmorphousCarbon(),
            frames=3,
            motion=Motion(subframes=1),
            seed=int(rng.integers(2**31)),
        )
        found = measure_movie(made.movie)
        seen += found.found
        truth = made.truth["frames"]
        for one in found.frames:
            at = truth.iloc[one.frame]
            assert one.time_s == pytest.approx(at.time_s)
            if one.status != "ok":
                continue
            assert one.score > 1
            places += [
                (one.x_nm - at.x_nm) / one.sigma_xy_nm,
                (one.y_nm - at.y_nm) / one.sigma_xy_nm,
            ]
        if not found.found:
            continue
        assert found.edge is not None
        assert found.edge.sigma is not None
        edges.append((float(found.edge.value) - n * LATTICE_NM) / found.edge.sigma)
        assert found.outline_nm is not None
        assert found.spectrum is not None
        assert found.filtered.shape == (256, 256)
        assert found.fringes
    print("seen", seen, "places", places, "edges", edges)
    # 100 of 100 simulated frames had it, with a score above 5 where 1 counts: 3 in 100 may not.
    assert seen >= scipy.stats.binom.ppf(1e-6, 12, 0.97)
    # The frames of a movie share most of their error, so that 24 places count as 8 numbers.
    assert np.mean(np.square(places)) < 1.5**2 * scipy.stats.chi2.ppf(1 - 1e-6, 8) / 8
    # Edges share what their model leaves out: in demos and movies pulls were 0.84 to 1.1 (rms).
    assert np.mean(np.square(edges)) < 1.5**2 * scipy.stats.chi2.ppf(1 - 1e-6, 4) / 4


def test_two_dots_are_followed_apart() -> None:
    """Two filmed dots side by side in one field, which drifts by whole pixels."""
    seed = int(np.random.default_rng().integers(2**31))
    print("seed", seed)
    rng = np.random.default_rng(seed)
    host = host_named("CsPbBr3")
    made = [
        simulate_movie(
            build(
                Cuboid.cube(4, host), "mla-cs", seed=int(rng.integers(2**31)), ligands=HeadGroups()
            ),
            lens=Lens(defocus_nm=6.0),
            support=AmorphousCarbon(),
            frames=3,
            motion=Motion(subframes=1),
            seed=int(rng.integers(2**31)),
        )
        for _ in range(2)
    ]
    field = np.concatenate([one.movie.frames.read(0, 3) for one in made], axis=2)
    drift = np.array([0, 2, 5])
    frames = [frame[:, 8 - step : -8 - step] for frame, step in zip(field, drift, strict=True)]
    pixel = made[0].movie.image(0).pixel_nm
    found = measure_movie(_movie(np.stack(frames), pixel))
    # The seam between the two fields is ground of its own; what it may add is no concern here.
    whole = [one for one in (found.frames, *found.others) if all(f.status == "ok" for f in one)]
    assert len(whole) >= 2
    for number, one in enumerate(made):
        truth = one.truth["frames"]
        start = truth["x_nm"].iloc[0] + (256 * number - 8) * pixel
        particle = min(whole, key=lambda own: abs(own[0].x_nm - start))
        for frame, step in zip(particle, drift, strict=True):
            x = truth["x_nm"].iloc[frame.frame] + (256 * number - 8 + step) * pixel
            # Six sigma and more: half a dot's edge. An exchange would be 10 nm off.
            assert abs(frame.x_nm - x) < 1.2
            assert abs(frame.y_nm - truth["y_nm"].iloc[frame.frame]) < 1.2
    moved = found.field.drift_nm[:, 0] / pixel
    known = found.field.sigma_drift_nm < 0.5
    assert np.all(
        np.abs(moved - drift)[known] < 6 * found.field.sigma_drift_nm[known] / pixel + 0.2
    )


def test_bare_carbon_is_absent() -> None:
    """The search allows 0.02 false places a movie: Binomial(5, 0.02) is 4 once in 1.3 million."""
    seed = int(np.random.default_rng().integers(2**31))
    print("seed", seed)
    rng = np.random.default_rng(seed)
    there = 0
    for _ in range(5):
        empty = place_dots([], host=host_named("CsPbBr3"))
        made = simulate_survey(empty, shape=(128, 128), seed=int(rng.integers(2**31)))
        movie = Movie(
            frames=ArrayFrames(frames=np.stack([made.image.data] * 2)),
            name="bare.tif",
            pixel_x_nm=made.image.pixel_x_nm,
            pixel_y_nm=made.image.pixel_y_nm,
        )
        found = measure_movie(movie)
        there += found.found > 0
        if found.found:
            continue
        assert [one.status for one in found.frames] == ["absent", "absent"]
        assert np.isnan(found.frames[0].x_nm)
        assert found.edge is None
        assert found.fringes == ()
        assert found.reason
    assert there < 4


def _movie(data: np.ndarray, pixel_nm: float | None) -> Movie:
    return Movie(
        frames=ArrayFrames(frames=data), name="m", pixel_x_nm=pixel_nm, pixel_y_nm=pixel_nm
    )


def test_what_cannot_be_measured() -> None:
    flat = np.full((2, 256, 256), 5, np.uint16)
    with pytest.raises(AnalysisError, match=r"none of the 2 frames .*of one value: 0, 1"):
        measure_movie(_movie(flat, 0.042))
    with pytest.raises(InputError, match="pixel size"):
        measure_movie(_movie(flat, None))
    with pytest.raises(AnalysisError, match="cannot show a lattice"):
        measure_movie(_movie(flat, 0.42))
    with pytest.raises(InputError, match="d_range_nm"):
        measure_movie(_movie(flat, 0.042), d_range_nm=(0.7, 0.2))


def test_unfit_frames_are_passed_over() -> None:
    noise = np.random.default_rng().poisson(100, (6, 200, 200)).astype(float)
    whole = measure_movie(_movie(noise[[0, 2, 3, 5]], 0.042))
    noise[1, 3, 4], noise[4] = np.nan, 0
    found = measure_movie(_movie(noise, 0.042))
    assert [found.faults[index].kind for index in found.unfit] == ["not finite", "zero"]
    assert [one.frame for one in found.frames if one.status == "failed"] == [1, 4]
    assert np.isnan(found.field.contrast[[1, 4]]).all()
    assert np.allclose(found.field.contrast[[0, 2, 3, 5]], whole.field.contrast)
    # What is left out is in no mean; sums are of the same frames in the same order.
    assert np.array_equal(found.mean.data, whole.mean.data)
