"""`cinedot new`: a commented `sample.toml` to fill in, or a sample that ships."""

from collections.abc import Mapping
from importlib import resources
from pathlib import Path

from cinedot.core import InputError
from cinedot.core.files import written_whole
from cinedot.core.nearest import did_you_mean

_PAPER: Mapping[str, tuple[str, str]] = {
    "paper-1": ("1", "mla-ma-qd4"),
    "paper-2": ("2", "mla-cs-qd4"),
    "paper-3": ("3", "oa-ma-qd4"),
}
"""A sample that ships: its folder in `data/paper`, and its recipe."""


def shipped_samples() -> tuple[str, ...]:
    """The samples that ship: what the paper reports of its compounds 1, 2 and 3.

    Example:
        >>> shipped_samples()
        ('paper-1', 'paper-2', 'paper-3')
    """
    return tuple(_PAPER)


def write_starter(folder: Path) -> Path:
    """Write a commented `sample.toml` into a folder, which is made when missing.

    Args:
        folder: the sample folder.

    Returns:
        The path of the file.

    Raises:
        InputError: the folder holds one already, or cannot be written to.
    """
    file = _free(folder, "sample.toml")
    name = folder.resolve().name.replace("\\", "").replace('"', "") or "sample"
    template = (resources.files("cinedot.dossier") / "templates" / "sample.toml").read_text("utf-8")
    with written_whole(file) as beside:
        beside.write_text(template.replace("SAMPLE-NAME", name), "utf-8")
    return file


def write_shipped_sample(folder: Path, name: str) -> Path:
    """Write a sample that ships, its recipe beside it, into a folder, which is made when missing.

    Args:
        folder: the sample folder.
        name: which, as `shipped_samples` lists them.

    Returns:
        The path of its `sample.toml`.

    Raises:
        InputError: an unknown name; the folder holds such files already, or cannot be written to.
    """
    if name not in _PAPER:
        raise InputError(
            f"`--from` must name a sample that ships, but is {name!r}.",
            remedy=f"{did_you_mean(name, _PAPER)}Those that ship are {', '.join(_PAPER)}.",
        )
    number, recipe = _PAPER[name]
    file, beside_it = _free(folder, "sample.toml"), _free(folder, "recipe.toml")
    sample = resources.files("cinedot.dossier") / "data" / "paper" / number / "sample.toml"
    made = resources.files("cinedot.recipe") / "data" / "recipes" / f"{recipe}.toml"
    for source, target in ((made, beside_it), (sample, file)):
        with written_whole(target) as beside:
            beside.write_text(source.read_text("utf-8"), "utf-8")
    return file


def _free(folder: Path, name: str) -> Path:
    """The path of a file that is to be written there."""
    file = folder / name
    if file.exists():
        raise InputError(
            f"a new sample folder must not hold {name} yet, but this one does.",
            remedy="Edit that file, or choose another folder.",
            file=folder,
        )
    if folder.exists() and not folder.is_dir():
        raise InputError(
            "a sample folder must be a folder, but this is a file.",
            remedy="Choose another name.",
            file=folder,
        )
    return file
