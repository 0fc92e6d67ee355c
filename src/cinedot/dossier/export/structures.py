"""The atoms that a movie told, as extended XYZ and CIF."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from ase import Atoms
from ase.io import write

from cinedot.core import InputError
from cinedot.dossier.written import read_table
from cinedot.particle import host_named

if TYPE_CHECKING:
    import pandas as pd

_NUMBERS = ("a", "b", "c", "occupancy", "sigma", "sigma_model", "p_present")
_VACUUM_ANGSTROM = 10.0
_PLACE = ["element", "a", "b", "c"]


def write_structures_told(results: Path, content: dict[str, Any], to: Path) -> None:
    """Write MOVIE-particle-N.extxyz and .cif for every particle of `sites.parquet`.

    Each file holds one image for every stretch of frames in which no atom came or went. All
    lattice sites are there, also the missing, at their ideal places: a, b, c times the lattice
    constant, in angstrom. Both carry the numbers of the table for every atom. CIF's own
    occupancy is the fitted one between 0 and 1, outside of which it has no meaning, to 4
    decimals, and 1 where none was found; the fitted number stands beside it.

    Args:
        results: the folder with `sites.parquet`; without it nothing is written.
        content: what its dossier.json says.
        to: the folder to write to; made when there is something to write.

    Raises:
        InputError: the table cannot be read, has not one row for each site at each time, or the
            sample has no host whose lattice constant would be known.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> write_structures_told(folder, {"sample": {"name": "dot"}}, folder / "structures")
        >>> (folder / "structures").exists()
        False
    """
    table = read_table(results, "sites")
    if table is None:
        return
    lattice_angstrom = _lattice_angstrom(content["sample"], results / "dossier.json")
    to.mkdir()
    used: set[str] = set()
    for (movie, particle), rows in table.to_pandas().groupby(["movie", "particle"]):
        whose = f"movie {movie}, particle {particle}"
        about = {"sample": content["sample"]["name"], "movie": movie, "particle": int(particle)}
        images = [
            state_atoms(one, lattice_angstrom=lattice_angstrom, about=about)
            for one in _states(rows, results / "sites.parquet", whose)
        ]
        stem = _free(f"{_plain(str(movie))}-particle-{particle}", used)
        with (to / f"{stem}.extxyz").open("w", encoding="utf-8") as stream:
            write(stream, images, format="extxyz")
        _write_cif(images, to / f"{stem}.cif")


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What stood between two events.

    Attributes:
        first_frame, last_frame: the frames of this stretch, inclusive.
        rows: the rows of the table `sites` that hold in it.
    """

    first_frame: int
    last_frame: int
    rows: "pd.DataFrame"


def state_atoms(state: State, *, lattice_angstrom: float, about: dict[str, Any]) -> Atoms:
    """The sites of one state as atoms about the origin, which is the cuboid's centre.

    Args:
        state: of one particle.
        lattice_angstrom: the lattice constant, angstrom.
        about: what else the image says of itself.

    Returns:
        Atoms in the order of the rows, with the arrays a, b, c (lattice constants), occupancy,
        sigma, sigma_model, p_present.

    Example:
        >>> import pandas as pd
        >>> row = {"element": "Pb", "a": 0.5, "b": 0.5, "c": -0.5, "occupancy": 0.97,
        ...        "sigma": 0.05, "sigma_model": 0.03, "p_present": 0.999}
        >>> state = State(first_frame=0, last_frame=9, rows=pd.DataFrame([row]))
        >>> atoms = state_atoms(state, lattice_angstrom=5.87, about={})
        >>> atoms.positions.tolist(), atoms.arrays["occupancy"].tolist()
        ([[2.935, 2.935, -2.935]], [0.97])
    """
    rows = state.rows
    abc = rows[["a", "b", "c"]].to_numpy(float)
    atoms = Atoms(rows["element"].tolist(), positions=lattice_angstrom * abc)
    for name in _NUMBERS:
        atoms.set_array(name, rows[name].to_numpy(float))
    atoms.info.update(about)
    atoms.info["first_frame"] = state.first_frame
    atoms.info["last_frame"] = state.last_frame
    atoms.info["lattice_angstrom"] = lattice_angstrom
    return atoms


def _lattice_angstrom(sample: dict[str, Any], file: Path) -> float:
    """The lattice constant that the sites were fitted with."""
    if sample.get("lattice_nm") is not None:
        return 10 * float(sample["lattice_nm"])
    if sample.get("host") is None:
        raise InputError(
            "a sample with sites must have a host or a lattice constant, but has neither.",
            remedy="Give `host` in sample.toml and run `cinedot analyze` again.",
            file=file,
            place="sample",
        )
    try:
        return host_named(sample["host"]).lattice_angstrom
    except InputError as fault:
        raise fault.within(file=file, place="sample.host") from fault


def _states(rows: "pd.DataFrame", file: Path, whose: str) -> list[State]:
    """The particle's states, first to last; one begins wherever some site's interval does."""
    # One number a site, in the table's order, wherever its intervals stand in it.
    site = rows.groupby(_PLACE, sort=False).ngroup().to_numpy()
    sites = len(np.unique(site))
    states: list[State] = []
    for start in sorted(set(rows["first_frame"])):
        holds = ((rows["first_frame"] <= start) & (rows["last_frame"] >= start)).to_numpy()
        here = rows[holds].iloc[np.argsort(site[holds], kind="stable")]
        if len(here) != sites or len(np.unique(site[holds])) != sites:
            raise InputError(
                f"each of the {sites} sites must have one row for frame {start}, but there are "
                f"{len(here)} rows.",
                remedy="Run `cinedot analyze` again.",
                file=file,
                place=whose,
            )
        last = int(here["last_frame"].min())
        states.append(State(first_frame=int(start), last_frame=last, rows=here))
    end = int(rows["last_frame"].max())
    if (states[-1].rows["last_frame"] != end).any():
        raise InputError(
            f"every site must be told to frame {end}, but some are to "
            f"frame {states[-1].last_frame} only.",
            remedy="Run `cinedot analyze` again.",
            file=file,
            place=whose,
        )
    return states


def _write_cif(images: Sequence[Atoms], file: Path) -> None:
    """One data block an image, in a cell with vacuum around the dot."""
    boxed = [_in_cell(one) for one in images]
    keys = {
        f"cinedot_{name}": [[_number(float(one)) for one in image.arrays[name]] for image in images]
        for name in _NUMBERS
    }
    told = [
        f"# image{number}: frames {one.info['first_frame']} to {one.info['last_frame']}\n"
        for number, one in enumerate(images)
    ]
    with file.open("wb") as stream:
        stream.write("".join(told).encode("ascii"))
        write(stream, boxed, format="cif", loop_keys=keys)


def _number(value: float) -> str:
    """A number with all its digits; CIF writes a question mark where there is none."""
    return repr(value) if math.isfinite(value) else "?"


def _in_cell(atoms: Atoms) -> Atoms:
    """A copy whose origin is the middle of its cell, with its occupancies as ASE knows them."""
    half = np.abs(atoms.positions).max(axis=0) + _VACUUM_ANGSTROM
    boxed = Atoms(atoms.symbols, positions=atoms.positions + half, cell=2 * half, pbc=True)
    boxed.set_array("spacegroup_kinds", np.arange(len(boxed)))
    # What nothing is known of has the occupancy that CIF takes where none is stated.
    shares = np.clip(np.nan_to_num(atoms.arrays["occupancy"], nan=1.0), 0.0, 1.0)
    boxed.info["occupancy"] = {
        str(kind): {symbol: float(share)}
        for kind, (symbol, share) in enumerate(zip(atoms.symbols, shares, strict=True))
    }
    return boxed


def _plain(name: str) -> str:
    """A movie's name as a part of a file's name on every system."""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", name).lstrip(".") or "movie"


def _free(stem: str, used: set[str]) -> str:
    """The stem, or with a number where another file has it, capitals or not."""
    free, number = stem, 2
    while free.lower() in used:
        free, number = f"{stem}-{number}", number + 1
    used.add(free.lower())
    return free
