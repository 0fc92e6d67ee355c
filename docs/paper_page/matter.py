"""Rows about structure, composition, size and purity: R1 to R34."""

import math
from collections.abc import Iterable

import numpy as np
from rows import AGREES, CIRCULAR, DERIVED, GAP, TENSION, Row, equal, judged, row

from cinedot.composition import commonest_mz, known_ion
from cinedot.growth import barrier_drop_kt, energy_ratio_for, size_for
from cinedot.particle import (
    Cuboid,
    bookkeeping,
    compound_named,
    host_named,
    ion_counts,
    lattice_sites,
    ligand_density_per_nm2,
    planned_composition,
)


def structure() -> Iterable[Row]:
    """R1 to R23."""
    cs, ma = host_named("CsPbBr3"), host_named("MAPbBr3")
    cube = Cuboid.cube(4, cs)
    counts = ion_counts(cube)
    bare = planned_composition(cube, compound_named("prototype"))
    two = planned_composition(cube, compound_named("mla-cs"))
    one = planned_composition(Cuboid.cube(4, ma), compound_named("mla-ma"))
    three = planned_composition(Cuboid.cube(4, ma), compound_named("oa-ma"))
    yield row("R1", "Pb in a dot", "64", f"{counts.metal}", equal(counts.metal, 64))
    said = f"Cs{bare.a_ions}Pb{bare.metals}Br{bare.halides}, charge {bare.charge}"
    neutral = bare.a_ions == 112 and bare.halides == 240 and bare.charge == 0
    yield row("R2", "bare dot", "Cs112Pb64Br240, neutral", said, AGREES if neutral else TENSION)
    yield row(
        "R3",
        "its Cs, central and surface",
        "27 and 85",
        f"{bare.a_interior} and {bare.a_surface}",
        equal(bare.a_interior, 27) if bare.a_surface == 85 else TENSION,
    )
    yield row(
        "R4", "its terminal Br", "96 of 240", f"{bare.terminal} of {bare.halides}",
        equal(bare.terminal, 96),
    )  # fmt: skip
    faces = bookkeeping(two)
    yield row(
        "R5",
        "2: Cs; on the surface; on a face",
        "58; 31; 5",
        f"58 - {bare.a_interior} = {58 - bare.a_interior}; {faces.a_face:.1f} on a face",
        equal(faces.a_face, 5, 0.5),
    )
    for name, sample, plan, lost, sigma in (
        ("R6", "2", two, 3, 6), ("R8", "1", one, 29, 6), ("R11", "3", three, 48, 6),
    ):  # fmt: skip
        model = bare.halides - plan.halides
        away = abs(model - lost) / sigma
        stated = f"{lost} ± {sigma}" if name != "R11" else f"as many as {lost}"
        yield row(
            name, f"{sample}: Br lost", stated, f"{model} in the model, {away:.1f} sigma away",
            CIRCULAR if name == "R11" else judged(lost, sigma, model),
        )  # fmt: skip
    for name, sample, plan, acids, sigma in (
        ("R7", "2", two, 9.6, 2.0), ("R9", "1", one, 9.0, 1.0), ("R10", "3", three, 8.0, 1.0),
    ):  # fmt: skip
        stated = f"{acids:g} ± {sigma:g}" if name != "R10" else "8"
        yield row(
            name, f"{sample}: acids", stated, f"{plan.acids}, one a corner",
            CIRCULAR if name == "R10" else judged(acids, sigma, plan.acids),
        )  # fmt: skip
    for sample, lost, meant in (("2", 3, "one"), ("1", 29, "three")):
        one_away, three_away = (abs(lost - 8 * each) / 6 for each in (1, 3))
        better = "one" if one_away < three_away else "three"
        yield row(
            "R14", f"{sample}: Br that each malate replaces", meant,
            f"one is {one_away:.1f} sigma away, three {three_away:.1f}",
            AGREES if better == meant else TENSION,
        )  # fmt: skip
    yield from _charges(cube, two.ammonium)
    density = ligand_density_per_nm2(two, (2.46, 2.46, 2.46))
    yield row(
        "R13", "2: ammonium per nm2", "1.5; elsewhere 1.2 to 1.5", f"{density:.2f} on 2.46 nm",
        equal(density, 1.5, 0.05),
    )  # fmt: skip
    yield row(
        "R15",
        "bare dot: Cs on an edge or a face of one view",
        "about five",
        f"{bookkeeping(bare).a_face_or_edge:.2f} over 12 edges and 6 faces; the grid has "
        f"{counts.a_edge} sites on edges, not 54",
        equal(bookkeeping(bare).a_face_or_edge, 5, 0.5),
    )
    charge = 58 + 2 * 64 - 240
    yield row("R16", "charge of Cs58Pb64Br240", "-54", f"{charge}", equal(charge, -54))
    sites = lattice_sites(cube)
    across = sites.abc[sites.element == "Br"]
    rows = {round(float(x - y), 2) for x, y, _ in across if abs((x - y) % 1 - 0.5) < 1e-6}
    yield row(
        "R17", "parallel rows of heavy atoms", "8",
        f"{len(rows)} of Br along [110]; which rows are meant, the text does not say",
        equal(len(rows), 8),
    )  # fmt: skip
    yield row(
        "R18",
        "Pb to Pb in the rhombic lattice, nm",
        "0.6 to 0.7",
        f"at most {cs.lattice_nm:.3f}: projection only shortens",
        TENSION if cs.lattice_nm < 0.6 else AGREES,
    )
    yield row(
        "R20",
        "malate, by infrared",
        "fully deprotonated: charge 2",
        "R12 needs charge 1",
        TENSION,
    )
    masses = [
        f"{known_ion(key).ion.formula} {commonest_mz(known_ion(key).ion):.4f}"
        for key in ("hydrogen_malate", "lead_malate", "lead_tribromide", "tetranuclear")
    ]
    yield row("R23", "negative ions seen, m/z", "named only", "; ".join(masses), DERIVED)


def _charges(cube: Cuboid, ammonium: int) -> Iterable[Row]:
    """What neutrality asks for, by charges of malate."""
    compound = compound_named("mla-cs")
    double = planned_composition(cube, compound.with_acid_charge(2)).ammonium
    by_edx = 237 + 9.6 - 2 * 64 - 58
    sigma = math.hypot(6.0, 2.0)
    yield row(
        "R12",
        "2: ammonium by neutrality",
        "54",
        f"{ammonium} for malate of charge 1, {double} for 2; by the EDX means "
        f"{by_edx:.1f} ± {sigma:.1f} for 1",
        equal(ammonium, 54),
    )


def sizes() -> Iterable[Row]:
    """R30 to R34."""
    cells = {name: host_named(name).lattice_nm for name in ("MAPbBr3", "CsPbBr3")}
    for sample, host, said in (
        ("1", "MAPbBr3", 2.49),
        ("2", "CsPbBr3", 2.46),
        ("3", "MAPbBr3", 2.59),
    ):
        n = said / cells[host]
        yield row(
            "R30", f"{sample}: mean size, nm", f"{said}",
            f"4 a = {4 * cells[host]:.3f}; {said} is n = {n:.2f}: nearest 4, outlines lie outside",
            equal(round(n), 4),
        )  # fmt: skip
    left = 1 - 0.71 - 0.24
    edge = cells["MAPbBr3"]
    outline = 2.49 - 4 * edge
    mean = 0.71 * 4 * edge + 0.24 * 5 * edge + left * 3 * edge + outline
    yield row(
        "R31", "3: QD4 and larger", "71 % and 24 %", f"{100 * left:.0f} % are unassigned", GAP
    )
    yield row(
        "R31", "3: its mean size from that, nm", "2.59",
        f"{mean:.2f} with larger as n = 5, the rest n = 3, outlines as of 1",
        judged(2.59, 0.1, mean),
    )  # fmt: skip
    covered = float(size_for(np.array([0.15]), most=100.0)[0])
    yield row(
        "R32",
        "green dots of 0.15 equivalents, nm",
        "10.6 ± 2",
        f"{covered * cells['CsPbBr3']:.1f}: so much ammonium covers n = {covered:.1f}",
        judged(10.6, 2.0, covered * cells["CsPbBr3"]),
    )
    yield row(
        "R33", "1.5 equivalents, nm", "about 2.5", f"{4 * edge:.2f} + outline {outline:.2f}",
        equal(4 * edge + outline, 2.5, 0.05),
    )  # fmt: skip
    drop, ratio = barrier_drop_kt(1e-9), energy_ratio_for(1e-9, barrier_kt=40.0)
    yield row(
        "R34",
        "from micrometres to nanometres, in volume",
        "1e-9 by a lower surface energy",
        f"the barrier must fall by {drop:.2f} kT: of 40 kT, the surface energy by "
        f"{100 * (1 - ratio):.0f} %",
        DERIVED,
    )
