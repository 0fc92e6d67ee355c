"""Checks of types and shapes that do not slow the suite: a function's first calls in each test.

`jaxtyping`'s import hook wraps every function and every dataclass of the project when a module is
imported, and looks at every call: of a fit in pure Python that was two thirds of its time, and 8 s
of the processor for the imports alone. Here a function is wrapped when it is first called, and
only its first calls in each test are looked at. Functions made anew at every call of another
(closures) count together: they are the same lines.
"""

import dataclasses
import functools
import inspect
from collections import Counter
from collections.abc import Callable
from typing import Any

import jaxtyping

CALLS = 10
"""How many calls of each function are looked at in each test."""

_CHECKER = "beartype.beartype(conf=beartype.BeartypeConf(is_pep484_tower=True))"
"""An int where a float is asked for is right (PEP 484's numeric tower)."""

_every_call_checked = jaxtyping.jaxtyped
_calls: Counter[object] = Counter()


def switch_on(package: str) -> None:
    """Look at types and shapes in all modules of a package that are imported from now on."""
    # The hook writes `@jaxtyping.jaxtyped(...)` above everything, and finds this in its place.
    jaxtyping.jaxtyped = first_calls_checked
    jaxtyping.install_import_hook(package, _CHECKER).__enter__()


def begin_test() -> None:
    """Count calls anew."""
    _calls.clear()


def first_calls_checked(fn: Any = None, *, typechecker: Callable[..., Any]) -> Any:
    """`jaxtyping.jaxtyped` for the first calls of each test, nothing for the others."""
    if fn is None:
        return functools.partial(first_calls_checked, typechecker=typechecker)
    again = functools.partial(first_calls_checked, typechecker=typechecker)
    if inspect.isclass(fn):
        if dataclasses.is_dataclass(fn) and "__init__" in vars(fn):
            fn.__init__ = again(fn.__init__)
        return fn
    if isinstance(fn, classmethod | staticmethod):
        return type(fn)(again(fn.__func__))
    if isinstance(fn, property):
        return property(*(one and again(one) for one in (fn.fget, fn.fset, fn.fdel)))
    return _checked_at_first(fn, typechecker)


def _checked_at_first(fn: Callable[..., Any], typechecker: Callable[..., Any]) -> Any:
    code = getattr(fn, "__code__", None)
    lines = (fn.__module__, fn.__qualname__, code and code.co_firstlineno)
    checked: Callable[..., Any] | None = None

    @functools.wraps(fn)
    def call(*args: Any, **kwargs: Any) -> Any:
        nonlocal checked
        __tracebackhide__ = True
        if _calls[lines] >= CALLS:
            return fn(*args, **kwargs)
        _calls[lines] += 1
        if checked is None:
            checked = _every_call_checked(fn, typechecker=typechecker)
        return checked(*args, **kwargs)

    return call
