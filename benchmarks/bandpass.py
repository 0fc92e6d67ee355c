"""Filtered frames a second against ImageJ's own band-pass, both warm, one after the other."""

import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import tifffile

from cinedot.micrographs import bandpass

SIDE, WARM, FRAMES = 1024, 15, 25
OPTIONS = "filter_large=40 filter_small=3 suppress=None tolerance=5"
MACRO = """
setBatchMode(true);
open("{frame}");
rename("frame");
taken = "";
for (i = 0; i < {warm} + {frames}; i++) {{
  selectWindow("frame");
  run("Duplicate...", "title=copy");
  began = getTime();
  run("Bandpass Filter...", "{options}");
  if (i >= {warm}) taken = taken + (getTime() - began) + " ";
  close("copy");
}}
File.saveString(taken, "{answer}");
run("Quit");
"""


def main() -> None:
    """Print milliseconds a frame and the ratio; the targets are 10 times ImageJ, and 20 ms."""
    frame = np.random.default_rng(0).poisson(2000, (SIDE, SIDE)).astype(np.float32)
    before = _milliseconds(lambda: bandpass(frame))
    theirs = _imagej_milliseconds(frame)
    # On both sides of ImageJ's run, so that a busy machine speaks of both alike.
    ours = statistics.median([*before, *_milliseconds(lambda: bandpass(frame))])
    print(
        f"bandpass: {SIDE} x {SIDE}: {ours:.1f} ms a frame, {1000 / ours:.0f} a second (target 50)"
    )
    if theirs is None:
        print("bandpass: no ratio: ImageJ is not installed (Debian: imagej, xvfb)")
    else:
        print(f"bandpass: ImageJ, warm: {theirs:.0f} ms; ratio {theirs / ours:.1f} (target 10)")
    with ThreadPoolExecutor(2) as pool:
        began = time.perf_counter()
        list(pool.map(bandpass, [frame] * FRAMES * 2))
        rate = 2 * FRAMES / (time.perf_counter() - began)
    print(f"bandpass: two threads, a frame each: {rate:.0f} frames a second")
    for what, work in (
        ("1000 x 1000", lambda: bandpass(frame[:1000, :1000])),
        ("stripes", lambda: bandpass(frame, stripes="horizontal")),
        ("1000 x 1000, stripes", lambda: bandpass(frame[:1000, :1000], stripes="horizontal")),
    ):
        print(f"bandpass: {what}: {statistics.median(_milliseconds(work)):.1f} ms a frame")


def _milliseconds(work: Callable[[], object]) -> list[float]:
    for _ in range(3):
        work()
    taken: list[float] = []
    for _ in range(FRAMES):
        began = time.perf_counter()
        work()
        taken.append(1000 * (time.perf_counter() - began))
    return taken


def _imagej_milliseconds(frame: np.ndarray) -> float | None:
    """Median time of one filter in a JVM that has compiled it already, files left out."""
    if shutil.which("imagej") is None or shutil.which("xvfb-run") is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        image, macro, answer = (Path(folder) / name for name in ("f.tif", "m.ijm", "t.txt"))
        tifffile.imwrite(image, frame)
        text = MACRO.format(frame=image, warm=WARM, frames=FRAMES, options=OPTIONS, answer=answer)
        macro.write_text(text, "utf-8")
        # Debian's launcher ends with status 1 even when all went well: the answer tells.
        command = ["xvfb-run", "-a", "imagej", "-b", str(macro)]
        subprocess.run(command, capture_output=True, timeout=300, check=False)
        if not answer.exists():
            return None
        return statistics.median(float(word) for word in answer.read_text("utf-8").split())
