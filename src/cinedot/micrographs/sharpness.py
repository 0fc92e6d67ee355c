"""Whether a classification claims more than it knows."""

import numpy as np
import scipy.optimize
import scipy.special
from jaxtyping import Float, Int

from cinedot.core import Estimate, InputError


def fit_sharpness(
    chances: Float[np.ndarray, "particle label"], truth: Int[np.ndarray, " particle"]
) -> Estimate:
    """The power of the likelihoods at which they say how often they are right.

    Greatest likelihood of softmax(power log p) on particles whose labels are known, as in
    simulated images (temperature scaling; Guo et al., ICML 2017). 1 is calibrated, below 1
    overconfident. Labels should be about as frequent as the flat prior has them.

    Args:
        chances: probabilities of each label, those of none left out or a column of their own.
        truth: the true column of each.

    Raises:
        InputError: fewer than ten particles, or truths without a column.

    Example:
        >>> chances = np.array([[0.8, 0.2]] * 10)
        >>> round(float(fit_sharpness(chances, np.array([0] * 8 + [1] * 2)).value), 3)
        1.0
    """
    if len(truth) < 10 or len(truth) != len(chances) or not _columns(truth, chances.shape[1]):
        raise InputError(
            "`truth` must name a column for each of at least ten particles.",
            remedy="Classify simulated particles of known labels.",
        )
    logs = np.log(np.maximum(chances, 1e-12))
    rows = np.arange(len(truth))

    def loss(log_power: float) -> float:
        scaled = np.exp(log_power) * logs
        return float((scipy.special.logsumexp(scaled, axis=1) - scaled[rows, truth]).sum())

    found = scipy.optimize.minimize_scalar(loss, bounds=(-4.0, 4.0), method="bounded")
    power = float(np.exp(found.x))
    step = 0.05
    around = [loss(float(found.x) + side) for side in (-step, 0.0, step)]
    curvature = max((around[0] - 2 * around[1] + around[2]) / step**2, 1e-12)
    atlimit = abs(float(found.x)) > 3.9
    return Estimate(
        value=power,
        sigma=None if atlimit else power / float(np.sqrt(curvature)),
        unit="",
        method="power of the likelihoods, on known particles",
        status="undetermined" if atlimit else "ok",
    )


def _columns(truth: Int[np.ndarray, " particle"], number: int) -> bool:
    return bool(((truth >= 0) & (truth < number)).all())
