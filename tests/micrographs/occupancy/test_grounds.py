"""What stands still is told from what moves by what the mean of the frames keeps."""

import numpy as np
import pytest
import scipy.ndimage

from cinedot.core import AnalysisError
from cinedot.micrographs.occupancy.grounds import split_noise, wider_support
from cinedot.micrographs.pose.regions import GroundRegions
from cinedot.micrographs.pose.whitening import NoiseSpectrum, white_noise

SIDE, FRAMES, TILE = 160, 8, 16


def fresh() -> np.random.Generator:
    seed = int(np.random.SeedSequence().generate_state(1)[0])
    print("seed", seed)
    return np.random.default_rng(seed)


def whole() -> GroundRegions:
    share = np.ones((1, SIDE, SIDE), dtype=np.float32)
    return GroundRegions(share=share, noise=(white_noise(0.01),))


def mean_power(noise: NoiseSpectrum) -> float:
    return float(noise.at(np.linspace(0.15, 0.45, 50)).mean())


def test_both_parts_have_their_power():
    rng = fresh()
    ground = np.ones((SIDE, SIDE), dtype=bool)
    still = rng.normal(0, 0.2, (SIDE, SIDE))
    frames = (still + rng.normal(0, 0.1, (FRAMES, SIDE, SIDE))).astype(np.float32)
    (found,) = split_noise(frames, whole(), ground, tile_px=TILE)
    # 160^2 numbers of one draw of what stands still, eight of what moves: a few percent of the
    # power, which white noise spreads evenly.
    assert mean_power(found.moving) == pytest.approx(0.01, rel=0.15)
    assert mean_power(found.steady) == pytest.approx(0.04, rel=0.15)


def test_over_vacuum_nothing_stands_still():
    rng = fresh()
    ground = np.ones((SIDE, SIDE), dtype=bool)
    frames = rng.normal(0, 0.1, (FRAMES, SIDE, SIDE)).astype(np.float32)
    (found,) = split_noise(frames, whole(), ground, tile_px=TILE)
    assert mean_power(found.moving) == pytest.approx(0.01, rel=0.15)
    assert mean_power(found.steady) < 0.05 * mean_power(found.moving)


def test_one_frame_tells_nothing():
    frame = np.zeros((1, SIDE, SIDE), dtype=np.float32)
    with pytest.raises(AnalysisError, match="one frame"):
        split_noise(frame, whole(), np.ones((SIDE, SIDE), dtype=bool), tile_px=TILE)


def test_supports_reach_further_and_shares_add_up():
    support = np.zeros((SIDE, SIDE), dtype=np.float32)
    support[:, :80] = 1.0
    support = scipy.ndimage.gaussian_filter(support, 2.0)
    regions = GroundRegions(
        share=np.stack([1 - support, support]), noise=(white_noise(0.01), white_noise(0.1))
    )
    wider = wider_support(regions, 0.05)
    assert wider.share.sum(axis=0) == pytest.approx(1.0)
    assert (wider.share[1] >= support - 0.03).all()
    # Half a nanometre is ten pixels: a few pixels past the edge all is support.
    assert wider.share[1][80, 83] > 0.99
    assert wider.share[1][80, 97] < 0.01
    alone = whole()
    assert wider_support(alone, 0.05) is alone
