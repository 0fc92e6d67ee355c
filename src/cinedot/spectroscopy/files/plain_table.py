"""Records of binary files as the table that their export as text would be.

So whatever reads tables (spectra, infrared, dichroism, decays, ageing) reads these files too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from cinedot.core import InputError
from cinedot.core.delimited import Column, DelimitedTable


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordinate:
    """What was recorded along the abscissa.

    Attributes:
        heading: what it is, or what sets it apart from the others.
        unit: "" where it has none.
        values: as many as the abscissa has.
    """

    heading: str
    unit: str
    values: Float[np.ndarray, " row"]


def plain_table(
    path: Path,
    abscissa: Ordinate,
    ordinates: Sequence[Ordinate],
    metadata: Mapping[str, str],
) -> DelimitedTable:
    """A table of the abscissa and its ordinates; its lines count the points from 1.

    Raises:
        InputError: an ordinate that is not finite.

    Example:
        >>> nm = Ordinate(heading="wavelength", unit="nm", values=np.array([400.0, 401.0]))
        >>> light = Ordinate(heading="25 °C", unit="", values=np.array([3.0, 4.0]))
        >>> plain_table(Path("a.jws"), nm, [light], {}).headings
        ('wavelength', '25 °C')
    """
    for ordinate in ordinates:
        if not np.isfinite(ordinate.values).all():
            point = int(np.argmin(np.isfinite(ordinate.values))) + 1
            raise InputError(
                "intensities must be finite, but some are not.",
                remedy="Export the record again.",
                file=path,
                place=f"{ordinate.heading!r}, point {point}",
            )
    return DelimitedTable(
        file=path,
        columns=tuple(
            Column(
                number=number,
                heading=one.heading,
                unit=one.unit,
                group="",
                values=np.asarray(one.values, dtype=np.float64),
            )
            for number, one in enumerate((abscissa, *ordinates), start=1)
        ),
        texts={},
        lines=tuple(range(1, len(abscissa.values) + 1)),
        metadata=metadata,
    )
