"""Dots a second, against what ASE takes to place the same number of atoms on a lattice."""

import statistics
import time
from collections.abc import Callable

from ase.spacegroup import crystal

from cinedot.particle import AllAtoms, Cuboid, NoLigands, build, host_named

ROUNDS = 5
HEAVY = 1000


def main() -> None:
    """Print seconds and ratios; the targets are 10 s for a whole dot, 5 s for 1000 heavy ones."""
    qd4 = Cuboid.cube(4, host_named("CsPbBr3"))
    first = _seconds(lambda: build(qd4, "mla-cs", 0, ligands=AllAtoms()))
    seeds = iter(range(1, 1 + ROUNDS))
    later = statistics.median(
        _seconds(lambda: build(qd4, "mla-cs", next(seeds), ligands=AllAtoms()))
        for _ in range(ROUNDS)
    )
    print(f"structures: mla-cs, every atom: first {first:.2f} s, then {later:.2f} s (target 10 s)")

    def heavy() -> None:
        for seed in range(HEAVY):
            build(qd4, "mla-cs", seed, ligands=NoLigands())

    def lattices() -> None:
        for _ in range(HEAVY // 20):
            crystal(
                ["Cs", "Pb", "Br"],
                [(0, 0, 0), (0.5, 0.5, 0.5), (0, 0.5, 0.5)],
                spacegroup=221,
                cellpar=[5.87] * 3 + [90] * 3,
                size=(4, 4, 4),
            )

    ours, peer = _seconds(heavy), 20 * _seconds(lattices)
    print(f"structures: {HEAVY} heavy-atom dots: {ours:.2f} s (target 5 s)")
    print(f"structures: ratio to ase.spacegroup.crystal of 4 x 4 x 4 cells: {ours / peer:.3f}")


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
