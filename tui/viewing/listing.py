"""What an archive says that it holds. Names and sizes in it are anybody's claims. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from providers.records import dataclass
from providers.text import printable
from tui import format as fmt
from tui.viewing.rows import FAINT, Row, Run

MOST = 20_000
"""Members that are listed; there may be more."""

Fetch: TypeAlias = Callable[[int, int], bytes]
"""At most so many (2) bytes of the file from an offset (1) on. Raises ProviderError."""

_SIZE_WIDTH = 10


class NotReadable(Exception):
    """It is no such archive, or a damaged one. A sentence without its dot."""


@dataclass(frozen=True, slots=True)
class Member:
    name: str  # untrusted: "../" and control characters included
    size: int  # bytes, unpacked
    modified: float | None = None  # Unix seconds
    kind: str = "file"  # "folder", "link", …
    note: str = ""  # "encrypted", "-> target": untrusted


@dataclass(frozen=True, slots=True)
class Listing:
    """`remark`: what is missing in it, as a sentence; "" when it is complete."""

    members: Sequence[Member]
    remark: str = ""


def member_rows(listing: Listing, now: float) -> list[Row]:
    """One for each member, after a line that sums them up. `now`: Unix seconds."""
    count = len(listing.members)
    total = sum(member.size for member in listing.members)
    noun = "entry" if count == 1 else "entries"
    summary = f"{count:,} {noun}, {fmt.size(total)} unpacked, as the archive says"
    rows = [Row(summary, (Run(len(summary), FAINT),))]
    if listing.remark:
        rows.append(Row(listing.remark, (Run(len(listing.remark), "found"),)))
    return [*rows, Row(), *(_row(member, now) for member in listing.members)]


def _row(member: Member, now: float) -> Row:
    folder = member.kind == "folder"
    size = "" if folder else fmt.size(member.size)
    head = f"{size:>{_SIZE_WIDTH}}  {fmt.when(member.modified, now)}  "
    name = printable(member.name)
    extra = member.note or ("" if member.kind in ("file", "folder") else member.kind)
    tail = f"  {printable(extra)}" if extra else ""
    look = "keyword" if folder else ""
    runs = (Run(len(head), FAINT), Run(len(name), look), Run(len(tail), FAINT))
    return Row(head + name + tail, runs)
