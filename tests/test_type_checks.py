import dataclasses
import functools
import math

import numpy as np
import pytest
import type_checks
from beartype import beartype
from jaxtyping import Float, TypeCheckError

from cinedot.core import Estimate
from cinedot.micrographs import bandpass

beartyped = functools.partial(type_checks.first_calls_checked, typechecker=beartype)


@beartyped
def total(numbers: Float[np.ndarray, " n"], weights: Float[np.ndarray, " n"]) -> float:
    return float(numbers @ weights) if numbers.shape == weights.shape else math.nan


def unlike() -> float:
    return total(np.ones(3), np.ones(4))


def test_the_projects_own_functions_and_dataclasses_are_looked_at():
    with pytest.raises(TypeCheckError):
        bandpass("no image")
    with pytest.raises(TypeCheckError):
        Estimate(value=1.0, sigma="little", unit="nm", method="guess")


@pytest.mark.parametrize("_", range(2))
def test_first_calls_of_every_test_are_looked_at(_):
    for _ in range(type_checks.CALLS):
        with pytest.raises(TypeCheckError):
            unlike()
    assert math.isnan(unlike())


def test_what_is_made_at_every_call_counts_together():
    def made():
        @beartyped
        def inner(x: int) -> int:
            return x

        return inner

    for _ in range(type_checks.CALLS):
        with pytest.raises(TypeCheckError):
            made()("one")
    assert made()("one") == "one"


def test_methods_of_all_kinds_and_values_that_come_back_are_looked_at():
    @beartyped
    @dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
    class Size:
        edge_nm: float

        @property
        @beartyped
        def text(self) -> int:
            return f"{self.edge_nm} nm"

        @classmethod
        @beartyped
        def cube(cls, n: int) -> "Size":
            return cls(edge_nm=0.6 * n)

        @staticmethod
        @beartyped
        def unit() -> str:
            return 1

    assert Size.cube(1).edge_nm == 0.6
    for wrong in (
        lambda: Size(edge_nm="2.4"),
        lambda: Size.cube("4"),
        Size.unit,
        lambda: Size(edge_nm=2.4).text,
    ):
        with pytest.raises(TypeCheckError):
            wrong()
