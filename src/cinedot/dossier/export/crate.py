"""The export described as an RO-Crate: what each file is, and what it was made of, and how.

`ro-crate-metadata.json` is JSON-LD by the RO-Crate Metadata Specification 1.1 (Sefton et al. 2020,
doi:10.5281/zenodo.4031327): a flat list of entities that point to each other by `@id`.
"""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from cinedot import __version__
from cinedot.core.files import sha256_of

CRATE_FILE = "ro-crate-metadata.json"

Entity = dict[str, Any]

# The context of version 1.1 is older than schema.org's word for a SHA-256.
_CONTEXT = ["https://w3id.org/ro/crate/1.1/context", {"sha256": "http://schema.org/sha256"}]
_KINDS = {".csv": "text/csv", ".extxyz": "chemical/x-xyz", ".cif": "chemical/x-cif"}
_ABOUT = {
    "results.csv": "Every number found, with its standard deviation, unit, method and status.",
    "checks.csv": "Cross-checks between the records, and what each says.",
    "particles.csv": "The particles of the survey images.",
    "frames.csv": "Pose and place of each movie's particles in every frame.",
    "sites.csv": "Every lattice site of each movie's particles: occupancy and whether it is there.",
    "events.csv": "When atoms came, went or hopped, and when a particle tumbled.",
    "series.csv": "Numbers that belong to a series of conditions.",
    ".extxyz": "Lattice sites as atoms, an image for each stretch between events; extended XYZ.",
    ".cif": "Lattice sites as atoms with occupancies, a block for each stretch between events.",
}


def write_crate(made: Path, content: dict[str, Any], results: Path) -> None:
    """Write `ro-crate-metadata.json` about all files that an export's folder holds.

    Args:
        made: the folder, with all its files written.
        content: what dossier.json says.
        results: the folder with dossier.json.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> _ = (folder / "dossier.json").write_text("{}")
        >>> content = {"sample": {"name": "dot"}, "provenance": {"inputs": {"pl.csv": 64 * "a"}}}
        >>> write_crate(folder, content, folder)
        >>> crate = json.loads((folder / "ro-crate-metadata.json").read_text("utf-8"))
        >>> [one["@id"] for one in crate["@graph"]][:3]
        ['ro-crate-metadata.json', './', 'dossier.json']
    """
    files = sorted(one for one in made.rglob("*") if one.is_file())
    entities = [_file(one, one.relative_to(made).as_posix()) for one in files]
    graph = [*_root(content, entities), *entities, *_origin(content, results)]
    text = json.dumps({"@context": _CONTEXT, "@graph": graph}, indent=1, ensure_ascii=False)
    (made / CRATE_FILE).write_text(text + "\n", "utf-8")


def _root(content: dict[str, Any], files: list[Entity]) -> list[Entity]:
    """The metadata file's own entity, and the folder's."""
    name = content["sample"]["name"]
    return [
        {
            "@id": CRATE_FILE,
            "@type": "CreativeWork",
            "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
            "about": {"@id": "./"},
        },
        {
            "@id": "./",
            "@type": "Dataset",
            "name": f"{name}: results of cinedot",
            "description": f"What cinedot found in the records of the sample {name}.",
            "datePublished": _now(),
            "license": "None is stated; ask those who recorded the sample.",
            "about": {"@id": "#sample"},
            "hasPart": [{"@id": one["@id"]} for one in files],
            "mentions": [{"@id": "#analysis"}, {"@id": "#export"}],
        },
    ]


def _file(file: Path, name: str) -> Entity:
    entity: Entity = {
        "@id": quote(name),
        "@type": "File",
        "name": name,
        "contentSize": str(file.stat().st_size),
        "sha256": sha256_of(file),
    }
    if file.suffix in _KINDS:
        entity["encodingFormat"] = _KINDS[file.suffix]
    described = _ABOUT.get(file.name) or _ABOUT.get(file.suffix)
    return {**entity, "description": described} if described else entity


def _origin(content: dict[str, Any], results: Path) -> list[Entity]:
    """Sample, inputs, program, and the two steps from inputs to these files."""
    sample, provenance = content["sample"], content["provenance"]
    sampled = set(provenance.get("sampled", ()))
    inputs = [
        _input(name, digest, whole=name not in sampled)
        for name, digest in provenance["inputs"].items()
    ]
    analysed = _program(str(provenance.get("cinedot", "unknown")))
    exported = _program(__version__)
    analysis: Entity = {
        "@id": "#analysis",
        "@type": "CreateAction",
        "name": "Analysis of the sample",
        "instrument": {"@id": analysed["@id"]},
        "object": [{"@id": one["@id"]} for one in inputs],
        "result": {"@id": "#dossier"},
    }
    if provenance.get("command"):
        analysis["description"] = provenance["command"]
    if provenance.get("date"):
        analysis["endTime"] = provenance["date"]
    export: Entity = {
        "@id": "#export",
        "@type": "CreateAction",
        "name": "Export of the results",
        "instrument": {"@id": exported["@id"]},
        "object": {"@id": "#dossier"},
        "result": {"@id": "./"},
        "endTime": _now(),
    }
    dossier: Entity = {
        "@id": "#dossier",
        "@type": "CreativeWork",
        "name": "dossier.json",
        "description": "The analysis's own record, with the tables beside it; not in this crate.",
        "sha256": sha256_of(results / "dossier.json"),
    }
    programs = [analysed] if analysed == exported else [analysed, exported]
    return [_sample(sample), *inputs, *programs, dossier, analysis, export]


def _sample(sample: dict[str, Any]) -> Entity:
    entity: Entity = {"@id": "#sample", "@type": "ChemicalSubstance", "name": sample["name"]}
    made_of = sample.get("host") or sample.get("material")
    if made_of:
        entity["chemicalComposition"] = made_of
    return entity


def _input(name: str, digest: str, *, whole: bool) -> Entity:
    """A file that was read; files above 1 GiB are known by a digest of samples, no SHA-256."""
    entity: Entity = {
        "@id": f"#input/{quote(name)}",
        "@type": "CreativeWork",
        "name": name,
        "description": "A file that the analysis read; not in this crate.",
    }
    return {**entity, "sha256" if whole else "identifier": digest}


def _program(version: str) -> Entity:
    return {
        "@id": f"#cinedot-{quote(version)}",
        "@type": "SoftwareApplication",
        "name": "cinedot",
        "softwareVersion": version,
    }


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
