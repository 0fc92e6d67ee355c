"""Sample folders that have been analysed: their dossiers as they were written, if still true."""

import json
import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cinedot.core import Estimate, InputError
from cinedot.core.chunks import fingerprint
from cinedot.core.files import sha256_of, utf8_text
from cinedot.dossier.comparison.differences import Answers
from cinedot.dossier.folder import open_folder
from cinedot.dossier.manifest import SampleFolder
from cinedot.dossier.quantities import reported_estimate
from cinedot.dossier.written import read_dossier, read_table

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysed:
    """A sample folder with its dossier.

    Attributes:
        name: the sample's; the folder's where several samples share theirs.
        sample: folder and manifest.
        dossier: what `dossier.json` holds.
        claims: what `claims.json` holds; empty without one.
        answers: found and reported.
    """

    name: str
    sample: SampleFolder
    dossier: Mapping[str, Any]
    claims: tuple[Mapping[str, Any], ...]
    answers: Answers

    @property
    def results(self) -> Path:
        """The folder of its results."""
        return self.sample.folder / "results"

    def table(self, name: str) -> "pd.DataFrame | None":
        """A result table; None where the dossier has none."""
        found = read_table(self.results, name)
        return None if found is None else found.to_pandas()


def read_samples(folders: Sequence[Path], *, allow_outside: bool = False) -> tuple[Analysed, ...]:
    """The dossiers of sample folders, in their order.

    Args:
        folders: at least two, all analysed since their files last changed.
        allow_outside: let paths in `sample.toml` leave the folder.

    Raises:
        InputError: fewer than two, a folder twice, one that is not analysed or changed since.
    """
    places = [folder.resolve() for folder in folders]
    if len(places) < 2 or len(set(places)) < len(places):
        raise InputError(
            f"at least two different sample folders must be given, but there are "
            f"{len(places)}, {len(set(places))} of them different.",
            remedy="Try `cinedot compare A B`.",
        )
    read = [_read(folder, allow_outside=allow_outside) for folder in folders]
    return _named_apart(read)


def why_not(folder: Path) -> str:
    """Why a folder's dossier cannot be used as it is; "" where it can.

    Args:
        folder: a sample folder.
    """
    if not (folder / "results" / "dossier.json").is_file():
        return "has not been analysed"
    try:
        provenance = read_dossier(folder / "results")["provenance"]
    except InputError as fault:
        return f"has a dossier that cannot be used ({fault.rule.rstrip('.')})"
    sampled = provenance.get("sampled", [])
    for name, digest in provenance["inputs"].items():
        path = folder / name
        if not path.is_file():
            return f"was analysed with {name}, which is not there any more"
        if (fingerprint([path]) if name in sampled else sha256_of(path)) != digest:
            return f"was analysed before {name} changed"
    return ""


def _read(folder: Path, *, allow_outside: bool) -> Analysed:
    sample = open_folder(folder, allow_outside=allow_outside)
    reason = why_not(folder)
    if reason:
        raise InputError(
            f"samples must be analysed before they are compared, but this one {reason}.",
            remedy=f"Run `cinedot analyze {shlex.quote(str(folder))}`, or say --analyze.",
            file=folder,
        )
    dossier = read_dossier(folder / "results")
    claims = folder / "results" / "claims.json"
    name = sample.manifest.sample.name
    reported = {
        key: reported_estimate(key, number) for key, number in sample.manifest.reported.items()
    }
    return Analysed(
        name=name,
        sample=sample,
        dossier=dossier,
        claims=tuple(json.loads(utf8_text(claims))) if claims.is_file() else (),
        answers=Answers(name=name, found=_found(dossier), reported=reported),
    )


def _found(dossier: Mapping[str, Any]) -> dict[str, Estimate]:
    return {
        f"{section}.{name}": Estimate(**estimate)
        for section, results in dossier["results"].items()
        for name, estimate in results.items()
    }


def _named_apart(read: Sequence[Analysed]) -> tuple[Analysed, ...]:
    """Samples of one name are called by their folders."""
    if max(Counter(one.name for one in read).values()) < 2:
        return tuple(read)
    names = [one.sample.folder.resolve().name for one in read]
    if len(set(names)) < len(names):
        raise InputError(
            f"samples must differ in name or in their folder's name, but are {', '.join(names)}.",
            remedy="Give each a `name` of its own in its sample.toml.",
        )
    return tuple(
        replace(one, name=name, answers=replace(one.answers, name=name))
        for one, name in zip(read, names, strict=True)
    )
