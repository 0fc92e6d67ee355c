"""The molecules that a compound's acid and ammonium are, checked against what it says of them."""

from functools import cache

from cinedot.core import InputError
from cinedot.particle.compounds import Acid, Ammonium, Compound
from cinedot.particle.molecules import (
    Molecule,
    donor_count,
    molecule_from_smiles,
    molecule_named,
    parsed,
)


def require_molecules(compound: Compound) -> None:
    """Refuse a compound whose ions are not the molecules that it takes them for.

    Raises:
        InputError: an unknown ion without SMILES, a SMILES that is none, of another charge, or
            with fewer mapped donors than bind.

    Example:
        >>> require_molecules(Compound(name="mine", ammonium=Ammonium(ion="octylammonium")))
    """
    if compound.acid is not None:
        acid_molecule(compound.acid)
    if compound.ammonium is not None:
        ammonium_molecule(compound.ammonium)


@cache
def acid_molecule(acid: Acid) -> Molecule:
    """The bound anion.

    Raises:
        InputError: as `require_molecules`.

    Example:
        >>> acid_molecule(Acid(ion="malate", symbol="MLA", charge=2)).charge
        -2
    """
    return _bound(acid.ion, -acid.charge, acid.smiles, acid.donors)


@cache
def ammonium_molecule(ammonium: Ammonium) -> Molecule:
    """The cation of charge 1.

    Raises:
        InputError: as `require_molecules`.

    Example:
        >>> ammonium_molecule(Ammonium(ion="MA")).smiles
        '[NH3+:1]C'
    """
    return _bound(ammonium.ion, 1, ammonium.smiles, 1)


@cache
def head_element(ion: Acid | Ammonium) -> str:
    """The element that binds: of the donor mapped 1; oxygen or nitrogen in the known ions.

    Example:
        >>> head_element(Ammonium(ion="mine", smiles="[PH3+:1]CCC"))
        'P'
    """
    if ion.smiles is None:
        return "O" if isinstance(ion, Acid) else "N"
    molecule = acid_molecule(ion) if isinstance(ion, Acid) else ammonium_molecule(ion)
    mol, donors = parsed(molecule)
    return mol.GetAtomWithIdx(donors[0]).GetSymbol()


def _bound(name: str, charge: int, smiles: str | None, donors: int) -> Molecule:
    known = smiles is None
    molecule = molecule_named(name, charge) if known else molecule_from_smiles(name, smiles)
    if molecule.charge != charge:
        raise InputError(
            f"`smiles` of {name} must carry the charge {charge:+d}, "
            f"but carries {molecule.charge:+d}.",
            remedy="State the form that is bound.",
        )
    mapped = donor_count(molecule)
    if mapped < donors:
        raise InputError(
            f"{name} must have {donors} mapped donors to bind by {donors}, but has {mapped}.",
            remedy="Bind it by fewer, or state a SMILES with more of its atoms mapped.",
        )
    return molecule
