"""`cinedot new`: a commented `sample.toml` to fill in."""

from importlib import resources
from pathlib import Path

from cinedot.core import InputError
from cinedot.core.files import written_whole


def write_starter(folder: Path) -> Path:
    """Write a commented `sample.toml` into a folder, which is made when missing.

    Args:
        folder: the sample folder.

    Returns:
        The path of the file.

    Raises:
        InputError: the folder holds one already, or cannot be written to.
    """
    file = folder / "sample.toml"
    if file.exists():
        raise InputError(
            "a new sample folder must not hold sample.toml yet, but this one does.",
            remedy="Edit that file, or choose another folder.",
            file=folder,
        )
    if folder.exists() and not folder.is_dir():
        raise InputError(
            "a sample folder must be a folder, but this is a file.",
            remedy="Choose another name.",
            file=folder,
        )
    name = folder.resolve().name.replace("\\", "").replace('"', "") or "sample"
    template = (resources.files("cinedot.dossier") / "templates" / "sample.toml").read_text("utf-8")
    with written_whole(file) as beside:
        beside.write_text(template.replace("SAMPLE-NAME", name), "utf-8")
    return file
