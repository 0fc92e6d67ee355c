"""How many electrons made a recording: gain, camera's zero and dose, stated and from the noise.

What a person states is used; the noise gives the rest and is set beside what was stated.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from cinedot.core import AnalysisError, Estimate, Movie
from cinedot.dossier.findings import Check
from cinedot.dossier.manifest import MicroscopeSection
from cinedot.micrographs import (
    DOSE_TOLERANCE,
    ElectronCount,
    averaged_pixels,
    compare_dose_rates,
    count_electrons,
    dose_rate,
    faults_of,
)

MOST_PIXELS = 60 * 512 * 512
"""Pixels of frame pairs that are looked at: more would say little more, and take long."""

LOSSIEST = 1 / 0.3
"""Largest ratio of the noise's gain to the true one that a camera's losses explain: a DQE(0) of
0.3; scintillator cameras have 0.5 to 0.9."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counting:
    """What is known of a recording's electrons, for the section that holds it.

    Attributes:
        results: `gain` (of the noise), `offset` where it was estimated, `dose_rate`.
        facts: sentences on electrons and on the camera.
        checks: the dose rate and the gain that were stated against what was found.
        remarks: why electrons were not counted.
    """

    results: Mapping[str, Estimate] = field(default_factory=dict[str, Estimate])
    facts: Mapping[str, str] = field(default_factory=dict[str, str])
    checks: tuple[Check, ...] = ()
    remarks: tuple[str, ...] = ()


def counting_findings(movie: Movie, section: MicroscopeSection) -> Counting:
    """Gain, zero and dose rate of a recording, with the checks that what is stated allows.

    A stated gain counts the electrons, and the noise is then a second opinion; without one the
    noise counts them, as detected quanta: a camera that loses electrons has had more.

    Args:
        movie: as calibrated; `processed` ones are not counted.
        section: the manifest's, with `gain`, `offset` and `dose_rate`.

    Raises:
        InputError: a frame cannot be read.

    Example:
        >>> from cinedot.core import ArrayFrames
        >>> from cinedot.dossier.manifest import MovieSection
        >>> counts = np.random.default_rng(1).poisson(50.0, (20, 128, 128))
        >>> movie = Movie(frames=ArrayFrames(frames=8 * counts + 100), name="flat", frame_s=0.1,
        ...     pixel_x_nm=0.1, pixel_y_nm=0.1)
        >>> stated = MovieSection(file="flat", gain=8.0, offset=100.0, dose_rate=5e4)
        >>> [(one.name, one.status) for one in counting_findings(movie, stated).checks]
        [('dose rate against gain', 'agree'), ('gain against noise', 'agree')]
    """
    if movie.processed:
        return Counting(
            facts={"electrons": "not counted: the recording was processed"},
            remarks=_nothing_to_check_with(section, "the recording was processed"),
        )
    seen, reason = _from_noise(movie, section)
    electrons = _electrons(movie, section, seen)
    if electrons is None:
        return Counting(
            facts={"electrons": f"not counted: {reason}"},
            remarks=_nothing_to_check_with(section, reason),
        )
    results: dict[str, Estimate] = {}
    if seen is not None:
        results["gain"] = seen.gain
        if section.offset is None and seen.offset.status == "ok":
            results["offset"] = seen.offset
    checks: list[Check] = []
    if movie.frame_s is not None:
        results["dose_rate"] = dose_rate(electrons, movie)
        checks += _dose_check(results["dose_rate"], section)
    checks += _gain_check(section, seen)
    timeless = _nothing_to_check_with(section, "the time of a frame is not known")
    return Counting(
        results=results,
        facts=_facts(electrons, section, seen),
        checks=tuple(checks),
        remarks=timeless if movie.frame_s is None else (),
    )


def _from_noise(movie: Movie, section: MicroscopeSection) -> tuple[ElectronCount | None, str]:
    pixels = movie.frames.shape[1] * movie.frames.shape[2]
    pairs = int(np.clip(MOST_PIXELS // pixels, 6, 60))
    try:
        return count_electrons(movie, offset=section.offset, most_pairs=pairs), ""
    except AnalysisError as fault:
        return None, fault.reason


def _electrons(
    movie: Movie, section: MicroscopeSection, seen: ElectronCount | None
) -> Estimate | None:
    """Mean electrons of a pixel and frame: by the stated gain where there is one."""
    if section.gain is None:
        return None if seen is None else seen.electrons
    zero = section.offset
    method = f"the stated gain of {section.gain:g}"
    if zero is None and seen is not None and seen.offset.status == "ok":
        zero = float(seen.offset.value)
    signal = _mean(movie) - (zero or 0.0)
    if signal <= 0:
        return None
    return Estimate(
        value=signal / section.gain,
        sigma=None,
        unit="e/pixel",
        method=method if zero is not None else f"{method}, camera's zero taken as 0",
        status="ok" if zero is not None else "upper_limit",
    )


def _mean(movie: Movie) -> float:
    """Mean of some frames, spread over the movie, but for those that are unfit."""
    spread = np.linspace(0, len(movie) - 1, min(len(movie), 16)).round().astype(int)
    chosen = sorted({int(index) for index in spread})
    frames = (movie.frames.read(index, index + 1)[0] for index in chosen)
    sound = [one for one in frames if not any(fault.unfit for fault in faults_of(one))]
    return float(np.mean([one.mean(dtype=np.float64) for one in sound])) if sound else 0.0


def _dose_check(found: Estimate, section: MicroscopeSection) -> list[Check]:
    stated = section.dose_rate_e_per_nm2_s
    if stated is None:
        return []
    compared = compare_dose_rates(found, stated)
    detail = compared.detail
    if section.gain is not None:
        detail = detail.replace("the noise gives", "the gain gives", 1).replace(" ± 0.00", "")
    detail = detail[:1].upper() + detail[1:]
    return [Check(name="dose rate against gain", status=compared.status, detail=detail)]


def _gain_check(section: MicroscopeSection, seen: ElectronCount | None) -> list[Check]:
    """The stated gain against the noise's: a camera may make more noise than chance, not less."""
    if section.gain is None or seen is None:
        return []
    ratio = float(seen.gain.value) / section.gain
    spread = (seen.gain.sigma or 0.0) / section.gain
    detail = (
        f"The noise gives {seen.gain.text()}, {section.gain:g} was stated: a ratio of "
        f"{ratio:.2f} ± {spread:.2f}"
    )
    name = "gain against noise"
    if seen.gain.status != "ok" and ratio < 1 - DOSE_TOLERANCE:
        return [
            Check(name=name, status="undecided", detail=f"{detail}, a limit only: state `offset`.")
        ]
    if abs(ratio - 1) <= DOSE_TOLERANCE:
        return [Check(name=name, status="agree", detail=f"{detail}.")]
    if abs(ratio - 1) <= DOSE_TOLERANCE + 2 * spread:
        return [Check(name=name, status="undecided", detail=f"{detail}, too loose to say.")]
    if 1 < ratio <= LOSSIEST:
        detail += f", as of a camera with a DQE(0) of {1 / ratio:.2f}; the noise alone cannot tell."
        return [Check(name=name, status="undecided", detail=detail)]
    side = averaged_pixels(seen.gain, section.gain)
    cause = "filtered, or a gain of other settings"
    if side is not None and side > 1:
        cause = f"averages of {side} x {side} sensor pixels of that gain"
    return [Check(name=name, status="tension", detail=f"{detail}: {cause}?")]


def _facts(
    electrons: Estimate, section: MicroscopeSection, seen: ElectronCount | None
) -> dict[str, str]:
    # A limit's sigma says nothing of how far off it is.
    told = electrons if electrons.status == "ok" else replace(electrons, sigma=None)
    facts = {"electrons": f"{told.text()} and frame, by {told.method}"}
    if section.offset is not None:
        facts["camera's zero"] = f"{section.offset:g} units, as stated"
    elif seen is not None and seen.offset.status == "ok":
        facts["camera's zero"] = f"{seen.offset.text()}, from noise against brightness"
    else:
        facts["camera's zero"] = "not known: taken as 0"
    return facts


def _nothing_to_check_with(section: MicroscopeSection, reason: str) -> tuple[str, ...]:
    """A dose that was stated and could not be checked must not look as if it was."""
    if section.dose_rate_e_per_nm2_s is None:
        return ()
    return (f"The stated dose rate could not be checked: {reason.rstrip('.')}.",)
