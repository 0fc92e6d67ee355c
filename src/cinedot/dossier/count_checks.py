"""Do counts of atoms agree on the size: images, poses, and halide per metal?"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from cinedot.core import Estimate
from cinedot.dossier.comparing import AGREE_SIGMA, TENSION_SIGMA, compare
from cinedot.dossier.findings import Check
from cinedot.dossier.known import Answer, Known, cuboid_edges
from cinedot.particle import Compound, Cuboid, Host, planned_composition
from cinedot.spectroscopy.confinement import sources

PER_METALS = 64
SIZES = range(2, 9)
"""Cubes that are asked, in Pb an edge: below, a dot is all surface; above, light is green."""


def size_checks(
    known: Known, host: Host, compounds: Iterable[Compound], source: str | None
) -> Iterable[Check]:
    """The survey's edge against each movie's n, and n against Br per Pb for every compound.

    Args:
        known: what the sections found, and what was reported.
        host: what the dots are made of, with its lattice constant.
        compounds: what their surfaces may be. The paper's were drawn up after its own EDX, and are
            no evidence there.
        source: whose recordings these are, as `[sample] source` says; None where nobody said.

    Example:
        >>> from cinedot.particle import compound_named, host_named
        >>> def said(value, sigma, unit=""):
        ...     return Estimate(value=value, sigma=sigma, unit=unit, method="reported")
        >>> known = Known(found={}, reported={
        ...     "composition.Br": said(211, 6), "survey.mean_edge": said(2.49, 0.1, "nm")})
        >>> asked = [compound_named(name) for name in ("prototype", "mla-ma")]
        >>> for check in size_checks(known, host_named("MAPbBr3"), asked, "ours, May 2026"):
        ...     print(check.status, check.name)
        tension size from Br per Pb against images, as prototype
        agree size from Br per Pb against images, as mla-ma
    """
    survey = known.sure("survey.mean_edge")
    dots = _dots(known)
    if survey is not None:
        by_survey = _in_cells(survey.estimate, host)
        for name, n in dots.items():
            yield compare(
                f"size in Pb atoms: survey against {name}",
                by_survey,
                n,
                of=(f"{survey.origin} {survey.estimate.text()} over {host.lattice_nm:g} nm:", name),
            )
    halide = known.sure(f"composition.{host.x_ion}")
    n = _n_of_images(survey, dots, host)
    if halide is not None and n is not None and halide.estimate.sigma:
        for compound in compounds:
            yield _drawn_up(_by_halide(halide, n, host, compound), compound, source)


def _drawn_up(check: Check, compound: Compound, source: str | None) -> Check:
    """The check, made `circular` where the compound's ligands were drawn up after these counts."""
    paper = sources()["paper"]
    if compound.acid is None or "the paper's compound" not in compound.source:
        return check
    if source is not None and not paper.is_called(source):
        return check
    whose = "these" if source is not None else "these, as far as anybody said"
    said = f"{compound.name} was drawn up after the counts of {paper.short}, and so {whose}."
    return replace(check, status="circular", detail=f"{check.detail} {said} It is no evidence.")


def purity_checks(known: Known) -> Iterable[Check]:
    """Number fractions that emission is reported to tell, against those of images.

    Fractions that a spectrum told here are asked by the section itself, which knows their bands.

    Args:
        known: what the sections found, and what was reported.

    Example:
        >>> def said(value):
        ...     return Estimate(value=value, sigma=0.03, unit="", method="reported")
        >>> known = Known(found={}, reported={
        ...     "emission.fraction_4": said(0.93), "survey.fraction_4": said(0.71)})
        >>> [(check.status, check.name) for check in purity_checks(known)]
        [('tension', 'number fraction of n = 4: reported of the emission against images')]
    """
    for n in range(1, 10):
        key, light = f"emission.fraction_{n}", known.reported.get(f"emission.fraction_{n}")
        counted = known.sure(f"survey.fraction_{n}")
        if light is None or counted is None or key in known.found:
            continue
        yield compare(
            f"number fraction of n = {n}: reported of the emission against images",
            light,
            counted.estimate,
            of=("emission (reported)", f"survey {counted.origin}"),
        )


def _in_cells(edge: Estimate, host: Host) -> Estimate:
    sigma = None if edge.sigma is None else edge.sigma / host.lattice_nm
    return replace(edge, value=float(edge.value) / host.lattice_nm, sigma=sigma, unit="")


def _dots(known: Known) -> dict[str, Estimate]:
    """The mean edge in Pb atoms of every movie's dot, whole where a pose told it."""
    found = {
        key.rpartition(".")[0]: _told(known.found, key.rpartition(".")[0])
        for key in known.found
        if key.startswith("movie") and key.endswith((".edges", ".edge"))
    }
    told = {name: one for name, one in found.items() if one is not None}
    stated = known.reported.get("movie.edge")
    if not told and stated is not None:
        told["movie (reported)"] = stated
    return told


def _told(found: Mapping[str, Estimate], movie: str) -> Estimate | None:
    edges = found.get(f"{movie}.edges")
    if edges is not None:
        cuboid = cuboid_edges(str(edges.value))
        if cuboid is None or edges.status != "ok":
            return None
        return Estimate(value=sum(cuboid) / 3, sigma=0.0, unit="", method="pose")
    edge = found.get(f"{movie}.edge")
    return None if edge is None or edge.status != "ok" else edge


def _n_of_images(
    survey: Answer | None, dots: Mapping[str, Estimate], host: Host
) -> tuple[int, str] | None:
    """The whole n nearest to what images have, and which; EDX sees all dots, as a survey does."""
    if survey is not None:
        return round(float(_in_cells(survey.estimate, host).value)), f"survey {survey.origin}"
    for name, one in dots.items():
        return round(float(one.value)), name
    return None


def _by_halide(halide: Answer, seen: tuple[int, str], host: Host, compound: Compound) -> Check:
    """Halides per 64 Pb against those of each n: 3 (n + 1)/n a Pb, less what ligands replace."""
    value, sigma = float(halide.estimate.value), halide.estimate.sigma or 0.0
    n, who = seen
    expected: dict[int, float] = {}
    for size in sorted({*SIZES, max(n, 1)}):
        plan = planned_composition(Cuboid.cube(size, host), compound)
        expected[size] = PER_METALS * plan.halides / plan.metals
    away = {size: abs(value - one) / sigma for size, one in expected.items()}
    fitting = [size for size, one in away.items() if one < AGREE_SIGMA]
    distance = away[max(n, 1)]
    status = "agree" if distance < AGREE_SIGMA else "undecided"
    status = "tension" if distance > TENSION_SIGMA else status
    fits = ", ".join(str(size) for size in fitting) or "no size asked"
    said = (
        f"{halide.origin} {host.x_ion} {halide.estimate.text()} per 64 Pb; n = {n} ({who}) of "
        f"{compound.name} has {expected[max(n, 1)]:.0f}: {distance:.1f} standard deviations "
        f"apart. Within {AGREE_SIGMA:g}: n = {fits}."
    )
    if status == "agree" and set(SIZES) <= set(fitting):
        said += " Every size fits, so this tells none."
        status = "undecided"
    return Check(
        name=f"size from {host.x_ion} per {host.b_ion} against images, as {compound.name}",
        status=status,
        detail=said,
    )
