"""Networks as SBML, so that COPASI, Tellurium and others run them: the way out.

Rates go out as products of a constant, powers of concentrations, and three functions that the file
defines (`threshold`, `bare`, `unless_spent`). Compositions and light ride in an annotation.
"""

import json
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

from cinedot.core.files import written_whole
from cinedot.growth.network import Network, Rate, Reaction, Species

NAMESPACE = "urn:cinedot:network:1"
FUNCTIONS = {
    "threshold": "lambda(x, level, m, (x/level)^m/(1 + (x/level)^m))",
    "bare": "lambda(x, affinity, q, (1 + affinity*x)^(-q))",
    "unless_spent": "lambda(x, limit, x/(x + limit))",
}


def sbml_text(network: Network) -> str:
    """A network as SBML, Level 3 Version 2: mmol, litre, minutes, one vessel of 1 litre.

    Args:
        network: what is written.

    Source: S. M. Keating et al., Mol. Syst. Biol. 16 (2020) e9110 (SBML Level 3).

    Example:
        >>> from cinedot.growth.network_files import network_named
        >>> from cinedot.growth.sbml_reading import network_of_sbml
        >>> same = network_of_sbml(sbml_text(network_named("template")))
        >>> same == network_named("template")
        True
    """
    import libsbml

    document = libsbml.SBMLDocument(3, 2)
    model = document.createModel()
    model.setId(_identifier(network.name))
    model.setName(network.name)
    _annotate(model, {"about": network.about, "name": network.name})
    _units(model)
    for name, formula in FUNCTIONS.items():
        function = model.createFunctionDefinition()
        function.setId(name)
        function.setMath(libsbml.parseL3Formula(formula))
    for one in network.species:
        _write_species(model, one)
    for reaction in network.reactions:
        _write_reaction(model, reaction)
    return str(libsbml.writeSBMLToString(document))


def write_sbml(network: Network, path: Path) -> None:
    """Write `sbml_text` to a file, whole or not at all.

    Raises:
        InputError: the file cannot be written.
    """
    with written_whole(path) as beside:
        beside.write_text(sbml_text(network), "utf-8")


def _identifier(name: str) -> str:
    kept = "".join(one if one.isascii() and one.isalnum() else "_" for one in name)
    return kept if kept[:1].isalpha() else f"network_{kept}"


def _annotate(element: Any, content: Mapping[str, object]) -> None:  # noqa: ANN401 - no stubs
    inside = escape(json.dumps(content))
    element.setAnnotation(
        f'<annotation><data xmlns="{NAMESPACE}" content="{inside}"/></annotation>'
    )


def _units(model: Any) -> None:  # noqa: ANN401 - no stubs
    import libsbml

    for name, kind, scale, multiplier in (
        ("mmol", libsbml.UNIT_KIND_MOLE, -3, 1.0),
        ("minute", libsbml.UNIT_KIND_SECOND, 0, 60.0),
    ):
        definition = model.createUnitDefinition()
        definition.setId(name)
        unit = definition.createUnit()
        unit.setKind(kind)
        unit.setExponent(1)
        unit.setScale(scale)
        unit.setMultiplier(multiplier)
    model.setSubstanceUnits("mmol")
    model.setExtentUnits("mmol")
    model.setTimeUnits("minute")
    model.setVolumeUnits("litre")
    vessel = model.createCompartment()
    vessel.setId("vessel")
    vessel.setConstant(True)
    vessel.setSize(1.0)
    vessel.setSpatialDimensions(3)
    vessel.setUnits("litre")


def _write_species(model: Any, one: Species) -> None:  # noqa: ANN401 - no stubs
    species = model.createSpecies()
    species.setId(one.name)
    species.setCompartment("vessel")
    species.setConstant(False)
    species.setBoundaryCondition(False)
    species.setHasOnlySubstanceUnits(False)
    species.setInitialConcentration(one.initial_mm)
    species.setSubstanceUnits("mmol")
    light = one.light
    _annotate(
        species,
        {
            "composition": dict(one.composition),
            "light": None if light is None else [light.peak_nm, light.fwhm_nm, light.brightness],
        },
    )


def _write_reaction(model: Any, one: Reaction) -> None:  # noqa: ANN401 - no stubs
    import libsbml

    reaction = model.createReaction()
    reaction.setId(_identifier(one.name))
    reaction.setName(one.name)
    reaction.setReversible(False)
    sides = ((one.reactants, "Reactant"), (one.products, "Product"))
    for counts, side in sides:
        for name, count in counts.items():
            reference = getattr(reaction, f"create{side}")()
            reference.setSpecies(name)
            reference.setStoichiometry(count)
            reference.setConstant(True)
    for name in dict.fromkeys(one.rate.species):
        if name not in one.reactants and name not in one.products:
            reaction.createModifier().setSpecies(name)
    law = reaction.createKineticLaw()
    constant = law.createLocalParameter()
    constant.setId("k")
    constant.setValue(one.rate.constant)
    law.setMath(libsbml.parseL3Formula(" * ".join(["vessel", "k", *_factors(one.rate)])))


def _factors(rate: Rate) -> list[str]:
    found = [name if order == 1 else f"{name}^{order!r}" for name, order in rate.orders.items()]
    if rate.threshold is not None:
        one = rate.threshold
        found.append(f"threshold({one.species}, {one.level_mm!r}, {one.order!r})")
    if rate.blocking is not None:
        block = rate.blocking
        found.append(f"bare({block.species}, {block.affinity_per_mm!r}, {block.order!r})")
    found += [f"unless_spent({name}, {limit!r})" for name, limit in rate.limits_mm.items()]
    return found
