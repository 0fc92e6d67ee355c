"""Pictures of a movie's dot: one frame at a glance, the film, and what changes with time."""

import base64
import io
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Pillow
from scipy.spatial.transform import Rotation

from cinedot.core import ArrayFrames, Movie
from cinedot.dossier.findings import Film, Panel
from cinedot.dossier.manifest import MovieSection
from cinedot.dossier.sections.models import lens_of
from cinedot.dossier.sections.movie_looks import Looks, looks_at, telling_row
from cinedot.dossier.sections.movie_pictures import particle_panels
from cinedot.dossier.sections.movie_player import MOST_BYTES, MOST_FRAMES, _pictures, film_rows
from cinedot.dossier.sections.movie_times import Clock, occupancy_panel, orientation_panel
from cinedot.dossier.sections.movie_zc import model_image, shown_sites
from cinedot.micrographs.movie_atoms import MovieAtoms, SiteInterval
from cinedot.micrographs.movie_poses import MoviePoses
from cinedot.micrographs.occupancy import AtomEvent, SiteEvidence
from cinedot.micrographs.pose import FramePose, PoseFit, average_dot, model_camera, views_of
from cinedot.micrographs.pose.model_choice import RankedModels
from cinedot.micrographs.pose.shared_state import SHARED_PARAMETERS, SharedState
from cinedot.particle import Cuboid, host_named, lattice_sites

PIXEL_NM, SIDE, ZERO, LEVEL, CONTRAST = 0.05, 160, 100.0, 1000.0, 0.7
INDICES = [10, 11, 13, 14]
ABSENT = 1
TURNS = [0.0, 0.0, 14.0, 15.0]
PLACE_NM = np.array([3.53, 4.21])
SECTION = MovieSection(file="movie.tif")


def pose_fit(turn_deg: float) -> PoseFit:
    return PoseFit(
        rotation=Rotation.from_euler("zyx", [25.0, 14.0 + turn_deg, 9.0], degrees=True).as_matrix(),
        x_nm=0.0,
        y_nm=0.0,
        defocus_nm=6.0,
        contrast=CONTRAST,
        sigma_contrast=0.01,
        ground=np.zeros(1),
        covariance=1e-6 * np.eye(6),
        chi_square=1.0,
        numbers=1.0,
        log_evidence=0.0,
        iterations=1,
    )


@pytest.fixture(scope="module")
def poses() -> MoviePoses:
    """A dot that tumbles while it is out of sight: frames 0, 2 and 3 have a pose."""
    model = average_dot(Cuboid.cube(2, host_named("CsPbBr3")), "prototype")
    nan = float("nan")
    frames = tuple(
        FramePose(frame=row, status="absent", fit=None, x_nm=nan, y_nm=nan)
        if row == ABSENT
        else FramePose(
            frame=row,
            status="ok",
            fit=pose_fit(turn),
            x_nm=float(PLACE_NM[0]),
            y_nm=float(PLACE_NM[1]),
        )
        for row, turn in enumerate(TURNS)
    )
    return MoviePoses(
        ranked=RankedModels(models=(model,), log_evidence=np.zeros(1), fits=()),
        searched=((model.cuboid, 0.0),),
        frames=frames,
        tumbles=((2, 14.0),),
        beside_nm=np.zeros((len(frames), 0, 2)),
    )


@pytest.fixture(scope="module")
def movie(poses: MoviePoses) -> Movie:
    """Frames without noise: the model's own views upon a camera's zero; the absent one is bare."""
    camera = model_camera(PIXEL_NM, lens_of(SECTION, None), radius_nm=poses.model.radius_nm)
    middle = np.rint(PLACE_NM / PIXEL_NM).astype(int)
    frames = np.full((len(TURNS), SIDE, SIDE), ZERO + LEVEL, dtype=np.float32)
    for row, pose in enumerate(poses.frames):
        if pose.fit is None:
            continue
        view = views_of(poses.model, camera).images(
            pose.fit.rotation[None], (PLACE_NM - middle * PIXEL_NM)[None], np.array([6.0])
        )[0]
        x, y = middle - camera.side // 2
        part = frames[row, y : y + camera.side, x : x + camera.side]
        part += LEVEL * CONTRAST * (view - 1)
    return Movie(
        frames=ArrayFrames(frames=frames),
        name="film",
        pixel_x_nm=PIXEL_NM,
        pixel_y_nm=PIXEL_NM,
        frame_s=0.02,
    )


@pytest.fixture(scope="module")
def atoms(poses: MoviePoses) -> MovieAtoms:
    """The same dot: sites 0 to 4 are empty, 5 cannot be told, the last is lost in row 2."""
    sites = lattice_sites(poses.model.cuboid)
    count = len(sites)
    there = np.ones(count)
    there[:5] = 0.0
    limit = np.full(count, 0.3)
    limit[5] = 1.4
    evidence = SiteEvidence(
        occupancy=there,
        sigma=np.full(count, 0.04),
        sigma_model=np.full(count, 0.03),
        p_present=np.where(there > 0.5, 0.999, 0.001),
        expected=np.full(count, 0.5),
        limit=limit,
    )

    def interval(site: int, first: int, last: int, share: float) -> SiteInterval:
        return SiteInterval(
            site=site,
            first_frame=first,
            last_frame=last,
            occupancy=share,
            sigma=0.04,
            sigma_model=0.03,
            p_present=share,
        )

    steady = [interval(site, 0, 3, float(there[site])) for site in range(count - 1)]
    lost = [interval(count - 1, 0, 1, 0.95), interval(count - 1, 2, 3, 0.02)]
    return MovieAtoms(
        model=poses.model,
        evidence=evidence,
        shared=SharedState(values=np.zeros(len(SHARED_PARAMETERS))),
        shared_sigma=np.full(len(SHARED_PARAMETERS), 0.001),
        misfit=1.1,
        joint_frames=3,
        frames=4,
        events=(AtomEvent(frame=2, kind="loss", site=count - 1, reached=-1, significance=9.0),),
        intervals=(*steady, *lost),
    )


@pytest.fixture(scope="module")
def looks(poses: MoviePoses, movie: Movie) -> Looks:
    return looks_at(poses, range(len(movie)), movie, SECTION, zero=ZERO)


@pytest.fixture(scope="module")
def panels(poses: MoviePoses, atoms: MovieAtoms, movie: Movie) -> dict[str, Panel]:
    shown = particle_panels(poses, atoms, movie, SECTION, INDICES, zero=ZERO)
    return {panel.title: panel for panel in shown}


def test_a_frame_that_is_the_models_view_leaves_no_difference(looks: Looks) -> None:
    known = [row for row in looks.rows if row != ABSENT]
    seen = np.ptp(looks.filtered[known])
    assert seen > 0.1
    # What is left comes from the ground's mean: the view has tails where the field counts as bare.
    assert np.abs(looks.difference[known]).max() < 0.02 * seen
    assert np.isnan(looks.view[ABSENT]).all()
    assert np.isnan(looks.difference[ABSENT]).all()
    # An absent particle is looked for where it was last seen: its frame is bare, but cut alike.
    assert np.abs(looks.frame[ABSENT]).max() < 1e-6


def test_a_frame_is_cut_where_the_particle_is(looks: Looks, poses: MoviePoses) -> None:
    # A band-passed image of lead under 6 nm of under-focus has its darkest place on an atom's
    # column: within two pixels of a site as the pose puts it into the picture.
    side = looks.frame.shape[1]
    dark = np.unravel_index(looks.filtered[0].argmin(), looks.filtered[0].shape)
    at_nm = (np.array(dark[::-1]) - (side - 1) / 2) * PIXEL_NM
    fit = poses.frames[0].fit
    assert fit is not None
    sites = lattice_sites(poses.model.cuboid)
    places = sites.abc * poses.model.cuboid.host.lattice_nm
    lead = (places[sites.role == "metal"] @ fit.rotation.T)[:, :2] + looks.place_nm[0]
    assert np.hypot(*(lead - at_nm).T).min() < 2 * PIXEL_NM


def test_the_telling_frame_is_the_middle_one_of_the_sure(poses: MoviePoses) -> None:
    assert telling_row(poses) == 2
    doubted = list(poses.frames)
    doubted[2] = replace(doubted[2], status="ambiguous")
    assert telling_row(replace(poses, frames=tuple(doubted))) == 3
    nobody = tuple(replace(one, fit=None, status="absent") for one in poses.frames)
    assert telling_row(replace(poses, frames=nobody)) is None


@given(frames=st.integers(1, 5000), place=st.floats(0, 1, exclude_max=True))
def test_a_film_has_few_frames_evenly_and_the_telling_one(frames: int, place: float) -> None:
    telling = int(place * frames)
    rows = film_rows(frames, telling)
    assert len(rows) == min(frames, MOST_FRAMES)
    assert telling in rows
    assert rows[0] >= 0
    assert rows[-1] < frames
    steps = np.diff(rows)
    assert (steps > 0).all()
    # Rounding moves each end of a step by half a frame, the telling one by half a step.
    even = (frames - 1) / max(len(rows) - 1, 1)
    assert (np.abs(steps - even) <= even / 2 + 1.5).all()


def test_one_frame_at_a_glance(
    panels: dict[str, Panel], poses: MoviePoses, atoms: MovieAtoms, looks: Looks
) -> None:
    panel = panels["Frame 13 at a glance"]
    figure = panel.figure
    assert not isinstance(figure, Film)
    assert len(figure.layout.images) == 5
    titles = [one.text for one in figure.layout.annotations]
    assert titles[:5] == ["Frame", "Band-passed", "Model's view", "Difference", "ZC model"]
    assert titles.count("0.5 nm") == 1
    # Five sites that are empty throughout, and the one that was lost in just this frame.
    assert "6 missing ions are open circles, 1 sites" in panel.caption
    rings = [one for one in figure.layout.shapes if one.type == "circle"]
    fit = poses.frames[2].fit
    assert fit is not None
    sites = lattice_sites(poses.model.cuboid)
    gone = [0, 1, 2, 3, 4, len(sites) - 1]
    expected = (sites.abc[gone] * poses.model.cuboid.host.lattice_nm) @ fit.rotation.T
    found = np.array([((one.x0 + one.x1) / 2, (one.y0 + one.y1) / 2) for one in rings])
    # Each ring is drawn twice: white beneath ink.
    assert found[::2] == pytest.approx(expected[:, :2] + looks.place_nm[2])
    assert found[1::2] == pytest.approx(found[::2])
    assert shown_sites(poses, atoms, 0).missing.sum() == 5


def test_what_cannot_be_told_is_a_veil_and_what_is_missing_is_not_drawn(
    poses: MoviePoses, atoms: MovieAtoms
) -> None:
    shown = shown_sites(poses, atoms, 0)
    fit = poses.frames[0].fit
    assert fit is not None
    whole = np.ones_like(shown.drawn)
    none = np.zeros_like(shown.drawn)
    without = replace(shown, faint=none)
    told = replace(shown, drawn=shown.drawn | shown.faint, faint=none)
    images = [
        model_image(poses, one, fit.rotation, 3.0)
        for one in (without, shown, told, replace(shown, drawn=whole, faint=none))
    ]
    bare, veiled, full, every = (image.sum(axis=2) for image in images)
    changed = np.abs(full - bare) > 1e-9
    assert changed.any()
    between = (veiled - bare) / np.where(changed, full - bare, 1.0)
    assert between[changed] == pytest.approx(0.3)
    assert veiled[~changed] == pytest.approx(bare[~changed])
    assert (np.abs(every - full) > 0.1).any()


def test_without_measured_atoms_the_model_is_the_average_dot(poses: MoviePoses) -> None:
    shown = shown_sites(poses, None, 0)
    assert not shown.missing.any()
    assert "on average" in shown.said
    metal = lattice_sites(poses.model.cuboid).role == "metal"
    assert shown.drawn[metal].all()


def test_light_ions_are_neither_drawn_nor_ringed(atoms: MovieAtoms, poses: MoviePoses) -> None:
    model = average_dot(Cuboid.cube(2, host_named("MAPbBr3")), "prototype")
    ranked = RankedModels(models=(model,), log_evidence=np.zeros(1), fits=())
    shown = shown_sites(replace(poses, ranked=ranked), replace(atoms, model=model), 0)
    light = lattice_sites(model.cuboid).role == "a"
    assert not (shown.drawn | shown.faint | shown.missing)[light].any()
    assert "0 missing ions" in shown.said


def test_the_film_says_what_each_frame_is(panels: dict[str, Panel]) -> None:
    film = panels["The movie"].figure
    assert isinstance(film, Film)
    assert film.said == (
        "Frame 10, 0.210 s: ok, 6.0 nm under-focus",
        "Frame 11, 0.230 s: absent, no model is shown",
        "Frame 13, 0.270 s: ok, 6.0 nm under-focus",
        "Frame 14, 0.290 s: ok, 6.0 nm under-focus",
    )
    assert film.begin == 2
    # 0.12 s a frame against 0.02 s.
    assert film.paced == "played 6 times slower than recorded"
    # From 0.2 s to 0.3 s.
    assert film.at == pytest.approx((0.1, 0.3, 0.7, 0.9))
    assert film.band is not None
    assert film.band.marks == ((pytest.approx(0.6), "14°"),)
    # The line breaks where nobody knows the pose.
    assert [len(piece) for piece in film.band.traces[0].pieces] == [1, 2]
    strips = [opened(address) for address in film.pictures]
    width = (strips[0].shape[1] - 3 * 3) // 4
    model = slice(2 * (width + 3) + 8, 3 * width + 2 * 3 - 8)
    assert strips[ABSENT][:, model].min() > 250
    assert strips[2][:, model].min() < 100


def opened(address: str) -> np.ndarray:
    head, _, text = address.partition(",")
    assert head == "data:image/webp;base64"
    return np.asarray(Pillow.open(io.BytesIO(base64.b64decode(text))).convert("L")).astype(float)


def test_a_film_stays_small_whatever_it_shows() -> None:
    # White noise is what compresses worst; pictures are wider than a film's own.
    seed = int(np.random.SeedSequence().generate_state(1)[0])
    print("seed", seed)
    noise = np.random.default_rng(seed).normal(size=(MOST_FRAMES, 170, 170)).astype(np.float32)
    looks = Looks(
        rows=tuple(range(MOST_FRAMES)),
        frame=noise,
        filtered=noise,
        view=noise,
        difference=noise,
        pixel_x_nm=0.02,
        pixel_y_nm=0.02,
        place_nm=np.zeros((MOST_FRAMES, 2)),
    )
    pictures = _pictures(looks)
    assert sum(map(len, pictures)) <= MOST_BYTES
    assert len(pictures) == MOST_FRAMES
    assert opened(pictures[0]).shape[0] == 80


def test_the_clock_knows_of_skipped_frames() -> None:
    clock = Clock(indices=tuple(INDICES), frame_s=0.02)
    assert clock.moment(2) == pytest.approx(0.26)
    assert clock.moment(4) == pytest.approx(0.30)
    assert clock.share(4) == pytest.approx(1.0)
    assert Clock(indices=(5, 6), frame_s=None).moment(1.5) == pytest.approx(6.5)


def test_occupancies_are_steps_in_time(poses: MoviePoses, atoms: MovieAtoms, movie: Movie) -> None:
    (panel,) = occupancy_panel(atoms, poses, movie, INDICES)
    assert not isinstance(panel.figure, Film)
    band, steps = panel.figure.data
    assert list(steps.x) == pytest.approx([0.2, 0.26, 0.26, 0.3])
    assert list(steps.y) == pytest.approx([0.95, 0.95, 0.02, 0.02])
    # 0.04 of counting and 0.03 of the model are 0.05.
    assert max(band.y) == pytest.approx(1.0)
    assert min(band.y) == pytest.approx(-0.03)
    named, axis = [one.text for one in panel.figure.layout.annotations]
    assert axis == "occupancy"
    last = lattice_sites(poses.model.cuboid).abc[-1]
    assert named == f"<b>Br</b> ({', '.join(f'{part:g}' for part in last)})"
    lines = {(one.line.dash, round(one.x0, 3)) for one in panel.figure.layout.shapes}
    assert lines == {("solid", 0.26), ("dash", 0.26)}
    assert occupancy_panel(replace(atoms, events=()), poses, movie, INDICES) == ()


def test_turns_break_where_there_is_no_pose(poses: MoviePoses, movie: Movie) -> None:
    (panel,) = orientation_panel(poses, movie, INDICES, model_deg=0.08)
    assert not isinstance(panel.figure, Film)
    first = panel.figure.data[0]
    assert list(np.isnan(first.y.astype(float))) == [False, True, False, False]
    assert [one.text for one in panel.figure.layout.annotations] == ["tumble, 14°"]
    # About the beam and x next to nothing changes; about y frames differ by what was turned.
    turned = np.linalg.norm([trace.y[2] - trace.y[0] for trace in panel.figure.data])
    assert turned == pytest.approx(14.0, abs=0.1)


def test_a_reader_steps_through_the_film(
    panels: dict[str, Panel],
    page_of: Callable[..., str],
    shown_page: Callable[[Path], tuple[str, list[str]]],
    tmp_path: Path,
) -> None:
    page = tmp_path / "page.html"
    step = (
        "const one = document.querySelector('.film input'); one.value = 1;"
        "one.dispatchEvent(new Event('input'));"
        "document.title = document.querySelector('.film output').textContent;"
        "document.querySelector('.film button').click();"
    )
    page.write_text(page_of(panels["The movie"]) + f"<script>{step}</script>", "utf-8")
    shown, complaints = shown_page(page)
    film = panels["The movie"].figure
    assert isinstance(film, Film)
    # As it was before it played on.
    assert re.findall("<title>([^<]*)</title>", shown)[0] == film.said[1] != ""
    (said,) = re.findall(r"<output[^>]*>([^<]*)</output>", shown)
    assert said in film.said
    assert film.begin != 1
    assert 'aria-pressed="true"' in shown
    assert complaints == []
