"""What a file was before: how its revisions are shown, named and described. Pure."""

from __future__ import annotations

from datetime import datetime

from providers.base import Place
from providers.extras import Revision
from transfers.model import NewJob
from transfers.scan import plan_one
from tui import facts
from tui import format as show

_SIZE = 9  # cells


def state(revision: Revision) -> str:
    """In one word what is particular about it."""
    if revision.deleted:
        return "deleted"
    return "current" if revision.current else ""


def row(revision: Revision, width: int, now: float, *, named: bool) -> str:
    """One line of a list; `named`: with the file's name first, for lists of several files."""
    entry = revision.entry
    size = "" if revision.deleted else show.size(entry.size) or "?"
    text = f"{show.when(entry.modified, now)} {show.fit(size, _SIZE, 'right')} {state(revision)}"
    if not named:
        return show.clip(text, width)
    room = max(8, width - show.WHEN_WIDTH - 2)
    return f"{show.fit(show.clip_middle(entry.name, room), room)}  {show.when(entry.modified, now)}"


def described(revision: Revision) -> str:
    """In one line: "stored: 2026-11-22 14:03:11 +0000, 1.4 MiB (1,468,006 bytes)"."""
    when = facts.moment(revision.entry.modified)
    if revision.deleted:
        return f"deleted: {when}"
    return f"stored: {when}, {facts.exact_size(revision.entry.size)}"


def dated_name(name: str, stored: float | None) -> str:
    """ "report 2026-11-22 140311.pdf": a name beside the file's own, without characters that some
    places refuse."""
    try:
        when = datetime.fromtimestamp(stored).strftime("%Y-%m-%d %H%M%S") if stored else "earlier"
    except (OverflowError, ValueError, OSError):
        when = "earlier"
    stem, dot, suffix = name.rpartition(".")
    return f"{stem} {when}{dot}{suffix}" if stem else f"{name} {when}"


def bringing_back(endpoint: str, revision: Revision, path: str) -> tuple[NewJob, ...]:
    """The job that copies it onto the file's own `path`."""
    source = Place(endpoint, revision.entry.path)
    return plan_one(source, revision.entry, Place(endpoint, path), move=False)
