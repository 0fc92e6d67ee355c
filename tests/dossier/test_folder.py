"""`sample.toml`: what is understood, and how what is not is refused."""

import re
import tomllib
from importlib import resources
from pathlib import Path

import pytest

from cinedot.core import InputError
from cinedot.dossier.folder import find_file, find_files, open_folder
from cinedot.dossier.quantities import reported_estimate
from cinedot.dossier.starter import write_starter

SAMPLE = '[sample]\nname = "QD4"\n'


def _folder(tmp_path: Path, text: str) -> Path:
    folder = tmp_path / "sample"
    folder.mkdir(exist_ok=True)
    (folder / "sample.toml").write_text(text, "utf-8")
    return folder


def _refused(tmp_path: Path, text: str) -> str:
    with pytest.raises(InputError) as caught:
        open_folder(_folder(tmp_path, text))
    line = str(caught.value)
    assert "\n" not in line
    assert "sample.toml" in line
    return line


def test_quantities_carry_their_unit_as_text_or_stand_bare(tmp_path: Path) -> None:
    text = SAMPLE + (
        '[movie]\nfile = "m.tif"\npixel_size = "42 pm"\nframe_time = "20 ms"\nvoltage = 80\n'
        'dose_rate = "2.5e7 e/nm2/s"\ndefocus = "-6 nm"\n'
        'region = ["4 nm", "3 nm", "9 nm", "8 nm"]\n'
    )
    (movie,) = open_folder(_folder(tmp_path, text)).manifest.movie
    assert movie.pixel_size_nm == 0.042
    assert movie.frame_time_s == 0.02
    assert movie.voltage_kv == 80
    assert movie.dose_rate_e_per_nm2_s == 2.5e7
    assert movie.defocus_nm == -6
    assert movie.region_nm == (4, 3, 9, 8)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[movie]\nfile = "m.tif"\npixel_sise = 1\n', r"\[movie\].*`pixel_sise`.*`pixel_size`"),
        ('[moovie]\nfile = "m.tif"\n', r"`moovie`.*nearest known key is `movie`"),
        ('[movie]\nfile = "m.tif"\npixel_size = "20 ms"\n', r"`pixel_size` must be in nm.*20 ms"),
        ('[movie]\nfile = "m.tif"\npixel_size = "-1 nm"\n', r"`pixel_size` must be above 0 nm"),
        ('[movie]\nfile = "m.tif"\npixel_size = true\n', r"`pixel_size` must be a number"),
        ("[movie]\npixel_size = 1\n", r"`file` must be given"),
        ('[movie]\nfile = "m.tif"\nframes = "a:b"\n', r"\[movie\] frames.*'a:b'"),
        ('[[movie]]\nfile = "a"\n[[movie]]\nfile = "b"\n', r"must have its own name"),
        ('[emission]\nfile = "a"\nrange = ["520 nm", "430 nm"]\n', r"from low to high"),
        ('[reported]\n"emission.peek" = "453 nm"\n', r"\[reported\].*nearest is `emission.peak`"),
        ('[reported]\n"emission.peak" = "453 ms"\n', r"\[reported\].*must be in nm"),
        ('[reported]\n"emission.peak" = "blue"\n', r"must be a number, but is 'blue'"),
        ('[reported]\nemission.peak = "453 nm"\n', r"Keys with a dot stand in quotes"),
        ('[reported]\n"emission.peak" = nan\n', r"\[reported\].*finite"),
        ('[movie]\nfile = "m.tif"\ndefocus = nan\n', r"`defocus` must be a finite number"),
        ('[movie]\nfile = "m.tif"\noffset = inf\n', r"`offset` must be a finite number"),
        ('[movie]\nfile = "m.tif"\nfocal_spread = "-1 nm"\n', r"`focal_spread` must be 0 or more"),
        ('[movie]\nfile = "m.tif"\nzone = [0, 0, 0]\n', r"\[movie\].*`zone` must be a direction"),
        ('[movie]\nfile = ["m.tif"]\n', r"`file` must be a text in quotes, but is \['m.tif'\]"),
        ('[emission]\nfile = "a"\nseries = "yes"\n', r"`series` must be true or false"),
        ('[emission]\nfile = "a"\nrange = "430 nm"\n', r"`range` must be a list"),
        ("[model]\nedges = [0, 4]\n", r"\[model\] edges"),
        ('[model]\ncompounds = ["mla-sc"]\n', r"\[model\] compounds.*mla-cs"),
        ('[movie\nfile = "m.tif"\n', r"must be TOML.*line 3"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(tmp_path: Path, text: str, says: str) -> None:
    assert re.search(says, _refused(tmp_path, SAMPLE + text))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("cell_angles = [90, 90, 120]", r"`cell_angles` must stand beside `cell`"),
        ('host = "CsPbBr3"\ncell = [1, 1, 1]', r"`cell` must stand for a material alone"),
        ("lattice = 1\ncell = [1, 1, 1]", r"`cell` must stand for a material alone"),
        ('cell = [1, "-1 nm", 1]', r"\[sample\] cell.*above 0 nm"),
    ],
)
def test_a_lattice_that_is_none_is_refused(tmp_path: Path, text: str, says: str) -> None:
    assert re.search(says, _refused(tmp_path, f"{SAMPLE}{text}\n"))


def test_a_lens_without_focal_spread_and_a_known_zone(tmp_path: Path) -> None:
    text = SAMPLE + '[movie]\nfile = "m.tif"\nfocal_spread = "0 nm"\nzone = [0, 1, 1]\n'
    (movie,) = open_folder(_folder(tmp_path, text)).manifest.movie
    assert (movie.focal_spread_nm, movie.zone) == (0, (0, 1, 1))


def test_a_sample_must_have_a_name(tmp_path: Path) -> None:
    assert "`name` must be given" in _refused(tmp_path, "[sample]\n")
    assert "`sample` must be given" in _refused(tmp_path, "")


def test_an_unknown_host_names_the_nearest(tmp_path: Path) -> None:
    assert "CsPbBr3" in _refused(tmp_path, '[sample]\nname = "a"\nhost = "CsPbBr"\n')


@pytest.mark.parametrize(
    ("host", "compounds", "says"),
    [
        ("CsPbBr3", '["mla-ma"]', r"mla-ma must have a host with MA.*CsPbBr3.*Choose a MA host"),
        ("MAPbBr3", '["prototype", "mla-cs"]', r"mla-cs must have a host with Cs.*MAPbBr3"),
        ("CsPbBr3", '["own.toml"]', r"own must have a host with FA"),
        ("CsPbCl3", '["salt.toml"]', r"'Cl' is an ion of the host CsPbCl3"),
    ],
)
def test_a_compound_of_another_host_is_refused_before_anything_is_read(
    tmp_path: Path, host: str, compounds: str, says: str
) -> None:
    folder = _folder(
        tmp_path,
        f'[sample]\nname = "a"\nhost = "{host}"\n[model]\ncompounds = {compounds}\n',
    )
    acid = '[salt.acid]\nion = "Cl"\nsymbol = "Cl"\ncharge = 1\nsmiles = "C[O-:1]"\n'
    (folder / "own.toml").write_text('[own]\na_ion = "FA"\n')
    (folder / "salt.toml").write_text(acid)
    with pytest.raises(InputError) as refused:
        open_folder(folder)
    assert re.search(r"sample\.toml, \[model\] compounds: .*" + says, str(refused.value))


def test_a_laboratorys_compounds_may_be_for_several_hosts(tmp_path: Path) -> None:
    (tmp_path / "lab.toml").write_text('[model]\ncompounds = ["mla-ma", "mla-cs"]\n')
    for host, fits in (("CsPbBr3", True), ("MAPbBr3", True), ("FAPbBr3", False)):
        (tmp_path / host).mkdir()
        folder = _folder(tmp_path / host, f'[sample]\nname = "a"\nhost = "{host}"\n')
        if fits:
            open_folder(folder)
            continue
        with pytest.raises(InputError, match=r"lab\.toml, \[model\] compounds: .*FAPbBr3"):
            open_folder(folder)


def test_no_folder_and_no_manifest_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="folder must exist"):
        open_folder(tmp_path / "nowhere")
    with pytest.raises(InputError, match=r"must hold sample\.toml"):
        open_folder(tmp_path)


def test_the_laboratory_gives_defaults_and_the_sample_overrides_them(tmp_path: Path) -> None:
    (tmp_path / "lab.toml").write_text(
        '[movie]\nvoltage = "60 kV"\ndefocus = "5 nm"\n[emission]\nexcitation = "372 nm"\n'
    )
    text = (
        SAMPLE
        + '[[movie]]\nname = "a"\nfile = "a"\n[[movie]]\nname = "b"\nfile = "b"\nvoltage = 80\n'
    )
    manifest = open_folder(_folder(tmp_path, text)).manifest
    assert [movie.voltage_kv for movie in manifest.movie] == [60, 80]
    assert [movie.defocus_nm for movie in manifest.movie] == [5, 5]
    assert manifest.emission is None


@pytest.mark.parametrize(
    ("lab", "says"),
    [
        ('[moovie]\nvoltage = "60 kV"\n', r"lab\.toml: `moovie`.*\[movie\]"),
        ('[movie]\nvoltage = "60 nm"\n', r"lab\.toml, \[movie\] voltage: .*kV"),
    ],
)
def test_a_fault_in_the_laboratory_s_file_is_laid_at_its_door(
    tmp_path: Path, lab: str, says: str
) -> None:
    (tmp_path / "lab.toml").write_text(lab)
    with pytest.raises(InputError, match=says):
        open_folder(_folder(tmp_path, SAMPLE + '[movie]\nfile = "m.tif"\n'))
    assert open_folder(tmp_path / "sample", use_lab=False).manifest.movie


def test_a_reported_number_without_a_sigma_is_good_to_its_last_digit(tmp_path: Path) -> None:
    text = SAMPLE + (
        '[reported]\n"emission.peak" = "453nm"\n'
        '"emission.fwhm" = { value = "14.9 nm", sigma = 1.0 }\n'
        '"decay.k_r" = "10.6e7 1/s"\n'
    )
    manifest = open_folder(_folder(tmp_path, text)).manifest
    found = {key: reported_estimate(key, one) for key, one in manifest.reported.items()}
    # Anywhere within half of the last digit: half a nm over the square root of 3.
    assert found["emission.peak"].sigma == pytest.approx(0.5 / 3**0.5)
    assert (found["emission.fwhm"].value, found["emission.fwhm"].sigma) == (14.9, 1.0)
    assert (found["decay.k_r"].value, found["decay.k_r"].unit) == (10.6e7, "per s")


@pytest.mark.parametrize("name", ["", "a\0b", "x" * 300])
def test_impossible_file_names_are_refused(tmp_path: Path, name: str) -> None:
    sample = open_folder(_folder(tmp_path, SAMPLE))
    with pytest.raises(InputError, match=r"\[emission\] file: a file's name must be given"):
        find_file(sample, name, key="[emission] file")


def test_a_file_in_place_of_a_folder_says_so(tmp_path: Path) -> None:
    folder = _folder(tmp_path, SAMPLE)
    with pytest.raises(InputError, match="must be given as its folder"):
        open_folder(folder / "sample.toml")


def test_a_missing_file_names_its_place_and_the_nearest(tmp_path: Path) -> None:
    folder = _folder(tmp_path, SAMPLE + '[emission]\nfile = "pl.csv"\n')
    (folder / "PL.csv").touch()
    sample = open_folder(folder)
    with pytest.raises(InputError, match=r"\[emission\] file: .*'pl.csv' must exist.*'PL\.csv'"):
        find_file(sample, "pl.csv", key="[emission] file")


def test_paths_stay_inside_unless_allowed(tmp_path: Path) -> None:
    (tmp_path / "outside.csv").touch()
    folder = _folder(tmp_path, SAMPLE)
    with pytest.raises(InputError, match="stay inside"):
        find_file(open_folder(folder), "../outside.csv", key="[emission] file")
    allowed = open_folder(folder, allow_outside=True)
    assert find_file(allowed, "../outside.csv", key="[emission] file").exists()


def test_patterns_are_sorted_and_name_each_file_once(tmp_path: Path) -> None:
    folder = _folder(tmp_path, SAMPLE)
    for name in ("s2.tif", "s1.tif", "other.txt"):
        (folder / name).touch()
    sample = open_folder(folder)
    found = find_files(sample, ("s*.tif", "s1.tif"), key="[survey] files")
    assert [path.name for path in found] == ["s1.tif", "s2.tif"]
    with pytest.raises(InputError, match="fits none"):
        find_files(sample, ("x*.tif",), key="[survey] files")


def test_a_new_folder_is_accepted_and_never_overwritten(tmp_path: Path) -> None:
    file = write_starter(tmp_path / 'my "dot"')
    assert open_folder(file.parent).manifest.sample.name == "my dot"
    with pytest.raises(InputError, match="must not hold"):
        write_starter(file.parent)


def test_every_line_of_the_starter_is_valid_once_uncommented(tmp_path: Path) -> None:
    template = resources.files("cinedot.dossier") / "templates" / "sample.toml"
    text = re.sub(r'(?m)^# (?=\[|"|[a-z_]+ = )', "", template.read_text("utf-8"))
    sections = set(tomllib.loads(text))
    assert {"sample", "model", "movie", "survey", "emission", "decay", "reported"} <= sections
    open_folder(_folder(tmp_path, text))
