"""Who sits on each site: a composition's ions given seats, by rule and by chance."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int, Shaped

from cinedot.particle.compounds import ION_NAMES, Acid, Compound
from cinedot.particle.coulomb import FillingEnergy, filling_energy
from cinedot.particle.cuboid import Cuboid, ion_counts
from cinedot.particle.plan import METAL_CHARGE, Composition, a_ions_on_faces
from cinedot.particle.room import bound_acids
from cinedot.particle.sites import Sites, lattice_sites
from cinedot.particle.vacancies import ByRule, Vacancies, empty_candidates

_EMPTIED_FIRST = {"corner": 0, "edge": 1, "face": 2}
_FACES = (-3, -2, -1, 1, 2, 3)
_HALIDES_GO_FROM = {"corner": 1, "edge": 2, "face": 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatedAcid:
    """One bound acid.

    Attributes:
        metal: the metal site that it binds; -1 for an acid at an empty corner A site.
        places: the sites that its donors take, one each [donor].
    """

    metal: int
    places: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filling:
    """Who sits on each site.

    Attributes:
        species: the ion's name, "" for nobody [site]; an acid stands on its first donor's place.
        acids: the bound acids.
    """

    species: Shaped[np.ndarray, " site"]
    acids: tuple[SeatedAcid, ...]


def own_species(cuboid: Cuboid) -> Shaped[np.ndarray, " site"]:
    """The host's own ion on each site [site]."""
    host, role = cuboid.host, lattice_sites(cuboid).role
    names = np.array([host.a_ion, host.b_ion, host.x_ion], dtype=ION_NAMES)
    return names[np.select([role == "a", role == "metal"], [0, 1], 2)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    """A filling in the making: `species` and `charge` are written to [site]."""

    cuboid: Cuboid
    sites: Sites
    compound: Compound
    plan: Composition
    vacancies: Vacancies
    rng: np.random.Generator
    species: Shaped[np.ndarray, " site"]
    charge: Float[np.ndarray, " site"]

    def empty(self, sites: Int[np.ndarray, " gone"]) -> None:
        self.species[sites] = ""
        self.charge[sites] = 0.0

    def a_sites(self, kind: str) -> Int[np.ndarray, " here"]:
        return np.flatnonzero((self.sites.role == "a") & (self.sites.kind == kind))


def fill(
    cuboid: Cuboid,
    compound: Compound,
    plan: Composition,
    vacancies: Vacancies,
    rng: np.random.Generator,
) -> Filling:
    """Give every ion of a composition its seat.

    Acids are dealt over the corner metals and take the places of terminal halides there; halides
    that are gone beyond that are missing beside the acids first, then from corner metals, edge
    metals, face metals. Acids for which no halide made room stay at empty corner A sites. Empty
    A sites follow `vacancies`; A ions and ammonium share the faces evenly.

    Args:
        cuboid: the dot.
        compound: its surface chemistry.
        plan: how many of each ion; it must have room (`require_room`).
        vacancies: how empty A sites are chosen.
        rng: chance.

    Example:
        >>> from cinedot.particle.compound_files import compound_named
        >>> from cinedot.particle.host import host_named
        >>> from cinedot.particle.plan import planned_composition
        >>> dot, compound = Cuboid.cube(4, host_named("CsPbBr3")), compound_named("mla-cs")
        >>> plan, rng = planned_composition(dot, compound), np.random.default_rng(0)
        >>> filling = fill(dot, compound, plan, ByRule(), rng)
        >>> len(filling.acids), int((filling.species == "OAMH+").sum())
        (8, 54)
    """
    sites = lattice_sites(cuboid)
    draft = _Draft(
        cuboid=cuboid,
        sites=sites,
        compound=compound,
        plan=plan,
        vacancies=vacancies,
        rng=rng,
        species=own_species(cuboid).copy(),
        charge=_own_charges(sites),
    )
    acids = () if compound.acid is None else _seat_acids(draft, compound.acid)
    if compound.ammonium is None:
        _empty_surface(draft)
    else:
        _seat_corners_and_edges(draft, compound.ammonium.ion)
        _seat_faces(draft, compound.ammonium.ion)
    if compound.acid is not None:
        draft.species[[acid.places[0] for acid in acids]] = compound.acid.ion
    return Filling(species=draft.species, acids=acids)


def _own_charges(sites: Sites) -> Float[np.ndarray, " site"]:
    is_a, is_metal = sites.role == "a", sites.role == "metal"
    return np.select([is_a, is_metal], [1.0, float(METAL_CHARGE)], -1.0)


def _seat_acids(draft: _Draft, acid: Acid) -> tuple[SeatedAcid, ...]:
    """Empty the halide sites that are gone, and say where each acid binds."""
    sites, rng, plan = draft.sites, draft.rng, draft.plan
    gone = int((sites.kind == "terminal").sum()) - plan.terminal
    metals = rng.permutation(
        np.flatnonzero((sites.role == "metal") & (sites.metal_kind == "corner"))
    )
    tripods = [_tripod(sites, int(metal), rng) for metal in metals]
    places = [
        (int(metal), tuple(tripod[turn : turn + acid.donors]))
        for turn in range(0, 4 - acid.donors, acid.donors)
        for metal, tripod in zip(metals, tripods, strict=True)
    ]
    bound = places[: bound_acids(ion_counts(draft.cuboid), acid, acids=plan.acids, gone=gone)]
    taken = [site for _, donors in bound for site in donors]
    beside = {site for tripod in tripods[: len(bound)] for site in tripod[: acid.halides_replaced]}
    draft.empty(np.array(taken + _missing(draft, taken, beside, gone - len(taken)), dtype=int))
    seats = [SeatedAcid(metal=metal, places=donors) for metal, donors in bound]
    loose = rng.permutation(draft.a_sites("corner"))[: plan.acids - len(seats)]
    draft.empty(loose)
    seats += [SeatedAcid(metal=-1, places=(int(site),)) for site in loose]
    for seat in seats:
        draft.charge[list(seat.places)] = -acid.charge / len(seat.places)
    return tuple(seats)


def _tripod(sites: Sites, metal: int, rng: np.random.Generator) -> list[int]:
    """One terminal halide of a corner metal along each axis, in an order left to chance."""
    halides = rng.permutation(np.flatnonzero(sites.metal == metal))
    axes = np.abs(sites.outward[halides]).argmax(axis=1)
    _, first = np.unique(axes, return_index=True)
    return rng.permutation(halides[first]).tolist()


def _missing(draft: _Draft, taken: list[int], beside: set[int], count: int) -> list[int]:
    """Which other terminal halides are gone: beside acids first, then by their metal."""
    if count <= 0:
        return []
    sites = draft.sites
    left = np.setdiff1d(np.flatnonzero(sites.kind == "terminal"), taken)
    rank = [
        0 if int(site) in beside else _HALIDES_GO_FROM[str(sites.metal_kind[site])] for site in left
    ]
    return left[np.lexsort((draft.rng.random(len(left)), np.array(rank)))][:count].tolist()


def _empty_surface(draft: _Draft) -> None:
    """Without ammonium: A ions alone, and any surface site may be empty."""
    on_surface = (draft.sites.role == "a") & (draft.sites.kind != "interior")
    # Those that an acid took have no A ion to lose.
    candidates = np.flatnonzero(on_surface & (draft.charge > 0))
    _leave_empty(draft, candidates, len(candidates) - draft.plan.a_surface)


def _seat_corners_and_edges(draft: _Draft, ammonium: str) -> None:
    own, plan = draft.cuboid.host.a_ion, draft.plan
    counts = {
        "corner": (plan.ammonium_corner, plan.a_corner),
        "edge": (plan.ammonium_edge, plan.a_edge),
    }
    for kind, (with_ammonium, with_own) in counts.items():
        here = draft.a_sites(kind)
        here = draft.rng.permutation(here[draft.charge[here] > 0])
        draft.species[here[:with_ammonium]] = ammonium
        draft.species[here[with_ammonium:][:with_own]] = own
        draft.empty(here[with_ammonium + with_own :])


def _seat_faces(draft: _Draft, ammonium: str) -> None:
    """Share A ions, ammonium and vacancies out over the faces."""
    plan, rng = draft.plan, draft.rng
    on_face = draft.a_sites("face")
    empties = len(on_face) - plan.a_face - plan.ammonium_face
    if not isinstance(draft.vacancies, ByRule):
        on_face = np.setdiff1d(on_face, _leave_empty(draft, on_face, empties))
    normal = draft.sites.outward[on_face] @ np.array([1, 2, 3])
    faces = [rng.permutation(on_face[normal == which]) for which in _FACES]
    kept = _kept_on_faces(draft, [len(face) for face in faces])
    free = [face[keep:] for face, keep in zip(faces, kept, strict=True)]
    seated = _shared(plan.ammonium_face, [len(face) for face in free], rng)
    for face, count in zip(free, seated, strict=True):
        draft.species[face[:count]] = ammonium
        draft.empty(face[count:])


def _kept_on_faces(draft: _Draft, room: list[int]) -> list[int]:
    """A ions a face: as the compound states them where they fit, else dealt by the room."""
    stated = a_ions_on_faces(draft.cuboid, draft.compound)
    fit = len(stated) == len(room) and all(np.less_equal(stated, room))
    if fit and sum(stated) == draft.plan.a_face:
        return stated
    return _shared(draft.plan.a_face, room, draft.rng)


def _shared(total: int, room: list[int], rng: np.random.Generator) -> list[int]:
    """`total` dealt out in proportion to the room on each face; what is left over by chance."""
    sites = max(1, sum(room))
    exact = np.array([total * seats / sites for seats in room])
    dealt = np.floor(exact + 1e-9).astype(int)
    order = np.lexsort((rng.random(len(room)), -(exact - dealt).round(9)))
    dealt[order[: total - dealt.sum()]] += 1
    return dealt.tolist()


def _leave_empty(
    draft: _Draft, candidates: Int[np.ndarray, " candidate"], empties: int
) -> Int[np.ndarray, " empty"]:
    """Empty so many of the candidate A sites, as the vacancies' rule says."""
    kinds = draft.sites.kind[candidates]
    chosen = empty_candidates(
        draft.vacancies,
        empties=empties,
        rank=np.array([_EMPTIED_FIRST[str(kind)] for kind in kinds], dtype=int),
        energy=lambda: _energy(draft, candidates),
        rng=draft.rng,
    )
    draft.empty(candidates[chosen])
    return candidates[chosen]


def _energy(draft: _Draft, candidates: Int[np.ndarray, " candidate"]) -> FillingEnergy:
    """Cations at the candidates in the field of all that is settled."""
    settled = np.setdiff1d(np.flatnonzero(draft.charge), candidates)
    places = draft.sites.abc * draft.cuboid.host.lattice_angstrom
    return filling_energy(places[candidates], places[settled], draft.charge[settled])
