"""One missing bromine against the noise of counting: science.md 8.4, issue 4."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats
from scipy.spatial.transform import Rotation

from cinedot.microscope import (
    Exposure,
    Grid,
    Lens,
    Poses,
    Thermal,
    exit_waves,
    expected_counts,
    intensities,
    sample_counts,
)
from cinedot.microscope.lens import aberrations, blurred, transfer
from cinedot.particle import Cuboid, HeadGroups, build, host_named

BOX = 53.76
GRID = Grid(shape=(256, 256), pixel_nm=BOX / 2560)
# The lens; vibration as in science.md 8.4.
LENS = Lens(defocus_nm=5.0, focal_spread_nm=4.24, vibration_pm=30.0)
EXPOSURE = Exposure(dose_rate_e_per_nm2_s=2.1e7, frame_s=0.02, pixel_nm=GRID.pixel_nm)
DOSE_E_PER_NM2 = 4.2e5
# Frames counted in one go; more would not fit the memory.
TOGETHER = 5000


@pytest.fixture(scope="module")
def dot():
    return build(Cuboid.cube(4, host_named("CsPbBr3")), "mla-cs", ligands=HeadGroups())


def corner_bromine(dot):
    corners = np.flatnonzero(dot.arrays["site_kind"] == "terminal-corner")
    return int(corners[dot.numbers[corners] == 35][0])


def with_and_without(dot, turns):
    """Images of the whole dot and of the dot that lacks one bromine at a corner."""
    present = np.ones((2, len(turns), len(dot)))
    present[1, :, corner_bromine(dot)] = 0.0
    poses = Poses.of(turns, np.tile([BOX / 20, BOX / 20, 0.0], (len(turns), 1)))
    return tuple(
        np.asarray(
            intensities(
                exit_waves(dot, poses, grid=GRID, lens=LENS, occupancy=occupancy), LENS, GRID
            )
        )
        for occupancy in present
    )


def visibility(whole, lacking):
    """The matched filter's signal over its noise, from the mean images alone."""
    electrons = DOSE_E_PER_NM2 * GRID.pixel_nm**2
    return np.sqrt(electrons * ((whole - lacking) ** 2 / whole).sum(axis=(-2, -1)))


def around_the_change(whole, lacking, side=16):
    """A window about the largest change [1, y, x]; no more of the image is counted."""
    row, column = np.unravel_index(np.argmax(np.abs(whole - lacking)), whole.shape)
    window = np.s_[None, row - side // 2 : row + side // 2, column - side // 2 : column + side // 2]
    return whole[window], lacking[window]


def counted(mean, template, frames, key):
    """What the filter makes of each of many frames of counts with these means."""
    pieces = [
        sample_counts(jnp.broadcast_to(mean, (TOGETHER, *mean.shape[1:])), own)
        for own in jax.random.split(key, frames // TOGETHER)
    ]
    return np.concatenate([np.tensordot(piece, template, axes=2) for piece in pieces])


@pytest.mark.parametrize(
    "frames", [10_000, pytest.param(300_000, marks=pytest.mark.acceptance, id="all")]
)
def test_visibility_counted_goes_with_the_root_of_dose(dot, frames, request):
    """Frames of 5, 20 and 80 ms, filtered: the stated signal over noise times 1/2, 1 and 2.

    The limit is the law of chance's alone: of a variance by chi-square, of a mean by Gauss. With
    300,000 frames they make 0.9 %, below the issue's 1 %; with 10,000 5 %.
    """
    seed = np.random.SeedSequence().entropy % 2**31
    print("seed", seed)
    turn = Rotation.from_euler("xyz", [23.0, 31.0, 17.0], degrees=True)
    whole, lacking = with_and_without(dot, Rotation.concatenate([turn]))
    whole, lacking = around_the_change(whole[0], lacking[0])
    grid = Grid(shape=whole.shape[1:], pixel_nm=GRID.pixel_nm)
    stated = visibility(whole, lacking)[0]
    off = {}
    for number, frame_s in enumerate((0.005, 0.02, 0.08)):
        exposure = Exposure(dose_rate_e_per_nm2_s=2.1e7, frame_s=frame_s, pixel_nm=GRID.pixel_nm)
        one, two = (
            expected_counts(jnp.asarray(image), exposure, grid) for image in (whole, lacking)
        )
        template = np.asarray((one - two) / one)[0]
        keys = jax.random.split(jax.random.key(seed + number))
        there, gone = (
            counted(mean, template, frames, key) for mean, key in zip((one, two), keys, strict=True)
        )
        root = np.sqrt(frame_s / 0.02)
        off[frame_s] = (there.mean() - gone.mean()) / there.std() / (root * stated) - 1
        # Three exposures, two tails; half of each share for the spread, half for the means.
        rare = 1e-6 / 12
        spread = 1 - np.sqrt(stats.chi2.ppf(rare, frames - 1) / (frames - 1))
        means = stats.norm.isf(rare) * np.sqrt(2.05 / frames) / (root * stated)
        assert abs(off[frame_s]) < 1.02 * (spread + means)
    if frames >= 300_000:
        assert spread + means < 0.01
        worst = max(abs(share) for share in off.values())
        request.getfixturevalue("record_figure")(
            "one Br off a corner, counted: SNR over root of dose", f"{worst:.2%} off", "1 %"
        )


@pytest.mark.acceptance
def test_one_missing_bromine_shows(dot, abtem_wave, record_figure):
    """Issue 4: signal-to-noise 7 to 14 over 20 poses, within 5 % of abTEM's images.

    What decides is how high the bromine sits: 1.6 nm nearer to the gun than the dot's centre it
    is 3.4 nm under focus instead of 5, where science.md 8.4 has 5.7 to 6.8. Of 400 random poses
    98 % are within 7 to 14, so that all of 20 are in two runs of three only.
    """
    seed = np.random.SeedSequence().entropy
    print("seed", seed)
    turns = Rotation.random(400, rng=np.random.default_rng(seed))
    found = np.concatenate(
        [visibility(*with_and_without(dot, turns[at : at + 50])) for at in range(0, 400, 50)]
    )
    inside = int(((found >= 7) & (found <= 14)).sum())
    record_figure(
        "one Br off a corner, 400 poses: SNR", f"{found.min():.1f} to {found.max():.1f}", "7 to 14"
    )
    record_figure("the same: share within 7 to 14", f"{inside / 400:.1%}", "all of 20 poses")
    # 98.3 % measured; 97 % would come out below this once in a million.
    assert inside >= stats.binom.ppf(1e-6, 400, 0.97)
    height = (turns.as_matrix() @ dot.positions[corner_bromine(dot)])[:, 2]
    # Measured 0.93; Fisher's z of 400 poses has a standard deviation of 0.05: five of them.
    assert stats.spearmanr(height, found)[0] > 0.88

    gone = corner_bromine(dot)
    fewer = dot[np.arange(len(dot)) != gone]
    optics = aberrations(LENS)
    through = np.asarray(transfer(optics, GRID.pixel_angstrom, GRID.shape))

    def abtem_image(one, turn):
        wave = abtem_wave(one, turn, 256, BOX, 1.0, Thermal())
        seen = np.abs(np.fft.ifft2(np.fft.fft2(wave) * through)) ** 2
        image = blurred(jnp.asarray(seen, dtype=jnp.float32), optics.vibration, GRID.pixel_angstrom)
        return np.asarray(image)

    theirs = [visibility(abtem_image(dot, turn), abtem_image(fewer, turn)) for turn in turns[:20]]
    total = np.sqrt((found[:20] ** 2).sum() / np.square(theirs).sum())
    record_figure("the same, against abTEM's images", f"{total:.3f}", "within 5 %")
    assert abs(total - 1) < 0.05
