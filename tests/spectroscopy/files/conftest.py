"""What the tests of instruments' files share."""

import pytest


@pytest.fixture
def file(tmp_path):
    """Write bytes, or text in an encoding, under a name."""

    def write(content, name="record.txt", encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    return write
