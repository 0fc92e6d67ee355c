"""Which lattice a sample has: its host's, a material's own, or one known by its name."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from cinedot.dossier.manifest import Manifest
from cinedot.dossier.sections.models import host_with_lattice
from cinedot.micrographs import Lattice, Miller


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A lattice to index by.

    Attributes:
        lattice: the crystal's.
        zone: the direction that it is usually seen along, [uvw]; None where there is none.
        said_by: where the numbers come from, for the reader.
    """

    lattice: Lattice
    zone: Miller | None
    said_by: str


def known_lattice(manifest: Manifest) -> Known | None:
    """The lattice to index fringes by; None where neither host nor material tells one.

    A host's is cubic, with `lattice` in place of its own constant. A material's is `cell` with
    `cell_angles`, or cubic by `lattice`, or the one known under its name, whose shape also holds
    where `lattice` gives its a.

    Example:
        >>> sample = {"name": "layers", "material": "MoS2"}
        >>> known = known_lattice(Manifest.model_validate({"sample": sample}))
        >>> known.lattice.c_nm, known.zone
        (1.2295, (0, 0, 1))
    """
    sample = manifest.sample
    if sample.host is not None:
        host = host_with_lattice(manifest)
        said_by = host.source if sample.lattice_nm is None else "sample.toml"
        return Known(lattice=Lattice.of_host(host), zone=None, said_by=said_by)
    name = sample.material or "material"
    if sample.cell_nm is not None:
        a, b, c = sample.cell_nm
        alpha, beta, gamma = sample.cell_angles_deg
        own = Lattice(
            name=name, a_nm=a, b_nm=b, c_nm=c, alpha_deg=alpha, beta_deg=beta, gamma_deg=gamma
        )
        return Known(lattice=own, zone=_usual_zone(name), said_by="sample.toml")
    stored = materials().get(name)
    if stored is not None:
        return _stored(name, stored, sample.lattice_nm)
    if sample.lattice_nm is not None:
        cubic = Lattice.cubic(name, sample.lattice_nm)
        return Known(lattice=cubic, zone=None, said_by="sample.toml, taken as cubic")
    return None


@cache
def materials() -> dict[str, dict[str, Any]]:
    """Materials whose lattice is known here, by name.

    Example:
        >>> materials()["SrTiO3"]["cell"][0]
        0.3905
    """
    file = resources.files("cinedot.dossier") / "schemas" / "materials.toml"
    return tomllib.loads(file.read_text("utf-8"))


def _usual_zone(name: str) -> Miller | None:
    zone = materials().get(name, {}).get("zone")
    return None if zone is None else (zone[0], zone[1], zone[2])


def _stored(name: str, stored: dict[str, Any], a_nm: float | None) -> Known:
    a, b, c = stored["cell"]
    alpha, beta, gamma = stored.get("angles", (90.0, 90.0, 90.0))
    if a_nm is not None:
        b, c = (a_nm if edge == a else edge for edge in (b, c))
    lattice = Lattice(
        name=name, a_nm=a_nm or a, b_nm=b, c_nm=c, alpha_deg=alpha, beta_deg=beta,
        gamma_deg=gamma, centring=stored.get("centring", "P"), source=stored["source"],
    )  # fmt: skip
    source = stored["source"]
    if stored["evidence"] == "remembered":
        source += ", as remembered"
    said_by = source if a_nm is None else f"a from sample.toml; {source}"
    return Known(lattice=lattice, zone=_usual_zone(name), said_by=said_by)
