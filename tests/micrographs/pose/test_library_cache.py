"""Kept images of libraries: they come back bit by bit, and never where they should not."""

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cinedot.core.caches import source_digest
from cinedot.micrographs.pose import average_dot, library_cache, model_camera, views_of
from cinedot.micrographs.pose.library import view_library
from cinedot.micrographs.pose.library_cache import images_key, kept_images, library_folder
from cinedot.micrographs.pose.search import band_weight
from cinedot.microscope import Lens
from cinedot.particle import Cuboid, host_named

HOST = host_named("CsPbBr3")
POSES = np.stack([np.eye(3), np.diag([1.0, -1.0, -1.0]), np.diag([-1.0, -1.0, 1.0])])


@pytest.fixture(autouse=True)
def folder(qd2, tmp_path, monkeypatch):
    """A cache folder of the test's own; compiled programs stay where `qd2` has them kept."""
    monkeypatch.setenv("CINEDOT_CACHE", str(tmp_path))
    return tmp_path / "libraries"


@pytest.fixture
def made(monkeypatch, qd2):
    """How often images were really made; those of `qd2` then cost nothing but noise."""
    calls = []

    def images(self, rotations, places_nm, defocus_nm):
        calls.append(float(defocus_nm[0]))
        seed = int(1e6 * defocus_nm[0]) + len(rotations)
        shape = (len(rotations), self.camera.side, self.camera.side)
        return np.random.default_rng(seed).normal(1, 0.1, shape).astype(np.float32)

    monkeypatch.setattr(type(qd2), "images", images)
    return calls


def fresh(images):
    """The only file's name, its images left untouched."""
    (path,) = images.iterdir()
    return path


def test_images_come_back_bit_by_bit(qd2):
    own = qd2.images(POSES, np.zeros((3, 2)), np.full(3, 4.0))
    first, second = kept_images(qd2, POSES, 4.0), kept_images(qd2, POSES, 4.0)
    for one in (first, second):
        assert one.dtype == own.dtype
        np.testing.assert_array_equal(one, own)


def test_a_library_is_imaged_once_whatever_whitens_it(qd2, made, folder):
    weight = band_weight(qd2.camera)
    first = view_library(qd2, spacing_deg=20.0, defocus_nm=[3.0, 6.0], weight=weight)
    again = view_library(qd2, spacing_deg=20.0, defocus_nm=[6.0, 9.0], weight=0.5 * weight)
    assert made == [3.0, 6.0, 9.0]
    assert len(list(folder.iterdir())) == 3
    # Half of the weight leaves half of every number, exactly.
    np.testing.assert_array_equal(again.series[0], first.series[1] / 2)
    same = view_library(qd2, spacing_deg=20.0, defocus_nm=[3.0, 6.0], weight=weight)
    np.testing.assert_array_equal(same.series, first.series)
    np.testing.assert_array_equal(same.norm, first.norm)


def key(cuboid=None, compound="prototype", pixel_nm=0.1, change=None, defocus_nm=6.0, poses=POSES):
    model = average_dot(cuboid or Cuboid.cube(2, HOST), compound)
    camera = model_camera(pixel_nm, Lens(), radius_nm=1.0)
    views = views_of(model, camera)
    return images_key(change(views) if change else views, poses, defocus_nm)


def seen_by(**changes):
    """Views through another camera."""
    return lambda views: views_of(views.model, replace(views.camera, **changes))


def with_lens(**changes):
    return lambda views: seen_by(lens=replace(views.camera.lens, **changes))(views)


def with_atoms(name, change):
    """Views of the model with one of its atoms' arrays changed in one place."""

    def changed(views):
        atoms = views.model.atoms.copy()
        atoms.arrays[name] = change(atoms.arrays[name].copy())
        return views_of(replace(views.model, atoms=atoms), views.camera)

    return changed


def nudged(by):
    def change(array):
        array.flat[0] += by
        return array

    return change


def scattered(**changes):
    return lambda views: seen_by(scattering=replace(views.camera.scattering, **changes))(views)


OTHERS = {
    "cuboid": {"cuboid": Cuboid(edges=(2, 2, 3), host=HOST)},
    "host": {"cuboid": Cuboid.cube(2, host_named("CsPbCl3"))},
    "pixel": {"pixel_nm": 0.1001},
    "defocus": {"defocus_nm": 6.001},
    "orientations": {"poses": POSES[::-1]},
    "fewer": {"poses": POSES[:2]},
    "place of an atom": {"change": with_atoms("positions", nudged(0.001))},
    "element": {"change": with_atoms("numbers", nudged(1))},
    "occupancy": {"change": with_atoms("occupancy", nudged(-0.01))},
    "Debye-Waller factor": {"change": with_atoms("u_angstrom2", nudged(0.001))},
    "occupancy of views": {
        "change": lambda views: views.with_occupancy(0.9 * views.model.occupancy)
    },
    "side": {"change": lambda views: seen_by(side=views.camera.side + 2)(views)},
    "wave": {"change": lambda views: seen_by(wave_side=views.camera.wave_side + 2)(views)},
    "transfer": {"change": lambda views: seen_by(transfer=0.999 * views.camera.transfer)(views)},
    "slices": {"change": scattered(slice_angstrom=7.9)},
} | {
    name: {"change": with_lens(**{name: value})}
    for name, value in {
        "voltage_kv": 81.0,
        "spherical_aberration_um": 2.1,
        "focal_spread_nm": 3.1,
        "vibration_pm": 31.0,
        "astigmatism_nm": 0.1,
        "coma_nm": 0.1,
        "trefoil_nm": 0.1,
        "convergence_mrad": 0.1,
        "aperture_mrad": 30.0,
    }.items()
}


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS.keys())
def test_whatever_decides_the_images_changes_the_key(other):
    assert key(**other) != key()


def test_what_does_not_decide_the_images_leaves_the_key():
    assert key() == key() == key(change=with_lens(defocus_nm=20.0))


@given(st.floats(-50, 50, width=32), st.floats(-50, 50, width=32))
def test_two_defoci_share_a_key_only_if_equal(qd2, one, other):
    # Images are made of numbers of single precision, tenths of nm.
    alike = np.float32(10 * one) == np.float32(10 * other)
    same = images_key(qd2, POSES, float(one)) == images_key(qd2, POSES, float(other))
    assert same == alike or (one == other == 0)


@pytest.mark.parametrize("name", ["_FORMAT", "source", "jax"])
def test_another_program_reads_nothing_of_an_older_one(qd2, monkeypatch, name):
    before = images_key(qd2, POSES, 6.0)
    if name == "_FORMAT":
        monkeypatch.setattr(library_cache, "_FORMAT", library_cache._FORMAT + 1)
    elif name == "source":
        monkeypatch.setattr(library_cache, "source_digest", lambda *_: "other")
    else:
        monkeypatch.setattr(library_cache.jax, "__version__", "0.0.0")
    assert images_key(qd2, POSES, 6.0) != before


def test_the_source_of_images_is_told_apart():
    parts = ("cinedot.microscope", "cinedot.micrographs.pose")
    digests = {source_digest(*parts), *map(source_digest, parts)}
    assert len(digests) == 3


def cut(path):
    path.write_bytes(path.read_bytes()[:-700])


def flipped(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def emptied(path):
    path.write_bytes(b"")


def of_others(path):
    with path.open("wb") as stream:
        np.savez(stream, images=np.ones((3, 2, 2), np.float32))


def pickled(path):
    with path.open("wb") as stream:
        np.savez(stream, images=np.array([{}], dtype=object))


@pytest.mark.parametrize("damage", [cut, flipped, emptied, of_others, pickled])
def test_a_damaged_file_is_dropped_and_made_anew(qd2, made, folder, damage):
    sound = kept_images(qd2, POSES, 6.0)
    damage(fresh(folder))
    np.testing.assert_array_equal(kept_images(qd2, POSES, 6.0), sound)
    np.testing.assert_array_equal(kept_images(qd2, POSES, 6.0), sound)
    assert len(made) == 2


def test_the_least_recently_used_go_first_and_the_folder_stays_bounded(
    qd2, made, folder, monkeypatch
):
    kept_images(qd2, POSES, 1.0)
    size = fresh(folder).stat().st_size
    monkeypatch.setattr(library_cache, "MOST_BYTES", 3 * size)
    for defocus in (2.0, 3.0):
        kept_images(qd2, POSES, defocus)
    for age, defocus in enumerate((3.0, 2.0, 1.0)):
        path = folder / f"{images_key(qd2, POSES, defocus)}.npz"
        os.utime(path, (1e9 - age, 1e9 - age))
    kept_images(qd2, POSES, 1.0)  # the oldest, used again
    kept_images(qd2, POSES, 4.0)  # takes the place of 2.0
    assert sum(one.stat().st_size for one in folder.iterdir()) <= 3 * size
    assert made == [1.0, 2.0, 3.0, 4.0]
    for defocus in (1.0, 3.0, 4.0):
        kept_images(qd2, POSES, defocus)
    assert made == [1.0, 2.0, 3.0, 4.0]
    kept_images(qd2, POSES, 2.0)
    assert made[-1] == 2.0


def test_what_is_larger_than_the_bound_is_not_kept(qd2, made, folder, monkeypatch):
    monkeypatch.setattr(library_cache, "MOST_BYTES", 1000)
    kept_images(qd2, POSES, 1.0)
    assert not list(folder.iterdir())


def test_what_a_killed_process_left_goes_with_time(qd2, made, folder, monkeypatch):
    folder.mkdir()
    left = folder / ".x.npz.1.part.npz"
    left.write_bytes(bytes(50_000))
    os.utime(left, (1e9, 1e9))
    monkeypatch.setattr(library_cache, "MOST_BYTES", 60_000)
    kept_images(qd2, POSES, 1.0)
    assert not left.exists()
    assert len(list(folder.iterdir())) == 1


def test_a_folder_that_cannot_be_used_costs_time_not_answers(qd2, made, tmp_path):
    # A file in the folder's place: no user, not even root, can write below it.
    (tmp_path / "libraries").write_text("in the way")
    first, second = kept_images(qd2, POSES, 6.0), kept_images(qd2, POSES, 6.0)
    np.testing.assert_array_equal(first, second)
    assert len(made) == 2


def test_a_full_disk_costs_time_not_answers(qd2, made, folder, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(library_cache.np, "savez", full)
    first, second = kept_images(qd2, POSES, 6.0), kept_images(qd2, POSES, 6.0)
    np.testing.assert_array_equal(first, second)
    assert len(made) == 2
    assert not list(folder.iterdir())


def test_threads_at_once_lose_nothing(qd2, made, folder):
    gate = threading.Barrier(8)

    def work(number):
        gate.wait()
        return [kept_images(qd2, POSES, 1.0 + (number + step) % 4) for step in range(12)]

    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(work, range(8)))
    whole = [kept_images(qd2, POSES, 1.0 + index) for index in range(4)]
    for number, images in enumerate(done):
        for step, one in enumerate(images):
            np.testing.assert_array_equal(one, whole[(number + step) % 4])
    assert len(list(folder.iterdir())) == 4


WRITE_AND_READ = """
import sys
from pathlib import Path
import numpy as np
from cinedot.micrographs.pose import library_cache

folder, number = Path(sys.argv[1]), int(sys.argv[2])
own = np.full((3, 64, 64), 7.0, np.float32)
print("ready", flush=True)
sys.stdin.readline()
for step in range(60):
    file = folder / f"{(step + number) % 3}.npz"
    library_cache._write(file, own)
    for other in range(3):
        found = library_cache._read(folder / f"{other}.npz", (3, 64, 64))
        assert found is None or np.array_equal(found, own)
    if step < 50 and step % 7 == number:
        file.unlink(missing_ok=True)
"""


def test_processes_at_once_read_no_half_file(folder):
    """Two write, read and delete the same files; what a file holds is whole, or it is not there."""
    pipe = subprocess.PIPE
    arguments = [[sys.executable, "-c", WRITE_AND_READ, str(folder), one] for one in "01"]
    both = [subprocess.Popen(one, stdin=pipe, stdout=pipe, text=True) for one in arguments]
    for one in both:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    for one in both:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    for one in both:
        one.communicate(timeout=120)
        assert one.returncode == 0
    # After the last deletion each process writes every file once more.
    assert {one.name for one in folder.iterdir()} == {"0.npz", "1.npz", "2.npz"}
    for one in folder.iterdir():
        assert library_cache._read(one, (3, 64, 64)) is not None


def test_the_folder_lies_in_the_cache(folder):
    assert library_folder() == folder
