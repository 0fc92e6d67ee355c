"""Compressed films (mp4, avi ...), for looking at and for poses, never for counting electrons."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from jaxtyping import Shaped

from cinedot.core import InputError, Movie
from cinedot.micrographs.readers.refusal import cannot_read, cut_short

VIDEO_FILES = ("mp4", "m4v", "avi", "mov", "mkv", "webm", "wmv", "mpg", "mpeg")

Film: TypeAlias = Any
"""PyAV's container, stream or frame, which pyright sees only in part."""

_here = threading.local()
"""The decoder that this thread used last: frames in a row then cost one decoding each."""


@dataclass(slots=True)
class _Decoder:
    """An open film and the frame that it gives next."""

    path: Path
    container: Film
    frames: Iterator[Film]
    next_index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoFrames:
    """Frames of a film by their index, decoded from the key frame before them.

    Attributes:
        path: the film.
        shape: (frames, rows, columns).
        times: presentation time of each frame, in the stream's own unit, rising.
        pixel_format: grey of 8 or 16 bits, as FFmpeg names it.
    """

    path: Path
    shape: tuple[int, int, int]
    times: tuple[int, ...]
    pixel_format: str

    def read(self, start: int, stop: int) -> Shaped[np.ndarray, "frame y x"]:
        """Frames start..stop-1 as grey: colours as luminance."""
        start, stop, _ = slice(start, stop).indices(self.shape[0])
        kind = np.uint16 if self.pixel_format.startswith("gray16") else np.uint8
        frames = [self._frame(index) for index in range(start, stop)]
        return np.stack(frames) if frames else np.empty((0, *self.shape[1:]), kind)

    def _frame(self, index: int) -> Shaped[np.ndarray, "y x"]:
        decoder: _Decoder | None = getattr(_here, "decoder", None)
        if decoder is None or decoder.path != self.path or decoder.next_index != index:
            decoder = self._decoder_at(index)
        try:
            for frame in decoder.frames:
                if frame.pts is None or frame.pts >= self.times[index]:
                    decoder.next_index = index + 1
                    return frame.to_ndarray(format=self.pixel_format)
        except Exception as fault:  # FFmpeg's errors are a family of their own
            _close()
            raise cannot_read(self.path, fault, place=f"frame {index}") from fault
        _close()
        raise cut_short(self.path, place=f"frame {index}")

    def _decoder_at(self, index: int) -> _Decoder:
        import av

        _close()
        try:
            container = av.open(str(self.path))
            if index:
                container.seek(self.times[index], stream=container.streams.video[0])
        except Exception as fault:
            raise cannot_read(self.path, fault, place=f"frame {index}") from fault
        decoded = container.decode(video=0)
        _here.decoder = _Decoder(self.path, container, decoded, index)
        return _here.decoder


def _close() -> None:
    decoder: _Decoder | None = getattr(_here, "decoder", None)
    if decoder is not None:
        decoder.container.close()
        _here.decoder = None


def open_video(path: Path) -> Movie:
    """Open a film as a processed movie; it knows no pixel size.

    The film is run through once without decoding to number its frames. Its frame time is that of
    playing, which may not be that of recording: `metadata["frame_time_from"]` says so.

    Raises:
        InputError: no film, damaged, without pictures; PyAV is not installed.
    """
    try:
        import av
    except ImportError as fault:
        raise InputError(
            "films are read through PyAV, which is not installed.",
            remedy="Install the package `av`, or export the film as TIFF.",
            file=path,
        ) from fault
    try:
        with av.open(str(path)) as container:
            films: Film = container.streams.video
            stream: Film = films[0] if len(films) else None
            times = _times(container, stream) if stream is not None else ()
            rate = stream.average_rate if stream is not None else None
            deep = stream is not None and stream.format.components[0].bits > 8
            size = (stream.height, stream.width) if stream is not None else (0, 0)
            codec = stream.codec_context.name if stream is not None else ""
    except Exception as fault:  # FFmpeg's errors are a family of their own
        raise cannot_read(path, fault) from fault
    if not times or 0 in size:
        raise InputError(
            "a film must hold pictures, but this one has none.",
            remedy="Export it again, or as TIFF.",
            file=path,
        )
    return Movie(
        frames=VideoFrames(
            path=path,
            shape=(len(times), int(size[0]), int(size[1])),
            times=times,
            pixel_format="gray16le" if deep else "gray",
        ),
        name=path.name,
        frame_s=float(f"{float(1 / rate):.9g}") if rate and len(times) > 1 else None,
        metadata={
            "format": f"film ({codec})",
            "frame_time_from": "the film's speed of playing, which may not be that of recording",
        },
        processed=True,
    )


def _times(container: Film, stream: Film) -> tuple[int, ...]:
    """When each frame is shown, in order; packets without a time are the flush at the end."""
    shown: list[int] = []
    for packet in container.demux(stream):
        if packet.size and not packet.is_discard:
            time = packet.pts if packet.pts is not None else packet.dts
            shown.append(len(shown) if time is None else time)
    return tuple(sorted(shown))
