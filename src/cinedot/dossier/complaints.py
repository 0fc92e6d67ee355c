"""What is wrong with a manifest, told in this project's words."""

import difflib
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from cinedot.core import InputError
from cinedot.dossier.manifest import Manifest


def explained(
    error: ErrorDetails,
    file: Path,
    *,
    root: type[BaseModel] = Manifest,
    example: str = "`cinedot new` writes an example of every section.",
) -> InputError:
    """One line, in this project's words, from one of pydantic's complaints.

    Args:
        error: the complaint.
        file: the file that it is about.
        root: what the file should hold.
        example: a remedy for what is missing or of another kind.
    """
    place = _place(error["loc"])
    own = error.get("ctx", {}).get("error")
    if isinstance(own, InputError):
        return own.within(file=file, place=place)
    key = _key(error["loc"])
    match error["type"]:
        case "extra_forbidden":
            known = _known_keys(error["loc"][:-1], root)
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
                remedy=example,
                file=file,
                place=place,
            )
        case kind:
            return InputError(
                f"`{_key(error['loc'])}` {_rule(kind, error)}, but is {_shown(error['input'])}.",
                remedy=example,
                file=file,
                place=place,
            )


_RULES = {
    "string_type": "must be a text in quotes",
    "string_too_short": "must not be empty",
    "string_pattern_mismatch": 'must be a window such as "210:260"',
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false",
    "tuple_type": "must be a list in square brackets",
    "too_short": "must have more entries",
    "too_long": "must have fewer entries",
    "model_type": "must be a section of its own",
    "model_attributes_type": "must be a section of its own",
    "dict_type": "must be a section of its own",
}


def _rule(kind: str, error: ErrorDetails) -> str:
    if kind in _RULES:
        return _RULES[kind]
    return f"must be {error['msg'].removeprefix('Input should be ')}"


def _shown(value: Any) -> str:  # noqa: ANN401 - TOML holds anything
    """A value as TOML writes it, cut short."""
    text = {True: "true", False: "false"}.get(value) if isinstance(value, bool) else None
    text = text or (repr(list(value)) if isinstance(value, tuple) else repr(value))
    return text if len(text) <= 60 else text[:57] + "..."


def _key(location: tuple[int | str, ...]) -> str:
    """The key that a complaint is about: the last word of its place that stands in the file."""
    words = [part for part in location if isinstance(part, str) and not _of_pydantic(part)]
    return words[-1] if words else ""


def _of_pydantic(word: str) -> bool:
    """Words that pydantic adds to a place: the branches of a union."""
    return word in {"float", "int", "str", "bool"} or "[" in word or "-" in word


def _place(location: tuple[int | str, ...]) -> str:
    """Section and key: "[movie] pixel_size"."""
    words = [part for part in location if isinstance(part, str) and not _of_pydantic(part)]
    section = f"[{words[0]}]" if words else ""
    if len(words) < 2:
        return section
    return f"{section} {words[1] if words[0] == 'reported' else words[-1]}"


def _known_keys(location: tuple[int | str, ...], root: type[BaseModel]) -> list[str]:
    """The keys that the section at `location` knows, as the file spells them."""
    model = root
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
