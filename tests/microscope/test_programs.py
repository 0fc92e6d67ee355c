"""Compiled programs are kept where the user's caches are, from the first exit wave on."""

import os
import subprocess
import sys
from pathlib import Path

WAVE = """
import jax, numpy as np
from ase import Atoms
from cinedot.microscope import Grid, Lens, Poses, exit_waves, programs

# However fast the machine compiles.
programs._WORTH_KEEPING_S = 0.0
hits = []
jax.monitoring.register_event_listener(
    lambda event, **_: hits.append(event) if event.endswith("/cache_hits") else None
)

def wave():
    return np.asarray(exit_waves(
        Atoms("Pb", positions=[(0.0, 0.0, 0.0)]),
        Poses(rotation=np.eye(3)[None], shift_nm=np.array([[0.4, 0.4, 0.0]])),
        grid=Grid(shape=(40, 40), pixel_nm=0.02),
        lens=Lens(),
    ))

first = wave()
assert not hits, hits
# As in the next process: nothing is known but what the folder holds.
jax.clear_caches()
np.testing.assert_array_equal(wave(), first)
assert hits
"""


def test_a_program_is_compiled_once_for_all_processes(tmp_path: Path) -> None:
    own = {name: value for name, value in os.environ.items() if not name.startswith("JAX_")}
    done = subprocess.run(
        [sys.executable, "-c", WAVE],
        env=own | {"CINEDOT_CACHE": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert list((tmp_path / "programs").iterdir())
