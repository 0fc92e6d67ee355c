"""What tests of poses share: small dots before a coarse camera, so that little is compiled."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from cinedot.micrographs.pose import Patch, average_dot, candidates, model_camera, views_of
from cinedot.micrographs.pose.whitening import white_noise, whitening
from cinedot.microscope import Lens
from cinedot.particle import Cuboid, host_named

HOST = host_named("CsPbBr3")
PIXEL_NM = 0.084
DOSE_E_PER_NM2 = 2.45e7 * 0.02


@pytest.fixture
def rng():
    """Chance of this test's own, printed so that a failure can be had again."""
    seed = np.random.SeedSequence().entropy
    print("seed", seed)
    return np.random.default_rng(seed)


def views_at(model, pixel_nm=PIXEL_NM, lens=None):
    return views_of(model, model_camera(pixel_nm, lens or Lens(), radius_nm=model.radius_nm))


@pytest.fixture(scope="session")
def dose():
    """Electrons per nm2 in a frame of the movies."""
    return DOSE_E_PER_NM2


@pytest.fixture(scope="session")
def make_views():
    """Views of a model: pixels of 0.084 nm and the default lens, unless told otherwise."""
    return views_at


@pytest.fixture(scope="session")
def qd2():
    """Views of 2 x 2 x 2, 0.084 nm pixels."""
    return views_at(average_dot(Cuboid.cube(2, HOST), "prototype"))


@pytest.fixture(scope="session")
def qd4():
    """Views of the paper's dot, 0.042 nm pixels, with the lens of science.md 8.4."""
    lens = Lens(defocus_nm=5.0, focal_spread_nm=4.24)
    return views_at(average_dot(Cuboid.cube(4, HOST), "mla-cs"), 0.042, lens)


@pytest.fixture(scope="session")
def counted():
    """Patches of views as an ideal camera counts them: contrast, with the whitening for it."""

    def contrast_of(views, image, rng, dose=DOSE_E_PER_NM2):
        electrons = dose * views.camera.pixel_nm**2
        counts = rng.poisson(np.maximum(image, 0) * electrons)
        return (counts / electrons - 1).astype(np.float32)

    def white(views, dose=DOSE_E_PER_NM2):
        camera = views.camera
        noise = white_noise(1 / (dose * camera.pixel_nm**2))
        return whitening(camera.side, camera.pixel_nm, views.model.radius_nm, [(None, noise)])

    return contrast_of, white


@pytest.fixture(scope="session")
def poses_of():
    """So many random poses: rotations, places (nm), defoci (nm)."""

    def some(count, rng):
        return (
            Rotation.random(count, random_state=rng).as_matrix(),
            rng.uniform(-0.15, 0.15, (count, 2)),
            rng.uniform(4.0, 9.0, count),
        )

    return some


@pytest.fixture(scope="session")
def candidate(qd2):
    """2 x 2 x 2, ready to be searched for."""
    return candidates([qd2.model], Lens(), PIXEL_NM, spacing_deg=4.0)[0]


@pytest.fixture(scope="session")
def patch_of():
    """A patch that an ideal camera counted, over vacuum."""

    def patch(image, rng, x_nm=0.0, y_nm=0.0, dose=DOSE_E_PER_NM2):
        electrons = dose * PIXEL_NM**2
        counts = rng.poisson(np.maximum(image, 0) * electrons)
        return Patch(
            contrast=(counts / electrons - 1).astype(np.float32),
            x_nm=x_nm,
            y_nm=y_nm,
            regions=((np.ones(image.shape, dtype=np.float32), white_noise(1 / electrons)),),
        )

    return patch
