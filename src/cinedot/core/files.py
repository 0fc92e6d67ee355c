"""Files written whole or not at all, and data files that carry their source."""

import contextlib
import hashlib
import os
import signal
import threading
import tomllib
from collections.abc import Generator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

from cinedot.core.errors import InputError


@contextlib.contextmanager
def cleared_when_ended() -> Generator[None]:
    """Let a request to end (SIGTERM) unwind what runs, as Ctrl-C does; the exit status is 143.

    Left to itself it ends the process at once, and what was half written stays. Only the main
    thread can answer signals, and whoever answers this one already goes on doing so.

    Example:
        >>> with cleared_when_ended():
        ...     signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
        False
    """
    asked = threading.current_thread() is threading.main_thread()
    if not asked or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, _end)
    try:
        yield
    finally:
        # Once asked to end, the process goes on to its end.
        if signal.getsignal(signal.SIGTERM) is _end:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _end(number: int, _: object) -> None:
    # A second request, as `timeout` sends one, must cut neither the clearing nor the exit short.
    signal.signal(number, signal.SIG_IGN)
    raise SystemExit(128 + number)


@contextlib.contextmanager
def written_whole(path: Path) -> Generator[Path]:
    """Yield a path beside `path` to write to; rename it over `path` when all went well.

    Whatever else ends the writing (a fault, Ctrl-C, SIGTERM) leaves `path` as it was.

    Args:
        path: the file to make or replace; its folder is made when missing.

    Raises:
        InputError: the folder cannot be written to.

    Example:
        >>> import tempfile
        >>> target = Path(tempfile.mkdtemp()) / "a.txt"
        >>> with written_whole(target) as beside:
        ...     _ = beside.write_text("whole")
        >>> target.read_text()
        'whole'
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.part{path.suffix}")
    with cleared_when_ended():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            yield beside
            beside.replace(path)
        except OSError as fault:
            raise not_writable(path, fault) from fault
        finally:
            with contextlib.suppress(OSError):
                beside.unlink()


def not_writable(path: Path, fault: OSError, *, option: str = "--out") -> InputError:
    """The error for a file or folder that the system refuses to write.

    Args:
        path: what cannot be written.
        fault: what the system says.
        option: the command's option that chooses another place.

    Example:
        >>> print(not_writable(Path("a"), PermissionError(13, "Permission denied"), option="--to"))
        a: this must be writable, but the system says: Permission denied. Choose another folder \
with --to, or change its permissions.
    """
    return InputError(
        f"this must be writable, but the system says: {fault.strerror or fault}.",
        remedy=f"Choose another folder with {option}, or change its permissions.",
        file=path,
    )


def not_readable(path: Path, fault: OSError) -> InputError:
    """The error for a file that the system will not hand over."""
    return InputError(
        f"the file must be readable, but the system says: {fault.strerror or fault}.",
        remedy="Check the name and the permissions.",
        file=path,
    )


def utf8_text(path: Path) -> str:
    """What a text file says, without the mark that some editors put at its beginning.

    Raises:
        InputError: it cannot be read, or is not UTF-8.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "a.toml"
        >>> _ = file.write_bytes(b"\\xef\\xbb\\xbfa = 1")
        >>> utf8_text(file)
        'a = 1'
    """
    try:
        return path.read_text("utf-8-sig")
    except OSError as fault:
        raise not_readable(path, fault) from fault
    except UnicodeDecodeError as fault:
        raise InputError(
            f"this must be UTF-8 text, but byte {fault.start} is not.",
            remedy="Save it as UTF-8.",
            file=path,
        ) from fault


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal, read in pieces."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcedText:
    """A data file of the package: its text and where its numbers come from."""

    text: str
    citation: str


@cache
def sourced_text(package: str, name: str) -> SourcedText:
    """Read a package's data file, once, after checking it against its recorded hash.

    Args:
        package: the package whose `data` folder holds the file and `SOURCES.toml`.
        name: the file's name in that folder.

    Raises:
        ValueError: the file is not the one whose hash `SOURCES.toml` records.
    """
    folder = resources.files(package) / "data"
    entry = tomllib.loads((folder / "SOURCES.toml").read_text("utf-8"))[name]
    content = (folder / name).read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != entry["sha256"]:
        raise ValueError(
            f"data file {name} of {package} must have SHA-256 {entry['sha256']}, but has {found}. "
            "Reinstall cinedot, or record the new hash together with the change's source."
        )
    return SourcedText(text=content.decode("utf-8"), citation=entry["citation"])
