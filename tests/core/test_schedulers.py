"""Addresses at which no Dask scheduler answers end in one line, and soon."""

import contextlib
import socket
import threading
from collections.abc import Generator

import pytest

from cinedot.core import InputError
from cinedot.core.pool import Pool
from cinedot.core.schedulers import why_no_scheduler


@contextlib.contextmanager
def _listening(answer: bytes | None) -> Generator[int]:
    """A port that takes connections; it answers each with some bytes, or never."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        held: list[socket.socket] = []

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    one, _ = server.accept()
                    held.append(one)
                    if answer is not None:
                        one.sendall(answer)
                        one.close()

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]
        for one in held:
            one.close()


def _closed_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.fixture
def no_client(monkeypatch: pytest.MonkeyPatch) -> None:
    """Dask's client is never made for a wrong address."""
    import distributed

    def made(*_: object, **__: object) -> None:
        raise AssertionError

    monkeypatch.setattr(distributed, "Client", made)


@pytest.mark.parametrize(
    "address",
    ["", " ", "nonsense", "nonsense://x", "nonsense://x:1", "tcp://", "tcp://x", "tcp://x:",
     "tcp://x:0", "tcp://x:70000", "tcp://:8786", "http://x:80", "tcp://x:12ab", "x y:1"],
)  # fmt: skip
@pytest.mark.usefixtures("no_client")
def test_what_is_no_address(address: str) -> None:
    assert why_no_scheduler(address, 5.0) == "this is no address with a port"
    if address:
        with pytest.raises(InputError, match="no address with a port"), Pool(scheduler=address):
            pass


@pytest.mark.usefixtures("no_client")
def test_nobody_listens() -> None:
    fault = why_no_scheduler(f"tcp://127.0.0.1:{_closed_port()}", 30.0)
    assert fault == "connection refused"
    with pytest.raises(InputError, match="none answers at 'localhost:"):
        Pool(scheduler=f"localhost:{_closed_port()}").__enter__()


@pytest.mark.usefixtures("no_client")
def test_a_name_that_nobody_has() -> None:
    # Names under .invalid never exist (RFC 2606); without a name server the answer may not come.
    fault = why_no_scheduler("tcp://node.invalid:8786", 2.0)
    assert fault in ("no machine is known by the name 'node.invalid'", "no answer in time")


@pytest.mark.usefixtures("no_client")
def test_somebody_else_listens() -> None:
    with _listening(None) as port:
        assert "no answer in time" in (why_no_scheduler(f"tcp://127.0.0.1:{port}", 1.0) or "")
    with _listening(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port:
        assert "something listens there" in (why_no_scheduler(f"127.0.0.1:{port}", 3.0) or "")
