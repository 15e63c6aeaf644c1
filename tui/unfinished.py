"""Unfinished uploads that lie about in a place, and what the queue has to do with them. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from providers.extras import Unfinished
from providers.records import dataclass
from transfers.model import Op, Row
from tui import format as show

_SIZE = 9  # cells
IN_QUEUE = "in the queue"


@dataclass(frozen=True, slots=True)
class Left:
    """An upload, whether a transfer of the queue is on its way to that path, and what went wrong
    when it was to be taken back."""

    upload: Unfinished
    shown: str  # the path, from the folder on that it is shown for
    in_queue: bool = False
    error: str = ""


def targets(rows: Iterable[Row], endpoint: str) -> frozenset[str]:
    """The paths at `endpoint` that transfers which are not finished write to."""
    jobs = (row.job for row in rows)
    return frozenset(
        job.target.path
        for job in jobs
        if not job.finished and job.op in (Op.COPY, Op.MOVE) and job.target.endpoint == endpoint
    )


def below(path: str, folder: str) -> str:
    """`path` as it is shown in a list of what is below `folder`."""
    beginning = f"{folder.rstrip('/')}/"
    return path.removeprefix(beginning) or path


def row(left: Left, width: int, now: float) -> str:
    """One line of a list: began, size, path, and what is the matter with it."""
    upload = left.upload
    head = (
        f"{show.when(upload.began, now)}  {show.fit(show.size(upload.size) or '?', _SIZE, 'right')}"
    )
    what = left.error or (IN_QUEUE if left.in_queue else "")
    room = max(0, width - len(head) - 2)
    tail = f"  {show.clip(what, max(0, room // 2))}" if what else ""
    return f"{head}  {show.clip_left(left.shown, max(0, room - len(tail)))}{tail}"
