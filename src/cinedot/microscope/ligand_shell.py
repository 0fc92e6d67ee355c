"""The ligands around a dot: carbon that moves and averages out, or is frozen by the beam.

While a chain moves, a frame shows its mean: every atom smeared over the room that it sweeps.
The beam cross-links chains; one that is caught is carbonised, stands still, and shows as random
carbon at the density that the chain had. So each chain is there twice, smeared and frozen, and
its cumulative dose decides which of the two is filled.
"""

import math
from dataclasses import dataclass

import numpy as np
from ase import Atoms
from jaxtyping import Bool, Float, Int
from scipy.spatial import KDTree

from cinedot.core import InputError
from cinedot.microscope.damage_rates import beam_rate_per_s
from cinedot.microscope.presence import presence, with_presence
from cinedot.particle.build import cuboid_of
from cinedot.particle.filling import own_species

_HYDROGEN = 1
_CORE_ANGSTROM = 1.4
_ROUNDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class LigandShell:
    """How ligands move, and how the beam freezes them.

    Attributes:
        sway: standard deviation of a chain atom's place along each axis while the chain moves,
            as a share of its distance from the bound atom (an estimate for loose chains).
        cross_link_nm2: cross section of freezing for one chain, unprotected, nm^2; 1e-4 is a
            critical dose of 1e4 e/nm^2, as of organic films (an estimate).
        protection: factor that the carbon support divides it by, as in `Damage`.
        step_angstrom2: mean square displacements are rounded to steps whose ratio is 1.5 from
            this on, so that few classes of atoms arise.

    Raises:
        InputError: a negative number, or a protection below 1.
    """

    sway: float = 0.2
    cross_link_nm2: float = 1e-4
    protection: float = 1e5
    step_angstrom2: float = 0.1

    def __post_init__(self) -> None:
        for name in ("sway", "cross_link_nm2"):
            value: float = getattr(self, name)
            if not 0 <= value < math.inf:
                raise InputError(
                    f"`{name}` must not be negative, but is {value}.", remedy="0 turns it off."
                )
        if not 1 <= self.protection < math.inf or not 0 < self.step_angstrom2 < math.inf:
            raise InputError(
                "`protection` must be at least 1 and `step_angstrom2` positive, but they are "
                f"{self.protection} and {self.step_angstrom2}.",
                remedy="1 is a shell without protection.",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class ShelledDot:
    """A dot whose ligands are there twice: smeared and frozen.

    Attributes:
        atoms: the core (with the bound heads), then the moving chains, then the frozen ones; the
            arrays of `build` stand, `occupancy` is that of chains that move.
        extra_u_angstrom2: what each atom is smeared by, on top of its Debye-Waller factor [atom].
        chain: which ligand an atom belongs to, -1 for the core [atom].
        frozen: whether an atom belongs to the frozen copies [atom].
        critical_dose_e_per_nm2: when each ligand is caught, drawn from its exponential law
            [ligand].
    """

    atoms: Atoms
    extra_u_angstrom2: Float[np.ndarray, " atom"]
    chain: Int[np.ndarray, " atom"]
    frozen: Bool[np.ndarray, " atom"]
    critical_dose_e_per_nm2: Float[np.ndarray, " ligand"]


def frozen_share(
    dose_e_per_nm2: Float[np.ndarray, " dose"], shell: LigandShell
) -> Float[np.ndarray, " dose"]:
    """Mean share of frozen chains after a dose: 1 - exp(-sigma D / protection).

    Example:
        >>> frozen_share(np.array([0.0, 1e9]), LigandShell()).round(3).tolist()
        [0.0, 0.632]
    """
    return -np.expm1(-dose_e_per_nm2 * beam_rate_per_s(shell.cross_link_nm2, 1.0, shell.protection))


def shelled_dot(dot: Atoms, shell: LigandShell, *, rng: np.random.Generator) -> ShelledDot:
    """A dot with all atoms, its chains set apart and doubled.

    The frozen copy of a chain is one draw of the places that the moving one sweeps, no two heavy
    atoms nearer than 0.14 nm, its hydrogen lost: static random carbon of the same mean density.

    Args:
        dot: atoms from `cinedot.particle.build` with `ligands=AllAtoms()`; full where they carry
            no `occupancy`.
        shell: how ligands move and freeze.
        rng: chance: where frozen atoms are, and when chains freeze.

    Raises:
        InputError: the atoms carry no sites.

    Example:
        >>> from cinedot.particle import Cuboid, build, host_named
        >>> dot = build(Cuboid.cube(3, host_named("CsPbBr3")), "mla-cs", seed=1)
        >>> whole = shelled_dot(dot, LigandShell(), rng=np.random.default_rng(0))
        >>> int((~whole.frozen).sum()) == len(dot), len(whole.critical_dose_e_per_nm2)
        (True, 40)
    """
    dot, in_chain = with_presence(dot), chain_atoms(dot)
    moving = np.flatnonzero(in_chain)
    spread = _spread_angstrom(dot, moving, shell)
    heavy = dot.numbers[moving] != _HYDROGEN
    still = moving[heavy]
    frozen = dot[still]
    frozen.positions = _drawn(dot.positions[still], spread[heavy], dot.positions[~in_chain], rng)
    frozen.arrays["occupancy"][:] = 0.0
    core, chains = dot[np.flatnonzero(~in_chain)], dot[moving]
    names, of_moving = np.unique(np.asarray(dot.arrays["ligand"])[moving], return_inverse=True)
    rate = beam_rate_per_s(shell.cross_link_nm2, 1.0, shell.protection)
    waits = rng.exponential(size=len(names))
    counts = [len(core), len(chains), len(frozen)]
    return ShelledDot(
        atoms=core + chains + frozen,
        extra_u_angstrom2=np.concatenate(
            [np.zeros(counts[0]), _rounded(spread**2, shell), np.zeros(counts[2])]
        ),
        chain=np.concatenate([np.full(counts[0], -1), of_moving, of_moving[heavy]]),
        frozen=np.repeat([False, False, True], counts),
        critical_dose_e_per_nm2=waits / rate if rate > 0 else np.full(len(names), math.inf),
    )


def shell_occupancy(
    whole: ShelledDot,
    begin_e_per_nm2: Float[np.ndarray, " span"],
    end_e_per_nm2: Float[np.ndarray, " span"],
) -> Float[np.ndarray, "span atom"]:
    """How full each atom is on average in spans that begin and end at cumulative doses.

    A chain caught within a span shows both ways, each for its part of it. Atoms of the core keep
    their own occupancy. All is known from the dose, so spans need no state.
    """
    ends = np.maximum(end_e_per_nm2, np.nextafter(begin_e_per_nm2, np.inf))
    caught = (ends[:, None] - whole.critical_dose_e_per_nm2) / (ends - begin_e_per_nm2)[:, None]
    caught = np.clip(caught, 0.0, 1.0)[:, whole.chain]
    own = presence(whole.atoms)
    as_chain = np.where(whole.frozen, caught, 1 - caught)
    return np.where(whole.chain < 0, own, as_chain)


def chain_atoms(dot: Atoms) -> Bool[np.ndarray, " atom"]:
    """Which atoms belong to ligands' chains: not to the lattice, and not the bound atom itself."""
    own = own_species(cuboid_of(dot))[np.asarray(dot.arrays["site"])]
    foreign = np.asarray(dot.arrays["ion"]) != own
    return foreign & ~np.asarray(dot.arrays["anchor"], dtype=bool)


def _spread_angstrom(
    dot: Atoms, moving: Int[np.ndarray, " atom"], shell: LigandShell
) -> Float[np.ndarray, " atom"]:
    """How far each atom sweeps: its distance from its ligand's bound atom times the sway."""
    ligand = np.asarray(dot.arrays["ligand"])
    bound = np.asarray(dot.arrays["anchor"], dtype=bool) & (ligand >= 0)
    anchor_of = np.zeros((int(ligand.max(initial=-1)) + 1, 3))
    anchor_of[ligand[bound]] = dot.positions[bound]
    return shell.sway * np.linalg.norm(dot.positions[moving] - anchor_of[ligand[moving]], axis=1)


def _rounded(
    u_angstrom2: Float[np.ndarray, " atom"], shell: LigandShell
) -> Float[np.ndarray, " atom"]:
    """Nearest of step, 1.5 step, 2.25 step, ...; 0 below half the first."""
    step, ratio = shell.step_angstrom2, math.log(1.5)
    rungs = np.rint(np.log(np.maximum(u_angstrom2, step) / step) / ratio)
    return np.where(u_angstrom2 < step / 2, 0.0, step * np.exp(ratio * rungs))


def _drawn(
    places: Float[np.ndarray, "atom 3"],
    spread: Float[np.ndarray, " atom"],
    core: Float[np.ndarray, "own 3"],
    rng: np.random.Generator,
) -> Float[np.ndarray, "atom 3"]:
    """Places drawn about the given ones, drawn anew while they are too near to others.

    Where there is no room for all after many rounds, the last draw stands: a chain's few atoms
    next to its bound atom hardly sweep at all.
    """
    drawn = places + spread[:, None] * rng.normal(size=places.shape)
    inner = KDTree(core)
    for _ in range(_ROUNDS):
        crowded = np.isfinite(inner.query(drawn, distance_upper_bound=_CORE_ANGSTROM)[0])
        pairs = KDTree(drawn).query_pairs(_CORE_ANGSTROM, output_type="ndarray")
        crowded[pairs.max(axis=1, initial=0)[: len(pairs)]] = True
        if not crowded.any():
            break
        again = np.flatnonzero(crowded)
        drawn[again] = places[again] + spread[again, None] * rng.normal(size=(len(again), 3))
    return drawn
