"""What frames share: derivatives against differences, tilts against the particle's own."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from cinedot.micrographs.pose.camera import model_camera
from cinedot.micrographs.pose.models import average_dot
from cinedot.micrographs.pose.movable_atoms import tilt_modes
from cinedot.micrographs.pose.shared import SharedViews, shared_views
from cinedot.micrographs.pose.shared_state import SHARED_PARAMETERS, SharedState, shared_prior_sigma
from cinedot.micrographs.pose.views import Views, views_of
from cinedot.microscope import Lens
from cinedot.particle import Cuboid, Distortion, Strain, Tilts, build, host_named

HOST = host_named("CsPbBr3")
PLACE, DEFOCUS = np.array([0.013, -0.021]), 6.0


@pytest.fixture(scope="module")
def views() -> Views:
    model = average_dot(Cuboid.cube(2, HOST), "prototype")
    return views_of(model, model_camera(0.06, Lens(), radius_nm=model.radius_nm))


@pytest.fixture(scope="module")
def shared(views: Views) -> SharedViews:
    return shared_views(views)


@pytest.fixture(scope="module")
def turned() -> np.ndarray:
    return Rotation.random(random_state=np.random.default_rng()).as_matrix()


def test_what_is_as_stated_is_what_views_show(views, shared, turned):
    state = SharedState.nominal(views.camera)
    occupancy = views.model.occupancy
    found = shared.changes_from(turned, PLACE, DEFOCUS, state, occupancy)
    known = views.sensitivities(turned[None], PLACE[None], np.array([DEFOCUS]))[0]
    largest = np.abs(known).max(axis=(1, 2), keepdims=True)
    # Rounding of single precision alone: 4e-6 was the most of ten orientations.
    assert (np.abs(found[:7] - known) <= 1e-4 * largest).all()
    held = shared.views_of_pose(turned, PLACE, DEFOCUS, state, occupancy)
    assert held == pytest.approx(found[:7], abs=1e-4 * float(largest.max()))
    image = shared.seen_from(turned, PLACE, DEFOCUS, state, occupancy)
    assert image == pytest.approx(found[0], abs=1e-5)


STEPS = dict.fromkeys(SHARED_PARAMETERS, 2e-3)
STEPS |= {name: 5e-3 for name in SHARED_PARAMETERS if name.startswith("tilt")}
STEPS |= {"displacement": 0.05, "focal_spread_nm": 0.2, "image_spread_nm2": 1e-4}
STEPS |= {name: 0.3 for name in SHARED_PARAMETERS if name.startswith("astigmatism")}
STEPS |= {name: 3.0 for name in SHARED_PARAMETERS if name.startswith("coma")}


def test_derivatives_are_those_of_differences(shared, turned):
    state = SharedState.nominal(shared.camera)
    occupancy = shared.model.occupancy
    found = shared.changes_from(turned, PLACE, DEFOCUS, state, occupancy)[7:]

    def seen(values):
        return shared.seen_from(turned, PLACE, DEFOCUS, SharedState(values=values), occupancy)

    for index, name in enumerate(SHARED_PARAMETERS):
        step = np.zeros(len(SHARED_PARAMETERS))
        step[index] = STEPS[name]
        known = (seen(state.values + step) - seen(state.values - step)) / (2 * STEPS[name])
        # Third order of the step and single precision: 0.3 % was the most of QD4's.
        assert np.abs(found[index] - known).max() < 0.03 * np.abs(known).max(), name


def test_small_tilts_are_those_of_the_particle():
    cuboid = Cuboid.cube(3, HOST)
    model = average_dot(cuboid, "prototype")
    modes = tilt_modes(cuboid, model.atoms)
    for symbol, column in (("a0a0c+", 4), ("a0a0c-", 5), ("a+b0b0", 0), ("a-b0b0", 1)):
        angles = (0.0, 0.0, 0.3) if column > 1 else (0.3, 0.0, 0.0)
        tilts = Tilts.glazer(symbol, angles_deg=angles)
        bent = build(cuboid, "prototype", 0, distortion=Distortion(tilts=tilts, strain=Strain()))
        straight = build(cuboid, "prototype", 0)
        moved = bent.positions - straight.positions
        of_site = dict(zip(np.asarray(bent.arrays["site"]).tolist(), moved, strict=True))
        own = np.asarray(model.atoms.arrays["host"]) == 1
        here = np.array([of_site.get(int(site), np.zeros(3)) for site in model.site])
        kept = own & np.isin(model.site, list(of_site))
        expected = np.radians(0.3) * modes[kept, column]
        # The second order of 0.3 degrees: 2.9 angstrom x 1.4e-5.
        assert here[kept] == pytest.approx(expected, abs=2e-4), symbol


def test_spreads_stay_positive_and_priors_are_finite(shared):
    state = SharedState.nominal(shared.camera)
    far = state.moved(np.full(len(SHARED_PARAMETERS), -100.0))
    assert far["focal_spread_nm"] > 0
    assert far["image_spread_nm2"] > 0
    assert (shared_prior_sigma() > 0).all()
    assert np.isfinite(shared_prior_sigma()).all()


def test_a_stated_astigmatism_is_where_the_fit_begins():
    lens = Lens(astigmatism_nm=2.0, astigmatism_angle_deg=45.0, coma_nm=10.0, coma_angle_deg=90.0)
    state = SharedState.nominal(model_camera(0.06, lens, radius_nm=1.0))
    assert state["astigmatism_x_nm"] == pytest.approx(0.0, abs=1e-12)
    assert state["astigmatism_y_nm"] == pytest.approx(2.0)
    assert state["coma_y_nm"] == pytest.approx(10.0)
    assert state["image_spread_nm2"] == pytest.approx(9e-4)
