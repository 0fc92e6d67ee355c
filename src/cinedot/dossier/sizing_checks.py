"""Does the size that light tells agree with the size that images show? Asked of every law."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from cinedot.core import AnalysisError, Estimate, InputError
from cinedot.dossier.comparing import compare
from cinedot.dossier.findings import Check
from cinedot.spectroscopy.confinement import (
    NamedLaw,
    edge_from_wavelength,
    laws_of,
    semiconductor_of,
)
from cinedot.spectroscopy.confinement.shapes import cube_edges


def sizes_from_emission(
    found: Mapping[str, Estimate],
    reported: Mapping[str, Estimate],
    host: str,
    source: str | None,
) -> Iterable[Check]:
    """A check a law of cubes: the edge that it makes of the emission's peak, against images.

    The survey's mean edge is taken where there is one, since light comes from all dots, else that
    of the first movie's dot; numbers of `[reported]` where nothing was measured. A law that was
    fitted to the same recordings gives a `circular` check, whatever the numbers.

    Args:
        found: what the sections found, by quantity.
        reported: what `[reported]` states.
        host: what the dots are made of.
        source: whose recordings these are, as `[sample] source` says; None where nobody said.

    Example:
        >>> def given(value, sigma, unit):
        ...     return Estimate(value=value, sigma=sigma, unit=unit, method="given")
        >>> found = {"emission.peak": given(453.0, 0.2, "nm"),
        ...          "survey.mean_edge": given(2.45, 0.08, "nm")}
        >>> for check in sizes_from_emission(found, {}, "MAPbBr3", "ours, May 2026"):
        ...     if "n a" in check.name:
        ...         print(check.status, check.name)
        tension size from emission by box, infinite walls, parabolic bands, L = n a
        tension size from emission by box, infinite walls, non-parabolic bands, L = n a
        agree size from emission by box, finite walls fitted to n = 4 at 453 nm, L = n a
    """
    peak = _first(("emission.peak",), found, reported)
    size = _first(("survey.mean_edge", *_movies(found), "movie.edge_nm"), found, reported)
    if peak is None or size is None:
        return
    try:
        laws = laws_of(semiconductor_of(host))
    except InputError:  # a host without parameters, or none that is known here
        return
    for named in laws:
        if named.law.applies(cube_edges(1.0)):
            yield _check(named, peak, size, source)


def _movies(found: Mapping[str, Estimate]) -> tuple[str, ...]:
    return tuple(key for key in found if key.startswith("movie") and key.endswith(".edge_nm"))


def _first(
    keys: tuple[str, ...], found: Mapping[str, Estimate], reported: Mapping[str, Estimate]
) -> tuple[str, Estimate] | None:
    """The first of these quantities that is known, and what to call it."""
    for said, known in (("", found), (" (reported)", reported)):
        for key in keys:
            one = known.get(key)
            if one is not None and one.status == "ok" and not isinstance(one.value, str):
                return f"{key.rpartition('.')[0]}{said}", one
    return None


def _check(
    named: NamedLaw,
    peak: tuple[str, Estimate],
    size: tuple[str, Estimate],
    source: str | None,
) -> Check:
    name = f"size from emission by {named.name}"
    try:
        by_light = edge_from_wavelength(named, peak[1], shape="cube")
    except AnalysisError as fault:
        return told_by(Check(name=name, status="undecided", detail=str(fault)), named, source)
    lattice_nm = named.semiconductor.lattice_nm
    n = float(by_light.value) / lattice_nm
    check = compare(
        name,
        by_light,
        size[1],
        of=(f"{peak[0]} at {peak[1].text()} makes n = {n:.1f},", size[0]),
    )
    return told_by(check, named, source)


def told_by(check: Check, named: NamedLaw, source: str | None) -> Check:
    """The check, made `circular` where the law was fitted to the same recordings.

    Args:
        check: as its numbers have it.
        named: the law that it stands on.
        source: whose recordings these are; None where nobody said.
    """
    calibrated_on = named.calibrated_on
    if calibrated_on is None or not named.circular_for(source):
        return check
    who = (
        "these recordings"
        if source is not None
        else "these recordings, as far as anybody said (`source` in [sample] says whose they are)"
    )
    reason = f"The law was chosen or fitted to follow {calibrated_on.short}, and so {who}."
    return replace(check, status="circular", detail=f"{check.detail} {reason} It is no evidence.")
