"""Where a catalog is: a SQLite file or a PostgreSQL database."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from cinedot.core import InputError
from cinedot.dossier.catalog.secrets import without_password

_POSTGRESQL = ("postgresql", "postgres", "postgresql+psycopg")


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a catalog is; its text never holds the password.

    Attributes:
        text: the address for a reader, the password hidden.
        file: the SQLite file, or None.
        url: the PostgreSQL URL, or None.
    """

    text: str
    file: Path | None = None
    url: URL | None = None


def read_address(text: str) -> Address:
    """An address as a person writes it: a file's path, sqlite:///FILE, or postgresql://...

    Raises:
        InputError: another kind of database, a URL that cannot be read, or no file.

    Example:
        >>> read_address("postgresql://ann:secret@server/dots").text
        'postgresql://ann:***@server/dots'
        >>> read_address("group/samples.db").file.name
        'samples.db'
    """
    text = text.strip()
    shown = without_password(text)
    if not text:
        raise _unreadable("the catalog's address is empty.")
    if "://" not in text:
        return Address(text=shown, file=Path(text).expanduser())
    kind = text.partition("://")[0].lower()
    if kind == "sqlite":
        name = text.partition("://")[2].removeprefix("/")
        if not name or name == ":memory:":
            raise _unreadable(f"a SQLite catalog must be a file, but this is {shown!r}.")
        return Address(text=shown, file=Path(name).expanduser())
    if kind not in _POSTGRESQL:
        raise _unreadable(f"a catalog must be in SQLite or PostgreSQL, but this is {shown!r}.")
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):  # ValueError: a port that is no number
        raise _unreadable(f"{shown!r} is no URL of a database.") from None
    return Address(text=shown, url=url.set(drivername="postgresql+psycopg"))


def _unreadable(rule: str) -> InputError:
    return InputError(
        rule,
        remedy="Name a file, as in samples.db, or a database, as in postgresql://USER@HOST/NAME.",
    )
