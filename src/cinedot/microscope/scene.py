"""What is filmed, and how: all the choices behind a simulated movie."""

from dataclasses import dataclass, field

import numpy as np
from ase import Atoms
from scipy.spatial.transform import Rotation

from cinedot.core import InputError
from cinedot.microscope.camera import Camera, Exposure
from cinedot.microscope.damage_rates import Damage
from cinedot.microscope.factors import PengIonic
from cinedot.microscope.imageable import require_imageable
from cinedot.microscope.lens import Lens
from cinedot.microscope.ligand_shell import LigandShell
from cinedot.microscope.moves import Motion
from cinedot.microscope.potential import Multislice
from cinedot.microscope.support import AmorphousCarbon, Support
from cinedot.microscope.whole import require_shape, require_whole

MOVIE_SLICES = Multislice(slice_angstrom=3.0)
"""Slices alone, against 0.025 nm with the default displacements, cost a QD4 0.6 % of its wave's
modulation (q < 1 per angstrom) tilted or on axis, and 0.9 % and 0.3 % of its image's."""

_MOST_FRAMES = 2**31 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A dot, what moves and damages it, what surrounds it, and what films it.

    Attributes:
        atoms: the dot about its centre, angstrom; its mean place is the middle of the field, in
            the plane z = 0.
        lens, exposure, camera: the instrument.
        shape: rows and columns of a frame; the dot may come up to 0.5 nm beyond its border.
        frames: how many.
        support: a film behind the dot, touching its lowest atom in any pose; None for vacuum.
        front: one in front of it, still. Its wave and the dot's are multiplied, which forgets how
            the film's wave spreads within the dot (`field.Surroundings`).
        support_moves: whether the support goes with the dot's anchor; each moment of a frame then
            takes the whole field through the film, which takes several times as long. Otherwise
            the dot slides over it.
        motion: how the dot moves.
        damage: how its halides hop and leave; None where they stay.
        shell: how its ligands move and freeze; needs a dot with all their atoms. None where they
            stand like all other atoms.
        scattering: how the wave passes the dot.
        start: mean orientation; drawn from the seed when left out.
        oversampling: wave pixels along the side of a camera pixel.
        seed: of everything that chance decides.

    Raises:
        InputError: no atoms, or some of no element, no place or an occupancy outside 0 to 1; no
            frame, no pixel, numbers of them that are not whole, several starts, ions that leave,
            a support that moves but is not there.
    """

    atoms: Atoms
    lens: Lens = field(default_factory=Lens)
    exposure: Exposure = field(default_factory=Exposure)
    camera: Camera = field(default_factory=Camera)
    shape: tuple[int, int] = (256, 256)
    frames: int = 40
    support: AmorphousCarbon | Support | None = None
    front: AmorphousCarbon | Support | None = None
    support_moves: bool = False
    motion: Motion = field(default_factory=Motion)
    damage: Damage | None = None
    shell: LigandShell | None = None
    scattering: Multislice = MOVIE_SLICES
    start: Rotation | None = None
    oversampling: int = 2
    seed: int = 0

    def __post_init__(self) -> None:
        require_imageable(self.atoms, "atoms")
        require_shape(self.shape)
        for name, value, least, remedy in (
            ("frames", self.frames, 1, "Say 40."),
            ("oversampling", self.oversampling, 1, "2 is right for pixels of 0.042 nm."),
            ("seed", self.seed, 0, "Say 0."),
        ):
            require_whole(name, value, least=least, remedy=remedy)
        if self.frames > _MOST_FRAMES:
            raise InputError(
                f"`frames` must be at most {_MOST_FRAMES}, but is {self.frames}.",
                remedy="Tables count frames in 32 bits; film several movies.",
            )
        if self.start is not None and not self.start.single:
            raise InputError(
                f"`start` must be one rotation, but holds {len(self.start)}.",
                remedy="Choose one of them, as in start[0].",
            )
        if self.support_moves and self.support is None:
            raise InputError(
                "`support_moves` must have a support to move, but there is none.",
                remedy="Add a support, or leave it out.",
            )
        if self.damage is not None and isinstance(self.scattering.parametrization, PengIonic):
            raise InputError(
                "a dot that loses ions must scatter as neutral atoms, but `scattering` has "
                "`PengIonic`: the charge that leaves would make a false far field.",
                remedy="Take `Kirkland()` or `Lobato()`, or leave the damage out.",
            )

    def chance(self) -> tuple[np.random.SeedSequence, ...]:
        """Seeds of start, motion, support, counts, camera, front, shell and damage."""
        return tuple(np.random.SeedSequence(self.seed).spawn(8))
