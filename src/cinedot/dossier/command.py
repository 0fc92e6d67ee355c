"""What the commands do and print; `cli` only parses and calls these."""

import importlib.util
import os
import platform
import shlex
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cinedot import __version__
from cinedot.core import Bars, InputError
from cinedot.core.chunks import Runs
from cinedot.core.estimate import value_text
from cinedot.core.pool import Pool
from cinedot.dossier.analysis import Dossier, InputErrors, analyze
from cinedot.dossier.findings import SectionOutcome
from cinedot.dossier.page import result_rows, section_title, series_table
from cinedot.dossier.results import check_writable, command_line, write_dossier

UNUSABLE = 2
"""Exit status of input that cannot be used."""

STOPPED = 130
"""Exit status after Ctrl-C, as shells count it: 128 and the signal's number."""


def analyze_folders(
    folders: tuple[Path, ...],
    *,
    out: Path | None,
    only: tuple[str, ...],
    allow_outside: bool,
    workers: int | None = None,
    scheduler: str | None = None,
    catalog: str | None = None,
) -> int:
    """Analyse folders one after the other, print each one's answers, and give the exit status.

    Args:
        folders: the sample folders.
        out: where results go, instead of FOLDER/results.
        only: names of sections to run; all when empty.
        allow_outside: let paths in `sample.toml` leave the folder.
        workers: processes for long work; one a core unless given.
        scheduler: address of a Dask scheduler to work on instead.
        catalog: where to record each, as typed; a record that fails is a warning.

    Returns:
        0 done; 1 some section failed; 2 some input could not be used; 130 stopped by Ctrl-C.

    Raises:
        InputError: several folders of one name with `out`; no scheduler at the address.
    """
    if out is not None and len(folders) > 1:
        names = {folder.resolve().name for folder in folders}
        if len(names) < len(folders):
            raise InputError(
                "with --out, several folders must differ in their names.",
                remedy="Analyse them one by one.",
            )
    status = 0
    with Pool(workers=workers or _cores(), scheduler=scheduler) as pool:
        for folder in folders:
            target = folder / "results" if out is None else out
            if out is not None and len(folders) > 1:
                target = out / folder.resolve().name
            try:
                ended = _analyze_one(
                    folder, target, only=only, allow_outside=allow_outside, pool=pool
                )
                if catalog and ended != UNUSABLE:
                    _record(catalog, target, folder)
            except KeyboardInterrupt:
                print(
                    "cinedot: stopped. The same command goes on from the chunks that are finished.",
                    file=sys.stderr,
                )
                return STOPPED
            status = max(status, ended)
    return status


def _record(catalog: str, results: Path, folder: Path) -> None:
    """Record an analysis in a catalog; what keeps it from that is told, and no more."""
    from cinedot.dossier.catalog.command import record_results

    why_not = record_results(catalog, results, folder=folder)
    if why_not:
        again = f"cinedot catalog add {shlex.quote(str(results))}"
        print(f"cinedot: not recorded in the catalog: {why_not} Later: {again}", file=sys.stderr)


def _cores() -> int:
    """Cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not told on every system
        return os.cpu_count() or 1


def _analyze_one(
    folder: Path, out: Path, *, only: tuple[str, ...], allow_outside: bool, pool: Pool
) -> int:
    try:
        if (folder / "sample.toml").is_file():
            check_writable(out, folder)
        runs = Runs(progress=Bars(Console(stderr=True)), store=out / ".work", pool=pool)
        dossier = analyze(folder, only=only, allow_outside=allow_outside, runs=runs)
        page = write_dossier(dossier, out, command=command_line())
        runs.tidy(outcome.name for outcome in dossier.outcomes if outcome.status == "ok")
    except InputErrors as faults:
        for fault in faults.faults:
            print(f"cinedot: {fault}", file=sys.stderr)
        return UNUSABLE
    except InputError as fault:
        print(f"cinedot: {fault}", file=sys.stderr)
        return UNUSABLE
    _print_answers(dossier)
    _console().print(f"Dossier: {page}", soft_wrap=True, highlight=False)
    return 1 if dossier.failed else 0


def run_demo(folder: Path, *, seed: int) -> int:
    """Write the virtual sample, analyse it like any other, print truth beside found."""
    from cinedot.dossier.demo import compare_with_truth, write_virtual_sample

    progress = Bars(Console(stderr=True))
    check_writable(folder / "results", folder)
    truth = write_virtual_sample(folder, seed=seed, progress=progress)
    dossier = analyze(folder, use_lab=False, runs=Runs(progress=progress))
    page = write_dossier(dossier, folder / "results", command=command_line())
    table = Table(title="Virtual sample: what went in, what came out", title_justify="left")
    for heading in ("quantity", "truth", "found", "sigma", "unit", "(found - truth) / sigma"):
        table.add_column(heading, justify="left" if heading in ("quantity", "unit") else "right")
    for line in compare_with_truth(dossier, truth):
        found = "not found" if line.found is None else value_text(line.found, line.sigma)
        table.add_row(
            line.label,
            value_text(line.truth, line.sigma),
            found,
            "" if line.sigma is None else value_text(line.sigma, line.sigma),
            line.unit,
            "" if line.pull is None else f"{line.pull:+.1f}",
        )
    _console().print(table)
    _print_failures(dossier)
    _console().print(f"Dossier: {page}", soft_wrap=True, highlight=False)
    return 1 if dossier.failed else 0


def print_doctor() -> None:
    """Print what a maintainer asks for first: versions, devices, cores, memory."""
    from importlib import metadata

    import jax

    rows = [
        ("cinedot", __version__),
        ("python", f"{platform.python_version()} ({sys.executable})"),
        ("system", platform.platform()),
        ("cores", str(os.cpu_count())),
        ("memory", f"{_memory_gib():.1f} GiB"),
        ("devices", ", ".join(str(device) for device in jax.devices())),
    ]
    for name in ("jax", "numpy", "scipy", "ase", "rosettasciio", "tifffile", "pandas", "plotly"):
        rows.append((name, metadata.version(name)))
    gpu = importlib.util.find_spec("jax_cuda13_plugin") is not None
    rows.append(("NVIDIA GPU support", "installed" if gpu else "not installed (extra: cuda)"))
    for name, value in rows:
        print(f"{name:<20}{value}")


def _memory_gib() -> float:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    except (ValueError, OSError, AttributeError):  # not told on every system
        return float("nan")


def _print_answers(dossier: Dossier) -> None:
    table = Table(title=dossier.sample.manifest.sample.name, title_justify="left")
    for heading in ("from", "quantity", "found", "unit"):
        table.add_column(heading, justify="right" if heading == "found" else "left")
    for outcome in dossier.outcomes:
        for row in result_rows(outcome):
            table.add_row(section_title(outcome.name), row.label, row.value, row.unit)
    if table.row_count:
        _console().print(table)
    for outcome in dossier.outcomes:
        _print_series(outcome)
        for remark in outcome.findings.remarks if outcome.findings else ():
            _console().print(Text(f"{section_title(outcome.name)}: {remark}"))
    for check in dossier.checks:
        if check.status != "agree":
            _console().print(Text(f"Check {check.name}: {check.status}. {check.detail}"))
    _print_failures(dossier)


def _print_series(outcome: SectionOutcome) -> None:
    series = series_table(outcome)
    if series is None or (outcome.findings and outcome.findings.results):
        return
    table = Table(title=section_title(outcome.name), title_justify="left")
    table.add_column("record")
    for heading in series.heading:
        table.add_column(heading, justify="right")
    for label, values in series.rows:
        table.add_row(label, *values)
    _console().print(table)


def _print_failures(dossier: Dossier) -> None:
    for outcome in dossier.outcomes:
        if outcome.status == "failed":
            print(f"cinedot: section {outcome.name} failed: {outcome.message}", file=sys.stderr)
        elif outcome.status == "skipped":
            _console().print(Text(f"{section_title(outcome.name)} skipped: {outcome.message}"))


def _console() -> Console:
    """Standard output; wide enough for a table where it is no terminal."""
    return Console() if sys.stdout.isatty() else Console(width=110)
