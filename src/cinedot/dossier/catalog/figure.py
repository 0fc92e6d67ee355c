"""One quantity of many samples against another, a fact, a tag, or a series' own condition."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, select

from cinedot.core import Estimate, InputError
from cinedot.core.files import written_whole
from cinedot.dossier.catalog.keys import Key, find_key
from cinedot.dossier.catalog.listing import Entry
from cinedot.dossier.catalog.schema import SERIES
from cinedot.dossier.quantities import known_quantities

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CONDITION = "condition"
"""`--against` of a series' own x, whatever it is."""

_CONDITIONS = {"titration": "equivalents", "electroluminescence": "voltage (V)"}
"""What the x of a section's series is, where it is always the same."""

_KINDS = (".svg", ".pdf", ".png")
_MARKS = "osD^v<>P*X"
_MOST_NAMED = 20
"""Points of more samples than these bear no names: they would cover each other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Points of one name.

    Attributes:
        number: the entry's.
        name: the sample, with the record's label for a series.
        x, y: numbers, as many of each.
        sigma: one standard deviation of each y; 0 where there is none.
        limits: of each y: "" or "lower_limit", "upper_limit".
        joined: whether a line joins them.
    """

    number: int
    name: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    sigma: tuple[float, ...]
    limits: tuple[str, ...]
    joined: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """What is drawn.

    Attributes:
        x_title, y_title: with units.
        lines: the samples.
        samples: how many entries they are of.
    """

    x_title: str
    y_title: str
    lines: tuple[Line, ...]
    samples: int


def check_picture(file: Path) -> None:
    """Refuse a picture's name before anything is read.

    Raises:
        InputError: the ending is none that can be drawn.
    """
    if file.suffix.lower() not in _KINDS:
        raise InputError(
            f"the figure must end in {', '.join(_KINDS)}, but is {file.name!r}.",
            remedy="Write it as in --figure peaks.svg.",
        )


def drawing(connection: Connection, listed: Sequence[Entry], *, y: str, against: str) -> Drawing:
    """The points of `y` against another key, or the lines of its series.

    Raises:
        InputError: a key is unknown, no number, or no entry has both.
    """
    y_key = find_key(connection, y)
    kind = y_key.section.partition(" ")[0]
    word = _CONDITIONS.get(kind, CONDITION).partition(" ")[0]
    if y_key.kind == "quantity" and against in (CONDITION, word):
        lines = _series(connection, listed, y_key)
        x_title = f"{kind}: {_CONDITIONS.get(kind, 'condition, as in its labels')}"
    else:
        x_key = find_key(connection, against)
        lines = _points(listed, y_key, x_key)
        x_title = _title(x_key)
    if not lines:
        raise InputError(
            f"some sample must have `{y}` against `{against}` as numbers, but of "
            f"{len(listed)} none has.",
            remedy="See what they have with cinedot catalog --json; --where may leave too few.",
        )
    return Drawing(
        x_title=x_title,
        y_title=_title(y_key),
        lines=tuple(lines),
        samples=len({line.number for line in lines}),
    )


def _title(key: Key) -> str:
    label = key.text
    if key.kind == "quantity":
        kind = key.section.partition(" ")[0]
        label, words = known_quantities()[f"{kind}.{key.name}"][1], kind.replace("_", " ")
        label = label if words in label else f"{words}: {label}"
    return f"{label} ({key.unit})" if key.unit else label


def _points(listed: Sequence[Entry], y_key: Key, x_key: Key) -> list[Line]:
    lines: list[Line] = []
    for entry in listed:
        xs, ys = _numbers(entry.told(x_key)), _numbers(entry.told(y_key))
        xs = xs * len(ys) if len(xs) == 1 else xs
        if len(xs) != len(ys):
            continue  # it has none, or nothing says which belongs to which
        pairs = list(zip(xs, ys, strict=True))
        if pairs:
            lines.append(
                Line(
                    number=entry.number,
                    name=entry.sample,
                    x=tuple(x.value for x, _ in pairs),
                    y=tuple(y.value for _, y in pairs),
                    sigma=tuple(y.sigma for _, y in pairs),
                    limits=tuple(y.limit for _, y in pairs),
                    joined=False,
                )
            )
    return lines


@dataclass(frozen=True, slots=True, kw_only=True)
class _Number:
    value: float
    sigma: float
    limit: str


def _numbers(told: Sequence[Estimate | float | str]) -> list[_Number]:
    found: list[_Number] = []
    for one in told:
        value = one.value if isinstance(one, Estimate) else one
        if isinstance(value, str) or (isinstance(one, Estimate) and one.status == "undetermined"):
            continue
        sigma = (one.sigma or 0.0) if isinstance(one, Estimate) else 0.0
        limit = one.status if isinstance(one, Estimate) and one.status != "ok" else ""
        found.append(_Number(value=value, sigma=sigma, limit=limit))
    return found


def _series(connection: Connection, listed: Sequence[Entry], key: Key) -> list[Line]:
    names = {entry.number: entry.sample for entry in listed}
    column = SERIES.c.section if " " in key.section else SERIES.c.kind
    rows = connection.execute(
        select(SERIES)
        .where(SERIES.c.quantity == key.name, column == key.section, SERIES.c.x.is_not(None))
        .order_by(SERIES.c.analysis, SERIES.c.section, SERIES.c.label, SERIES.c.x)
    ).all()
    # A titration has one label for all its points; of other series each point is a label.
    labelled = key.section.partition(" ")[0] == "titration"
    grouped: dict[tuple[int, str], list[tuple[float, float, float]]] = {}
    for row in rows:
        if row.analysis in names:
            part = f"{row.section}, {row.label}" if labelled else row.section
            point = (row.x, row.number, row.sigma or 0.0)
            grouped.setdefault((row.analysis, part), []).append(point)
    several = len({number for number, _ in grouped}) < len(grouped)
    return [
        Line(
            number=number,
            name=f"{names[number]} ({part})" if several else names[number],
            x=tuple(x for x, _, _ in sorted(points)),
            y=tuple(y for _, y, _ in sorted(points)),
            sigma=tuple(sigma for _, _, sigma in sorted(points)),
            limits=("",) * len(points),
            joined=True,
        )
        for (number, part), points in grouped.items()
    ]


def write_figure(drawn: Drawing, file: Path) -> None:
    """Draw it as SVG (texts stay texts), PDF or PNG.

    Raises:
        InputError: the file cannot be written.
    """
    from matplotlib import rc_context

    with rc_context({"svg.fonttype": "none", "pdf.fonttype": 42}):
        figure = draw(drawn)
        with written_whole(file) as beside:
            figure.savefig(beside, dpi=200)


def draw(drawn: Drawing) -> "Figure":
    """The figure: samples differ in mark as well as in colour, limits are arrows."""
    from matplotlib import colormaps
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 4.4), layout="constrained")
    axes = figure.subplots()
    joined = any(line.joined for line in drawn.lines)
    colours = colormaps["viridis"]
    for place, line in enumerate(drawn.lines):
        share = 0.85 * place / max(len(drawn.lines) - 1, 1)
        colour = colours(share) if joined else "#0b5cad"
        lower = tuple(one == "lower_limit" for one in line.limits)
        upper = tuple(one == "upper_limit" for one in line.limits)
        arrow = 0.03 * _span(drawn)
        axes.errorbar(
            line.x,
            line.y,
            yerr=[
                arrow if one else sigma for one, sigma in zip(line.limits, line.sigma, strict=True)
            ],
            lolims=lower,
            uplims=upper,
            fmt=(_MARKS[place % len(_MARKS)] if joined else "o") + ("-" if line.joined else ""),
            color=colour,
            markersize=5,
            linewidth=1.2,
            capsize=2,
            label=line.name,
        )
        if not joined and len(drawn.lines) <= _MOST_NAMED:
            axes.annotate(
                line.name, (line.x[0], line.y[0]), (5, 4), textcoords="offset points", fontsize=8
            )
    axes.set(xlabel=drawn.x_title, ylabel=drawn.y_title)
    axes.margins(x=0.1, y=0.1)
    axes.grid(alpha=0.3)
    if joined:
        # Beside the plot: within it a line could run under it.
        figure.legend(loc="outside right upper", fontsize=8, frameon=False)
    return figure


def _span(drawn: Drawing) -> float:
    heights = [y for line in drawn.lines for y in line.y]
    return (max(heights) - min(heights)) or abs(heights[0]) or 1.0
