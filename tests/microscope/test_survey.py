"""Survey images: dots where the truth says, apart, and darker than the film."""

import math

import numpy as np
import pytest

from cinedot.core import InputError
from cinedot.core.tables import table_columns, write_table
from cinedot.microscope import place_dots, simulate_survey
from cinedot.particle import host_named

HOST = host_named("CsPbBr3")


@pytest.fixture(scope="module")
def dots():
    return place_dots([3, 4, 5], host=HOST, shape=(160, 160), pixel_nm=0.1, seed=4)


@pytest.fixture(scope="module")
def survey(dots):
    return simulate_survey(dots, shape=(160, 160), seed=5, name="s.tif")


@pytest.mark.parametrize("seed", range(4))
def test_dots_keep_their_distance_and_face_the_beam(seed):
    dots = place_dots([4] * 30 + [3, 5, 6], host=HOST, seed=seed)
    radius = [dot.atoms.info["edges"][0] * 0.587 / math.sqrt(2) for dot in dots]
    for i, one in enumerate(dots):
        for j, two in enumerate(dots[:i]):
            apart = math.hypot(one.x_nm - two.x_nm, one.y_nm - two.y_nm)
            assert apart >= radius[i] + radius[j] + 1.5
        assert one.rotation.as_matrix()[2, 2] >= math.cos(math.radians(6.0)) - 1e-12
        assert radius[i] < min(one.x_nm, one.y_nm)
        assert max(one.x_nm, one.y_nm) < 51.2 - radius[i]


def test_too_many_dots_are_refused():
    with pytest.raises(InputError, match="do not fit"):
        place_dots([6] * 40, host=HOST, shape=(128, 128))


def test_the_truth_has_the_columns_of_the_contract(survey, dots, tmp_path):
    rows = survey.truth["particles"]
    assert list(rows.columns) == [column[0] for column in table_columns()["particles"]]
    write_table("particles", rows, tmp_path / "p.parquet")
    assert rows["n"].tolist() == [3, 4, 5]
    np.testing.assert_allclose(rows["edge_nm"], [1.761, 2.348, 2.935])
    np.testing.assert_allclose(rows["x_nm"], [dot.x_nm for dot in dots])
    assert rows["angle_deg"].between(0, 90).all()


def test_the_image_is_a_record_in_camera_units(survey):
    assert survey.image.data.shape == (160, 160)
    assert survey.image.pixel_nm == pytest.approx(0.1)
    assert np.all(survey.image.data == np.rint(survey.image.data))
    assert survey.expected.mean() == pytest.approx(1000, rel=0.05)


def test_dots_are_darker_and_stronger_than_the_film(survey):
    y, x = np.indices(survey.expected.shape) * 0.1
    near = np.zeros(x.shape, dtype=bool)
    inside = near.copy()
    for row in survey.truth["particles"].itertuples():
        away = np.hypot(x - row.x_nm, y - row.y_nm)
        near |= away < row.edge_nm
        inside |= away < row.edge_nm / 2
    assert survey.expected[inside].mean() < 0.98 * survey.expected[~near].mean()
    assert survey.expected[inside].std() > 1.5 * survey.expected[~near].std()


def test_fringes_of_the_lattice_stand_out_of_a_dot(survey):
    """The Fourier power at 1/0.587 nm along a dot's own axes is that of no other direction."""
    row = survey.truth["particles"].iloc[2]
    y, x = np.indices(survey.expected.shape) * 0.1
    dx, dy = x - row["x_nm"], y - row["y_nm"]
    window = np.exp(-(dx**2 + dy**2) / (2 * 0.8**2))
    contrast = (survey.expected / survey.expected.mean() - 1) * window

    def strength(angle_deg, spacing_nm):
        c, s = math.cos(math.radians(angle_deg)), math.sin(math.radians(angle_deg))
        return abs((contrast * np.exp(2j * np.pi * (c * dx + s * dy) / spacing_nm)).sum())

    axes = [strength(row["angle_deg"] + 90 * k, 0.587) for k in (0, 1)]
    diagonals = [strength(row["angle_deg"] + 45 + 90 * k, 0.415) for k in (0, 1)]
    between = [strength(row["angle_deg"] + a, 0.587) for a in (45, 135)]
    assert np.mean(axes) > 2 * np.mean(between)
    assert np.mean(diagonals) > 2 * np.mean(between)


def test_a_seed_decides(dots, survey):
    again = simulate_survey(dots, shape=(160, 160), seed=5)
    np.testing.assert_array_equal(again.image.data, survey.image.data)


def test_an_empty_film_has_no_particles():
    empty = simulate_survey([], shape=(64, 64), seed=1)
    assert len(empty.truth["particles"]) == 0
    assert empty.expected.std() > 0


def test_a_field_smaller_than_a_dot_is_refused(dots):
    with pytest.raises(InputError, match="largest dot"):
        simulate_survey(dots, shape=(16, 16))
