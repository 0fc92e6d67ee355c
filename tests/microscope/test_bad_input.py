"""What cannot be is refused before JAX sees it, in one line that names it."""

import math
import subprocess
import sys

import numpy as np
import pytest
from ase import Atoms
from scipy.spatial.transform import Rotation

from cinedot.core import InputError
from cinedot.microscope import (
    AmorphousCarbon,
    Damage,
    Exposure,
    Grid,
    Lens,
    Motion,
    Poses,
    Scene,
    begin_damage,
    begin_filming,
    begin_motion,
    exit_waves,
    film_room,
)
from cinedot.microscope.film_room import frames_at_a_time, require_sampled_focus
from cinedot.microscope.option_names import as_typed
from cinedot.particle import Cuboid, build, host_named

DOT = build(Cuboid.cube(1, host_named("CsPbBr3")), "prototype")
UPRIGHT = np.eye(3)[None]
HERE = np.array([[0.6, 0.6, 0.0]])


def _dot(name: str, value: float) -> Atoms:
    dot = DOT.copy()
    dot.arrays[name][1] = value
    return dot


@pytest.mark.parametrize(
    ("make", "rule"),
    [
        (lambda: Poses(rotation=UPRIGHT, shift_nm=HERE * math.nan), "`shift_nm` must hold finite"),
        (lambda: Poses(rotation=UPRIGHT * math.nan, shift_nm=HERE), "`rotation` must hold finite"),
        (lambda: Poses(rotation=UPRIGHT[:0], shift_nm=HERE[:0]), "at least one pose"),
        (lambda: Poses.of(Rotation.identity(), np.zeros((0, 3))), "at least one pose"),
        (lambda: Grid(shape=(8, 8), pixel_nm=math.nan), "`pixel_nm` must be positive"),
        (lambda: Grid(shape=(8, 8), pixel_nm=math.inf), "`pixel_nm` must be positive"),
        (lambda: Grid(shape=(0, 8), pixel_nm=0.1), "`shape` must be a whole number"),
        (lambda: Scene(atoms=Atoms()), "at least one atom.*`atoms`"),
        (lambda: Scene(atoms=_dot("positions", math.nan)), "every position .* Atom 1 of `atoms`"),
        (lambda: Scene(atoms=_dot("numbers", 0)), "known element"),
        (lambda: Scene(atoms=_dot("occupancy", 1.5)), "from 0 to 1"),
        (lambda: Scene(atoms=_dot("occupancy", math.nan)), "from 0 to 1"),
        (lambda: Scene(atoms=DOT, frames=2**31), "`frames` must be at most"),
        (lambda: Scene(atoms=DOT, start=Rotation.identity(2)), "`start` must be one"),
        (lambda: Lens(voltage_kv=0.001), "`voltage_kv` must be from 10 to 3000 kV"),
        (lambda: Lens(voltage_kv=3001.0), "`voltage_kv` must be from"),
        (lambda: Lens(defocus_nm=-1e6), "`defocus_nm` must be from"),
        (lambda: Lens(focal_spread_nm=1e6), "`focal_spread_nm` must be from"),
        (lambda: Lens(spherical_aberration_um=1e6), "`spherical_aberration_um` must be from"),
        (lambda: Lens(vibration_pm=1e6), "`vibration_pm` must be from"),
        (lambda: Exposure(pixel_nm=1e3), "`pixel_nm` must be from 0.001 to 10 nm"),
        (lambda: AmorphousCarbon(thickness_nm=1e12), "`thickness_nm` must be from 0 to 200 nm"),
    ],
)
def test_bad_records_are_refused(make, rule):
    with pytest.raises(InputError, match=rule):
        make()


def test_what_the_suite_s_own_checks_of_types_would_catch_is_refused_without_them():
    """Shapes and types, in a process of its own, where annotations are not checked."""
    cases = {
        "Poses(rotation=np.eye(3), shift_nm=np.zeros((1, 3)))": "`rotation` must be an array",
        "Poses(rotation=[[1.0]], shift_nm=np.zeros((1, 3)))": "but is list",
        "Poses(rotation=np.eye(3)[None], shift_nm=np.zeros((1, 2)))": "`shift_nm` must be an array",
        "Grid(shape=(8,), pixel_nm=0.1)": "`shape` must be rows and columns",
        "Grid(shape=8, pixel_nm=0.1)": "`shape` must be rows and columns",
        "Grid(shape=(8.5, 8), pixel_nm=0.1)": "`shape` must be a whole number",
        "Scene(atoms=Atoms('Pb'), shape=(64, 64, 3))": "`shape` must be rows and columns",
        "Scene(atoms=Atoms('Pb'), frames=2.5)": "`frames` must be a whole number",
    }
    code = (
        "import numpy as np, sys\n"
        "from ase import Atoms\n"
        "from cinedot.core import InputError\n"
        "from cinedot.microscope import Grid, Poses, Scene\n"
        "for case in sys.argv[1:]:\n"
        "    try:\n        eval(case)\n"
        "    except InputError as fault:\n        print(fault)\n"
    )
    ran = [sys.executable, "-c", code, *cases]
    done = subprocess.run(ran, capture_output=True, text=True, check=True)
    told = done.stdout.splitlines()
    assert len(told) == len(cases)
    for line, rule in zip(told, cases.values(), strict=True):
        assert rule in line


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"dot": Atoms()}, "at least one atom.*`dot`"),
        ({"dot": _dot("positions", math.inf)}, "every position .* Atom 1 of `dot`"),
        ({"dot": Atoms("X")}, "known element"),
        ({"occupancy": np.full((1, len(DOT)), np.nan)}, "`occupancy` must hold finite"),
        ({"occupancy": np.ones((1, 2))}, "`occupancy` must have a row a pose"),
        ({"dtype": np.float16}, "`dtype` must be"),
    ],
)
def test_bad_exit_waves_are_refused(changes, rule):
    place = Poses(rotation=UPRIGHT, shift_nm=HERE)
    with pytest.raises(InputError, match=rule):
        exit_waves(
            **{"dot": DOT, "poses": place, "grid": Grid(shape=(8, 8), pixel_nm=0.1)} | changes,
            lens=Lens(),
        )


def test_real_microscopes_are_in_range():
    for voltage_kv in (10.0, 30.0, 80.0, 300.0, 1250.0, 3000.0):
        Lens(voltage_kv=voltage_kv, spherical_aberration_um=3000.0, defocus_nm=2000.0)
    Lens(focal_spread_nm=540.0)  # 3 eV from a hot filament, C_c 3 mm, at 10 kV


@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_the_limit_of_defocus_is_where_the_phase_is_no_longer_sampled(sign):
    """Between neighbouring frequencies up to 1 per angstrom chi = pi lambda C1 q^2 turns by pi."""
    grid, lens = Grid(shape=(300, 300), pixel_nm=0.02), Lens(spherical_aberration_um=0.0)
    wavelength, extent = 0.0417571, 60.0
    # chi(1) - chi(1 - 1/L) = pi lambda C1 (2 / L - 1 / L^2), all but 1 / L of itself.
    limit_nm = extent / 2 / wavelength / 10
    turn = np.pi * wavelength * 10 * limit_nm * (1 - (1 - 1 / extent) ** 2)
    assert turn == pytest.approx(np.pi, rel=1 / extent)
    for share, refused in ((0.999, False), (1.001, True)):
        here = Lens(defocus_nm=sign * share * limit_nm, spherical_aberration_um=0.0)
        if refused:
            with pytest.raises(InputError, match=r"`defocus_nm` must be at most 71\.8"):
                require_sampled_focus(here, grid)
        else:
            require_sampled_focus(here, grid)
    # Beams that the aperture stops need no room: 10 mrad let 0.24 per angstrom pass.
    wide = {"defocus_nm": sign * 4 * limit_nm, "aperture_mrad": 10.0}
    require_sampled_focus(Lens(**wide), grid)
    with pytest.raises(InputError, match="must be at most"):
        require_sampled_focus(Lens(**wide, astigmatism_nm=0.3 * limit_nm), grid)
    assert lens.defocus_nm == 6.0


def test_memory_decides_how_large_frames_and_films_may_be(monkeypatch: pytest.MonkeyPatch):
    there = 256 * 2**20
    monkeypatch.setattr(film_room, "memory_bytes", lambda: float(there))
    begin_filming(Scene(atoms=DOT, shape=(64, 64), frames=1))
    with pytest.raises(InputError, match=r"memory of 0\.25 GiB, but 2048 x 1024 pixels") as caught:
        begin_filming(Scene(atoms=DOT, shape=(2048, 1024), frames=1))
    side = int(caught.value.remedy.split()[2])
    assert side**2 < 2048 * 1024
    thick = AmorphousCarbon(thickness_nm=200.0, slice_nm=0.01)
    with pytest.raises(InputError, match="fewer slices of `support`"):
        begin_filming(Scene(atoms=DOT, shape=(64, 64), frames=1, support=thick))
    assert frames_at_a_time((99_999, 99_999)) == 1


@pytest.mark.parametrize(
    ("motion", "rule"),
    [
        (Motion(tumbles_per_s=1e8), "`tumbles_per_s` must be at most 50000, 1000 in a frame"),
        (Motion(diffusion_per_s=1e8), "`diffusion_per_s` must be at most 1250 rad"),
    ],
)
def test_motion_too_fast_to_film_is_refused(motion: Motion, rule: str):
    typed = {"start": Rotation.identity(), "centre_nm": np.zeros(3), "frames": 2, "frame_s": 0.02}
    with pytest.raises(InputError, match=rule):
        begin_motion(motion, **typed, rng=np.random.default_rng())


@pytest.mark.parametrize(
    ("damage", "refused"),
    [
        (Damage(hop_barrier_ev=0.0), True),
        (Damage(hop_cross_section_nm2=1e3, protection=1.0), True),
        (Damage(loss_barrier_ev=0.2, gain_per_s=1e9), True),
        (Damage(loss_cross_section_nm2=1e308, protection=1.0), True),
        (Damage(loss_barrier_ev=0.2), False),  # all have left at once, and that is all
        (Damage(gain_per_s=1e9), False),
        (Damage(temperature_k=330.0), False),
    ],
)
def test_halides_too_fast_to_follow_are_refused(damage: Damage, refused: bool):
    typed = {"dose_rate_e_per_nm2_s": 2.5e7, "frame_s": 0.02, "rng": np.random.default_rng()}
    if refused:
        with pytest.raises(InputError, match="`damage` must make at most 20000 steps"):
            begin_damage(DOT, damage, **typed)
    else:
        begin_damage(DOT, damage, **typed)


def test_complaints_keep_their_place_and_lose_their_python():
    said = InputError(
        "`shape` must be rows and columns.",
        remedy="Say (256, 256), rows first.",
        file="a",
        place="b",
    )
    assert str(as_typed(said)) == (
        "a, b: `--size` must be rows and columns. "
        "Write it as in 256, or 256,512 with the rows first."
    )
    kept = InputError("`thickness_nm` is odd.", remedy="See `frames` and `other`.")
    typed = as_typed(kept, {"thickness_nm": "--front-thickness"})
    assert str(typed) == "`--front-thickness` is odd. See `--frames` and `other`."
