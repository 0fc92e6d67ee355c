"""Rows about recipes: R90 to R112."""

from collections.abc import Iterable

from rows import AGREES, DERIVED, GAP, TENSION, Row, equal, row

from cinedot.recipe import SolvedRecipe, amount_for, reagent_named, shipped_recipe, solve_recipe


def recipes() -> Iterable[Row]:
    """R90 to R112."""
    first, second, third = (
        solve_recipe(shipped_recipe(name)) for name in ("mla-ma-qd4", "mla-cs-qd4", "oa-ma-qd4")
    )
    for name, sample, made, reagent, said, within in (
        ("R91", "1", first, "MABr", 1.0, 0.05), ("R92", "1", first, "MLA", 4.0, 0.05),
        ("R93", "1", first, "OAM", 1.5, 0.05), ("R97", "2", second, "CsBr", 1.0, 0.05),
        ("R98", "2", second, "MLA", 1.0, 0.05), ("R99", "2", second, "OAM", 2.3, 0.05),
        ("R101", "3", third, "OA", 15.0, 0.5), ("R102", "3", third, "OAM", 2.0, 0.05),
    ):  # fmt: skip
        amount = made.mixtures["stock"].amount(reagent)
        assert amount is not None
        assert amount.equivalents is not None
        yield row(
            name, f"{sample}: {reagent}, equivalents", f"{said:g}",
            f"{amount.equivalents:.3f} ({amount.moles_umol:.2f} umol)",
            equal(amount.equivalents, said, within),
        )  # fmt: skip
    for name, sample, made in (("R90", "1", first), ("R97", "2", second)):
        lead, solvent = (made.mixtures["stock"].amount(one) for one in ("PbBr2", "DMF"))
        assert lead is not None and lead.moles_umol and solvent is not None and solvent.volume_ml  # noqa: PT018
        found = lead.moles_umol / solvent.volume_ml
        yield row(
            name, f"{sample}: Pb in DMF, umol/mL", "40", f"{found:.2f}", equal(found, 40, 1.0)
        )
    bromine = first.stock.elements_umol["Br"] / first.stock.elements_umol["Pb"]
    yield row("R94", "1: Br per Pb", "3", f"{bromine:.3f}", equal(bromine, 3, 0.05))
    most = first.most
    assert most is not None
    yield row(
        "R95", "1: dilution; dots at most", "250 uL into 8 mL",
        f"{first.dilution():.0f} times; {most.moles_nmol:.0f} nmol", DERIVED,
    )  # fmt: skip
    yield row("R100", "2: time of reaction", "1 h in the text", "Methods give none", GAP)
    yield row(
        "R103", "3: Pb in the stock, mM", "40", f"{_lead_mm(third):.1f} once the oils are in",
        equal(_lead_mm(third), 40, 0.5),
    )  # fmt: skip
    yield row(
        "R104", "3: diluted as 1?", "compared with 1",
        f"{third.dilution():.0f} times against {first.dilution():.0f}: not at one concentration",
        TENSION,
    )  # fmt: skip
    lead_umol = 29.4 / _molar("PbBr2") * 1000
    amounts = ", ".join(
        f"{acid} {amount_for(acid, equivalents=0.5, of_umol=lead_umol)}"
        for acid in ("malic acid", "lactic acid", "succinic acid", "oleic acid")
    )
    yield row("R105", "acids for microcrystals, 0.5 equivalents", "no amounts", amounts, DERIVED)
    for sample, made in (("1", first), ("2", second), ("3", third)):
        ratio = made.protons_per_amine
        assert ratio is not None
        yield row(
            "R106", f"{sample}: the acid protonates the amine", "yes",
            f"{ratio:.2f} protons an amine", AGREES if ratio >= 1 else TENSION,
        )  # fmt: skip
    yield from _fishhook(solve_recipe(shipped_recipe("fishhook")))
    molar = 4.0 / _molar("malic acid") * 1000
    yield row("R112", "malic acid for storage", "4 mg/mL", f"{molar:.1f} mM", DERIVED)


def _molar(reagent: str) -> float:
    mass = reagent_named(reagent).molar_mass_g_per_mol
    assert mass is not None
    return mass


def _lead_mm(made: SolvedRecipe) -> float:
    lead = made.stock.amount("PbBr2")
    assert lead is not None
    assert lead.concentration_mm is not None
    return lead.concentration_mm


def _fishhook(hook: SolvedRecipe) -> Iterable[Row]:
    for name, reagent, said, within in (
        ("R107", "NHS triester", 10.0, 0.5),
        ("R108", "LiOH.H2O", 50, 5),
    ):
        amount = hook.mixtures["flask"].amount(reagent)
        assert amount is not None
        assert amount.equivalents is not None
        yield row(
            name, f"fishhook: {reagent}, equivalents", f"{said:g}", f"{amount.equivalents:.1f}",
            equal(amount.equivalents, said, within),
        )  # fmt: skip
    (named,) = hook.contradictions
    yield row(
        "R109", "fishhook isolated, mg", "9.2", f"{named.found:.2f} at most",
        equal(named.found, 9.2, 0.05),
    )  # fmt: skip
