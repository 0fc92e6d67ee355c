"""Section `recipe`: what was mixed, what in it disagrees, and what light it should give."""

from dataclasses import replace
from pathlib import Path

from cinedot.core import Estimate, InputError, Progress
from cinedot.dossier.comparing import compare
from cinedot.dossier.findings import Check, Findings, Task, Work
from cinedot.dossier.folder import find_file
from cinedot.dossier.known import Known
from cinedot.dossier.manifest import RecipeSection, SampleFolder
from cinedot.growth import ExpectedLight, expected_light
from cinedot.recipe import SolvedRecipe, read_recipe, solve_recipe


def tasks(sample: SampleFolder) -> tuple[Task, ...]:
    """The task of `[recipe]`, if the manifest has it."""
    section = sample.manifest.recipe
    if section is None:
        return ()
    return (Task(name="recipe", prepare=lambda: _prepare(sample, section)),)


def _prepare(sample: SampleFolder, section: RecipeSection) -> Work:
    path = find_file(sample, section.file, key="[recipe] file")
    try:
        made = solve_recipe(read_recipe(path))
    except InputError as fault:
        raise fault.within(file=path) from fault
    source = sample.manifest.sample.source
    return lambda progress: _analyse(made, path, source, progress)


def _analyse(made: SolvedRecipe, path: Path, source: str | None, progress: Progress) -> Findings:
    (light,) = (
        expected_light(one)
        for one in progress.track([made], description="recipe: deriving", total=1)
    )
    remarks = list(made.remarks)
    if isinstance(light, str):
        remarks.append(f"{light[0].upper()}{light[1:]}")
    else:
        remarks += light.lines()
    findings = Findings(
        results=_results(made, light),
        remarks=tuple(remarks),
        facts=_facts(made, path),
        inputs=(path,),
    )
    if isinstance(light, str):
        return findings
    return replace(
        findings, completed=lambda known: replace(findings, checks=_checks(light, known, source))
    )


def _results(made: SolvedRecipe, light: ExpectedLight | str) -> dict[str, Estimate]:
    stock = made.stock
    lead = stock.elements_umol.get("Pb", 0.0)
    found: dict[str, Estimate] = {}

    def note(key: str, value: float | None, unit: str, method: str) -> None:
        if value is not None:
            found[key] = Estimate(value=float(value), sigma=None, unit=unit, method=method)

    if lead > 0 and stock.volume_ml > 0:
        note("lead", lead / stock.volume_ml, "mM", "by what is measured out")
        dilution = made.dilution()
        note("dilution", dilution, "", "volume after over volume before")
        if dilution is not None:
            note("lead_diluted", lead / stock.volume_ml / dilution, "mM", "stock over dilution")
        note("amine", stock.amines_umol / lead, "", "amine groups over Pb")
        note("acid", stock.acid_protons_umol / lead, "", "protons of acids over Pb")
    note("protons_per_amine", made.protons_per_amine, "", "protons of acids over amine groups")
    if made.most is not None:
        note("most_moles", made.most.moles_nmol, "nmol", "if everything became product")
        note("most_mass", made.most.mass_mg, "mg", "if everything became product")
    note("contradictions", float(len(made.contradictions)), "", "last digits as stated")
    if not isinstance(light, str):
        note("ammonium", light.ammonium, "", "the lesser of amines and protons, over Pb")
        found |= {"peak": light.peak, "fwhm": light.fwhm, "quantum_yield": light.quantum_yield}
    return found


def _facts(made: SolvedRecipe, path: Path) -> dict[str, str]:
    facts = {"file": path.name, "recipe": made.recipe.name}
    if made.recipe.source:
        facts["from"] = made.recipe.source
    for name, solved in made.mixtures.items():
        parts = (one.line.name for one in solved.amounts)
        facts[name] = f"{solved.volume_ml:.4g} mL: {', '.join(parts)}"
    return facts


def _checks(light: ExpectedLight, known: Known, source: str | None) -> tuple[Check, ...]:
    """The light to expect against the light found; no evidence for who measured the colours."""
    from cinedot.spectroscopy.confinement import sources

    answer = known.number("emission.peak")
    if answer is None:
        return ()
    checked = compare(
        "peak: recipe against emission", light.peak, answer.estimate, of=("recipe", answer.origin)
    )
    if source is None or sources()["paper"].is_called(source):
        said = f"{checked.detail} The recipe's light has the paper's own colours."
        return (Check(name=checked.name, status="circular", detail=said),)
    return (checked,)
