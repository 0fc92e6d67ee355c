"""Batches spread over what the machine has: threads on a CPU, wide batches on a GPU."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

import jax
import numpy as np
from jaxtyping import Array, Shaped
from numpy.typing import ArrayLike, DTypeLike

_GPU_BATCH = 64

Item = TypeVar("Item")
Result = TypeVar("Result")


@cache
def batch_size() -> int | None:
    """How many images one compiled step works on: one at a time on a CPU, whose caches hold one."""
    return None if jax.default_backend() == "cpu" else _GPU_BATCH


@cache
def workers() -> int:
    """Threads that run compiled code side by side."""
    if jax.default_backend() != "cpu":
        return 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_threads(run: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    """`run` on every item, in order; the first alone.

    Threads that meet a new program would all compile it.

    Example:
        >>> in_threads(abs, [-1, 2, -3])
        [1, 2, 3]
    """
    done = [run(one) for one in items[:1]]
    if len(items) > 1:
        with ThreadPoolExecutor(workers()) as pool:
            done += pool.map(run, items[1:])
    return done


def placed(values: ArrayLike, dtype: DTypeLike) -> Array:
    """Numbers where compiled code takes them from.

    `jnp.asarray` would compile a program for every shape that it meets.

    Args:
        values: anything that NumPy makes an array of.
        dtype: of the array.

    Example:
        >>> placed([1, 2], np.float32).dtype
        dtype('float32')
    """
    return jax.device_put(np.asarray(values, dtype=dtype))


def over_batches(
    run: Callable[..., Shaped[Array, "item ..."]], *batch: Shaped[Array, "item ..."]
) -> Shaped[Array, "item ..."]:
    """`run` on the batch, each core of a CPU taking an equal part of it.

    XLA runs one program's small transforms on one core; two programs fill two.

    Args:
        run: works on arrays with a leading axis; its result has that axis too.
        batch: the arrays; the last item is repeated to make the parts equal, so that one shape
            is compiled.

    Example:
        >>> over_batches(lambda x: 2 * x, placed([0, 1, 2], np.int32)).tolist()
        [0, 2, 4]
    """
    count = len(batch[0])
    parts = min(workers(), count)
    if parts < 2:
        return run(*batch)
    each = -(-count // parts)
    index = np.minimum(np.arange(parts * each), count - 1).reshape(parts, each)
    # On a CPU NumPy sees the same memory, and takes it apart without compiling anything.
    held = [np.asarray(array) for array in batch]
    shares = [[jax.device_put(array[rows]) for array in held] for rows in index]
    with ThreadPoolExecutor(parts) as pool:
        done = list(pool.map(lambda share: np.asarray(run(*share)), shares))
    return jax.device_put(np.concatenate(done)[:count])
