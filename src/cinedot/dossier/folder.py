"""From a folder on disk to a checked manifest and the files it names."""

import difflib
import os
import shlex
import tomllib
from pathlib import Path
from typing import Any, cast

from pydantic import ValidationError

from cinedot.core import InputError
from cinedot.core.files import utf8_text
from cinedot.dossier.complaints import explained
from cinedot.dossier.manifest import Manifest, SampleFolder
from cinedot.dossier.quantities import reported_estimate
from cinedot.particle import Compound, Cuboid, compound_named, host_named, read_compound
from cinedot.particle.plan import require_host

LONGEST_NAME = 255
"""The longest file name, in characters, that file systems take."""


def open_folder(folder: Path, *, allow_outside: bool = False, use_lab: bool = True) -> SampleFolder:
    """Read and check `sample.toml` with the defaults of the nearest `lab.toml` above it.

    Args:
        folder: the sample folder.
        allow_outside: let paths in the manifest leave the folder.
        use_lab: take defaults from `lab.toml`.

    Raises:
        InputError: no folder, no `sample.toml`, broken TOML, an unknown key or unit.
    """
    if folder.is_file():
        raise InputError(
            "a sample must be given as its folder, but this is a file.",
            remedy=f"Try `cinedot analyze {shlex.quote(str(folder.parent))}`.",
            file=folder,
        )
    if not folder.is_dir():
        raise InputError(
            "a sample folder must exist here, but there is none.",
            remedy=f"Make one with `cinedot new {shlex.quote(str(folder))}`.",
            file=folder,
        )
    file = folder / "sample.toml"
    if not file.is_file():
        raise InputError(
            "a sample folder must hold sample.toml, but this one does not.",
            remedy=f"Write one with `cinedot new {shlex.quote(str(folder))}` and fill it in.",
            file=folder,
        )
    own = read_toml(file)
    lab_file, defaults = _lab_defaults(folder) if use_lab else (file, {})
    try:
        manifest = Manifest.model_validate(tuples_for_lists(_with_defaults(own, defaults)))
    except ValidationError as fault:
        # A misspelt key leaves its right spelling missing: the misspelling is the cause.
        complaints = sorted(fault.errors(), key=lambda one: one["type"] != "extra_forbidden")
        blamed = lab_file if _from_lab(own, defaults, complaints[0]["loc"]) else file
        raise explained(complaints[0], blamed) from fault
    sample = SampleFolder(folder=folder, manifest=manifest, allow_outside=allow_outside)
    _check_words(sample, manifest, file)
    named_here = "compounds" in cast("dict[str, Any]", own.get("model", {}))
    _check_compounds(sample, manifest, file if named_here else lab_file, all_fit=named_here)
    return sample


def _check_words(sample: SampleFolder, manifest: Manifest, file: Path) -> None:
    """Names whose meaning other rooms know: host, compounds, reported quantities."""
    place = "[sample] host"
    try:
        if manifest.sample.host is not None:
            host_named(manifest.sample.host)
        place = "[model] compounds"
        for name in manifest.model.compounds or ():
            named_compound(sample, name)
        place = "[reported]"
        for key, number in manifest.reported.items():
            reported_estimate(key, number)
    except InputError as fault:
        raise fault.within(file=file, place=place) from fault


def named_compound(sample: SampleFolder, name: str) -> Compound:
    """The compound that `[model] compounds` names: a known one, or a file's.

    Raises:
        InputError: neither is there, or the file is no compound.
    """
    if name.endswith(".toml"):
        return read_compound(find_file(sample, name, key="[model] compounds"))
    return compound_named(name)


def _check_compounds(
    sample: SampleFolder, manifest: Manifest, file: Path, *, all_fit: bool
) -> None:
    """Refuse compounds that the host cannot have; of a laboratory's defaults some may."""
    names = manifest.model.compounds
    if manifest.sample.host is None or not names:
        return
    any_size = Cuboid.cube(4, host_named(manifest.sample.host))
    faults: list[InputError] = []
    for name in names:
        try:
            require_host(any_size, named_compound(sample, name))
        except InputError as fault:
            faults.append(fault)
    if faults and (all_fit or len(faults) == len(names)):
        raise faults[0].within(file=file, place="[model] compounds") from faults[0]


def find_file(sample: SampleFolder, name: str, *, key: str) -> Path:
    """The one file that a key of the manifest names.

    Args:
        sample: the folder.
        name: the path as the manifest writes it.
        key: where it stands, as in "[emission] file".

    Raises:
        InputError: it is missing, or it lies outside the folder without leave.
    """
    path = sample.folder / name
    if not name or "\0" in name or len(Path(name).name) > LONGEST_NAME:
        raise InputError(
            f"a file's name must be given, but is {name[:40]!r}.",
            remedy="Correct it, or take the section out.",
            file=sample.manifest_file,
            place=key,
        )
    if not sample.allow_outside and not path.resolve().is_relative_to(sample.folder.resolve()):
        raise InputError(
            f"paths must stay inside the sample folder, but this is {name!r}.",
            remedy="Move the file into the folder, or say --allow-outside.",
            file=sample.manifest_file,
            place=key,
        )
    if not path.exists():
        raise InputError(
            f"the file {name!r} must exist, but does not.{_nearest_file(path)}",
            remedy="Correct its name, or take the section out.",
            file=sample.manifest_file,
            place=key,
        )
    return path


def is_pattern(sample: SampleFolder, name: str) -> bool:
    """Whether a name of the manifest stands for files that fit it: no file has the name itself."""
    return any(mark in name for mark in "*?[") and not os.path.lexists(sample.folder / name)


def find_files(sample: SampleFolder, names: tuple[str, ...], *, key: str) -> tuple[Path, ...]:
    """The files that names and patterns of the manifest stand for, sorted, without repeats.

    Raises:
        InputError: a name or a pattern fits no file.
    """
    found: dict[Path, None] = {}
    for name in names:
        if is_pattern(sample, name):
            matches = sorted(_matches(sample, name))
            if not matches:
                raise InputError(
                    f"the pattern {name!r} must fit at least one file, but fits none.",
                    remedy="Correct it, or take the section out.",
                    file=sample.manifest_file,
                    place=key,
                )
            for match in matches:
                found[find_file(sample, str(match), key=key)] = None
        else:
            found[find_file(sample, name, key=key)] = None
    return tuple(found)


def _matches(sample: SampleFolder, pattern: str) -> list[str]:
    base, rest = sample.folder, Path(pattern)
    if rest.is_absolute() or ".." in rest.parts:
        fixed = [part for part in rest.parts if not any(mark in part for mark in "*?[")]
        depth = next(i for i, part in enumerate(rest.parts) if any(mark in part for mark in "*?["))
        start = Path(*fixed[:depth])
        return [
            str(start / match.relative_to(base / start))
            for match in (base / start).glob(str(Path(*rest.parts[depth:])))
        ]
    return [str(match.relative_to(base)) for match in base.glob(pattern)]


def _nearest_file(path: Path) -> str:
    if not path.parent.is_dir():
        return ""
    near = difflib.get_close_matches(
        path.name, [entry.name for entry in path.parent.iterdir()], n=1
    )
    return f" Did you mean {near[0]!r}?" if near else ""


def read_toml(file: Path) -> dict[str, Any]:
    """What a TOML file holds.

    Raises:
        InputError: it cannot be read, or is no TOML.
    """
    text = utf8_text(file)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        raise InputError(
            f"this must be TOML, but: {fault}.",
            remedy='Texts stand in quotes, as in file = "pl.csv".',
            file=file,
        ) from fault


def _lab_defaults(folder: Path) -> tuple[Path, dict[str, Any]]:
    """The nearest `lab.toml` above a folder: its path and its sections."""
    for parent in folder.resolve().parents:
        file = parent / "lab.toml"
        if file.is_file():
            defaults = read_toml(file)
            for section, keys in defaults.items():
                if section not in Manifest.model_fields or not isinstance(keys, dict):
                    near = difflib.get_close_matches(section, Manifest.model_fields, n=1)
                    hint = f" The nearest section is [{near[0]}]." if near else ""
                    raise InputError(
                        f"`{section}` must be a section of sample.toml.{hint}",
                        remedy='Defaults stand in sections, as in [movie] voltage = "80 kV".',
                        file=file,
                    )
            return file, defaults
    return folder / "lab.toml", {}


def _from_lab(
    own: dict[str, Any], defaults: dict[str, Any], location: tuple[int | str, ...]
) -> bool:
    """Whether the key that is complained of came from the laboratory's defaults."""
    section, *rest = [part for part in location if isinstance(part, str)] or [""]
    if not rest or rest[0] not in defaults.get(section, {}):
        return False
    found = own.get(section, {})
    tables = cast("list[dict[str, Any]]", found if isinstance(found, list) else [found])
    return not any(rest[0] in table for table in tables)


def tuples_for_lists(value: Any) -> Any:  # noqa: ANN401 - TOML holds anything
    """TOML's lists as tuples, as the manifest keeps them."""
    if isinstance(value, dict):
        return {key: tuples_for_lists(one) for key, one in cast("dict[str, Any]", value).items()}
    if isinstance(value, list):
        return tuple(tuples_for_lists(one) for one in cast("list[Any]", value))
    return value


def _with_defaults(content: dict[str, Any], defaults: dict[str, Any]) -> dict[str, Any]:
    """Fill each section that the sample has with the laboratory's keys that it lacks."""
    filled = dict(content)
    for section, keys in defaults.items():
        own = filled.get(section)
        if section in {"sample", "model"} and own is None:
            filled[section] = keys
        elif isinstance(own, dict) and isinstance(keys, dict):
            filled[section] = {**keys, **cast("dict[str, Any]", own)}
        elif isinstance(own, list) and isinstance(keys, dict):
            tables = cast("list[dict[str, Any]]", own)
            filled[section] = [{**keys, **table} for table in tables]
    return filled
