"""Make docs/paper.md (`uv run python docs/paper_page`): the paper beside cinedot's numbers.

Every number in the column "cinedot computes" is computed here; a test holds the page to it.
"""

import tempfile
from collections.abc import Iterable
from pathlib import Path

from bench import recipes
from light import light
from matter import sizes, structure
from microscope import microscope
from rows import TENSION, Row

from cinedot.dossier.analysis import Dossier, analyze
from cinedot.dossier.starter import write_shipped_sample

PAGE = Path(__file__).parents[1] / "paper.md"


SAMPLES = ("1", "2", "3")


HEAD = """# The paper, row by row

What the paper says beside what cinedot computes. The paper is "Precision synthesis and atomistic
analysis of deep blue cubic quantum dots made via self-organization" (Chevalier et al.); its samples
are 1 (MLA·MA·QD4), 2 (MLA·Cs·QD4) and 3 (OA·MA·QD4).

This page is made by `uv run python docs/paper_page`, and a test fails when that makes another.

- *agrees*: within 2 standard deviations, or within what the last digit that is printed leaves open
- *tension*: beyond 3, or two statements that cannot both hold; a law's sigma is that of its
  parameters, not of the law
- *undecided*: between 2 and 3, or nothing that decides
- *circular*: cinedot's law or model has a number that was chosen to follow this very one, so that
  agreement is no evidence
- *derived*: follows from what the paper says; nothing in the paper checks it
- *gap*: the paper does not say

The samples ship, with the paper's numbers under `[reported]` and its recipes:

```
cinedot new one --from paper-1        # paper-2, paper-3
cinedot analyze one
```

"""


NOT_COMPUTED = """## What is not computed

R22 (that the intermediate forms), R61 (dichroism) and R77 have no number in the text; R21, R53,
R72, R74, R79, R81, R110, R111 and R113 to R116 are settings and procedures: those of recipes stand,
step by step, in `cinedot recipe NAME`. What the paper leaves to its supplement was not at hand.
"""


PARTS = (
    ("Structure and composition", structure),
    ("Size and purity", sizes),
    ("Light", light),
    ("Electron microscopy", microscope),
    ("Recipes", recipes),
)


def dossiers(folder: Path) -> Iterable[Dossier]:
    """What cinedot makes of the three samples as they ship."""
    for number in SAMPLES:
        sample = folder / number
        write_shipped_sample(sample, f"paper-{number}")
        yield analyze(sample, use_lab=False)


def _checks(dossier: Dossier) -> Iterable[str]:
    yield "| question | answer | numbers |\n|---|---|---|\n"
    for check in dossier.checks:
        if "nothing here measures it" not in check.detail:
            status = TENSION if check.status == "tension" else check.status
            yield f"| {check.name} | {status} | {check.detail} |\n"


def _table(rows: Iterable[Row]) -> Iterable[str]:
    yield "| row | what | the paper says | cinedot computes | verdict |\n|---|---|---|---|---|\n"
    for one in rows:
        yield f"| {one.name} | {one.claim} | {one.says} | {one.computes} | {one.verdict} |\n"
    yield "\n"


def page() -> str:
    """The whole page."""
    text = [HEAD]
    for title, rows in PARTS:
        text += [f"## {title}\n\n", *_table(rows())]
    text += [NOT_COMPUTED, "\n"]
    with tempfile.TemporaryDirectory() as folder:
        for number, dossier in zip(SAMPLES, dossiers(Path(folder)), strict=True):
            text += [f"## Checks of sample {number}\n\n", *_checks(dossier), "\n"]
    return "".join(text).rstrip() + "\n"


def main() -> None:
    """Write docs/paper.md."""
    PAGE.write_text(page(), "utf-8")


if __name__ == "__main__":
    main()
