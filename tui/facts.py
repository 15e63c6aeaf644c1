"""What is known of an entry, as names and values for a person. Pure."""

from __future__ import annotations

import stat
from datetime import datetime

from providers.base import Entry, Kind
from providers.extras import Property
from tui import format as show

_KINDS = {
    Kind.FILE: "file",
    Kind.DIR: "folder",
    Kind.LINK: "link",
    Kind.OTHER: "a device, a pipe or a socket",
}
_NAME_WIDTH = 22  # cells


def facts(entry: Entry, address: str) -> list[Property]:
    """Everything that `entry` says; `address` is where it is, as it would be typed."""
    rows = [
        Property("Name", entry.name),
        Property("Path", entry.path),
        Property("Address", address),
        Property("Kind", _KINDS[entry.kind]),
    ]
    if entry.kind is Kind.FILE:
        rows.append(Property("Size", exact_size(entry.size)))
    rows.append(Property("Modified", moment(entry.modified)))
    if entry.mode is not None:
        rows.append(Property("Mode", mode(entry.mode)))
    if entry.target is not None:
        rows.append(Property("Points to", entry.target))
    if entry.version is not None:
        rows.append(Property("Version", entry.version))
    return rows + [Property(f"{name}, as stated", of) for name, of in entry.digests.items()]


def exact_size(size: int | None) -> str:
    """ "1.4 MiB (1,468,006 bytes)"."""
    if size is None:
        return "not known"
    exact = f"{size:,} {'byte' if size == 1 else 'bytes'}"
    return exact if size < 1024 else f"{show.size(size)} ({exact})"


def moment(unix: float | None) -> str:
    """A Unix time to the second in the local zone, with its distance from UTC."""
    if unix is None:
        return "not known"
    try:
        return datetime.fromtimestamp(unix).astimezone().strftime("%Y-%m-%d %H:%M:%S %z")
    except (OverflowError, ValueError, OSError):
        return "a time that no calendar has"


def mode(bits: int) -> str:
    """ "0644 rw-r--r--"."""
    return f"{bits & 0o7777:04o} {stat.filemode(bits & 0o7777)[1:]}"


def row(fact: Property, width: int) -> str:
    """One line of a list: the name, and as much of the value as fits."""
    name = show.fit(fact.name, min(_NAME_WIDTH, max(0, width // 3)))
    return f"{name} {show.clip_middle(fact.value, max(0, width - len(name) - 1))}"
