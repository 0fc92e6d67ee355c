"""Opening a catalog: one code for SQLite and PostgreSQL, faults told in one line.

Writers take turns: on SQLite a transaction begins with the file's write lock and waits for it, on
PostgreSQL with a lock of the catalog's own. SQLite keeps its rollback journal: its write-ahead log
does not work on the network drives that laboratories share.
"""

import contextlib
import sqlite3
from collections.abc import Generator
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event, insert, inspect, select
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from cinedot import __version__
from cinedot.core import InputError
from cinedot.dossier.catalog.address import Address
from cinedot.dossier.catalog.schema import CATALOG, METADATA, SCHEMA_VERSION
from cinedot.dossier.catalog.secrets import without_password

_PATIENCE_S = 30
"""How long to wait for another writer to a SQLite file."""

_CONNECT_S = 10
_LOCK = 0x63696E65646F74
"""PostgreSQL's key of the writers' lock: the letters of the program's name."""


@contextlib.contextmanager
def reading(address: Address) -> Generator[Connection]:
    """A connection that sees the catalog as it is at one moment and changes nothing.

    Raises:
        InputError: no catalog is there, or it cannot be reached or read.
    """
    with _transaction(address, write=False) as connection:
        yield connection


@contextlib.contextmanager
def writing(address: Address) -> Generator[Connection]:
    """A connection in one transaction, alone among writers: all is kept at the end, or nothing.

    A catalog that is not there yet is made.

    Raises:
        InputError: the place cannot be reached or written to, or holds something else.
    """
    with _transaction(address, write=True) as connection:
        yield connection


@contextlib.contextmanager
def _transaction(address: Address, *, write: bool) -> Generator[Connection]:
    if address.file is not None:
        _require_place(address.file, write=write)
    engine = _engine(address, write=write)
    try:
        with engine.begin() as connection:
            _require_catalog(connection, address, make=write)
            yield connection
    except SQLAlchemyError as fault:
        raise _refused(address, fault) from None


def _require_place(file: Path, *, write: bool) -> None:
    if file.is_dir():
        raise _not_a_catalog(str(file), "is a folder")
    if not write and not file.exists():
        raise _nothing_yet(str(file))
    if not file.resolve().parent.is_dir():
        raise InputError(
            "the catalog's folder must exist, but does not.", remedy="Make it.", file=file
        )


def _engine(address: Address, *, write: bool) -> Engine:
    file = address.file
    if file is None:
        assert address.url is not None
        try:
            engine = create_engine(
                address.url,
                poolclass=NullPool,
                isolation_level="READ COMMITTED" if write else "REPEATABLE READ",
                connect_args={"connect_timeout": _CONNECT_S},
            )
        except ImportError as fault:
            raise InputError(
                "a PostgreSQL catalog must have the driver psycopg, but it is not installed.",
                remedy="Install cinedot with its extra `postgres`.",
            ) from fault
        begin = f"SELECT pg_advisory_xact_lock({_LOCK})" if write else "SET TRANSACTION READ ONLY"
    else:
        place = f"{file.resolve().as_uri()}?mode={'rwc' if write else 'ro'}"

        def connect() -> sqlite3.Connection:
            # Python's own handling of transactions is off: ours begin where SQLAlchemy's do.
            return sqlite3.connect(place, uri=True, timeout=_PATIENCE_S, isolation_level=None)

        engine = create_engine("sqlite://", creator=connect, poolclass=NullPool)
        begin = "BEGIN IMMEDIATE" if write else "BEGIN"

    def on_begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine, "begin", on_begin)
    return engine


def _require_catalog(connection: Connection, address: Address, *, make: bool) -> None:
    tables = inspect(connection).get_table_names()
    if CATALOG.name not in tables:
        if not make:
            raise _nothing_yet(address.text)
        if tables and address.file is not None:
            raise _not_a_catalog(address.text, f"is a database with other tables ({tables[0]})")
        METADATA.create_all(connection)
        row = {"id": 1, "schema_version": SCHEMA_VERSION, "made_by": f"cinedot {__version__}"}
        connection.execute(insert(CATALOG), row)
    version = connection.execute(select(CATALOG.c.schema_version)).scalar()
    if version != SCHEMA_VERSION:
        raise InputError(
            f"the catalog {address.text} must have tables of version {SCHEMA_VERSION}, but has "
            f"{version}.",
            remedy="Use the cinedot that made it, or a newer one; or record into a new catalog.",
        )


def _nothing_yet(place: str) -> InputError:
    return InputError(
        f"there must be a catalog at {place}, but there is none yet.",
        remedy="Record a sample: cinedot catalog add FOLDER, or cinedot analyze FOLDER --catalog.",
    )


def _not_a_catalog(place: str, found: str) -> InputError:
    return InputError(
        f"{place} must be a catalog, but {found}.", remedy="Choose another file with --catalog."
    )


def _refused(address: Address, fault: SQLAlchemyError) -> InputError:
    said = str(fault.orig if isinstance(fault, DBAPIError) else fault)
    if "file is not a database" in said:
        return _not_a_catalog(address.text, "is no SQLite file")
    password = address.url.password if address.url is not None else None
    said = without_password(said)
    if isinstance(password, str) and password:
        said = said.replace(password, "***")
    return InputError(
        f"the catalog {address.text} cannot be used: {said.strip().rstrip('.')}.",
        remedy="See that the database runs, and that you may read and write there.",
    )
