"""What stands under the cursor, in words: for screen readers and braille rows."""

from __future__ import annotations

from providers.base import Entry, Kind
from providers.text import printable
from transfers.model import Row
from tui import format as show

_KINDS = {Kind.DIR: "folder", Kind.LINK: "link", Kind.OTHER: "special file"}


def entry_words(
    entry: Entry | None, at: int, count: int, *, marked: bool, now: float, sign: str = ""
) -> str:
    """A row of a pane: `at` counts from 0; None is the row of the folder above. `sign`: how it is
    to the other side, where that was compared."""
    if not count:
        return "nothing here"
    if entry is None:
        return f"parent folder, 1 of {count:,}"
    parts = [printable(entry.name), *([sign] if sign else [])]
    if entry.kind in _KINDS:
        parts.append(_KINDS[entry.kind])
    elif entry.size is not None:
        parts.append(show.size(entry.size))
    if entry.modified is not None:
        parts.append(show.when(entry.modified, now).strip())
    if marked:
        parts.append("marked")
    return f"{', '.join(parts)}, {at + 1:,} of {count:,}"


def job_words(row: Row | None, at: int, count: int, *, marked: bool) -> str:
    """A row of the transfers."""
    if row is None:
        return "no transfers" if not count else "not read yet"
    job = row.job
    parts = [printable(job.target.path.rpartition("/")[2] or job.target.path), job.state.value]
    if job.size and not job.finished:
        parts.append(f"{min(100, 100 * row.moved // job.size)} percent")
    if job.proof is not None:
        parts.append(str(job.proof))
    if job.reason:
        parts.append(printable(job.reason))
    if marked:
        parts.append("marked")
    return f"{', '.join(parts)}, {at + 1:,} of {count:,}"
