"""Text files in whatever encoding an instrument or a spreadsheet left them."""

import re
from pathlib import Path

from cinedot.core.errors import InputError
from cinedot.core.files import not_readable


def decoded(path: Path) -> str:
    """A text file's text, whatever common encoding it is in.

    Raises:
        InputError: the file cannot be read, is empty, or is no text.
    """
    try:
        content = path.read_bytes()
    except OSError as fault:
        raise not_readable(path, fault) from fault
    text = _text(content)
    if text is None or any(ord(c) < 32 and c not in "\t\n\r\f\v\x1a" for c in text):
        raise InputError(
            "the file must be text, but holds binary data.",
            remedy="Export it from the instrument's program as text or CSV.",
            file=path,
        )
    if not text.strip("\ufeff\x1a \t\r\n,;"):
        raise InputError(
            "the file must hold a table, but is empty.", remedy="Export it again.", file=path
        )
    return text


def _text(content: bytes) -> str | None:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _try(content, "utf-16")
    for offset, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        half = content[offset:4000:2]
        if len(half) > 4 and half.count(0) > 0.8 * len(half):
            return _try(content, encoding)
    if b"\0" in content:
        return None
    unicode = _try(content, "utf-8-sig")
    if unicode is not None:
        return unicode
    japanese = _try(content, "cp932")
    # Japanese comes in runs; a lone accented letter of Latin-1 may look like one such character.
    if japanese is not None and re.search(r"[\u3041-\u30ff\u4e00-\u9fff]{2}", japanese):
        return japanese
    return content.decode("latin-1")


def _try(content: bytes, encoding: str) -> str | None:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        return None
