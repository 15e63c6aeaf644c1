"""`wharfie queue list`: every transfer as a line, and how the queue stands."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterable

from providers.location import show
from providers.records import replace
from providers.text import printable
from transfers.model import JobState, Row, Snapshot
from tui import format as fmt
from tui.headless.report import describe
from tui.op_words import ends
from tui.overview import at_work
from tui.widgets.totals import totals_text
from tui.widgets.transfer_row import fraction, info, state

_JOB, _STATE, _DONE, _SIZE, _INFO = 5, 12, 4, 9, 20
_NAME_FROM = _JOB + _STATE + _DONE + _SIZE + _INFO + 7  # with the gaps between them
_UNKNOWN_WIDTH = 200  # where nobody looks, nothing is cut short


def print_list(rows: Iterable[Row], snapshot: Snapshot, *, worked: bool, as_json: bool) -> None:
    """`worked`: a process works the queue now."""
    if as_json:
        for row in rows:
            print(json.dumps(_described(row)))
        print(json.dumps(_summary(snapshot, worked)))
        return
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
    if snapshot.count:
        print(_title(width))
    for row in rows:
        print(list_line(row, width))
    print(_standing(snapshot, worked, width or _UNKNOWN_WIDTH))
    if snapshot.notice:
        print(f"wharfie: {printable(snapshot.notice)}", file=sys.stderr)


def list_line(row: Row, width: int) -> str:
    """One transfer, safe to print. `width` in cells; 0: as long as it takes."""
    done, said = fraction(row), printable(info(row)[0])
    share = "" if done is None else f"{int(done * 100)}%"
    said = fmt.fit(said, _INFO) if width else said.ljust(_INFO)
    facts = f"{fmt.fit(state(row)[0], _STATE)} {share:>{_DONE}} {fmt.size(row.job.size):>{_SIZE}}"
    line = f"{row.job.id:>{_JOB}}  {facts}  {said} {_way(row, width)}".rstrip()
    return fmt.clip(line, width) if width else line


def _way(row: Row, width: int) -> str:
    """The target, whose name tells; where nothing is cut short, the source before it."""
    if not width:
        return printable(" → ".join(filter(None, ends(row.job))))
    return fmt.clip_left(show(row.job.target), max(10, width - _NAME_FROM))


def _title(width: int) -> str:
    words = f"{'JOB':>{_JOB}}  {'STATE':{_STATE}} {'DONE':>{_DONE}} {'SIZE':>{_SIZE}}"
    where = "TARGET" if width else "SOURCE → TARGET"
    return f"{words}  {'PROOF OR REASON':{_INFO}} {where}"


def _standing(snapshot: Snapshot, worked: bool, width: int) -> str:
    told = totals_text(snapshot.totals, width, rate_limit=snapshot.rate_limit)
    if snapshot.held:
        told += ", held (wharfie queue go)"
    parked = snapshot.totals.counts.get(JobState.PARKED, 0)
    if not worked and (parked or at_work(replace(snapshot, held=False))):
        told += "; nothing works the queue now: wharfie queue run"
    return told


def _described(row: Row) -> dict[str, object]:
    job = row.job
    return {
        "job": job.id,
        **describe(job),
        "moved": row.moved,
        "rate": row.rate,
        "eta": row.eta,
        "retry_in": row.retry_in,
        "priority": job.priority,
        "parked_for": job.park.value if job.park else None,
        "asks": job.asks or None,
    }


def _summary(snapshot: Snapshot, worked: bool) -> dict[str, object]:
    totals = snapshot.totals
    return {
        "summary": True,
        "jobs": totals.jobs,
        **{each.value: count for each, count in totals.counts.items() if count},
        "bytes": totals.size,
        "moved": totals.moved,
        "rate": totals.rate,
        "eta": totals.eta,
        "rate_limit": snapshot.rate_limit,
        "workers": snapshot.workers,
        "held": snapshot.held,
        "worked": worked,
    }
