"""What replicates cannot tell: errors that beam and film put into all of them alike."""

from dataclasses import dataclass, field, replace
from itertools import product

import numpy as np
from ase.data import atomic_numbers
from jaxtyping import Float

from cinedot.composition.atom_counts import AtomCounts
from cinedot.composition.film import Film, mass_fractions, sensitivity
from cinedot.composition.xray_lines import analysed_family
from cinedot.core import InputError
from cinedot.core.nearest import did_you_mean

_SUBSTRATES = {
    "graphite": 6.0,
    "graphene": 6.0,
    "carbon": 6.0,
    "silicon": 14.0,
    "glass": 10.8,
    "quartz": 10.8,
    "ITO": 45.0,
    "gold": 79.0,
    "copper": 29.0,
    "aluminium": 13.0,
}
"""Mean atomic numbers, by mass."""
_ENERGY_NODES, _THICKNESS_NODES, _BACK_NODES = 7, 5, 3
_CLEAR_OF_EDGE = 1.01


@dataclass(frozen=True, slots=True, kw_only=True)
class BeamPrior:
    """What is known of beam and film, and how well.

    Attributes:
        voltage_kv: accelerating voltage, kV.
        landing_sigma_ev: by how much the landing energy may differ from it (charging), one standard
            deviation, eV.
        thickness_nm: of the film, as if of CsPbBr3's density.
        thickness_sigma_nm: its standard deviation; the prior is uniform over the mean and sqrt(3)
            sigmas to either side, so that 45 and 8.66 nm are 30 to 60 nm.
        substrate_z: mean atomic number of the substrate.
        backscatter_sigma: relative standard deviation of what the substrate sends back.

    Raises:
        InputError: a sigma below 0, a prior that reaches films without thickness.
    """

    voltage_kv: float
    landing_sigma_ev: float = 100.0
    thickness_nm: float = 45.0
    thickness_sigma_nm: float = 15 / 3**0.5
    substrate_z: float = 6.0
    backscatter_sigma: float = 0.3

    def __post_init__(self) -> None:
        if min(self.landing_sigma_ev, self.thickness_sigma_nm, self.backscatter_sigma) < 0:
            raise InputError(
                "sigmas of beam and film must be 0 or more, but one is not.",
                remedy="Check their signs.",
            )
        if self.thickness_nm <= 3**0.5 * self.thickness_sigma_nm:
            raise InputError(
                f"the film must be thicker than sqrt(3) times its sigma, but is "
                f"{self.thickness_nm:g} nm with {self.thickness_sigma_nm:g} nm.",
                remedy="Give a smaller `thickness_sigma`.",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Systematics:
    """How all counts may be off together.

    Attributes:
        elements: those of the counts.
        log_shifts: natural logarithm of found over true ratio to the metal, at each node.
        weights: of the nodes, adding up to 1.
        line_covariance: what standardless sensitivities add to the covariance of the logarithms;
            None for nothing.
        said: what is behind them, in words.
    """

    elements: tuple[str, ...]
    log_shifts: Float[np.ndarray, "node element"]
    weights: Float[np.ndarray, " node"]
    line_covariance: Float[np.ndarray, "element element"] | None = None
    said: str = field(default="")

    @property
    def log_covariance(self) -> Float[np.ndarray, "element element"]:
        """Covariance of the logarithms."""
        left = self.log_shifts - self.weights @ self.log_shifts
        own = 0.0 if self.line_covariance is None else self.line_covariance
        return left.T @ (self.weights[:, None] * left) + own

    def covariance(self, counts: AtomCounts) -> Float[np.ndarray, "element element"]:
        """Covariance of the counts themselves, to first order."""
        return np.outer(counts.values, counts.values) * self.log_covariance


def no_systematics(elements: tuple[str, ...]) -> Systematics:
    """Counts that are off by their scatter alone.

    Example:
        >>> no_systematics(("Br",)).log_covariance.tolist()
        [[0.0]]
    """
    return Systematics(
        elements=elements, log_shifts=np.zeros((1, len(elements))), weights=np.ones(1), said="none"
    )


def substrate_number(name: str) -> float:
    """Mean atomic number of a substrate, by an element's symbol or a common name.

    Raises:
        InputError: neither.

    Example:
        >>> substrate_number("graphite"), substrate_number("Si")
        (6.0, 14.0)
    """
    if name in atomic_numbers and name != "X":
        return float(atomic_numbers[name])
    known = {key.casefold(): z for key, z in _SUBSTRATES.items()}
    if name.strip().casefold() in known:
        return known[name.strip().casefold()]
    raise InputError(
        f"`substrate` must be an element or a known material, but is {name!r}.",
        remedy=f"{did_you_mean(name, list(_SUBSTRATES))}Known: {', '.join(_SUBSTRATES)}.",
    )


def beam_systematics(
    counts: AtomCounts,
    prior: BeamPrior,
    *,
    calibrated: frozenset[str] = frozenset(),
    line_sigma: float = 0.0,
) -> Systematics:
    """Errors that landing energy, thickness and substrate put into every count alike.

    The counts are taken as right at the prior's middle. At every other landing energy, thickness
    and backscattering the film's sensitivities for an element and the metal differ from those,
    and their ratio is what the count is off by. At 3 kV Pb M is excited barely: 100 eV less
    raises every count per Pb by a sixth in the thinnest film, and by more in a thick one.

    Args:
        counts: atoms per 64 metal atoms.
        prior: what is known of beam and film.
        calibrated: elements whose ratio to the metal a reference sample has set right under the
            same beam; theirs is 0.
        line_sigma: relative standard deviation of each line's sensitivity, where atoms were counted
            without standards; the metal's is shared by all.

    Raises:
        InputError: an element that the beam does not excite.

    Example:
        >>> counts = AtomCounts(
        ...     elements=("Br",), metal="Pb", values=np.array([232.0]), covariance=None,
        ...     scatter=None, replicates=1, freedom=None, method="")
        >>> found = beam_systematics(counts, BeamPrior(voltage_kv=3.0))
        >>> bool(30 < np.sqrt(found.covariance(counts)[0, 0]) < 100)
        True
    """
    lines = [analysed_family(e, prior.voltage_kv) for e in (*counts.elements, counts.metal)]
    atoms = dict(zip(counts.elements, counts.values.tolist(), strict=True))
    fractions = mass_fractions({**atoms, counts.metal: 64.0})
    # Nothing is excited below its edge: there the ratio would be without bounds.
    least_kev = _CLEAR_OF_EDGE * max(line.edge_kev for line in lines)
    middle = Film(
        mass_fractions=fractions,
        thickness_nm=prior.thickness_nm,
        landing_kev=max(prior.voltage_kv, least_kev),
        substrate_z=prior.substrate_z,
    )

    def ratios(film: Film) -> Float[np.ndarray, " element"]:
        found = np.log([sensitivity(film, line) for line in lines])
        return found[:-1] - found[-1]

    true = ratios(middle)
    free = np.array([element not in calibrated for element in counts.elements])
    shifts: list[np.ndarray] = []
    weights: list[float] = []
    for energy, thickness, back in product(*_nodes(prior)):
        film = replace(
            middle,
            landing_kev=max(energy[0], least_kev),
            thickness_nm=thickness[0],
            backscatter=back[0],
        )
        shifts.append((ratios(film) - true) * free)
        weights.append(energy[1] * thickness[1] * back[1])
    return Systematics(
        elements=counts.elements,
        log_shifts=np.array(shifts),
        weights=np.array(weights),
        line_covariance=line_sigma**2 * (np.diag(free * 1.0) + np.outer(free, free)),
        said=f"landing energy {prior.voltage_kv:g} kV ± {prior.landing_sigma_ev:g} eV, film "
        f"{prior.thickness_nm:.3g} ± {prior.thickness_sigma_nm:.2g} nm, what the substrate sends "
        f"back ± {100 * prior.backscatter_sigma:.0f} %",
    )


def _nodes(prior: BeamPrior) -> tuple[list[tuple[float, float]], ...]:
    """Nodes and weights of the priors: two normal ones, the thickness uniform."""

    def normal(count: int, middle: float, sigma: float) -> list[tuple[float, float]]:
        if sigma == 0:
            return [(middle, 1.0)]
        at, weight = np.polynomial.hermite_e.hermegauss(count)
        return list(
            zip((middle + sigma * at).tolist(), (weight / weight.sum()).tolist(), strict=True)
        )

    at, weight = np.polynomial.legendre.leggauss(_THICKNESS_NODES)
    wide = 3**0.5 * prior.thickness_sigma_nm
    thickness = zip((prior.thickness_nm + wide * at).tolist(), (weight / 2).tolist(), strict=True)
    back = normal(_BACK_NODES, 1.0, prior.backscatter_sigma)
    return (
        normal(_ENERGY_NODES, prior.voltage_kv, prior.landing_sigma_ev / 1e3),
        list(thickness) if wide > 0 else [(prior.thickness_nm, 1.0)],
        [(max(0.0, one), share) for one, share in back],
    )
