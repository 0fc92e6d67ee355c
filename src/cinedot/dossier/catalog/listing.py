"""The entries of a catalog that fit: of each sample its newest analysis, or all of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Executable, Subquery, func, select

from cinedot.core import Estimate, InputError
from cinedot.dossier.catalog.conditions import as_sql, read_comparison
from cinedot.dossier.catalog.keys import Key, find_key
from cinedot.dossier.catalog.schema import (
    ANALYSES,
    CHECKS,
    FACTS,
    RESULTS,
    SAMPLES,
    SECTIONS,
    TAGS,
)
from cinedot.dossier.quantities import general_key

Told = float | str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One analysis in the catalog.

    Attributes:
        number: its own.
        sample_number: the sample's.
        sample: the sample's name.
        date, folder, given, machine, version: when, of which folder, where and by which cinedot.
        results: "emission.peak" -> what was found, or reported.
        facts: "crystals.equivalents" -> what sample.toml states.
        tags: what a person noted.
        checks: status -> how many cross-checks ended so.
        unfinished: sections that failed, with their messages.
    """

    number: int
    sample_number: int
    sample: str
    date: str
    folder: str
    given: str
    machine: str
    version: str
    results: dict[str, Estimate] = field(default_factory=dict[str, Estimate])
    facts: dict[str, Told] = field(default_factory=dict[str, Told])
    tags: dict[str, Told] = field(default_factory=dict[str, Told])
    checks: dict[str, int] = field(default_factory=dict[str, int])
    unfinished: dict[str, str] = field(default_factory=dict[str, str])

    def told(self, key: Key) -> list[Estimate | Told]:
        """What the entry says of a key; several where it has several movies, say."""
        if key.kind == "quantity":
            named = " " in key.section
            return [
                one
                for name, one in self.results.items()
                if f"{key.section}.{key.name}" == (name if named else general(name))
            ]
        if key.kind == "column":
            return [getattr(self, key.name)]
        if key.kind == "fact":
            return [one for name, one in self.facts.items() if key.name in (name, general(name))]
        return [self.tags[key.name]] if key.name in self.tags else []


def general(name: str) -> str:
    """A key without a section's own name: "movie A.edge" -> "movie.edge"."""
    section, _, last = name.rpartition(".")
    return general_key(section, last)


def entries(
    connection: Connection, *, where: Sequence[str] = (), every: bool = False
) -> list[Entry]:
    """The entries that fulfil every comparison, by sample and date.

    Args:
        connection: the catalog.
        where: comparisons as written, "emission.fwhm < 16 nm".
        every: all analyses, not the newest of each sample only. The comparisons then hold for
            each by itself; otherwise a sample whose newest analysis does not fulfil them is out.

    Raises:
        InputError: a comparison cannot be read, or its key is unknown.
    """
    heads = _heads(every=every)
    chosen = select(heads)
    for text in where:
        comparison = read_comparison(text)
        key = find_key(connection, comparison.key)
        chosen = chosen.where(as_sql(comparison, key, heads))
    return _filled(connection, chosen.subquery("chosen"))


def _heads(*, every: bool) -> Subquery:
    """Analyses with their sample's name; of each sample the newest unless `every`."""
    newest_first = func.row_number().over(
        partition_by=ANALYSES.c.sample,
        order_by=(ANALYSES.c.date.desc(), ANALYSES.c.number.desc()),
    )
    ranked = select(
        ANALYSES.c.number,
        ANALYSES.c.sample.label("sample_number"),
        SAMPLES.c.name.label("sample"),
        *(ANALYSES.c[name] for name in ("date", "folder", "given", "machine", "version")),
        newest_first.label("age"),
    ).join(SAMPLES, SAMPLES.c.sample == ANALYSES.c.sample)
    heads = ranked.subquery("ranked")
    shown = select(*(column for column in heads.c if column.name != "age"))
    return (shown if every else shown.where(heads.c.age == 1)).subquery("heads")


def _filled(connection: Connection, chosen: Subquery) -> list[Entry]:
    heads = connection.execute(select(chosen)).mappings().all()
    found = {head["number"]: Entry(**dict(head)) for head in heads}
    numbers = select(chosen.c.number)
    for row in _rows(connection, select(RESULTS).where(RESULTS.c.analysis.in_(numbers))):
        found[row.analysis].results[f"{row.section}.{row.quantity}"] = _estimate(row)
    for row in _rows(connection, select(FACTS).where(FACTS.c.analysis.in_(numbers))):
        found[row.analysis].facts[row.key] = _either(row)
    for row in _rows(connection, select(CHECKS).where(CHECKS.c.analysis.in_(numbers))):
        counted = found[row.analysis].checks
        counted[row.status] = counted.get(row.status, 0) + 1
    failed = select(SECTIONS).where(SECTIONS.c.status == "failed", SECTIONS.c.analysis.in_(numbers))
    for row in _rows(connection, failed):
        found[row.analysis].unfinished[row.section] = row.message
    tags: dict[int, dict[str, Told]] = {}
    for row in _rows(connection, select(TAGS)):
        tags.setdefault(row.sample, {})[row.key] = _either(row)
    for entry in found.values():
        entry.tags.update(tags.get(entry.sample_number, {}))
    return sorted(found.values(), key=lambda one: (one.sample, one.date, one.number))


def _rows(connection: Connection, query: Executable) -> Iterable[Any]:
    return connection.execute(query)


def _either(row: Any) -> Told:  # noqa: ANN401 - a row of any table with both columns
    return row.text if row.number is None else row.number


def _estimate(row: Any) -> Estimate:  # noqa: ANN401 - a row of results
    return Estimate(
        value=_either(row), sigma=row.sigma, unit=row.unit, method=row.method, status=row.status
    )


def one_entry(connection: Connection, named: str) -> Entry:
    """The entry of a sample's name, or of an analysis's number.

    Raises:
        InputError: nothing has that name or number, or several samples do.
    """
    newest = entries(connection)
    fits = [entry for entry in newest if entry.sample == named]
    if not fits and named.isdecimal():
        fits = [one for one in entries(connection, every=True) if one.number == int(named)]
    if len(fits) == 1:
        return fits[0]
    if fits:
        listed = ", ".join(f"{one.number} ({one.folder})" for one in fits)
        raise InputError(
            f"{named!r} must be one sample, but several have that name.",
            remedy=f"Say which by its number: {listed}.",
        )
    raise InputError(
        f"{named!r} must be a sample's name or an analysis's number in the catalog, but is none.",
        remedy=_nearest(named, [entry.sample for entry in newest]),
    )


def _nearest(named: str, names: list[str]) -> str:
    import difflib

    near = difflib.get_close_matches(named, names, n=3, cutoff=0.4)
    return f"The nearest are {', '.join(near)}." if near else "See them with cinedot catalog."
