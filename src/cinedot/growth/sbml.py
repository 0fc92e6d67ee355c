"""Networks as SBML, so that COPASI, Tellurium and others run them: out, and in again.

Rates go out as products of a constant, powers of concentrations, and three functions that the file
defines (`threshold`, `bare`, `unless_spent`). Compositions and light ride in an annotation.
"""

import json
from collections.abc import Mapping
from html import escape, unescape
from pathlib import Path
from typing import Any

from cinedot.core import InputError
from cinedot.core.files import written_whole
from cinedot.growth.network import (
    Blocking,
    Light,
    Network,
    Rate,
    Reaction,
    Species,
    Threshold,
)

_OURS = "urn:cinedot:network:1"
_FUNCTIONS = {
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
    for name, formula in _FUNCTIONS.items():
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


def read_sbml(path: Path) -> Network:
    """The network in an SBML file.

    Raises:
        InputError: a file that cannot be read; and see `network_of_sbml`.
    """
    from cinedot.core.files import not_readable

    try:
        text = path.read_bytes().decode("utf-8", errors="replace")
    except OSError as fault:
        raise not_readable(path, fault) from fault
    try:
        return network_of_sbml(text)
    except InputError as fault:
        raise fault.within(file=path) from fault


def network_of_sbml(text: str) -> Network:
    """The network that SBML describes, as far as its rates are products.

    Rates must be a constant times powers of concentrations and the functions of `sbml_text`; a
    difference of two such products is a reaction with its way back. Units that the model states are
    turned into mM and min; where it states none, its numbers are taken as these. What no
    composition is known of is held to no balance.

    Args:
        text: SBML of any level.

    Raises:
        InputError: no SBML, several vessels, a rate of another form, rules or events.
    """
    import libsbml

    document = libsbml.readSBMLFromString(text)
    if document.getNumErrors(libsbml.LIBSBML_SEV_ERROR) or document.getModel() is None:
        message = document.getError(0).getMessage() if document.getNumErrors() else "no model"
        raise InputError(f"the file must be SBML, but: {message}", remedy="Export it once more.")
    model = document.getModel()
    for count, what in (
        (model.getNumRules(), "rules"),
        (model.getNumEvents(), "events"),
        (max(model.getNumCompartments() - 1, 0), "several compartments"),
    ):
        if count:
            raise InputError(
                f"a network must be reactions in one vessel, but this model has {what}.",
                remedy="Leave them out, or run the model in COPASI.",
            )
    return _Reader(model).network()


def _identifier(name: str) -> str:
    kept = "".join(one if one.isascii() and one.isalnum() else "_" for one in name)
    return kept if kept[:1].isalpha() else f"network_{kept}"


def _annotate(element: Any, content: Mapping[str, object]) -> None:  # noqa: ANN401 - no stubs
    inside = escape(json.dumps(content))
    element.setAnnotation(f'<annotation><data xmlns="{_OURS}" content="{inside}"/></annotation>')


def _annotated(element: Any) -> dict[str, Any]:  # noqa: ANN401 - no stubs
    """What `_annotate` put there; empty in files of others."""
    annotation = element.getAnnotation()
    if annotation is None:
        return {}
    for k in range(annotation.getNumChildren()):
        child = annotation.getChild(k)
        if child.getURI() == _OURS:
            return dict(json.loads(unescape(child.getAttrValue("content"))))
    return {}


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


class _Reader:
    """A model's species and reactions, turned into ours."""

    def __init__(self, model: Any) -> None:  # noqa: ANN401 - no stubs
        self._model = model
        self._names = [model.getSpecies(k).getId() for k in range(model.getNumSpecies())]
        self._mm_per_unit = 1e3 * self._stated(model.getSubstanceUnits(), 1e-3)
        self._min_per_unit = self._stated(model.getTimeUnits(), 60.0) / 60.0
        self._global = {
            model.getParameter(k).getId(): model.getParameter(k).getValue()
            for k in range(model.getNumParameters())
        }
        self._vessel = model.getCompartment(0) if model.getNumCompartments() else None

    def network(self) -> Network:
        """All of it."""
        model, told = self._model, _annotated(self._model)
        reactions: list[Reaction] = []
        for k in range(model.getNumReactions()):
            reactions += self._reaction(model.getReaction(k))
        return Network(
            name=str(told.get("name", model.getName() or model.getId() or "network")),
            about=str(told.get("about", "")),
            species=tuple(self._species(model.getSpecies(k)) for k in range(len(self._names))),
            reactions=tuple(reactions),
        )

    def _stated(self, unit: str, otherwise: float) -> float:
        """A unit in moles or seconds."""
        definition = self._model.getUnitDefinition(unit) if unit else None
        if definition is None or definition.getNumUnits() != 1:
            return {"mole": 1.0, "second": 1.0}.get(unit, otherwise)
        one = definition.getUnit(0)
        return float(one.getMultiplier() * 10.0 ** one.getScale())

    def _species(self, one: Any) -> Species:  # noqa: ANN401 - no stubs
        told = _annotated(one)
        light = told.get("light")
        if one.isSetInitialConcentration():
            amount = one.getInitialConcentration()
        else:
            amount = one.getInitialAmount() if one.isSetInitialAmount() else 0.0
            amount /= self._vessel.getSize() if self._vessel and self._vessel.isSetSize() else 1.0
        return Species(
            name=one.getId(),
            composition={str(k): float(v) for k, v in told.get("composition", {}).items()},
            initial_mm=float(amount) * self._mm_per_unit,
            light=None
            if light is None
            else Light(peak_nm=light[0], fwhm_nm=light[1], brightness=light[2]),
        )

    def _reaction(self, one: Any) -> list[Reaction]:  # noqa: ANN401 - no stubs
        import libsbml

        name = one.getName() or one.getId()
        left, right = self._counts(one, "Reactant"), self._counts(one, "Product")
        law = one.getKineticLaw()
        if law is None or law.getMath() is None:
            raise InputError(
                "a reaction must have a rate, but this has none.",
                remedy="Give it a kinetic law.",
                place=f"reaction {name!r}",
            )
        local = {
            law.getParameter(k).getId(): law.getParameter(k).getValue()
            for k in range(law.getNumParameters())
        } or {
            law.getLocalParameter(k).getId(): law.getLocalParameter(k).getValue()
            for k in range(law.getNumLocalParameters())
        }
        factors, shared = [law.getMath()], []
        # vessel*(k1*A - k2*B): what stands before the difference belongs to both.
        while len(factors) == 1 and factors[0].getType() == libsbml.AST_TIMES:
            node = factors.pop()
            factors = [node.getChild(k) for k in range(node.getNumChildren())]
        differences = [
            f for f in factors if f.getType() == libsbml.AST_MINUS and f.getNumChildren() == 2
        ]
        if not differences:
            return [
                Reaction(
                    name=name, reactants=left, products=right, rate=self._rate(factors, local, name)
                )
            ]
        shared = [f for f in factors if f is not differences[0]]
        ways = [self._rate([*shared, differences[0].getChild(k)], local, name) for k in (0, 1)]
        return [
            Reaction(name=name, reactants=left, products=right, rate=ways[0]),
            Reaction(name=f"{name}_back", reactants=right, products=left, rate=ways[1]),
        ]

    def _counts(self, one: Any, side: str) -> dict[str, float]:  # noqa: ANN401 - no stubs
        found: dict[str, float] = {}
        for k in range(getattr(one, f"getNum{side}s")()):
            reference = getattr(one, f"get{side}")(k)
            name, count = reference.getSpecies(), reference.getStoichiometry()
            found[name] = found.get(name, 0.0) + float(count)
        return found

    def _rate(self, factors: list[Any], local: Mapping[str, float], name: str) -> Rate:
        product = _Product(self._names, self._global | dict(local), name, self._vessel)
        for factor in factors:
            product.take(factor)
        mm, order = self._mm_per_unit, sum(product.orders.values())
        return Rate(
            constant=product.constant * mm ** (1.0 - order) / self._min_per_unit,
            orders=product.orders,
            threshold=product.threshold,
            blocking=product.blocking,
            limits_mm=product.limits,
        )


class _Product:
    """A rate as a product, taken in factor by factor."""

    def __init__(
        self,
        species: list[str],
        values: Mapping[str, float],
        name: str,
        vessel: Any,  # noqa: ANN401 - no stubs
    ) -> None:
        self._species, self._values, self._name = species, values, name
        self._vessel = vessel.getId() if vessel is not None else ""
        self.constant = 1.0
        self.orders: dict[str, float] = {}
        self.threshold: Threshold | None = None
        self.blocking: Blocking | None = None
        self.limits: dict[str, float] = {}

    def take(self, node: Any) -> None:  # noqa: ANN401 - no stubs
        """One factor of the product, which may be a product itself."""
        import libsbml

        kind, children = node.getType(), [node.getChild(k) for k in range(node.getNumChildren())]
        if kind == libsbml.AST_TIMES:
            for child in children:
                self.take(child)
        elif kind == libsbml.AST_NAME and node.getName() in self._species:
            self._raise(node.getName(), 1.0)
        elif kind == libsbml.AST_NAME and node.getName() == self._vessel:
            return
        elif kind in (libsbml.AST_POWER, libsbml.AST_FUNCTION_POWER) and self._is_species(
            children[0]
        ):
            self._raise(children[0].getName(), self._value(children[1]))
        elif kind == libsbml.AST_FUNCTION and node.getName() in _FUNCTIONS:
            self._hold(
                node.getName(), children[0].getName(), [self._value(c) for c in children[1:]]
            )
        else:
            self.constant *= self._value(node)

    def _raise(self, species: str, order: float) -> None:
        self.orders[species] = self.orders.get(species, 0.0) + order

    def _is_species(self, node: Any) -> bool:  # noqa: ANN401 - no stubs
        return bool(node.isName()) and node.getName() in self._species

    def _hold(self, function: str, species: str, values: list[float]) -> None:
        if function == "threshold":
            self.threshold = Threshold(species=species, level_mm=values[0], order=values[1])
        elif function == "bare":
            self.blocking = Blocking(species=species, affinity_per_mm=values[0], order=values[1])
        else:
            self.limits[species] = values[0]

    def _value(self, node: Any) -> float:  # noqa: ANN401 - no stubs
        """A number, or a parameter's."""
        import libsbml

        if node.isNumber():
            return float(node.getValue())
        if node.isName() and node.getName() in self._values:
            return float(self._values[node.getName()])
        raise InputError(
            "a rate must be a constant times powers of concentrations, but has "
            f"{libsbml.formulaToL3String(node)}.",
            remedy="Rewrite it as a product, or run the model in COPASI.",
            place=f"reaction {self._name!r}",
        )
