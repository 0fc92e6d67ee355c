"""The dossier in a browser: every figure drawn, no complaint, nothing asked of a network."""

import math
import re
from collections.abc import Callable
from pathlib import Path

import plotly.graph_objects as go
import pytest

from cinedot.dossier.findings import Panel

Run = Callable[..., tuple[int, str, str]]
Shown = Callable[[Path], tuple[str, list[str]]]
Barriers = Callable[[Path], list[dict[str, str]]]


def test_the_page_draws_its_figures_without_complaint(
    run: Run, light_folder: Path, shown_page: Shown
) -> None:
    run("analyze", light_folder)
    page = light_folder / "results" / "dossier.html"
    shown, complaints = shown_page(page)
    figures = page.read_text("utf-8").count("<figure")
    assert figures >= 1
    assert shown.count('class="main-svg"') >= figures
    assert complaints == []


def test_nobody_is_kept_out(
    run: Run, light_folder: Path, barriers: Barriers, tmp_path: Path
) -> None:
    run("analyze", light_folder)
    assert barriers(light_folder / "results" / "dossier.html") == []
    bad = tmp_path / "bad.html"
    bad.write_text('<html><body><main><img src="data:,"><button></button></main></body></html>')
    assert {"image-alt", "button-name"} <= {one["id"] for one in barriers(bad)}


def test_figures_fit_on_paper_and_are_wide_again_after_it(
    run: Run, light_folder: Path, shown_page: Shown, tmp_path: Path
) -> None:
    run("analyze", light_folder)
    measured = (
        "addEventListener('load', () => {"
        "const wide = () => document.querySelector('.js-plotly-plot .main-svg').clientWidth;"
        "const seen = [wide()]; dispatchEvent(new Event('beforeprint')); seen.push(wide());"
        "dispatchEvent(new Event('afterprint')); seen.push(wide());"
        "document.title = seen.join(' '); });"
    )
    page = tmp_path / "page.html"
    whole = (light_folder / "results" / "dossier.html").read_text("utf-8")
    page.write_text(f"{whole}<script>{measured}</script>", "utf-8")
    shown, _ = shown_page(page)
    screen, paper, after = map(float, re.findall("<title>([^<]*)</title>", shown)[0].split())
    # A4 and Letter less their usual margins and the page's own are 640 CSS pixels or more.
    assert paper <= 640 < screen == after


def test_keys_turn_a_model_in_space(
    page_of: Callable[..., str], shown_page: Shown, tmp_path: Path
) -> None:
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
    shown, _ = shown_page(page)  # a browser without WebGL says so, and turns all the same
    title = re.findall("<title>([^<]*)</title>", shown)[0]
    far, about, over = 3.0, math.radians(30), math.radians(15)
    expected = [math.cos(about) * math.cos(over), math.sin(about) * math.cos(over), math.sin(over)]
    assert [float(part) for part in title.split()] == pytest.approx([far * one for one in expected])
