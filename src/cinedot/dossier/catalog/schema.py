"""The tables of a catalog, the same in SQLite and in PostgreSQL.

A sample has analyses; the newest speaks for it. Every other row belongs to one analysis, but tags,
which a person gives to the sample. All names begin with `cinedot_`, so that a group's database may
hold other tables too.
"""

from sqlalchemy import (
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

SCHEMA_VERSION = 1
"""Of these tables. Another number in a database's `cinedot_catalog` is refused, not guessed at."""

METADATA = MetaData()


def _of_analysis() -> Column[int]:
    return Column(
        "analysis", Integer, ForeignKey("cinedot_analyses.number"), nullable=False, index=True
    )


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


CATALOG = Table(
    "cinedot_catalog",
    METADATA,
    Column("id", Integer, CheckConstraint("id = 1"), primary_key=True, autoincrement=False),
    Column("schema_version", Integer, nullable=False),
    _text("made_by"),
)

SAMPLES = Table(
    "cinedot_samples",
    METADATA,
    Column("sample", Integer, primary_key=True),
    Column("name", Text, nullable=False, index=True),
)

ANALYSES = Table(
    "cinedot_analyses",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("sample", Integer, ForeignKey("cinedot_samples.sample"), nullable=False, index=True),
    _text("date"),  # when it was analysed: ISO 8601 in UTC, so that texts sort as times do
    _text("given"),  # the sample folder as the command had it
    _text("folder"),  # the same from the root on
    _text("machine"),
    _text("version"),
    _text("command"),
    Column("seconds", Double),
    _text("inputs"),  # one digest of all files that were read
    _text("document"),  # digest of dossier.json
    UniqueConstraint("sample", "document"),
)

INPUTS = Table("cinedot_inputs", METADATA, _of_analysis(), _text("file"), _text("digest"))
Index("cinedot_inputs_digest", INPUTS.c.digest)

SECTIONS = Table(
    "cinedot_sections",
    METADATA,
    _of_analysis(),
    _text("section"),
    _text("status"),
    _text("message"),
)

RESULTS = Table(
    "cinedot_results",
    METADATA,
    _of_analysis(),
    _text("section"),
    _text("kind"),  # the section without its own name: "movie" of "movie A"
    _text("quantity"),
    Column("number", Double),  # either a number
    Column("text", Text),  # or a text
    Column("sigma", Double),
    _text("unit"),
    _text("method"),
    _text("status"),
)
Index("cinedot_results_key", RESULTS.c.kind, RESULTS.c.quantity)

SERIES = Table(
    "cinedot_series",
    METADATA,
    _of_analysis(),
    _text("section"),
    _text("kind"),
    _text("label"),
    Column("x", Double),
    _text("quantity"),
    Column("number", Double, nullable=False),
    Column("sigma", Double),
    _text("unit"),
)

FACTS = Table(
    "cinedot_facts",
    METADATA,
    _of_analysis(),
    _text("key"),  # with the section's own name: "titration oam.additive"
    _text("general"),  # without: "titration.additive"
    Column("number", Double),
    Column("text", Text),
)

CHECKS = Table(
    "cinedot_checks", METADATA, _of_analysis(), _text("name"), _text("status"), _text("detail")
)

TAGS = Table(
    "cinedot_tags",
    METADATA,
    Column("sample", Integer, ForeignKey("cinedot_samples.sample"), primary_key=True),
    Column("key", Text, primary_key=True),
    Column("number", Double),
    Column("text", Text),
)

OF_ANALYSIS = (INPUTS, SECTIONS, RESULTS, SERIES, FACTS, CHECKS)
"""The tables whose rows belong to one analysis."""
