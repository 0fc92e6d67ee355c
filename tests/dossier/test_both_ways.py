"""What a person corrected is analysed both ways, and both answers stand in the dossier."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cinedot.core import AnalysisError, Estimate
from cinedot.core.chunks import Runs
from cinedot.dossier.both_ways import with_automatic
from cinedot.dossier.corrections import read_corrections
from cinedot.dossier.findings import Findings, Task
from cinedot.dossier.folder import open_folder
from cinedot.dossier.known import Known
from cinedot.dossier.manifest import SampleFolder
from cinedot.dossier.quantities import label_of
from cinedot.spectroscopy import emission_spectrum

Run = Callable[..., tuple[int, str, str]]
SIGNED = 'who = "A. Person"\nwhen = 2026-01-15\nwhy = "a lamp\'s line"\n'
RANGE = f'[[fit_ranges]]\nsection = "emission"\nrange = ["430 nm", "500 nm"]\n{SIGNED}'
TWO = '[[movie]]\nname = "one"\nfile = "m.tif"\n[[movie]]\nname = "two"\nfile = "m.tif"\n'


def _emission(folder: Path, section: str = "", corrections: str = "") -> Path:
    """A band at 463 nm, and a lamp's line far from it that is stronger."""
    folder.mkdir()
    nm = np.arange(400.0, 620.0, 1.0)
    band = emission_spectrum(nm, peak_nm=463.0, fwhm_nm=15.0, height=2e4, background=50.0)
    line = emission_spectrum(nm, peak_nm=560.0, fwhm_nm=9.0, height=6e4, background=0.0)
    rows = "\n".join(f"{x:g},{y:g}" for x, y in zip(nm, np.round(band + line), strict=True))
    (folder / "pl.csv").write_text(f"wavelength_nm,intensity\n{rows}\n")
    (folder / "sample.toml").write_text(
        f'[sample]\nname = "s"\n[emission]\nfile = "pl.csv"\n{section}\n'
    )
    if corrections:
        (folder / "corrections.toml").write_text(corrections)
    return folder


def _dossier(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "results" / "dossier.json").read_text("utf-8"))


def test_a_fit_range_by_hand_stands_beside_the_automatic_answer(run: Run, tmp_path: Path) -> None:
    recorded, ranged, by_hand = (
        _emission(tmp_path / "recorded"),
        _emission(tmp_path / "ranged", 'range = ["430 nm", "500 nm"]'),
        _emission(tmp_path / "hand", corrections=RANGE),
    )
    for folder in (recorded, ranged, by_hand):
        assert run("analyze", folder)[0] == 0
    automatic, as_ranged, found = (
        _dossier(folder)["results"]["emission"] for folder in (recorded, ranged, by_hand)
    )
    assert found["peak"] == as_ranged["peak"]
    assert found["peak"]["value"] == pytest.approx(463.0, abs=0.5)
    assert found["automatic_peak"] == automatic["peak"]
    assert automatic["peak"]["value"] == pytest.approx(560.0, abs=1.0)
    whole = _dossier(by_hand)
    (check,) = (one for one in whole["checks"] if one["name"].startswith("emission: automatic"))
    assert check["status"] == "circular"
    assert "peak automatic 560" in check["detail"]
    assert "corrections.toml" in whole["provenance"]["inputs"]
    page = (by_hand / "results" / "dossier.html").read_text("utf-8")
    for words in (
        "Fitted from 430 to 500 nm by hand (A. Person, 2026-01-15",
        "emission peak, before corrections by hand",
        "As recorded: Emission",
    ):
        assert words in page


def _fake(of: Callable[[SampleFolder], Findings]) -> Callable[[SampleFolder], tuple[Task, ...]]:
    def tasks(sample: SampleFolder) -> tuple[Task, ...]:
        return tuple(
            Task(name=name, prepare=lambda: lambda _: of(sample))
            for name in ("movie one", "movie two")
        )

    return tasks


def _movies(folder: Path, corrections: str) -> SampleFolder:
    (folder / "sample.toml").write_text(f'[sample]\nname = "s"\nhost = "CsPbBr3"\n{TWO}')
    (folder / "corrections.toml").write_text(corrections)
    return open_folder(folder, use_lab=False)


def _told(sample: SampleFolder) -> Findings:
    """What an analysis would see: the edges that it is offered, and how many poses by hand."""
    edges = str(sample.manifest.model.edges)
    poses = float(len(read_corrections(sample).start_poses))
    return Findings(
        results={
            "edges": Estimate(value=edges, sigma=None, unit="", method="offered"),
            "edge": Estimate(value=poses, sigma=0.5, unit="", method="poses by hand"),
            "edge_nm": Estimate(value=2.3, sigma=0.1, unit="nm", method="the same both times"),
        }
    )


def test_only_the_movie_that_is_corrected_is_analysed_twice(tmp_path: Path) -> None:
    chosen = f'[[chosen_edges]]\nmovie = "one"\nedges = [4, [4, 4, 5]]\n{SIGNED}'
    pose = f'[[start_poses]]\nmovie = "one"\nframe = 3\nrotation = [2, 0, 0, 0]\n{SIGNED}'
    sample = _movies(tmp_path, chosen + pose)
    one, two = (task.prepare()(Runs()) for task in with_automatic(sample, _fake(_told)))
    assert one.results["edges"].value == "(4, (4, 4, 5))"
    assert one.results["automatic_edges"].value == "(3, 4, 5, 6)"
    assert (one.results["edge"].value, one.results["automatic_edge"].value) == (1.0, 0.0)
    assert "automatic_edge_nm" not in one.results
    assert [check.status for check in one.checks] == ["circular"]
    said = " ".join(one.remarks)
    assert "Orientation given by hand in frame 3 (A. Person" in said
    assert "Edges chosen by hand: 4, 4x4x5 (A. Person" in said
    assert two.results["edges"].value == "(3, 4, 5, 6)"
    assert not two.checks


def test_an_answer_is_had_where_there_was_none(tmp_path: Path) -> None:
    """A correction that rescues, one that spoils."""

    def only(wanted: bool) -> Callable[[SampleFolder], Findings]:
        def of(sample: SampleFolder) -> Findings:
            if sample.as_recorded is wanted:
                raise AnalysisError("no dot is there.", remedy="Look again.")
            return _told(sample)

        return of

    sample = _movies(tmp_path, f'[[rejected_frames]]\nmovie = "one"\nframes = [1]\n{SIGNED}')
    rescued = with_automatic(sample, _fake(only(True)))[0].prepare()(Runs())
    assert "As recorded there is no answer: no dot is there." in " ".join(rescued.remarks)
    spoilt = with_automatic(sample, _fake(only(False)))[0].prepare()
    with pytest.raises(AnalysisError, match="as corrected: no dot is there"):
        spoilt(Runs())


def test_what_waits_for_other_sections_is_compared_when_it_is_complete(tmp_path: Path) -> None:
    def waiting(sample: SampleFolder) -> Findings:
        rate = Estimate(value=float(sample.as_recorded), sigma=0.1, unit="", method="later")

        def completed(_: Known) -> Findings:
            return Findings(results={"edge": rate})

        return Findings(results={}, completed=completed)

    sample = _movies(tmp_path, f'[[rejected_frames]]\nmovie = "one"\nframes = [1]\n{SIGNED}')
    found = with_automatic(sample, _fake(waiting))[0].prepare()(Runs())
    assert found.completed is not None
    full = found.completed(Known(found={}, reported={}))
    assert (full.results["edge"].value, full.results["automatic_edge"].value) == (0.0, 1.0)
    assert full.completed is None


def test_a_corrected_quantity_is_named_so() -> None:
    assert label_of("movie one", "automatic_edge_nm").endswith(", before corrections by hand (one)")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (RANGE.replace("430 nm", "530 nm"), "`range` must run from low to high"),
        (RANGE.replace('"emission"', '"decay"'), "[fit_ranges] section"),
        (RANGE.replace('"emission"', '"absorbance"'), "it has no [absorbance]"),
        (RANGE + RANGE, "no two entries"),
        (f"[[chosen_edges]]\nedges = []\n{SIGNED}", "`edges` must have more entries"),
        (f"[[chosen_edges]]\nedges = [4]\n{SIGNED}", "it has no [movie]"),
        (f"[[start_poses]]\nframe = 1\nrotation = [0, 0, 0, 0]\n{SIGNED}", "has no length"),
        (f"[[start_poses]]\nframe = 1\nrotation = [1, 0, 0]\n{SIGNED}", "rotation"),
    ],
)
def test_bad_corrections_end_in_one_line(run: Run, tmp_path: Path, text: str, told: str) -> None:
    status, _, err = run("analyze", _emission(tmp_path / "s", corrections=text))
    assert (status, len(err.splitlines())) == (2, 1)
    assert told in err
    assert "corrections.toml" in err
    assert not (tmp_path / "s" / "results").exists()
