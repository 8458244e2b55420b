"""Runs that are on disk, read with care and put on one page beside each other."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from ..errors import UserError, nearest
from ..report.compare import Curve, Run, render
from .files import MANIFEST, digest, write
from .indexed import rewrite
from .reading import RIGHT, SUMMARY, Account, Manifest, Summary, read, unfinished

MOST = 8  # runs beside each other
LONGEST = 120  # characters of a page's name
EQUITY = "equity.parquet"
HUGE = 1e30  # times the cash: no account
NEAR = 1e-6  # of an account: what rounding may leave between two files
Times: TypeAlias = NDArray[np.datetime64]


def compare(runs: Sequence[str], workspace: Path, out: Path | None = None) -> Path:
    """Write the page that has the runs side by side, and return it; the index of the workspace is written anew.

    runs: two to eight folders, or names under the workspace's reports/. out: the page, else
    reports/compare-A-B.html. Raises UserError for a run that is not there, unfinished or damaged, before anything is
    written.
    """
    if not 2 <= len(runs) <= MOST:
        raise UserError("compare", f"is given {len(runs)} run{'' if len(runs) == 1 else 's'}", f"two to {MOST}")
    if out is not None and (out.suffix != ".html" or out.is_dir()):
        raise UserError(str(out), "is no place for a page", "a file, by --out FILE.html")
    reports = workspace / "reports"
    folders = [found(run, reports) for run in runs]
    for i, folder in enumerate(folders):
        if folder in folders[:i]:
            raise UserError(runs[i], "is given twice", "each run once")
    names = [named(folder, reports) for folder in folders]
    names = [str(folders[i]) if names.count(name) > 1 else name for i, name in enumerate(names)]
    page = out or reports / f"compare-{_joined(names)}.html"
    read_ = [one(folder, name, page) for folder, name in zip(folders, names, strict=True)]
    write(page, render(read_).encode("utf-8", "replace"))
    rewrite(workspace, page)
    return page


def found(run: str, reports: Path) -> Path:
    """The folder of a run that a user names. Raises UserError where there is none, or it is none of one run."""
    for folder in (Path(run), reports / run):
        if folder.is_dir():
            break
    else:
        known = [path.parent.name for path in reports.glob(f"*/{SUMMARY}")]
        raise UserError(run, "is no folder, nor a name under reports/", nearest(run, known) if known else "run one")
    folder = folder.resolve()
    if (folder / "claims.json").is_file():
        raise UserError(run, "is a ledger of claims", "the folder of a run of an experiment")
    inside = sorted(path.parent.name for path in folder.glob(f"*/{MANIFEST}"))
    if inside and not (folder / MANIFEST).is_file():
        raise UserError(run, "holds several runs", f"one of them, as {run.rstrip('/')}/{inside[0]}")
    if not (folder / MANIFEST).is_file():
        raise UserError(run, f"holds no {MANIFEST}", "the folder of a run")
    if unfinished(folder):
        raise UserError(run, "is not finished", "the command that began it, with --resume")
    return folder


def named(folder: Path, reports: Path) -> str:
    """What a run is called: its place under reports/, elsewhere the folder's name."""
    return str(folder.relative_to(reports.resolve())) if folder.is_relative_to(reports.resolve()) else folder.name


def _joined(names: Sequence[str]) -> str:
    words = [re.sub(r"[^\w.-]+", "-", name, flags=re.ASCII) for name in names]
    whole = "-".join(words)
    return whole if len(whole) <= LONGEST else f"{words[0][:LONGEST]}-{digest({'runs': names})[:8]}"


def one(folder: Path, name: str, page: Path) -> Run:
    """A run as the page needs it. Raises UserError where its files are damaged or belong to different runs."""
    manifest, summary = read(Manifest, folder / MANIFEST), read(Summary, folder / SUMMARY)
    if summary.provenance.identity != manifest.identity:
        raise UserError(str(folder / SUMMARY), f"is of another run than its {MANIFEST}", RIGHT)
    accounts: dict[str, Account] = {"buy_and_hold": summary.buy_and_hold}
    accounts.update((str(name), account) for name, account in summary.variants.items())
    time, equity = _equity(folder / EQUITY, list(accounts))
    if [time[0], time[-1]] != [_utc(summary.period.begin), _utc(summary.period.end)]:
        raise UserError(str(folder / EQUITY), f"does not span the period that {SUMMARY} names", RIGHT)
    cash = manifest.configuration.sizing.cash
    curves: dict[str, Curve] = {}
    for variant, account in accounts.items():
        with np.errstate(all="ignore"):
            grown = equity[variant] / cash
        if not (np.abs(grown) < HUGE).all():
            raise UserError(str(folder / EQUITY), f"{variant} holds what is no equity", RIGHT)
        if account.total_return is None or not abs(grown[-1] - 1 - account.total_return) <= NEAR * max(1, grown[-1]):
            raise UserError(
                str(folder / EQUITY), f"{variant} does not end where {SUMMARY} has it (total_return)", RIGHT
            )
        curves[variant] = (time, grown)
    told = summary.model_dump(by_alias=True, exclude_unset=True)
    return Run(name, manifest.model_dump(), told, curves, _link(folder, page))


def _utc(moment: datetime) -> np.datetime64:
    return np.datetime64(moment.astimezone(UTC).replace(tzinfo=None), "us")


def _link(folder: Path, page: Path) -> str:
    """The way from the page to the report."""
    return os.path.relpath(folder / "report.html", page.resolve().parent)


def _equity(path: Path, names: Sequence[str]) -> tuple[Times, dict[str, NDArray[np.float64]]]:
    """Times, in order, and equities of the accounts. Raises UserError where the file has none."""
    try:
        with pq.ParquetFile(path) as file:  # not by pandas: what is said there of pandas may be anything
            columns: dict[str, Any] = {name: file.read([name]).column(name) for name in ("time", *names)}
        if not pa.types.is_timestamp(columns["time"].type):
            raise TypeError("time is no timestamp")
        time = columns.pop("time").to_numpy().astype("datetime64[us]")
        equity = {name: np.asarray(column.to_numpy(), dtype=np.float64) for name, column in columns.items()}
    except (pa.ArrowException, OSError, ValueError, TypeError, KeyError, MemoryError) as error:
        wrong = " ".join(str(error).split())[:100]
        raise UserError(str(path), f"is missing or damaged ({type(error).__name__}: {wrong})", RIGHT) from None
    if not len(time) or np.isnat(time).any() or (time[1:] <= time[:-1]).any():
        raise UserError(str(path), "holds no times, or not in their order", RIGHT)
    return time, equity
