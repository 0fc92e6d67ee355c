"""What is wrong with a movie's frames, as a result and as checks."""

from collections.abc import Mapping

from cinedot.core import Estimate
from cinedot.dossier.findings import Check
from cinedot.micrographs import FrameFault, faults_text, frame_numbers


def fault_checks(faults: Mapping[int, FrameFault], frames: int) -> tuple[Check, ...]:
    """Which frames cannot be measured and have no pose, and which are measured with a fault.

    Args:
        faults: by the number of the frame in its file.
        frames: how many were looked at.

    Example:
        >>> (told,) = fault_checks({7: FrameFault(kind="zero")}, 20)
        >>> told.detail
        '1 of 20 frames cannot be measured and has no pose: all pixels are zero: 7.'
    """
    unfit = {index: one for index, one in faults.items() if one.unfit}
    borne = {index: one for index, one in faults.items() if not one.unfit}
    checks: list[Check] = []
    if unfit:
        have = "has" if len(unfit) == 1 else "have"
        detail = f"{len(unfit)} of {frames} frames cannot be measured and {have} no pose: "
        checks.append(
            Check(name="frames", status="tension", detail=f"{detail}{faults_text(unfit)}.")
        )
    if borne:
        detail = f"{len(borne)} of {frames} frames are measured in spite of a fault: "
        checks.append(
            Check(
                name="frames with a fault",
                status="undecided",
                detail=f"{detail}{faults_text(borne)}.",
            )
        )
    return tuple(checks)


def fault_results(faults: Mapping[int, FrameFault]) -> dict[str, Estimate]:
    """How many frames cannot be measured, where there are any, and which."""
    unfit = [index for index, one in faults.items() if one.unfit]
    if not unfit:
        return {}
    method = f"zero, saturated, cut short or not finite: {frame_numbers(unfit)}"
    return {"frames_unfit": Estimate(value=float(len(unfit)), sigma=None, unit="", method=method)}
