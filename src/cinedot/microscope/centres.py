"""A dot's scattering centres, sorted into kinds that scatter alike."""

import math
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from ase import Atoms
from jaxtyping import Float, Int

from cinedot.microscope.factors import (
    COULOMB_PER_ANGSTROM,
    ChargedShell,
    Parametrization,
    PengIonic,
    has_ion,
    short_range_angstrom,
)
from cinedot.microscope.ion_charges import charges_of
from cinedot.microscope.thermal import Displacements, Thermal, displacements

# Distinguishes formal charges from rounding, not from one another.
_DIGITS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """Centres that scatter alike but for where they stand and how much they move.

    Attributes:
        element: chemical symbol; "" for a charge without an atom.
        ion: charge of the ion whose own factor is taken, 0 for a neutral atom's.
        charge: whole charge, which acts at long distance.
        spread_angstrom2: mean square radius of the charge along one axis, beside displacements;
            0 for an ion of Peng's table.
        parametrization: whose factors.
        u_angstrom2: the mean square displacement that all of them have at least.
        direction: which crystal axis is nearest to their bonds' lines, -1 without such.
        positions_angstrom: crystal frame [centre, 3].
        weight: how many of the factor each is: 1 for an atom, its charge for a charge without
            an atom [centre].
        owner: index of the ASE atom, -1 for a charge without one [centre].
        extra_u_angstrom2: isotropic displacement beyond `u_angstrom2` [centre].
        across_angstrom2: displacement across `axis` beyond that [centre].
        axis: unit vector along a bridging halide's bonds, zeros otherwise [centre, 3].
    """

    element: str
    ion: int
    charge: float
    spread_angstrom2: float
    parametrization: Parametrization
    u_angstrom2: float
    direction: int
    positions_angstrom: Float[np.ndarray, "centre 3"]
    weight: Float[np.ndarray, " centre"]
    owner: Int[np.ndarray, " centre"]
    extra_u_angstrom2: Float[np.ndarray, " centre"]
    across_angstrom2: Float[np.ndarray, " centre"]
    axis: Float[np.ndarray, "centre 3"]

    def __len__(self) -> int:
        return len(self.owner)

    @property
    def key(self) -> Hashable:
        """Equal for kinds of different dots that scatter alike."""
        return (
            self.element,
            self.ion,
            self.charge,
            self.spread_angstrom2,
            self.parametrization,
            self.u_angstrom2,
            self.direction,
        )

    def emptied(self) -> "Kind":
        """The same kind in a dot that has no such centre."""
        return replace(
            self,
            positions_angstrom=self.positions_angstrom[:0],
            weight=self.weight[:0],
            owner=self.owner[:0],
            extra_u_angstrom2=self.extra_u_angstrom2[:0],
            across_angstrom2=self.across_angstrom2[:0],
            axis=self.axis[:0],
        )

    def factor_angstrom(self, q_per_angstrom: Float[np.ndarray, " q"]) -> Float[np.ndarray, " q"]:
        """The factor that all of them share, damped by `u_angstrom2`, angstrom.

        At q = 0 the charge's unbounded term is left out: a neutral set has none there.
        """
        q = q_per_angstrom
        factor = np.zeros(q.shape)
        if self.element:
            factor += short_range_angstrom(
                self.element, q, charge=self.ion, parametrization=self.parametrization
            )
        if self.charge:
            far = COULOMB_PER_ANGSTROM * self.charge / np.where(q > 0, q, np.inf) ** 2
            factor += far * np.exp(-2 * math.pi**2 * self.spread_angstrom2 * q**2)
        return factor * np.exp(-2 * math.pi**2 * self.u_angstrom2 * q**2)

    def tensor_angstrom2(self) -> Float[np.ndarray, "3 3"]:
        """The mean of what each centre's U has across its axis, as a matrix in the crystal frame.

        Centres with axes of different directions are of different kinds; the few degrees that
        tilted octahedra add are averaged.
        """
        if not len(self):
            return np.zeros((3, 3))
        flat = np.eye(3) - self.axis[:, :, None] * self.axis[:, None, :]
        return (self.across_angstrom2[:, None, None] * flat).mean(axis=0)


def kinds(dot: Atoms, *, parametrization: Parametrization, thermal: Thermal) -> tuple[Kind, ...]:
    """All centres that scatter: a dot's atoms, and charges that it lacks atoms for.

    Args:
        dot: atoms about their own centre, angstrom.
        parametrization: whose factors.
        thermal: how far the atoms move.

    Raises:
        InputError: an unknown element, or displacements that make no sense.

    Warns:
        UserWarning: formal charges that do not add up, so that neutral atoms stand in.

    Example:
        >>> from cinedot.microscope.factors import KIRKLAND
        >>> dot = Atoms("PbBr2", positions=[(0, 0, 0), (2.9, 0, 0), (-2.9, 0, 0)])
        >>> [(k.element, len(k)) for k in kinds(dot, parametrization=KIRKLAND, thermal=Thermal())]
        [('Pb', 1), ('Br', 2)]
    """
    charges = charges_of(dot, parametrization)
    moved = displacements(dot, thermal)
    found = list(_of_atoms(dot, charges.of_atom, moved, parametrization))
    if len(charges.of_shell) and isinstance(parametrization, PengIonic):
        shell = parametrization.missing_charge
        spread = shell.spread_angstrom if isinstance(shell, ChargedShell) else 0.0
        count = len(charges.of_shell)
        found.append(
            Kind(
                element="",
                ion=0,
                charge=1.0,
                spread_angstrom2=spread**2,
                parametrization=parametrization,
                u_angstrom2=0.0,
                direction=-1,
                positions_angstrom=charges.shell_angstrom,
                weight=charges.of_shell,
                owner=np.full(count, -1),
                extra_u_angstrom2=np.zeros(count),
                across_angstrom2=np.zeros(count),
                axis=np.zeros((count, 3)),
            )
        )
    return tuple(found)


def _of_atoms(
    dot: Atoms,
    charge: Float[np.ndarray, " atom"],
    moved: Displacements,
    parametrization: Parametrization,
) -> Iterator[Kind]:
    ligand = np.asarray(dot.arrays.get("ligand", np.full(len(dot), -1))) >= 0
    direction = np.where(moved.axis.any(axis=1), np.abs(moved.axis).argmax(axis=1), -1)
    ionic = isinstance(parametrization, PengIonic)
    cloud = parametrization.anchor_spread_angstrom if ionic else 0.0
    labels = list(
        zip(
            dot.get_chemical_symbols(),
            np.round(charge, _DIGITS).tolist(),
            ligand.tolist(),
            direction.tolist(),
            strict=True,
        )
    )
    for label in dict.fromkeys(labels):
        element, formal, bound, line = label
        here = np.array([i for i, other in enumerate(labels) if other == label])
        own = not bound and formal == round(formal) and has_ion(element, round(formal))
        least = float(moved.u_angstrom2[here].min())
        yield Kind(
            element=element,
            ion=round(formal) if own else 0,
            charge=formal,
            spread_angstrom2=0.0 if own or not formal else cloud**2,
            parametrization=parametrization,
            u_angstrom2=least,
            direction=line,
            positions_angstrom=dot.positions[here],
            weight=np.ones(len(here)),
            owner=here,
            extra_u_angstrom2=moved.u_angstrom2[here] - least,
            across_angstrom2=moved.across_angstrom2[here],
            axis=moved.axis[here],
        )
