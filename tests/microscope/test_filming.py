"""Frames in chunks: the same whatever the chunks, no memory with length, truth from the streams."""

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
    Lens,
    LigandShell,
    Motion,
    Multislice,
    PengIonic,
    Scene,
    Witness,
    begin_damage,
    begin_filming,
    begin_motion,
    damages,
    filmed,
    one_view,
    simulate_movie,
    stretches,
)
from cinedot.microscope.trajectory import roomy_specimen
from cinedot.particle import AllAtoms, Cuboid, HeadGroups, build, host_named, lattice_sites

HOST = host_named("CsPbBr3")
SMALL = build(Cuboid.cube(2, HOST), "prototype")
STILL = Motion(rocking_deg=0.0, drift_nm_per_s=0.0, subframes=1)
LOSING = Damage(protection=1.0, loss_cross_section_nm2=1e-7, hop_barrier_ev=5.0)
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


def test_a_halide_that_left_is_gone_from_the_image():
    """Where the image changes between two frames is where the truth says that a halide left."""
    # A movie in four or five has a lone loss: sixty without one are rarer than one in a million.
    for _ in range(60):
        seed = int(np.random.SeedSequence().generate_state(1)[0])
        made = simulate_movie(
            SMALL, damage=LOSING, motion=STILL, shape=(96, 96), frames=8, seed=seed
        )
        events = made.truth["events"]
        lone = [
            event
            for event in events.itertuples()
            if 2 <= event.frame <= 6 and (abs(events["frame"] - event.frame) <= 1).sum() == 1
        ]
        if lone:
            break
    else:
        pytest.fail("no lone loss in sixty movies")
    print("seed", seed)
    (event, *_), pose = lone, made.truth["frames"].iloc[0]
    rotation = Rotation.from_quat(pose[["qx", "qy", "qz", "qw"]].to_numpy(dtype=float))
    abc = np.array([event.a, event.b, event.c])
    x, y = rotation.apply(abc * HOST.lattice_nm)[:2] + pose[["x_nm", "y_nm"]].to_numpy(float)
    # A loss within a frame may show in part in the one before its first whole one, and after.
    change = made.expected[event.frame + 1] - made.expected[event.frame - 2]
    assert event.kind == "loss"
    power = np.where(change**2 > 0.25 * (change**2).max(), change**2, 0.0)
    rows, columns = np.indices(change.shape)
    # Interference with the atoms in the column moves the centre of the change: half an atom.
    assert (power * columns).sum() / power.sum() * 0.042 == pytest.approx(x, abs=0.1)
    assert (power * rows).sum() / power.sum() * 0.042 == pytest.approx(y, abs=0.1)
    # Before, nothing happened there; a missing Br changes the atom's pixels by many percent.
    assert np.abs(change).max() > 0.02 * made.expected[0].mean()
    # What leaves before the middle of the first frame shows in that frame and is no event.
    early = events["frame"].min() - 2
    if early > 1:
        np.testing.assert_array_equal(made.expected[1], made.expected[early])


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
        frames=4,
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
    assert np.abs(part.expected[3] - part.expected[0]).max() > 0
    # Twice the first chains' electrons would show if moving and frozen atoms were both filled.
    plain = next(filmed(begin_filming(replace(scene, shell=None, damage=None))))
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


def test_a_dot_that_drifts_out_is_refused():
    with pytest.raises(InputError, match="out of it"):
        begin_filming(_scene(motion=Motion(drift_nm_per_s=3.0), frames=100))


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
    with pytest.raises(InputError, match="must not be negative"):
        Scene(atoms=SMALL, seed=-1)
