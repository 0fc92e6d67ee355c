"""Every page as a new user would try it: all its blocks, in order, from an empty folder."""

import os
import subprocess
import sys
import time
from pathlib import Path

import doc_pages
import pytest

pytestmark = pytest.mark.acceptance

_RUN = [
    page
    for page in doc_pages.pages()
    if page.name != "README.md" and any(b.language == "sh" for b in doc_pages.blocks(page))
]


@pytest.mark.parametrize("page", _RUN, ids=doc_pages.name)
def test_a_page_runs_from_an_empty_folder(page: Path, tmp_path: Path, record_figure) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    began = time.perf_counter()
    ran = 0
    for block in doc_pages.blocks(page):
        if block.file is not None:
            (tmp_path / block.file).write_text(block.text, "utf-8")
            continue
        if block.language == "sh":
            words = ["bash", "-euo", "pipefail", "-c", block.text]
        elif block.language == "python" and not block.is_session:
            words = [sys.executable, "-W", "error", "-c", block.text]
        else:
            continue
        done = subprocess.run(
            words,
            cwd=tmp_path,
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{page.name}:{block.line}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        ran += 1
    assert ran
    record_figure(
        f"11.3 docs: {doc_pages.name(page)} run from an empty folder",
        f"{ran} blocks, {time.perf_counter() - began:.0f} s",
        "all run",
    )
