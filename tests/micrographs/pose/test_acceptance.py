"""Issue 6 at full size: matched movies, our own, and frames and movies made by abTEM."""

from dataclasses import dataclass

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.transform import Rotation

from cinedot.core import ArrayFrames, Movie
from cinedot.micrographs import measure_movie
from cinedot.micrographs.movie_poses import ModelRange, measure_poses
from cinedot.micrographs.pose import (
    Patch,
    PosePrior,
    PoseStart,
    average_dot,
    candidates,
    fit_poses,
    follow,
    ground_regions,
    misorientation_deg,
    search_pose,
)
from cinedot.micrographs.pose.bounds import pose_covariance
from cinedot.microscope import (
    AmorphousCarbon,
    Exposure,
    LeftOf,
    Lens,
    Scene,
    begin_filming,
    filmed,
)
from cinedot.particle import Cuboid, HeadGroups, build, compounds, host_named

pytestmark = pytest.mark.acceptance

PIXEL_NM, RARE = 0.042, 1e-6
EDGES = (4, 4, 4)
EXPOSURE = Exposure(dose_rate_e_per_nm2_s=2.45e7, frame_s=0.02, pixel_nm=PIXEL_NM)
HOSTS = {"mla-cs": "CsPbBr3", "mla-ma": "MAPbBr3"}


def cube(compound):
    return Cuboid.cube(4, host_named(HOSTS[compound]))


def patches_of(contrast, regions, side):
    """What `follow` asks for: the patch of a frame about a place."""
    half = side // 2

    def patch(frame, x_nm, y_nm):
        column, row = round(x_nm / PIXEL_NM), round(y_nm / PIXEL_NM)
        part = np.s_[row - half : row + half, column - half : column + half]
        return Patch(
            contrast=contrast[frame][part],
            x_nm=column * PIXEL_NM,
            y_nm=row * PIXEL_NM,
            regions=tuple(
                (share[part], noise)
                for share, noise in zip(regions.share, regions.noise, strict=True)
            ),
        )

    return patch


@pytest.mark.parametrize("count", [400])
def test_matched_frames_reach_the_bound(qd4, counted, poses_of, dose, rng, record_figure, count):
    """Model-matched frames without support: rms at most 1.5 times the bound, 95 % cover."""
    contrast, white = counted
    rotations, places, defoci = poses_of(count, rng)
    whiten = white(qd4)
    errors, stated, least = [], [], []
    for number in range(count):
        one = slice(number, number + 1)
        image = qd4.images(rotations[one], places[one], defoci[one])[0]
        turn = Rotation.from_rotvec(np.radians(rng.normal(0, 0.3, 3))).as_matrix()
        start = PoseStart(
            rotation=turn @ rotations[number],
            x_nm=float(places[number, 0] + rng.normal(0, 0.005)),
            y_nm=float(places[number, 1] + rng.normal(0, 0.005)),
            defocus_nm=float(defoci[number] + rng.normal(0, 0.3)),
        )
        fit = fit_poses(contrast(qd4, image, rng), qd4, [start], whiten, iterations=3)[0]
        off = Rotation.from_matrix(fit.rotation @ rotations[number].T).as_rotvec()
        place = places[number]
        moved = [fit.x_nm - place[0], fit.y_nm - place[1], fit.defocus_nm - defoci[number]]
        errors.append([*off, *moved])
        stated.append(np.diag(fit.covariance))
        least.append(np.diag(pose_covariance(qd4, rotations[one], float(defoci[number]), dose)[0]))
    errors, stated, least = np.array(errors), np.array(stated), np.array(least)
    for name, part in (
        ("rotation", slice(0, 3)),
        ("position", slice(3, 5)),
        ("defocus", slice(5, 6)),
    ):
        ratio = float(np.sqrt((errors[:, part] ** 2 / least[:, part]).mean()))
        inside = np.abs(errors[:, part]) < 1.96 * np.sqrt(stated[:, part])
        record_figure(
            f"matched frames, {name}: rms over the Cramer-Rao bound", f"{ratio:.2f}", "1.5"
        )
        record_figure(
            f"coverage of 95 % intervals, {name} of matched frames",
            f"{inside.mean():.1%}",
            "90-98 %",
        )
        print(name, ratio, inside.mean())
        assert ratio < 1.5
        trials = inside.size
        assert stats.binom.ppf(RARE, trials, 0.90) <= inside.sum()
        assert inside.sum() <= stats.binom.isf(RARE, trials, 0.98)


@pytest.fixture(scope="module")
def ready():
    made = {}

    def of(compound):
        if compound not in made:
            made[compound] = candidates([average_dot(cube(compound), compound)], Lens(), PIXEL_NM)
        return made[compound]

    return of


@pytest.mark.parametrize(("compound", "movies", "frames"), [("mla-cs", 2, 60), ("mla-ma", 2, 60)])
def test_our_own_movies(ready, rng, record_figure, compound, movies, frames):
    """Real dots over a support behind half: the search, then frame by frame."""
    one = ready(compound)
    rows = []
    for _ in range(movies):
        rows += own_movie(one, compound, frames, rng)
    asked = len(rows)
    found = np.array([row for row in rows if row is not None])
    right = int((found[:, 0] < 2.0).sum())
    to_mean, to_middle, far, defocus = np.median(found, axis=0)
    print(compound, right, asked, to_mean, to_middle, far, defocus)
    for what, value, target in (
        ("right view", f"{right / asked:.1%} of {asked}", "98 %"),
        ("median misorientation, frame's mean", f"{to_mean:.3f}°", "0.2°"),
        ("median misorientation, mid-exposure", f"{to_middle:.3f}°", "0.2° (frame's mean)"),
        ("median position error", f"{1000 * far:.1f} pm", "4 pm"),
        ("median defocus error", f"{defocus:.2f} nm", "0.5 nm"),
    ):
        record_figure(f"own movies, {compound}: {what}", value, target)
    assert right >= stats.binom.ppf(RARE, asked, 0.98)
    assert to_mean < 0.2
    assert far < 0.004
    assert defocus < 0.5


def own_movie(one, compound, frames, rng):
    """For each frame: degrees to its mean pose and to mid-exposure, nm off, nm of defocus."""
    seed = int(rng.integers(2**31))
    dot = build(cube(compound), compound, seed=seed, ligands=HeadGroups())
    defocus = float(rng.uniform(4, 9))
    scene = Scene(
        atoms=dot,
        lens=Lens(defocus_nm=defocus),
        exposure=EXPOSURE,
        frames=frames,
        support=AmorphousCarbon(thickness_nm=2.0, covers=LeftOf(edge=0.5)),
        seed=seed,
    )
    parts = list(filmed(begin_filming(scene), chunk=frames))
    signal, stretch = parts[0].signal, parts[0].stretch
    moments = len(stretch.poses) // frames
    places = stretch.poses.shift_nm.reshape(frames, moments, 3).mean(axis=1)
    mean = [
        Rotation.from_matrix(part).mean().as_matrix()
        for part in stretch.poses.rotation.reshape(frames, moments, 3, 3)
    ]
    y, x = np.mgrid[:256, :256] * PIXEL_NM
    middle = places[:, :2].mean(axis=0)
    ground = np.hypot(x - middle[0], y - middle[1]) > one[0].views.model.radius_nm + 0.7
    contrast = (signal / signal[:, ground].mean(axis=1)[:, None, None] - 1).astype(np.float32)
    regions = ground_regions(contrast[:4], ground, PIXEL_NM)
    patch_at = patches_of(contrast, regions, one[0].views.camera.side)
    prior = PosePrior()
    about = np.tile(middle, (frames, 1))
    first = search_pose(patch_at(0, *middle), one, prior=prior)
    poses = follow(range(frames), about, patch_at, one[0], begin=first.fit, prior=prior)
    return [
        None
        if pose.fit is None
        else (
            float(misorientation_deg(pose.fit.rotation, mean[frame], EDGES)),
            float(misorientation_deg(pose.fit.rotation, stretch.middle.rotation[frame], EDGES)),
            float(np.hypot(*(np.array([pose.x_nm, pose.y_nm]) - places[frame, :2]))),
            abs(pose.fit.defocus_nm - defocus - places[frame, 2]),
        )
        for frame, pose in enumerate(poses)
    ]


SIDE, ORIENTATIONS = 192, 10
MOVIE_FRAMES, TUMBLE_DEG = 60, (10.0, 30.0)


@dataclass(frozen=True, eq=False, kw_only=True)
class Tumbled:
    """A movie of a dot that tumbles half-way, with its truth, frame by frame."""

    signal: np.ndarray
    rotations: np.ndarray
    places_nm: np.ndarray
    defocus_nm: np.ndarray
    frame: int
    angle_deg: float


def two_orientations(rng):
    """Before and after a tumble about any axis."""
    before = Rotation.random(random_state=rng)
    axis = rng.normal(size=3)
    angle = float(rng.uniform(*TUMBLE_DEG))
    turn = Rotation.from_rotvec(np.radians(angle) * axis / np.linalg.norm(axis))
    return before, turn * before, angle


def tumbled_own(compound, rng, _):
    """Filmed over 2 nm of carbon behind half of the field, which stands still throughout."""
    seed = int(rng.integers(2**31))
    dot = build(cube(compound), compound, seed=seed, ligands=HeadGroups())
    defocus = float(rng.uniform(4, 9))
    before, after, angle = two_orientations(rng)
    half = MOVIE_FRAMES // 2
    signals, rotations, shifts = [], [], []
    for start in (before, after):
        scene = Scene(
            atoms=dot,
            lens=Lens(defocus_nm=defocus),
            exposure=EXPOSURE,
            frames=half,
            support=AmorphousCarbon(thickness_nm=2.0, covers=LeftOf(edge=0.5)),
            start=start,
            seed=seed,
        )
        for part in filmed(begin_filming(scene)):
            count = len(part.signal)
            signals.append(part.signal)
            turns = part.stretch.poses.rotation.reshape(count, -1, 3, 3)
            rotations += [Rotation.from_matrix(own).mean().as_matrix() for own in turns]
            shifts.append(part.stretch.poses.shift_nm.reshape(count, -1, 3).mean(axis=1))
    shift = np.concatenate(shifts)
    return Tumbled(
        signal=np.concatenate(signals).astype(np.float32),
        rotations=np.array(rotations),
        places_nm=shift[:, :2],
        defocus_nm=defocus + shift[:, 2],
        frame=half,
        angle_deg=angle,
    )


SNAPSHOTS = 3


def tumbled_abtem(compound, rng, by_abtem):
    """By abTEM: Lobato's factors, frozen phonons, carbon atoms behind half."""
    dot = build(cube(compound), compound, seed=int(rng.integers(2**31)), ligands=HeadGroups())
    lens = Lens(defocus_nm=float(rng.uniform(4, 9)))
    scene = by_abtem(dot, lens, rng, side=SIDE, pixel_nm=PIXEL_NM, snapshots=SNAPSHOTS)
    before, after, angle = two_orientations(rng)
    half = MOVIE_FRAMES // 2
    place = np.full(2, SIDE / 2 * PIXEL_NM)
    frames, rotations, places = [], [], []
    for index in range(MOVIE_FRAMES):
        rocked = Rotation.from_rotvec(np.radians(rng.normal(0, 0.5, 3)))
        turn = rocked * (before if index < half else after)
        place = place + rng.normal(0, 0.01, 2)
        frames.append(rng.poisson(scene.image(turn, place) * EXPOSURE.electrons_per_pixel))
        rotations.append(turn.as_matrix())
        places.append(place)
    return Tumbled(
        signal=np.array(frames, dtype=np.float32),
        rotations=np.array(rotations),
        places_nm=np.array(places),
        defocus_nm=np.full(MOVIE_FRAMES, lens.defocus_nm),
        frame=half,
        angle_deg=angle,
    )


@pytest.mark.parametrize("compound", ["mla-cs", "mla-ma"])
@pytest.mark.parametrize(("by", "film"), [("cinedot", tumbled_own), ("abTEM", tumbled_abtem)])
def test_movies_are_named_and_followed(compound, by, film, by_abtem, rng, record_figure):
    """From nothing but the default `[model]`: size, compound, every frame's view, the tumble."""
    made = film(compound, rng, by_abtem)
    movie = Movie(
        frames=ArrayFrames(frames=made.signal),
        name="film",
        pixel_x_nm=PIXEL_NM,
        pixel_y_nm=PIXEL_NM,
        frame_s=0.02,
    )
    host = host_named(HOSTS[compound])
    models = ModelRange(
        cuboids=tuple(Cuboid.cube(n, host) for n in (3, 4, 5, 6)),
        compounds=tuple(one for one in compounds().values() if one.a_ion in (None, host.a_ion)),
    )
    poses = measure_poses(movie, measure_movie(movie).frames, models, Lens())
    off, far, defocus = [], [], []
    for index, pose in enumerate(poses.frames):
        if pose.fit is None:
            continue
        off.append(float(misorientation_deg(pose.fit.rotation, made.rotations[index], EDGES)))
        far.append(float(np.hypot(*(np.array([pose.x_nm, pose.y_nm]) - made.places_nm[index]))))
        defocus.append(abs(pose.fit.defocus_nm - made.defocus_nm[index]))
    right = int((np.array(off) < 2.0).sum())
    name = f"movie of {MOVIE_FRAMES} frames by {by}, {compound}"
    told = f"{poses.model.label}, probability {poses.probability:.6f}"
    tumbles = ", ".join(f"frame {frame}: {angle:.1f}°" for frame, angle in poses.tumbles)
    print(name, told, right, np.median(off), np.median(far), np.median(defocus), tumbles)
    for what, value, target in (
        ("named", told, f"4x4x4 {compound}, above 0.99"),
        ("right view", f"{right} of {MOVIE_FRAMES}", "98 %"),
        ("median misorientation", f"{np.median(off):.3f}°", "0.2°"),
        ("median position error", f"{1e3 * np.median(far):.1f} pm", "4 pm"),
        ("median defocus error", f"{np.median(defocus):.2f} nm", "0.5 nm"),
        ("tumbles", tumbles or "none", f"frame {made.frame}: {made.angle_deg:.1f}°"),
    ):
        record_figure(f"{name}: {what}", value, target)
    assert poses.model.label == f"4x4x4 {compound}"
    assert poses.probability is not None
    assert poses.probability > 0.99
    assert right >= stats.binom.ppf(RARE, MOVIE_FRAMES, 0.98)
    assert np.median(off) < 0.2
    assert np.median(far) < 0.004
    assert np.median(defocus) < 0.5
    assert [frame for frame, _ in poses.tumbles] == [made.frame]


def test_frames_by_abtem(ready, by_abtem, rng, record_figure):
    """Lobato's factors, frozen phonons, carbon atoms at random behind half, from nothing."""
    one = ready("mla-cs")
    patch_side = one[0].views.camera.side
    rows = []
    for _ in range(ORIENTATIONS):
        turn = Rotation.random(random_state=rng)
        defocus = float(rng.uniform(4, 9))
        place = SIDE / 2 * PIXEL_NM + rng.uniform(-0.1, 0.1, 2)
        seed = int(rng.integers(2**31))
        dot = build(cube("mla-cs"), "mla-cs", seed=seed, ligands=HeadGroups())
        scene = by_abtem(dot, Lens(defocus_nm=defocus), rng, side=SIDE, pixel_nm=PIXEL_NM)
        image = scene.image(turn, place)
        counts = rng.poisson(image * EXPOSURE.electrons_per_pixel)
        y, x = np.mgrid[:SIDE, :SIDE] * PIXEL_NM
        ground = np.hypot(*(np.stack([x, y]) - SIDE / 2 * PIXEL_NM)) > 2.7
        contrast = (counts / counts[ground].mean() - 1).astype(np.float32)[None]
        regions = ground_regions(contrast, ground, PIXEL_NM)
        patch = patches_of(contrast, regions, patch_side)(0, *[SIDE / 2 * PIXEL_NM] * 2)
        found = search_pose(patch, one)
        rows.append(
            (
                float(misorientation_deg(found.fit.rotation, turn.as_matrix(), EDGES)),
                float(
                    np.hypot(
                        patch.x_nm + found.fit.x_nm - place[0],
                        patch.y_nm + found.fit.y_nm - place[1],
                    )
                ),
                abs(found.fit.defocus_nm - defocus),
            )
        )
        print(rows[-1], regions.has_support, found.fit.residual, found.runner_up)
    off, far, defocus_off = np.array(rows).T
    right = int((off < 2.0).sum())
    record_figure("frames by abTEM: right view", f"{right} of {len(rows)}", "98 %")
    record_figure("frames by abTEM: median misorientation", f"{np.median(off):.3f}°", "0.2°")
    record_figure(
        "frames by abTEM: median position error", f"{1e3 * np.median(far):.1f} pm", "4 pm"
    )
    record_figure(
        "frames by abTEM: median defocus error", f"{np.median(defocus_off):.2f} nm", "0.5 nm"
    )
    assert right >= stats.binom.ppf(RARE, len(rows), 0.98)
    assert np.median(off) < 0.2
    assert np.median(far) < 0.004
    assert np.median(defocus_off) < 0.5
