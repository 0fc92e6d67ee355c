"""What a pose costs: a search from nothing, a tracked frame, sensitivities against images."""

import statistics
import time
from collections.abc import Callable

import numpy as np
from scipy.spatial.transform import Rotation

from cinedot.micrographs.pose import (
    Patch,
    PosePrior,
    average_dot,
    candidates,
    follow,
    search_pose,
)
from cinedot.micrographs.pose.whitening import white_noise
from cinedot.microscope import Exposure, Lens
from cinedot.particle import Cuboid, host_named

EXPOSURE = Exposure(dose_rate_e_per_nm2_s=2.45e7)
FRAMES = 20
BATCH = 8


def main() -> None:
    """Print seconds and ratios; the targets are 20 s and 10 frames a second, 50 the aim."""
    model = average_dot(Cuboid.cube(4, host_named("CsPbBr3")), "mla-cs")
    began = time.perf_counter()
    candidate = candidates([model], Lens(), EXPOSURE.pixel_nm)[0]
    library = candidate.library()
    print(
        f"pose: library of {len(library.rotations)} directions, {len(library.defocus_nm)} defoci: "
        f"{time.perf_counter() - began:.1f} s with what had to be compiled"
    )
    rng = np.random.default_rng(0)
    rotation = Rotation.random(rng=rng)
    turns = Rotation.from_rotvec(np.radians(rng.normal(0, 0.5, (FRAMES, 3)))) * rotation
    places, defoci = rng.normal(0, 0.005, (FRAMES, 2)), np.full(FRAMES, 6.0)
    images = candidate.views.images(turns.as_matrix(), places, defoci)
    patches = [_patch(image, rng) for image in images]
    found = search_pose(patches[0], [candidate])
    searched = _seconds(lambda: search_pose(patches[0], [candidate]), 3)
    print(f"pose: search of one model, warm: {searched:.2f} s (target: at most 20)")

    def track() -> object:
        return follow(
            range(FRAMES),
            places,
            lambda frame, *_: patches[frame],
            candidate,
            begin=found.fit,
            prior=PosePrior(),
        )

    each = _seconds(track, 3) / FRAMES
    print(f"pose: tracking: {1 / each:.1f} frames a second (target: at least 10, aim 50)")
    poses = (turns.as_matrix()[:BATCH], places[:BATCH], defoci[:BATCH])
    image = _seconds(lambda: candidate.views.images(*poses), 5) / BATCH
    changes = _seconds(lambda: candidate.views.sensitivities(*poses), 5) / BATCH
    print(
        f"pose: image {1e3 * image:.1f} ms, with its six sensitivities {1e3 * changes:.1f} ms: "
        f"ratio {changes / image:.1f} (finite differences: 13)"
    )


def _patch(image: np.ndarray, rng: np.random.Generator) -> Patch:
    electrons = EXPOSURE.electrons_per_pixel
    counts = rng.poisson(np.maximum(image, 0) * electrons)
    return Patch(
        contrast=(counts / electrons - 1).astype(np.float32),
        x_nm=0.0,
        y_nm=0.0,
        regions=((np.ones(image.shape, dtype=np.float32), white_noise(1 / electrons)),),
    )


def _seconds(work: Callable[[], object], times: int) -> float:
    """Median; the first call, which may compile, does not count."""
    work()
    taken: list[float] = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)
