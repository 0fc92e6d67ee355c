"""Do ions and ligands add up: charge balance, room on the surface, images, infrared, recipe?

Numbers are per 64 Pb, the metal of a cube of four, and come from the sections or, where nothing
was measured, from `[reported]`; every sentence says which.
"""

import math
from collections.abc import Iterable
from dataclasses import replace

from cinedot.core import Estimate
from cinedot.dossier.comparing import TENSION_SIGMA, compare
from cinedot.dossier.findings import Check
from cinedot.dossier.known import Answer, Known, cuboid_edges
from cinedot.particle import Compound, Cuboid, Host, planned_composition
from cinedot.particle.plan import METAL_CHARGE

PER_METALS = 64
PACKING_PER_NM2 = Estimate(
    value=1.35, sigma=0.15, unit="per nm2", method="Smock et al. 2018, 1.2 to 1.5"
)
"""Oleylammonium on CsPbBr3 (science.md R13); the range is taken as one standard deviation."""
CARBOXYLS = {"malate": 2, "oleate": 1}
"""What an acid's charge is at least once it is fully deprotonated."""
_ACIDS = {"malate": "MLA", "oleate": "OA"}


def ligand_checks(known: Known, host: Host, compounds: Iterable[Compound]) -> Iterable[Check]:
    """Every check of ions and ligands that the numbers allow.

    Args:
        known: what the sections found, and what was reported.
        host: what the dots are made of.
        compounds: what their surfaces may be.

    Example:
        >>> from cinedot.particle import compound_named, host_named
        >>> def said(value, sigma):
        ...     return Estimate(value=value, sigma=sigma, unit="", method="reported")
        >>> known = Known(found={}, reported={
        ...     "composition.Br": said(237, 6), "composition.Cs": said(58, 0.3),
        ...     "composition.MLA": said(9.6, 2), "composition.OAMH": said(54, 0.3)})
        >>> for check in ligand_checks(known, host_named("CsPbBr3"), [compound_named("mla-cs")]):
        ...     print(check.status, check.name)
        agree ammonium: charge balance, acid's charge 1, against what is stated
        undecided ammonium: charge balance, acid's charge 2, against what is stated
        tension ammonium: charge balance, acid's charge 3, against what is stated
    """
    allowed = tuple(compounds)
    yield from _balance(known, host)
    yield from _packing(known)
    yield from _deprotonation(known, host, allowed)
    yield from _images(known, host)
    yield from _enough(known)


def _balance(known: Known, host: Host) -> Iterable[Check]:
    """N_ammonium = N_X + z N_acid - 2 N_metal - N_A for each charge of the acid that there may be.

    Ammonium that the section found is this balance, and is not asked again.
    """
    ammonium = known.reported.get("composition.OAMH")
    halide = known.sure(f"composition.{host.x_ion}")
    a_ion = known.sure(f"composition.{host.a_ion}")
    acid = known.sure("composition.MLA")
    if ammonium is None or halide is None or a_ion is None or acid is None:
        return
    for charge in (1, 2, 3):
        terms = ((1, halide), (charge, acid), (-1, a_ion))
        value = sum(sign * float(one.estimate.value) for sign, one in terms)
        sigma = math.hypot(*(sign * (one.estimate.sigma or 0.0) for sign, one in terms))
        asked = Estimate(
            value=value - METAL_CHARGE * PER_METALS, sigma=sigma, unit="", method="neutrality"
        )
        yield compare(
            f"ammonium: charge balance, acid's charge {charge}, against what is stated",
            asked,
            ammonium,
            of=(
                f"{host.x_ion} {halide.estimate.text()} + {charge} × MLA {acid.estimate.text()} - "
                f"{METAL_CHARGE * PER_METALS} - {host.a_ion} {a_ion.estimate.text()} =",
                "reported",
            ),
        )


def _packing(known: Known) -> Iterable[Check]:
    """Ammonium on the six faces against what other dots' surfaces carry."""
    ammonium, edge = known.sure("composition.OAMH"), known.sure("survey.mean_edge")
    if ammonium is None or edge is None or not float(edge.estimate.value) > 0:
        return
    edge_nm, area_nm2 = float(edge.estimate.value), 6 * float(edge.estimate.value) ** 2
    value = float(ammonium.estimate.value) / area_nm2
    sigma = math.hypot(
        (ammonium.estimate.sigma or 0.0) / area_nm2,
        2 * value * (edge.estimate.sigma or 0.0) / edge_nm,
    )
    yield compare(
        "ammonium: density on the faces against the literature",
        Estimate(value=value, sigma=sigma, unit="per nm2", method="over six faces"),
        PACKING_PER_NM2,
        of=(
            f"{ammonium.origin} {ammonium.estimate.text()} on cubes of {edge.estimate.text()}:",
            "other dots of CsPbBr3 have",
        ),
    )


def _deprotonation(known: Known, host: Host, compounds: tuple[Compound, ...]) -> Iterable[Check]:
    """A compound whose ammonium is the stated one fixes its acid's charge; infrared tells another.

    Asked of the cube of four, of which the counts per 64 Pb are.
    """
    told = _text(known, "infrared.deprotonated")
    answer = known.sure("composition.OAMH")
    if told not in ("supported", "contradicted") or answer is None:
        return
    cube = Cuboid.cube(4, host)
    for compound in compounds:
        acid = compound.acid
        if acid is None or acid.ion not in CARBOXYLS or acid.smiles is not None:
            continue
        plan = planned_composition(cube, compound)
        sigma = answer.estimate.sigma or 0.0
        if abs(plan.ammonium - float(answer.estimate.value)) > max(0.5, 2 * sigma):
            continue
        whole = CARBOXYLS[acid.ion]
        fits = (acid.charge >= whole) == (told == "supported")
        other = planned_composition(
            cube, compound.with_acid_charge(whole if acid.charge < whole else 1)
        )
        detail = (
            f"{answer.origin} has {answer.estimate.text()} ammonium: that of {compound.name}, "
            f"whose {acid.ion} carries {acid.charge}. That it is fully deprotonated is {told} by "
            f"infrared, and needs {whole} or more"
        )
        detail += "." if fits else f"; with {other.acid_charge} it would be {other.ammonium}."
        yield Check(
            name=f"acid's charge: ammonium of {compound.name} against infrared",
            status="agree" if fits else "tension",
            detail=detail,
        )


def _text(known: Known, key: str) -> str | None:
    """A text that the sections found, else the reported one."""
    for source in (known.found, known.reported):
        one = source.get(key)
        if one is not None and isinstance(one.value, str):
            return one.value
    return None


def _images(known: Known, host: Host) -> Iterable[Check]:
    """Ions on their sites in a movie against EDX, both per 64 Pb."""
    for key, edges in known.found.items():
        movie, _, quantity = key.rpartition(".")
        if quantity != "edges" or not movie.startswith("movie"):
            continue
        cuboid = cuboid_edges(str(edges.value))
        if cuboid is None or edges.status != "ok":
            continue
        scale = PER_METALS / math.prod(cuboid)
        for seen, ion in (("halides", host.x_ion), ("a_ions", host.a_ion)):
            one, counted = known.found.get(f"{movie}.{seen}"), known.sure(f"composition.{ion}")
            if one is None or counted is None or isinstance(one.value, str):
                continue
            sigma = None if one.sigma is None else one.sigma * scale
            yield compare(
                f"{ion}: {movie} against composition",
                replace(one, value=float(one.value) * scale, sigma=sigma),
                counted.estimate,
                of=("sites of one dot that hold it, per 64 Pb,", counted.origin),
            )


def _enough(known: Known) -> Iterable[Check]:
    """Whether the recipe has the ligands that the composition needs, all per Pb."""
    yield from _enough_of(
        "ammonium: recipe against composition",
        known.sure("recipe.ammonium"),
        known.sure("composition.OAMH"),
        "ammonium",
    )
    acids = _added(known)
    if acids is not None:
        # A malic acid has two protons, an oleic one.
        yield from _enough_of(
            "acid: recipe against composition", known.sure("recipe.acid"), acids, "acid protons"
        )
    ratio = known.sure("recipe.protons_per_amine")
    if ratio is None:
        return
    value = float(ratio.estimate.value)
    bare = (
        "every amine can be ammonium."
        if value >= 1
        else f"at least {100 * (1 - value):.0f} % of the amine stays neutral; more acid, or "
        "less amine, mends it."
    )
    yield Check(
        name="protons: acid against amine in the recipe",
        status="agree" if value >= 1 else "tension",
        detail=f"The recipe has {value:.2f} acid protons per amine: {bare}",
    )


def _added(known: Known) -> Answer | None:
    """The acid's protons that its molecules on the dot had, per 64 Pb; None where not known."""
    protons = {"MLA": CARBOXYLS["malate"], "OA": CARBOXYLS["oleate"], "acid": 1}
    for key, each in protons.items():
        one = known.sure(f"composition.{key}")
        if one is not None:
            sigma = None if one.estimate.sigma is None else each * one.estimate.sigma
            value = each * float(one.estimate.value)
            return replace(one, estimate=replace(one.estimate, value=value, sigma=sigma))
    return None


def _enough_of(
    name: str, there: Answer | None, needed: Answer | None, what: str
) -> Iterable[Check]:
    if there is None or needed is None:
        return
    per_pb = replace(
        needed.estimate,
        value=float(needed.estimate.value) / PER_METALS,
        sigma=None if needed.estimate.sigma is None else needed.estimate.sigma / PER_METALS,
    )
    limit, asked = float(there.estimate.value), float(per_pb.value)
    if asked <= limit:
        status, said = (
            "agree",
            f"{limit / asked:.1f} times that." if asked > 0 else "none is needed.",
        )
    else:
        # What a recipe holds is known to its last digits; what is on the dots, to its sigma.
        short = (asked - limit) / per_pb.sigma if per_pb.sigma else math.inf
        status = "tension" if short > TENSION_SIGMA else "undecided"
        said = f"{short:.1f} standard deviations too few." if math.isfinite(short) else "too few."
    yield Check(
        name=name,
        status=status,
        detail=f"{needed.origin} has {per_pb.text()} {what} per Pb on the dots; the recipe has "
        f"{limit:.3g}: {said}",
    )
