"""Carbon as screens: density, noise by closed form and atom by atom, place, side, motion."""

import jax.numpy as jnp
import numpy as np
import pytest
from ase import Atoms
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation
from scipy.stats import norm

from cinedot.core import InputError
from cinedot.microscope import (
    AmorphousCarbon,
    Everywhere,
    Grid,
    LeftOf,
    Lens,
    Multislice,
    Poses,
    exit_waves,
    intensities,
)
from cinedot.microscope.beam import phase_per_scattering_angstrom
from cinedot.microscope.carbon import hard_core_structure_factor, random_carbon_nm
from cinedot.microscope.factors import scattering_factor_angstrom
from cinedot.microscope.field import field_intensity, through_film
from cinedot.microscope.films import Film, deposited, moved
from cinedot.microscope.lens import aberrations
from cinedot.microscope.potential import passage
from cinedot.microscope.support import Side, film, film_of_atoms
from cinedot.microscope.walls import Graphene, Nanohorns, Nanotube
from cinedot.particle import Cuboid, build, host_named

# The conditions of science.md 8.4: its 3 nm is a standard deviation.
NOTE = Lens(defocus_nm=5.0, focal_spread_nm=3.0 * np.sqrt(2.0).item(), vibration_pm=30.0)


def seen_through(part, grid):
    flat = jnp.ones(grid.shape, dtype=jnp.complex64)
    return np.asarray(
        field_intensity(flat, part, passage(Multislice(), NOTE, grid), aberrations(NOTE))
    )


def fresh():
    seed = np.random.SeedSequence().entropy
    print("seed", seed)
    return np.random.default_rng(seed)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 11.99), st.floats(0, 7.99)), min_size=1, max_size=20))
def test_depositing_keeps_every_atom_and_their_centre(places):
    x, y = np.array(places).T
    total = deposited(x, y, (8, 12))
    assert total.sum() == pytest.approx(len(places))
    one = deposited(np.array([x[0] * 0.5 + 1]), np.array([y[0] * 0.5 + 1]), (8, 12))
    assert (one * np.arange(12)).sum() == pytest.approx(x[0] * 0.5 + 1)
    assert (one * np.arange(8)[:, None]).sum() == pytest.approx(y[0] * 0.5 + 1)


@pytest.mark.parametrize("core_nm", [0.0, 0.14])
def test_the_film_s_phase_has_the_power_of_its_atoms(core_nm):
    """Var = atoms per area x integral of (phase factor)^2 S(q), mode by mode exponential."""
    grid, lens = Grid(shape=(256, 256), pixel_nm=0.03), Lens()
    support = AmorphousCarbon(thickness_nm=1.0, slice_nm=1.0, covers=Everywhere(), core_nm=core_nm)
    layer = film(support, top_nm=0.0, grid=grid, lens=lens, rng=fresh()).transmission[0]
    phase = np.angle(np.asarray(layer, dtype=complex))
    power = np.abs(np.fft.fft2(phase)) ** 2 / phase.size**2
    f = np.fft.fftfreq(256)
    q = np.hypot(f[:, None], f[None, :]) / 0.3
    factor = scattering_factor_angstrom("C", q.ravel()).reshape(q.shape)
    factor *= np.exp(-2 * np.pi**2 * support.u_angstrom2 * q**2) * (
        q <= grid.band_limit_per_angstrom
    )
    # Sharing by cubic splines folds frequencies: the sum of sinc^8 over the aliases.
    turn = 2 * np.pi * f
    folded = (2416 + 2382 * np.cos(turn) + 240 * np.cos(2 * turn) + 2 * np.cos(3 * turn)) / 5040
    folded /= np.sinc(f) ** 8
    area = (256 * 0.3) ** 2
    atoms = support.density_per_nm3 * area * 1e-2
    expected = (phase_per_scattering_angstrom(80.0) * factor / area) ** 2 * atoms
    expected *= folded[:, None] * folded[None, :]
    expected *= hard_core_structure_factor(10 * q, density_per_nm3=100.0, diameter_nm=core_nm)
    expected[0, 0] = power[0, 0] = 0.0
    # Each pair of conjugate modes is one exponential variable; the sum is normal to better than
    # the six standard deviations allowed, which right code passes once in a billion.
    spread = np.sqrt(2 * (expected**2).sum())
    limit = norm.isf(1e-9) * spread
    assert abs(power.sum() - expected.sum()) < limit
    assert limit < 0.1 * expected.sum()


@pytest.mark.parametrize(
    ("thickness_nm", "noise"), [(0.35, 0.034), (1.0, 0.057), (2.0, 0.079), (3.0, 0.097)]
)
def test_image_noise_of_independent_carbon_is_that_of_science_note_8_4(thickness_nm, noise):
    """C1 -5 nm, C_s 2 um, standard deviation of focus 3 nm, vibration 30 pm."""
    grid = Grid(shape=(540, 540), pixel_nm=0.021)
    support = AmorphousCarbon(
        thickness_nm=thickness_nm, covers=Everywhere(), slice_nm=0.5, core_nm=0.0
    )
    behind = film(support, top_nm=-thickness_nm / 2, grid=grid, lens=NOTE, rng=fresh())
    seen = seen_through(behind, grid)
    # About 5,000 speckles leave 0.8 % (twelve draws); the note does not state its displacement of
    # carbon (we take 0.01 square angstrom) and rounds to two digits: 10 % in all.
    assert seen.std() == pytest.approx(noise, rel=0.1)


def test_hard_cores_quieten_the_image_and_screens_and_atoms_agree_on_how_much():
    """The same film by its structure factor and by atoms added one after another."""
    grid, rng = Grid(shape=(432, 432), pixel_nm=0.021), fresh()
    free, cores = (
        AmorphousCarbon(thickness_nm=1.0, covers=Everywhere(), core_nm=core) for core in (0.0, 0.14)
    )
    places = cores.places_nm(grid.extent_nm, 0.0, rng) - np.array([0.0, 0.0, 0.5])
    one_by_one = film_of_atoms(places, grid=grid, lens=NOTE, slice_nm=0.5)
    noise = [
        seen_through(part, grid).std()
        for part in (
            film(free, top_nm=-0.5, grid=grid, lens=NOTE, rng=rng),
            film(cores, top_nm=-0.5, grid=grid, lens=NOTE, rng=rng),
            one_by_one,
        )
    ]
    print("noise", noise)
    assert noise[1] < 0.9 * noise[0]
    # Their ratio is 0.981 +- 0.008 in twelve draws: fourteen of these; the other 0.795 +- 0.010.
    assert noise[1] == pytest.approx(noise[2], rel=0.12)


def test_hard_cores_leave_the_mean_of_a_half_plane_alone():
    """The step of the mean phase at the film's edge, which the lens shows as a fringe."""
    grid = Grid(shape=(256, 256), pixel_nm=0.05)
    steps = []
    for core in (0.0, 0.14):
        support = AmorphousCarbon(thickness_nm=0.5, slice_nm=0.5, core_nm=core)
        layer = film(support, top_nm=0.0, grid=grid, lens=NOTE, rng=fresh()).transmission[0]
        phase = np.angle(np.asarray(layer))
        steps.append(phase[:, 20:108].mean() - phase[:, 148:236].mean())
    atoms_per_angstrom2 = 100.0 * 0.5 * 1e-2
    mean = phase_per_scattering_angstrom(80.0) * 2.511 * atoms_per_angstrom2
    # 2,800 atoms: 1.9 % each, six of them.
    np.testing.assert_allclose(steps, mean, rtol=0.12)


def test_a_film_in_front_is_the_film_behind_in_a_mirror():
    grid, tube = Grid(shape=(96, 96), pixel_nm=0.04), Nanotube(diameter_nm=1.5)
    behind, front = (
        film(tube, top_nm=top, grid=grid, lens=NOTE, rng=np.random.default_rng(2), side=side)
        for top, side in ((1.0, Side.BEHIND), (-1.0, Side.IN_FRONT))
    )
    np.testing.assert_array_equal(front.transmission, behind.transmission[::-1])
    planes = behind.first_angstrom + behind.step_angstrom * np.arange(len(behind.transmission))
    mirrored = front.first_angstrom + front.step_angstrom * np.arange(len(front.transmission))
    np.testing.assert_allclose(mirrored, -planes[::-1], atol=1e-9)


def test_a_film_of_atoms_puts_an_atom_where_it_is():
    grid = Grid(shape=(64, 96), pixel_nm=0.05)
    part = film_of_atoms(np.array([[2.03, 1.21, 1.5]]), grid=grid, lens=NOTE, margin=8)
    phase = np.angle(np.asarray(part.transmission[0], dtype=complex))
    assert len(part.transmission) == 1
    spectrum = np.fft.fft2(phase)
    x = -np.angle(spectrum[0, 1]) / (2 * np.pi) * 96
    y = -np.angle(spectrum[1, 0]) / (2 * np.pi) * 64
    # Pixel k's centre lies k + 1/2 pixels from the field's corner, the margin before it.
    assert (x - 8 + 0.5) * 0.05 % 4.8 == pytest.approx(2.03, abs=1e-3)
    assert (y - 8 + 0.5) * 0.05 % 3.2 == pytest.approx(1.21, abs=1e-3)
    assert part.first_angstrom == pytest.approx(15.0, abs=1.3)


def test_a_moved_film_is_the_film_of_moved_atoms():
    grid, rng = Grid(shape=(128, 128), pixel_nm=0.04), fresh()
    places = rng.random((60, 3)) * np.array([3.0, 3.0, 0.2]) + np.array([1.0, 1.0, 2.0])
    shift = np.array([0.113, -0.057, 0.4])
    one = moved(film_of_atoms(places, grid=grid, lens=NOTE), shift, grid)
    two = film_of_atoms(places + shift, grid=grid, lens=NOTE)
    assert one.first_angstrom == pytest.approx(two.first_angstrom)
    difference = np.abs(np.asarray(one.transmission) - np.asarray(two.transmission)).max()
    # What the sharing aliases (6 % at the band's edge) depends on an atom's place on its pixels;
    # 240 draws have 0.0082 +- 0.0014, so as Gumbel's law goes one in 1e8 exceeds this.
    assert difference < 0.03 * np.abs(np.asarray(two.transmission) - 1).max()


@pytest.mark.parametrize(("side", "error"), [(Side.BEHIND, 0.015), (Side.IN_FRONT, 0.03)])
def test_screens_beside_a_dot_are_as_good_as_its_atoms(side, error):
    """Against one multislice over dot and carbon; error relative to what the carbon changes.

    Measured 0.01 behind. In front the waves of carbon and dot are multiplied, which forgets how
    the carbon's wave spreads within the dot: 0.02 measured, 0.03 with a QD4; draws differ by 3 %.
    """
    grid, how = Grid(shape=(192, 192), pixel_nm=0.021), Multislice()
    turn = Rotation.from_euler("xyz", [20.0, 35.0, 10.0], degrees=True)
    dot = build(Cuboid.cube(2, host_named("CsPbBr3")), "prototype")
    dot = Atoms(dot.get_chemical_symbols(), positions=turn.apply(dot.positions))
    middle = 96 * 0.021
    places = random_carbon_nm(
        (2 * middle, 2 * middle, 0.6), density_per_nm3=100.0, diameter_nm=0.14, rng=fresh()
    )
    places[:, 2] += dot.positions[:, 2].max() / 10 + 0.3
    places[:, 2] *= 1 if side is Side.BEHIND else -1
    # The field's corner lies half a pixel before its first pixel's centre.
    corner = np.array([middle + 0.0105, middle + 0.0105, 0.0])
    both = dot + Atoms(f"C{len(places)}", positions=10 * (places - corner))
    pose = Poses.of(Rotation.identity(), np.array([[middle, middle, 0.0]]))
    exact, bare = (
        exit_waves(atoms, pose, grid=grid, lens=NOTE, scattering=how)[0] for atoms in (both, dot)
    )
    u = how.thermal.of("C")
    part = film_of_atoms(places, grid=grid, lens=NOTE, slice_nm=0.2, u_angstrom2=u)
    passing = passage(how, NOTE, grid)
    if side is Side.BEHIND:
        wave = jnp.fft.ifft2(through_film(bare, part, passing))
    else:
        wave = bare * jnp.fft.ifft2(through_film(jnp.ones_like(bare), part, passing))
    images = np.asarray(intensities(jnp.stack([exact, wave, bare]), NOTE, grid))
    found = (images[1] - images[0]).std() / (images[0] - images[2]).std()
    print("error", found)
    assert found < error


@pytest.mark.parametrize("wall", [Graphene(), Nanotube(), Nanohorns()])
def test_walls_pass_for_supports(wall):
    grid = Grid(shape=(128, 128), pixel_nm=0.05)
    part = film(wall, top_nm=0.5, grid=grid, lens=NOTE, rng=fresh(), margin=10)
    assert len(part.transmission) == max(1, round(wall.depth_nm / wall.slice_nm))
    assert seen_through(part, grid).std() > 0.005


def test_a_half_plane_covers_its_half_and_a_margin_does_not_move_it():
    grid, margin = Grid(shape=(96, 128), pixel_nm=0.05), 16
    support = AmorphousCarbon(covers=LeftOf(edge=0.25))
    behind = film(
        support,
        top_nm=1.0,
        grid=grid,
        lens=Lens(),
        rng=np.random.default_rng(0),
        margin=margin,
    )
    strength = np.abs(np.angle(np.asarray(behind.transmission))).mean(axis=(0, 1))
    edge = margin + 0.25 * (128 - 2 * margin)
    inside, outside = strength[4 : int(edge) - 4], strength[int(edge) + 8 : -8]
    assert inside.min() > 20 * outside.max()
    assert behind.transmission.shape[0] == 4
    assert behind.first_angstrom == pytest.approx(12.5)
    assert behind.step_angstrom == pytest.approx(5.0)


@pytest.mark.parametrize(("together", "error"), [(4, 0.034), (10, 0.085)])
def test_slices_of_the_film_are_thin_enough(together, error):
    """The same atoms in slices of 0.125 nm, and in the 0.5 and 1.25 nm of movies and surveys.

    Relative rms of the image's modulation: 0.0279 +- 0.0008 and 0.071 +- 0.0017 in twelve draws;
    eight standard deviations.
    """
    lens, grid = Lens(defocus_nm=6.0), Grid(shape=(192, 192), pixel_nm=0.021)
    thin = AmorphousCarbon(thickness_nm=2.5, slice_nm=0.125, covers=Everywhere())
    fine = film(thin, top_nm=1.0, grid=grid, lens=lens, rng=fresh())
    step = together * fine.step_angstrom
    merged = fine.transmission.reshape(-1, together, *grid.shape).prod(axis=1)
    coarse = Film(merged, 10.0 + step / 2, step)
    flat = jnp.ones(grid.shape, dtype=jnp.complex64)
    how, optics = passage(Multislice(), lens, grid), aberrations(lens)
    one, two = (np.asarray(field_intensity(flat, part, how, optics)) for part in (fine, coarse))
    found = np.std(two - one) / np.std(one)
    print("error", found)
    assert found < error


def test_no_support_is_vacuum_and_bad_supports_are_refused():
    none = film(None, top_nm=0.0, grid=Grid(shape=(8, 8), pixel_nm=0.1), lens=Lens(), rng=fresh())
    assert none.transmission.shape == (0, 8, 8)
    with pytest.raises(InputError, match="thickness_nm"):
        AmorphousCarbon(thickness_nm=0.0)
    with pytest.raises(InputError, match="core_nm"):
        AmorphousCarbon(core_nm=0.3)
