"""`dossier.html`: the report a person reads, one file that needs no network."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from cinedot.core import Estimate
from cinedot.dossier.findings import Film, Panel, SectionOutcome
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
    "joint": "All records together",
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


def reported_rows(reported: Mapping[str, Estimate]) -> list[tuple[str, Row]]:
    """The numbers of `[reported]`, formatted like results, each with the title of its section.

    Example:
        >>> said = Estimate(value=237.0, sigma=6.0, unit="", method="reported")
        >>> ((title, row),) = reported_rows({"composition.Br": said})
        >>> title, row.label, row.value
        ('Composition', 'Br per 64 Pb', '237.0 ± 6.0')
    """
    rows: list[tuple[str, Row]] = []
    for key, estimate in reported.items():
        section, _, name = key.rpartition(".")
        row = Row(
            label=label_of(section, name),
            value=_without_unit(estimate),
            unit=estimate.unit,
            method=estimate.method,
        )
        rows.append((section_title(section), row))
    return rows


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesTable:
    """A section's records as lines, its quantities as columns.

    Attributes:
        heading: what each quantity is called, with its unit.
        rows: (label of the record, value of each quantity; "" where it has none).
    """

    heading: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]


def series_table(outcome: SectionOutcome) -> SeriesTable | None:
    """The series of a section that has more than one record, else None."""
    series = outcome.findings.series if outcome.findings else ()
    labels = tuple(dict.fromkeys(point[0] for point in series))
    if len(labels) < 2:
        return None
    units = {name: one.unit for _, _, name, one in series}
    values = {(label, name): _without_unit(one) for label, _, name, one in series}
    return SeriesTable(
        heading=tuple(
            f"{label_of(outcome.name, name)} ({unit})" if unit else label_of(outcome.name, name)
            for name, unit in units.items()
        ),
        rows=tuple(
            (label, tuple(values.get((label, name), "") for name in units)) for label in labels
        ),
    )


def render_page(dossier: "Dossier", content: dict[str, Any]) -> str:
    """The whole page.

    Args:
        dossier: what was found.
        content: what `dossier.json` holds, for the provenance.
    """
    from plotly.offline import get_plotlyjs

    parts = [_part(outcome) for outcome in dossier.outcomes]
    return template("dossier.html").render(
        sample=dossier.sample.manifest.sample,
        parts=[part for part in parts if part["outcome"].status != "skipped"],
        skipped=[part for part in parts if part["outcome"].status == "skipped"],
        checks=dossier.checks,
        reported=reported_rows(dossier.reported),
        provenance=content["provenance"],
        settings=_settings(content["provenance"]["parameters"]),
        plotly_js=get_plotlyjs() if _any_figure(parts) else "",
    )


def _settings(parameters: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Section, key and value of everything that was stated, as lines of a table.

    Example:
        >>> _settings({"emission": {"file": "pl.csv"}, "movie": [{"name": "A", "gain": 8.0}]})
        [('emission', 'file', 'pl.csv'), ('movie A', 'gain', '8.0')]
    """
    lines: list[tuple[str, str, str]] = []
    for section, stated in parameters.items():
        if section == "reported":  # they stand in a table of their own
            continue
        tables = stated if isinstance(stated, list | tuple) else [stated]
        for table in tables:
            own = table.get("name", "") if section != "sample" else ""
            lines += [
                (f"{section} {own}".rstrip(), key, value)
                for key, value in _flat(table)
                if key != "name" or section == "sample"
            ]
    return lines


def _flat(table: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Keys and values as text; those of tables within a table as in "sizes.peaks"."""
    for key, value in table.items():
        if isinstance(value, Mapping):
            inner = cast("Mapping[str, Any]", value)
            yield from ((f"{key}.{own}", text) for own, text in _flat(inner))
        else:
            yield key, str(value)


def _part(outcome: SectionOutcome) -> dict[str, Any]:
    """A section as the template takes it."""
    return {
        "id": outcome.name.replace(" ", "-"),
        "title": section_title(outcome.name),
        "outcome": outcome,
        "rows": result_rows(outcome),
        "series": series_table(outcome),
        "panels": _panels(outcome),
    }


def _panels(outcome: SectionOutcome) -> list[dict[str, Any]]:
    """Panels for the template; films, and figures without a width of their own, take the page's."""
    return [
        {
            "title": panel.title,
            "caption": panel.caption,
            "html": figure_html(panel),
            "film": isinstance(panel.figure, Film),
            "turns": _in_space(panel),
            "wide": isinstance(panel.figure, Film) or panel.figure.layout["width"] is None,
        }
        for panel in (outcome.findings.panels if outcome.findings else ())
    ]


def _in_space(panel: Panel) -> bool:
    """Whether a figure is a model in space, which keys turn too."""
    if isinstance(panel.figure, Film):
        return False
    return any(trace.type == "scatter3d" for trace in panel.figure.data)


def _any_figure(parts: list[dict[str, Any]]) -> bool:
    """Whether Plotly has something to draw."""
    return any(not panel["film"] for part in parts for panel in part["panels"])


def figure_html(panel: Panel) -> str:
    """A panel's figure or film for a page that has Plotly's script."""
    if isinstance(panel.figure, Film):
        return template("film.html").render(film=panel.figure)
    import plotly.io

    html: str = plotly.io.to_html(
        panel.figure,
        full_html=False,
        include_plotlyjs=False,
        config={"displayModeBar": False, "responsive": True},
    )
    return html


def _without_unit(estimate: Estimate) -> str:
    return estimate.text().removesuffix(estimate.unit).rstrip()


@cache
def template(name: str) -> "Template":
    """A template of the project, which complains of whatever it is not given."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("cinedot.dossier"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)
