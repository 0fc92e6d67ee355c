"""Sizes from light against sizes from images, and colours in the dossier."""

import json
import tomllib
from pathlib import Path

import numpy as np
import pytest

from cinedot.core import Estimate
from cinedot.dossier.checks import cross_checks
from cinedot.dossier.findings import Findings, SectionOutcome
from cinedot.dossier.sections.emission_colour import colour_panel
from cinedot.spectroscopy import Colour

FITTED = "size from emission by box, finite walls fitted to n = 4 at 453 nm, L = n a"
EDGE = "size from emission by Brus, the edge as the radius"
LITERATURE = "size from emission by box, infinite walls, non-parabolic bands, L = n a"


def given(value, sigma, unit="nm"):
    return Estimate(value=value, sigma=sigma, unit=unit, method="given")


def outcome(name, **results):
    return SectionOutcome(name=name, status="ok", findings=Findings(results=results))


PL = outcome("emission", peak=given(453.1, 0.2))
SURVEY = outcome("survey", mean_edge=given(2.45, 0.08))


def statuses(outcomes, reported=None, **about):
    found = cross_checks(outcomes, reported or {}, **about)
    return {one.name: one for one in found if one.name.startswith("size from emission")}


@pytest.mark.parametrize(
    ("source", "fitted"),
    [(None, "circular"), ("Chevalier et al. 2025", "circular"), ("our own, May 2026", "agree")],
)
def test_a_law_fitted_to_the_same_recordings_is_circular(source, fitted):
    found = statuses([PL, SURVEY], host="MAPbBr3", source=source)
    assert found[FITTED].status == fitted
    assert found[EDGE].status == fitted
    assert found[LITERATURE].status == "tension"
    assert "n = 6.4" in found[LITERATURE].detail
    if fitted == "circular":
        assert "It is no evidence" in found[FITTED].detail
        assert "standard deviations apart" in found[FITTED].detail


def test_a_circular_check_stays_so_when_its_numbers_disagree():
    large = outcome("survey", mean_edge=given(5.0, 0.08))
    assert statuses([PL, large], host="MAPbBr3")[FITTED].status == "circular"
    assert statuses([PL, large], host="MAPbBr3", source="ours")[FITTED].status == "tension"


def test_every_law_of_cubes_is_asked():
    found = statuses([PL, SURVEY], host="CsPbBr3", source="ours")
    assert len(found) == 9
    assert not any("platelets" in name for name in found)


def test_the_survey_comes_first_then_a_movie_then_what_is_reported():
    movie = outcome("movie A", edge_nm=given(2.9, 0.02))
    both = statuses([PL, movie, SURVEY], host="MAPbBr3", source="ours")
    assert "survey 2.450" in both[FITTED].detail
    alone = statuses([PL, movie], host="MAPbBr3", source="ours")
    assert "movie A 2.900" in alone[FITTED].detail
    assert alone[FITTED].status == "tension"
    stated = {"emission.peak": given(453.0, 0.3), "survey.mean_edge": given(2.49, 0.05)}
    told = statuses([], stated, host="MAPbBr3")
    assert "(reported)" in told[FITTED].detail
    assert told[FITTED].status == "circular"


def test_without_host_light_or_size_nothing_is_asked():
    assert not statuses([PL, SURVEY])
    assert not statuses([PL, SURVEY], host="CsSnI3")
    assert not statuses([PL], host="MAPbBr3")
    assert not statuses([SURVEY], host="MAPbBr3")
    unsure = outcome("emission", peak=Estimate(
        value=453.0, sigma=1.0, unit="nm", method="fit", status="undetermined"
    ))  # fmt: skip
    assert not statuses([unsure, SURVEY], host="MAPbBr3")


def test_a_colour_beyond_a_law_leaves_it_undecided():
    red = outcome("emission", peak=given(600.0, 0.5))
    found = statuses([red, SURVEY], host="MAPbBr3", source="ours")
    assert found[LITERATURE].status == "undecided"
    assert "its light lies between" in found[LITERATURE].detail


def test_a_dossier_has_colour_and_circular_checks(run, light_folder: Path):
    manifest = light_folder / "sample.toml"
    manifest.write_text(manifest.read_text() + '"survey.mean_edge" = "2.46 nm"\n')
    assert run("analyze", light_folder)[0] == 0
    results = json.loads((light_folder / "results" / "dossier.json").read_text("utf-8"))
    found = results["results"]["emission"]
    # Light of 453/14.9 nm: 0.1526, 0.0216 (science.md 6).
    for name, truth in (("cie_x", 0.1526), ("cie_y", 0.0216)):
        assert found[name]["unit"] == ""
        assert 0 < found[name]["sigma"] < 0.002
        assert abs(found[name]["value"] - truth) < 6 * found[name]["sigma"] + 1e-4
    assert found["gamut_coverage"]["value"] == pytest.approx(0.961, abs=0.01)
    checks = {check["name"]: check["status"] for check in results["checks"]}
    assert checks[FITTED] == "circular"
    assert checks[LITERATURE] == "tension"
    page = (light_folder / "results" / "dossier.html").read_text("utf-8")
    assert "CIE 1931" in page


def test_a_source_can_be_stated(run, light_folder: Path):
    manifest = light_folder / "sample.toml"
    text = manifest.read_text().replace('host = "MAPbBr3"', 'host = "MAPbBr3"\nsource = "ours"')
    manifest.write_text(text + '"survey.mean_edge" = "2.46 nm"\n')
    assert tomllib.loads(manifest.read_text())["sample"]["source"] == "ours"
    assert run("analyze", light_folder)[0] == 0
    results = json.loads((light_folder / "results" / "dossier.json").read_text("utf-8"))
    checks = {check["name"]: check["status"] for check in results["checks"]}
    assert checks[FITTED] != "circular"
    assert results["sample"]["source"] == "ours"


def lights(count):
    places = np.linspace((0.15, 0.02), (0.13, 0.05), count)
    return tuple(
        (f"{k} V", Colour(xy=(float(x), float(y)), covariance=np.eye(2) * 1e-7))
        for k, (x, y) in enumerate(places)
    )


def test_the_diagram_shows_a_light_or_the_way_of_several():
    (one,) = colour_panel(lights(1))
    assert "Diamond" in one.caption
    (way,) = colour_panel(lights(5))
    assert "from 0 V to 4 V" in way.caption
    (line,) = [t for t in way.figure.data if t.name == "in order of the records" and t.showlegend]
    assert list(line.x) == pytest.approx([0.15, 0.145, 0.14, 0.135, 0.13])
    left, right = way.figure.layout.xaxis2.range
    assert left < 0.13 < 0.15 < right
    # Ten to one may an axis be longer only where the figure is no longer true to angles.
    assert way.figure.layout.yaxis2.scaleanchor == "x2"
    assert not colour_panel(())
