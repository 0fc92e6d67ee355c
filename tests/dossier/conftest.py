"""Small sample folders, and the command line run in this process."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cinedot.cli import main

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """`cinedot WORDS`: its exit status, what it printed, what it complained of."""

    def call(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["cinedot", *map(str, words)])
        with pytest.raises(SystemExit) as end:
            main()
        said = capsys.readouterr()
        code = end.value.code
        return (code if isinstance(code, int) else 0), said.out, said.err

    return call


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
