"""Rows about electron microscopy: R19 and R70 to R80."""

import math
from collections.abc import Iterable

import numpy as np
from rows import CIRCULAR, DERIVED, TENSION, Row, row

from cinedot.micrographs import bandpass
from cinedot.microscope import Damage, knock_on_ev, wavelength_angstrom
from cinedot.particle import compound_named
from cinedot.particle.zc import zc_radii_angstrom


def microscope() -> Iterable[Row]:
    """R19 and R70 to R80."""
    spread = {d: math.sqrt(8) / (math.pi * _wave_nm() / d**2) for d in (0.08, 0.10)}
    yield row(
        "R19", "resolution, nm", "0.08 in the text, 0.10 in Methods",
        f"focal spreads (1/e) of {spread[0.08]:.1f} and {spread[0.10]:.1f} nm: not both", TENSION,
    )  # fmt: skip
    yield row("R70", "80 kV", "no wavelength", f"{1e3 * _wave_nm():.4f} pm", DERIVED)
    for pixel_nm in (0.021, 0.042):
        for frame_s in (0.020, 0.0133, 0.005):
            low, high = (rate * frame_s * pixel_nm**2 for rate in (2.1e7, 2.8e7))
            yield row(
                "R71 R73", f"{pixel_nm} nm pixels, {1e3 * frame_s:g} ms", "2.1 to 2.8e7 e/nm2/s",
                f"{low:.0f} to {high:.0f} electrons a pixel", DERIVED,
            )  # fmt: skip
    lasts = Damage().loss_cross_section_nm2
    dose = 27 * 2.5e7
    yield row(
        "R75", "stable for 27 s", "yes",
        f"{dose:.2g} e/nm2: a bare dot's halides last {1 / lasts:.0e}, so carbon protects "
        f"{dose * lasts:.0e} times; 1e3 to 1e5 is known", DERIVED,
    )  # fmt: skip
    energies = ", ".join(f"{one} {knock_on_ev(one, 80.0):.2f}" for one in ("Br", "Cs", "Pb"))
    yield row("R75", "knock-on at 80 kV, eV", "no number", f"at most {energies}", DERIVED)
    noise = np.random.default_rng(0).normal(size=(64, 64))
    same = np.array_equal(
        bandpass(noise, tolerance_percent=5), bandpass(noise, tolerance_percent=50)
    )
    yield row(
        "R76", "band-pass, tolerance of direction", "5 %",
        "no effect without stripes" if same else "changes the image", DERIVED,
    )  # fmt: skip
    radii = zc_radii_angstrom(np.array([35, 55, 82]))
    yield row(
        "R78", "sizes of atoms as Z^(2/3)", "Br, Cs, Pb",
        " : ".join(f"{one:.3f}" for one in radii / radii[-1]), DERIVED,
    )  # fmt: skip
    for sample, compound, said in (("2", "mla-cs", 1), ("1", "mla-ma", 3)):
        acid = compound_named(compound).acid
        assert acid is not None
        yield row(
            "R80", f"{sample}: Br missing at a corner", f"{said}",
            f"{acid.halides_replaced} in the model", CIRCULAR,
        )  # fmt: skip


def _wave_nm() -> float:
    return wavelength_angstrom(80.0) / 10
