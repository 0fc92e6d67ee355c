"""Compiled programs that outlive the process: the second run of a movie need not wait for them."""

from functools import cache

import jax

from cinedot.core.caches import cache_folder

MOST_BYTES = 1 << 30
"""What the folder holds at most; the least recently used goes first."""

_WORTH_KEEPING_S = 0.3


@cache
def keep_compiled_programs() -> None:
    """Have JAX keep what it compiles in the user's cache folder, unless told where already.

    JAX keys programs by their content, its own version and the machine's instruction set.
    """
    if jax.config.values.get("jax_compilation_cache_dir") is not None:
        return
    folder = cache_folder() / "programs"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return  # a read-only home costs time, not answers
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_compilation_cache_max_size", MOST_BYTES)
    jax.config.update("jax_persistent_cache_min_compile_time_secs", _WORTH_KEEPING_S)
