"""The dossier in a browser: every figure drawn, no complaint, nothing asked of a network."""

import math
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import plotly.graph_objects as go
import pytest

from cinedot.dossier.findings import Panel

Run = Callable[..., tuple[int, str, str]]

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync "
    "--disable-background-networking --disable-component-update --enable-logging=stderr "
    "--virtual-time-budget=8000 --timeout=300000 --dump-dom"
)


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (Debian: chromium)")
def test_the_page_draws_its_figures_without_complaint(
    run: Run, light_folder: Path, tmp_path: Path
) -> None:
    run("analyze", light_folder)
    page = light_folder / "results" / "dossier.html"
    shown, complaints = _shown(page, tmp_path)
    figures = page.read_text("utf-8").count("<figure")
    assert figures >= 1
    assert shown.count('class="main-svg"') >= figures
    assert complaints == []


def _shown(page: Path, folder: Path) -> tuple[str, list[str]]:
    """The page after its programs ran, and what the browser complained of."""
    done = subprocess.run(
        [str(CHROMIUM), *FLAGS.split(), f"--user-data-dir={folder / 'profile'}", page.as_uri()],
        capture_output=True,
        text=True,
        check=True,
        timeout=600,  # a machine that is busy with other work is no fault of the page
    )
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (Debian: chromium)")
def test_keys_turn_a_model_in_space(page_of: Callable[..., str], tmp_path: Path) -> None:
    atoms = go.Scatter3d(x=[0, 0, 1], y=[0, 1, 0], z=[0, 0, 1], mode="markers")
    eye = {"x": 3.0, "y": 0.0, "z": 0.0}
    figure = go.Figure(atoms, {"scene": {"camera": {"eye": eye}}})
    turned = (
        "addEventListener('load', () => {"
        "const key = word => [...document.querySelectorAll('.turns button')]"
        "  .find(one => one.textContent === word);"
        "for (const word of ['Turn right', 'Turn right', 'Turn up']) key(word).click();"
        "const eye = document.querySelector('.js-plotly-plot').layout.scene.camera.eye;"
        "document.title = [eye.x, eye.y, eye.z].join(' '); });"
    )
    page = tmp_path / "page.html"
    whole = page_of(Panel(title="Its atoms", caption="Three of them.", figure=figure))
    page.write_text(f"{whole}<script>{turned}</script>", "utf-8")
    shown, _ = _shown(page, tmp_path)  # a browser without WebGL says so, and turns all the same
    title = re.findall("<title>([^<]*)</title>", shown)[0]
    far, about, over = 3.0, math.radians(30), math.radians(15)
    expected = [math.cos(about) * math.cos(over), math.sin(about) * math.cos(over), math.sin(over)]
    assert [float(part) for part in title.split()] == pytest.approx([far * one for one in expected])
