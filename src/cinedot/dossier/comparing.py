"""Two estimates of one quantity, side by side."""

import math

from cinedot.core import Estimate
from cinedot.dossier.findings import Check

AGREE_SIGMA = 2.0
TENSION_SIGMA = 3.0


def compare(name: str, first: Estimate, second: Estimate, *, of: tuple[str, str]) -> Check:
    """Set two estimates of one quantity side by side.

    Within 2 standard deviations of their difference they agree, beyond 3 they are in tension,
    between the two the data do not decide; nor do they where neither states a sigma.

    Args:
        name: the question.
        first, second: estimates in the same unit.
        of: what each comes from, for the sentence.

    Example:
        >>> a = Estimate(value=453.2, sigma=0.1, unit="nm", method="fit")
        >>> b = Estimate(value=453.0, sigma=0.5, unit="nm", method="reported")
        >>> compare("peak", a, b, of=("measured", "reported")).status
        'agree'
    """
    said = f"{of[0]} {first.text()}, {of[1]} {second.text()}"
    if isinstance(first.value, str) or isinstance(second.value, str):
        same = str(first.value) == str(second.value)
        return Check(name=name, status="agree" if same else "tension", detail=f"{said}.")
    spread = math.hypot(first.sigma or 0.0, second.sigma or 0.0)
    limit = _by_limit(name, first, second, spread, said)
    if limit is not None:
        return limit
    if spread == 0:
        return Check(name=name, status="undecided", detail=f"{said}; neither states a sigma.")
    distance = abs(first.value - second.value) / spread
    status = "agree" if distance < AGREE_SIGMA else "undecided"
    if distance > TENSION_SIGMA:
        status = "tension"
    return Check(
        name=name, status=status, detail=f"{said}: {distance:.1f} standard deviations apart."
    )


def _by_limit(
    name: str, first: Estimate, second: Estimate, spread: float, said: str
) -> Check | None:
    """A limit against a number: they agree on its right side; None where neither is a limit."""
    limits = [one for one in (first, second) if one.status in ("lower_limit", "upper_limit")]
    if not limits or isinstance(first.value, str) or isinstance(second.value, str):
        return None
    if len(limits) == 2:
        return Check(name=name, status="undecided", detail=f"{said}; both are limits.")
    bound, other = (first, second) if limits[0] is first else (second, first)
    beyond = float(other.value) - float(bound.value)
    if bound.status == "upper_limit":
        beyond = -beyond
    if beyond >= 0:
        return Check(name=name, status="agree", detail=f"{said}: within the limit.")
    status = "tension" if -beyond > TENSION_SIGMA * spread else "undecided"
    return Check(name=name, status=status, detail=f"{said}: beyond the limit.")
