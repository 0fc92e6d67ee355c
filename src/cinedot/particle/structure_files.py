"""Structures out: extended XYZ, CIF, POSCAR and PDB through ASE."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.io import write

from cinedot.core import InputError
from cinedot.core.files import written_whole
from cinedot.core.nearest import did_you_mean

_FORMATS = {
    ".extxyz": "extxyz",
    ".xyz": "extxyz",
    ".cif": "cif",
    ".vasp": "vasp",
    ".poscar": "vasp",
    ".pdb": "proteindatabank",
}
_RESIDUES = {"OAMH+": "OAM", "malate": "MLA", "oleate": "OLA", "MA": "MAM", "FA": "FAM"}
_VACUUM_ANGSTROM = 10.0


def write_structures(images: Sequence[Atoms], path: Path) -> None:
    """Write dots to a file whose ending names the format.

    Extended XYZ (`.extxyz`, `.xyz`) keeps every array, and many images; CIF (`.cif`), POSCAR
    (`.vasp`, `.poscar` or a file called POSCAR) and PDB (`.pdb`) hold one dot, in the middle of
    a cell with 1 nm of vacuum around it unless it has a cell of its own. Atoms keep their order.

    Args:
        images: the dots, as `build` makes them.
        path: the file; replaced when it exists.

    Raises:
        InputError: an unknown ending, several images for a format of one, an unwritable folder.

    Example:
        >>> import tempfile
        >>> from ase.io import read
        >>> file = Path(tempfile.mkdtemp()) / "salt.cif"
        >>> write_structures([Atoms("PbBr", positions=[[0, 0, 0], [0, 0, 2.94]])], file)
        >>> str(read(file).symbols)
        'PbBr'
    """
    kind = _format(path)
    if kind != "extxyz" and len(images) != 1:
        raise InputError(
            f"{path.name} must hold one dot, but there are {len(images)}.",
            remedy="Write several to a file that ends in .extxyz.",
        )
    ready = list(images) if kind == "extxyz" else [_in_cell(images[0])]
    if kind == "proteindatabank":
        ready = [_with_residues(ready[0])]
    with written_whole(path) as beside:
        write(beside, ready, format=kind)


def require_writable_format(path: Path, images: int) -> None:
    """Refuse an ending that names no format, or one that cannot hold so many images.

    Raises:
        InputError: as said.
    """
    if _format(path) != "extxyz" and images != 1:
        raise InputError(
            f"{path.name} must hold one dot, but {images} were asked for.",
            remedy="Write several to a file that ends in .extxyz.",
        )


def _format(path: Path) -> str:
    ending = ".poscar" if path.name.upper() == "POSCAR" else path.suffix.lower()
    if ending in _FORMATS:
        return _FORMATS[ending]
    remedy = did_you_mean(ending, _FORMATS, cutoff=0.6)
    raise InputError(
        f"the file's ending must name a format of structures, but {path.name!r} does not.",
        remedy=f"{remedy}Known: {', '.join(_FORMATS)}, or a file called POSCAR.",
    )


def _in_cell(atoms: Atoms) -> Atoms:
    """A copy in the middle of its cell, or of one with vacuum around it."""
    boxed = atoms.copy()
    if boxed.cell.rank == 3:
        boxed.center()
    else:
        boxed.center(vacuum=_VACUUM_ANGSTROM)
    boxed.pbc = True  # without it a PDB leaves the cell out
    return boxed


def _with_residues(atoms: Atoms) -> Atoms:
    """Names and numbers of residues, for programs that know molecules by them."""
    if "ion" not in atoms.arrays:
        return atoms
    species = [str(one) for one in atoms.arrays["ion"]]
    names = [_RESIDUES.get(one, one.strip("+-")[:3].upper()) for one in species]
    ligand = np.asarray(atoms.arrays["ligand"])
    of_ion = np.where(ligand < 0, np.arange(len(atoms)) + ligand.max() + 1, ligand)
    _, first, number = np.unique(of_ion, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=int)
    rank[np.argsort(first)] = np.arange(len(first))
    atoms.set_array("residuenames", np.array(names, dtype="U3"))
    atoms.set_array("residuenumbers", rank[number] % 9999 + 1)
    return atoms
