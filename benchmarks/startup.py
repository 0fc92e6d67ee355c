"""`cinedot --help` against `python -c "import typer"`, in turn, by whole processes."""

import statistics
import subprocess
import sys
import time

ROUNDS = 15


def main() -> None:
    """Print the ratio of the medians; the target is at most 3."""
    peers = {
        "cinedot --help": [sys.executable, "-m", "cinedot", "--help"],
        'python -c "import typer"': [sys.executable, "-c", "import typer"],
    }
    seconds: dict[str, list[float]] = {name: [] for name in peers}
    for _ in range(ROUNDS):
        for name, command in peers.items():
            began = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            seconds[name].append(time.perf_counter() - began)
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    for name, median in medians.items():
        print(f"startup: {name:<28} {1e3 * median:7.1f} ms (median of {ROUNDS})")
    own, peer = medians.values()
    print(f"startup: ratio {own / peer:.2f} (target: at most 3)")
