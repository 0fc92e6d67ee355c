"""NIST's certified problems of nonlinear regression, through the core that spectra go through.

The files in `strd` hold the numbers of NIST's Statistical Reference Datasets, as released by NIST
(https://www.itl.nist.gov/div898/strd/nls/nls_main.shtml): public domain, of the United States'
government. All 27 are here with starts, certified values and data.
"""

import re
from pathlib import Path

import numpy as np
import pytest

from cinedot.core.separable import Stop, fit_separable

FOLDER = Path(__file__).parent / "strd"
ONE = lambda x: np.ones(len(x))  # noqa: E731  # a column of ones, as terse as the laws below
EXACT = Stop(step=1e-15, gain=1e-15, evaluations=3000)


def rational(x, *below):
    bottom = 1 + sum(b * x ** (k + 1) for k, b in enumerate(below))
    return [x**k / bottom for k in range(len(below) + 1)]


def gauss(x, b2, b4, b5, b7, b8):
    return [np.exp(-b2 * x), np.exp(-(((x - b4) / b5) ** 2)), np.exp(-(((x - b7) / b8) ** 2))]


def seasons(x, b4, b7):
    waves = [2 * np.pi * x / period for period in (12, b4, b7)]
    return [ONE(x), *[wave(phase) for phase in waves for wave in (np.cos, np.sin)]]


def lanczos(x, b2, b4, b6):
    return [np.exp(-b * x) for b in (b2, b4, b6)]


def chwirut(x, b1, b2, b3):
    return [np.exp(-b1 * x) / (b2 + b3 * x)]


# Of each problem: its terms, which parameters are their shape, which are linear. None stands for
# a coefficient that is 1 and no parameter.
LAWS = {
    "Bennett5": (lambda x, b2, b3: [(b2 + x) ** (-1 / b3)], (2, 3), (1,)),
    "BoxBOD": (lambda x, b2: [1 - np.exp(-b2 * x)], (2,), (1,)),
    "Chwirut1": (chwirut, (1, 2, 3), (None,)),
    "Chwirut2": (chwirut, (1, 2, 3), (None,)),
    "DanWood": (lambda x, b2: [x**b2], (2,), (1,)),
    "ENSO": (seasons, (4, 7), (1, 2, 3, 5, 6, 8, 9)),
    "Eckerle4": (lambda x, b2, b3: [np.exp(-0.5 * ((x - b3) / b2) ** 2) / b2], (2, 3), (1,)),
    "Gauss1": (gauss, (2, 4, 5, 7, 8), (1, 3, 6)),
    "Gauss2": (gauss, (2, 4, 5, 7, 8), (1, 3, 6)),
    "Gauss3": (gauss, (2, 4, 5, 7, 8), (1, 3, 6)),
    "Hahn1": (rational, (5, 6, 7), (1, 2, 3, 4)),
    "Kirby2": (rational, (4, 5), (1, 2, 3)),
    "Lanczos1": (lanczos, (2, 4, 6), (1, 3, 5)),
    "Lanczos2": (lanczos, (2, 4, 6), (1, 3, 5)),
    "Lanczos3": (lanczos, (2, 4, 6), (1, 3, 5)),
    "MGH09": (lambda x, b3, b4: [x**k / (x**2 + x * b3 + b4) for k in (2, 1)], (3, 4), (1, 2)),
    "MGH10": (lambda x, b2, b3: [np.exp(b2 / (x + b3))], (2, 3), (1,)),
    # Rates by their logarithms, as decays are fitted.
    "MGH17": (
        lambda x, *rates: [ONE(x), *[np.exp(-x * np.exp(b)) for b in rates]],
        (4, 5),
        (1, 2, 3),
    ),
    "Misra1a": (lambda x, b2: [1 - np.exp(-b2 * x)], (2,), (1,)),
    "Misra1b": (lambda x, b2: [1 - (1 + b2 * x / 2) ** -2], (2,), (1,)),
    "Misra1c": (lambda x, b2: [1 - (1 + 2 * b2 * x) ** -0.5], (2,), (1,)),
    "Misra1d": (lambda x, b2: [b2 * x / (1 + b2 * x)], (2,), (1,)),
    "Nelson": (lambda x, b3: [ONE(x), -x[:, 0] * np.exp(-b3 * x[:, 1])], (3,), (1, 2)),
    "Rat42": (lambda x, b2, b3: [1 / (1 + np.exp(b2 - b3 * x))], (2, 3), (1,)),
    "Rat43": (
        lambda x, b2, b3, b4: [(1 + np.exp(b2 - b3 * x)) ** (-1 / b4)],
        (2, 3, 4),
        (1,),
    ),
    "Roszman1": (
        lambda x, b3, b4: [ONE(x), -x, -np.arctan(b3 / (x - b4)) / np.pi],
        (3, 4),
        (1, 2, None),
    ),
    "Thurber": (rational, (5, 6, 7), (1, 2, 3, 4)),
}


def read(name):
    """Starts and certified (value, deviation) of each parameter, sum of squares, y, x."""
    text = (FOLDER / f"{name}.txt").read_text("ascii")
    _, parameters, squares, numbers = re.split(r"^#.*\n", text, flags=re.MULTILINE)
    table = np.array([line.split()[1:] for line in parameters.splitlines()], dtype=float)
    data = np.array([line.split() for line in numbers.splitlines()], dtype=float)
    y = np.log(data[:, 0]) if name == "Nelson" else data[:, 0]
    return table, float(squares), y, data[:, 1] if data.shape[1] == 2 else data[:, 1:]


def fitted(name, start):
    """The fit from a start, and where the certified parameters stand in (shape, linear)."""
    law, shape, linear = LAWS[name]
    table, _, y, x = read(name)
    known = np.array([k is None for k in linear])

    def terms(values):
        with np.errstate(over="ignore"):
            return np.stack(np.broadcast_arrays(*law(x, *values)), axis=1)

    def slopes(values, free):
        # Complex steps lose no digits.
        steps = 1e-30j * np.eye(len(values))
        return np.stack([(terms(values + one) @ free).imag / 1e-30 for one in steps], axis=1)

    def solve(columns):
        values = np.ones(len(linear))
        target = y - columns[:, known].sum(axis=1)
        if not known.all():
            scale = np.linalg.norm(columns[:, ~known], axis=0)
            scale[scale == 0] = 1
            values[~known] = np.linalg.lstsq(columns[:, ~known] / scale, target)[0] / scale
        return values

    begin = table[[k - 1 for k in shape], start]
    if name == "MGH17":
        begin = np.log(begin)
    fit = fit_separable(
        terms, y, begin, slopes=slopes, solve=solve, free=lambda _: ~known, stop=EXACT
    )
    places = [k for k, number in enumerate((*shape, *linear)) if number is not None]
    numbers = [number for number in (*shape, *linear) if number is not None]
    return fit, [places[numbers.index(k + 1)] for k in range(len(table))]


def test_all_of_nist_s_problems_are_here():
    assert sorted(path.stem for path in FOLDER.glob("*.txt")) == sorted(LAWS)


@pytest.mark.parametrize("start", [0, 1])
@pytest.mark.parametrize("name", sorted(LAWS))
def test_certified_values_are_found_to_six_digits(name, start):
    table, squares, y, _ = read(name)
    fit, order = fitted(name, start)
    values = np.concatenate([fit.shape, fit.linear])[order]
    covariance = fit.covariance[np.ix_(order, order)] * fit.chi_square / (len(y) - len(table))
    if name == "MGH09":  # its law is linear in b1 and in b1 b2
        change = np.eye(4)
        change[1, :2] = -values[1] / values[0] ** 2, 1 / values[0]
        values[1] /= values[0]
        covariance = change @ covariance @ change.T
    if name == "MGH17":
        values[3:] = np.exp(values[3:])
        change = np.diag([1, 1, 1, *values[3:]])
        covariance = change @ covariance @ change.T
    deviations = np.sqrt(np.diag(covariance))
    # NIST certifies eleven digits.
    np.testing.assert_allclose(values, table[:, 2], rtol=5e-7)
    # Residuals of 1e-13 beside records of 2.5 have three digits in double precision.
    close = 5e-2 if name == "Lanczos1" else 5e-7
    np.testing.assert_allclose(deviations, table[:, 3], rtol=close)
    assert fit.chi_square == pytest.approx(squares, rel=2 * close)
