"""mzML files: the scans of one polarity, averaged. pymzML reads them."""

import binascii
import io
import struct
import warnings
import zlib
from collections.abc import Iterator, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from xml.etree.ElementTree import Element, ParseError, XMLPullParser

import numpy as np
from jaxtyping import Float

from cinedot.composition.mass_spectrum import MassSpectrum, Polarity, merged_peaks, picked_peaks
from cinedot.core import InputError
from cinedot.core.files import not_readable

_APART_PPM = 10.0
"""Peaks of several scans within this are one."""

# Accessions of the PSI's vocabulary for mass spectra, which mzML names everything by.
_POLARITY: Mapping[Polarity, str] = {"positive": "MS:1000130", "negative": "MS:1000129"}
_PROFILE = "MS:1000128"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scan:
    mz: Float[np.ndarray, " peak"]
    intensity: Float[np.ndarray, " peak"]
    polarity: Polarity | None


def read_mzml(path: Path, *, polarity: Polarity) -> MassSpectrum:
    """The full scans of one polarity in an mzML file, averaged into one list of peaks.

    Scans of fragments are passed over; profiles are picked into peaks first. Scans that do not
    say their polarity count as of the one asked for.

    Args:
        path: the file.
        polarity: which scans.

    Raises:
        InputError: the file is missing, cut short or no mzML; it has no full scan of that
            polarity, or no peaks in them.
    """
    scans = list(_full_scans(path))
    chosen = [scan for scan in scans if scan.polarity in (None, polarity)]
    if scans and not chosen:
        raise _wrong_polarity(path, polarity)
    mz = np.concatenate([np.zeros(0), *(scan.mz for scan in chosen)])
    intensity = np.concatenate([np.zeros(0), *(scan.intensity for scan in chosen)])
    if not len(mz):
        raise InputError(
            "an mzML file must hold full scans (MS level 1) with peaks, but this one holds none.",
            remedy="Convert it with its full scans.",
            file=path,
        )
    mz, intensity = merged_peaks(mz, intensity, apart_ppm=_APART_PPM)
    return MassSpectrum(
        mz=mz,
        intensity=intensity / len(chosen),
        polarity=polarity,
        label=path.stem,
        polarity_stated=any(scan.polarity for scan in chosen),
        scans=len(chosen),
    )


def _wrong_polarity(path: Path, polarity: Polarity) -> InputError:
    other = "positive" if polarity == "negative" else "negative"
    return InputError(
        f"the scans must be of {polarity} ions, but all of them are of {other} ions.",
        remedy=f'Give the {polarity} recording, or write polarity = "{other}".',
        file=path,
    )


def _full_scans(path: Path) -> Iterator[_Scan]:
    """The scans of MS level 1, one by one."""
    _check_whole(path)
    done = 0
    try:
        with redirect_stdout(io.StringIO()), _reader()(str(path)) as scans:
            for scan in scans:
                done += 1
                if scan.ms_level in (None, 1):
                    yield _scan(scan)
                scan.element.clear()
    except (zlib.error, binascii.Error, struct.error, ValueError, TypeError) as fault:
        raise InputError(
            f"every scan must hold its m/z and intensities, but decoding fails: {fault}.",
            remedy="Convert the recording again.",
            file=path,
            place=f"after scan {done}",
        ) from fault


def _reader() -> Any:  # noqa: ANN401 - pymzML has no types
    with warnings.catch_warnings():
        # It warns that scans packed by Numpress would be read faster with another library.
        warnings.simplefilter("ignore", ImportWarning)
        from pymzml.run import Reader

    return Reader


def _check_whole(path: Path) -> None:
    """Refuse what is no mzML from its first to its last element, before any of it is used."""
    scans, lines, kinds = 0, 1, set[str]()
    try:
        with path.open("rb") as stream:
            parser = XMLPullParser(("end",))
            for number, line in enumerate(stream, 1):
                lines = number
                parser.feed(line)
                for event in parser.read_events():
                    element = cast("tuple[str, Element]", event)[1]
                    kind = element.tag.rpartition("}")[2]
                    kinds.add(kind)
                    scans += kind == "spectrum"
                    element.clear()
            parser.close()
    except OSError as fault:
        raise not_readable(path, fault) from fault
    except ParseError as fault:
        raise InputError(
            f"an mzML file must be whole, but it breaks off or is no XML after {scans} scans "
            f"({str(fault).partition(':')[0]}).",
            remedy="Copy or convert it again.",
            file=path,
            place=f"line {lines}",
        ) from fault
    if not {"mzML", "spectrumList"} <= kinds:
        raise InputError(
            "an mzML file must hold a list of scans, but this one holds none.",
            remedy="Convert the recording to mzML again.",
            file=path,
        )


def _scan(scan: Any) -> _Scan:  # noqa: ANN401 - pymzML has no types
    mz = np.asarray(scan.mz, np.float64)
    intensity = np.asarray(scan.i, np.float64)
    if scan[_PROFILE]:
        mz, intensity = picked_peaks(mz, intensity)
    sound = (mz > 0) & (intensity > 0) & np.isfinite(mz) & np.isfinite(intensity)
    said: list[Polarity | None] = [one for one, term in _POLARITY.items() if scan[term]]
    polarity = next(iter(said), None)
    return _Scan(mz=mz[sound], intensity=intensity[sound], polarity=polarity)
