"""`cinedot predict`: the contract's command, its JSON, its picture, and what it refuses."""

import json
from functools import partial

import pytest


@pytest.fixture
def run(run):
    return partial(run, "predict")


def test_the_contract_s_command_prints_every_law_and_the_disagreement(run):
    code, out, _ = run("--host", "MAPbBr3", "--edges", "4,5,6")
    assert code == 0
    rows = {line.split("  ")[0]: line for line in out.splitlines()}
    brus = rows["Brus, the edge as the radius *"]
    for nm in ("456.0", "487.8", "506.2"):
        assert nm in brus
    fitted = rows["box, finite walls fitted to n = 4 at 453 nm, L = n a *"]
    for nm in ("453.0", "473.1", "487.1"):
        assert nm in fitted
    assert "289.2" in rows["Brus, half the edge as the radius"]
    assert "367.5" in rows["box, infinite walls, non-parabolic bands, L = n a"]
    assert "This paper and literature sizing disagree" in out
    assert "No law here is the default" in out


def test_json_holds_every_law_with_its_parameters_and_calibration(run):
    code, out, _ = run("--host", "MAPbBr3", "--edges", "4,4x4x5,3ML", "--json")
    content = json.loads(out)
    laws = {law["key"]: law for law in content["laws"]}
    assert code == 0
    assert content["host"] == "MAPbBr3"
    first, cuboid, platelet = laws["brus-edge"]["predictions"]
    assert first["wavelength_nm"] == pytest.approx(456.0, abs=0.3)
    assert first["wavelength_sigma_nm"] > 0
    assert first["edges"] == [4, 4, 4]
    assert cuboid["edges"] == [4, 4, 5]
    assert cuboid["wavelength_nm"] > first["wavelength_nm"]
    assert platelet["edges"] == [3, None, None]
    assert platelet["wavelength_nm"] is None
    assert "Precision synthesis" in laws["well-calibrated"]["calibrated_on"]
    assert laws["box"]["calibrated_on"] is None
    assert laws["box"]["parameters"]["gap_ev"] == 2.292
    assert laws["well-calibrated"]["parameters"]["gap_ev"] == 2.34
    assert content["disagreement"]["literature_edge"]["value"] == pytest.approx(3.77, abs=0.01)


def test_a_colour_gives_sizes(run):
    code, out, _ = run("--host", "CsPbBr3", "--wavelength", "463+-1 nm", "--json")
    laws = {law["key"]: law for law in json.loads(out)["laws"]}
    assert code == 0
    assert laws["well-calibrated"]["cube"]["n"] == pytest.approx(4.0, abs=1e-6)
    assert laws["box-nonparabolic"]["cube"]["edge_nm"] == pytest.approx(4.10, abs=0.01)
    assert laws["brus-edge"]["platelet"] is None
    assert laws["layers"]["platelet"]["n"] == pytest.approx(3.4, abs=0.05)
    code, out, _ = run("--host", "CsPbBr3", "--wavelength", "463")
    assert code == 0
    assert "size for 463 nm" in out


def test_a_law_without_an_answer_says_why(run):
    code, out, _ = run("--host", "MAPbBr3", "--wavelength", "560")
    assert code == 0
    assert "its light lies between" in out


def test_options_add_laws_and_terms(run):
    plain = run("--host", "MAPbBr3", "--edges", "4", "--json")[1]
    words = ("--barrier", "1 eV", "--calibrate", "4=460", "--rydberg", "--outside", "2.38")
    more = run("--host", "MAPbBr3", "--edges", "4", "--gap", "2.34", *words, "--json")[1]
    before, after = ({law["key"]: law for law in json.loads(out)["laws"]} for out in (plain, more))
    assert set(after) - set(before) == {"box-finite", "well-own"}
    assert after["box-finite"]["predictions"][0]["wavelength_nm"] == pytest.approx(454.9, abs=0.06)
    assert after["well-own"]["predictions"][0]["wavelength_nm"] == pytest.approx(460.0, abs=1e-6)
    assert "Ry*" in after["brus-edge"]["name"]
    assert "polarisation" in after["brus-edge"]["name"]
    assert all(law["parameters"]["gap_ev"] == 2.34 for law in after.values())
    room = run("--host", "MAPbBr3", "--edges", "5", "--gap", "room", "--json")[1]
    first = json.loads(room)["laws"][0]["predictions"][0]
    assert first["wavelength_nm"] == pytest.approx(478.7, abs=0.06)


def test_another_set_of_parameters_is_used_and_named(run):
    _, out, _ = run("--host", "CsPbBr3", "--edges", "4", "--set", "polaritons-2023", "--json")
    law = json.loads(out)["laws"][0]
    assert law["parameters"]["reduced_mass"] == 0.18
    assert "OSTI" in law["parameters"]["source"]


@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_a_picture_is_drawn(run, tmp_path, suffix):
    picture = tmp_path / f"laws{suffix}"
    code, _, _ = run("--host", "CsPbBr3", "--edges", "4,6,3ML", "--figure", picture)
    assert code == 0
    assert picture.stat().st_size > 10_000
    assert [one.name for one in tmp_path.iterdir()] == [picture.name]


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("--edges", "4"), "--host"),
        (("--host", "MAPbBr", "--edges", "4"), "host"),
        (("--host", "CsSnBr3", "--edges", "4"), "CsSnBr3"),
        (("--host", "MAPbBr3"), "--edges"),
        (("--host", "MAPbBr3", "--edges", "0"), "--edges"),
        (("--host", "MAPbBr3", "--edges", "4.5"), "--edges"),
        (("--host", "MAPbBr3", "--edges", "4,"), "--edges"),
        (("--host", "MAPbBr3", "--edges", "501"), "--edges"),
        (("--host", "MAPbBr3", "--wavelength", "-453"), "--wavelength"),
        (("--host", "MAPbBr3", "--wavelength", "4 eV"), "--wavelength"),
        (("--host", "MAPbBr3", "--wavelength", "nan"), "--wavelength"),
        (("--host", "MAPbBr3", "--edges", "4", "--gap", "warm"), "--gap"),
        (("--host", "FAPbBr3", "--edges", "4", "--gap", "room"), "room-temperature gap"),
        (("--host", "MAPbBr3", "--edges", "4", "--set", "mine"), "--set"),
        (("--host", "MAPbBr3", "--edges", "4", "--outside", "0.2"), "--outside"),
        (("--host", "MAPbBr3", "--edges", "4", "--barrier", "-1"), "--barrier"),
        (("--host", "MAPbBr3", "--edges", "4", "--calibrate", "453"), "--calibrate"),
        (("--host", "MAPbBr3", "--edges", "4", "--calibrate", "4=x"), "--calibrate"),
        (("--host", "MAPbBr3", "--edges", "4", "--figure", "laws.txt"), "--figure"),
    ],
)
def test_bad_options_end_in_one_line(run, words, named):
    code, out, err = run(*words)
    assert code == 2
    assert out == ""
    assert named in err
    if "--host" in words:
        assert len(err.strip().splitlines()) == 1
        assert err.startswith("cinedot: ")
