"""Run every benchmark, or those named: `python -m benchmarks startup`."""

import sys

from benchmarks import bandpass, kinetics, multislice, pose, series, startup, structures

ALL = {
    "startup": startup.main,
    "structures": structures.main,
    "multislice": multislice.main,
    "bandpass": bandpass.main,
    "pose": pose.main,
    "series": series.main,
    "kinetics": kinetics.main,
}

for name in sys.argv[1:] or ALL:
    ALL[name]()
