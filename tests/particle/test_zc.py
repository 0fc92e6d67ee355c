"""The ZC model: radii, what hides what, turned views, and the paper's eight arrays (R17)."""

import io

import numpy as np
import pytest
from ase import Atoms
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from cinedot.core import InputError
from cinedot.particle import Cuboid, host_named, hosts, lattice_sites
from cinedot.particle.zc import (
    PB_RADIUS_ANGSTROM,
    unhidden,
    view_along,
    zc_colour,
    zc_image,
    zc_radii_angstrom,
    zc_spheres,
)
from cinedot.particle.zc_figure import View, views_along, zc_figure

ROTATIONS = st.tuples(*[st.floats(-3.2, 3.2)] * 3).map(
    lambda angles: Rotation.from_euler("zyz", angles).as_matrix()
)
SMALL = {"pixel_nm": 0.02, "shape": (161, 161)}


def lattice_atoms(n=4, host="CsPbBr3"):
    """Every site filled, so that the cube keeps all its symmetry."""
    cuboid = Cuboid.cube(n, host_named(host))
    sites = lattice_sites(cuboid)
    return Atoms(symbols=sites.element.tolist(), positions=sites.abc * cuboid.host.lattice_angstrom)


def two(front, back, apart_angstrom=4.0):
    """Two atoms on one line of sight along c, the first nearer to the viewer."""
    return Atoms([front, back], positions=[[0, 0, apart_angstrom], [0, 0, 0]])


def lightness(rgb):
    """CIE L* of an sRGB colour."""
    rgb = np.asarray(rgb)
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return 116 * np.cbrt(linear @ [0.2126, 0.7152, 0.0722]) - 16


def first_met(spheres, pixels_angstrom):
    """Depth at which the ray through each place first meets a sphere; infinite where none."""
    away = np.linalg.norm(pixels_angstrom[:, None] - spheres.xyz_angstrom[:, :2], axis=2)
    half = np.sqrt(np.maximum(spheres.radius_angstrom**2 - away**2, 0))
    return np.where(half > 0, spheres.xyz_angstrom[:, 2] - half, np.inf).min(axis=1)


def test_radii_go_as_z_to_two_thirds():
    lead, caesium, bromine = zc_radii_angstrom(np.array([82, 55, 35]))
    assert lead == PB_RADIUS_ANGSTROM
    assert bromine / lead == pytest.approx((35 / 82) ** (2 / 3), rel=1e-12)
    assert caesium / lead == pytest.approx((55 / 82) ** (2 / 3), rel=1e-12)


def test_spheres_of_neighbours_stay_clear_in_every_host():
    for name, host in hosts().items():
        atoms = lattice_atoms(1, name)
        atoms = atoms[atoms.numbers > 10]
        reach = zc_radii_angstrom(atoms.numbers)
        gap = atoms.get_all_distances() - reach[:, None] - reach
        np.fill_diagonal(gap, np.inf)
        assert gap.min() > 0.1, host.name


def test_light_atoms_are_left_out():
    atoms = Atoms("PbBrCNOH", positions=np.arange(18).reshape(6, 3) * 1.0)
    assert sorted(zc_spheres(atoms, np.eye(3)).number.tolist()) == [35, 82]
    heavy = zc_image(atoms[:2], rotation=np.eye(3), **SMALL)
    assert np.array_equal(zc_image(atoms, rotation=np.eye(3), **SMALL), heavy)
    for light in ("CNOH", ""):
        with pytest.raises(InputError, match="must hold an atom heavier than Z = 10"):
            zc_image(Atoms(light), rotation=np.eye(3), **SMALL)


@settings(max_examples=50, deadline=None)
@given(st.tuples(*[st.integers(-4, 4)] * 3).filter(any))
def test_a_view_is_a_rotation_that_brings_its_direction_to_the_viewer(direction):
    rotation = view_along(direction)
    assert rotation @ rotation.T == pytest.approx(np.eye(3), abs=1e-12)
    assert np.linalg.det(rotation) == pytest.approx(1.0, abs=1e-12)
    seen = rotation @ np.array(direction) / np.linalg.norm(direction)
    assert seen == pytest.approx([0, 0, -1], abs=1e-12)
    up = rotation @ ([0, 1, 0] if direction[:2] == (0, 0) else [0, 0, 1])
    assert up[0] == pytest.approx(0, abs=1e-12)
    assert up[1] < 0


def test_the_first_axes_of_two_views():
    """Along c: a to the right, b up. Along [110]: c up, b right of a."""
    assert view_along((0, 0, 1)) @ [1, 0, 0] == pytest.approx([1, 0, 0])
    assert view_along((1, 1, 0)) @ [-1, 1, 0] == pytest.approx([2**0.5, 0, 0])


@pytest.mark.parametrize("bad", [(0, 0, 0), (1, 0), (float("nan"), 0, 1)])
def test_no_direction_is_refused(bad):
    with pytest.raises(InputError, match="`direction` must be three numbers"):
        view_along(bad)


def test_the_viewer_sees_the_atom_with_the_smallest_z_in_front():
    away = np.eye(3)  # c runs away from the gun: what is lower on c is in front
    towards = view_along((0, 0, 1))
    middle = (80, 80)
    bromine, lead = (np.array(zc_colour(z)) for z in (35, 82))
    near = zc_image(two("Br", "Pb"), rotation=towards, **SMALL)[middle]
    far = zc_image(two("Br", "Pb"), rotation=away, **SMALL)[middle]
    assert near == pytest.approx(bromine)
    assert far == pytest.approx(lead)


def test_spheres_cover_their_area_and_sit_at_their_place():
    """Coverage of a lone sphere sums to pi r^2, its centroid to its place: rims are antialiased."""
    atoms = Atoms("Pb", positions=[[3.37, -2.11, 0.0]])
    for pixel_nm in (0.01, 0.023):
        image = zc_image(atoms, rotation=np.eye(3), pixel_nm=pixel_nm, shape=(201, 181))
        dark = zc_image(atoms, rotation=np.eye(3), pixel_nm=pixel_nm, shape=(201, 181)) < 1
        radius = PB_RADIUS_ANGSTROM / 10 / pixel_nm
        # Pixels touched: the disc and a rim of half a pixel on either side, counted on a grid.
        inner, outer = np.pi * (radius - 0.5) ** 2, np.pi * (radius + 0.5) ** 2
        assert inner < dark[..., 0].sum() < 1.05 * outer
        weight = 1 - image[..., 0]
        y, x = np.indices(weight.shape)
        place = [(weight * axis).sum() / weight.sum() for axis in (x, y)]
        expected = [90 + 0.337 / pixel_nm, 100 - 0.211 / pixel_nm]
        assert place == pytest.approx(expected, abs=0.02)  # sampling of the rim on whole pixels


def test_a_quarter_turn_of_the_cube_turns_its_image():
    """Also of one that chance has thinned, by turning the frame rather than the dot."""
    atoms = lattice_atoms()
    face_on = zc_image(atoms, rotation=view_along((0, 0, 1)), **SMALL)
    assert np.abs(face_on - np.rot90(face_on)).max() < 1e-9
    assert np.abs(face_on - face_on[::-1]).max() < 1e-9
    thinned = atoms[np.random.default_rng().random(len(atoms)) < 0.7]
    quarter = np.array([[0.0, 1, 0], [-1, 0, 0], [0, 0, 1]])  # x to -y: anticlockwise on screen
    general = view_along((1, 2, 5))
    one = zc_image(thinned, rotation=general, **SMALL)
    other = zc_image(thinned, rotation=quarter @ general, **SMALL)
    # Places differ by round-off, 1e-15 of their size; shades go as its root at a sphere's rim.
    assert np.abs(np.rot90(one) - other).max() < 1e-6
    assert np.abs(one - other).max() > 0.1


@settings(max_examples=15, deadline=None)
@given(ROTATIONS)
def test_the_painted_image_is_what_rays_find(rotation):
    """Independent: at each pixel's centre, the first sphere that a ray meets, well off any rim."""
    atoms = lattice_atoms(2)
    image = zc_image(atoms, rotation=rotation, pixel_nm=0.04, shape=(41, 41))
    spheres = zc_spheres(atoms, rotation)
    pixels = (np.indices((41, 41)).reshape(2, -1).T[:, ::-1] - 20) * 0.4
    away = np.linalg.norm(pixels[:, None] - spheres.xyz_angstrom[:, :2], axis=2)
    inside = spheres.radius_angstrom**2 - away**2
    front = np.where(
        inside > 0, spheres.xyz_angstrom[:, 2] - np.sqrt(np.maximum(inside, 0)), np.inf
    )
    first = front.argmin(axis=1)
    met = np.isfinite(front.min(axis=1))
    # A pixel half a pixel or nearer to a rim is mixed, so only the others are compared.
    clear = (np.abs(away - spheres.radius_angstrom) > 0.21).all(axis=1)
    facing = np.sqrt(np.maximum(inside, 0))[np.arange(len(first)), first]
    facing = facing / spheres.radius_angstrom[first]
    expected = np.where(met[:, None], (0.45 + 0.55 * facing)[:, None] * spheres.rgb[first], 1.0)
    assert clear.sum() > 100
    assert np.abs(image.reshape(-1, 3) - expected)[clear].max() < 1e-9


DIRECTIONS = st.tuples(*[st.integers(-2, 2)] * 3).filter(any)


@settings(max_examples=20, deadline=None)
@given(st.one_of(ROTATIONS, DIRECTIONS))
def test_leaving_out_what_is_hidden_leaves_the_first_met_sphere(view):
    rotation = view_along(view) if isinstance(view, tuple) else view
    spheres = zc_spheres(lattice_atoms(), rotation)
    pixels = (np.indices((61, 61)).reshape(2, -1).T - 30) * 0.6
    met = first_met(spheres, pixels)
    assert np.isfinite(met).sum() > 500
    # The same arithmetic on the same spheres, so the same to the last digit.
    np.testing.assert_array_equal(first_met(unhidden(spheres), pixels), met)


def test_face_on_one_sphere_a_column_is_seen_and_its_smaller_neighbours_before_it():
    kept = unhidden(zc_spheres(lattice_atoms(), view_along((0, 0, 1))))
    # 25 A columns, 16 Pb with an outer Br before each, 40 columns of equatorial Br.
    assert np.unique(kept.number, return_counts=True)[1].tolist() == [56, 25, 16]


def test_r17_eight_arrays_of_bromide_seen_from_the_central_edge():
    """science.md 8.5: along [110] Br between the Pb columns stands in 8, Pb in 7, A in 9."""
    spheres = zc_spheres(lattice_atoms(), view_along((1, 1, 0)))
    step = host_named("CsPbBr3").lattice_angstrom / 2**0.5
    column = np.round(spheres.xyz_angstrom[:, 0] / step, 6)
    between = column[(spheres.number == 35) & (column % 1 == 0.5)]
    assert np.unique(between).tolist() == [-3.5, -2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 3.5]
    assert np.unique(column[spheres.number == 82]).tolist() == [-3, -2, -1, 0, 1, 2, 3]
    assert len(np.unique(column[spheres.number == 55])) == 9


def test_elements_differ_in_grey():
    levels = sorted(float(lightness(zc_colour(z))) for z in (82, 35, 55))
    assert np.diff(levels).min() > 20  # steps of CIE lightness; 2 can just be seen
    tin = sorted(float(lightness(zc_colour(z))) for z in (50, 53, 55))
    assert np.diff(tin).min() > 20


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"pixel_nm": 0.0}, "`pixel_nm` and `shape` must be positive"),
        ({"shape": (0, 5)}, "`pixel_nm` and `shape` must be positive"),
        ({"rotation": -np.eye(3)}, "`rotation` must be a rotation matrix"),
        ({"rotation": 2 * np.eye(3)}, "`rotation` must be a rotation matrix"),
        ({"pb_radius_angstrom": -1.0}, "`pb_radius_angstrom` must be positive"),
    ],
)
def test_senseless_views_are_refused(change, named):
    with pytest.raises(InputError, match=named):
        zc_image(two("Br", "Pb"), **({"rotation": np.eye(3)} | SMALL | change))


def test_atoms_outside_the_image_are_cut_off():
    image = zc_image(
        Atoms("Pb", positions=[[100, 0, 0]]), rotation=np.eye(3), pixel_nm=0.02, shape=(9, 7)
    )
    assert (image == 1).all()


def test_a_figure_has_its_panels_legend_and_scale_bar():
    figure = zc_figure(lattice_atoms(2), views_along((0, 0, 1), (1, -1, 0)))
    assert [axes.get_title() for axes in figure.axes] == ["[001]", "[11̄0]"]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["Pb", "Cs", "Br"]
    (bar,) = figure.axes[0].lines
    assert np.ptp(bar.get_xdata()) == pytest.approx(1.0)
    assert [text.get_text() for text in figure.axes[0].texts] == ["1 nm"]
    spans = {(*axes.get_xlim(), *axes.get_ylim()) for axes in figure.axes}
    assert len(spans) == 1  # one scale
    low, high, bottom, top = spans.pop()
    assert low < -0.587 - 0.085
    assert (high, bottom, top) == (-low, -low, low)  # y runs down


def test_a_figure_can_be_written_in_every_usual_format():
    figure = zc_figure(lattice_atoms(1), views_along((1, 2, 5)))
    for kind in ("svg", "png", "pdf"):
        out = io.BytesIO()
        figure.savefig(out, format=kind)
        assert out.tell() > 1000


def test_a_figure_draws_true_circles_at_the_atoms_places_nearest_last():
    atoms = two("Br", "Pb")
    atoms.translate([1.0, 2.0, 0.0])
    figure = zc_figure(atoms, [View(title="one", rotation=view_along((0, 0, 1)))])
    (discs,) = figure.axes[0].collections
    assert discs.get_offsets()[[0, -1]] == pytest.approx(np.array([[0.1, -0.2], [0.1, -0.2]]))
    widths, heights = discs.get_widths(), discs.get_heights()
    assert np.array_equal(widths, heights)
    assert widths[0] == pytest.approx(2 * PB_RADIUS_ANGSTROM / 10)
    assert widths.max() == widths[0]
    assert widths[len(widths) // 2] / widths[0] == pytest.approx((35 / 82) ** (2 / 3))


def test_a_figure_of_nothing_is_refused():
    with pytest.raises(InputError, match="`views` must hold a view"):
        zc_figure(lattice_atoms(1), [])
    with pytest.raises(InputError, match="heavier than Z = 10"):
        zc_figure(Atoms("CO"))


def test_figures_leave_no_trace_in_pyplot():
    import matplotlib.pyplot as plt

    before = plt.get_fignums()
    zc_figure(lattice_atoms(1), views_along((0, 0, 1)))
    assert plt.get_fignums() == before
