"""How many Pb an edge has, from how long it is."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from cinedot.core import InputError
from cinedot.micrographs.particle_records import Particles

EDGE_MODEL_SIGMA_NM = 0.06
"""How far n times the lattice constant may be off the edge: tilts up to 6 degrees, surfaces."""


def with_probabilities(found: Particles, lattice_nm: float, edges: tuple[int, ...]) -> Particles:
    """The particles with their probabilities of each n.

    Raises:
        InputError: a lattice constant or candidates that are none.
    """
    if not lattice_nm > 0 or not edges or min(edges) < 1:
        raise InputError(
            f"`lattice_nm` must be above 0 and `edges` at least 1, but are {lattice_nm}, {edges}.",
            remedy="CsPbBr3 has 0.5874 nm; edges are counted in Pb atoms, as in (3, 4, 5, 6).",
        )
    with_n = []
    for particle in found.particles:
        chances = edge_probabilities(
            particle.edge_nm, particle.sigma_edge_nm, lattice_nm=lattice_nm, edges=edges
        )
        best = int(np.argmax(chances))
        with_n.append(replace(particle, n=edges[best], p_n=chances[best], p_all=chances))
    return replace(found, particles=tuple(with_n), edges=edges, lattice_nm=lattice_nm)


def edge_probabilities(
    edge_nm: float, sigma_nm: float, *, lattice_nm: float, edges: Sequence[int]
) -> tuple[float, ...]:
    """Probability of each n for an edge n a, all n equally likely beforehand.

    The likelihood is Gaussian with the fit's sigma and `EDGE_MODEL_SIGMA_NM` together: only
    for dots seen face-on is the fitted edge that of the cube.

    Example:
        >>> [round(p, 2) for p in edge_probabilities(2.35, 0.1, lattice_nm=0.5874, edges=(3, 4, 5))]
        [0.0, 1.0, 0.0]
    """
    sigma = np.hypot(sigma_nm, EDGE_MODEL_SIGMA_NM)
    deviates = (edge_nm - np.asarray(edges) * lattice_nm) / sigma
    logs = -(deviates**2) / 2
    weights = np.exp(logs - logs.max())
    return tuple(float(weight) for weight in weights / weights.sum())
