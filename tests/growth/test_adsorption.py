"""Adsorption: Gibbs' and Langmuir's laws in one, and the paper's Fig. 2 as the model has it."""

import doctest
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cinedot.core import InputError
from cinedot.growth import (
    CoveredFace,
    acid_named,
    acids,
    coverage,
    covered_energy,
    expected_shape,
    face_energies,
    seen_faces,
    shapes_figure,
    wulff_shape,
)

KT = 1.380649e-23 * 293.15
faces = st.builds(
    CoveredFace,
    bare_j_per_m2=st.floats(0.1, 0.5),
    sites_per_nm2=st.floats(0.1, 3.0),
    affinity_per_mm=st.floats(0.001, 10),
)


@given(face=faces, amount=st.floats(0.01, 200))
def test_the_energy_falls_as_gibbs_says(face, amount):
    """-d gamma / d ln c = kT times what is adsorbed, which is Langmuir's."""
    step = 1e-4
    high, low = (covered_energy(face, amount * math.exp(sign * step)) for sign in (1, -1))
    adsorbed = face.sites_per_nm2 * 1e18 * coverage(face, amount)
    # Central differences: step^2/24 of the slope, and rounding of the energy over the step.
    expected = KT * adsorbed
    assert -(high - low) / (2 * step) == pytest.approx(expected, rel=1e-6, abs=1e-11)


@given(face=faces)
def test_without_acid_nothing_changes_and_more_acid_costs_less(face):
    assert covered_energy(face, 0.0) == face.bare_j_per_m2
    amounts = np.geomspace(0.01, 200, 30)
    assert (np.diff(covered_energy(face, amounts)) < 0).all()
    assert (np.diff(coverage(face, amounts)) > 0).all()
    half = coverage(face, 1 / face.affinity_per_mm)
    assert half == pytest.approx(0.5)


def test_in_closed_form():
    face = CoveredFace(bare_j_per_m2=0.05, sites_per_nm2=2.0, affinity_per_mm=1.3)
    wanted = 0.05 - KT * 2e18 * math.log(1 + 1.3 * 20)
    assert covered_energy(face, 20.0) == pytest.approx(wanted, rel=1e-12)
    warm = covered_energy(face, 20.0, temperature_k=1.2 * 293.15)
    assert 0.05 - warm == pytest.approx(1.2 * (0.05 - wanted), rel=1e-12)


def test_the_paper_s_figure_in_the_model_s_words():
    """A regression of estimated numbers: they were chosen for this, and prove nothing."""
    malic = acid_named("malic acid")
    for equivalents in (0.5, 1.0, 4.0):
        energies = face_energies(malic, 40.0 * equivalents)
        assert energies[1, 1, 0] / energies[1, 0, 0] >= math.sqrt(2)
        assert len(expected_shape(malic, equivalents).vertices) == 8
    assert expected_shape(malic, 0.0).area_fraction((1, 0, 0)) < 0.01
    for name in ("lactic acid", "succinic acid", "oleic acid"):
        assert expected_shape(acid_named(name), 0.5).area_fraction((1, 0, 0)) < 0.5
    fused = {name: acid.fused for name, acid in acids().items()}
    assert fused["malic acid"] < fused["lactic acid"] < fused["oleic acid"]


def test_a_picture_shows_half_of_the_sphere():
    shape = wulff_shape({(1, 0, 0): 1.0, (1, 1, 0): 1.1, (1, 1, 1): 1.2})
    for view in ((9, 4, 3), (1, 0, 0), (1, 1, 1)):
        # Seen from one side and the other, the areas of what is seen are the silhouette's.
        both = [seen_faces(shape, tuple(sign * one for one in view)) for sign in (1, -1)]
        outline = shape.silhouette(view)
        from scipy.spatial import ConvexHull

        for seen in both:
            area = sum(ConvexHull(face.corners).volume for face in seen)
            assert area == pytest.approx(ConvexHull(outline).volume, rel=1e-9)
            assert all(0 < face.light <= 1 + 1e-12 for face in seen)
            assert all(len(face.colour) == 7 for face in seen)


def test_the_picture_is_drawn(tmp_path: Path):
    figure = shapes_figure(
        {f"{x:g} equiv": expected_shape(acid_named("malic acid"), x) for x in (0.0, 0.2, 0.5)}
    )
    figure.savefig(tmp_path / "shapes.png")
    assert (tmp_path / "shapes.png").stat().st_size > 5000
    assert [len(axes.patches) for axes in figure.axes][2] == 3
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["{100}", "{110}"]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: acid_named("malic"), "malic acid"),
        (lambda: expected_shape(acid_named("malic acid"), -1.0), "equivalents"),
        (lambda: expected_shape(acid_named("malic acid"), 1e4), "J/m2"),
        (lambda: face_energies(acid_named("malic acid"), math.nan), "concentration_mm"),
        (
            lambda: CoveredFace(bare_j_per_m2=0.0, sites_per_nm2=1.0, affinity_per_mm=1.0),
            "bare_j_per_m2",
        ),
        (
            lambda: CoveredFace(bare_j_per_m2=1.0, sites_per_nm2=-1.0, affinity_per_mm=1.0),
            "sites_per_nm2",
        ),
    ],
)
def test_bad_numbers_are_refused_by_name(call, words):
    with pytest.raises(InputError, match=words):
        call()


def test_the_page_s_examples_run():
    page = Path(__file__).parents[2] / "docs" / "growth.md"
    assert doctest.testfile(str(page), module_relative=False).failed == 0
