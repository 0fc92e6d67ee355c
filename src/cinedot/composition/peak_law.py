"""What a detector makes of lines and bremsstrahlung: peaks of known place and shape on a ground."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.special import erf

from cinedot.composition.film import ionisation
from cinedot.composition.xray_lines import LineFamily, Subshell
from cinedot.core.constants import FWHM_PER_SIGMA

MN_KA_EV = 5895.0
USUAL_RESOLUTION_EV = 130.0
_FANO_EV = 2.5
"""Square of the width gained for each eV of photon energy, eV: silicon's Fano factor 0.12 times
3.66 eV a pair times 8 ln 2."""
_ALPHA = ("Ka1", "Ka2", "Ka3", "La1", "La2", "Ma")
_APART = 1.5
_KNOT_WIDTHS = 8.0


def width_ev(
    energy_ev: Float[np.ndarray, " line"], resolution_ev: float
) -> Float[np.ndarray, " line"]:
    """Full width at half maximum of a line in a detector, eV.

    Args:
        energy_ev: of the photons, eV.
        resolution_ev: the same at Mn Ka, eV.

    Source: C. E. Fiori, D. E. Newbury, Scanning Electron Microscopy 1978/I, 401.

    Example:
        >>> width_ev(np.array([277.0, 5895.0]), 130.0).round(0)
        array([ 53., 130.])
    """
    square = resolution_ev**2 + _FANO_EV * (energy_ev - MN_KA_EV)
    return np.sqrt(np.maximum(square, 30.0**2))


@dataclass(frozen=True, slots=True, kw_only=True)
class Peak:
    """Lines that are fitted as one, their ratios being known.

    Attributes:
        family: whose.
        name: as in "Pb M", or "Pt L3" where subshells stand apart.
        energies_ev: of the lines, eV.
        shares: of each, adding up to 1.
        alpha: share of the alpha lines.
        strength: photons of all its lines, in units that the family's peaks share.
    """

    family: LineFamily
    name: str
    energies_ev: Float[np.ndarray, " line"]
    shares: Float[np.ndarray, " line"]
    alpha: float
    strength: float

    @property
    def main_ev(self) -> float:
        """Energy of the strongest line, eV."""
        return float(self.energies_ev[int(np.argmax(self.shares))])


def peaks_of(family: LineFamily, *, voltage_kv: float, resolution_ev: float) -> tuple[Peak, ...]:
    """The peaks of a family that a beam excites.

    Subshells are weighted by electrons, yield and Bethe's cross section. Those whose strongest
    lines lie more than 1.5 widths apart get an intensity of their own, since cross sections and
    transfers between subshells are known less well than the detector sees them.

    Args:
        family: the lines.
        voltage_kv: accelerating voltage, kV.
        resolution_ev: of the detector at Mn Ka, eV.

    Example:
        >>> from cinedot.composition.xray_lines import analysed_family
        >>> lead, = peaks_of(analysed_family("Pb", 3.0), voltage_kv=3.0, resolution_ev=130.0)
        >>> lead.name, round(lead.main_ev)
        ('Pb M', 2342)
    """
    excited = [shell for shell in family.subshells if shell.edge_kev < voltage_kv]
    groups: list[list[Subshell]] = []
    for shell in excited:
        at = _strongest(shell)
        near = [
            g for g in groups if abs(_strongest(g[0]) - at) < _APART * _one_width(at, resolution_ev)
        ]
        if near:
            near[0].append(shell)
        else:
            groups.append([shell])
    return tuple(_peak(family, group, voltage_kv, alone=len(groups) == 1) for group in groups)


def _strongest(shell: Subshell) -> float:
    return max(shell.lines, key=lambda line: line.share).energy_ev


def _one_width(energy_ev: float, resolution_ev: float) -> float:
    return float(width_ev(np.array([energy_ev]), resolution_ev)[0])


def _peak(family: LineFamily, group: list[Subshell], voltage_kv: float, *, alone: bool) -> Peak:
    weights = [
        shell.electrons
        * shell.fluorescence_yield
        * float(ionisation(np.array([voltage_kv]), shell.edge_kev)[0])
        for shell in group
    ]
    lines = [(line, w) for shell, w in zip(group, weights, strict=True) for line in shell.lines]
    strength = np.array([line.share * w for line, w in lines])
    shares = strength / strength.sum()
    alpha = sum(
        s for (line, _), s in zip(lines, shares.tolist(), strict=True) if line.name in _ALPHA
    )
    return Peak(
        family=family,
        name=family.name if alone else f"{family.element} {'+'.join(s.name for s in group)}",
        energies_ev=np.array([line.energy_ev for line, _ in lines]),
        shares=shares,
        alpha=float(alpha),
        strength=float(strength.sum()),
    )


def peak_shape(
    energy_ev: Float[np.ndarray, " channel"], peak: Peak, resolution_ev: float
) -> Float[np.ndarray, " channel"]:
    """Counts of a peak with one count in all, in channels of equal width.

    Example:
        >>> from cinedot.composition.xray_lines import line_families
        >>> iron, = peaks_of(line_families("Fe")[0], voltage_kv=20.0, resolution_ev=130.0)
        >>> round(float(peak_shape(np.arange(0.0, 9e3, 10.0), iron, 130.0).sum()), 6)
        1.0
    """
    step = float(energy_ev[1] - energy_ev[0])
    edges = np.concatenate([energy_ev - step / 2, [energy_ev[-1] + step / 2]])
    sigma = width_ev(peak.energies_ev, resolution_ev) / FWHM_PER_SIGMA
    reach = (edges[:, None] - peak.energies_ev) / (np.sqrt(2) * sigma)
    return np.diff(0.5 * erf(reach), axis=0) @ peak.shares


def ground_shapes(
    energy_ev: Float[np.ndarray, " channel"], resolution_ev: float
) -> Float[np.ndarray, "channel knot"]:
    """A ground of straight pieces, each 8 widths long: what bends within a peak is the peak's.

    Example:
        >>> made = ground_shapes(np.arange(200.0, 3000.0, 10.0), 130.0)
        >>> bool(np.allclose(made.sum(axis=1), 1.0))
        True
    """
    knots = [float(energy_ev[0])]
    while knots[-1] < energy_ev[-1]:
        knots.append(knots[-1] + _KNOT_WIDTHS * _one_width(knots[-1], resolution_ev))
    at = np.array(knots)
    # The last piece ends with the record: a knot beyond it would stand on nothing.
    at = np.append(at[:-1], energy_ev[-1]) if len(at) > 2 else np.array([at[0], energy_ev[-1]])
    if len(at) > 2 and at[-1] - at[-2] < (at[-2] - at[-3]) / 2:
        at = np.delete(at, -2)
    return np.stack([np.interp(energy_ev, at, row) for row in np.eye(len(at))], axis=1)
