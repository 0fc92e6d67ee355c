"""Frames in chunks: the same whatever the chunks, no memory with length, truth from the streams."""

import math
import tracemalloc
from dataclasses import replace

import jax
import numpy as np
import pytest
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from cinedot.core import InputError
from cinedot.core.tables import table_columns, write_table
from cinedot.microscope import (
    AmorphousCarbon,
    Camera,
    Damage,
    Exposure,
    FilmedFrames,
    Graphene,
    Grid,
    Lens,
    LigandShell,
    Motion,
    Multislice,
    PengIonic,
    Poses,
    Scene,
    Witness,
    atom_occupancy,
    begin_damage,
    begin_filming,
    begin_motion,
    damages,
    exit_waves,
    expected_counts,
    filmed,
    intensities,
    next_damage,
    one_view,
    simulate_movie,
    stretches,
)
from cinedot.microscope.trajectory import roomy_specimen
from cinedot.microscope.truth import true_sites
from cinedot.microscope.whole import require_whole
from cinedot.particle import AllAtoms, Cuboid, HeadGroups, build, host_named, lattice_sites

HOST = host_named("CsPbBr3")
SMALL = build(Cuboid.cube(2, HOST), "prototype")
STILL = Motion(rocking_deg=0.0, drift_nm_per_s=0.0, subframes=1)
# 24 halides lose three a frame of 20 ms.
LOSING = Damage(protection=1.0, loss_cross_section_nm2=2.5e-7, hop_barrier_ev=5.0)
BUSY = Damage(protection=1.0, loss_cross_section_nm2=2e-8, gain_per_s=20.0)


def _scene(**changes: object) -> Scene:
    chosen: dict = {"atoms": SMALL, "shape": (96, 96), "frames": 7, "seed": 5} | changes
    return Scene(**chosen)


def _all(parts: list[FilmedFrames], name: str) -> Float[np.ndarray, "frame y x"]:
    return np.concatenate([getattr(part, name) for part in parts])


@pytest.mark.parametrize(
    "changes",
    [
        {"damage": BUSY, "motion": Motion(tumbles_per_s=10.0, subframes=2), "camera": one_view()},
        {
            "support": AmorphousCarbon(thickness_nm=1.0),
            "front": Graphene(),
            "support_moves": True,
            "motion": Motion(sway_nm=0.05, subframes=2),
            "frames": 3,
        },
    ],
    ids=["busy", "moving support"],
)
def test_frames_do_not_depend_on_the_chunks(changes):
    filming = begin_filming(_scene(**changes))
    witnesses, signals = [], []
    for chunk in (1, 2, 7):
        parts = list(filmed(filming, chunk=chunk))
        witness = Witness(name="a", scene=filming.scene)
        for part in parts:
            witness.see(part)
        witnesses.append(witness.tables())
        signals.append((_all(parts, "expected"), _all(parts, "signal")))
    for tables, (expected, signal) in zip(witnesses[1:], signals[1:], strict=True):
        np.testing.assert_array_equal(expected, signals[0][0])
        np.testing.assert_array_equal(signal, signals[0][1])
        for name, rows in tables.items():
            assert rows.equals(witnesses[0][name])
    # Frames differ in what was drawn, not only in what was expected.
    expected, signal = signals[0]
    assert np.abs((signal[1] - expected[1]) - (signal[0] - expected[0])).max() > 0


def test_the_window_leaves_nothing_out():
    """Film and lens over the dot's window against the whole field, far out of focus too."""
    for defocus, shape in ((6.0, (144, 160)), (-25.0, (176, 176))):
        scene = _scene(
            lens=Lens(defocus_nm=defocus),
            shape=shape,
            support=AmorphousCarbon(),
            front=Graphene(),
            motion=STILL,
            frames=1,
        )
        filming = begin_filming(scene)
        assert filming.window[0] < filming.grid.shape[0]
        near = next(filmed(filming)).expected
        whole = next(filmed(replace(filming, window=filming.grid.shape))).expected
        # Beams steeper than 1/angstrom, which the lens damps, leave the window: below 1e-3.
        assert np.abs(near - whole).max() < 1e-3 * whole.std()


def test_dose_is_conserved():
    """Without damping in the lens nothing takes electrons away: the mean is the dose's."""
    exposure = Exposure()
    scene = _scene(
        lens=Lens(focal_spread_nm=0.0),
        support=Graphene(),
        exposure=exposure,
        frames=2,
        motion=STILL,
    )
    mean = next(filmed(begin_filming(scene))).expected.mean()
    # Left: what slices scatter beyond the band limit, and over the frame's border.
    assert mean == pytest.approx(exposure.electrons_per_pixel, rel=5e-3)


def test_empty_field_and_empty_sites_are_the_film_alone():
    nothing = SMALL.copy()
    nothing.arrays["occupancy"][:] = 0.0
    made = next(filmed(begin_filming(_scene(atoms=nothing, frames=1)))).expected
    assert made == pytest.approx(Exposure().electrons_per_pixel, rel=1e-4)


def test_truth_is_what_motion_and_damage_did(tmp_path):
    """Poses, tumbles and halides against the same streams, drawn here."""
    seed = int(np.random.SeedSequence().generate_state(1)[0])
    print("seed", seed)
    motion = Motion(tumbles_per_s=8.0, subframes=1)
    scene = _scene(damage=BUSY, motion=motion, frames=20, seed=seed)
    made = simulate_movie(
        scene.atoms, damage=BUSY, motion=motion, frames=20, shape=scene.shape, seed=seed, name="b"
    )
    for name, rows in made.truth.items():
        assert list(rows.columns) == [column[0] for column in table_columns()[name]]
        write_table(name, rows, tmp_path / f"{name}.parquet")
    of_start, of_motion, *_, of_damage = scene.chance()
    begun = begin_motion(
        motion,
        start=Rotation.random(rng=np.random.default_rng(of_start)),
        centre_nm=np.array([47.5 * 0.042, 47.5 * 0.042, 0.0]),
        frames=20,
        frame_s=0.02,
        rng=np.random.default_rng(of_motion),
    )
    (stretch,) = stretches(begun, 20)
    frames, events = made.truth["frames"], made.truth["events"]
    turned = Rotation.from_quat(frames[["qx", "qy", "qz", "qw"]].to_numpy())
    assert np.abs(turned.as_matrix() - stretch.middle.rotation).max() < 1e-12
    np.testing.assert_allclose(frames[["x_nm", "y_nm"]], stretch.middle.shift_nm[:, :2])
    tumbled = sorted({frame for frame, _ in stretch.tumbles if 0 < frame < 20})
    assert sorted(events.loc[events["kind"] == "tumble", "frame"]) == tumbled
    chain = begin_damage(
        SMALL, BUSY, dose_rate_e_per_nm2_s=2.5e7, frame_s=0.02, rng=np.random.default_rng(of_damage)
    )
    (halides,) = damages(chain, 20, 20)
    _agrees(made.truth, halides)


def _agrees(truth, halides) -> None:
    sites = lattice_sites(Cuboid.cube(2, HOST))
    events = truth["events"][truth["events"]["kind"] != "tumble"]
    told = [(row.frame, row.kind, row.element) for row in events.itertuples()]
    assert told == [(event.frame, event.kind, "Br") for event in halides.events]
    for row, event in zip(events.itertuples(), halides.events, strict=True):
        site = event.went_to if event.kind == "gain" else event.came_from
        assert (row.a, row.b, row.c) == tuple(sites.abc[site])
    places = {tuple(sites.abc[site]): column for column, site in enumerate(halides.site)}
    of_site = truth["sites"].groupby(["a", "b", "c"])
    assert len(of_site) == len(sites)
    for where, rows in of_site:
        # Intervals follow each other without a gap, from the first frame to the last.
        assert rows["first_frame"].tolist() == [0, *(rows["last_frame"].iloc[:-1] + 1)]
        assert rows["last_frame"].iloc[-1] == 19
        if where in places:
            held = halides.middle[:, places[where]]
            for row in rows.itertuples():
                inside = held[row.first_frame : row.last_frame + 1]
                assert len(set(inside.tolist())) == 1
                assert row.occupancy == float(inside[0] >= 0)


def _losing_in_both_frames(parts):
    """A scene of two frames, both of which lose halides, and their chain, drawn anew here."""
    # A frame without a loss has exp(-3): a hundred pairs with one are rarer than one in a million.
    for _ in range(100):
        seed = int(np.random.SeedSequence().generate_state(1)[0])
        motion = Motion(rocking_deg=0.0, drift_nm_per_s=0.0, subframes=parts)
        scene = _scene(damage=LOSING, motion=motion, frames=2, seed=seed)
        *_, of_damage = scene.chance()
        begun = begin_damage(
            SMALL,
            LOSING,
            dose_rate_e_per_nm2_s=2.5e7,
            frame_s=0.02,
            parts=parts,
            rng=np.random.default_rng(of_damage),
        )
        halides, _ = next_damage(begun, 2)
        if {step.frame for step in halides.steps} >= {0, 1}:
            print("seed", seed)
            return scene, halides
    pytest.fail("no pair of frames with losses")


def test_each_moment_of_a_frame_shows_the_halides_that_are_there():
    """Against the plain chain over the whole field, each moment with its own occupancies."""
    scene, halides = _losing_in_both_frames(5)
    part = next(filmed(begin_filming(scene)))
    shares = atom_occupancy(SMALL, halides)
    means = shares.mean(axis=1, keepdims=True)
    grid = Grid(shape=(96, 96), pixel_nm=0.042).finer(2)
    # The first wave pixel's centre lies half a wave pixel before the first camera pixel's.
    place = part.stretch.middle.shift_nm[:1] + np.array([0.0105, 0.0105, 0.0])
    turn = Rotation.from_matrix(part.stretch.middle.rotation[:1])
    plain = []
    for kept in (shares, means):
        rows = kept.reshape(-1, len(SMALL))
        poses = Poses.of(Rotation.concatenate([turn] * len(rows)), np.repeat(place, len(rows), 0))
        waves = exit_waves(
            SMALL,
            poses,
            grid=grid,
            lens=scene.lens,
            scattering=scene.scattering,
            occupancy=rows,
        )
        counts = expected_counts(intensities(waves, scene.lens, grid), scene.exposure, grid)
        plain.append(np.asarray(counts).reshape(2, -1, 96, 96).mean(axis=1))
    of_moments, of_means = (np.abs(part.expected - image).max() for image in plain)
    lost = np.abs(plain[0][1] - plain[0][0]).max()
    print("errors", of_moments, of_means, "lost", lost)
    # What the dot's patch cuts off and the margin differ, as in a frame at rest.
    assert of_moments < 2e-3 * part.expected.mean() < lost


def test_chains_freeze_and_halides_leave_together():
    """Shell and damage on one dot: its open halide sites come after the shell's atoms."""
    whole = build(Cuboid.cube(3, HOST), "mla-cs", seed=1, ligands=AllAtoms())
    # Not at corners, where what is empty counts as the acid's.
    kinds = np.isin(whole.arrays["site_kind"], ["terminal-edge", "terminal-face"])
    loose = np.flatnonzero(kinds & (whole.symbols == "Br"))
    dot = whole[np.setdiff1d(np.arange(len(whole)), loose[:3])]
    scene = _scene(
        atoms=dot,
        shape=(216, 216),
        oversampling=1,
        frames=2,
        motion=STILL,
        damage=BUSY,
        shell=LigandShell(protection=1.0, cross_link_nm2=2e-6),
    )
    filming = begin_filming(scene)
    shelled = filming.filling.shelled
    assert shelled is not None
    extra = len(filming.filling.atoms) - len(shelled.atoms)
    assert extra == 3
    assert not filming.filling.extra_u_angstrom2[-extra:].any()
    (part,) = filmed(filming)
    assert np.isfinite(part.expected).all()
    assert np.abs(part.expected[1] - part.expected[0]).max() > 0
    # Twice the first chains' electrons would show if moving and frozen atoms were both filled.
    plain = next(filmed(begin_filming(replace(scene, shell=None, damage=None, frames=1))))
    assert part.expected.mean() == pytest.approx(plain.expected.mean(), rel=0.01)


def test_a_shell_needs_chains():
    dot = build(Cuboid.cube(3, HOST), "mla-cs", seed=1, ligands=HeadGroups())
    with pytest.raises(InputError, match="ligands to move"):
        begin_filming(_scene(atoms=dot, shell=LigandShell()))


def test_rooms_hold_for_every_pose_and_a_lack_is_loud():
    motion = Motion(tumbles_per_s=30.0, subframes=1)
    filming = begin_filming(_scene(motion=motion, frames=40))
    assert np.isfinite(_all(list(filmed(filming)), "expected")).all()
    tight = replace(filming.specimen, rooms=tuple(1 for _ in filming.specimen.rooms))
    with pytest.raises(RuntimeError, match="no room"):
        next(filmed(replace(filming, specimen=tight)))
    again = roomy_specimen(
        filming.filling.atoms,
        filming.motion,
        np.eye(3),
        filming.scene.scattering,
        filming.grid,
    )
    assert len(again.rooms) == len(filming.specimen.rooms)


def test_memory_does_not_grow_with_length():
    """What Python and JAX hold after 300 frames is what they held after 60."""
    dot = build(Cuboid.cube(1, HOST), "prototype")
    scene = _scene(atoms=dot, shape=(64, 64), frames=300, motion=STILL, camera=Camera())
    peaks, live = [], []
    seen = 0
    tracemalloc.start()
    for part in filmed(begin_filming(scene), chunk=20):
        seen += len(part.signal)
        if seen in (60, 300):
            peaks.append(tracemalloc.get_traced_memory()[1])
            live.append(sum(array.nbytes for array in jax.live_arrays()))
            tracemalloc.reset_peak()
    tracemalloc.stop()
    # 240 more frames kept would be 4 MB as float32.
    assert peaks[1] < peaks[0] + 500_000
    assert live[1] < live[0] + 500_000


def test_ions_that_leave_are_refused_as_ions():
    ionic = Multislice(parametrization=PengIonic())
    with pytest.raises(InputError, match="neutral atoms"):
        Scene(atoms=SMALL, damage=LOSING, scattering=ionic)


def test_scenes_of_no_pixel_or_half_a_frame_are_refused():
    with pytest.raises(InputError, match="`seed` must be a whole number, 0 or more"):
        Scene(atoms=SMALL, seed=-1)
    with pytest.raises(InputError, match="`shape` must be a whole number, 1 or more, but is 0"):
        Scene(atoms=SMALL, shape=(0, 5))
    with pytest.raises(InputError, match="support to move"):
        Scene(atoms=SMALL, support_moves=True)
    # In these tests types are checked before the scene is.
    with pytest.raises(InputError, match=r"`frames` must be a whole number, .* but is 2\.5"):
        require_whole("frames", 2.5, least=1, remedy="Say 40.")


def test_what_must_fit_is_told_in_terms_of_the_frame():
    """A dot of 2 x 2 x 2 with its halides: 2.03 nm across and 0.5 nm around, beyond the margin."""
    with pytest.raises(InputError, match=r"but spans 1\.26 nm") as caught:
        begin_filming(_scene(shape=(96, 30), motion=STILL))
    needed = float(str(caught.value).split("must span ")[1].split(" nm")[0])
    side = math.ceil(needed / 0.042) + 1
    begin_filming(_scene(shape=(side, side), motion=STILL, frames=1))
    with pytest.raises(InputError, match=r"within 0\.50 nm of it, but comes"):
        begin_filming(_scene(motion=Motion(drift_nm_per_s=3.0), frames=100))


def test_atoms_without_occupancies_are_filmed_whole():
    plain = SMALL.copy()
    del plain.arrays["occupancy"]
    one, two = (
        next(filmed(begin_filming(_scene(atoms=atoms, frames=1, damage=BUSY, motion=STILL))))
        for atoms in (SMALL, plain)
    )
    np.testing.assert_array_equal(one.expected, two.expected)


def test_the_truth_of_a_site_is_as_full_as_its_atoms():
    dot = SMALL.copy()
    dot.arrays["occupancy"][3] = 0.25
    sites = true_sites("a", dot, 2)
    assert sites["occupancy"].iloc[dot.arrays["site"][3]] == 0.25
