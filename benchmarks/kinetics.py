"""A thousand kinetic traces fitted with the template network, on the cores that there are.

Expected: an evaluation of 1,000 traces is some 130 Runge-Kutta steps of four changes each, of 25
passes over 4,000 numbers: 0.3 s of a core; a search takes some ten, of three starts each.
"""

import os
import time

import numpy as np

from cinedot.growth import TemplateNetwork, fit_traces

TRACES = 1_000


def main() -> None:
    """Print the seconds that it takes (target: below 60 on two cores) and what was found."""
    rng, time_min = np.random.default_rng(0), np.arange(0.0, 604.0, 4.0)
    truth = np.stack(
        [
            np.log(600 * rng.uniform(0.003, 0.006, TRACES)),
            rng.uniform(0.3, 0.5, TRACES),
            np.log(600 * rng.uniform(0.02, 0.06, TRACES)),
        ],
        axis=1,
    )
    family = TemplateNetwork()
    clean = family.curves(truth, time_min / 600.0)[0]
    light = clean / clean[:, -1:] + 0.01 * rng.normal(size=clean.shape)
    began, used = time.perf_counter(), time.process_time()
    fits = fit_traces(time_min, light, family=family)
    taken, used = time.perf_counter() - began, time.process_time() - used
    misfit = float(np.median(fits.chi_square)) / 1e-4 / fits.freedom
    print(
        f"kinetics: {TRACES} traces of {len(time_min)} times, template network, on "
        f"{len(os.sched_getaffinity(0))} cores: {taken:.1f} s, {used:.1f} s of a core (target: "
        f"below 60 s); {np.count_nonzero(fits.converged)} ended; median reduced chi-square "
        f"{misfit:.2f}"
    )
