"""What a thin film gives of each line: electrons lose energy and ionise, photons are absorbed."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from ase.data import atomic_masses, atomic_numbers
from jaxtyping import Float

from cinedot.composition.xray_lines import LineFamily, absorption_cm2_per_g
from cinedot.core import InputError

PATH_PER_DEPTH = 1.9
"""Path of a slow electron over the depth that it reaches in heavy matter. With it 3 keV electrons
excite Pb M in the first 25 nm of CsPbBr3 (science.md 7)."""
DENSITY_G_PER_CM3 = 4.8
"""Of CsPbBr3. A film of dots and ligands of the same mass per area is thicker."""
TAKE_OFF_DEG = 35.0
_NM_PER_CM = 1e7
_STEPS = 48
_SLOWEST_KEV = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Film:
    """A thin film on a substrate, and the beam that lands on it.

    Attributes:
        mass_fractions: of its elements, adding up to 1.
        thickness_nm: as if of CsPbBr3's density, nm.
        landing_kev: energy of the electrons that land, keV; charging makes it less than the
            voltage's.
        substrate_z: atomic number of the substrate; it sends electrons back.
        backscatter: factor on what it sends back.
        take_off_deg: angle between surface and detector, degrees.

    Raises:
        InputError: a number that is not above 0, fractions that do not add up to 1.
    """

    mass_fractions: Mapping[str, float]
    thickness_nm: float
    landing_kev: float
    substrate_z: float = 6.0
    backscatter: float = 1.0
    take_off_deg: float = TAKE_OFF_DEG

    def __post_init__(self) -> None:
        for name in ("thickness_nm", "landing_kev", "substrate_z", "take_off_deg"):
            if not getattr(self, name) > 0:
                raise InputError(
                    f"`{name}` must be above 0, but is {getattr(self, name)}.",
                    remedy="A film of dots is some 30 to 60 nm thick.",
                )
        if abs(sum(self.mass_fractions.values()) - 1) > 1e-6:
            raise InputError(
                f"`mass_fractions` must add up to 1, but are {dict(self.mass_fractions)}.",
                remedy="Divide them by their sum.",
            )


def mass_fractions(atoms: Mapping[str, float]) -> dict[str, float]:
    """Mass fractions of so many atoms of each element.

    Example:
        >>> {e: round(w, 3) for e, w in mass_fractions({"Cs": 1, "Pb": 1, "Br": 3}).items()}
        {'Cs': 0.229, 'Pb': 0.357, 'Br': 0.413}
    """
    masses = {e: count * float(atomic_masses[atomic_numbers[e]]) for e, count in atoms.items()}
    total = sum(masses.values())
    return {element: mass / total for element, mass in masses.items()}


def stopping_kev_per_nm(
    energy_kev: Float[np.ndarray, " energy"], fractions: Mapping[str, float]
) -> Float[np.ndarray, " energy"]:
    """Energy that an electron loses on each nm of its path, Bethe's law as bent by Joy and Luo.

    Args:
        energy_kev: of the electron, keV.
        fractions: mass fractions.

    Source: D. C. Joy, S. Luo, Scanning 11 (1989) 176; mean excitation energies J after
    M. J. Berger, S. M. Seltzer (1964): 9.76 Z + 58.5 Z^-0.19 eV.

    Example:
        >>> caesium_lead_bromide = mass_fractions({"Cs": 1, "Pb": 1, "Br": 3})
        >>> bool(0.008 < stopping_kev_per_nm(np.array([3.0]), caesium_lead_bromide)[0] < 0.013)
        True
    """
    total = np.zeros_like(energy_kev)
    for element, fraction in fractions.items():
        z = atomic_numbers[element]
        j_kev = (9.76 * z + 58.5 * z**-0.19) / 1e3
        log = np.log(1.166 * (energy_kev + 0.85 * j_kev) / j_kev)
        total += fraction * z / atomic_masses[z] * log
    return 78500.0 * DENSITY_G_PER_CM3 / _NM_PER_CM * total / energy_kev


def ionisation(
    energy_kev: Float[np.ndarray, " energy"], edge_kev: float
) -> Float[np.ndarray, " energy"]:
    """Bethe's cross section for ionising a shell, ln U / (U E_edge^2), 1/keV2; 0 below the edge.

    Source: C. J. Powell, Rev. Mod. Phys. 48 (1976) 33.

    Example:
        >>> ionisation(np.array([2.0, 3.0]), 2.484).round(4)
        array([0.    , 0.0253])
    """
    over = energy_kev / edge_kev
    return np.where(over > 1, np.log(np.maximum(over, 1.0)) / over, 0.0) / edge_kev**2


def sensitivity(film: Film, line: LineFamily) -> float:
    """Photons of a line that leave the film for each atom and electron, up to a common factor.

    Electrons lose energy on their way (continuously, each path 1.9 times its depth), ionise, and
    come back from the substrate with 0.45 + 0.002 Z of their energy; photons are absorbed on
    their way out. The family's subshells count by their electrons and yields.

    Args:
        film: film and beam.
        line: the lines.

    Source: backscattering: W. Reuter (1972), as J. I. Goldstein et al., Scanning Electron
    Microscopy and X-Ray Microanalysis (2003), chapter 3; mean energy of what comes back:
    E. J. Sternglass, Phys. Rev. 95 (1954) 345.

    Example:
        >>> from cinedot.composition.xray_lines import analysed_family
        >>> fractions = mass_fractions({"Cs": 112, "Pb": 64, "Br": 240})
        >>> at = [sensitivity(Film(mass_fractions=fractions, thickness_nm=1.0, landing_kev=kev),
        ...                   analysed_family("Pb", 3.0)) for kev in (3.0, 2.9)]
        >>> bool(0.75 < at[1] / at[0] < 0.85)  # 100 eV less: Pb M is excited barely
        True
    """
    ladder, reach = _ladder(film)
    down = np.linspace(0.0, PATH_PER_DEPTH * film.thickness_nm, _STEPS)
    slowed = _after(film.landing_kev, down, ladder, reach)
    z = film.substrate_z
    back = max(0.0, -0.0254 + 0.016 * z - 1.86e-4 * z**2 + 8.3e-7 * z**3) * film.backscatter
    returned = _after((0.45 + 2e-3 * z) * float(slowed[-1]), down, ladder, reach)[::-1]
    made = np.zeros(_STEPS)
    for shell in line.subshells:
        ionised = ionisation(slowed, shell.edge_kev) + back * ionisation(returned, shell.edge_kev)
        made += shell.electrons * shell.fluorescence_yield * ionised
    mu = sum(
        fraction * absorption_cm2_per_g(element, line.main_ev)
        for element, fraction in film.mass_fractions.items()
    )
    depth_cm = down / PATH_PER_DEPTH / _NM_PER_CM
    out = np.exp(-mu * DENSITY_G_PER_CM3 * depth_cm / np.sin(np.radians(film.take_off_deg)))
    return float(np.trapezoid(made * out, down) / down[-1])


def _ladder(film: Film) -> tuple[np.ndarray, np.ndarray]:
    """Energies, keV, and the path that an electron of each would still go, nm."""
    energies = np.linspace(_SLOWEST_KEV, film.landing_kev, 200)
    slope = 1 / stopping_kev_per_nm(energies, film.mass_fractions)
    steps = np.diff(energies) * (slope[1:] + slope[:-1]) / 2
    return energies, np.concatenate([[0.0], np.cumsum(steps)])


def _after(
    start_kev: float, path_nm: np.ndarray, energies: np.ndarray, reach_nm: np.ndarray
) -> np.ndarray:
    """Energy of an electron after a path, keV."""
    left = np.interp(start_kev, energies, reach_nm) - path_nm
    return np.interp(left, reach_nm, energies)
