"""Exit waves against abTEM, by convergence, and by what must hold for any wave."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from ase import Atoms
from scipy.spatial.transform import Rotation

from cinedot.microscope import (
    AT_REST,
    Grid,
    Kirkland,
    Lens,
    Lobato,
    Multislice,
    PhaseObject,
    Poses,
    Thermal,
    exit_waves,
)
from cinedot.microscope.beam import phase_per_scattering_angstrom
from cinedot.microscope.factors import scattering_factor_angstrom
from cinedot.microscope.lens import aberrations, blurred, transfer
from cinedot.microscope.multislice import exit_spectrum, exit_wave
from cinedot.microscope.potential import passage
from cinedot.microscope.specimen import specimen, specimens
from cinedot.particle import Cuboid, HeadGroups, build, host_named

HOST = host_named("CsPbBr3")
TILTED = Rotation.from_euler("xyz", [23.0, 31.0, 17.0], degrees=True)
# One program, where JAX would compile a hundred steps apart.
WAVE = jax.jit(exit_wave, static_argnames="shape")


def waves_of(dot, rotation, centre_nm, grid, scattering):
    poses = Poses.of(rotation, np.asarray(centre_nm, dtype=float)[None])
    return np.asarray(exit_waves(dot, poses, grid=grid, lens=Lens(), scattering=scattering)[0])


def modulation(wave, extent_angstrom, within=1.0):
    """The wave's Fourier coefficients up to `within` per angstrom, less the direct beam."""
    spectrum = np.fft.fft2(wave.astype(complex)) / wave.size
    keep = int(within * extent_angstrom)
    index = np.r_[0 : keep + 1, -keep:0]
    q2 = (index[:, None] ** 2 + index[None, :] ** 2) / extent_angstrom**2
    spectrum = spectrum[np.ix_(index, index)] * (q2 < within**2)
    spectrum[0, 0] -= 1
    return spectrum


def apart(one, two):
    return float(np.linalg.norm(one - two) / np.linalg.norm(two))


@pytest.mark.parametrize("rotation", [TILTED, Rotation.identity()], ids=["tilted", "on axis"])
def test_exit_waves_with_thermal_motion_agree_with_abtem(rotation, abtem_wave):
    """The same atoms, factors, displacements, grid and slices as abTEM's, within q < 1/angstrom.

    Measured 0.9 % here; 0.55 % at slices of 0.025 nm, since abTEM puts an atom wholly into one
    slice where we share it between two; 1.8 and 3.4 % at pixels of 0.014 and 0.021 nm, where
    abTEM's bilinear placing of atoms shows (ours moves by 0.2 %, see the thick slices below).
    """
    dot, box, pixels = (
        build(Cuboid.cube(2, HOST), "prototype", seed=1, ligands=HeadGroups()),
        26.88,
        384,
    )
    grid = Grid(shape=(pixels, pixels), pixel_nm=box / pixels / 10)
    scattering = Multislice(slice_angstrom=0.5)
    ours = waves_of(dot, rotation, [box / 20, box / 20, 0.0], grid, scattering)
    theirs = abtem_wave(dot, rotation, pixels, box, 0.5, scattering.thermal)
    assert apart(modulation(ours, box), modulation(theirs, box)) < 0.012


LATTICE_ANGSTROM = 10 * HOST.lattice_nm


def test_a_column_of_lead_at_rest_agrees_with_abtem_where_both_are_exact(abtem_wave):
    """Atoms without displacements, on planes and on pixels' centres of 0.007 nm: measured 0.5 %.

    Elsewhere neither is: their phases have no finest detail, so that half an atom in each of two
    planes, however near, moves the wave by 4.6 % (1.0 % with U = 0.005 square angstrom, 0.2 % with
    lead's 0.02), and atoms beside pixels' centres move ours and abTEM's by 3 to 7 %.
    """
    a, box, pixels = LATTICE_ANGSTROM, 384 * LATTICE_ANGSTROM / 84, 384
    column = Atoms("Pb4", positions=[(0.0, 0.0, z * a) for z in (-1.5, -0.5, 0.5, 1.5)])
    grid = Grid(shape=(pixels, pixels), pixel_nm=box / pixels / 10)

    def ours(slice_angstrom):
        how = Multislice(slice_angstrom=slice_angstrom, thermal=AT_REST)
        centre = [box / 20, box / 20, 0.0]
        return modulation(waves_of(column, Rotation.identity(), centre, grid, how), box)

    thin = ours(a / 8)
    theirs = abtem_wave(column, Rotation.identity(), pixels, box, 0.125, AT_REST)
    assert apart(thin, modulation(theirs, box)) < 0.01
    # Slices without atoms change nothing: float32.
    assert apart(ours(a / 2), thin) < 3e-5
    assert 0.03 < apart(ours(0.25), thin) < 0.06


BARE = [
    pytest.param(ours, theirs, rotation, id=f"{theirs} {where}")
    for ours, theirs in ((Kirkland(), "Kirkland"), (Lobato(), "Lobato"))
    for rotation, where in ((TILTED, "tilted"), (Rotation.identity(), "on axis"))
]


@pytest.mark.acceptance
@pytest.mark.parametrize(("factors", "name", "rotation"), BARE)
def test_exit_waves_of_bare_atoms_against_abtem(factors, name, rotation, abtem_wave, record_figure):
    """Atoms at rest, no damping at all: the issue's targets, by convergence.

    Refined to 0.007 nm pixels the codes agree within 2 %. On axis that holds where the lattice
    lies on planes and pixels' centres, as it can there: measured 0.9 %. In a box of 53.76
    angstrom with slices of 0.25 it is 5 %, for the reasons of the column of lead above: ours moves
    by 4 % from the planes alone, abTEM's by 4 % from the pixels. At 0.021 nm pixels and 0.2 nm
    slices our error must not exceed abTEM's, each against its own refined wave.
    """
    dot, pixels = build(Cuboid.cube(4, HOST), "mla-cs", seed=0, ligands=HeadGroups()), 768

    def ours(pixels, slice_angstrom, box):
        grid = Grid(shape=(pixels, pixels), pixel_nm=box / pixels / 10)
        how = Multislice(slice_angstrom=slice_angstrom, thermal=AT_REST, parametrization=factors)
        centre = [box / 20, box / 20, 0.0]
        return modulation(waves_of(dot, rotation, centre, grid, how), box)

    def theirs(pixels, slice_angstrom, box):
        wave = abtem_wave(dot, rotation, pixels, box, slice_angstrom, AT_REST, name)
        return modulation(wave, box)

    box, thin = 53.76, 0.25
    fine, their_fine = ours(pixels, thin, box), theirs(pixels, 0.125, box)
    error, their_error = (
        apart(ours(256, 2.0, box), fine),
        apart(theirs(256, 2.0, box), their_fine),
    )
    if rotation is not TILTED:
        box, thin = pixels * LATTICE_ANGSTROM / 84, LATTICE_ANGSTROM / 24
        fine, their_fine = ours(pixels, thin, box), theirs(pixels, 0.125, box)
    between = apart(fine, their_fine)
    what = f"exit wave of QD4 at rest, {name}, {'tilted' if rotation is TILTED else 'on axis'}"
    record_figure(f"{what}: refined, from abTEM's", f"{between:.1%}", "at most 2 %")
    record_figure(f"{what}: at 0.021 nm", f"{error:.1%}", f"at most abTEM's {their_error:.1%}")
    assert between < 0.02
    assert error <= their_error


@pytest.fixture(scope="module")
def converged():
    dot, box = build(Cuboid.cube(4, HOST), "mla-cs", seed=0, ligands=HeadGroups()), 53.76
    grid = Grid(shape=(384, 384), pixel_nm=box / 3840)
    centre = [box / 20, box / 20, 0.0]
    fine = waves_of(dot, TILTED, centre, grid, Multislice(slice_angstrom=0.25))
    return dot, box, centre, modulation(fine, box)


@pytest.mark.parametrize(("slice_angstrom", "error"), [(2.0, 0.01), (3.0, 0.012), (4.0, 0.015)])
def test_thick_slices_cost_what_the_room_says(converged, slice_angstrom, error):
    """QD4 with thermal motion on 0.021 nm pixels against 0.025 nm slices and 0.014 nm pixels.

    Measured: 0.4, 0.6, 0.8 %; the limits leave room for another seed's places.
    """
    dot, box, centre, fine = converged
    grid = Grid(shape=(256, 256), pixel_nm=box / 2560)
    coarse = waves_of(dot, TILTED, centre, grid, Multislice(slice_angstrom=slice_angstrom))
    assert apart(modulation(coarse, box), fine) < error


def test_one_atom_is_its_projected_phase():
    """A single thin slice: psi = exp(i phase) in the plane of the atom, within the band."""
    grid = Grid(shape=(128, 128), pixel_nm=0.02)
    dot, place = Atoms("C", positions=[(0.0, 0.0, 0.0)]), np.array([1.28, 1.28, 0.0])
    scattering = Multislice(thermal=Thermal(u_angstrom2={"C": 0.1}))
    wave = waves_of(dot, Rotation.identity(), place, grid, scattering)
    q = np.fft.fftfreq(128, 0.2)
    q2 = q[:, None] ** 2 + q[None, :] ** 2
    band = np.sqrt(q2) <= grid.band_limit_per_angstrom
    factor = scattering_factor_angstrom("C", np.sqrt(q2).ravel()).reshape(q2.shape)
    turn = np.exp(-2j * np.pi * 12.8 * (q[:, None] + q[None, :]))
    spectrum = factor * np.exp(-2 * np.pi**2 * 0.1 * q2) * band * turn
    phase = phase_per_scattering_angstrom(80.0) / 0.2**2 * np.fft.ifft2(spectrum).real
    expected = np.fft.ifft2(np.fft.fft2(np.exp(1j * phase)) * band)
    # float32 through three transforms.
    np.testing.assert_allclose(wave, expected, atol=3e-5)


def test_a_phase_object_is_all_atoms_in_one_plane():
    grid = Grid(shape=(96, 96), pixel_nm=0.025)
    dot = Atoms("PbBrBr", positions=[(0.0, 0.0, 3.0), (2.0, 1.0, -5.0), (-3.0, 2.0, 0.0)])
    flat = Atoms(dot.symbols, positions=dot.positions * np.array([1.0, 1.0, 0.0]))
    one = waves_of(dot, Rotation.identity(), [1.2, 1.2, 0.0], grid, PhaseObject())
    two = waves_of(flat, Rotation.identity(), [1.2, 1.2, 0.0], grid, Multislice())
    np.testing.assert_allclose(one, two, atol=3e-5)  # float32


def test_occupancy_is_the_share_of_an_atom():
    """Half an atom scatters half: thin enough, the wave's logarithm is linear in it."""
    grid = Grid(shape=(96, 96), pixel_nm=0.025)
    dot = Atoms("CPb", positions=[(0.0, 0.0, 0.0), (4.0, 0.0, 0.0)])
    place = Poses.of(Rotation.identity(), np.tile([1.2, 1.2, 0.0], (3, 1)))
    waves = exit_waves(
        dot,
        place,
        grid=grid,
        lens=Lens(),
        scattering=PhaseObject(),
        occupancy=np.array([[0.0, 0.0], [0.5, 0.0], [1.0, 0.0]]),
    )
    np.testing.assert_allclose(waves[0], 1.0, atol=1e-5)
    half, whole = (np.asarray(wave) for wave in waves[1:])
    # Carbon's phase is 0.1 rad at most: products beyond the first order are cut at the band.
    np.testing.assert_allclose(half**2, whole, atol=2e-3)
    alone = waves_of(dot[:1], Rotation.identity(), [1.2, 1.2, 0.0], grid, PhaseObject())
    np.testing.assert_allclose(whole, alone, atol=1e-5)


def test_no_electron_is_lost_within_the_band():
    """Smooth atoms scatter nothing beyond the band limit: the mean intensity stays 1."""
    dot = build(Cuboid.cube(1, HOST), "prototype", ligands=HeadGroups())
    soft = Thermal(u_angstrom2={}, otherwise_angstrom2=0.3)
    grid = Grid(shape=(144, 144), pixel_nm=0.02)
    wave = waves_of(dot, TILTED, [1.44, 1.44, 0.0], grid, Multislice(thermal=soft))
    # exp(-2 pi^2 0.3 q^2) leaves 1e-7 of the amplitude at the band limit; float32 adds 1e-5.
    assert np.mean(np.abs(wave) ** 2) == pytest.approx(1.0, abs=5e-5)


@pytest.mark.parametrize("shift_px", [(3.0, -2.0), (0.37, 0.81)])
def test_a_shifted_dot_gives_the_shifted_wave(shift_px):
    dot = build(Cuboid.cube(1, HOST), "prototype", ligands=HeadGroups())
    grid = Grid(shape=(144, 144), pixel_nm=0.02)
    here = waves_of(dot, TILTED, [1.44, 1.44, 0.0], grid, Multislice())
    dx, dy = shift_px
    there = waves_of(dot, TILTED, [1.44 + 0.02 * dx, 1.44 + 0.02 * dy, 0.0], grid, Multislice())
    f = np.fft.fftfreq(144)
    turn = np.exp(-2j * np.pi * (f[:, None] * dy + f[None, :] * dx))
    moved = np.fft.ifft2(np.fft.fft2(here - 1) * turn) + 1
    # Whole pixels: float32. Parts: what the narrowest Gaussians alias (under 4 % of the narrowest).
    limit = 1e-4 if dx == round(dx) else 0.01
    assert np.linalg.norm(there - moved) < limit * np.linalg.norm(there - 1)


def test_rotations_are_active_with_y_down_the_rows():
    """+90 degrees about z takes crystal x to frame y: down the rows of an array."""
    dot = Atoms("PbC", positions=[(6.0, 0.0, 0.0), (0.0, 0.0, 0.0)])
    grid = Grid(shape=(128, 128), pixel_nm=0.02)
    quarter = Rotation.from_euler("z", 90.0, degrees=True)
    for rotation, place in ((Rotation.identity(), (64, 94)), (quarter, (94, 64))):
        wave = waves_of(dot, rotation, [1.28, 1.28, 0.0], grid, Multislice())
        brightest = np.unravel_index(np.argmax(np.abs(np.angle(wave))), wave.shape)
        assert brightest == place


def test_waves_are_continuous_in_the_height_of_atoms():
    """An atom half-way between two planes is shared by both; nothing jumps as it passes."""
    grid = Grid(shape=(96, 96), pixel_nm=0.025)

    def wave(z):
        dot = Atoms("PbCC", positions=[(0.0, 0.0, z), (4.0, 0.0, 5.0), (-4.0, 0.0, -5.0)])
        return waves_of(dot, Rotation.identity(), [1.2, 1.2, 0.0], grid, Multislice())

    scale = np.linalg.norm(wave(0.0) - 1)
    steps = [np.linalg.norm(wave(z + 0.01) - wave(z)) for z in np.arange(-2.0, 2.0, 0.25)]
    # Fresnel: at q = 1 per angstrom 0.01 angstrom turns the wave by 1.3 mrad.
    assert max(steps) < 2e-3 * scale


@pytest.mark.parametrize("scattering", [Multislice(), PhaseObject()])
def test_rooms_for_the_given_poses_change_nothing(scattering):
    dot = build(Cuboid.cube(2, HOST), "prototype", seed=2, ligands=HeadGroups())
    grid = Grid(shape=(128, 128), pixel_nm=0.021)
    rotations = Rotation.random(3, rng=np.random.default_rng(0)).as_matrix()
    how = passage(scattering, Lens(), grid)
    snug = specimen(dot, scattering, grid, rotations=rotations)
    roomy = specimen(dot, scattering, grid)
    assert scattering == PhaseObject() or sum(snug.rooms) < sum(roomy.rooms)
    shift = jnp.array([13.0, 13.4, 1.0])
    for rotation in jnp.asarray(rotations, dtype=jnp.float32):
        one, two = (WAVE(atoms, rotation, shift, how, grid.shape) for atoms in (snug, roomy))
        np.testing.assert_allclose(one, two, atol=3e-5)  # float32


def test_a_slice_without_room_spoils_the_wave_rather_than_losing_atoms():
    dot = build(Cuboid.cube(2, HOST), "prototype", seed=2, ligands=HeadGroups())
    grid = Grid(shape=(128, 128), pixel_nm=0.021)
    how, shift = passage(Multislice(), Lens(), grid), jnp.array([13.0, 13.0, 0.0])
    tilted = TILTED.as_matrix()[None]
    atoms = specimen(dot, Multislice(), grid, rotations=tilted)
    # Seen along an edge, whole layers of the lattice share a slice.
    wave = WAVE(atoms, jnp.eye(3), shift, how, grid.shape)
    assert np.isnan(np.asarray(wave)).all()
    flat = specimen(dot, Multislice(), grid, rotations=np.eye(3)[None])
    wave = WAVE(flat, jnp.asarray(tilted[0], dtype=jnp.float32), shift, how, grid.shape)
    assert np.isnan(np.asarray(wave)).all()


def test_dots_in_common_shapes_give_their_own_waves():
    grid = Grid(shape=(128, 128), pixel_nm=0.021)
    dots = [
        build(Cuboid.cube(n, HOST), compound, ligands=HeadGroups())
        for n, compound in ((1, "prototype"), (3, "mla-cs"))
    ]
    tilted = TILTED.as_matrix()
    shared = specimens(dots, Multislice(), grid, rotations=[tilted[None]] * 2)
    assert jax.tree.structure(shared[0]) == jax.tree.structure(shared[1])
    how, shift = passage(Multislice(), Lens(), grid), jnp.array([13.0, 13.0, 0.0])
    for dot, atoms in zip(dots, shared, strict=True):
        one = WAVE(atoms, jnp.asarray(tilted, dtype=jnp.float32), shift, how, grid.shape)
        two = waves_of(dot, TILTED, [1.3, 1.3, 0.0], grid, Multislice())
        np.testing.assert_allclose(one, two, atol=3e-5)  # float32


def test_a_displacement_with_a_direction_smears_along_it():
    """exp(-2 pi^2 q.U.q): a tensor against the same smear as a mean over displaced atoms."""
    grid = Grid(shape=(96, 96), pixel_nm=0.025)
    dot = Atoms("Br", positions=[(0.0, 0.0, 0.0)])
    how, shift = passage(PhaseObject(), Lens(), grid), jnp.array([12.0, 12.0, 0.0])
    axis = np.array([1.0, 2.0, 2.0]) / 3
    plain = specimen(dot, PhaseObject(), grid)
    smeared = replace(
        plain,
        tensors=jnp.asarray(0.05 * np.outer(axis, axis)[None], dtype=jnp.float32),
        anisotropic=(True,),
    )
    turn = jnp.asarray(TILTED.as_matrix(), dtype=jnp.float32)
    phase = jnp.angle(WAVE(smeared, turn, shift, how, grid.shape))
    nodes, weights = np.polynomial.hermite_e.hermegauss(9)
    along = (np.sqrt(0.05) * nodes)[:, None] * (TILTED.as_matrix() @ axis)
    waves = [
        jnp.angle(WAVE(plain, turn, shift + step.astype(np.float32), how, grid.shape))
        for step in along * np.array([1.0, 1.0, 0.0])
    ]
    mean = np.tensordot(weights / weights.sum(), np.array(waves), axes=1)
    # The angle of a band-limited wave is its phase up to what the band cuts off.
    assert np.abs(np.asarray(phase) - mean).max() < 0.02 * np.abs(mean).max()


PARAMETERS = {
    "rotation": np.zeros(3),
    "shift": np.zeros(3),
    "occupancy": np.zeros(3),
    "extra_u": np.full(3, 0.02),
    "strain": np.zeros((3, 3)),
}


@pytest.mark.parametrize("name", PARAMETERS)
def test_gradients_agree_with_finite_differences(name):
    """Float64, central differences: 1e-5 of the gradient's size (the issue's figure).

    The lens's own numbers: tests/microscope/test_optics.
    """
    with jax.enable_x64(True):
        grid = Grid(shape=(48, 48), pixel_nm=0.035)
        dot = Atoms("PbBrCs", positions=[(0.3, 0.1, 0.7), (2.6, -1.1, 1.9), (-2.3, 2.0, -2.2)])
        scattering = Multislice(slice_angstrom=2.0)
        atoms = specimen(dot, scattering, grid, dtype=np.float64)
        how = passage(scattering, Lens(), grid)
        optics = aberrations(Lens(defocus_nm=5.0))
        rotation = jnp.asarray(TILTED.as_matrix())
        weights = jnp.asarray(np.random.default_rng(5).normal(size=grid.shape))

        def image_sum(values):
            given = {**{key: jnp.asarray(zero) for key, zero in PARAMETERS.items()}, name: values}
            turn = jax.scipy.linalg.expm(jnp.cross(jnp.eye(3), -given["rotation"]))
            held = (
                atoms.with_occupancy(1.0 + given["occupancy"])
                .with_extra_u(given["extra_u"])
                .stretched(jnp.eye(3) + given["strain"])
            )
            shift = jnp.array([8.4, 8.1, 0.3]) + given["shift"]
            spectrum = exit_spectrum(held, turn @ rotation, shift, how, grid.shape)
            seen = jnp.fft.ifft2(spectrum * transfer(optics, how.pixel, grid.shape))
            image = blurred(jnp.abs(seen) ** 2, optics.vibration, how.pixel)
            return jnp.sum(weights * image)

        start = jnp.asarray(PARAMETERS[name])
        gradient = np.asarray(jax.grad(image_sum)(start)).ravel()
        compiled = jax.jit(image_sum)
        for index in range(start.size):
            step = 1e-5
            nudge = np.zeros(start.size)
            nudge[index] = step
            nudge = nudge.reshape(start.shape)
            # Richardson's two steps: the error is of fourth order in the step.
            near, far = (
                float(compiled(start + factor * nudge) - compiled(start - factor * nudge))
                / (2 * factor * step)
                for factor in (1.0, 2.0)
            )
            found = (4 * near - far) / 3
            size = max(np.abs(gradient).max(), 1e-12)
            assert abs(gradient[index] - found) < 1e-5 * max(abs(found), 1e-3 * size)
