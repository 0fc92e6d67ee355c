"""What a recipe makes, and how much of it there can be at most."""

import re
from dataclasses import dataclass

from cinedot.core import InputError
from cinedot.particle import Cuboid, compound_named, host_named, molecule_named, planned_composition
from cinedot.particle.molecules import molecule_from_smiles
from cinedot.recipe.mixtures import Solved
from cinedot.recipe.reagents import formula_mass_g_per_mol
from cinedot.recipe.stated import Stated


@dataclass(frozen=True, slots=True, kw_only=True)
class Dots:
    """Dots of one size and compound.

    Attributes:
        host, compound: as for `cinedot.particle`.
        edges: Pb an edge.
    """

    host: str
    compound: str
    edges: tuple[int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grafted:
    """A material with something bound to its groups.

    Attributes:
        of: the reagent with the groups.
        adds: formula of what each group gains.
    """

    of: str
    adds: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """What a recipe makes.

    Attributes:
        what: dots or a grafted material.
        mixture: the mixture whose content becomes it.
        isolated: the mass that somebody isolated.
    """

    what: Dots | Grafted
    mixture: str
    isolated: Stated | None = None

    def scaled(self, factor: float) -> "Product":
        """The product of a recipe `factor` times as large; what was isolated was so only once."""
        return self if factor == 1 else Product(what=self.what, mixture=self.mixture)


@dataclass(frozen=True, slots=True, kw_only=True)
class Yield:
    """The most that there can be.

    Attributes:
        moles_nmol: of dots, or of grafted groups.
        mass_mg: of the whole.
    """

    moles_nmol: float
    mass_mg: float


def dot_mass_g_per_mol(dots: Dots) -> float:
    """Molar mass of a dot with all its ligands, g/mol.

    Ions by `planned_composition`, masses from their formulas; an electron's mass is left out.
    Source: science.md 2.4.

    Raises:
        InputError: an unknown host or compound, or one that does not go with the other.

    Example:
        >>> round(dot_mass_g_per_mol(Dots(host="CsPbBr3", compound="mla-cs", edges=(4, 4, 4))), -1)
        55070.0
    """
    host, compound = host_named(dots.host), compound_named(dots.compound)
    plan = planned_composition(Cuboid(edges=dots.edges, host=host), compound)
    organic = {"MA": "CH6N", "FA": "CH5N2"}
    mass = plan.a_ions * formula_mass_g_per_mol(organic.get(host.a_ion, host.a_ion))
    mass += plan.metals * formula_mass_g_per_mol(host.b_ion)
    mass += plan.halides * formula_mass_g_per_mol(host.x_ion)
    if compound.acid is not None and plan.acids:
        acid = compound.acid
        mass += plan.acids * _ion_mass(acid.ion, -acid.charge, acid.smiles)
    if compound.ammonium is not None and plan.ammonium:
        ion = compound.ammonium
        mass += plan.ammonium * _ion_mass(ion.ion, 1, ion.smiles)
    return mass


def _ion_mass(name: str, charge: int, smiles: str | None) -> float:
    from rdkit import Chem
    from rdkit.Chem.rdMolDescriptors import CalcMolFormula

    molecule = (
        molecule_named(name, charge) if smiles is None else molecule_from_smiles(name, smiles)
    )
    formula = str(CalcMolFormula(Chem.MolFromSmiles(molecule.smiles)))
    return formula_mass_g_per_mol(re.sub(r"[+-]\d*$", "", formula))


def most_of(product: Product, mixture: Solved) -> Yield:
    """The most of a product that a mixture can give: all its metal in dots, or every group bound.

    Args:
        product: what is made.
        mixture: what it is made from.

    Raises:
        InputError: the mixture lacks the metal, or the material.

    Example:
        >>> from cinedot.recipe.recipe_files import shipped_recipe
        >>> from cinedot.recipe.recipe import solve_recipe
        >>> made = solve_recipe(shipped_recipe("mla-ma-qd4"))
        >>> round(most_of(made.recipe.product, made.mixtures["bath"]).moles_nmol)
        153
    """
    what = product.what
    if isinstance(what, Dots):
        metal = host_named(what.host).b_ion
        there = mixture.elements_umol.get(metal, 0.0)
        if there <= 0:
            raise InputError(
                f"a recipe for {what.host} must hold {metal}, but mixture "
                f"{mixture.mixture.name} holds none.",
                remedy=f"Add a salt of {metal}, or name the mixture as in [product] from.",
            )
        count = what.edges[0] * what.edges[1] * what.edges[2]
        moles_nmol = 1000.0 * there / count
        return Yield(moles_nmol=moles_nmol, mass_mg=moles_nmol * 1e-6 * dot_mass_g_per_mol(what))
    material = mixture.amount(what.of)
    if material is None or material.mass_mg is None or material.moles_umol is None:
        raise InputError(
            f"[product] of must be a reagent of mixture {mixture.mixture.name} with a mass and a "
            f"`content`, but is {what.of!r}.",
            remedy="Name it as in its line, and its groups as in [[reagent]] content.",
        )
    gained_mg = material.moles_umol * 1e-3 * formula_mass_g_per_mol(what.adds)
    return Yield(moles_nmol=1000.0 * material.moles_umol, mass_mg=material.mass_mg + gained_mg)
