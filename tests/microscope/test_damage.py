"""The halides' Markov chain: its waiting times, survival, hops, conservation; rates and limits."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, gamma, kstest

from cinedot.core import InputError
from cinedot.microscope.damage import (
    EMPTY,
    begin_damage,
    changes,
    damages,
    halide_sites,
    next_damage,
)
from cinedot.microscope.damage_rates import (
    Damage,
    beam_rate_per_s,
    halide_rates,
    knock_on_ev,
    thermal_rate_per_s,
)
from cinedot.microscope.halide_atoms import atom_occupancy, with_open_sites
from cinedot.particle import (
    Cuboid,
    Distortion,
    HeadGroups,
    Strain,
    Tilts,
    build,
    host_named,
    lattice_sites,
)

HOST = host_named("CsPbBr3")
QD4 = Cuboid.cube(4, HOST)
FULL = build(QD4, "prototype")
DOT = build(QD4, "mla-cs", seed=1, ligands=HeadGroups())
DOSE_RATE = 2.5e7
# One limit in ten million on either side: the few of a test make less than one in a million.
RARE = [5e-8, 1 - 5e-8]
NEVER = {"hop_barrier_ev": 5.0, "loss_barrier_ev": 5.0}
# A rate that is its own cross section times the beam, without protection.
PER_RATE = {"protection": 1.0, **NEVER}


def fresh():
    seed = np.random.SeedSequence().entropy
    print("seed", seed)
    return np.random.default_rng(seed)


def begun(dot, damage, rng, frame_s=0.02):
    return begin_damage(dot, damage, dose_rate_e_per_nm2_s=DOSE_RATE, frame_s=frame_s, rng=rng)


def one_hopper(per_s):
    """A full QD4 without one of the two terminal halides of an edge's metal, hops on that edge.

    Its partner hops in and back: one halide, two sites, rate `per_s` each way.
    """
    sites = lattice_sites(QD4)
    edge = np.flatnonzero((sites.kind == "terminal") & (sites.metal_kind == "edge"))
    dot = FULL.copy()
    del dot[int(np.flatnonzero(dot.arrays["site"] == edge[0])[0])]
    damage = Damage(
        loss_cross_section_nm2=0.0,
        hop_cross_section_nm2=per_s / DOSE_RATE,
        hop_reach=0.75,
        **PER_RATE,
    )
    return dot, damage


@pytest.mark.parametrize(
    ("element", "energy_ev"),
    [
        ("H", 188.0),
        ("C", 15.76),
        ("N", 13.51),
        ("O", 11.83),
        ("Br", 2.369),
        ("Cs", 1.424),
        ("Pb", 0.914),
    ],
)
def test_knock_on_limits_are_those_of_the_science_note(element, energy_ev):
    """Section 9, 80 kV; printed to 3 or 4 digits: half of 1 in 188."""
    assert knock_on_ev(element, 80.0) == pytest.approx(energy_ev, rel=1.2e-3)


def test_rates_are_those_of_the_science_note():
    """Section 9: 50 hops a second at 0.61 eV or 2e-6 nm2; 10 % loss in 27 s at 1.56e-10 nm2."""
    assert thermal_rate_per_s(1e12, 0.61, 298.0) == pytest.approx(50, rel=0.05)
    assert beam_rate_per_s(2e-6, 2.5e7, 1.0) == pytest.approx(50)
    kept = math.exp(-beam_rate_per_s(1.56e-10, 2.5e7, 1.0) * 27)
    assert kept == pytest.approx(0.9, abs=1e-3)


@given(protection=st.floats(1, 1e6), dose_rate=st.floats(0, 1e9))
def test_protection_divides_the_beam_s_rates_and_no_others(protection, dose_rate):
    damage = Damage(protection=protection, hop_cross_section_nm2=1e-3)
    dark = halide_rates(damage, 0.0)
    lit = halide_rates(damage, dose_rate)
    assert lit.loss - dark.loss == pytest.approx(1e-5 * dose_rate / protection, rel=1e-9)
    assert lit.hop - dark.hop == pytest.approx(1e-3 * dose_rate / protection, rel=1e-6, abs=1e-9)
    assert dark.hop == thermal_rate_per_s(1e12, 0.61, 298.0)


def test_waiting_times_are_exponential_with_mean_one_over_the_rate():
    dot, damage = one_hopper(40.0)
    stretch, _ = next_damage(begun(dot, damage, fresh(), frame_s=1.0), 100)
    times = np.array([0.0, *(step.time_s for step in stretch.steps)])
    # 4,000 steps in 100 s are 3,000 at least but for 16 standard deviations; where the list ends
    # by time, waits would be a little short.
    waits = 40.0 * np.diff(times)[:3000]
    assert len(waits) == 3000
    assert kstest(waits, "expon").pvalue > 1e-7
    low, high = gamma.ppf(RARE, len(waits))
    assert low < waits.sum() < high


def test_a_hop_shows_between_frames_as_often_as_two_states_allow():
    """Half of 1 - exp(-2 k t) with the way back; 1 - exp(-k t) hop at least once (science 9)."""
    rate, frame_s, frames = 50.0, 0.0133, 8000
    dot, damage = one_hopper(rate)
    stretch, _ = next_damage(begun(dot, damage, fresh(), frame_s), frames)
    low, high = binom.ppf(RARE, frames - 1, 0.5 * (1 - math.exp(-2 * rate * frame_s)))
    assert low <= len(stretch.events) <= high
    assert {event.kind for event in stretch.events} == {"hop"}
    middles = (np.arange(frames) + 0.5) * frame_s
    stepped = np.unique(np.searchsorted(middles, [step.time_s for step in stretch.steps]))
    between = ((stepped > 0) & (stepped < frames)).sum()
    low, high = binom.ppf(RARE, frames - 1, 1 - math.exp(-rate * frame_s))
    assert low <= between <= high


def test_halides_survive_as_the_dose_says():
    """exp(-sigma J t / protection) of 96, in 60 dots: binomial; nothing else happens."""
    damage = Damage(loss_cross_section_nm2=1e-5, protection=1e3, **NEVER)
    rng, seconds = fresh(), 4.0
    left = 0
    for _ in range(60):
        stretch, state = next_damage(begun(FULL, damage, rng, frame_s=seconds), 1)
        left += int((state.halide != EMPTY).sum())
        assert {step.kind for step in stretch.steps} <= {"loss"}
    kept = math.exp(-1e-5 * DOSE_RATE / 1e3 * seconds)
    low, high = binom.ppf(RARE, 60 * 96, kept)
    assert low <= left <= high


@settings(max_examples=8, deadline=None)
@given(sizes=st.lists(st.integers(1, 8), min_size=1, max_size=5), seed=st.integers(0, 2**32))
def test_the_chain_is_the_same_in_any_stretches(sizes, seed):
    damage = Damage(loss_cross_section_nm2=1e-3, protection=1e4, gain_per_s=3.0)
    frames = sum(sizes)
    whole, _ = next_damage(begun(DOT, damage, np.random.default_rng(seed)), frames)
    state, parts = begun(DOT, damage, np.random.default_rng(seed)), []
    for size in sizes:
        part, after = next_damage(state, size)
        again, _ = next_damage(state, size)
        assert again.steps == part.steps
        state = after
        parts.append(part)
    np.testing.assert_array_equal(np.concatenate([part.middle for part in parts]), whole.middle)
    np.testing.assert_array_equal(np.concatenate([part.mean for part in parts]), whole.mean)
    assert tuple(step for part in parts for step in part.steps) == whole.steps
    assert tuple(event for part in parts for event in part.events) == whole.events


def test_hops_keep_every_halide_and_events_tell_the_whole_story():
    """From each frame's halides and its events follow the next frame's, site by site."""
    damage = Damage(loss_cross_section_nm2=1e-2, protection=1e5, gain_per_s=2.0)
    stretches = list(damages(begun(DOT, damage, fresh()), 200, 32))
    middle = np.concatenate([part.middle for part in stretches])
    events = [event for part in stretches for event in part.events]
    steps = [step for part in stretches for step in part.steps]
    place_of = {int(site): place for place, site in enumerate(stretches[0].site)}
    kinds = [event.kind for event in events]
    assert {"hop", "loss", "gain"} == set(kinds)
    for frame in range(1, 200):
        filled = set(np.flatnonzero(middle[frame - 1] != EMPTY))
        here = [event for event in events if event.frame == frame]
        filled -= {place_of[event.came_from] for event in here if event.kind != "gain"}
        filled |= {place_of[event.went_to] for event in here if event.kind != "loss"}
        assert filled == set(np.flatnonzero(middle[frame] != EMPTY))
    held = middle[middle != EMPTY]
    assert len(held) == sum(len(set(row[row != EMPTY])) for row in middle)  # each halide once
    before_end = [step for step in steps if step.frame < 200]
    net = sum({"gain": 1, "loss": -1, "hop": 0}[step.kind] for step in before_end)
    assert (middle[-1] != EMPTY).sum() == 88 + net


def test_a_frame_s_mean_is_the_time_that_its_steps_leave():
    """Integrated anew from the list of steps."""
    dot, damage = one_hopper(60.0)
    frames, frame_s = 50, 0.02
    stretch, _ = next_damage(begun(dot, damage, fresh(), frame_s), frames)
    moving = np.flatnonzero((stretch.mean > 0).any(axis=0) & (stretch.mean < 1).any(axis=0))
    assert len(moving) == 2
    np.testing.assert_allclose(stretch.mean[:, moving].sum(axis=1), 1.0, atol=1e-12)
    place = moving[0]
    site = int(stretch.site[place])
    full = halide_sites(dot).halide[place] != EMPTY
    turns = [step.time_s for step in stretch.steps if site in (step.came_from, step.went_to)]
    ends = np.array([0.0, *turns, frames * frame_s])
    for frame in range(frames):
        inside = np.clip(ends, frame * frame_s, (frame + 1) * frame_s)
        spans = np.diff(inside)
        expected = spans[0 if full else 1 :: 2].sum() / frame_s
        assert stretch.mean[frame, place] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("reach", "pairs"), [(0.75, 96), (1.05, 384), (1.25, 528)])
def test_neighbours_of_terminal_sites_are_counted(reach, pairs):
    """A QD4's faces hold 24 neighbour pairs each; 12 edges 4 metals; 3 x 2 across an edge."""
    across = 12 * 4
    along = 6 * 24 if reach > 1 else 0
    around = 12 * 3 * 2 if reach > 1.2 else 0
    assert 2 * (across + along + around) == pairs
    assert len(halide_sites(FULL, reach).pairs) == pairs


def test_sites_that_ligands_hold_take_no_halide():
    places = halide_sites(DOT)
    held = DOT.arrays["site"][DOT.arrays["ion"] == "malate"]
    assert len(set(held)) == 8
    assert not set(held) & set(places.site)
    assert (len(places.site), int((places.halide == EMPTY).sum())) == (88, 0)


def test_atoms_stand_ready_where_halides_may_hop():
    """Taken away and put back: the same atoms at the same places."""
    gone = np.flatnonzero(DOT.arrays["site_kind"] == "terminal-edge")[:5]
    bare = DOT.copy()
    del bare[gone.tolist()]
    places = halide_sites(bare)
    whole = with_open_sites(bare, places)
    assert len(whole) == len(DOT)
    np.testing.assert_array_equal(whole.arrays["occupancy"][-5:], 0.0)
    np.testing.assert_allclose(whole.positions[-5:], DOT.positions[gone], atol=1e-9)
    for name in ("site", "ion", "site_kind", "abc", "anchor", "ligand"):
        np.testing.assert_array_equal(whole.arrays[name][-5:], DOT.arrays[name][gone])
    stretch, _ = next_damage(begun(bare, Damage(), fresh()), 30)
    (occupancy,) = np.moveaxis(atom_occupancy(whole, stretch), 1, 0)
    assert occupancy.shape == (30, len(whole))
    moved = np.isin(whole.arrays["site"], stretch.site)
    np.testing.assert_allclose(occupancy[:, moved].sum(axis=1), stretch.mean.sum(axis=1))
    assert moved.sum() == 88
    assert (occupancy[:, ~moved] == 1).all()
    assert (np.ptp(occupancy[:, moved], axis=0) > 0).any()


@pytest.mark.parametrize("parts", [1, 2, 4, 5])
def test_parts_of_a_frame_tell_when_a_halide_hopped(parts):
    """The same chain in any parts; each part's share integrated anew from the steps."""
    dot, damage = one_hopper(60.0)
    seed = int(np.random.SeedSequence().generate_state(1)[0])
    print("seed", seed)
    one, some = (
        next_damage(
            begin_damage(
                dot,
                damage,
                dose_rate_e_per_nm2_s=DOSE_RATE,
                frame_s=0.02,
                parts=count,
                rng=np.random.default_rng(seed),
            ),
            50,
        )[0]
        for count in (1, parts)
    )
    assert one.steps == some.steps
    assert one.events == some.events
    np.testing.assert_array_equal(one.middle, some.middle)
    np.testing.assert_allclose(one.mean, some.mean, atol=1e-12)
    place = int(np.flatnonzero(np.ptp(one.middle, axis=0) != 0)[0])
    full = halide_sites(dot).halide[place] != EMPTY
    ends = np.array([0.0, *(step.time_s for step in some.steps), 1.0])
    for number, share in enumerate(some.share[:, :, place].ravel()):
        inside = np.clip(ends, number * 0.02 / parts, (number + 1) * 0.02 / parts)
        expected = np.diff(inside)[0 if full else 1 :: 2].sum() * parts / 0.02
        assert share == pytest.approx(expected, abs=1e-9)


def test_a_dot_without_occupancies_is_full():
    """As any ASE atoms may be: before, ASE filled the array with zeros and the dot was lost."""
    gone = int(np.flatnonzero(DOT.arrays["site_kind"] == "terminal-edge")[0])
    bare = DOT.copy()
    del bare[gone]
    plain = bare.copy()
    del plain.arrays["occupancy"]
    one, two = (with_open_sites(dot, halide_sites(dot)) for dot in (bare, plain))
    np.testing.assert_array_equal(one.arrays["occupancy"], two.arrays["occupancy"])
    assert two.arrays["occupancy"].sum() == len(DOT) - 1


def test_a_halide_of_occupancy_zero_is_an_open_site_and_a_half_is_refused():
    row = int(np.flatnonzero(DOT.arrays["site_kind"] == "terminal-edge")[0])
    dot = DOT.copy()
    dot.arrays["occupancy"][row] = 0.0
    places = halide_sites(dot)
    assert places.site[places.halide == EMPTY].tolist() == [dot.arrays["site"][row]]
    assert len(with_open_sites(dot, places)) == len(DOT)  # it stands ready as it is
    dot.arrays["occupancy"][row] = 0.5
    with pytest.raises(InputError, match=r"occupancy 0\.5"):
        halide_sites(dot)


def test_open_sites_of_a_distorted_dot_follow_its_octahedra():
    """Taken away and put back where tilts and strain had them."""
    bent = Distortion(
        tilts=Tilts.glazer("a-b+c-", angles_deg=(6.0, 9.0, 4.0)),
        strain=Strain(xx=0.01, zz=-0.02, xy=0.005),
    )
    whole = build(QD4, "prototype", ligands=HeadGroups(), distortion=bent)
    terminal = np.flatnonzero(np.char.startswith(whole.arrays["site_kind"], "terminal"))
    gone = terminal[::3]
    dot = whole[np.setdiff1d(np.arange(len(whole)), gone)]
    again = with_open_sites(dot, halide_sites(dot))
    added = again[len(dot) :]
    # The fit leans on the cubic lattice by a millionth of a bond or so.
    row_of = {int(site): row for row, site in enumerate(whole.arrays["site"])}
    expected = whole.positions[[row_of[int(site)] for site in added.arrays["site"]]]
    assert len(added) == len(gone)
    np.testing.assert_allclose(added.positions, expected, atol=1e-4)


def test_a_dot_whose_rates_are_zero_stays():
    damage = Damage(loss_cross_section_nm2=0.0, attempts_per_s=0.0, hop_cross_section_nm2=0.0)
    stretch, state = next_damage(begun(DOT, damage, fresh()), 3)
    assert stretch.steps == stretch.events == ()
    assert math.isinf(state.next_s)


def test_changes_name_what_moved():
    before, after = np.array([5, EMPTY, 7, EMPTY]), np.array([EMPTY, 5, EMPTY, 9])
    found = changes(before, after, np.array([10, 11, 12, 13]), 3, 0.07)
    assert [(one.kind, one.came_from, one.went_to) for one in found] == [
        ("hop", 10, 11),
        ("loss", 12, EMPTY),
        ("gain", EMPTY, 13),
    ]


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"protection": 0.5}, "protection"),
        ({"temperature_k": 0.0}, "temperature_k"),
        ({"hop_barrier_ev": -0.1}, "hop_barrier_ev"),
        ({"loss_cross_section_nm2": float("nan")}, "loss_cross_section_nm2"),
    ],
)
def test_bad_damage_is_refused(wrong, named):
    with pytest.raises(InputError, match=named):
        Damage(**wrong)


def test_bad_beams_frames_and_elements_are_refused():
    with pytest.raises(InputError, match="dose_rate"):
        halide_rates(Damage(), -1.0)
    with pytest.raises(InputError, match="frame_s"):
        begun(DOT, Damage(), np.random.default_rng(0), frame_s=0.0)
    with pytest.raises(InputError, match="parts"):
        begin_damage(
            DOT,
            Damage(),
            dose_rate_e_per_nm2_s=0.0,
            frame_s=1.0,
            parts=0,
            rng=np.random.default_rng(0),
        )
    with pytest.raises(InputError, match="element"):
        knock_on_ev("Xx", 80.0)
    with pytest.raises(InputError, match="voltage_kv"):
        knock_on_ev("Br", 0.0)


@pytest.mark.parametrize("compound", ["mla-ma", "oa-ma"])
def test_no_halide_hops_onto_an_acids_oxygens(compound):
    """Chelates hold more sites than the one that names them: none of these is open."""
    qd4 = Cuboid.cube(4, host_named("MAPbBr3"))
    dot = build(qd4, compound, seed=3, ligands=HeadGroups())
    sites, places = lattice_sites(qd4), halide_sites(dot)
    open_ = places.site[places.halide < 0]
    assert "corner" not in set(sites.metal_kind[open_].tolist())
