"""Laws side by side as text for a reader and as JSON for a program."""

import json
import math
from typing import Any

from cinedot.core import Estimate
from cinedot.spectroscopy.confinement.comparison import Comparison, LawRow
from cinedot.spectroscopy.confinement.semiconductors import Semiconductor

_MARK = "*"


def comparison_text(found: Comparison) -> str:
    """The tables that `cinedot predict` prints, and what a reader must know beside them."""
    parts = [_material(found.request.semiconductor)]
    if found.request.shapes:
        parts.append(_light(found))
    if found.request.wavelength is not None:
        parts.append(_sizes(found))
    parts.append(_remarks(found))
    return "\n\n".join(parts)


def _material(one: Semiconductor) -> str:
    return (
        f"{one.host}, set {one.key}: gap {one.gap_ev:g} ± {one.gap_sigma_ev:g} eV ({one.gap_at}), "
        f"reduced mass {one.reduced_mass:g} ± {one.reduced_mass_sigma:g}, permittivity "
        f"{one.permittivity:g} ± {one.permittivity_sigma:g}, a = {one.lattice_nm:g} nm\n"
        f"from {one.source} ({one.evidence})"
    )


def _light(found: Comparison) -> str:
    shapes = found.request.shapes
    heading = ["emission (nm)", *(shape.name for shape in shapes)]
    lengths = ["", *(_length(shape.edges_nm) for shape in shapes)]
    rows = [
        [_name(row), *("-" if one is None else _cell(one.wavelength) for one in row.predictions)]
        for row in found.rows
    ]
    return _table([heading, lengths, *rows])


def _sizes(found: Comparison) -> str:
    wavelength = found.request.wavelength
    assert wavelength is not None
    a = found.request.semiconductor.lattice_nm
    heading = [f"size for {wavelength.text()}", "cube's edge (nm)", "n", "platelet (nm)", "layers"]
    rows = [[_name(row), *_size(row.cube, a), *_size(row.platelet, a)] for row in found.rows]
    return _table([heading, *rows])


def _size(one: Estimate | None, lattice_nm: float) -> tuple[str, str]:
    if one is None:
        return "-", "-"
    value, sigma = float(one.value), one.sigma or 0.0
    return f"{value:.2f} ± {sigma:.2f}", f"{value / lattice_nm:.1f} ± {sigma / lattice_nm:.1f}"


def _name(row: LawRow) -> str:
    return f"{row.named.name} {_MARK if row.named.calibrated_on else ''}".rstrip()


def _cell(one: Estimate) -> str:
    return f"{float(one.value):.1f} ± {one.sigma or 0.0:.1f}"


def _length(edges_nm: tuple[float, float, float]) -> str:
    finite = [f"{edge:.2f}" for edge in edges_nm if math.isfinite(edge)]
    return f"{' x '.join(finite if len(set(finite)) > 1 else finite[:1])} nm"


def _table(rows: list[list[str]]) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "  ".join(
            [
                row[0].ljust(widths[0]),
                *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True)),
            ]
        )
        for row in rows
    ]
    return "\n".join(line.rstrip() for line in lines)


def _remarks(found: Comparison) -> str:
    lines = [
        "No law here is the default. ± is what gap, mass, permittivity and fitted sizes leave "
        "open; how far a law is wrong is the distance between laws."
    ]
    fitted = [row.named for row in found.rows if row.named.calibrated_on]
    if fitted:
        lines.append(f"{_MARK} no evidence for or against the data that it follows:")
        lines += [
            f"  {one.name}: {one.calibrated_on.short}; {one.stands_on}"
            for one in fitted
            if one.calibrated_on is not None
        ]
    own = found.request.semiconductor
    for row in found.rows:
        other = row.named.semiconductor
        if other.gap_ev != own.gap_ev:
            lines.append(f"  {row.named.name}: with the gap at {other.gap_at}, {other.gap_ev:g} eV")
    lines += [f"  {message}" for row in found.rows for message in row.messages]
    return "\n".join([*lines, "", found.disagreement.text()])


def comparison_json(found: Comparison) -> str:
    """The same as JSON: `laws`, each with its parameters, `calibrated_on` and `predictions`."""
    content: dict[str, Any] = {
        "host": found.request.semiconductor.host,
        "laws": [_law(row, found) for row in found.rows],
        "disagreement": {
            "host": found.disagreement.host,
            "reported": found.disagreement.reported.words,
            "literature_edge": found.disagreement.edge.json(),
            "literature_wavelength": found.disagreement.wavelength.json(),
            "text": found.disagreement.text(),
        },
    }
    if found.request.wavelength is not None:
        content["wavelength"] = found.request.wavelength.json()
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)


def _law(row: LawRow, found: Comparison) -> dict[str, Any]:
    named = row.named
    answer: dict[str, Any] = {
        "key": named.key,
        "name": named.name,
        "calibrated_on": named.calibrated_on.title if named.calibrated_on else None,
        "stands_on": named.stands_on,
        "parameters": _parameters(named.semiconductor),
        "predictions": [
            {
                "shape": shape.name,
                "edges": [int(n) if math.isfinite(n) else None for n in shape.pb],
                "edges_nm": [
                    round(one, 6) if math.isfinite(one) else None for one in shape.edges_nm
                ],
                "wavelength_nm": None if one is None else one.wavelength.value,
                "wavelength_sigma_nm": None if one is None else one.wavelength.sigma,
                "energy_ev": None if one is None else one.energy.value,
                "energy_sigma_ev": None if one is None else one.energy.sigma,
            }
            for shape, one in zip(found.request.shapes, row.predictions, strict=True)
        ],
        "messages": list(row.messages),
    }
    if found.request.wavelength is not None:
        a = named.semiconductor.lattice_nm
        answer["cube"] = _inverse_json(row.cube, a)
        answer["platelet"] = _inverse_json(row.platelet, a)
    return answer


def _inverse_json(one: Estimate | None, lattice_nm: float) -> dict[str, float | None] | None:
    if one is None:
        return None
    value, sigma = float(one.value), one.sigma or 0.0
    return {
        "edge_nm": value,
        "edge_sigma_nm": sigma,
        "n": value / lattice_nm,
        "n_sigma": sigma / lattice_nm,
    }


def _parameters(one: Semiconductor) -> dict[str, Any]:
    return {
        "set": one.key,
        "gap_ev": one.gap_ev,
        "gap_sigma_ev": one.gap_sigma_ev,
        "gap_at": one.gap_at,
        "reduced_mass": one.reduced_mass,
        "reduced_mass_sigma": one.reduced_mass_sigma,
        "permittivity": one.permittivity,
        "permittivity_sigma": one.permittivity_sigma,
        "lattice_nm": one.lattice_nm,
        "source": one.source,
        "evidence": one.evidence,
    }
