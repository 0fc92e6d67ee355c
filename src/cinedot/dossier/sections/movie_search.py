"""The particles of a movie; where there are none, why, and whether the scale is to blame."""

from dataclasses import replace

import numpy as np

from cinedot.core import AnalysisError
from cinedot.core.chunks import Runs
from cinedot.dossier.manifest import MovieSection, SampleFolder
from cinedot.dossier.sections.lattice import known_lattice
from cinedot.dossier.sections.movie_window import Window
from cinedot.dossier.sections.scale_doubts import (
    implausible_scale,
    movie_suspicion,
    scale_suspicion,
)
from cinedot.micrographs import MovieMeasurement, Recording, faults_text, measure_movie


def particles_of(
    sample: SampleFolder,
    section: MovieSection,
    window: Window,
    recording: Recording,
    runs: Runs,
) -> MovieMeasurement:
    """What `measure_movie` finds of the part that the manifest asks for.

    Raises:
        AnalysisError: no particle, with the pixel size that would show one if there is such a one.
    """
    try:
        seen = measure_movie(window.movie, recording=recording, runs=runs)
        if seen.found:
            return seen
        unfit = {window.indices[index]: seen.faults[index] for index in seen.unfit}
        told = f" ({faults_text(unfit)})" if unfit else ""
        raise AnalysisError(
            f"no particle was found in {len(window.indices)} frames{told}: {seen.reason}.",
            remedy="Check `pixel_size` and `region`.",
        )
    except AnalysisError as fault:
        doubt = _scale_doubt(sample, section, window)
        if doubt is None:
            raise
        raise AnalysisError(f"{doubt} {_capital(fault.reason)}", remedy=fault.remedy) from fault


def _scale_doubt(sample: SampleFolder, section: MovieSection, window: Window) -> str | None:
    """Whether another pixel size would show a dot, or the field's lattice.

    All of the recording is looked at: a `region` is another one at another scale.
    """
    movie = replace(window.source, rows=None)()
    known, stated = known_lattice(sample.manifest), section.pixel_size_nm is not None
    told = movie_suspicion(movie, None if known is None else known.lattice, stated=stated)
    if told is None and known is not None:
        image = movie.image(len(movie) // 2)
        if np.isfinite(image.data).all():
            told = scale_suspicion(image, known, zone=section.zone, stated=stated)
        if told is None and sample.manifest.sample.host is not None:
            smallest = sample.manifest.model.all_edges[0]
            told = implausible_scale(image, known.lattice, smallest, stated=stated)
    return told


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
