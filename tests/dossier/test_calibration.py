"""Fringes of a known lattice in the dossier: planes, scale, and a scale that is far off."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.constants

from cinedot.core import Image
from cinedot.dossier.manifest import Manifest
from cinedot.dossier.sections.calibration import lattice_findings
from cinedot.dossier.sections.lattice import Known, known_lattice, materials
from cinedot.dossier.sections.scale_doubts import rescaled, scale_suspicion
from cinedot.micrographs import lattice_fringes


def _known(**sample: object) -> Known:
    found = known_lattice(Manifest.model_validate({"sample": {"name": "a", **sample}}))
    assert found is not None
    return found


def _crystal(*, stored: float = 1.0, noise: float = 1.0) -> Image:
    """SrTiO3 along [001] with pixels of 0.012 nm, of which the file says `stored` times that."""
    seed = int(np.random.SeedSequence().generate_state(1)[0])
    print("seed", seed)
    rng = np.random.default_rng(seed)
    side, turn = 320, float(rng.uniform(0, np.pi / 2))
    y, x = np.mgrid[:side, :side] * 0.012
    data = rng.normal(size=(side, side)) * noise + 10
    for h, k in ((1, 0), (0, 1), (1, 1), (1, -1), (2, 0), (0, 2)):
        angle = np.arctan2(k, h) + turn
        frequency = np.hypot(h, k) / 0.3905
        data += 0.5 * np.cos(2 * np.pi * frequency * (x * np.cos(angle) + y * np.sin(angle)))
    pixel = 0.012 * stored
    return Image(data=data, pixel_x_nm=pixel, pixel_y_nm=pixel, name="crystal")


def test_a_right_scale_agrees_and_is_not_verified_by_its_own_lattice() -> None:
    image = _crystal()
    found = lattice_findings(image, lattice_fringes(image), _known(material="SrTiO3"))
    statuses = {one.name: one.status for one in found.checks}
    assert statuses == {"pixel size": "agree", "calibration by SrTiO3": "circular"}
    assert not any("Warning" in one for one in found.remarks)
    for name, true in (("lattice", 0.3905), ("pixel_x", 0.012), ("pixel_y", 0.012)):
        estimate = found.results[name]
        # Windows leave a few parts in 10^4 open beside the noise; 0.3 % is far beyond both.
        assert float(estimate.value) == pytest.approx(true, rel=0.003)
    assert "of SrTiO3" in found.results["fringe_1"].method
    # Noise makes one more fringe, of no plane, with a chance of 0.001, two once in two million.
    assert len({label for label, _, _, _ in found.series if "(" not in label}) <= 1


def test_a_scale_off_by_five_percent_is_warned_of() -> None:
    image = _crystal(stored=1.05)
    found = lattice_findings(image, lattice_fringes(image), _known(material="X", lattice=0.3905))
    assert found.checks[0].status == "tension"
    assert any("Warning: the stored pixel differs" in one for one in found.remarks)
    assert float(found.results["pixel_x"].value) == pytest.approx(0.012, rel=0.003)
    assert float(found.results["lattice"].value) == pytest.approx(1.05 * 0.3905, rel=0.003)


@pytest.mark.parametrize("factor", [10.0, 0.1])
def test_a_scale_off_by_ten_times_is_said(factor: float) -> None:
    image = _crystal(stored=factor)
    told = scale_suspicion(image, _known(material="SrTiO3"))
    assert told is not None
    assert f"looks 10 times too {'large' if factor > 1 else 'small'}" in told
    assert "0.012 nm" in told
    assert "`pixel_size` in sample.toml" in told


def test_noise_suggests_no_other_scale() -> None:
    image = _crystal()
    # The search for fringes allows 1e-3 false peaks a field, and three are asked for.
    noise = replace(image, data=np.random.default_rng().normal(size=image.data.shape) + 10)
    assert scale_suspicion(noise, _known(material="SrTiO3")) is None
    assert rescaled(image, 10).pixel_x_nm == pytest.approx(0.12)


def test_without_a_lattice_fringes_have_no_names() -> None:
    image = _crystal()
    found = lattice_findings(image, lattice_fringes(image), None)
    assert not found.checks
    assert "lattice" not in found.results
    assert (
        known_lattice(Manifest.model_validate({"sample": {"name": "a", "material": "?"}})) is None
    )


def test_lattices_come_from_the_manifest_before_the_table() -> None:
    assert _known(host="CsPbBr3", lattice=0.6).lattice.a_nm == 0.6
    layers = _known(material="MoS2", lattice=0.32)
    assert (layers.lattice.a_nm, layers.lattice.b_nm, layers.lattice.gamma_deg) == (0.32, 0.32, 120)
    assert layers.zone == (0, 0, 1)
    own = _known(material="WSe2", cell=(0.3282, 0.3282, 1.296), cell_angles=(90, 90, 120))
    assert own.lattice.c_nm == 1.296
    assert own.zone is None


def test_every_material_says_how_sure_its_numbers_are() -> None:
    for name, one in materials().items():
        assert one["evidence"] in ("checked", "remembered"), name
        assert bool(one["against"]) == (one["evidence"] == "checked"), name
        assert ("as remembered" in _known(material=name).said_by) == (not one["against"]), name


def test_silicon_is_codatas() -> None:
    metres, _, _ = scipy.constants.physical_constants["lattice parameter of silicon"]
    # Rounded to six digits.
    assert materials()["Si"]["cell"][0] == pytest.approx(1e9 * metres, abs=0.5e-6)
