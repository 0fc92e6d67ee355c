"""The objective lens and the steadiness of the instrument, in a microscopist's units.

Signs are those of science.md 8.2: the aberration phase is chi(q) = pi lambda C1 q^2 +
pi/2 C_s lambda^3 q^4 with C1 = -defocus, so a positive defocus is under-focus; the image wave is
F^-1{F[psi] exp(-i chi)}. Under-focused atoms are dark. `lens_conventions` converts from others.
"""

import math
from dataclasses import dataclass, replace

from jaxtyping import Array, Complex, Float

from cinedot.core import InputError
from cinedot.microscope.beam import wavelength_angstrom
from cinedot.microscope.envelopes import chromatic_focal_spread_nm
from cinedot.microscope.envelopes import transfer as transfer
from cinedot.microscope.grid import Grid
from cinedot.microscope.imaging import ENVELOPE, Coherence, images
from cinedot.microscope.imaging import blurred as blurred
from cinedot.microscope.imaging import squared_modulus as squared_modulus
from cinedot.microscope.limits import VOLTAGES_KV, require_range
from cinedot.microscope.optics import Aberrations as Aberrations
from cinedot.microscope.optics import aberration_phase as aberration_phase


@dataclass(frozen=True, slots=True, kw_only=True)
class Lens:
    """An objective lens and the steadiness of the instrument.

    Directions are angles from x towards y, degrees: of the most over-focus (astigmatism), of the
    steepest rise of chi (coma), of one of its three ridges (trefoil).

    Attributes:
        voltage_kv: accelerating voltage, kV.
        defocus_nm: under-focus positive, measured at the plane z = 0, nm.
        spherical_aberration_um: C_s, um.
        focal_spread_nm: 1/e width of the spread of foci (abTEM's convention; sqrt 2 times the
            standard deviation), nm; `with_energy_spread` works it out.
        vibration_pm: standard deviation of the image's own motion an axis, pm.
        astigmatism_nm: two-fold astigmatism A1: C1 becomes C1 + A1 cos 2(phi - angle), nm.
        astigmatism_angle_deg: its direction.
        coma_nm: axial coma B2: chi has 2 pi lambda^2 B2 q^3 cos(phi - angle), nm; a third of
            abTEM's C21.
        coma_angle_deg: its direction.
        trefoil_nm: three-fold astigmatism A2: chi has 2/3 pi lambda^2 A2 q^3 cos 3(phi - angle),
            nm; abTEM's C23.
        trefoil_angle_deg: its direction.
        convergence_mrad: source size: 1/e half angle of the illumination, mrad.
        aperture_mrad: semi-angle of the objective aperture, mrad; infinite for none.
        aperture_edge_mrad: width over which its edge fades, mrad; 0 for a sharp one.

    Raises:
        InputError: a spread or an amplitude below zero, an aperture not above it, an edge that
            reaches the axis, a number that is not finite, or one that no microscope has: a voltage
            outside 10 to 3000 kV, a defocus beyond 0.1 mm, a C_s beyond 100 mm, foci spread over
            more than 1 um, a vibration of more than 10 nm.
    """

    voltage_kv: float = 80.0
    defocus_nm: float = 6.0
    spherical_aberration_um: float = 2.0
    focal_spread_nm: float = 3.0
    vibration_pm: float = 30.0
    astigmatism_nm: float = 0.0
    astigmatism_angle_deg: float = 0.0
    coma_nm: float = 0.0
    coma_angle_deg: float = 0.0
    trefoil_nm: float = 0.0
    trefoil_angle_deg: float = 0.0
    convergence_mrad: float = 0.0
    aperture_mrad: float = math.inf
    aperture_edge_mrad: float = 0.0

    def __post_init__(self) -> None:
        for name in _FINITE:
            _require(self, name, math.isfinite(getattr(self, name)), "be finite", "Give a number.")
        for name in _NOT_NEGATIVE:
            value: float = getattr(self, name)
            _require(self, name, value >= 0, "not be negative", "0 turns it off.")
        for name, (least, most, unit) in _RANGES.items():
            remedy = "Correct the number or its unit: no microscope has it."
            require_range(name, getattr(self, name), least, most, unit=unit, remedy=remedy)
        size, edge = self.aperture_mrad, self.aperture_edge_mrad
        _require(self, "aperture_mrad", size > 0, "be positive", "Leave it out for none.")
        remedy = "0 is a sharp edge."
        _require(self, "aperture_edge_mrad", edge <= 2 * size, f"not exceed {2 * size}", remedy)

    def with_energy_spread(
        self, *, chromatic_aberration_mm: float = 1.2, energy_spread_ev: float = 0.5
    ) -> "Lens":
        """This lens with the focal spread of electrons that differ in energy (science.md 8.2).

        Args:
            chromatic_aberration_mm: C_c, mm; the default is an estimate.
            energy_spread_ev: full width at half maximum, eV; the default is an estimate.

        Raises:
            InputError: one of them is negative or not finite.

        Example:
            >>> round(Lens().with_energy_spread(energy_spread_ev=0.3).focal_spread_nm, 2)
            2.9
        """
        for name, value in (
            ("chromatic_aberration_mm", chromatic_aberration_mm),
            ("energy_spread_ev", energy_spread_ev),
        ):
            if not (value >= 0 and math.isfinite(value)):
                raise InputError(
                    f"`{name}` must not be negative, but is {value}.", remedy="0 turns it off."
                )
        spread = chromatic_focal_spread_nm(
            self.voltage_kv,
            chromatic_aberration_mm=chromatic_aberration_mm,
            energy_spread_ev=energy_spread_ev,
        )
        return replace(self, focal_spread_nm=spread)


_NOT_NEGATIVE = (
    "focal_spread_nm",
    "vibration_pm",
    "astigmatism_nm",
    "coma_nm",
    "trefoil_nm",
    "convergence_mrad",
    "aperture_edge_mrad",
)
_RANGES = {
    "voltage_kv": (*VOLTAGES_KV, "kV"),
    "defocus_nm": (-1e5, 1e5, "nm"),
    "spherical_aberration_um": (-1e5, 1e5, "um"),
    "focal_spread_nm": (0.0, 1e3, "nm"),
    "vibration_pm": (0.0, 1e4, "pm"),
}
_FINITE = (
    "voltage_kv",
    "defocus_nm",
    "spherical_aberration_um",
    "astigmatism_angle_deg",
    "coma_angle_deg",
    "trefoil_angle_deg",
    *_NOT_NEGATIVE,
)


def _require(lens: Lens, name: str, holds: bool, rule: str, remedy: str) -> None:
    if not holds:
        raise InputError(f"`{name}` must {rule}, but is {getattr(lens, name)}.", remedy=remedy)


def aberrations(lens: Lens) -> Aberrations:
    """The lens in angstrom and radian; replace any number by a traced one, or by one an image.

    Example:
        >>> import jax.numpy as jnp
        >>> through_focus = aberrations(Lens())._replace(defocus=jnp.array([30.0, 60.0, 90.0]))
    """
    astigmatism = _components(10 * lens.astigmatism_nm, 2 * lens.astigmatism_angle_deg)
    coma = _components(10 * lens.coma_nm, lens.coma_angle_deg)
    trefoil = _components(10 * lens.trefoil_nm, 3 * lens.trefoil_angle_deg)
    return Aberrations(
        wavelength=wavelength_angstrom(lens.voltage_kv),
        defocus=10.0 * lens.defocus_nm,
        spherical=1e4 * lens.spherical_aberration_um,
        focal_spread=10.0 * lens.focal_spread_nm,
        vibration=1e-2 * lens.vibration_pm,
        astigmatism_x=astigmatism[0],
        astigmatism_y=astigmatism[1],
        coma_x=coma[0],
        coma_y=coma[1],
        trefoil_x=trefoil[0],
        trefoil_y=trefoil[1],
        convergence=1e-3 * lens.convergence_mrad,
        aperture=1e-3 * lens.aperture_mrad,
        aperture_edge=1e-3 * lens.aperture_edge_mrad,
    )


def _components(amplitude: float, angle_deg: float) -> tuple[float, float]:
    angle = math.radians(angle_deg)
    return amplitude * math.cos(angle), amplitude * math.sin(angle)


def intensities(
    waves: Complex[Array, "pose y x"],
    lens: Lens,
    grid: Grid,
    coherence: Coherence = ENVELOPE,
) -> Float[Array, "pose y x"]:
    """The image of each exit wave: |F^-1{F[psi] T}|^2, blurred by the instrument's vibration.

    Args:
        waves: exit waves at the plane z = 0, 1 where nothing is [pose, y, x].
        lens: what images them.
        grid: what they are sampled on.
        coherence: how the spread of foci enters: `Envelope()`, or `FocalIntegral()` for thick or
            strongly scattering objects.

    Returns:
        Intensity, 1 where nothing is [pose, y, x], as precise as the waves.

    Raises:
        InputError: the waves are not of the grid's shape.

    Example:
        >>> import jax.numpy as jnp
        >>> grid = Grid(shape=(8, 8), pixel_nm=0.02)
        >>> float(intensities(jnp.ones((1, 8, 8), dtype=jnp.complex64), Lens(), grid).mean())
        1.0
    """
    if waves.shape[1:] != grid.shape:
        raise InputError(
            f"`waves` must have the grid's shape {grid.shape}, but have {waves.shape[1:]}.",
            remedy="Give the grid that the waves were computed on.",
        )
    return images(waves, aberrations(lens), grid.pixel_angstrom, coherence)
