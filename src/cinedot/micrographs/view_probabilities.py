"""p(n) of each particle, from how it compares with views of each n and with its neighbours."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from cinedot.micrographs.edge_counts import OTHER_PRIOR
from cinedot.micrographs.particle_records import Particle, Particles
from cinedot.micrographs.view_comparison import ParticleViews, best_fit
from cinedot.micrographs.view_sizes import view_sizes

_CONTRAST_SIGMA = 0.15
"""How far the contrasts of dots in one image differ: neighbours, film, tilt to the film."""
_MISFIT_SIGMA = 0.08
"""How far reduced chi-squares of dots in one image differ, of their usual value: 800 numbers each,
and ions that are missing. True dots had 0.93 to 1.05, best fits of a wrong n 1.02 to 1.5."""


def with_view_probabilities(
    found: Particles, compared: Sequence[ParticleViews], edges: tuple[int, ...], lattice_nm: float
) -> Particles:
    """The particles with their probabilities of each n, and the sizes of the cubes that fit.

    n is None where none is as likely as not.

    All candidates are equally likely beforehand. Beside them stands something that is none of
    them, with `OTHER_PRIOR`: a part of it looks like a part of some view, so that the contrast of
    the best fit may be anything up to that of a true dot, and as much may be left over, while a
    true dot has the contrast and the misfit of its neighbours in the image.

    Args:
        found: particles of one image.
        compared: what `classification.compare_with_views` said of each.
        edges: the candidates' Pb atoms an edge, in the order of the models.
        lattice_nm: their lattice constant.
    """
    best = [best_fit(one) for one in compared]
    contrasts = [fit.contrast for fit in best if fit is not None]
    usual = float(np.clip(np.median(contrasts), 0.7, 1.2)) if contrasts else 1.0
    left = [fit.residual for fit in best if fit is not None]
    misfit = max(float(np.median(left)), 0.8) if left else 1.0
    changed: list[Particle] = []
    for particle, one, fit in zip(found.particles, compared, best, strict=True):
        if fit is None:
            changed.append(replace(particle, n=None, p_n=None, p_all=(0.0,) * len(edges)))
            continue
        relative = np.exp(one.log_likelihood - one.log_likelihood.max())
        shares = relative / relative.sum()
        deviate = (fit.contrast - usual) / _CONTRAST_SIGMA
        own = np.exp(-(deviate**2) / 2) / (np.sqrt(2 * np.pi) * _CONTRAST_SIGMA)
        beyond = max(fit.residual / misfit - 1, 0.0) / _MISFIT_SIGMA
        own *= np.exp(-(beyond**2) / 2) / (np.sqrt(2 * np.pi) * _MISFIT_SIGMA)
        other = OTHER_PRIOR / (1.5 * usual)
        chances = tuple(float(share) for share in shares * own / (own + other))
        top = int(np.argmax(chances))
        n, p_n = (edges[top], chances[top]) if chances[top] >= 0.5 else (None, None)
        sizes = view_sizes(one.fits, chances, edges, lattice_nm)
        changed.append(replace(particle, n=n, p_n=p_n, p_all=chances, by_views=sizes))
    return replace(
        found, particles=tuple(changed), edges=edges, lattice_nm=lattice_nm, by_views=True
    )
