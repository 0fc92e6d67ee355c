"""Structures in: one dot from any file of atoms that ASE reads, checked."""

from pathlib import Path

import numpy as np
from ase import Atoms

from cinedot.core import InputError
from cinedot.core.files import not_readable
from cinedot.particle.build import cuboid_of
from cinedot.particle.sites import lattice_sites
from cinedot.particle.sound_atoms import unsound

# The number of atoms and a comment stand above the atoms, one a line.
_LINES_ABOVE = {".xyz": 2, ".extxyz": 2}


def read_structure(path: Path) -> Atoms:
    """One dot from a file, its atoms where the file has them.

    Args:
        path: .extxyz, .xyz, .cif, .pdb, a POSCAR, or what else ASE reads.

    Raises:
        InputError: no such file, no structure, several of them, no atoms; an atom of no element or
            no place; an occupancy that is not from 0 to 1; lattice sites that the cuboid lacks.

    Example:
        >>> import tempfile
        >>> from ase.io import write
        >>> file = Path(tempfile.mkdtemp()) / "salt.extxyz"
        >>> write(file, Atoms("PbBr", positions=[(0, 0, 0), (0, 0, 2.94)]))
        >>> str(read_structure(file).symbols)
        'PbBr'
    """
    if not path.is_file():
        raise InputError(
            "this file must exist, but does not.", remedy="Check the name and folder.", file=path
        )
    atoms = _only_image(path)
    found = unsound(atoms)
    if found is not None:
        raise InputError(
            found.rule,
            remedy="Correct it.",
            file=path,
            place=None if found.atom is None else _place(path, atoms, found.atom),
        )
    _require_sites_of_the_cuboid(atoms, path)
    return atoms


def _only_image(path: Path) -> Atoms:
    from ase.io import read

    try:
        # A name may hold an @, by which ASE would cut it.
        images = read(path, index=":", do_not_split_by_at_sign=True)
    except PermissionError as fault:
        raise not_readable(path, fault) from fault
    except Exception as fault:  # ASE's readers meet bad files with every kind of exception
        told = " ".join(str(fault).split())[:120] or type(fault).__name__
        raise InputError(
            f"this must be a structure that ASE reads, but reading it ends with: {told}.",
            remedy="Write it anew, as with `cinedot build --out dot.extxyz`.",
            file=path,
        ) from fault
    images = images if isinstance(images, list) else [images]
    if len(images) != 1:
        raise InputError(
            f"this must hold one dot, but holds {len(images)} images.",
            remedy="Write one dot a file.",
            file=path,
        )
    return images[0]


def _place(path: Path, atoms: Atoms, atom: int) -> str:
    """Where an atom stands in its file, for people: lines and atoms counted from 1."""
    named = f"atom {atom + 1} ({atoms.symbols[atom]})"
    above = _LINES_ABOVE.get(path.suffix.lower())
    return named if above is None else f"line {above + atom + 1}, {named}"


def _require_sites_of_the_cuboid(atoms: Atoms, path: Path) -> None:
    """Refuse lattice sites that cannot be those of the cuboid that the file names."""
    edges = np.asarray(atoms.info.get("edges", ()))
    named = edges.shape == (3,) and edges.dtype.kind in "iu" and "host" in atoms.info
    if not named or "site" not in atoms.arrays:
        return
    try:
        count = len(lattice_sites(cuboid_of(atoms)))
    except InputError as fault:
        raise fault.within(file=path, place="line 2") from fault
    site = np.asarray(atoms.arrays["site"])
    if site.ndim != 1 or site.dtype.kind not in "iu" or "ion" not in atoms.arrays:
        raise InputError(
            "atoms with lattice sites must carry `site`, a whole number, and `ion`, its name.",
            remedy="Write it anew with `cinedot build --out dot.extxyz`, or leave `site` out.",
            file=path,
        )
    bad = (site < 0) | (site >= count)
    if bad.any():
        atom = int(bad.argmax())
        raise InputError(
            f"every `site` must be from 0 to {count - 1}, but one is {site[atom]}.",
            remedy="Correct it, or write it anew with `cinedot build --out dot.extxyz`.",
            file=path,
            place=_place(path, atoms, atom),
        )
