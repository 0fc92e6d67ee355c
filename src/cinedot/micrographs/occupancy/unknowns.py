"""Which atoms may be there: one unknown for each ion of a site, one for what replaces it."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse
from jaxtyping import Bool, Float, Int

from cinedot.micrographs.pose.models import DotModel
from cinedot.particle import Sites, lattice_sites

_HEAD_SIGMA = 0.35
"""How far the share of a ligand's atom in an empty site differs from its average."""
_LEAST_SIGMA = 0.3
"""No site is surer than that before it is seen: what is known to be there then tells how far the
model can be trusted."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Unknowns:
    """Groups of atoms that come and go together, and what is expected of each.

    Attributes:
        model: the dot.
        site: the site of each group [group].
        own: whether it is the site's own ion, not a ligand's atom in its place [group].
        group: of each of the model's atoms, -1 for those that no dot of the compound has [atom].
        mean: share of dots that have it [group].
        precision: of the prior [group, group]: an ion's share and that of its replacement hang
            together.
        pull: precision times mean, with what replacements add [group].
    """

    model: DotModel
    site: Int[np.ndarray, " group"]
    own: Bool[np.ndarray, " group"]
    group: Int[np.ndarray, " atom"]
    mean: Float[np.ndarray, " group"]
    precision: Float[np.ndarray, "group group"]
    pull: Float[np.ndarray, " group"]

    def __len__(self) -> int:
        return len(self.site)

    @property
    def sites(self) -> Sites:
        """Of the model's cuboid."""
        return lattice_sites(self.model.cuboid)

    def atoms(self, share: Float[np.ndarray, " group"]) -> Float[np.ndarray, " atom"]:
        """The occupancy of each atom of the model from that of its group."""
        return np.where(self.group >= 0, share[np.maximum(self.group, 0)], 0.0)

    def gathered(self, of_atoms: Float[np.ndarray, "atom *rest"]) -> Float[np.ndarray, "g *rest"]:
        """Changes by each group from those by each atom."""
        kept = np.flatnonzero(self.group >= 0)
        ones = np.ones(len(kept), dtype=of_atoms.dtype)
        shape = (len(self), len(self.group))
        member = scipy.sparse.csr_array((ones, (self.group[kept], kept)), shape=shape)
        flat = member @ of_atoms.reshape(len(of_atoms), -1)
        return np.asarray(flat).reshape(len(self), *of_atoms.shape[1:])

    @property
    def always(self) -> Bool[np.ndarray, " group"]:
        """Ions that every dot of the compound has, with neighbours on all sides."""
        inner = np.all(self.sites.outward == 0, axis=1)
        return self.own & inner[self.site] & (self.mean > 0.999)

    @property
    def tested(self) -> Int[np.ndarray, " group"]:
        """The groups that may come and go: ions at the surface, the metal aside."""
        sites = self.sites
        outer = np.any(sites.outward != 0, axis=1) & (sites.role != "metal")
        return np.flatnonzero(self.own & outer[self.site])


def unknowns_of(model: DotModel) -> Unknowns:
    """The unknowns of a model: every site's own ion, and what its compound puts in its place.

    Example:
        >>> from cinedot.micrographs.pose.models import average_dot
        >>> from cinedot.particle import Cuboid, host_named
        >>> found = unknowns_of(average_dot(Cuboid.cube(2, host_named("CsPbBr3")), "prototype"))
        >>> len(found), int(found.own.sum())
        (71, 71)
    """
    host = np.asarray(model.atoms.arrays["host"]) == 1
    share = model.occupancy
    kept = host | (share > 0)
    labels = np.stack([model.site, ~host], axis=1)
    found, group = np.unique(labels[kept], axis=0, return_inverse=True)
    of_atom = np.full(len(share), -1)
    of_atom[kept] = group.reshape(-1)
    site, own = found[:, 0], found[:, 1] == 0
    mean = np.zeros(len(found))
    mean[of_atom[kept]] = share[kept]
    precision, pull = _prior(site, own, mean)
    return Unknowns(
        model=model,
        site=site,
        own=own,
        group=of_atom,
        mean=mean,
        precision=precision,
        pull=pull,
    )


def own_precision(mean: Float[np.ndarray, " group"]) -> Float[np.ndarray, " group"]:
    """Of an ion that is there or not, as a Gaussian: 1 / (p (1 - p)), but never surer than 0.3."""
    return 1 / np.maximum(mean * (1 - mean), _LEAST_SIGMA**2)


def _prior(
    site: Int[np.ndarray, " group"], own: Bool[np.ndarray, " group"], mean: Float[np.ndarray, " g"]
) -> tuple[Float[np.ndarray, "group group"], Float[np.ndarray, " group"]]:
    """Ions are there or not; where one is not, its replacement is, as often as on average."""
    precision = np.zeros((len(site), len(site)))
    pull = np.zeros(len(site))
    ion = {int(at): index for index, at in enumerate(site) if own[index]}
    for index, at in enumerate(site):
        if own[index]:
            weight = float(own_precision(mean[index : index + 1])[0])
            precision[index, index] += weight
            pull[index] += weight * mean[index]
            continue
        partner = ion[int(at)]
        usual = min(mean[index] / max(1 - mean[partner], 1e-6), 1.0)
        # (head - usual (1 - ion))^2 / (2 sigma^2)
        row = np.zeros(len(site))
        row[index], row[partner] = 1.0, usual
        precision += np.outer(row, row) / _HEAD_SIGMA**2
        pull += row * usual / _HEAD_SIGMA**2
    return precision, pull
