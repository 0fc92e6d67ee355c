"""Circular dichroism: how unlike a sample absorbs left and right light, and its mirror image."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from cinedot.core import Estimate, InputError
from cinedot.spectroscopy.noise import local_squares

MDEG_PER_ABSORBANCE = 1000.0 * 180.0 * np.log(10.0) / (4.0 * np.pi)
"""Ellipticity of a difference in absorbance of 1, mdeg: 32 982, for small angles.

Source: L. Nordén, A. Rodger, T. Dafforn, Linear Dichroism and Circular Dichroism (2010)."""

_FREEDOM_A_POINT = 1.0 / 2.31
"""Degrees of freedom that a variance from third differences has for each point of white noise:
the squares of neighbouring differences correlate, by (15, 6, 1)/20."""
_COTTON = 1e-3
_EXCITON_NM = 25.0
_FIT_NM = 5.0
_LEAST_ABSORBANCE = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class DichroismRecord:
    """Ellipticity against wavelength, with the absorbance where it was taken too.

    Attributes:
        wavelength_nm: increasing, nm.
        ellipticity_mdeg: mdeg.
        absorbance: of the same cell; None where it was not taken.
        label: which of several this is: the enantiomer, as a rule.
    """

    wavelength_nm: Float[np.ndarray, " x"]
    ellipticity_mdeg: Float[np.ndarray, " x"]
    label: str
    absorbance: Float[np.ndarray, " x"] | None = None

    @property
    def delta_absorbance(self) -> Float[np.ndarray, " x"]:
        """Absorbance of left less that of right light."""
        return self.ellipticity_mdeg / MDEG_PER_ABSORBANCE


@dataclass(frozen=True, kw_only=True)
class DichroismFit:
    """What a spectrum of circular dichroism says at the exciton.

    Attributes:
        record: what was read.
        exciton_nm: where it was looked, nm.
        exciton_by: how that was found.
        delta_absorbance: at the exciton.
        g: the same over the absorbance; None without absorbance.
        g_extreme, g_extreme_nm: g where it is largest within 25 nm of the exciton, as a bisignate
            effect is nought at the exciton itself, and where that is; chosen as the largest, it
            leans away from nought by about its sigma.
        g_spectrum, g_sigma: at every wavelength; NaN where less than 0.01 is absorbed; None
            without absorbance.
        noise_mdeg: one standard deviation of each point, from its neighbours.
        cotton: whether the spectrum differs from a straight line within 25 nm of the exciton.
        p_flat: how often a straight line with such noise would show so much.
        sign: of the extreme at longer wavelength: 1 or -1 as the Cotton effect; 0 if there is none.
        bisignate: whether an extreme of the other sign, five sigmas high, stands beside it.
    """

    record: DichroismRecord
    exciton_nm: float
    exciton_by: str
    delta_absorbance: Estimate
    g: Estimate | None
    g_extreme: Estimate | None
    g_extreme_nm: float | None
    g_spectrum: Float[np.ndarray, " x"] | None
    g_sigma: Float[np.ndarray, " x"] | None
    noise_mdeg: Float[np.ndarray, " x"]
    cotton: bool
    p_flat: float
    sign: int
    bisignate: bool


@dataclass(frozen=True, kw_only=True)
class MirrorTest:
    """Whether two enantiomers' spectra are each other's mirror image.

    Attributes:
        wavelength_nm: shared by both, nm.
        total_mdeg, half_difference_mdeg: sum, and half the difference (first less second), mdeg.
        noise_mdeg: one standard deviation of the sum, mdeg.
        scale: what the second was multiplied by for its other absorbance; 1 without absorbances.
        chi_square: of the sum against nought, a degree of freedom.
        p_mirror: how often mirror images would differ so much.
        p_inactive: how often samples without dichroism would differ so much.
        asymmetry: share of the half difference that is found in the sum too.
    """

    wavelength_nm: Float[np.ndarray, " x"]
    total_mdeg: Float[np.ndarray, " x"]
    half_difference_mdeg: Float[np.ndarray, " x"]
    noise_mdeg: Float[np.ndarray, " x"]
    scale: float
    chi_square: float
    p_mirror: float
    p_inactive: float
    asymmetry: Estimate

    @property
    def verdict(self) -> str:
        """`mirror images`, `not mirror images`, or `no dichroism`."""
        if self.p_inactive > _COTTON:
            return "no dichroism"
        return "mirror images" if self.p_mirror > _COTTON else "not mirror images"


def fit_dichroism(record: DichroismRecord, *, exciton_nm: float | None = None) -> DichroismFit:
    """Difference in absorbance and g = delta A/A at the exciton, and whether there is an effect.

    At the exciton both are read from parabolas through the points within 5 nm. Noise is that
    between neighbouring points, taken as independent: a spectrum that was smoothed, or scanned
    faster than the detector answers, has less of it than it should and claims too much.

    Args:
        record: at least 12 points.
        exciton_nm: where to look; otherwise the absorbance's band of longest wavelength, or else
            the extreme of the ellipticity.

    Raises:
        InputError: too few points, or an exciton outside the record.

    Source: science.md 6; W. Kuhn, Trans. Faraday Soc. 26 (1930) 293 (g).

    Example:
        >>> nm = np.arange(400.0, 500.0)
        >>> band = np.exp(-(((nm - 450) / 12) ** 2))
        >>> ripple = 1e-3 * (-1) ** np.arange(100)
        >>> fit = fit_dichroism(DichroismRecord(wavelength_nm=nm, label="D",
        ...     ellipticity_mdeg=1.6491 * band + ripple, absorbance=0.5 * band), exciton_nm=450.0)
        >>> round(fit.g.value, 6), fit.cotton, fit.sign
        (0.0001, True, 1)
    """
    _check(record, exciton_nm)
    where, how = (exciton_nm, "given") if exciton_nm is not None else _exciton(record)
    noise = local_noise(record.ellipticity_mdeg)
    delta = _at(record.wavelength_nm, record.delta_absorbance, where)
    found = Estimate(value=delta[0], sigma=delta[1], unit="", method="parabola within 5 nm")
    spectrum, sigma = _g_spectrum(record, noise)
    furthest = _furthest(record, spectrum, where)
    p_flat, sign, bisignate = _cotton(record, noise, where)
    return DichroismFit(
        record=record,
        exciton_nm=where,
        exciton_by=how,
        delta_absorbance=found,
        g=_g_at(record, where),
        g_extreme=None if furthest is None else _g_at(record, furthest),
        g_extreme_nm=furthest,
        g_spectrum=spectrum,
        g_sigma=sigma,
        noise_mdeg=noise,
        cotton=p_flat < _COTTON,
        p_flat=p_flat,
        sign=sign if p_flat < _COTTON else 0,
        bisignate=bisignate and p_flat < _COTTON,
    )


def mirror_test(first: DichroismFit, second: DichroismFit) -> MirrorTest:
    """Whether the sum of two enantiomers' spectra is nought, and their difference is not.

    Both sum and difference are compared with the noise between neighbouring points by an F test;
    a constant, the two scans' different zero, is taken away first. Where both have an absorbance,
    the second is scaled to the first's at the exciton; otherwise equal concentrations are taken
    for granted. The second is interpolated to the first's wavelengths.

    Args:
        first, second: fits of the two enantiomers.

    Raises:
        InputError: fewer than 12 wavelengths in common.

    Example:
        >>> nm = np.arange(400.0, 500.0)
        >>> band = np.exp(-(((nm - 450) / 12) ** 2))
        >>> rng = np.random.default_rng(1)
        >>> d, l = (fit_dichroism(DichroismRecord(wavelength_nm=nm, label=label,
        ...     ellipticity_mdeg=sign * band + 0.05 * rng.normal(size=100)), exciton_nm=450.0)
        ...     for label, sign in (("D", 1), ("L", -1)))
        >>> mirror_test(d, l).verdict
        'mirror images'
    """
    from scipy.stats import f

    low = max(first.record.wavelength_nm[0], second.record.wavelength_nm[0])
    high = min(first.record.wavelength_nm[-1], second.record.wavelength_nm[-1])
    nm = first.record.wavelength_nm
    kept = (nm >= low) & (nm <= high)
    if np.count_nonzero(kept) < 12:
        raise InputError(
            f"the two enantiomers' spectra must share at least 12 wavelengths, but share "
            f"{np.count_nonzero(kept)}.",
            remedy="Record both over the same range.",
        )
    nm = nm[kept]
    scale = _scale(first, second)
    one = first.record.ellipticity_mdeg[kept]
    other = scale * np.interp(nm, second.record.wavelength_nm, second.record.ellipticity_mdeg)
    total, difference = one + other, one - other
    noise = local_noise(total)
    count = len(nm)
    freedom = count * _FREEDOM_A_POINT

    def far(values: Float[np.ndarray, " x"], by: Float[np.ndarray, " x"]) -> tuple[float, float]:
        weight = 1.0 / by**2
        rest = values - np.sum(weight * values) / np.sum(weight)
        ratio = float(np.sum(rest**2 * weight)) / (count - 1)
        return ratio, float(f.sf(ratio, count - 1, freedom))

    chi_square, p_mirror = far(total, noise)
    _, p_inactive = far(difference, local_noise(difference))
    half = difference / 2
    centred = (half - half.mean()) / noise
    against = float(np.sum(centred**2))
    share = float(np.sum(centred * (total - total.mean()) / noise)) / against
    return MirrorTest(
        wavelength_nm=nm,
        total_mdeg=total,
        half_difference_mdeg=half,
        noise_mdeg=noise,
        scale=scale,
        chi_square=chi_square,
        p_mirror=p_mirror,
        p_inactive=p_inactive,
        asymmetry=Estimate(
            value=share,
            sigma=float(np.sqrt(max(chi_square, 1.0) / against)),
            unit="",
            method="sum against half the difference, least squares",
        ),
    )


def local_noise(values: Float[np.ndarray, " x"]) -> Float[np.ndarray, " x"]:
    """One standard deviation at each point, from third differences averaged over an eighth.

    Args:
        values: at equal or nearly equal steps.

    Example:
        >>> local_noise(np.tile([1.0, -1.0], 20)).round(2)[:3]  # differences of 8: 64/20
        array([1.79, 1.79, 1.79])
    """
    squares = local_squares(values)
    wide = max(len(squares) // 8, 12)
    padded = np.pad(squares, wide, mode="reflect" if len(squares) > wide else "edge")
    smooth = np.convolve(padded, np.full(2 * wide + 1, 1.0 / (2 * wide + 1)), mode="valid")
    floor = max(1e-6 * float(np.ptp(values)), 1e-12)
    return np.maximum(np.sqrt(smooth), floor)


def _check(record: DichroismRecord, exciton_nm: float | None) -> None:
    place = f"spectrum {record.label!r}"
    nm = record.wavelength_nm
    if len(nm) < 12:
        raise InputError(
            f"a spectrum of circular dichroism must have at least 12 points, but has {len(nm)}.",
            remedy="Record in finer steps.",
            place=place,
        )
    if exciton_nm is not None and not nm[0] < exciton_nm < nm[-1]:
        raise InputError(
            f"`exciton` must lie within {nm[0]:g} to {nm[-1]:g} nm, but is {exciton_nm:g} nm.",
            remedy="Correct it, or leave it out.",
            place=place,
        )


def _exciton(record: DichroismRecord) -> tuple[float, str]:
    """The absorbance's band of longest wavelength by its second derivative, or the extreme."""
    if record.absorbance is not None and len(record.absorbance) >= 25:
        from scipy.signal import argrelmin, savgol_filter

        step = float(np.median(np.diff(record.wavelength_nm)))
        wide = max(round(16.0 / step) | 1, 7)
        if wide < len(record.absorbance):
            bent = np.asarray(savgol_filter(record.absorbance, wide, 3, deriv=2), dtype=float)
            # Noise of the second derivative, by the filter's own weights.
            flash = np.eye(1, 2 * wide + 1, wide)[0]
            kernel = np.asarray(savgol_filter(flash, wide, 3, deriv=2), dtype=float)
            rest = float(np.sqrt(np.mean(local_squares(record.absorbance)) * np.sum(kernel**2)))
            deep = max(6 * rest, 0.05 * float(np.max(np.abs(bent))))
            wells = [int(k) for k in argrelmin(bent, order=wide // 2)[0] if bent[k] < -deep]
            if wells:
                return float(record.wavelength_nm[wells[-1]]), "absorbance, second derivative"
    wide = np.convolve(record.ellipticity_mdeg, np.full(5, 0.2), mode="valid")
    far = int(np.argmax(np.abs(wide - np.median(wide)))) + 2
    return float(record.wavelength_nm[far]), "extreme of the ellipticity"


def _at(
    nm: Float[np.ndarray, " x"], values: Float[np.ndarray, " x"], where: float
) -> tuple[float, float]:
    """The value of a local parabola and its sigma from what the parabola leaves over."""
    order = np.argsort(np.abs(nm - where))
    near = np.zeros(len(nm), dtype=bool)
    near[order[:9]] = True
    near |= np.abs(nm - where) <= _FIT_NM
    terms = np.vander((nm[near] - where) / _FIT_NM, 3, increasing=True)
    found = np.linalg.lstsq(terms, values[near], rcond=None)[0]
    rest = values[near] - terms @ found
    inverse = np.linalg.pinv(terms.T @ terms)
    spread = float(np.sum(rest**2)) / (int(near.sum()) - 3) * float(inverse[0, 0])
    return float(found[0]), float(np.sqrt(max(spread, 0.0)))


def _g_at(record: DichroismRecord, where_nm: float) -> Estimate | None:
    """g at a wavelength; None where too little is absorbed there."""
    if record.absorbance is None:
        return None
    delta = _at(record.wavelength_nm, record.delta_absorbance, where_nm)
    absorbed = _at(record.wavelength_nm, record.absorbance, where_nm)
    if absorbed[0] <= _LEAST_ABSORBANCE:
        return None
    value = delta[0] / absorbed[0]
    sigma = float(np.hypot(delta[1], value * absorbed[1])) / absorbed[0]
    return Estimate(value=value, sigma=sigma, unit="", method=f"at {where_nm:.1f} nm")


def _furthest(
    record: DichroismRecord, g: Float[np.ndarray, " x"] | None, where_nm: float
) -> float | None:
    """Where |g|, smoothed over 5 points, is largest within 25 nm of a wavelength."""
    absorbance = record.absorbance
    if g is None or absorbance is None:
        return None
    smooth = np.convolve(np.nan_to_num(g), np.full(5, 0.2), mode="same")
    # Where little is absorbed, a quotient of noise would be the largest.
    most = float(np.max(absorbance))
    near = np.abs(record.wavelength_nm - where_nm) <= _EXCITON_NM
    near &= np.isfinite(g) & (absorbance > 0.2 * most)
    if not near.any():
        return None
    return float(record.wavelength_nm[int(np.argmax(np.where(near, np.abs(smooth), -1.0)))])


def _g_spectrum(
    record: DichroismRecord, noise_mdeg: Float[np.ndarray, " x"]
) -> tuple[Float[np.ndarray, " x"], Float[np.ndarray, " x"]] | tuple[None, None]:
    """g and its sigma at every wavelength, NaN where too little is absorbed."""
    absorbance = record.absorbance
    if absorbance is None:
        return None, None
    enough = absorbance > _LEAST_ABSORBANCE
    safe = np.where(enough, absorbance, np.nan)
    g = record.delta_absorbance / safe
    part = noise_mdeg / MDEG_PER_ABSORBANCE
    return g, np.hypot(part, g * local_noise(absorbance)) / safe


def _cotton(
    record: DichroismRecord, noise: Float[np.ndarray, " x"], where: float
) -> tuple[float, int, bool]:
    """Chance of so much about a straight line near the exciton; sign; whether bisignate."""
    from scipy.stats import f

    near = np.abs(record.wavelength_nm - where) <= _EXCITON_NM
    if np.count_nonzero(near) < 12:
        near[:] = True
    nm, values, sigma = record.wavelength_nm[near], record.ellipticity_mdeg[near], noise[near]
    count = len(nm)
    line = np.polynomial.Polynomial.fit(nm, values, 1, w=1.0 / sigma)
    ratio = float(np.sum(((values - line(nm)) / sigma) ** 2)) / (count - 2)
    p_flat = float(f.sf(ratio, count - 2, len(noise) * _FREEDOM_A_POINT))
    # Extremes above the far ends of the record, smoothed over some points.
    wide = max(3, count // 10)
    smooth = np.convolve(record.ellipticity_mdeg, np.full(wide, 1.0 / wide), mode="same")
    edge = max(len(smooth) // 20, 3)
    zero = float(np.median(record.ellipticity_mdeg[-edge:]))
    seen = (smooth - zero)[near]
    limit = 5 * float(np.median(sigma)) * float(np.sqrt(1 / wide + 1 / edge))
    high, low = int(np.argmax(seen)), int(np.argmin(seen))
    up, down = bool(seen[high] > limit), bool(-seen[low] > limit)
    if up and down:
        both = min(seen[high], -seen[low]) > 0.15 * max(seen[high], -seen[low])
        if both:
            return p_flat, 1 if high > low else -1, True
    return p_flat, 1 if seen[high] > -seen[low] else -1, False


def _scale(first: DichroismFit, second: DichroismFit) -> float:
    if first.record.absorbance is None or second.record.absorbance is None:
        return 1.0
    where = first.exciton_nm
    one = _at(first.record.wavelength_nm, first.record.absorbance, where)[0]
    other = _at(second.record.wavelength_nm, second.record.absorbance, where)[0]
    if one <= _LEAST_ABSORBANCE or other <= _LEAST_ABSORBANCE:
        return 1.0
    return one / other
