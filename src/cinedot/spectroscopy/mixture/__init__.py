"""Mixtures: an emission spectrum taken apart into the light of dots of each n, and counted.

A `MixturePrior` says where each n should emit (a law of confinement, or stated peaks), how wide
and how bright; `decompose` gives number fractions, with intervals that hold place, width,
absorption and yield. `mixture_spectrum` is the law the other way.

expected (confinement, bands), law -> fit (band_fit) -> draws -> search (noise) -> fractions
-> decomposition
"""

from cinedot.spectroscopy.mixture.decomposition import Decomposition as Decomposition
from cinedot.spectroscopy.mixture.decomposition import decompose as decompose
from cinedot.spectroscopy.mixture.expected import MixturePrior as MixturePrior
from cinedot.spectroscopy.mixture.expected import SizeBand as SizeBand
from cinedot.spectroscopy.mixture.expected import expected_bands as expected_bands
from cinedot.spectroscopy.mixture.fractions import SizeFraction as SizeFraction
from cinedot.spectroscopy.mixture.law import mixture_spectrum as mixture_spectrum
