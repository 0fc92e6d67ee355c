"""What all records together say of a movie's dot."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cinedot.core import Estimate
from cinedot.dossier.findings import Findings, SectionOutcome
from cinedot.dossier.joint import joint_outcomes

EDGES = [(3, 3, 3), (4, 4, 4), (5, 5, 5)]
COMPOUNDS = ["prototype", "mla-cs"]


def _told(value: float | str) -> Estimate:
    return Estimate(value=value, sigma=None, unit="", method="said")


def _movie(chance: float, name: str = "movie") -> SectionOutcome:
    results = {"edges": "4x4x4", "compound": "mla-cs", "probability": chance}
    found = {key: _told(value) for key, value in results.items()}
    return SectionOutcome(name=name, status="ok", findings=Findings(results=found))


def _source(name: str, quantity: str, shares: dict[str, float]) -> SectionOutcome:
    series = tuple((label, 0.0, quantity, _told(share)) for label, share in shares.items())
    return SectionOutcome(name=name, status="ok", findings=Findings(results={}, series=series))


def _survey(three: float, four: float, five: float) -> SectionOutcome:
    shares = {"n = 3": three, "n = 4": four, "n = 5": five, "none of these": 0.01}
    return _source("survey", "fraction", shares)


def _composition(prototype: float, acid: float) -> SectionOutcome:
    return _source("composition", "probability", {"prototype": prototype, "mla-cs": acid})


def test_probabilities_multiply():
    outcomes = [_movie(0.7), _survey(0.1, 0.6, 0.3), _composition(0.2, 0.8)]
    (joint,) = joint_outcomes(outcomes, EDGES, COMPOUNDS)
    assert joint.name == "joint"
    assert joint.findings is not None
    results = joint.findings.results
    # The movie gives five other kinds 0.06 each: by hand, of each edges times both compounds.
    right = 0.7 * 0.6 * 0.8
    others = 0.06 * (0.6 * 0.2 + (0.1 + 0.3) * (0.2 + 0.8))
    assert results["probability"].value == pytest.approx(right / (right + others))
    assert (results["edges"].value, results["compound"].value) == ("4x4x4", "mla-cs")
    assert results["edges"].status == "ok"
    shown = {(label, source): one.value for label, _, source, one in joint.findings.series}
    assert shown["4x4x4 mla-cs", "survey"] == 0.6
    assert sum(v for (_, source), v in shown.items() if source == "together") == pytest.approx(1.0)


@given(
    chance=st.floats(0.3, 1.0),
    three=st.floats(0.01, 1.0),
    four=st.floats(0.01, 1.0),
    acid=st.floats(0.01, 0.99),
)
def test_a_source_that_prefers_nothing_changes_nothing(chance, three, four, acid):
    whole = [_movie(chance), _survey(three, four, 0.1), _composition(0.5, 0.5)]
    (with_it,) = joint_outcomes(whole, EDGES, COMPOUNDS)
    (without,) = joint_outcomes(whole[:2], EDGES, COMPOUNDS)
    assert with_it.findings is not None
    assert without.findings is not None
    one, other = with_it.findings.results, without.findings.results
    assert one["probability"].value == pytest.approx(other["probability"].value)
    assert one["edges"].value == other["edges"].value


def test_records_that_contradict_each_other_give_no_answer():
    outcomes = [_movie(1.0), _survey(0.0, 1.0, 0.0), _composition(1.0, 0.0)]
    (joint,) = joint_outcomes(outcomes, EDGES, COMPOUNDS)
    assert joint.findings is not None
    assert joint.findings.results["compound"].status == "undetermined"
    assert "contradict" in " ".join(joint.findings.remarks)


def test_one_record_alone_is_not_repeated():
    assert joint_outcomes([_movie(0.9)], EDGES, COMPOUNDS) == ()
    assert joint_outcomes([_survey(0.1, 0.8, 0.1), _composition(0.1, 0.9)], EDGES, COMPOUNDS) == ()
    two = [_movie(0.9, "movie A"), _movie(0.9, "movie B"), _composition(0.1, 0.9)]
    assert [one.name for one in joint_outcomes(two, EDGES, COMPOUNDS)] == ["joint A", "joint B"]
