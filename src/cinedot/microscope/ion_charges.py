"""Which charges a dot's atoms carry, and where the charge goes that they lack."""

import warnings
from dataclasses import dataclass

import numpy as np
from ase import Atoms
from jaxtyping import Float

from cinedot.microscope.factors import ChargedShell, Parametrization, PengIonic
from cinedot.particle import cuboid_of, lattice_sites

_NEUTRAL_WITHIN = 1e-6
_A_ION_CHARGE, _HALIDE_CHARGE = 1.0, -1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Charges:
    """A neutral set of charges.

    Attributes:
        of_atom: elementary charges [atom].
        shell_angstrom: places of charges that no atom carries [site, 3].
        of_shell: their charges [site].
    """

    of_atom: Float[np.ndarray, " atom"]
    shell_angstrom: Float[np.ndarray, "site 3"]
    of_shell: Float[np.ndarray, " site"]


def charges_of(dot: Atoms, parametrization: Parametrization) -> Charges:
    """The charges that a dot's atoms scatter with, and those beside them that make up for the rest.

    Formal charges are ASE's initial charges. Neutral tables have none; with `PengIonic` a set
    that does not add up to zero, such as a dot built without its ligands, is completed or taken
    as neutral atoms, as `missing_charge` says.

    Args:
        dot: atoms, angstrom, with the arrays of `cinedot.particle.build` or without.
        parametrization: whose factors.

    Returns:
        Charges that add up to zero.

    Warns:
        UserWarning: the charges do not add up, and neutral atoms stand in for the ions.

    Example:
        >>> from cinedot.particle import Cuboid, NoLigands, build, host_named
        >>> dot = build(Cuboid.cube(4, host_named("CsPbBr3")), "mla-cs", ligands=NoLigands())
        >>> found = charges_of(dot, PengIonic())
        >>> round(found.of_atom.sum()), round(found.of_shell.sum())
        (-46, 46)
    """
    nothing = Charges(
        of_atom=np.zeros(len(dot)), shell_angstrom=np.zeros((0, 3)), of_shell=np.zeros(0)
    )
    formal = np.asarray(dot.get_initial_charges(), dtype=float)
    if not isinstance(parametrization, PengIonic) or not formal.any():
        return nothing
    if abs(formal.sum()) < _NEUTRAL_WITHIN:
        return Charges(
            of_atom=formal, shell_angstrom=nothing.shell_angstrom, of_shell=nothing.of_shell
        )
    if isinstance(parametrization.missing_charge, ChargedShell):
        shell = _shell(dot, formal)
        if shell is not None:
            return shell
        why = "it has no empty sites that could hold the rest"
    else:
        why = "nothing was to make up for that"
    warnings.warn(
        f"The dot's formal charges add up to {formal.sum():+g}, not 0, and {why}: neutral "
        "scattering factors stand in for its ions.",
        stacklevel=3,
    )
    return nothing


def _shell(dot: Atoms, formal: Float[np.ndarray, " atom"]) -> Charges | None:
    """The dot's charges and those of its empty sites, or None where these cannot make up."""
    if "edges" not in dot.info or not {"site", "abc", "ligand"} <= set(dot.arrays):
        return None
    sites = lattice_sites(cuboid_of(dot))
    empty = np.ones(len(sites), dtype=bool)
    empty[np.asarray(dot.arrays["site"])] = False
    a_site = sites.role == "a"
    charge = np.zeros(len(sites))
    charge[empty & a_site & (sites.kind == "interior")] = _A_ION_CHARGE
    # Acids sit where terminal halides are missing, one charge for each.
    charge[empty & (sites.kind == "terminal")] = _HALIDE_CHARGE
    seats = empty & a_site & (sites.kind != "interior")
    if not seats.any():
        return None
    share = -(formal.sum() + charge.sum()) / seats.sum()
    if abs(share) > _A_ION_CHARGE:
        return None
    charge[seats] = share
    places = _places_angstrom(dot, sites.abc)
    held = charge != 0
    if places is None:
        return None
    return Charges(of_atom=formal, shell_angstrom=places[held], of_shell=charge[held])


def _places_angstrom(
    dot: Atoms, abc: Float[np.ndarray, "site 3"]
) -> Float[np.ndarray, "site 3"] | None:
    """Where lattice sites are in a dot that may be turned, moved or strained: the affine map."""
    host = np.asarray(dot.arrays["ligand"]) < 0
    known = np.column_stack([np.asarray(dot.arrays["abc"])[host], np.ones(host.sum())])
    found, _, rank, _ = np.linalg.lstsq(known, dot.positions[host], rcond=None)
    if rank < 4:
        return None
    return np.column_stack([abc, np.ones(len(abc))]) @ found
