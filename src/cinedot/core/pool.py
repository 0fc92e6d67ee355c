"""Processes that work on chunks: this one, Dask workers on its cores, or a Dask cluster."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np

from cinedot.core.errors import AnalysisError, InputError
from cinedot.core.schedulers import why_no_scheduler

if TYPE_CHECKING:
    from distributed import Client

Job = TypeVar("Job")
Given = TypeVar("Given")
_Arrays = Mapping[str, np.ndarray]

WORTH_STARTING_S = 8.0
"""Work that one process would still have, in seconds, from which on starting more pays: they
need some 4 s to start and to import."""

_log = logging.getLogger(__name__)


class Pool:
    """Where chunks are worked on. Leave it (`with`) to end its workers.

    Args:
        workers: processes on this machine; 1 works in this process and starts none.
        scheduler: address of a Dask scheduler, as in tcp://node1:8786, used instead of them.
        patience_s: how long the scheduler may take to answer, s.

    Without `with`, or without a scheduler, workers start when there is work that needs them.

    Example:
        >>> with Pool() as pool:
        ...     jobs = iter([(1, {"a": np.array(2)})])
        ...     list(pool.results(lambda job, given: {"sum": job + given["a"]}, jobs, 1))
        [(1, {'sum': np.int64(3)})]
    """

    def __init__(
        self, *, workers: int = 1, scheduler: str | None = None, patience_s: float = 10.0
    ) -> None:
        self._workers, self._scheduler = workers, scheduler
        self._patience_s = patience_s
        self._client: Client | None = None

    def __enter__(self) -> "Pool":
        """Call on the scheduler, if there is one: a wrong address is told before the work.

        Raises:
            InputError: none answers there.
        """
        if self._scheduler:
            self._started()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def elsewhere(self) -> bool:
        """Whether the work may be done on other machines."""
        return self._scheduler is not None

    def close(self) -> None:
        """End the workers that this pool started; those of a cluster go on."""
        if self._client is None:
            return
        cluster = None if self._scheduler else self._client.cluster
        self._client.close()
        if cluster is not None:
            cluster.close()
        self._client = None

    def results(
        self,
        call: Callable[[Job, Given], _Arrays],
        jobs: Iterator[tuple[Job, Given]],
        count: int,
    ) -> Iterator[tuple[Job, _Arrays]]:
        """Each job with what it gives, in the order in which they end.

        The first is done in this process and timed: few or short ones need no others. No more
        are under way at a time than keep all workers busy.

        Raises:
            InputError: no scheduler answers at the address.
            AnalysisError: the workers were lost; else what a job raises.
        """
        alone = self._client is None and self._scheduler is None
        while alone and count:
            began = time.monotonic()
            for job, given in islice(jobs, 1):
                yield job, call(job, given)
            count -= 1
            seconds = (time.monotonic() - began) * count
            alone = self._workers == 1 or count < 2 or seconds < WORTH_STARTING_S
        if count:
            yield from self._from_workers(self._started(), call, jobs)

    def _from_workers(
        self,
        client: "Client",
        call: Callable[[Job, Given], _Arrays],
        jobs: Iterator[tuple[Job, Given]],
    ) -> Iterator[tuple[Job, _Arrays]]:
        from distributed import as_completed
        from distributed.client import FutureCancelledError
        from distributed.scheduler import KilledWorker

        room = 2 * max(1, sum(cast(Any, client.nthreads()).values()))
        running = {}
        for job, given in islice(jobs, room):
            running[client.submit(call, job, given, pure=False)] = job
        ending = as_completed(list(running), loop=client.loop)
        try:
            for future in ending:
                arrays = future.result()
                job = running.pop(future)
                future.release()
                for following, given in islice(jobs, 1):
                    added = client.submit(call, following, given, pure=False)
                    running[added] = following
                    ending.add(added)
                yield job, arrays
        except (KilledWorker, FutureCancelledError) as fault:
            _log.info("workers lost", exc_info=True)
            raise AnalysisError(
                f"the workers were lost ({type(fault).__name__}): out of memory, or stopped.",
                remedy="Run the same command again: finished chunks are kept. Fewer --workers "
                "need less memory.",
            ) from fault
        finally:
            client.cancel(list(running))

    def _started(self) -> "Client":
        if self._client is None:
            self._client = (
                _at(self._scheduler, self._patience_s) if self._scheduler else _here(self._workers)
            )
        return self._client


def _here(workers: int) -> "Client":
    import dask.config
    from distributed import Client, LocalCluster

    _quieten()
    # Dask's sampling profiler looks into running frames of another thread every 10 ms, which can
    # crash Python 3.11 (dask/distributed issue 8616): workers inherit that it is off.
    with dask.config.set({"distributed.worker.profile.enabled": False}):
        cluster = LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
            memory_limit=0,
            silence_logs=logging.CRITICAL,
        )
        return Client(cluster, set_as_default=False)


def _quieten() -> None:
    """Dask tells of every worker that comes and goes; what matters comes as an error."""
    for name in ("distributed", "tornado.application"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def _at(address: str, patience_s: float) -> "Client":
    """A client of the scheduler at an address that answers as one.

    Dask's own client tries a wrong address for long, and leaves tracebacks behind when it gives
    up: nothing of it is made before a scheduler has said that it is one.
    """
    fault = why_no_scheduler(address, patience_s)
    if fault is None:
        from distributed import Client

        _quieten()
        try:
            return Client(address, timeout=patience_s, set_as_default=False)
        except (OSError, ValueError, TimeoutError) as error:
            fault = f"it did not take this client: {type(error).__name__}"
    raise InputError(
        f"`--scheduler` must be the address of a Dask scheduler, but none answers at {address!r}: "
        f"{fault}.",
        remedy="Start one (dask scheduler) with workers (dask worker), and give its address, "
        "as in tcp://node1:8786.",
    )
