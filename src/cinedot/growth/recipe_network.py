"""A recipe as a reaction network: what was mixed where the dots grow, on the route of its acid."""

from dataclasses import replace

from cinedot.core import InputError
from cinedot.growth.expected_light import A_SALTS, expected_light, host_of, route_of
from cinedot.growth.network import Light, Network
from cinedot.growth.network_files import network_named
from cinedot.growth.titration_law import TemplateRoute
from cinedot.recipe import SolvedRecipe

_PB_PER_DOT, _BR_PER_DOT = 64, 240
_BR_PER_DISSOLVED_PB = 3


def network_of_recipe(made: SolvedRecipe) -> Network:
    """The network of a recipe's route, beginning with the recipe's amounts.

    The template network for malic acid, the adaptive one for oleic acid, with the A ion and the
    colours of the recipe's host. Amounts are those of the mixture that the product is made in:
    Pb, A ion and halide by the salts; ammonium is what amines there are, as far as acids have
    protons for them. Aggregates hold one malate a Pb. Dissolved Pb takes three halides, a dot more:
    of oleic acid's, the Pb that the halides do not suffice for is left out. Rates are science.md
    4.2's estimates whatever the solvent and the temperature: a regression, no prediction of the
    hour.

    Args:
        made: a recipe with its amounts.

    Raises:
        InputError: no Pb, no liquid, or neither route.

    Example:
        >>> from cinedot.recipe import shipped_recipe, solve_recipe
        >>> network = network_of_recipe(solve_recipe(shipped_recipe("mla-ma-qd4")))
        >>> {one.name: round(one.initial_mm, 2) for one in network.species if one.initial_mm}
        {'S': 1.19, 'Br': 3.57, 'MA': 1.19, 'OAMH': 1.79}
    """
    light, route, host = expected_light(made), route_of(made), host_of(made)
    if isinstance(light, str) or isinstance(route, str) or host is None:
        raise InputError(
            f"a recipe must make dots by a route that is known, but {light}",
            remedy="Give its amounts to a network, as in `cinedot grow template --initial ...`.",
        )
    product = made.recipe.product
    bath = made.stock if product is None else made.mixtures[product.mixture]
    if not bath.volume_ml > 0:
        raise InputError(
            f"dots must grow in a liquid, but {bath.mixture.name} has none.",
            remedy="State its solvent and how much.",
        )
    salt = next(salt for salt, its_host in A_SALTS.items() if its_host == host)
    reagent = bath.reagents.get(salt)
    a_umol = 0.0 if reagent is None else bath.moles_umol[salt]
    lead, bromide = (bath.elements_umol.get(one, 0.0) for one in ("Pb", "Br"))
    ammonium = min(bath.amines_umol, bath.acid_protons_umol)
    a_ion = "Cs" if host.startswith("Cs") else "MA"
    template = isinstance(route, TemplateRoute)
    amounts = {a_ion: a_umol, "OAMH": ammonium}
    if template:
        amounts |= {"S": lead, "Br": bromide}
    else:
        dissolved = min(lead, bromide * _PB_PER_DOT / _BR_PER_DOT)
        amounts |= {"P": dissolved, "Br": bromide - _BR_PER_DISSOLVED_PB * dissolved}
    network = network_named("template" if template else "adaptive", a_ion=a_ion)
    colours = route.colours
    of_dots = Light(
        peak_nm=colours.dot_nm,
        fwhm_nm=colours.dot_fwhm_nm,
        brightness=_PB_PER_DOT * colours.dot_yield,
    )
    network = replace(
        network,
        name=made.recipe.name,
        about=f"{network.about}; amounts of {bath.mixture.name}, {bath.volume_ml:.4g} mL",
        species=tuple(
            replace(one, light=of_dots) if one.name == "Q4" else one for one in network.species
        ),
    )
    return network.starting_with({name: n / bath.volume_ml for name, n in amounts.items()})
