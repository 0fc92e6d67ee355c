"""What the tests of light share: how often an interval must hold the truth."""

import numpy as np
import pytest
from scipy.stats import binom, chi2


@pytest.fixture
def assert_covers():
    """Assert that 95 % intervals cover 90 to 98 %, from (found - truth)/sigma of many trials.

    Right code breaks either limit once in ten million: a run of all tests asks ten times, and
    must fail once in a million at most. Few trials cannot show that more than 98 % are covered,
    but sigmas that wide (by 1.96/2.326) shrink the sum of squares.
    """

    def check(name: str, scores: np.ndarray) -> float:
        count = len(scores)
        covered = int(np.count_nonzero(np.abs(scores) < 1.96))
        print(f"{name}: {covered} of {count} covered, spread {np.std(scores):.3f}")
        assert covered >= binom.ppf(1e-7, count, 0.90)
        narrowest = (1.96 / 2.326) ** 2 * chi2.ppf(1e-7, count)
        assert np.sum(np.clip(scores, -4, 4) ** 2) > narrowest
        return covered / count

    return check
