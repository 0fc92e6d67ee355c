"""From a folder on disk to a checked manifest and the files it names."""

import difflib
import tomllib
from pathlib import Path
from typing import Any, cast

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from cinedot.core import InputError
from cinedot.core.files import not_readable
from cinedot.dossier.manifest import Manifest, SampleFolder
from cinedot.dossier.quantities import reported_estimate
from cinedot.particle import host_named


def open_folder(folder: Path, *, allow_outside: bool = False) -> SampleFolder:
    """Read and check `sample.toml` with the defaults of the nearest `lab.toml` above it.

    Args:
        folder: the sample folder.
        allow_outside: let paths in the manifest leave the folder.

    Raises:
        InputError: no folder, no `sample.toml`, broken TOML, an unknown key or unit.
    """
    if not folder.is_dir():
        raise InputError(
            "a sample folder must exist here, but there is none.",
            remedy=f"Make one with `cinedot new {folder}`.",
            file=folder,
        )
    file = folder / "sample.toml"
    if not file.is_file():
        raise InputError(
            "a sample folder must hold sample.toml, but this one does not.",
            remedy=f"Write one with `cinedot new {folder}` and fill it in.",
            file=folder,
        )
    content = _with_defaults(_read_toml(file), _lab_defaults(folder))
    try:
        manifest = Manifest.model_validate(content)
    except ValidationError as fault:
        # A misspelt key leaves its right spelling missing: the misspelling is the cause.
        complaints = sorted(fault.errors(), key=lambda one: one["type"] != "extra_forbidden")
        raise _explain(complaints[0], file) from fault
    _check_words(manifest, file)
    return SampleFolder(folder=folder, manifest=manifest, allow_outside=allow_outside)


def _check_words(manifest: Manifest, file: Path) -> None:
    """Names whose meaning other rooms know: the host, the reported quantities."""
    place = "[sample] host"
    try:
        if manifest.sample.host is not None:
            host_named(manifest.sample.host)
        place = "[reported]"
        for key, number in manifest.reported.items():
            reported_estimate(key, number)
    except InputError as fault:
        raise fault.within(file=file, place=place) from fault


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


def find_files(sample: SampleFolder, names: tuple[str, ...], *, key: str) -> tuple[Path, ...]:
    """The files that names and patterns of the manifest stand for, sorted, without repeats.

    Raises:
        InputError: a name or a pattern fits no file.
    """
    found: dict[Path, None] = {}
    for name in names:
        if any(mark in name for mark in "*?["):
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


def _read_toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8-sig"))
    except tomllib.TOMLDecodeError as fault:
        raise InputError(
            f"this must be TOML, but: {fault}.",
            remedy='Texts stand in quotes, as in file = "pl.csv".',
            file=file,
        ) from fault
    except OSError as fault:
        raise not_readable(file, fault) from fault
    except UnicodeDecodeError as fault:
        raise InputError(
            f"this must be UTF-8 text, but byte {fault.start} is not.",
            remedy="Save it as UTF-8.",
            file=file,
        ) from fault


def _lab_defaults(folder: Path) -> dict[str, Any]:
    for parent in folder.resolve().parents:
        file = parent / "lab.toml"
        if file.is_file():
            return _read_toml(file)
    return {}


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


def _explain(error: ErrorDetails, file: Path) -> InputError:
    """One line from the first of pydantic's complaints."""
    place = _place(error["loc"])
    own = error.get("ctx", {}).get("error")
    if isinstance(own, InputError):
        return own.within(file=file, place=place)
    key = str(error["loc"][-1]) if error["loc"] else ""
    match error["type"]:
        case "extra_forbidden":
            known = _known_keys(error["loc"][:-1])
            near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
            hint = (
                f"The nearest known key is `{near[0]}`."
                if near
                else f"Known are {', '.join(known)}."
            )
            return InputError(
                f"`{key}` is no key of this section.", remedy=hint, file=file, place=place
            )
        case "missing":
            return InputError(
                f"`{key}` must be given, but is missing.",
                remedy="`cinedot new` writes an example.",
                file=file,
                place=place,
            )
        case _:
            return InputError(
                f"{error['msg']}, but is {error['input']!r}.",
                remedy="`cinedot new` writes an example.",
                file=file,
                place=place,
            )


def _place(location: tuple[int | str, ...]) -> str:
    section, keys = location[:1], [part for part in location[1:] if isinstance(part, str)]
    return " ".join([f"[{section[0]}]" if section else "", *keys[-1:]]).strip()


def _known_keys(location: tuple[int | str, ...]) -> list[str]:
    """The keys that the section at `location` knows, as the file spells them."""
    model: type[BaseModel] = Manifest
    for part in location:
        field = next(
            (f for n, f in model.model_fields.items() if part in (n, f.alias)),
            None,
        )
        inner = None if field is None else _model_in(field.annotation)
        model = inner or model
    return [field.alias or name for name, field in model.model_fields.items()]


def _model_in(annotation: Any) -> type[BaseModel] | None:  # noqa: ANN401 - any annotation
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        found = _model_in(argument)
        if found:
            return found
    return None
