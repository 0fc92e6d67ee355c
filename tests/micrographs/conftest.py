"""What the tests of micrographs share: images by another simulator."""

import warnings
from dataclasses import dataclass, field

import jax.numpy as jnp
import numpy as np
import pytest
from ase import Atoms
from scipy.spatial.transform import Rotation

from cinedot.microscope import Lens, aberrations
from cinedot.microscope.carbon import random_carbon_nm
from cinedot.microscope.lens import blurred, transfer

FINE, THICKNESS = 3, 20.0
WAVELENGTH_ANGSTROM = 0.0417572
U_ANGSTROM2 = {"Pb": 0.02, "Br": 0.06, "Cs": 0.07, "C": 0.01, "N": 0.1}


@dataclass(eq=False, kw_only=True)
class AbtemScene:
    """A dot before half a carbon film, imaged by abTEM: Lobato's factors, frozen phonons.

    Attributes:
        dot: atoms about the cuboid's centre, angstrom.
        lens: the microscope's.
        rng: of the carbon, which stays, and of the displacements, which do not.
        side, pixel_nm: of an image.
        snapshots: sets of displacements that an image is the mean over.
    """

    dot: Atoms
    lens: Lens
    rng: np.random.Generator
    side: int
    pixel_nm: float
    snapshots: int = 6
    _carbon: np.ndarray = field(init=False)
    _height: float = field(init=False)

    def __post_init__(self) -> None:
        reach = float(np.linalg.norm(self.dot.positions, axis=1).max())
        self._height = reach + 2.0
        extent = (self.box / 10, self.box / 10, THICKNESS / 10)
        carbon = 10 * random_carbon_nm(
            extent, density_per_nm3=100.0, diameter_nm=0.14, rng=self.rng
        )
        behind = [0.0, 0.0, self._height + reach + 3.0]
        self._carbon = carbon[carbon[:, 0] < self.box / 2] + behind

    @property
    def box(self) -> float:
        """Side of the field, angstrom."""
        return 10 * self.side * self.pixel_nm

    @property
    def depth(self) -> float:
        """Of the cell, angstrom."""
        return 2 * self._height + THICKNESS + 3.0

    def image(self, turn: Rotation, place_nm: np.ndarray) -> np.ndarray:
        """Intensity on camera pixels, over that of the incident wave."""
        fine = 10 * self.pixel_nm / FINE
        # A camera pixel's middle is its three wave pixels' middle one.
        centre = np.array([*(10 * place_nm + fine), self._height])
        atoms = Atoms(
            [*self.dot.symbols, *["C"] * len(self._carbon)],
            positions=np.concatenate([turn.apply(self.dot.positions) + centre, self._carbon]),
            cell=[self.box, self.box, self.depth],
        )
        optics = aberrations(self.lens)
        q = np.fft.fftfreq(self.side * FINE, fine)
        q2 = q[:, None] ** 2 + q[None, :] ** 2
        back = np.pi * WAVELENGTH_ANGSTROM * (self.depth - self._height)
        through = np.exp(1j * back * q2) * np.asarray(transfer(optics, fine, q2.shape))
        total = sum(
            np.abs(np.fft.ifft2(np.fft.fft2(self._wave(atoms)) * through)) ** 2
            for _ in range(self.snapshots)
        )
        mean = jnp.asarray(total / self.snapshots, dtype=jnp.float32)
        seen = np.asarray(blurred(mean, optics.vibration, fine))
        return seen.reshape(self.side, FINE, self.side, FINE).mean(axis=(1, 3))

    def _wave(self, atoms: Atoms) -> np.ndarray:
        import abtem

        shaken = atoms.copy()
        rms = np.sqrt([U_ANGSTROM2.get(one, 0.1) for one in shaken.get_chemical_symbols()])
        shaken.positions += self.rng.normal(size=shaken.positions.shape) * rms[:, None]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # abTEM's own deprecations
            potential = abtem.Potential(
                shaken, gpts=self.side * FINE, slice_thickness=2.0, projection="infinite"
            )
            wave = abtem.PlaneWave(energy=80e3).multislice(potential, lazy=False)
            return np.asarray(wave.array).T


@pytest.fixture(scope="session")
def by_abtem():
    """Makes a scene of a dot, a lens and chance, to be imaged by abTEM."""

    def made(dot, lens, rng, **how):
        return AbtemScene(dot=dot, lens=lens, rng=rng, **how)

    return made
