"""Rows about light and growth: R40 to R60."""

import math
from collections.abc import Iterable

import numpy as np
from rows import AGREES, CIRCULAR, DERIVED, TENSION, Row, equal, judged, row

from cinedot.core.constants import HC_EV_NM
from cinedot.dossier.light_checks import band_colour
from cinedot.growth import AdaptiveRoute, TemplateRoute, template_induction, titration_curve
from cinedot.spectroscopy import rate_constants, rate_of, width_ev, yield_and_lifetime
from cinedot.spectroscopy.colour import uv_of
from cinedot.spectroscopy.confinement import NamedLaw, laws_of, predict, semiconductor_of
from cinedot.spectroscopy.confinement.shapes import cube_edges
from cinedot.spectroscopy.gamut import REC_2020
from cinedot.spectroscopy.quantum_yield import compared_yield


def light() -> Iterable[Row]:
    """R40 to R60."""
    yield from _colours_by_law()
    for name, sample, peak, fwhm in (
        ("R42", "1", 453, 14.9), ("R42", "2", 463, 14.7), ("R42", "3", 454, 15.0),
        ("R58", "1, diode", 456, 16.5), ("R58", "2, diode", 464, 15.0),
    ):  # fmt: skip
        mev = 1000 * width_ev(peak_nm=peak, fwhm_nm=fwhm)
        yield row(name, f"{sample}: width", f"{fwhm:g} nm at {peak} nm", f"{mev:.1f} meV", DERIVED)
    ratio = compared_yield(1.0, 1.0, standard_yield=0.97, index=1.4969, standard_index=1.4265)
    for sample, phi in (("1", 0.956), ("2", 0.97), ("3", 0.24)):
        yield row(
            "R43", f"{sample}: quantum yield", f"{phi}",
            f"a slope {phi / ratio:.4f} of the standard's; its sigma alone makes "
            f"{0.03 / 0.97 * phi:.3f}", DERIVED,
        )  # fmt: skip
    yield row(
        "R43", "1 and 2 differ in yield", "95.6 and 97 %",
        f"{(0.97 - 0.956) / 0.03:.1f} sigma of the standard: not told apart", "undecided",
    )  # fmt: skip
    phi, lifetime_ns = yield_and_lifetime(10.6e7, 0.5e7)
    k_r, _ = rate_constants(0.956, lifetime_ns)
    yield row(
        "R44", "1: k_r and k_nr, 1e7 per s", "10.6 and 0.5",
        f"yield {phi:.3f}, lifetime {lifetime_ns:.2f} ns; back from 0.956: k_r {k_r / 1e7:.1f}",
        equal(phi, 0.956, 0.005),
    )  # fmt: skip
    yield from _titrations()
    induction = template_induction(release_per_min=0.004, threshold=0.38)
    yield row(
        "R52", "induction of 1, min", "about 120",
        f"{induction:.1f} by templates released at 0.004 per min up to 0.38", CIRCULAR,
    )  # fmt: skip
    rate = rate_of(40 * 24.0) * 24
    yield row(
        "R56", "2: half-life in storage", "about 40 d", f"{rate:.4f} per d if exponential", DERIVED,
    )  # fmt: skip
    half_h = math.log(2) / (-math.log(0.95) / 10)
    yield row(
        "R57", "UV: 1 keeps 95 % for 10 h, 3 half for 2 h", "1 is more stable",
        f"half-life of 1 {half_h:.0f} h, {half_h / 2:.0f} times that of 3",
        AGREES if half_h > 2 else TENSION,
    )  # fmt: skip
    yield from _diodes()


def _law(host: str, key: str) -> NamedLaw:
    (found,) = (one for one in laws_of(semiconductor_of(host)) if one.key == key)
    return found


def _nm(named: NamedLaw, n: float) -> tuple[float, float]:
    found = predict(named, cube_edges(n * named.semiconductor.lattice_nm))
    assert found is not None
    return float(found.wavelength.value), found.wavelength.sigma or 0.0


def _colours_by_law() -> Iterable[Row]:
    for name, sample, host, said in (
        ("R40", "1", "MAPbBr3", 453.0),
        ("R41", "2", "CsPbBr3", 463.0),
    ):
        for named in laws_of(semiconductor_of(host)):
            if not named.law.applies((1.0, 1.0, 1.0)):
                continue
            nm, sigma = _nm(named, 4)
            verdict = CIRCULAR if named.circular_for("this paper") else judged(said, 0.3, nm, sigma)
            computes = f"{nm:.0f} ± {sigma:.0f} for n = 4 by {named.name}"
            yield row(name, f"{sample}: emission, nm", f"{said:.0f}", computes, verdict)
    yield row("R40", "1: emission in toluene, nm", "453; 455 in Fig. 4i", "two numbers", TENSION)
    well = _law("MAPbBr3", "well-calibrated")
    yield row(
        "R45", "first weak light, nm", "about 440",
        f"between n = 3 ({_nm(well, 3)[0]:.0f}) and n = 4 ({_nm(well, 4)[0]:.0f}) by {well.name}",
        CIRCULAR,
    )  # fmt: skip
    brus = _law("MAPbBr3", "brus-edge")
    yield row(
        "R41", "3: emission, nm", "454", f"as 1: {_nm(brus, 4)[0]:.0f} by {brus.name}", CIRCULAR
    )
    for key in ("brus-edge", "well-calibrated", "box-nonparabolic"):
        named = _law("MAPbBr3", key)
        (nm, of_law), *ends = (_nm(named, size / 0.593) for size in (10.6, 8.6, 12.6))
        sigma = math.hypot(of_law, (ends[1][0] - ends[0][0]) / 2)
        yield row(
            "R46", "dots of 10.6 ± 2 nm, nm", "517", f"{nm:.0f} ± {sigma:.0f} by {named.name}",
            judged(517, 0.3, nm, sigma),
        )  # fmt: skip
    for key in ("brus-edge", "well-calibrated"):
        named = _law("MAPbBr3", key)
        five, six = _nm(named, 5)[0], _nm(named, 6)[0]
        yield row(
            "R51", "QD5 and QD6, nm", "below 500", f"{five:.0f} and {six:.0f} by {named.name}",
            AGREES if max(five, six) < 500 else TENSION,
        )  # fmt: skip


def _titrations() -> Iterable[Row]:
    at = np.array([0.25, 0.4, 0.5, 1.0])
    malic = titration_curve(at, TemplateRoute())
    yield row(
        "R47", "1: two bands at 0.4 equivalents, one at 1.0", "517 and 453 nm; 453 nm",
        f"{len(malic.maxima_nm[1])} bands at 0.4, {len(malic.maxima_nm[3])} at 1.0 "
        f"({malic.peak_nm[3]:.0f} nm)", CIRCULAR,
    )  # fmt: skip
    yield row(
        "R48", "1: sudden blue shift", "between 0.25 and 0.5",
        f"{malic.peak_nm[0]:.0f} nm at 0.25, {malic.peak_nm[2]:.0f} nm at 0.5", CIRCULAR,
    )  # fmt: skip
    wide = titration_curve(np.array([0.75, 1.0, 2.0, 3.0]), TemplateRoute()).fwhm_nm
    yield row(
        "R49", "1: narrow from 0.75 to 3 equivalents", "yes", f"{wide.max():.1f} nm at most",
        CIRCULAR,
    )  # fmt: skip
    many = np.arange(0.1, 1.55, 0.1)
    oleic = titration_curve(many, AdaptiveRoute())
    step = float(-np.diff(oleic.peak_nm).min())
    best = float(many[np.argmax(oleic.quantum_yield)])
    yield row(
        "R50", "3: gradual shift; yield highest at", "yes; about 0.7 equivalents",
        f"{step:.0f} nm at most for 0.1 equivalents; {best:.1f}", CIRCULAR,
    )  # fmt: skip


def _diodes() -> Iterable[Row]:
    for said, peak in (("453", 453.0), ("455 (Fig. 4i)", 455.0)):
        yield row(
            "R58", "1: diode at the dots' own wavelength, nm", f"456 and {said}: the same",
            f"{456 - peak:.0f} nm apart, scales good to 0.5 nm each",
            judged(456.0, math.hypot(0.29, 0.5), peak, math.hypot(0.29, 0.5)),
        )  # fmt: skip
    volts = HC_EV_NM / 456
    yield row(
        "R58", "1: turn-on, V", "about 6", f"{6 / volts:.1f} times the photon's {volts:.2f} V",
        DERIVED,
    )  # fmt: skip
    for name, peak, fwhm in (
        ("R59", 455.0, 14.9), ("R59", 463.0, 14.7), ("R58", 456.0, 16.5), ("R58", 464.0, 15.0),
    ):  # fmt: skip
        xy = band_colour(peak, fwhm)
        away = math.dist(xy, REC_2020.blue)
        uniform = math.dist(uv_of(xy), uv_of(REC_2020.blue))
        yield row(
            name, f"colour of {peak:.0f} nm, {fwhm:g} nm wide", "very close to Rec. 2020 blue",
            f"x {xy[0]:.4f}, y {xy[1]:.4f}: {away:.4f} away (u'v' {uniform:.3f})",
            DERIVED,
        )  # fmt: skip
    index = compared_yield(1.0, 1.0, standard_yield=1.0, index=1.4969, standard_index=1.4265)
    yield row(
        "R60", "indices of toluene, cyclohexane", "1.4969, 1.4265", f"factor {index:.5f}", DERIVED
    )
