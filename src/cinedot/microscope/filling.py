"""How full each of a scene's atoms is, frame after frame: ligands that freeze, halides that go."""

from dataclasses import dataclass, replace

import numpy as np
from ase import Atoms
from jaxtyping import Float

from cinedot.core import InputError
from cinedot.microscope.damage import DamageState, DamageStretch, begin_damage, next_damage
from cinedot.microscope.halide_atoms import atom_occupancy, with_open_sites
from cinedot.microscope.halide_sites import halide_sites
from cinedot.microscope.ligand_shell import (
    LigandShell,
    ShelledDot,
    chain_atoms,
    shell_occupancy,
    shelled_dot,
)
from cinedot.microscope.presence import presence
from cinedot.microscope.scene import Scene


@dataclass(frozen=True, slots=True, kw_only=True)
class Filling:
    """Where the occupancies have come to.

    Attributes:
        atoms: all that may be filled: core, ligands moving and frozen, open halide sites.
        extra_u_angstrom2: what each is smeared by [atom].
        shelled: the dot with its ligands; None without a shell.
        chain: the halides; None without damage.
        moments: in how many equal parts a frame is filmed.
        frame_dose_e_per_nm2: electrons per nm2 in a frame.
        next_frame: the first frame not yet made.
    """

    atoms: Atoms
    extra_u_angstrom2: Float[np.ndarray, " atom"]
    shelled: ShelledDot | None
    chain: DamageState | None
    moments: int
    frame_dose_e_per_nm2: float
    next_frame: int


def begin_filling(
    scene: Scene, of_shell: np.random.SeedSequence, of_damage: np.random.SeedSequence
) -> Filling:
    """The atoms before the first frame.

    Args:
        scene: what is filmed.
        of_shell, of_damage: chance.

    Raises:
        InputError: damage or a shell of atoms without sites; a shell of a dot without ligands.
    """
    atoms, shelled, chain = scene.atoms, None, None
    if scene.shell is not None:
        shelled = _shelled(atoms, scene.shell, np.random.default_rng(of_shell))
        atoms = shelled.atoms
    if scene.damage is not None:
        chain = begin_damage(
            atoms,
            scene.damage,
            dose_rate_e_per_nm2_s=scene.exposure.dose_rate_e_per_nm2_s,
            frame_s=scene.exposure.frame_s,
            parts=scene.motion.subframes,
            rng=np.random.default_rng(of_damage),
        )
        atoms = with_open_sites(atoms, halide_sites(atoms, scene.damage.hop_reach))
    extra = np.zeros(len(atoms))
    if shelled is not None:
        extra[: len(shelled.atoms)] = shelled.extra_u_angstrom2
    return Filling(
        atoms=atoms,
        extra_u_angstrom2=extra,
        shelled=shelled,
        chain=chain,
        moments=scene.motion.subframes,
        frame_dose_e_per_nm2=scene.exposure.dose_e_per_nm2,
        next_frame=0,
    )


def next_filling(
    filling: Filling, count: int
) -> tuple[Float[np.ndarray, "frame moment atom"], DamageStretch | None, Filling]:
    """How full each atom is in the next frames, which halides are where, and what comes after.

    What moves or freezes within a frame shows before in the moments before and after in those
    after; only in the moment that it falls into is it a mean.
    """
    atoms, first, moments = filling.atoms, filling.next_frame, filling.moments
    hits, chain = None, filling.chain
    occupancy = np.tile(presence(atoms), (count, moments, 1))
    if chain is not None:
        hits, chain = next_damage(chain, count)
        occupancy = atom_occupancy(atoms, hits)
    if filling.shelled is not None:
        ends = np.arange(first * moments, (first + count) * moments + 1)
        doses = filling.frame_dose_e_per_nm2 / moments * ends
        of_shell = shell_occupancy(filling.shelled, doses[:-1], doses[1:])
        columns = np.flatnonzero(filling.shelled.chain >= 0)
        occupancy[:, :, columns] = of_shell.reshape(count, moments, -1)[:, :, columns]
    return occupancy, hits, replace(filling, chain=chain, next_frame=first + count)


def _shelled(atoms: Atoms, shell: LigandShell, rng: np.random.Generator) -> ShelledDot:
    if not chain_atoms(atoms).any():
        raise InputError(
            "`shell` must have ligands to move and freeze, but the dot holds only bound atoms.",
            remedy="Build it with `ligands=AllAtoms()`.",
        )
    return shelled_dot(atoms, shell, rng=rng)
