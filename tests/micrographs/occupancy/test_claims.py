"""Claims: supported, contradicted or not testable, by what the sites show."""

import numpy as np
import pytest

from cinedot.micrographs.occupancy.claims import claims_of
from cinedot.micrographs.occupancy.presence import SiteEvidence, chance_present, detection_limit
from cinedot.particle import Cuboid, host_named, lattice_sites

SITES = lattice_sites(Cuboid.cube(4, host_named("CsPbBr3")))
EDGE = (SITES.role == "a") & (SITES.kind == "edge")


def evidence(occupancy, sigma):
    return SiteEvidence(
        occupancy=occupancy,
        sigma=sigma,
        sigma_model=np.full(len(SITES), 0.02),
        p_present=chance_present(occupancy, np.hypot(sigma, 0.02), np.full(len(SITES), 0.5)),
        expected=np.full(len(SITES), 0.5),
        limit=detection_limit(np.hypot(sigma, 0.02), len(SITES)),
    )


def claim(text, found):
    return next(one for one in claims_of(found, SITES) if one.text == text)


def test_edges_that_are_bare_where_they_can_be_seen():
    occupancy, sigma = np.ones(len(SITES)), np.full(len(SITES), 0.05)
    occupancy[EDGE] = 0.0
    hidden = np.flatnonzero(EDGE)[9:]
    sigma[hidden] = 2.0
    found = claim("no Cs on the edges", evidence(occupancy, sigma))
    assert found.verdict == "supported"
    assert (found.tested, found.sites) == (9, 36)
    # 1.645 times the mean's counting sigma and the model's own.
    assert found.limit == pytest.approx(1.645 * np.hypot(0.05 / 3, 0.02), rel=1e-6)
    assert "27 not testable" in found.detail
    assert claim("every Cs on the edges", evidence(occupancy, sigma)).verdict == "contradicted"


def test_one_ion_contradicts():
    occupancy, sigma = np.zeros(len(SITES)), np.full(len(SITES), 0.05)
    occupancy[np.flatnonzero(EDGE)[0]] = 1.0
    found = claim("no Cs on the edges", evidence(occupancy, sigma))
    assert found.verdict == "contradicted"
    assert found.detail.startswith("1 of 36")


def test_what_cannot_be_seen_is_not_tested():
    found = claim("no Cs on the edges", evidence(np.zeros(len(SITES)), np.full(len(SITES), 2.0)))
    assert (found.verdict, found.limit, found.tested) == ("not testable", None, 0)


def test_half_an_ion_leaves_it_open():
    occupancy = np.where(EDGE, 0.5, 1.0)
    found = claim("no Cs on the edges", evidence(occupancy, np.full(len(SITES), 0.1)))
    assert found.verdict == "not testable"
    assert found.tested == 36


def test_every_kind_of_surface_site_has_its_claims():
    texts = [one.text for one in claims_of(evidence(np.ones(429), np.full(429, 0.1)), SITES)]
    assert len(texts) == len(set(texts)) == 14
