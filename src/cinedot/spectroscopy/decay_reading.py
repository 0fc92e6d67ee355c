"""Files of decays, read into records: times and counts, or counts and the width of a channel."""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from jaxtyping import Float

from cinedot.core import Decay, InputError
from cinedot.core.delimited import Column, DelimitedTable, column_pair
from cinedot.core.units import quantity, time_s_per
from cinedot.spectroscopy.files import excitation_nm, read_table, stated_settings

LEAST_CHANNELS = 5
"""The fewest channels that are called a decay."""

_CHANNEL = re.compile(r"(ch|chan|channel|bin|kanal)s?[. #]*(no\.?|number)?", re.IGNORECASE)
_CHANNEL_WIDTH = re.compile(r"(channel|calibration|resolution|per ch|/ch|ns/bin)", re.IGNORECASE)
_RESPONSE = re.compile(r"irf|response|prompt|lamp|scatter|instrument", re.IGNORECASE)
_DERIVED = re.compile(r"fit|resid|calc|chi|weight", re.IGNORECASE)
_CURVE = re.compile(r"curve \d+")
_NUMBER = re.compile(r"\d+(\.\d+)?\s*(nm)?")


def read_decay(
    path: Path,
    *,
    columns: Mapping[str, str | int] | None = None,
    channel_ns: float | None = None,
    response: bool = False,
) -> Decay:
    """The photon counts of a decay, in channels of equal width.

    Where a file has both a decay and its instrument's response, each under a heading that says so,
    the one that is asked for is taken. A table of times and wavelengths (a streak camera's) is
    added up over its wavelengths.

    Args:
        path: a text table, or another that `cinedot.spectroscopy.files` knows: time and counts,
            channel number and counts, counts alone, or times by wavelengths.
        columns: {"x": ..., "y": ...}, headings or numbers from 1; by default the first two.
        channel_ns: width of a channel, ns; by default from the time column or the file's facts.
        response: whether the instrument's response is asked for.

    Raises:
        InputError: see `cinedot.spectroscopy.files.read_tables`; no width of a channel, or two
            that disagree; unequal steps of time; counts that are blank, negative or not whole.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "decay.txt"
        >>> rows = "".join(f"{k},{99 - k}\\n" for k in range(9))
        >>> _ = path.write_text("Chan,Data\\n" + rows)
        >>> decay = read_decay(path, channel_ns=0.5)
        >>> decay.time_ns[:3], decay.counts[:3]
        (array([0. , 0.5, 1. ]), array([99., 98., 97.]))
    """
    table, wanted = read_table(path), columns or {}
    if not wanted:
        table = _light(table, response=response)
    alone = (
        len(table.columns) == 1
        or ("y" in wanted and "x" not in wanted)
        or (not wanted and all(_CURVE.fullmatch(column.heading) for column in table.columns))
    )
    if alone:
        axis, counts = None, table.column(wanted.get("y", table.columns[0].number))
    else:
        axis, counts = column_pair(table, x=wanted.get("x"), y=wanted.get("y"))
    rows = _used_rows(table, counts, axis)
    stated = channel_ns if channel_ns is not None else _stated_channel_ns(table.metadata)
    numbered = axis is not None and _counts_channels(axis, rows, given=stated is not None)
    if axis is None or numbered:
        time_ns = np.arange(rows.stop) * _channel_or_refuse(stated, table)
    else:
        time_ns = _times_ns(table, axis, rows, channel_ns)
    settings = stated_settings(table, counts)
    return Decay(
        time_ns=time_ns,
        counts=counts.values[rows],
        label=counts.name,
        excitation_nm=excitation_nm(settings),
        metadata=settings,
    )


def _light(table: DelimitedTable, *, response: bool) -> DelimitedTable:
    """The table with the counts that are asked for right behind its first column."""
    first, *rest = table.columns
    if len(rest) > 1 and all(_NUMBER.fullmatch(column.heading.strip()) for column in rest):
        total = np.sum([column.values for column in rest], axis=0)
        name = f"{rest[0].heading} to {rest[-1].heading}, summed"
        return replace(table, columns=(first, replace(rest[0], heading=name, values=total)))
    told = [bool(_RESPONSE.search(column.heading)) for column in rest]
    if len(set(told)) < 2:
        return table
    found = [column for column, is_one in zip(rest, told, strict=True) if is_one == response]
    meant = [column for column in found if not _DERIVED.search(column.heading)] or found
    return replace(table, columns=(first, *meant))


def _used_rows(table: DelimitedTable, counts: Column, axis: Column | None) -> slice:
    """The rows up to the last count, after the checks that counts must stand."""
    present = np.flatnonzero(~np.isnan(counts.values))
    rows = slice(0, int(present[-1]) + 1)
    used = counts.values[rows]
    with np.errstate(invalid="ignore"):
        faults = (
            (np.isnan(used), "a count must stand in every channel", "is blank"),
            (used < 0, "counts must not be negative", "is {:g}"),
            (used != np.round(used), "counts must be whole numbers of photons", "is {:g}"),
        )
    for wrong, rule, found in faults:
        if wrong.any():
            row = int(np.argmax(wrong))
            raise InputError(
                f"{rule}, but one {found.format(used[row])}.",
                remedy="Export the raw counts, without background subtracted or scaling.",
                file=table.file,
                place=f"line {table.lines[row]}, column {counts.number}",
            )
    if len(used) < LEAST_CHANNELS:
        raise InputError(
            f"a decay must have at least {LEAST_CHANNELS} channels, but has {len(used)}.",
            remedy="Name the columns in `columns`.",
            file=table.file,
        )
    if axis is not None and np.isnan(axis.values[rows]).any():
        row = int(np.argmax(np.isnan(axis.values[rows])))
        raise InputError(
            "every count must stand beside its time, but here that is blank.",
            remedy="Fill the cell, or give the counts alone with `channel`.",
            file=table.file,
            place=f"line {table.lines[row]}, column {axis.number}",
        )
    return rows


def _counts_channels(axis: Column, rows: slice, *, given: bool) -> bool:
    """Whether the first column numbers the channels instead of telling the time."""
    steps_of_one = bool(np.all(np.diff(axis.values[rows]) == 1))
    named = _CHANNEL.fullmatch(axis.heading.strip()) is not None
    unnamed = not axis.heading and given and float(axis.values[0]) in (0.0, 1.0)
    return steps_of_one and (named or unnamed)


def _channel_or_refuse(stated: float | None, table: DelimitedTable) -> float:
    if stated is None:
        raise InputError(
            "the width of a channel must be known, but the file has neither times nor a width.",
            remedy='Give it in sample.toml, as in channel = "27.43 ps".',
            file=table.file,
        )
    if stated <= 0:
        raise InputError(
            f"the width of a channel must be positive, but is {stated:g} ns.",
            remedy='Give it in sample.toml, as in channel = "27.43 ps".',
            file=table.file,
        )
    return stated


def _stated_channel_ns(metadata: Mapping[str, str]) -> float | None:
    """The width of a channel among the file's facts, ns: "2.74E-02ns/ch", "27.43 ps"."""
    for key, value in metadata.items():
        found = re.match(r"([\d.]+(?:[eE][+-]?\d+)?)\s*([npuµμ]s)\b", value)
        if found and _CHANNEL_WIDTH.search(key + value):
            return quantity(f"{found.group(1)} {found.group(2)}", "ns", key=key)
    return None


def _times_ns(
    table: DelimitedTable, axis: Column, rows: slice, channel_ns: float | None
) -> Float[np.ndarray, " channel"]:
    """The times of the channels, ns, after the check that their steps are equal."""
    per_s = time_s_per(axis.unit) if axis.unit else 1e-9
    if per_s is None:
        raise InputError(
            f"the first column must be a time, but is {axis.name!r}.",
            remedy="Name the column of times in `columns`.",
            file=table.file,
        )
    time_ns = axis.values[rows] * float(f"{per_s * 1e9:.12g}")
    steps = np.diff(time_ns)
    width = float(time_ns[-1] - time_ns[0]) / len(steps)
    # Times are often written to few digits: a step may be off by one unit of the last, which
    # half a channel bounds; a missing or repeated channel is off by a whole one.
    drift = np.abs(time_ns - time_ns[0] - width * np.arange(len(time_ns)))
    wrong = (steps <= 0) | (np.abs(steps - width) > 0.5 * abs(width)) | (drift[1:] > abs(width))
    if width <= 0 or wrong.any():
        row = int(np.argmax(wrong)) + 1
        raise InputError(
            f"times must rise in equal steps, here {width:.6g} ns, "
            f"but go from {time_ns[row - 1]:g} to {time_ns[row]:g} ns.",
            remedy="Export every channel once, in order.",
            file=table.file,
            place=f"line {table.lines[row]}, column {axis.number}",
        )
    if channel_ns is not None and abs(channel_ns / width - 1) > 0.01:
        raise InputError(
            f"`channel` must agree with the file's times, but is {channel_ns:g} ns "
            f"where they step by {width:g} ns.",
            remedy="Leave `channel` out, or name the column of times.",
            file=table.file,
        )
    return time_ns[0] + width * np.arange(len(time_ns))
