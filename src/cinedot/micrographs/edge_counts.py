"""How many Pb an edge has, from how long it is."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from cinedot.core import InputError
from cinedot.micrographs.particle_records import Particles

EDGE_MODEL_SIGMA_NM = 0.06
"""How far n times the lattice constant may be off the edge: tilts up to 6 degrees, surfaces."""

OTHER_PRIOR = 0.02
"""Weight, against that of one candidate, of an edge that is none of them, for each lattice constant
of length: clusters, plates and other crystals are of any length. A choice: it rules where edges lie
about three of their sigmas from every candidate, and says little nearer."""


def with_probabilities(found: Particles, lattice_nm: float, edges: tuple[int, ...]) -> Particles:
    """The particles with their probabilities of each n; n is None where none is as likely as not.

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
        n, p_n = (edges[best], chances[best]) if chances[best] >= 0.5 else (None, None)
        with_n.append(replace(particle, n=n, p_n=p_n, p_all=chances))
    return replace(found, particles=tuple(with_n), edges=edges, lattice_nm=lattice_nm)


def edge_probabilities(
    edge_nm: float, sigma_nm: float, *, lattice_nm: float, edges: Sequence[int]
) -> tuple[float, ...]:
    """Probability of each n for an edge n a, all n equally likely beforehand, against none of them.

    The likelihood is Gaussian with the fit's sigma and `EDGE_MODEL_SIGMA_NM` together: only
    for dots seen face-on is the fitted edge that of the cube. Beside the candidates stands an edge
    of any length, with `OTHER_PRIOR`: the probabilities sum to 1 less its own, and are all next
    to 0 for an edge far from every candidate.

    Example:
        >>> [round(p, 2) for p in edge_probabilities(2.35, 0.1, lattice_nm=0.5874, edges=(3, 4, 5))]
        [0.0, 0.99, 0.0]
    """
    sigma = np.hypot(sigma_nm, EDGE_MODEL_SIGMA_NM)
    deviates = (edge_nm - np.asarray(edges) * lattice_nm) / sigma
    logs = -(deviates**2) / 2
    other = OTHER_PRIOR * np.sqrt(2 * np.pi) * sigma / lattice_nm
    weights = np.exp(logs)
    return tuple(float(weight) for weight in weights / (weights.sum() + other))
