"""A series of spectra fitted at once, against HyperSpy's multifit, on the same cores in one run.

Expected, a spectrum of 1,024 points on one core: two evaluations of all points and three of 128
bins come to 2.4 of six passes over 1,024 numbers and eleven inner products, some 6 us each; with
the lattice of starts, loading and the small matrices some 30 us, so 60,000 spectra a second on two
cores. Found on two shared cores (Xeon, 2.8 GHz, AVX-512): see what is printed. What was gained
and how: rows of one kind in one piece (3 times), no numbers too small for their type in the
lattice (5 times), products that BLAS takes for symmetric kept from it (3 times). The same passes
compiled by JAX were half as fast, and took seconds to compile.
"""

import logging
import os
import time
import warnings

import numpy as np

from cinedot.core.constants import FWHM_PER_SIGMA
from cinedot.spectroscopy import fit_series

SPECTRA, POINTS, THEIRS = 65_536, 1_024, 400


def main() -> None:
    """Print spectra a second, the ratio (target 100) and how far the parameters are apart."""
    nm = np.linspace(400.0, 600.0, POINTS)
    counts, truth = _series(nm)
    fit_series(nm, counts[:1024])
    began = time.perf_counter()
    fit = fit_series(nm, counts)
    ours = SPECTRA / (time.perf_counter() - began)
    print(
        f"series: {SPECTRA} spectra of {POINTS} points on {len(os.sched_getaffinity(0))} cores: "
        f"{ours:.0f} a second; {np.count_nonzero(fit.status == 0)} ok"
    )
    found = _hyperspy(nm, counts[:THEIRS], truth[:THEIRS])
    if found is None:
        print("series: no ratio: HyperSpy is not installed (the group `bench`)")
        return
    theirs, parameters = found
    own = np.stack([fit.centre, fit.fwhm / FWHM_PER_SIGMA, fit.height, *fit.ground.T], axis=1)
    apart = float(np.max(np.abs(own[:THEIRS] / parameters - 1)))
    print(
        f"series: HyperSpy's multifit, {THEIRS} of them from a good start: {theirs:.0f} a second; "
        f"ratio {ours / theirs:.0f} (target 100); parameters within {apart:.1e} (target 1e-4)"
    )


def _series(nm: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Counts of a band that moves, widens and fades, and its (centre, sigma, height, ends)."""
    rng = np.random.default_rng(0)
    truth = rng.uniform(
        [450.0, 5.0, 200.0, 30.0, 30.0], [550.0, 15.0, 2000.0, 60.0, 60.0], (SPECTRA, 5)
    )
    across = (nm - nm[0]) / (nm[-1] - nm[0])
    counts = np.empty((SPECTRA, POINTS))
    for row, (centre, sigma, height, first, last) in zip(counts, truth, strict=True):
        expected = height * np.exp(-0.5 * ((nm - centre) / sigma) ** 2)
        row[:] = rng.poisson(expected + first + (last - first) * across)
    return counts, truth


def _hyperspy(
    nm: np.ndarray, counts: np.ndarray, truth: np.ndarray
) -> tuple[float, np.ndarray] | None:
    """Spectra a second, and (centre, sigma, height, background at the ends) of each."""
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    try:
        import hyperspy.api as hs
    except ImportError:
        return None
    signal = hs.signals.Signal1D(counts)
    signal.axes_manager[-1].scale = (nm[-1] - nm[0]) / (len(nm) - 1)
    signal.axes_manager[-1].offset = nm[0]
    model = signal.create_model()
    band, line = hs.model.components1D.Gaussian(), hs.model.components1D.Polynomial(order=1)
    model.extend([band, line])
    slope = (truth[:, 4] - truth[:, 3]) / (nm[-1] - nm[0])
    area = truth[:, 2] * truth[:, 1] * np.sqrt(2 * np.pi)
    starts = {
        band.centre: truth[:, 0],
        band.sigma: truth[:, 1],
        band.A: area,
        line.a1: slope,
        line.a0: truth[:, 3] - slope * nm[0],
    }
    for parameter, values in starts.items():
        parameter.map["values"][:] = values
        parameter.map["is_set"][:] = True
    began = time.perf_counter()
    model.multifit(optimizer="lm", iterpath="serpentine", show_progressbar=False)
    speed = len(counts) / (time.perf_counter() - began)
    centre, sigma, found_area, found_slope, found_zero = (
        parameter.map["values"] for parameter in starts
    )
    ends = [found_zero + found_slope * place for place in (nm[0], nm[-1])]
    height = found_area / (sigma * np.sqrt(2 * np.pi))
    return speed, np.stack([centre, sigma, height, *ends], axis=1)
