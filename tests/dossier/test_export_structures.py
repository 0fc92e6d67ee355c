"""ASE reads from an export the atoms that the table of sites tells."""

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from ase import Atoms
from ase.io import read

from cinedot.core import InputError
from cinedot.core.tables import write_table
from cinedot.dossier.export import export_folder
from cinedot.dossier.sections.movie_atoms import site_rows
from cinedot.micrographs.movie_atoms import MovieAtoms
from cinedot.particle import host_named, lattice_sites

Run = Callable[..., tuple[int, str, str]]

COLUMNS = ["a", "b", "c", "occupancy", "sigma", "sigma_model", "p_present"]
WRITTEN = 0.51e-8
"""Half of the last of the 8 decimals that ASE writes into extended XYZ."""


def _analysed(folder: Path, sites: pd.DataFrame, **sample: object) -> Path:
    results = folder / "results"
    results.mkdir(parents=True)
    content = {
        "schema": 1,
        "sample": {"name": 'Ångström "dots"', **sample},
        "sections": {},
        "results": {},
        "checks": [],
        "provenance": {"inputs": {}},
    }
    (results / "dossier.json").write_text(json.dumps(content))
    write_table("sites", sites, results / "sites.parquet")
    return folder


@pytest.fixture
def told(told_atoms: MovieAtoms) -> pd.DataFrame:
    """Sites of which one was lost in frame 13; frame 12 was passed over. Fresh numbers."""
    seed = int(np.random.SeedSequence().generate_state(1)[0])
    print("seed", seed)
    rows = site_rows(told_atoms, "a/b c", [10, 11, 13, 14])
    chance = np.random.default_rng(seed)
    rows["occupancy"] = chance.normal(rows["occupancy"], 0.1)  # below 0 and above 1 too
    for name in ("sigma", "sigma_model", "p_present"):
        rows[name] = chance.random(len(rows))
    return rows


def _state(rows: pd.DataFrame, frame: int) -> pd.DataFrame:
    return rows[(rows["first_frame"] <= frame) & (rows["last_frame"] >= frame)]


def test_extended_xyz_holds_the_sites_of_every_state(
    told: pd.DataFrame, told_atoms: MovieAtoms, tmp_path: Path
) -> None:
    export_folder(_analysed(tmp_path / "s", told, host="CsPbBr3"), tmp_path / "out")
    images = read(tmp_path / "out" / "structures" / "a_b_c-particle-0.extxyz", index=":")
    assert [(one.info["first_frame"], one.info["last_frame"]) for one in images] == [
        (10, 11),
        (13, 14),
    ]
    sites = lattice_sites(told_atoms.model.cuboid)
    for image, frame in zip(images, (10, 14), strict=True):
        rows = _state(told, frame)
        assert len(image) == len(rows) == len(sites)
        np.testing.assert_array_equal(image.symbols, sites.element)
        places = 10 * host_named("CsPbBr3").lattice_nm * sites.abc
        np.testing.assert_allclose(image.positions, places, rtol=0, atol=WRITTEN)
        for name in COLUMNS:
            np.testing.assert_allclose(image.arrays[name], rows[name], rtol=0, atol=WRITTEN)
        assert (image.info["sample"], image.info["movie"]) == ('Ångström "dots"', "a/b c")


def test_cif_holds_the_same_with_occupancies(told: pd.DataFrame, tmp_path: Path) -> None:
    folder = _analysed(tmp_path / "s", told, host="CsPbBr3", lattice_nm=0.6)
    export_folder(folder, tmp_path / "out")
    file = tmp_path / "out" / "structures" / "a_b_c-particle-0.cif"
    images = read(file, index=":", store_tags=True)
    for image, frame in zip(images, (11, 13), strict=True):
        rows = _state(told, frame)
        assert isinstance(image, Atoms)
        assert list(image.symbols) == rows["element"].tolist()
        from_middle = image.positions - image.cell.sum(axis=0) / 2
        # Cells have 16 digits, positions are shares of them.
        places = 6.0 * rows[["a", "b", "c"]].to_numpy()
        np.testing.assert_allclose(from_middle, places, rtol=0, atol=1e-9)
        for name in COLUMNS:
            np.testing.assert_array_equal(image.info[f"_cinedot_{name}"], rows[name])
        shares = [
            next(iter(image.info["occupancy"][str(kind)].values()))
            for kind in image.arrays["spacegroup_kinds"]
        ]
        clipped = rows["occupancy"].clip(0, 1)
        # ASE writes a CIF's occupancy with 4 decimals.
        np.testing.assert_allclose(shares, clipped, rtol=0, atol=0.51e-4)


def test_each_particle_of_each_movie_has_files_of_its_own(
    told: pd.DataFrame, tmp_path: Path
) -> None:
    again = [told.assign(movie=movie, particle=n) for movie in ("x y", "x/y") for n in (0, 2)]
    export_folder(_analysed(tmp_path / "s", pd.concat(again), host="CsPbBr3"), tmp_path / "out")
    names = {one.stem for one in (tmp_path / "out" / "structures").iterdir()}
    assert names == {
        f"x_y-particle-{one}" for one in ("0", "2", "0-2", "2-2")
    }  # "-2" tells "x/y" from "x y"


def test_a_site_without_a_row_for_some_frame_is_refused(told: pd.DataFrame, tmp_path: Path) -> None:
    folder = _analysed(tmp_path / "s", told.iloc[:-1], host="CsPbBr3")
    with pytest.raises(
        InputError, match=r"sites\.parquet, movie a/b c, particle 0: .*to frame 14, .*to frame 11"
    ):
        export_folder(folder, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_number_that_was_not_found_stays_unknown(told: pd.DataFrame, tmp_path: Path) -> None:
    told.loc[0, ["occupancy", "sigma"]] = [np.nan, np.inf]
    export_folder(_analysed(tmp_path / "s", told, host="CsPbBr3"), tmp_path / "out")
    structures = tmp_path / "out" / "structures"
    atoms = read(structures / "a_b_c-particle-0.extxyz", index=0)
    assert np.isnan(atoms.arrays["occupancy"][0])
    assert np.isinf(atoms.arrays["sigma"][0])
    cif = read(structures / "a_b_c-particle-0.cif", index=0, store_tags=True)
    assert cif.info["_cinedot_occupancy"][0] == cif.info["_cinedot_sigma"][0] == "?"
    assert cif.info["occupancy"]["0"] == {"Cs": 1.0}


def test_a_site_that_has_two_rows_for_a_frame_is_refused(
    told: pd.DataFrame, tmp_path: Path
) -> None:
    twice = pd.concat([told, told.iloc[:1]])
    with pytest.raises(InputError, match="one row for frame 10"):
        export_folder(_analysed(tmp_path / "s", twice, host="CsPbBr3"), tmp_path / "out")


def test_sites_without_a_lattice_constant_are_refused(told: pd.DataFrame, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="host or a lattice constant"):
        export_folder(_analysed(tmp_path / "s", told), tmp_path / "out")


def test_the_page_about_exports_runs(
    told: pd.DataFrame,
    tmp_path: Path,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    _analysed(tmp_path / "dot", told.assign(movie="movie"), host="CsPbBr3")
    monkeypatch.chdir(tmp_path)
    text = (Path(__file__).parents[2] / "docs" / "export.md").read_text("utf-8")
    ((command,), (program,)) = (
        re.findall(rf"^```{kind}\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)
        for kind in ("", "py")  # run here, behind the export that it reads
    )
    assert run(*shlex.split(command)[1:])[0] == 0
    exec(program, {})
    filled = (_state(told, 10)["p_present"] > 0.5).sum()
    assert capsys.readouterr().out == f"{filled} of 71 sites are filled from frame 10 on\n"
    for file in (tmp_path / "dot-export").rglob("*.*"):
        told_of = file.name if file.suffix == ".json" else f"{file.parent.name}/*{file.suffix}"
        assert told_of in text
