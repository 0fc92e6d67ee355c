"""Writing to a catalog: an analysis, all of it or nothing; a sample's tags; taking one out."""

from dataclasses import dataclass

from sqlalchemy import Connection, delete, exists, insert, or_, select

from cinedot.core import InputError
from cinedot.dossier.catalog.address import Address
from cinedot.dossier.catalog.database import writing
from cinedot.dossier.catalog.document import Document, Row, number_or_text
from cinedot.dossier.catalog.schema import (
    ANALYSES,
    CHECKS,
    FACTS,
    INPUTS,
    OF_ANALYSIS,
    RESULTS,
    SAMPLES,
    SECTIONS,
    SERIES,
    TAGS,
)

_MANIFEST = "sample.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """Where an analysis stands in the catalog.

    Attributes:
        number: the analysis's.
        new: whether it was not there before.
    """

    number: int
    new: bool


def record(address: Address, document: Document) -> Recorded:
    """Record an analysis; the same dossier twice is one analysis.

    Raises:
        InputError: the catalog cannot be reached or written to.
    """
    with writing(address) as connection:
        sample = _sample_of(connection, document)
        there = connection.execute(
            select(ANALYSES.c.number).where(
                ANALYSES.c.sample == sample,
                ANALYSES.c.document == document.analysis["document"],
            )
        ).scalar()
        if there is not None:
            return Recorded(number=there, new=False)
        made = connection.execute(insert(ANALYSES), {"sample": sample, **document.analysis})
        assert made.inserted_primary_key is not None
        number = int(made.inserted_primary_key[0])
        for table, rows in (
            (INPUTS, document.inputs),
            (SECTIONS, document.sections),
            (RESULTS, document.results),
            (SERIES, document.series),
            (FACTS, document.facts),
            (CHECKS, document.checks),
        ):
            if rows:
                connection.execute(insert(table), [{"analysis": number, **row} for row in rows])
    return Recorded(number=number, new=True)


def _sample_of(connection: Connection, document: Document) -> int:
    """The sample that an analysis is of; a new one where none has its name and its folder or files.

    Two laboratories may call two samples alike; one sample's folder may move.
    """
    row = document.analysis
    recordings = {one["digest"] for one in document.inputs if one["file"] != _MANIFEST}
    same_files = exists().where(
        INPUTS.c.analysis == ANALYSES.c.number,
        INPUTS.c.file != _MANIFEST,
        INPUTS.c.digest.in_(recordings),
    )
    same_folder = (ANALYSES.c.folder == row["folder"]) & (ANALYSES.c.machine == row["machine"])
    known = connection.execute(
        select(SAMPLES.c.sample)
        .join(ANALYSES, ANALYSES.c.sample == SAMPLES.c.sample)
        .where(SAMPLES.c.name == document.name, or_(same_folder, same_files))
        .order_by(same_folder.desc(), ANALYSES.c.number.desc())
    ).scalar()
    if known is not None:
        return int(known)
    made = connection.execute(insert(SAMPLES), {"name": document.name})
    assert made.inserted_primary_key is not None
    return int(made.inserted_primary_key[0])


def tag(address: Address, sample: int, tags: dict[str, str]) -> None:
    """Set tags of a sample; an empty value takes the tag away.

    Args:
        address: the catalog.
        sample: the sample's own number (not an analysis's).
        tags: key -> value as written; what reads as a number is kept as one.
    """
    with writing(address) as connection:
        for key, written in tags.items():
            connection.execute(delete(TAGS).where(TAGS.c.sample == sample, TAGS.c.key == key))
            if written:
                row: Row = {"sample": sample, "key": key, **number_or_text(as_number(written))}
                connection.execute(insert(TAGS), row)


def as_number(written: str) -> float | str:
    """A text as the finite number that it reads as, or as it is.

    Example:
        >>> as_number("4.5"), as_number("batch 7"), as_number("nan")
        (4.5, 'batch 7', 'nan')
    """
    try:
        number = float(written)
    except ValueError:
        return written
    return number if abs(number) < float("inf") else written


def remove(address: Address, number: int) -> str:
    """Take an analysis out; with its last one a sample goes, tags and all.

    Returns:
        The sample's name.

    Raises:
        InputError: there is no such analysis.
    """
    with writing(address) as connection:
        found = connection.execute(
            select(SAMPLES.c.sample, SAMPLES.c.name)
            .join(ANALYSES, ANALYSES.c.sample == SAMPLES.c.sample)
            .where(ANALYSES.c.number == number)
        ).first()
        if found is None:
            raise InputError(
                f"there must be an analysis number {number}, but there is none.",
                remedy="See the numbers with cinedot catalog --all.",
            )
        for table in OF_ANALYSIS:
            connection.execute(delete(table).where(table.c.analysis == number))
        connection.execute(delete(ANALYSES).where(ANALYSES.c.number == number))
        left = connection.execute(
            select(ANALYSES.c.number).where(ANALYSES.c.sample == found.sample)
        ).first()
        if left is None:
            connection.execute(delete(TAGS).where(TAGS.c.sample == found.sample))
            connection.execute(delete(SAMPLES).where(SAMPLES.c.sample == found.sample))
    return str(found.name)
