"""What tests of the engine share: abTEM's exit wave."""

import warnings

import numpy as np
import pytest
from ase import Atoms


@pytest.fixture(scope="session")
def abtem_wave():
    """abTEM's exit wave of a dot in the middle of a cubic box, referred back to its middle."""
    import abtem

    def wave_of(dot, rotation, pixels, box, slice_angstrom, thermal, factors="Kirkland"):
        parametrization = getattr(abtem.parametrizations, f"{factors}Parametrization")
        rms = {element: float(np.sqrt(thermal.of(element))) for element in set(dot.symbols)}
        placed = Atoms(dot.symbols, positions=dot.positions @ rotation.as_matrix().T + box / 2)
        placed.set_cell([box, box, box])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # abTEM's own deprecations
            potential = abtem.Potential(
                placed,
                gpts=pixels,
                slice_thickness=slice_angstrom,
                parametrization=parametrization(sigmas=rms),
                projection="infinite",
            )
            wave = abtem.PlaneWave(energy=80e3).multislice(potential, lazy=False)
            array = np.asarray(wave.array).T
        q = np.fft.fftfreq(pixels, box / pixels)
        back = np.exp(1j * np.pi * 0.0417572 * (box / 2) * (q[:, None] ** 2 + q[None, :] ** 2))
        return np.fft.ifft2(np.fft.fft2(array) * back)

    return wave_of
