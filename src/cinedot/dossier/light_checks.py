"""Does a sample's light agree with itself: yield with rates and lifetime, colour with its band?

Numbers come from the sections or, where nothing was measured, from `[reported]`; every sentence
says which.
"""

import math
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from jaxtyping import Float

from cinedot.core import Estimate
from cinedot.dossier.comparing import AGREE_SIGMA, TENSION_SIGMA, compare
from cinedot.dossier.findings import Check
from cinedot.dossier.known import Answer, Known
from cinedot.spectroscopy import chromaticity, emission_spectrum, yield_and_lifetime

SCALE_NM = 0.5
"""How much two spectrometers' wavelength scales may differ, each, one standard deviation."""
_REACH = 5.0
"""Widths on either side of the peak within which a band has all its light."""


def light_checks(known: Known) -> Iterable[Check]:
    """Yield and lifetime against the rates, colour against peak and width, diode against dots.

    Args:
        known: what the sections found, and what was reported.

    Example:
        >>> def said(value, sigma, unit=""):
        ...     return Estimate(value=value, sigma=sigma, unit=unit, method="reported")
        >>> known = Known(found={}, reported={
        ...     "quantum_yield.phi": said(0.956, 0.03), "decay.lifetime": said(20.0, 0.5, "ns"),
        ...     "decay.k_r": said(10.6e7, 0.03e7, "per s"),
        ...     "decay.k_nr": said(0.5e7, 0.03e7, "per s")})
        >>> for check in light_checks(known):
        ...     print(check.status, check.name)
        circular yield: k_r over k_r + k_nr against the yield
        tension lifetime: 1/(k_r + k_nr) against the decay
    """
    yield from _rates(known)
    yield from _colour(known)
    yield from _driven(known)


def _rates(known: Known) -> Iterable[Check]:
    """What two rates make of yield and lifetime; made of those two, they are no evidence."""
    radiative, rest = known.number("decay.k_r"), known.number("decay.k_nr")
    if radiative is None or rest is None:
        return
    made = _made_of(radiative.estimate, rest.estimate)
    asked = (
        ("yield: k_r over k_r + k_nr against the yield", "quantum_yield.phi", made[0]),
        ("lifetime: 1/(k_r + k_nr) against the decay", "decay.lifetime", made[1]),
    )
    for name, key, implied in asked:
        answer = known.sure(key)
        if answer is not None and implied is not None:
            of = (f"k_r and k_nr of {radiative.origin} make", f"{answer.origin} has")
            checked = compare(name, implied, answer.estimate, of=of)
            yield _arithmetic(checked, one_source=answer.origin == "[reported]" or _own(radiative))


def _own(answer: Answer) -> bool:
    """Whether a rate is one that was computed here, of the yield and lifetime at hand."""
    return answer.origin != "[reported]"


def _arithmetic(check: Check, *, one_source: bool) -> Check:
    """Rates are a yield over a lifetime: that they give both back is no evidence; that they do
    not, is."""
    if not one_source or check.status == "tension":
        return check
    said = "Rates are made of a yield and a lifetime: this is their arithmetic, and no evidence."
    return replace(check, status="circular", detail=f"{check.detail} {said}")


def _made_of(radiative: Estimate, rest: Estimate) -> tuple[Estimate | None, Estimate | None]:
    """Yield and lifetime of two rates, their sigmas to first order, rates taken as independent.

    A limit on k_nr gives limits; of two limits nothing follows.
    """
    if radiative.status != "ok" or rest.status not in ("ok", "upper_limit"):
        return None, None
    k_r, k_nr = float(radiative.value), float(rest.value)
    if not k_r + k_nr > 0:
        return None, None
    phi, lifetime_ns = yield_and_lifetime(k_r, k_nr)
    total = k_r + k_nr
    sigmas = radiative.sigma or 0.0, rest.sigma or 0.0
    of_phi = math.hypot(sigmas[0] * k_nr, sigmas[1] * k_r) / total**2
    of_lifetime = lifetime_ns * math.hypot(*sigmas) / total
    status = "ok" if rest.status == "ok" else "lower_limit"

    def made(value: float, sigma: float, unit: str) -> Estimate:
        return Estimate(value=value, sigma=sigma, unit=unit, method="of the rates", status=status)

    return made(phi, of_phi, ""), made(lifetime_ns, of_lifetime, "ns")


def band_colour(peak_nm: float, fwhm_nm: float) -> tuple[float, float]:
    """CIE 1931 x and y of one band, Gaussian in energy.

    Args:
        peak_nm, fwhm_nm: of the light per nm, nm.

    Example:
        >>> x, y = band_colour(463.0, 14.7)
        >>> round(x, 3), round(y, 3)
        (0.138, 0.038)
    """
    low, high = peak_nm - _REACH * fwhm_nm, peak_nm + _REACH * fwhm_nm
    nm = np.linspace(max(low, 0.1 * peak_nm), high, 401)
    return chromaticity(nm, emission_spectrum(nm, peak_nm=peak_nm, fwhm_nm=fwhm_nm))


def _colour(known: Known) -> Iterable[Check]:
    """The colour against that of one band of the same peak and width."""
    keys = ("emission.cie_x", "emission.cie_y", "emission.peak", "emission.fwhm")
    told = [one for one in map(known.sure, keys) if one is not None]
    if len(told) < len(keys):
        return
    x, y, peak, fwhm = (float(one.estimate.value) for one in told)
    try:
        at = np.array(band_colour(peak, fwhm))
    except ValueError:  # a width or peak that is none, or light that no eye sees
        return
    spread = _colour_spread(told, peak, fwhm)
    apart = np.array([x, y]) - at
    squares = float(apart @ np.linalg.pinv(spread) @ apart)
    sigmas = _as_normal(squares)
    status = "agree" if sigmas < AGREE_SIGMA else "undecided"
    status = "tension" if sigmas > TENSION_SIGMA else status
    check = Check(
        name="colour: chromaticity against peak and width",
        status=status,
        detail=f"{told[0].origin} x {told[0].estimate.text()}, y {told[1].estimate.text()}; one "
        f"band at {told[2].estimate.text()}, {told[3].estimate.text()} wide, has "
        f"{at[0]:.4f}, {at[1]:.4f}: {sigmas:.1f} standard deviations apart, scales good to "
        f"{SCALE_NM:g} nm.",
    )
    if all(one.origin == "[emission]" for one in told):
        said = (
            "All are of one spectrum: that they agree is no evidence."
            if status != "tension"
            else "All are of one spectrum, so other bands or a tail colour this light."
        )
        status = "circular" if status != "tension" else status
        check = replace(check, status=status, detail=f"{check.detail} {said}")
    yield check


def _colour_spread(told: list[Answer], peak: float, fwhm: float) -> Float[np.ndarray, "2 2"]:
    """Covariance of a chromaticity less that of its band."""
    step = 0.05
    slopes = np.array(
        [
            np.subtract(band_colour(peak + step, fwhm), band_colour(peak - step, fwhm)),
            np.subtract(band_colour(peak, fwhm + step), band_colour(peak, fwhm - step)),
        ]
    ).T / (2 * step)
    sigmas = [one.estimate.sigma or 0.0 for one in told]
    of_band = np.diag([math.hypot(sigmas[2], SCALE_NM) ** 2, sigmas[3] ** 2])
    return np.diag(np.square(sigmas[:2])) + slopes @ of_band @ slopes.T


def _as_normal(squares: float) -> float:
    """Of a chi-square with two degrees of freedom: as many standard deviations, two-sided."""
    from scipy.stats import norm

    return float(norm.isf(max(math.exp(-squares / 2) / 2, 1e-300)))


def _driven(known: Known) -> Iterable[Check]:
    """Whether a diode's light is the dots' own: its peak against that of the emission."""
    driven, excited = known.sure("electroluminescence.peak"), known.sure("emission.peak")
    if driven is None or excited is None:
        return
    widened = [
        replace(one.estimate, sigma=math.hypot(one.estimate.sigma or 0.0, SCALE_NM))
        for one in (driven, excited)
    ]
    checked = compare(
        "peak: electroluminescence against emission",
        widened[0],
        widened[1],
        of=(
            f"electroluminescence{_said(driven)}",
            f"emission{_said(excited)}",
        ),
    )
    said = f"{checked.detail} Each scale is taken as good to {SCALE_NM:g} nm."
    yield replace(checked, detail=said)


def _said(answer: Answer) -> str:
    return " (reported)" if answer.origin == "[reported]" else ""
