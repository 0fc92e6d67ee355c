"""The dossier in a browser: every figure drawn, no complaint, nothing asked of a network."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

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
    done = subprocess.run(
        [str(CHROMIUM), *FLAGS.split(), f"--user-data-dir={tmp_path / 'profile'}", page.as_uri()],
        capture_output=True,
        text=True,
        check=True,
        timeout=600,  # a machine that is busy with other work is no fault of the page
    )
    figures = page.read_text("utf-8").count("<figure")
    assert figures >= 1
    assert done.stdout.count('class="main-svg"') >= figures
    assert [line for line in done.stderr.splitlines() if "CONSOLE" in line] == []
