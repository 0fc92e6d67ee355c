"""What light a recipe should give: its ligands' balance put together with the dots' colours."""

from dataclasses import dataclass, replace

import numpy as np

from cinedot.core import Estimate
from cinedot.growth.titration_law import (
    OLEIC_COLOURS,
    AdaptiveRoute,
    Colours,
    Route,
    TemplateRoute,
    titration_curve,
)
from cinedot.recipe import Dots, SolvedRecipe

_DOTS = {
    "MAPbBr3": Colours(),
    "CsPbBr3": Colours(dot_nm=463.0, dot_fwhm_nm=14.7, dot_yield=0.97),
}
"""The paper's compounds 1 and 2; the green end is 517 nm for both."""
A_SALTS = {"methylammonium bromide": "MAPbBr3", "caesium bromide": "CsPbBr3"}
"""Salts of A ions, and the host that each makes."""
_TEMPLATE = ("malic acid", "D-malic acid", "L-malic acid")
_ADAPTIVE = ("oleic acid",)
_SIGMA_NM = 5.0
_SIGMA_YIELD = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedLight:
    """What a recipe should emit.

    Attributes:
        ammonium: amines that acids can protonate, per Pb.
        route: "template" or "adaptive".
        share: of the Pb in dots of the template's size; None on the adaptive route.
        peak, fwhm, quantum_yield: of the light; sigmas are estimates.
        maxima_nm: every maximum.
    """

    ammonium: float
    route: str
    share: float | None
    peak: Estimate
    fwhm: Estimate
    quantum_yield: Estimate
    maxima_nm: tuple[float, ...]

    def lines(self) -> tuple[str, ...]:
        """Sentences for a bench sheet."""
        first = (
            f"Light at {float(self.peak.value):.0f} nm, {float(self.fwhm.value):.0f} nm wide, "
            f"quantum yield {float(self.quantum_yield.value):.2f} ({self.peak.method})."
        )
        second = f"{self.ammonium:.2f} ammonium per Pb"
        if self.share is not None:
            second += f": {100 * self.share:.0f} % of the Pb in dots of 4"
            second += ", the rest green" if self.share < 0.995 else ""
        others = [one for one in self.maxima_nm if abs(one - float(self.peak.value)) > 5]
        if others:
            second += f"; a second band at {', '.join(f'{one:.0f}' for one in others)} nm"
        return (first, f"{second}.")


def expected_light(made: SolvedRecipe) -> ExpectedLight | str:
    """What light to expect of a recipe, or why none can be told.

    Ammonium is what amines there are, as far as acids have protons for them (R106). Malic acid
    leads by the template route, oleic acid by the adaptive one; colours are the paper's, so this
    is no evidence about the paper's own recordings. Source: science.md 4.1.

    Args:
        made: a recipe with its amounts.

    Example:
        >>> from cinedot.recipe import shipped_recipe, solve_recipe
        >>> found = expected_light(solve_recipe(shipped_recipe("mla-ma-qd4")))
        >>> round(float(found.peak.value)), round(found.share, 3)
        (453, 1.0)
        >>> expected_light(solve_recipe(shipped_recipe("microcrystals")))
        'no light is foretold without an amine: microcrystals grow.'
    """
    stock = made.stock
    lead = stock.elements_umol.get("Pb", 0.0)
    if lead <= 0:
        return "no light is foretold without Pb."
    if stock.amines_umol <= 0:
        return "no light is foretold without an amine: microcrystals grow."
    route = route_of(made)
    if isinstance(route, str):
        return route
    ammonium = min(stock.amines_umol, stock.acid_protons_umol) / lead
    curve = titration_curve(np.array([ammonium]), route)
    template = isinstance(route, TemplateRoute)
    how = f"{'template' if template else 'adaptive'} route, the paper's colours"
    share = float(route.populations(np.array([ammonium]))[1][0, 0]) if template else None

    def estimate(value: float, sigma: float, unit: str) -> Estimate:
        return Estimate(value=float(value), sigma=sigma, unit=unit, method=how)

    return ExpectedLight(
        ammonium=ammonium,
        route="template" if template else "adaptive",
        share=share,
        peak=estimate(curve.peak_nm[0], _SIGMA_NM, "nm"),
        fwhm=estimate(curve.fwhm_nm[0], _SIGMA_NM, "nm"),
        quantum_yield=estimate(curve.quantum_yield[0], _SIGMA_YIELD, ""),
        maxima_nm=curve.maxima_nm[0],
    )


def route_of(made: SolvedRecipe) -> Route | str:
    """The route by the acid and the colours by the A ion; or why there is none."""
    names = set(made.stock.moles_umol)
    host = host_of(made)
    if host not in _DOTS:
        return f"no light is foretold for {host or 'this host'}: known are {', '.join(_DOTS)}."
    if names & set(_TEMPLATE):
        return TemplateRoute(colours=_DOTS[host])
    if names & set(_ADAPTIVE):
        own = _DOTS[host]
        shift = own.dot_nm - _DOTS["MAPbBr3"].dot_nm
        return AdaptiveRoute(colours=replace(OLEIC_COLOURS, dot_nm=OLEIC_COLOURS.dot_nm + shift))
    return "no light is foretold: what malic and oleic acid do is known, of other acids it is not."


def host_of(made: SolvedRecipe) -> str | None:
    """The dots' host, as the product says, else by the salts; None where neither tells."""
    product = made.recipe.product
    if product is not None and isinstance(product.what, Dots):
        return product.what.host
    found = [host for name, host in A_SALTS.items() if name in made.stock.moles_umol]
    return found[0] if len(found) == 1 else None
