"""What must not be printed or written down: the passwords of database URLs."""

import re

# To the last @ of the line: a password may hold what a URL should have escaped, blanks too.
_USER_PART = re.compile(r"(://[^\s/?#:@]*):[^\n]*@")
_QUERY_PART = re.compile(r"(?i)([?&](?:password|passwd|pwd|sslpassword)=)[^\s&#]*")


def without_password(text: str) -> str:
    """A text with the password of every URL in it replaced by three stars.

    Example:
        >>> without_password("cinedot analyze a --catalog postgresql://ann:se:cr@t@host/dots")
        'cinedot analyze a --catalog postgresql://ann:***@host/dots'
        >>> without_password("postgresql://ann:a/b c#d?@host:5432/dots")
        'postgresql://ann:***@host:5432/dots'
        >>> without_password("postgresql://host/dots?user=ann&password=secret")
        'postgresql://host/dots?user=ann&password=***'
    """
    return _QUERY_PART.sub(r"\1***", _USER_PART.sub(r"\1:***@", text))
