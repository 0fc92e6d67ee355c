"""`dossier.html`: the report a person reads, one file that needs no network."""

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from cinedot.core import Estimate
from cinedot.dossier.findings import Panel, SectionOutcome
from cinedot.dossier.quantities import label_of

if TYPE_CHECKING:
    from jinja2 import Template

    from cinedot.dossier.analysis import Dossier

_TITLES = {
    "movie": "Movie",
    "survey": "Survey images",
    "emission": "Emission",
    "decay": "Decay",
    "quantum_yield": "Quantum yield",
    "composition": "Composition",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line of a results table as it is printed."""

    label: str
    value: str
    unit: str
    method: str


def section_title(name: str) -> str:
    """A section's name as a heading: "movie A" -> "Movie: A".

    Example:
        >>> section_title("quantum_yield"), section_title("movie A")
        ('Quantum yield', 'Movie: A')
    """
    kind, _, own_name = name.partition(" ")
    title = _TITLES.get(kind, kind.replace("_", " ").capitalize())
    return f"{title}: {own_name}" if own_name else title


def result_rows(outcome: SectionOutcome) -> list[Row]:
    """The results of a section, formatted: sigma to two digits, the value to the same place."""
    results = outcome.findings.results if outcome.findings else {}
    return [
        Row(
            label=label_of(outcome.name, name),
            value=_without_unit(estimate),
            unit=estimate.unit,
            method=estimate.method,
        )
        for name, estimate in results.items()
    ]


def render_page(dossier: "Dossier", content: dict[str, Any]) -> str:
    """The whole page.

    Args:
        dossier: what was found.
        content: what `dossier.json` holds, for the provenance.
    """
    from plotly.offline import get_plotlyjs

    parts = [
        {
            "id": outcome.name.replace(" ", "-"),
            "title": section_title(outcome.name),
            "outcome": outcome,
            "rows": result_rows(outcome),
            "panels": _panels(outcome),
        }
        for outcome in dossier.outcomes
    ]
    return _template().render(
        sample=dossier.sample.manifest.sample,
        parts=[part for part in parts if part["outcome"].status != "skipped"],
        skipped=[part for part in parts if part["outcome"].status == "skipped"],
        checks=dossier.checks,
        provenance=content["provenance"],
        plotly_js=get_plotlyjs() if any(part["panels"] for part in parts) else "",
    )


def _panels(outcome: SectionOutcome) -> list[dict[str, str]]:
    panels = outcome.findings.panels if outcome.findings else ()
    return [{"title": p.title, "caption": p.caption, "html": _figure_html(p)} for p in panels]


def _figure_html(panel: Panel) -> str:
    import plotly.io

    html: str = plotly.io.to_html(
        panel.figure,
        full_html=False,
        include_plotlyjs=False,
        config={"displaylogo": False, "responsive": True, "displayModeBar": "hover"},
    )
    return html


def _without_unit(estimate: Estimate) -> str:
    return estimate.text().removesuffix(estimate.unit).rstrip()


@cache
def _template() -> "Template":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("cinedot.dossier"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("dossier.html")
