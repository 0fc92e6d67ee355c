"""Networks from SBML, of cinedot or of other programs, as far as their rates are products."""

import json
from collections.abc import Mapping
from html import unescape
from pathlib import Path
from typing import Any

from cinedot.core import InputError
from cinedot.core.files import not_readable
from cinedot.growth.network import (
    Blocking,
    Light,
    Network,
    Rate,
    Reaction,
    Species,
    Threshold,
)
from cinedot.growth.sbml import FUNCTIONS, NAMESPACE


def read_sbml(path: Path) -> Network:
    """The network in an SBML file.

    Raises:
        InputError: a file that cannot be read; and see `network_of_sbml`.
    """
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
        elif kind == libsbml.AST_FUNCTION and node.getName() in FUNCTIONS:
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


def _annotated(element: Any) -> dict[str, Any]:  # noqa: ANN401 - no stubs
    """What `_annotate` put there; empty in files of others."""
    annotation = element.getAnnotation()
    if annotation is None:
        return {}
    for k in range(annotation.getNumChildren()):
        child = annotation.getChild(k)
        if child.getURI() == NAMESPACE:
            return dict(json.loads(unescape(child.getAttrValue("content"))))
    return {}
