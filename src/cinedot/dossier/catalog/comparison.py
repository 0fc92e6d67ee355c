"""Two entries side by side: what both say, how far apart, what only one of them says."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cinedot.core import Estimate
from cinedot.core.estimate import value_text
from cinedot.dossier.catalog.listing import Entry
from cinedot.dossier.comparing import compare
from cinedot.dossier.quantities import label_of

_VERDICTS = {"agree": "alike", "tension": "different"}
"""Samples may differ: what is a tension between two answers about one is none between two."""


def print_comparison(first: Entry, second: Entry, console: Console) -> None:
    """Print every quantity of two entries, their difference, and whether they are alike."""
    table = Table(title=f"{_named(first)} against {_named(second)}", title_justify="left")
    headings = ("quantity", first.sample, second.sample, "difference", "verdict")
    for place, heading in enumerate(headings):
        table.add_column(Text(heading), justify="right" if place in (1, 2, 3) else "left")
    keys = sorted(set(first.results) | set(second.results))
    for key in keys:
        one, other = first.results.get(key), second.results.get(key)
        section, _, name = key.rpartition(".")
        difference, verdict = _difference(one, other)
        cells = (
            f"{label_of(section, name)} [{key}]",
            one.text() if one else "",
            other.text() if other else "",
            difference,
            verdict,
        )
        table.add_row(*(Text(cell) for cell in cells))
    console.print(table)
    for kind, ours, theirs in (
        ("sample.toml", first.facts, second.facts),
        ("tag", first.tags, second.tags),
    ):
        for key in sorted(set(ours) | set(theirs)):
            if ours.get(key) != theirs.get(key):
                told = f"{ours.get(key, 'nothing')} against {theirs.get(key, 'nothing')}"
                console.print(Text(f"{kind}: {key}: {told}"))


def _named(entry: Entry) -> str:
    return f"{entry.sample} ({entry.number}, {entry.date[:10]})"


def _difference(one: Estimate | None, other: Estimate | None) -> tuple[str, str]:
    """Second less first with its sigma, and whether they are alike (within 2 sigma)."""
    if one is None or other is None:
        return "", ""
    check = compare("", one, other, of=("", ""))
    verdict = _VERDICTS.get(check.status, check.status)
    if isinstance(one.value, str) or isinstance(other.value, str):
        return "", verdict
    if "undetermined" in (one.status, other.status):
        return "", "undecided"
    if one.status != "ok" or other.status != "ok":
        return "", verdict
    apart = other.value - one.value
    if one.sigma is None and other.sigma is None:
        return f"{apart:+.4g}", "undecided"
    sigma = ((one.sigma or 0.0) ** 2 + (other.sigma or 0.0) ** 2) ** 0.5
    sign = "+" if apart >= 0 else ""
    return f"{sign}{value_text(apart, sigma)} ± {value_text(sigma, sigma)}", verdict
