"""Issue 6 at full size: which atoms are there, in plain and in hard films, and when one left."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.transform import Rotation

from cinedot.micrographs.pose.movable_atoms import tilt_modes
from cinedot.microscope import (
    AmorphousCarbon,
    LeftOf,
    Lens,
    LigandShell,
    one_view,
)
from cinedot.particle import (
    AllAtoms,
    Cuboid,
    HeadGroups,
    Strain,
    build,
    host_named,
    lattice_sites,
    site_occupancy,
)

pytestmark = pytest.mark.acceptance

RARE = 1e-6
FRAMES = 20


def area_under_curve(seen, there):
    """Probability that a filled site looks fuller than an empty one."""
    ranks = stats.rankdata(seen)
    full = int(there.sum())
    return float((ranks[there].sum() - full * (full + 1) / 2) / (full * (~there).sum()))


def calibration_error(chance, there, bins=10):
    """Expected calibration error: mean distance of stated from true shares."""
    bin_of = np.minimum((chance * bins).astype(int), bins - 1)
    return float(
        sum(
            abs(chance[bin_of == one].mean() - there[bin_of == one].mean()) * (bin_of == one).mean()
            for one in np.unique(bin_of)
        )
    )


def over_vacuum(film, atoms):
    """Sites whose image lies on the right of the support's edge by more than 0.6 nm."""
    sites = lattice_sites(film.cuboid)
    at = sites.abc * film.cuboid.host.lattice_nm
    x = film.places_nm[0, 0] + at @ film.rotations[len(film.rotations) // 2][0]
    return x > 0.5 * film.signal.shape[2] * film.pixel_nm + 0.6


def halides(film):
    """All of them, and those among which some are missing.

    With mla-cs those are the corners'; mla-ma has none at any corner and all others, so that its
    whole surface is taken.
    """
    sites = lattice_sites(film.cuboid)
    surface = (sites.role == "halide") & (sites.kind == "terminal")
    corner = surface & (sites.metal_kind == "corner")
    return sites.role == "halide", surface if film.compound == "mla-ma" else corner


PLAIN = 4


@pytest.mark.parametrize("compound", ["mla-cs", "mla-ma"])
def test_plain_films(make_film, rng, record_figure, compound):
    """Support behind half, everything else as stated but the defocus."""
    all_off, corners, ions, vacuum_off, alone = [], [], [], [], []
    for _ in range(PLAIN):
        support = AmorphousCarbon(thickness_nm=3.0, covers=LeftOf(edge=0.5))
        film = make_film(rng, compound=compound, frames=FRAMES, support=support)
        atoms = film.told(rng)
        halide, corner = halides(film)
        evidence = atoms.evidence
        off = (evidence.occupancy - film.there) / evidence.whole_sigma
        all_off.append(off[halide])
        corners.append(np.stack([evidence.occupancy[corner], film.there[corner]]))
        known = np.isfinite(evidence.p_present) & (lattice_sites(film.cuboid).role != "metal")
        ions.append(np.stack([evidence.p_present[known], film.there[known]]))
        vacuum = over_vacuum(film, atoms) & halide
        vacuum_off.append((evidence.occupancy - film.there)[vacuum])
        single = first_frame(film).told(rng)
        here = over_vacuum(film, single) & corner
        alone.append(np.stack([single.evidence.occupancy[here], film.there[here]]))
    off = np.concatenate(all_off)
    seen, there = np.concatenate(corners, axis=1)
    chance, true = np.concatenate(ions, axis=1)
    once, real = np.concatenate(alone, axis=1)
    bias = float(np.sqrt((np.concatenate(vacuum_off) ** 2).mean()))
    inside = float((np.abs(off) < 1.96).mean())
    name = f"plain films, {compound}, {PLAIN} x {FRAMES} frames"
    joint = area_under_curve(seen, there > 0.5)
    which = "surface Br" if compound == "mla-ma" else "corner Br"
    record_figure(f"{name}: area under the curve, {which}", f"{joint:.4f}", "0.98")
    if (real > 0.5).any() and (real < 0.5).any():
        single_area = area_under_curve(once, real > 0.5)
        what = f"{name}: area under the curve, {which} over vacuum, one frame"
        record_figure(what, f"{single_area:.3f}", "0.85")
    error = calibration_error(chance, true > 0.5)
    record_figure(f"{name}: expected calibration error", f"{error:.3f}", "0.05")
    record_figure(f"{name}: halides over vacuum, rms off", f"{bias:.3f}", "0.1")
    record_figure(f"{name}: 95 % intervals of halides that cover", f"{inside:.1%}", "90-98 %")
    wrong = int(((chance > 0.5) != (true > 0.5)).sum())
    record_figure(f"{name}: sites called wrong", f"{wrong} of {len(chance)}", "")
    print(name, joint, error, bias, inside, wrong)
    assert joint >= 0.98
    assert error <= 0.05


def first_frame(film):
    return replace(
        film, signal=film.signal[:1], rotations=film.rotations[:1], places_nm=film.places_nm[:1]
    )


HARD, HARD_FRAMES = 4, 60


def test_hard_films(make_film, rng, record_figure):
    """Untold: tilts, strain, scale, astigmatism, coma, a moving shell, carbon, a blurred camera."""
    off, bias, wrong, total = [], [], 0, 0
    for number in range(HARD):
        film = hard_film(make_film, rng, number)
        atoms = film.told(rng)
        halide, _ = halides(film)
        vacuum = over_vacuum(film, atoms) if number % 2 else np.ones(len(film.there), dtype=bool)
        evidence = atoms.evidence
        away = evidence.occupancy - film.there
        bias.append(away[vacuum & halide])
        off.append((away / evidence.whole_sigma)[vacuum & halide])
        told = (evidence.p_present > 0.5) != film.there
        wrong += int(told[halide].sum())
        total += int(halide.sum())
        print(number, atoms.misfit, np.sqrt((bias[-1] ** 2).mean()), told[halide].sum())
    rms = float(np.sqrt((np.concatenate(bias) ** 2).mean()))
    inside = float((np.abs(np.concatenate(off)) < 1.96).mean())
    name = f"hard films, mla-cs, {HARD} x {HARD_FRAMES} frames"
    record_figure(f"{name}: halides over vacuum, rms off", f"{rms:.3f}", "0.1")
    record_figure(f"{name}: 95 % intervals of halides that cover", f"{inside:.1%}", "90-98 %")
    record_figure(f"{name}: halides called wrong", f"{wrong} of {total}", "")
    assert wrong <= 0.05 * total


def hard_film(make_film, rng, number):
    """Every other one with a support behind half."""
    tilts = np.radians(rng.uniform(-7, 7, 6) / np.sqrt(2))
    strain = Strain(**dict(zip(("xx", "yy", "zz"), rng.normal(0, 0.006, 3), strict=True)))

    def bent(dot):
        dot = dot.copy()
        modes = tilt_modes(Cuboid.cube(4, host_named("CsPbBr3")), dot)
        dot.positions += np.einsum("atx,t->ax", modes, tilts)
        dot.positions = strain.apply(dot.positions)
        return dot

    lens = Lens(
        defocus_nm=float(rng.uniform(4, 9)),
        astigmatism_nm=2.0,
        astigmatism_angle_deg=float(rng.uniform(0, 180)),
        coma_nm=30.0,
        coma_angle_deg=float(rng.uniform(0, 360)),
    )
    scene = {}
    if number % 2:
        scene["support"] = AmorphousCarbon(thickness_nm=2.0, covers=LeftOf(edge=0.5))
    film = make_film(
        rng,
        frames=HARD_FRAMES,
        lens=lens,
        change=bent,
        ligands=AllAtoms(),
        shell=LigandShell(),
        camera=one_view(),
        **scene,
    )
    # The pixel is stated a percent too large or too small.
    factor = 1 + 0.01 * float(rng.choice([-1, 1]))
    return replace(film, pixel_nm=film.pixel_nm * factor, places_nm=film.places_nm * factor)


ABTEM, ABTEM_FRAMES, ABTEM_SIDE, PIXEL_NM = 2, 12, 192, 0.042
ELECTRONS = 2.45e7 * 0.02 * PIXEL_NM**2


def abtem_film(by_abtem, film_type, rng):
    """A rocking dot before half a film of carbon, every frame by abTEM."""
    cuboid = Cuboid.cube(4, host_named("CsPbBr3"))
    dot = build(cuboid, "mla-cs", seed=int(rng.integers(2**31)), ligands=HeadGroups())
    lens = Lens(defocus_nm=float(rng.uniform(4, 9)))
    scene = by_abtem(dot, lens, rng, side=ABTEM_SIDE, pixel_nm=PIXEL_NM, snapshots=8)
    turn, place = Rotation.random(random_state=rng), np.full(2, ABTEM_SIDE / 2 * PIXEL_NM)
    turns, places, frames = [], [], []
    for _ in range(ABTEM_FRAMES):
        turn = Rotation.from_rotvec(np.radians(rng.normal(0, 0.5, 3))) * turn
        place = place + rng.normal(0, 0.01, 2)
        frames.append(rng.poisson(scene.image(turn, place) * ELECTRONS))
        turns.append(turn.as_matrix())
        places.append(place)
    return film_type(
        signal=np.array(frames, dtype=np.float32),
        rotations=np.array(turns),
        places_nm=np.array(places),
        lens=lens,
        there=site_occupancy(dot) > 0.5,
        cuboid=cuboid,
        compound="mla-cs",
        pixel_nm=PIXEL_NM,
    )


def test_films_by_abtem(by_abtem, film_type, rng, record_figure):
    """Lobato's factors, frozen phonons and loose carbon: nothing of it is the fit's own."""
    off, away, wrong, total = [], [], 0, 0
    for _ in range(ABTEM):
        film = abtem_film(by_abtem, film_type, rng)
        atoms = film.told(rng)
        halide, _ = halides(film)
        evidence = atoms.evidence
        miss = evidence.occupancy - film.there
        off.append((miss / evidence.whole_sigma)[halide])
        away.append(miss[halide & over_vacuum(film, atoms)])
        told = (evidence.p_present > 0.5) != film.there
        wrong += int(told[halide].sum())
        total += int(halide.sum())
        print(atoms.misfit, np.sqrt((away[-1] ** 2).mean()), told[halide].sum(), atoms.events)
    inside = float((np.abs(np.concatenate(off)) < 1.96).mean())
    name = f"films by abTEM, mla-cs, {ABTEM} x {ABTEM_FRAMES} frames"
    rms = float(np.sqrt((np.concatenate(away) ** 2).mean()))
    record_figure(f"{name}: halides over vacuum, rms off", f"{rms:.3f}", "0.1")
    record_figure(f"{name}: 95 % intervals of halides that cover", f"{inside:.1%}", "90-98 %")
    record_figure(f"{name}: halides called wrong", f"{wrong} of {total}", "")
    # Of 480 halides half lie before carbon, where one in a hundred is misjudged.
    assert wrong <= 0.03 * total


LOSSES, LOSS_FRAMES = 24, 16


def without(site):
    """Takes a site's own ion out of a dot."""

    def less(dot):
        here = (np.asarray(dot.arrays["site"]) == site) & (np.array(dot.symbols) == "Br")
        return dot[~here]

    return less


def test_single_losses(make_film, spliced, rng, record_figure):
    """One terminal halide leaves a dot over vacuum: told within two frames, nothing else told."""
    found = false = frames = 0
    for _ in range(LOSSES):
        lens = Lens(defocus_nm=float(rng.uniform(4, 9)))
        how = {"frames": LOSS_FRAMES, "lens": lens, "seed": int(rng.integers(2**31))}
        whole = make_film(rng, **how)
        sites = lattice_sites(whole.cuboid)
        gone = int(rng.choice(np.flatnonzero((sites.kind == "terminal") & whole.there)))
        frame = int(rng.integers(3, LOSS_FRAMES - 3))
        film = spliced(whole, make_film(rng, change=without(gone), **how), frame)
        events = film.told(rng).events
        hit = [one for one in events if one.site == gone and abs(one.frame - frame) <= 2]
        found += bool(hit)
        false += len(events) - len(hit)
        frames += LOSS_FRAMES
        print(found, false, frames)
    record_figure(f"single losses told within 2 frames, {LOSSES} films", f"{found}", ">= 80 %")
    record_figure(f"false events in {frames} frames", f"{false}", "at most 1 in 1,000")
    assert found >= stats.binom.ppf(RARE, LOSSES, 0.8)
    assert false <= stats.poisson.isf(RARE, frames / 1000)
