"""Physical constants in the units of this field, from CODATA as SciPy carries it."""

from math import pi

from scipy.constants import c, e, epsilon_0, h, k, m_e

HC_EV_NM = h * c / e * 1e9
"""Planck's constant times the speed of light, eV nm (1239.84198)."""

ELECTRON_REST_ENERGY_EV = m_e * c**2 / e
"""Rest energy of the electron, eV (510 998.95)."""

COULOMB_EV_ANGSTROM = e / (4 * pi * epsilon_0) * 1e10
"""e^2 / (4 pi epsilon_0), eV angstrom (14.399645): energy of two unit charges 1 angstrom apart."""

BOLTZMANN_J_PER_K = k
"""Boltzmann's constant, J/K (1.380649e-23)."""

BOLTZMANN_EV_PER_K = k / e
"""Boltzmann's constant, eV/K (8.617333e-5)."""

FWHM_PER_SIGMA = 2.3548200450309493
"""Full width at half maximum of a Gaussian over its standard deviation: 2 sqrt(2 ln 2)."""
