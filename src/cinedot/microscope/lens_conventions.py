"""Lenses as other programs and instruments state them, converted by name.

Ours is science.md 8.2: C1 < 0, a positive `defocus_nm`, is under-focus; angles run from x (along
columns) towards y (down the rows); focal spread and convergence are 1/e half widths.
"""

import difflib
import math
from collections.abc import Mapping

from cinedot.core import InputError
from cinedot.microscope.lens import Lens

_ABTEM_ALIASES = {
    "Cs": "C30",
    "astigmatism": "C12",
    "astigmatism_angle": "phi12",
    "coma": "C21",
    "coma_angle": "phi21",
    "trefoil": "C23",
    "trefoil_angle": "phi23",
}
_ABTEM_NAMES = (
    *("energy", "defocus", "C10", "C30", "C12", "phi12", "C21", "phi21", "C23", "phi23"),
    *("focal_spread", "angular_spread", "semiangle_cutoff", "soft"),
)


def lens_from_abtem(parameters: Mapping[str, float]) -> Lens:
    """The lens of `abtem.CTF(**parameters)`: angstrom, radian, mrad and eV, under-focus positive.

    abTEM's axes are [x, y], so its angles are ours once an array is transposed. Its C21 is three
    times B2. Its `angular_spread` enters its law as a 1/e half angle, whatever its docstring
    says. It knows no vibration: the lens has none.

    Args:
        parameters: `energy`, and any of `defocus` or `C10` (its negative), `Cs` or `C30`, `C12`,
            `phi12`, `C21`, `phi21`, `C23`, `phi23` and their aliases, `focal_spread`,
            `angular_spread`, `semiangle_cutoff`, `soft` (False; abTEM's soft edge depends on the
            grid, and is `aperture_edge_mrad` = wavelength / width of a square field).

    Raises:
        InputError: no energy, a name that we do not have, two names of one thing, a soft edge.

    Example:
        >>> lens = lens_from_abtem({"energy": 80e3, "defocus": 50.0, "Cs": 2e4})
        >>> lens.defocus_nm, lens.spherical_aberration_um
        (5.0, 2.0)
    """
    given = _plain_names(parameters)
    energy = given.get("energy")
    if energy is None:
        raise InputError("`energy` must be given, but is not.", remedy="Say 80e3 for 80 kV.")
    aperture = given.get("semiangle_cutoff", math.inf)
    if math.isfinite(aperture) and given.get("soft"):
        raise InputError(
            "`soft` must be False, but is True.",
            remedy="Give the lens an `aperture_edge_mrad` afterwards.",
        )
    return Lens(
        voltage_kv=energy / 1e3,
        defocus_nm=-given.get("C10", 0.0) / 10,
        spherical_aberration_um=given.get("C30", 0.0) / 1e4,
        focal_spread_nm=given.get("focal_spread", 0.0) / 10,
        vibration_pm=0.0,
        **_amplitude("astigmatism", given.get("C12", 0.0) / 10, given.get("phi12", 0.0), 2),
        **_amplitude("coma", given.get("C21", 0.0) / 30, given.get("phi21", 0.0), 1),
        **_amplitude("trefoil", given.get("C23", 0.0) / 10, given.get("phi23", 0.0), 3),
        convergence_mrad=given.get("angular_spread", 0.0),
        aperture_mrad=aperture,
    )


def abtem_parameters(lens: Lens) -> dict[str, float]:
    """What to give `abtem.CTF(**parameters)` for this lens; the vibration is left out.

    Raises:
        InputError: a soft aperture, whose width abTEM takes from its grid.

    Example:
        >>> abtem_parameters(Lens(coma_nm=10.0))["C21"]
        300.0
    """
    if math.isfinite(lens.aperture_mrad) and lens.aperture_edge_mrad:
        raise InputError(
            f"`aperture_edge_mrad` must be 0 for abTEM, but is {lens.aperture_edge_mrad}.",
            remedy="Its `soft=True` fades over one pixel of its transform.",
        )
    return {
        "energy": 1e3 * lens.voltage_kv,
        "defocus": 10 * lens.defocus_nm,
        "C30": 1e4 * lens.spherical_aberration_um,
        "C12": 10 * lens.astigmatism_nm,
        "phi12": math.radians(lens.astigmatism_angle_deg),
        "C21": 30 * lens.coma_nm,
        "phi21": math.radians(lens.coma_angle_deg),
        "C23": 10 * lens.trefoil_nm,
        "phi23": math.radians(lens.trefoil_angle_deg),
        "focal_spread": 10 * lens.focal_spread_nm,
        "angular_spread": lens.convergence_mrad,
        "semiangle_cutoff": lens.aperture_mrad,
        "soft": False,
    }


def lens_from_gatan(
    *,
    voltage_kv: float,
    defocus_nm: float,
    spherical_aberration_mm: float,
    astigmatism_nm: float = 0.0,
    astigmatism_angle_deg: float = 0.0,
) -> Lens:
    """The lens as DigitalMicrograph and JEOL often display it: over-focus positive.

    Their signs differ between versions and panels (science.md 8.2): check on one image whether
    atoms are dark at what is called a negative defocus. The angle is assumed to be that of the
    most over-focus as seen on the screen, counter-clockwise from the right. Spreads are those of
    a lens without any: give them with `dataclasses.replace` or `Lens.with_energy_spread`.

    Args:
        voltage_kv: accelerating voltage, kV.
        defocus_nm: over-focus positive, nm.
        spherical_aberration_mm: C_s, mm.
        astigmatism_nm: half the difference between the largest and the smallest defocus, nm.
        astigmatism_angle_deg: its direction, degrees.

    Example:
        >>> lens_from_gatan(
        ...     voltage_kv=80.0, defocus_nm=-6.0, spherical_aberration_mm=0.002).defocus_nm
        6.0
    """
    return Lens(
        voltage_kv=voltage_kv,
        defocus_nm=-defocus_nm,
        spherical_aberration_um=1e3 * spherical_aberration_mm,
        focal_spread_nm=0.0,
        vibration_pm=0.0,
        **_amplitude("astigmatism", astigmatism_nm, -math.radians(astigmatism_angle_deg), 2),
    )


def lens_from_kirkland(
    *,
    voltage_kv: float,
    defocus_angstrom: float,
    spherical_aberration_mm: float,
    defocus_spread_angstrom: float = 0.0,
    illumination_mrad: float = 0.0,
    two_fold_angstrom: float = 0.0,
    two_fold_angle_deg: float = 0.0,
    three_fold_angstrom: float = 0.0,
    three_fold_angle_deg: float = 0.0,
    aperture_mrad: float = math.inf,
) -> Lens:
    """The lens of Kirkland's book: chi = pi lambda q^2 (C_s lambda^2 q^2 / 2 - Delta f + ...).

    His astigmatisms are f_a2 sin 2(phi - phi_a2) and 2/3 lambda q f_a3 sin 3(phi - phi_a3), a
    sine where ours is a cosine; axes x, y as ours. Source: E. J. Kirkland, Advanced Computing in
    Electron Microscopy, 2nd ed. (2010), chapters 2 and 3.

    Args:
        voltage_kv: accelerating voltage, kV.
        defocus_angstrom: Delta f, under-focus positive, angstrom.
        spherical_aberration_mm: C_s, mm.
        defocus_spread_angstrom: Delta_0, 1/e half width, angstrom.
        illumination_mrad: lambda k_s, 1/e half angle of the illumination, mrad.
        two_fold_angstrom, two_fold_angle_deg: f_a2, phi_a2.
        three_fold_angstrom, three_fold_angle_deg: f_a3, phi_a3.
        aperture_mrad: alpha_max, mrad.

    Example:
        >>> lens = lens_from_kirkland(
        ...     voltage_kv=80.0, defocus_angstrom=60.0, spherical_aberration_mm=0.002,
        ...     two_fold_angstrom=20.0)
        >>> lens.defocus_nm, round(lens.astigmatism_angle_deg)
        (6.0, 45)
    """
    two = math.radians(two_fold_angle_deg) + math.pi / 4
    three = math.radians(three_fold_angle_deg) + math.pi / 6
    return Lens(
        voltage_kv=voltage_kv,
        defocus_nm=defocus_angstrom / 10,
        spherical_aberration_um=1e3 * spherical_aberration_mm,
        focal_spread_nm=defocus_spread_angstrom / 10,
        vibration_pm=0.0,
        convergence_mrad=illumination_mrad,
        aperture_mrad=aperture_mrad,
        **_amplitude("astigmatism", two_fold_angstrom / 10, two, 2),
        **_amplitude("trefoil", three_fold_angstrom / 10, three, 3),
    )


def _plain_names(parameters: Mapping[str, float]) -> dict[str, float]:
    """abTEM's parameters under its symbols, each once."""
    plain: dict[str, float] = {}
    for name, value in parameters.items():
        symbol = _ABTEM_ALIASES.get(name, name)
        if symbol not in _ABTEM_NAMES:
            near = difflib.get_close_matches(name, [*_ABTEM_NAMES, *_ABTEM_ALIASES], n=1)
            raise InputError(
                f"`{name}` must be an aberration that a `Lens` has, but is none.",
                remedy=f"The nearest is `{near[0]}`." if near else "Leave it out.",
            )
        if symbol == "defocus":
            symbol, value = "C10", -value
        if symbol in plain:
            raise InputError(
                f"`{symbol}` must be given once, but is given again as `{name}`.",
                remedy="Leave one of them out.",
            )
        plain[symbol] = value
    return plain


def _amplitude(name: str, amplitude_nm: float, angle_rad: float, fold: int) -> dict[str, float]:
    """Fields of an aberration with a direction; a negative amplitude turns by half a period."""
    turn = math.pi / fold if amplitude_nm < 0 else 0.0
    return {
        f"{name}_nm": abs(amplitude_nm),
        f"{name}_angle_deg": math.degrees(angle_rad + turn),
    }
