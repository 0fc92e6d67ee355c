"""Whether a Dask scheduler answers at an address: asked quickly, before Dask's client is made."""

import asyncio
import re
import socket
import threading
import time
from collections.abc import Callable
from typing import Any, cast

_ADDRESS = re.compile(r"(?:(tcp|tls|ws|wss)://)?(\[[0-9A-Fa-f:.%]+\]|[^\s:/\[\]]+):(\d{1,5})/?")


def why_no_scheduler(address: str, patience_s: float) -> str | None:
    """What keeps a Dask scheduler from being reached; None where one answers.

    Args:
        address: as in tcp://node1:8786; tls, ws and wss are known too.
        patience_s: how long it may take in all, s.

    Example:
        >>> why_no_scheduler("node1", 1.0)
        'this is no address with a port'
    """
    ends = time.monotonic() + patience_s
    parts = _ADDRESS.fullmatch(address.strip())
    if parts is None or not 0 < int(parts[3]) < 65536:
        return "this is no address with a port"
    # Looking up a name may take long and cannot be called off: a daemon's wait ends with us.
    fault = _in_time(lambda: _connected(parts[2].strip("[]"), int(parts[3]), patience_s), ends)
    if fault is not None:
        return fault
    return _in_time(lambda: _introduced(address.strip(), ends), ends + 1.0)


def _in_time(ask: Callable[[], str | None], ends: float) -> str | None:
    """What a question in a thread of its own answers before the time is over."""
    answers: list[str | None] = []
    asked = threading.Thread(target=lambda: answers.append(ask()), daemon=True)
    asked.start()
    asked.join(max(0.0, ends - time.monotonic()))
    return answers[0] if answers else "no answer in time"


def _connected(host: str, port: int, patience_s: float) -> str | None:
    try:
        socket.create_connection((host, port), timeout=patience_s).close()
    except socket.gaierror:
        return f"no machine is known by the name {host!r}"
    except TimeoutError:
        return "no answer in time"
    except (OSError, UnicodeError) as fault:
        return " ".join((getattr(fault, "strerror", None) or str(fault)).split()).lower()
    return None


def _introduced(address: str, ends: float) -> str | None:
    """Whether what listens there says that it is a scheduler."""
    left = max(0.1, ends - time.monotonic())
    try:
        answer = asyncio.run(asyncio.wait_for(_identity(address, left), left))
    except TimeoutError:
        return "something listens there, but gives no answer in time"
    except Exception as fault:  # Dask reads what others say as lengths of what is to come
        return f"something listens there, but does not speak as one ({type(fault).__name__})"
    kind = cast("dict[str, Any]", answer).get("type") if isinstance(answer, dict) else None
    return None if kind == "Scheduler" else f"this is a {kind or 'stranger'}, no scheduler"


async def _identity(address: str, patience_s: float) -> object:
    from distributed.comm.core import connect
    from distributed.security import Security

    extra = cast(Any, Security()).get_connection_args("client")
    comm: Any = await cast(Any, connect)(address, timeout=patience_s, **extra)
    try:
        await comm.write({"op": "identity", "reply": True})
        return await comm.read()
    finally:
        comm.abort()
