"""Small sample folders, the command line run in this process, and what a movie told."""

import html
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from cinedot.dossier.analysis import Dossier
from cinedot.dossier.findings import Findings, Panel, SectionOutcome
from cinedot.dossier.folder import open_folder
from cinedot.dossier.page import render_page
from cinedot.dossier.results import dossier_json
from cinedot.micrographs.movie_atoms import MovieAtoms, SiteInterval
from cinedot.micrographs.movie_poses import MoviePoses
from cinedot.micrographs.occupancy import AtomEvent, SiteEvidence
from cinedot.micrographs.pose.fit import PoseFit
from cinedot.micrographs.pose.model_choice import RankedModels
from cinedot.micrographs.pose.models import average_dot
from cinedot.micrographs.pose.shared_state import SHARED_PARAMETERS, SharedState
from cinedot.micrographs.pose.tracking import FramePose
from cinedot.particle import Cuboid, host_named, lattice_sites

Run = Callable[..., tuple[int, str, str]]
TOLD_FRAMES = 4
_FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync "
    "--disable-background-networking --disable-component-update --enable-logging=stderr "
    "--virtual-time-budget=8000 --timeout=300000 --dump-dom"
)


@pytest.fixture
def light_folder(tmp_path: Path) -> Path:
    """A sample with one emission spectrum: Gaussian in wavelength, 453/14.9 nm, fresh noise."""
    folder = tmp_path / "light"
    folder.mkdir()
    seed = int(np.random.SeedSequence().generate_state(1)[0])
    print("seed", seed)
    nm = np.arange(420.0, 500.5, 0.5)
    counts = np.random.default_rng(seed).poisson(
        200 + 2e4 * np.exp(-4 * np.log(2) * ((nm - 453.0) / 14.9) ** 2)
    )
    rows = "\n".join(f"{x:g},{y:g}" for x, y in zip(nm, counts, strict=True))
    (folder / "pl.csv").write_text(f"wavelength (nm),intensity\n{rows}\n")
    (folder / "sample.toml").write_text(
        '[sample]\nname = "light"\nhost = "MAPbBr3"\n[emission]\nfile = "pl.csv"\n'
        '[reported]\n"emission.peak" = "453 nm"\n"emission.fwhm" = { value = 20, sigma = 0.1 }\n'
    )
    return folder


@pytest.fixture
def shown_page(tmp_path: Path) -> Callable[[Path], tuple[str, list[str]]]:
    """A page after its programs ran in a browser, and what the browser complained of."""

    def shown(page: Path) -> tuple[str, list[str]]:
        browser = shutil.which("chromium") or shutil.which("chromium-browser")
        if browser is None:
            pytest.skip("Chromium is not installed (Debian: chromium)")
        profile = f"--user-data-dir={tmp_path / 'profile'}"
        done = subprocess.run(
            [browser, *_FLAGS.split(), profile, page.as_uri()],
            capture_output=True,
            text=True,
            check=True,
            timeout=600,  # a machine that is busy with other work is no fault of the page
        )
        return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]

    return shown


@pytest.fixture
def barriers(
    shown_page: Callable[[Path], tuple[str, list[str]]], tmp_path: Path
) -> Callable[[Path], list[dict[str, str]]]:
    """What axe-core finds in a page that keeps people out, with an example of each."""
    axe = (resources.files("axe_core_python") / "axe.min.js").read_text("utf-8")
    tell = (
        "addEventListener('load', () => axe.run().then(found => {"
        "const said = document.createElement('pre'); said.id = 'barriers';"
        "said.textContent = JSON.stringify(found.violations.map(one => "
        "({id: one.id, impact: one.impact, where: one.nodes[0].html.slice(0, 200)})));"
        "document.body.append(said); }));"
    )

    def found_in(page: Path) -> list[dict[str, str]]:
        looked_at = tmp_path / "looked-at.html"
        whole = page.read_text("utf-8")
        looked_at.write_text(f"{whole}<script>{axe}</script><script>{tell}</script>", "utf-8")
        (found,) = re.findall('<pre id="barriers">(.*?)</pre>', shown_page(looked_at)[0], re.DOTALL)
        return json.loads(html.unescape(found))

    return found_in


@pytest.fixture
def page_of(light_folder: Path) -> Callable[..., str]:
    """The report of a sample with these figures and nothing else."""

    def page(*panels: Panel) -> str:
        found = Findings(results={}, panels=panels)
        dossier = Dossier(
            sample=open_folder(light_folder, use_lab=False),
            outcomes=(SectionOutcome(name="movie", status="ok", findings=found),),
            checks=(),
            reported={},
            seconds=0.0,
        )
        return render_page(dossier, dossier_json(dossier, command="cinedot analyze light"))

    return page


@pytest.fixture(scope="session")
def told_atoms() -> MovieAtoms:
    """A dot of which site 30 was lost in the third frame of the window."""
    model = average_dot(Cuboid.cube(2, host_named("CsPbBr3")), "prototype")
    count = len(lattice_sites(model.cuboid))
    there = np.ones(count)
    there[:5] = 0.0
    lost = count - 1
    evidence = SiteEvidence(
        occupancy=there,
        sigma=np.full(count, 0.05),
        sigma_model=np.full(count, 0.03),
        p_present=np.where(there > 0.5, 0.999, 0.001),
        expected=np.full(count, 0.5),
        limit=np.full(count, 0.3),
    )
    whole = [
        SiteInterval(
            site=site,
            first_frame=first,
            last_frame=last,
            occupancy=share,
            sigma=0.05,
            sigma_model=0.03,
            p_present=share,
        )
        for site in range(count)
        for first, last, share in (
            [(0, 1, 1.0), (2, 3, 0.0)] if site == lost else [(0, 3, float(there[site]))]
        )
    ]
    event = AtomEvent(frame=2, kind="loss", site=lost, reached=-1, significance=9.0)
    return MovieAtoms(
        model=model,
        evidence=evidence,
        shared=SharedState(values=np.full(len(SHARED_PARAMETERS), 0.01)),
        shared_sigma=np.full(len(SHARED_PARAMETERS), 0.001),
        misfit=1.1,
        joint_frames=TOLD_FRAMES,
        frames=TOLD_FRAMES,
        events=(event,),
        intervals=tuple(whole),
    )


@pytest.fixture(scope="session")
def told_poses(told_atoms: MovieAtoms) -> MoviePoses:
    fit = PoseFit(
        rotation=np.eye(3),
        x_nm=0.0,
        y_nm=0.0,
        defocus_nm=6.0,
        contrast=1.0,
        sigma_contrast=0.01,
        ground=np.zeros(1),
        covariance=1e-6 * np.eye(6),
        chi_square=1.0,
        numbers=1.0,
        log_evidence=0.0,
        iterations=1,
    )
    frames = tuple(
        FramePose(frame=row, status="ok", fit=fit, x_nm=1.0, y_nm=1.0) for row in range(TOLD_FRAMES)
    )
    ranked = RankedModels(models=(told_atoms.model,), log_evidence=np.zeros(1), fits=())
    return MoviePoses(
        ranked=ranked,
        searched=((told_atoms.model.cuboid, 0.0),),
        frames=frames,
        tumbles=((1, 20.0),),
        beside_nm=np.zeros((TOLD_FRAMES, 0, 2)),
    )
