"""The likeliest mixture of one kind: priors and a record together, areas solved for exactly."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from jaxtyping import Float

from cinedot.core.constants import HC_EV_NM
from cinedot.spectroscopy.band_fit import solve_linear
from cinedot.spectroscopy.mixture.expected import MixturePrior
from cinedot.spectroscopy.mixture.law import photon_bands

_SKEW_SPREAD, _OWN_SKEW_SPREAD = 0.1, 0.02
"""Of what all bands share, and of each band's own: sizes of one n need not be spread alike."""
_BROAD = (4.0, 0.4)
"""Width of a broad band, over a dot's, and the spread of its logarithm."""
_LARGER_FWHM_SPREAD = 0.3
_STEP = 1e-4


@dataclass(frozen=True, slots=True, kw_only=True)
class MixtureModel:
    """Which bands and which background a mixture may have.

    Attributes:
        sizes: the n that are there.
        broad: whether there is a broad band, as of traps.
        larger: whether there is light of larger dots or the bulk.
        skewed: whether bands lean to one side, about alike.
        sloped: whether the background is linear rather than constant.
    """

    sizes: tuple[int, ...]
    broad: bool = False
    larger: bool = False
    skewed: bool = False
    sloped: bool = False

    @property
    def bands(self) -> int:
        """Number of bands."""
        return len(self.sizes) + self.broad + self.larger

    @property
    def shapes(self) -> int:
        """Number of energies, widths and skews."""
        return (3 if self.skewed else 2) * self.bands

    @property
    def linear(self) -> int:
        """Number of areas and levels."""
        return self.bands + 1 + self.sloped

    @property
    def parameters(self) -> int:
        """Number of free parameters."""
        return self.shapes + self.linear

    def text(self) -> str:
        """The model in words.

        Example:
            >>> MixtureModel(sizes=(4, 5), larger=True).text()
            'Gaussian bands of n = 4, 5 and larger dots, on a constant background'
        """
        named = f"n = {', '.join(map(str, self.sizes))}" if self.sizes else "no n"
        more = ("larger dots",) * self.larger + ("a broad one",) * self.broad
        shape = "skewed" if self.skewed else "Gaussian"
        ground = "linear" if self.sloped else "constant"
        return f"{shape} bands of {' and '.join((named, *more))}, on a {ground} background"


@dataclass(frozen=True, kw_only=True)
class Record:
    """What is fitted.

    Attributes:
        wavelength_nm, intensity: the points, in order of wavelength.
        sigma: one standard deviation of each point.
    """

    wavelength_nm: Float[np.ndarray, " x"]
    intensity: Float[np.ndarray, " x"]
    sigma: Float[np.ndarray, " x"]

    @cached_property
    def floor(self) -> float:
        """The lowest background: not below nought and the record itself."""
        smooth = np.convolve(self.intensity, np.full(5, 0.2), mode="valid")
        return min(0.0, float(np.min(smooth)))

    @cached_property
    def light(self) -> float:
        """About all that it holds: its integral over wavelength."""
        return float(np.trapezoid(np.abs(self.intensity), self.wavelength_nm))

    def holds(self, energy_ev: float) -> bool:
        """Whether light of such energy lies in it."""
        return bool(self.wavelength_nm[0] <= HC_EV_NM / energy_ev <= self.wavelength_nm[-1])


@dataclass(frozen=True, kw_only=True)
class Coordinates:
    """Shapes of all bands as numbers that are standard normal beforehand.

    In order: energy of each band, logarithm of each width, each skew if any; bands in order of n,
    then larger dots, then the broad one.

    Attributes:
        model: whose.
        mean: what is expected.
        factor: what one standard deviation of each number does.
    """

    model: MixtureModel
    mean: Float[np.ndarray, " shape"]
    factor: Float[np.ndarray, "shape shape"]

    @classmethod
    def of(cls, model: MixtureModel, prior: MixturePrior, record: Record) -> "Coordinates":
        """Those of a model.

        Args:
            model: larger dots only where the prior tells their energy.
            prior: what is expected.
            record: tells where a broad band may lie.
        """
        bands = [prior.band(n) for n in model.sizes]
        places = [(one.energy_ev, one.spread_ev) for one in bands]
        count = len(bands)
        widths = np.eye(model.bands)
        widths[:count, :count] *= prior.own_fwhm_spread**2
        widths[:count, :count] += prior.fwhm_spread**2
        means = [float(np.log(prior.fwhm_ev))] * model.bands
        if model.larger and prior.larger_ev is not None:
            places.append(prior.larger_ev)
            widths[count, count] = _LARGER_FWHM_SPREAD**2
        if model.broad:
            red, blue = HC_EV_NM / record.wavelength_nm[-1], HC_EV_NM / record.wavelength_nm[0]
            places.append((float(red + blue) / 2, float(blue - red) / 2))
            means[-1] += float(np.log(_BROAD[0]))
            widths[-1, -1] = _BROAD[1] ** 2
        factor = np.zeros((model.shapes, model.shapes))
        first, second, third = (slice(k * model.bands, (k + 1) * model.bands) for k in range(3))
        factor[first, first] = np.diag([spread for _, spread in places])
        factor[second, second] = np.linalg.cholesky(widths)
        if model.skewed:
            own = _OWN_SKEW_SPREAD**2 * np.eye(model.bands)
            factor[third, third] = np.linalg.cholesky(own + _SKEW_SPREAD**2)
        mean = np.zeros(model.shapes)
        mean[first], mean[second] = [energy for energy, _ in places], means
        return cls(model=model, mean=mean, factor=factor)

    def shapes(
        self, numbers: Float[np.ndarray, "*many shape"]
    ) -> tuple[
        Float[np.ndarray, "*many band"],
        Float[np.ndarray, "*many band"],
        Float[np.ndarray, "*many band"],
    ]:
        """Energies (eV), widths (eV) and skews of the bands."""
        values = self.mean + numbers @ self.factor.T
        bands = self.model.bands
        # No fit comes near these bounds; a step of the search may.
        energies = np.maximum(values[..., :bands], 0.1)
        widths = np.exp(np.clip(values[..., bands : 2 * bands], -7.0, 2.0))
        skews = values[..., 2 * bands :] if self.model.skewed else np.zeros_like(energies)
        return energies, widths, np.clip(skews, -2.0, 2.0)

    def terms(
        self, numbers: Float[np.ndarray, "*many shape"], wavelength_nm: Float[np.ndarray, " x"]
    ) -> Float[np.ndarray, "*many x linear"]:
        """What each area and level multiplies: bands of one photon, then the background."""
        energies, widths, skew = self.shapes(numbers)
        bands = photon_bands(wavelength_nm, centre_ev=energies, fwhm_ev=widths, skew=skew)
        across = (wavelength_nm - wavelength_nm[0]) / (wavelength_nm[-1] - wavelength_nm[0])
        ends = [1.0 - across, across] if self.model.sloped else [np.ones_like(across)]
        ground = np.stack(ends, axis=1)
        return np.concatenate(
            [bands, np.broadcast_to(ground, (*bands.shape[:-1], ground.shape[1]))], axis=-1
        )


@dataclass(frozen=True, kw_only=True)
class MixtureFit:
    """The likeliest mixture of one kind.

    Attributes:
        coordinates: what the numbers mean.
        record: what was fitted.
        numbers: shapes of the bands, see `Coordinates`.
        linear: photons of each band, then levels of the background.
        chi_square: sum of squared residuals over variance.
    """

    coordinates: Coordinates
    record: Record
    numbers: Float[np.ndarray, " shape"]
    linear: Float[np.ndarray, " linear"]
    chi_square: float

    @property
    def model(self) -> MixtureModel:
        """Its kind."""
        return self.coordinates.model

    @cached_property
    def terms(self) -> Float[np.ndarray, "x linear"]:
        """What each area and level multiplies."""
        return self.coordinates.terms(self.numbers, self.record.wavelength_nm)

    @property
    def curve(self) -> Float[np.ndarray, " x"]:
        """The fitted record."""
        return self.terms @ self.linear

    @property
    def cost(self) -> float:
        """Chi-square, and how far the shapes are from what was expected."""
        return self.chi_square + float(self.numbers @ self.numbers)

    def covariance(self) -> Float[np.ndarray, "shape shape"]:
        """Of the numbers, areas and levels being free."""
        slopes = _Projection(self.coordinates, self.record).slopes(self.numbers)
        return np.linalg.inv(slopes.T @ slopes)


def fit_mixture(
    coordinates: Coordinates,
    record: Record,
    start: Float[np.ndarray, " shape"] | None = None,
) -> MixtureFit:
    """The likeliest shapes and areas near a start.

    Args:
        coordinates: of the model.
        record: what is fitted.
        start: where to begin; what is expected unless given.
    """
    from scipy.optimize import least_squares

    search = _Projection(coordinates, record)
    slopes: Callable[..., Float[np.ndarray, "row shape"]] = search.slopes
    found = least_squares(
        search.misfit,
        np.zeros_like(coordinates.mean) if start is None else start,
        jac=slopes,  # pyright: ignore[reportArgumentType]  # the stubs know no callable here
        xtol=1e-6,
        ftol=1e-8,
        max_nfev=40,
    )
    numbers = np.asarray(found.x, dtype=np.float64)
    fit = MixtureFit(
        coordinates=coordinates,
        record=record,
        numbers=numbers,
        linear=search.solved(coordinates.terms(numbers, record.wavelength_nm)),
        chi_square=0.0,
    )
    left = (record.intensity - fit.curve) / record.sigma
    return replace(fit, chi_square=float(left @ left))


@dataclass(frozen=True, slots=True)
class _Projection:
    """Misfit and distance from what is expected as a function of the shapes alone."""

    coordinates: Coordinates
    record: Record

    def solved(self, terms: Float[np.ndarray, "x linear"]) -> Float[np.ndarray, " linear"]:
        """The best areas and levels."""
        record, bands = self.record, self.coordinates.model.bands
        return solve_linear(terms, record.intensity, 1.0 / record.sigma, record.floor, bands)

    def misfit(self, numbers: Float[np.ndarray, " shape"]) -> Float[np.ndarray, " row"]:
        """Residuals over sigma, then the numbers."""
        terms = self.coordinates.terms(numbers, self.record.wavelength_nm)
        left = self.record.intensity - terms @ self.solved(terms)
        return np.concatenate([left / self.record.sigma, numbers])

    def slopes(self, numbers: Float[np.ndarray, " shape"]) -> Float[np.ndarray, "row shape"]:
        """Their derivatives after Kaufman: what free areas and levels make up for is taken off."""
        steps = _STEP * np.eye(len(numbers))
        both = np.concatenate([numbers + steps, numbers - steps])
        ends = self.coordinates.terms(both, self.record.wavelength_nm)
        terms = self.coordinates.terms(numbers, self.record.wavelength_nm)
        linear = self.solved(terms)
        change = (ends[: len(numbers)] - ends[len(numbers) :]) @ linear / (2 * _STEP)
        change = change.T / self.record.sigma[:, None]
        bound = np.where(
            np.arange(len(linear)) < self.coordinates.model.bands, 0.0, self.record.floor
        )
        basis, _ = np.linalg.qr(terms[:, linear > bound] / self.record.sigma[:, None])
        return np.concatenate([basis @ (basis.T @ change) - change, np.eye(len(numbers))])
