"""The tables that a laboratory would keep beside a virtual sample: yield and composition."""

import numpy as np
from jaxtyping import Float

from cinedot.particle import Composition

ACID_OXYGENS = 5
"""Oxygen atoms of a malate, C4H5O5."""

REPLICATES = 20
"""EDX replicates, as the paper's mean of 20."""


def yield_table(
    *, quantum_yield: float, refractive_index: float, brightness: float, rng: np.random.Generator
) -> Float[np.ndarray, "row 2"]:
    """Absorbance and integrated intensity of a dilution series.

    What is emitted is what is absorbed, 1 - 10^-A, times the yield; what is collected falls with
    the square of the solvent's refractive index (science.md 6). Each intensity scatters by 1 %.

    Args:
        quantum_yield: of what is dissolved.
        refractive_index: of the solvent.
        brightness: integrated counts of a yield of 1 that absorbs everything, in vacuum.
        rng: chance.
    """
    absorbance = np.array([0.012, 0.026, 0.041, 0.058, 0.074, 0.091])
    absorptance = 1 - 10.0**-absorbance
    collected = brightness * quantum_yield * absorptance / refractive_index**2
    return np.column_stack([absorbance, collected * rng.normal(1, 0.01, len(absorbance))])


def atomic_percents(
    composition: Composition, *, scatter: float, rng: np.random.Generator
) -> Float[np.ndarray, "replicate 4"]:
    """EDX replicates of A ion, metal, halide and oxygen, in atomic percent.

    Args:
        composition: what a dot holds.
        scatter: relative standard deviation of each element's count before they are set to 100 %.
        rng: chance.
    """
    atoms = np.array(
        [
            composition.a_ions,
            composition.metals,
            composition.halides,
            ACID_OXYGENS * composition.acids,
        ],
        dtype=float,
    )
    counts = atoms * rng.normal(1, scatter, (REPLICATES, len(atoms)))
    return 100 * counts / counts.sum(axis=1, keepdims=True)
