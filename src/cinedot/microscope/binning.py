"""How a sensor's pixels make a recorded one: sums or averages."""

from dataclasses import dataclass

from cinedot.core import InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class Summed:
    """A recorded pixel is the sum of factor x factor of the sensor's.

    Attributes:
        factor: sensor pixels along the side of a recorded one.

    Raises:
        InputError: it is below 1.
    """

    factor: int = 1

    def __post_init__(self) -> None:
        _check_factor(self.factor)

    @property
    def weight(self) -> float:
        """What each sensor pixel counts in a recorded one."""
        return 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Averaged:
    """A recorded pixel is the mean of factor x factor of the sensor's.

    Attributes:
        factor: sensor pixels along the side of a recorded one.

    Raises:
        InputError: it is below 1.

    Example:
        >>> Averaged(factor=4).weight, Summed(factor=4).weight
        (0.0625, 1.0)
    """

    factor: int = 1

    def __post_init__(self) -> None:
        _check_factor(self.factor)

    @property
    def weight(self) -> float:
        """What each sensor pixel counts in a recorded one."""
        return 1 / self.factor**2


Binning = Summed | Averaged


def _check_factor(factor: int) -> None:
    if factor < 1:
        raise InputError(
            f"`factor` must be at least 1, but is {factor}.", remedy="1 leaves pixels as they are."
        )
