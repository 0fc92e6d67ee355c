"""That this paper and literature sizing disagree, said with numbers."""

from dataclasses import dataclass

from cinedot.core import Estimate
from cinedot.core.constants import HC_EV_NM
from cinedot.spectroscopy.confinement.catalogue import laws_of
from cinedot.spectroscopy.confinement.known_sizes import KnownSize, sources
from cinedot.spectroscopy.confinement.prediction import edge_from_wavelength, predict
from cinedot.spectroscopy.confinement.semiconductors import semiconductor_of

LITERATURE = "box-nonparabolic"
"""The law that follows published sizes: science.md 3.3; P. C. Sercel et al., J. Chem. Phys. 151,
234106 (2019) compare its like with absorption of CsPbBr3 dots."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """What the paper reports of a size, beside what literature sizing makes of it.

    Attributes:
        host: of both.
        reported: the paper's size and light.
        edge: that literature sizing gives this light, nm.
        wavelength: that it gives this size, nm.
    """

    host: str
    reported: KnownSize
    edge: Estimate
    wavelength: Estimate

    def text(self) -> str:
        """Both in plain words."""
        seen_nm = HC_EV_NM / self.reported.energy_ev
        edge_nm = self.reported.edges_nm[0]
        n = float(self.edge.value) / semiconductor_of(self.host).lattice_nm
        return (
            "This paper and literature sizing disagree. "
            f"This paper: {self.host} of {self.reported.words}, an edge of {edge_nm:.2f} nm. "
            f"Literature sizing (box, non-parabolic bands, which follows published dots of "
            f"CsPbBr3): {seen_nm:.0f} nm is an edge of {float(self.edge.value):.1f} nm, "
            f"n = {n:.1f}, and an edge of {edge_nm:.2f} nm emits at "
            f"{float(self.wavelength.value):.0f} nm. "
            "Brus's formula meets the paper only with the edge in the radius's place. A ligand "
            "shell or outer layer that carriers enter lowers the energy, so this is no refutation; "
            "but no law here predicts the paper's colours without having been fitted to them."
        )


def disagreement_of(host: str) -> Disagreement:
    """The disagreement for a host; for CsPbBr3 where the paper has none of this host.

    Example:
        >>> found = disagreement_of("CsPbBr3")
        >>> round(found.edge.value, 1), round(found.wavelength.value)
        (4.1, 369)
    """
    paper = sources()["paper"]
    chosen = host if paper.of_host(host, "cube") else "CsPbBr3"
    (reported,) = paper.of_host(chosen, "cube")
    law = next(one for one in laws_of(semiconductor_of(chosen)) if one.key == LITERATURE)
    seen = HC_EV_NM / reported.energy_ev
    sigma = seen * reported.energy_sigma_ev / reported.energy_ev
    wavelength = Estimate(value=seen, sigma=sigma, unit="nm", method=paper.short)
    predicted = predict(law, reported.edges_nm)
    if predicted is None:
        raise AssertionError("boxes speak of every cube")
    return Disagreement(
        host=chosen,
        reported=reported,
        edge=edge_from_wavelength(law, wavelength, shape="cube"),
        wavelength=predicted.wavelength,
    )
