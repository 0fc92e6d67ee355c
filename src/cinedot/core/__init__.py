"""What every room shares: estimates, records, units, errors, progress, files.

It imports nothing of ours. Data enters as records (`Movie`, `Spectrum`, `Decay`) whose
scales `units` has understood, is refused with an `InputError` that names file, place, rule
and remedy, and leaves as `Estimate`s and as tables in the columns of `schemas/tables.json`,
each file `written_whole` or not at all.
"""

from cinedot.core.errors import AnalysisError as AnalysisError
from cinedot.core.errors import InputError as InputError
from cinedot.core.estimate import Estimate as Estimate
from cinedot.core.progress import Bars as Bars
from cinedot.core.progress import Progress as Progress
from cinedot.core.progress import Silent as Silent
from cinedot.core.records import ArrayFrames as ArrayFrames
from cinedot.core.records import ChosenFrames as ChosenFrames
from cinedot.core.records import Decay as Decay
from cinedot.core.records import FrameSource as FrameSource
from cinedot.core.records import Image as Image
from cinedot.core.records import Movie as Movie
from cinedot.core.records import Spectrum as Spectrum
