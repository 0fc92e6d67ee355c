"""`comparison.html` and `comparison.json`: what a reader and a program take from a comparison."""

import json
import platform
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cinedot import __version__
from cinedot.core import Estimate, InputError
from cinedot.core.estimate import value_text
from cinedot.core.files import sha256_of, written_whole
from cinedot.dossier.comparison.differences import Difference, compared_keys, differences
from cinedot.dossier.comparison.samples import Analysed
from cinedot.dossier.page import figure_html, section_title, template
from cinedot.dossier.quantities import general_key, known_quantities, label_of

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Samples and their differences.

    Attributes:
        samples: in the order given.
        to: the sample that the others are compared with.
        one_instrument: whether systematic errors are the same in all.
        differences: quantity by quantity.
    """

    samples: tuple[Analysed, ...]
    to: str
    one_instrument: bool
    differences: tuple[Difference, ...]

    @property
    def keys(self) -> tuple[str, ...]:
        """The quantities that at least two samples have."""
        return compared_keys([one.answers for one in self.samples])

    @property
    def tested(self) -> int:
        """How many comparisons the correction is for."""
        return sum(one.p is not None for one in self.differences)


def compared(
    samples: tuple[Analysed, ...], *, to: str | None = None, one_instrument: bool = True
) -> Comparison:
    """Set samples side by side.

    Args:
        samples: at least two.
        to: the name of the one that the others are compared with; the first unless given.
        one_instrument: whether systematic errors are the same in all samples.

    Raises:
        InputError: `to` is none of them, or they share no quantity.
    """
    names = [one.name for one in samples]
    if to is not None and to not in names:
        raise InputError(
            f"--to must be one of the samples, but is {to!r}.",
            remedy=f"They are {', '.join(names)}.",
        )
    answers = [one.answers for one in samples]
    if not compared_keys(answers):
        raise InputError(
            f"samples must share a quantity, but {', '.join(names)} have none in common.",
            remedy="Record the same of each, or give numbers that are known under [reported].",
        )
    base = to or names[0]
    return Comparison(
        samples=samples,
        to=base,
        one_instrument=one_instrument,
        differences=differences(answers, to=base, one_instrument=one_instrument),
    )


def comparison_json(comparison: Comparison, *, command: str) -> dict[str, Any]:
    """The comparison as schemas/comparison.schema.json has it."""
    return {
        "schema": SCHEMA_VERSION,
        "samples": [
            {
                "name": one.name,
                "folder": str(one.sample.folder),
                "cinedot": one.dossier["provenance"]["cinedot"],
                "date": one.dossier["provenance"]["date"],
                "dossier": sha256_of(one.results / "dossier.json"),
            }
            for one in comparison.samples
        ],
        "to": comparison.to,
        "systematic_errors": "shared" if comparison.one_instrument else "independent",
        "tested": comparison.tested,
        "quantities": [_quantity(comparison, key) for key in comparison.keys],
        "checks": _side_by_side(comparison, _checks_of),
        "claims": _side_by_side(comparison, _claims_of),
        "provenance": {
            "cinedot": __version__,
            "python": platform.python_version(),
            "command": command,
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
        },
    }


def _quantity(comparison: Comparison, key: str) -> dict[str, Any]:
    values = {
        one.name: {
            "found": _estimate_json(one.answers.found.get(key)),
            "reported": _estimate_json(one.answers.reported.get(key)),
        }
        for one in comparison.samples
    }
    section, _, name = key.rpartition(".")
    own = (asdict(one) for one in comparison.differences if one.key == key)
    return {
        "key": key,
        "label": label_of(section, name),
        "unit": known_quantities()[general_key(section, name)][0],
        "values": values,
        "differences": [{k: v for k, v in one.items() if k != "key"} for one in own],
    }


def _estimate_json(estimate: Estimate | None) -> dict[str, Any] | None:
    return None if estimate is None else estimate.json()


Answered = Mapping[str, list[dict[str, str]]]


def _checks_of(sample: Analysed) -> Answered:
    found: dict[str, list[dict[str, str]]] = {}
    for one in sample.dossier["checks"]:
        found.setdefault(one["name"], []).append({"status": one["status"], "detail": one["detail"]})
    return found


def _claims_of(sample: Analysed) -> Answered:
    found: dict[str, list[dict[str, str]]] = {}
    for one in sample.claims:
        detail = f"{one['movie']}, particle {one['particle']}: {one['detail']}"
        found.setdefault(one["claim"], []).append({"status": one["verdict"], "detail": detail})
    return found


def _side_by_side(
    comparison: Comparison, read: Callable[[Analysed], Answered]
) -> list[dict[str, Any]]:
    answered: dict[str, Answered] = {one.name: read(one) for one in comparison.samples}
    names = dict.fromkeys(name for answers in answered.values() for name in answers)
    return [
        {
            "name": name,
            "answers": {sample: answers.get(name, []) for sample, answers in answered.items()},
        }
        for name in names
    ]


def value_cell(sample: Analysed, key: str) -> str:
    """A sample's answer as a table prints it, without its unit; "" where it has none."""
    used = sample.answers.used(key)
    if used is None:
        return ""
    text = used.text().removesuffix(used.unit).rstrip()
    return text if key in sample.answers.found else f"{text} [reported]"


def difference_cells(one: Difference) -> tuple[str, str, str, str]:
    """Difference, interval, corrected p and verdict, as tables print them."""
    if one.value is None:
        return "", "", "", f"{one.verdict}: {one.reason}" if one.reason else one.verdict
    if one.sigma is None or one.low is None or one.high is None or one.p_holm is None:
        return f"{one.value:+.4g}", "", "", f"{one.verdict}: {one.reason}"
    low, high = (_signed(end, one.sigma) for end in (one.low, one.high))
    p = "< 0.0001" if one.p_holm < 1e-4 else f"{one.p_holm:.2g}"
    return _signed(one.value, one.sigma), f"{low} to {high}", p, one.verdict


def _signed(value: float, sigma: float) -> str:
    text = value_text(value, sigma)
    return text if text.startswith("-") else f"+{text}"


def write_comparison(comparison: Comparison, out: Path, *, command: str) -> Path:
    """Write comparison.html and comparison.json.

    Args:
        comparison: what is compared.
        out: the folder; made when missing.
        command: the command line that made it.

    Returns:
        The path of comparison.html.

    Raises:
        InputError: the folder is a sample's own or cannot be written to; a recording cannot be
            read again.
    """
    if out.resolve() in {one.sample.folder.resolve() for one in comparison.samples}:
        raise InputError(
            "a comparison must not be mixed with recordings, but this is a sample folder.",
            remedy="Choose another folder with --out.",
            file=out,
        )
    content = comparison_json(comparison, command=command)
    text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    page = render_comparison(comparison, content)
    # The page last: where it is new, all of it is.
    for name, whole in (("comparison.json", text), ("comparison.html", page)):
        with written_whole(out / name) as beside:
            beside.write_text(whole, "utf-8")
    return out / "comparison.html"


def render_comparison(comparison: Comparison, content: Mapping[str, Any]) -> str:
    """The whole page."""
    from plotly.offline import get_plotlyjs

    from cinedot.dossier.comparison.looks import panels_of

    panels = [
        {"title": one.title, "caption": one.caption, "html": figure_html(one)}
        for one in panels_of(comparison.samples, comparison.differences)
    ]
    return template("comparison.html").render(
        names=[one.name for one in comparison.samples],
        comparison=comparison,
        content=content,
        rows=value_rows(comparison),
        differences=difference_rows(comparison),
        panels=panels,
        plotly_js=get_plotlyjs() if panels else "",
    )


def value_rows(comparison: Comparison) -> list[tuple[str, str, str, list[str]]]:
    """(section's heading, quantity, unit, each sample's answer) of every quantity."""
    rows: list[tuple[str, str, str, list[str]]] = []
    for key in comparison.keys:
        section, _, name = key.rpartition(".")
        unit = known_quantities()[general_key(section, name)][0]
        cells = [value_cell(one, key) for one in comparison.samples]
        rows.append((section_title(section), label_of(section, name), unit, cells))
    return rows


def difference_rows(comparison: Comparison) -> list[tuple[str, str, str, str, str, str, str]]:
    """(quantity, unit, which less which, difference, interval, p, verdict) of each number."""
    answers = {one.name: one.answers for one in comparison.samples}
    rows: list[tuple[str, str, str, str, str, str, str]] = []
    for one in comparison.differences:
        if one.verdict in ("same text", "other text"):
            continue
        section, _, name = one.key.rpartition(".")
        unit = known_quantities()[general_key(section, name)][0]
        pair = " − ".join(
            sample if one.key in answers[sample].found else f"{sample} [reported]"
            for sample in (one.sample, one.to)
        )
        rows.append((label_of(section, name), unit, pair, *difference_cells(one)))
    return rows
