"""The first exciton before what absorbs above it, by least squares in energy."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float

from cinedot.core.constants import FWHM_PER_SIGMA
from cinedot.spectroscopy.noise import correlation_factor

Continuum = Literal["step", "band"]
_LN2 = float(np.log(2.0))
_RISES = (4.0, 8.0)
"""Powers of energy: Rayleigh's scatter, and the tails of what absorbs far above."""
_BEGIN: dict[Continuum, tuple[float, float]] = {"step": (0.5, -0.2), "band": (1.2, 0.6)}
"""Offset and ln of width, in widths of the exciton, to begin with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExcitonFit:
    """One model fitted to one stretch of a record.

    Attributes:
        continuum: what stands for the transitions above: a smooth `step`, or a wide `band`.
        energy_ev, absorbance: the stretch, rising in energy.
        shape: centre (eV), ln of width (eV), offset of the continuum in widths, ln of its width
            in widths.
        linear: height of exciton, of continuum, of the powers of energy, and the offset.
        curve: the fitted record.
        exciton: the exciton alone.
        covariance: of (shape, linear), with the misfit taken as noise.
        log_evidence: -BIC/2 for so many independent points.
    """

    continuum: Continuum
    energy_ev: Float[np.ndarray, " x"]
    absorbance: Float[np.ndarray, " x"]
    shape: Float[np.ndarray, "4"]
    linear: Float[np.ndarray, " linear"]
    curve: Float[np.ndarray, " x"]
    exciton: Float[np.ndarray, " x"]
    covariance: Float[np.ndarray, "parameter parameter"]
    log_evidence: float

    @property
    def residual(self) -> Float[np.ndarray, " x"]:
        """Record minus fit."""
        return self.absorbance - self.curve


def fit_exciton(
    energy_ev: Float[np.ndarray, " x"],
    absorbance: Float[np.ndarray, " x"],
    *,
    start_ev: float,
    fwhm_ev: float,
    continuum: Continuum,
) -> ExcitonFit:
    """A Gaussian, a continuum above it, powers of energy and an offset; none but it negative.

    Args:
        energy_ev, absorbance: the stretch, rising in energy; at least 12 points.
        start_ev, fwhm_ev: about where the exciton is and how wide, eV.
        continuum: see `ExcitonFit`.
    """
    from scipy.optimize import least_squares

    low = np.array([start_ev - fwhm_ev, np.log(0.4 * fwhm_ev), 0.3, -1.0])
    high = np.array([start_ev + fwhm_ev, np.log(2.5 * fwhm_ev), 6.0, 2.5])

    def misfit(shape: Float[np.ndarray, "4"]) -> Float[np.ndarray, " x"]:
        terms = _terms(shape, energy_ev, continuum)
        return absorbance - terms @ _solved(terms, absorbance)

    found = least_squares(
        misfit,
        np.array([start_ev, np.log(fwhm_ev), *_BEGIN[continuum]]),
        bounds=(low, high),
        x_scale="jac",
        xtol=1e-7,
        ftol=1e-8,
        max_nfev=60,
    )
    shape = np.asarray(found.x, dtype=np.float64)
    terms = _terms(shape, energy_ev, continuum)
    linear = _solved(terms, absorbance)
    held = (shape < low + 1e-4) | (shape > high - 1e-4)
    return _wrapped(continuum, energy_ev, absorbance, shape, linear, held)


def _wrapped(
    continuum: Continuum,
    energy_ev: Float[np.ndarray, " x"],
    absorbance: Float[np.ndarray, " x"],
    shape: Float[np.ndarray, "4"],
    linear: Float[np.ndarray, " linear"],
    held: np.ndarray,
) -> ExcitonFit:
    terms = _terms(shape, energy_ev, continuum)
    curve = terms @ linear
    residual = absorbance - curve
    columns: list[Float[np.ndarray, " x"]] = []
    for k in range(len(shape)):
        step = np.zeros_like(shape)
        step[k] = 1e-5
        ends = [_terms(shape + sign * step, energy_ev, continuum) @ linear for sign in (-1, 1)]
        columns.append((ends[1] - ends[0]) / 2e-5)
    jacobian = np.concatenate([np.stack(columns, axis=1), terms], axis=1)
    # What a bound holds is not free: it has no scatter of its own.
    free = np.concatenate([~held, np.append(linear[:-1] > 0, True)])
    jacobian = jacobian * free
    scale = np.linalg.norm(jacobian, axis=0)
    scale[scale == 0] = 1.0
    count = int(np.count_nonzero(free))
    correlation = correlation_factor(residual)
    power = max(float(np.sum(residual**2)), 1e-300)
    noise = power / max(len(residual) - count, 1) * correlation
    inverse = np.linalg.pinv((jacobian / scale).T @ (jacobian / scale))
    independent = len(residual) / correlation
    return ExcitonFit(
        continuum=continuum,
        energy_ev=energy_ev,
        absorbance=absorbance,
        shape=shape,
        linear=linear,
        curve=curve,
        exciton=terms[:, 0] * linear[0],
        covariance=inverse / np.outer(scale, scale) * noise,
        log_evidence=-0.5
        * (independent * np.log(power / len(residual)) + count * np.log(independent)),
    )


def _terms(
    shape: Float[np.ndarray, "4"], energy_ev: Float[np.ndarray, " x"], continuum: Continuum
) -> Float[np.ndarray, "x linear"]:
    centre, width = float(shape[0]), float(np.exp(shape[1]))
    edge = centre + float(shape[2]) * width
    wide = float(np.exp(shape[3])) * width
    columns = [np.exp(-4 * _LN2 * ((energy_ev - centre) / width) ** 2)]
    if continuum == "step":
        from scipy.special import ndtr

        columns.append(ndtr((energy_ev - edge) / (wide / FWHM_PER_SIGMA)))
    else:
        columns.append(np.exp(-4 * _LN2 * ((energy_ev - edge) / wide) ** 2))
    columns += [(energy_ev / energy_ev[-1]) ** power for power in _RISES]
    columns.append(np.ones_like(energy_ev))
    return np.stack(columns, axis=1)


def _solved(
    terms: Float[np.ndarray, "x linear"], target: Float[np.ndarray, " x"]
) -> Float[np.ndarray, " linear"]:
    """Linear least squares with nothing negative but the offset, which is the last."""
    from scipy.optimize import nnls

    free = np.linalg.lstsq(terms, target, rcond=None)[0]
    if (free[:-1] >= 0).all():
        return free
    both = np.concatenate([terms, -terms[:, -1:]], axis=1)
    scale = np.linalg.norm(both, axis=0)
    scale[scale == 0] = 1.0
    found = nnls(both / scale, target)[0] / scale
    return np.append(found[:-2], found[-2] - found[-1])
