"""What is held back where the screen is drawn over a line that may be slow. Pure functions.

With 2 KiB a second while transfers run and nothing is pressed, and 1 KiB for a move of the cursor,
a line of 64 kbit/s stays free for who uses it.
"""

from __future__ import annotations

from collections.abc import Mapping

FRAMES = 20  # a second: held keys cost a third of the bytes of 60 (textual.md)
LOOK_SECONDS = 1.0  # between two looks at the queue, at least
REREAD_SECONDS = 8.0  # between two refreshes of a folder that nobody asked for
_BYTES_A_SECOND = 1300  # of the transfers; what else is drawn by itself has the rest
_OF_A_LINE = 100  # bytes around the text of one: where it stands, and its colours


def is_slow(environ: Mapping[str, str]) -> bool:
    """Whether the terminal is at the other end of an SSH connection."""
    return bool(environ.get("SSH_CONNECTION") or environ.get("SSH_TTY"))


def pause_after(lines: int, cells: int) -> float:
    """Seconds until the transfers may be drawn again, when so much of them was drawn just now."""
    return max(LOOK_SECONDS, (cells + lines * _OF_A_LINE) / _BYTES_A_SECOND)


def top_for(cursor: int, top: int, height: int, *, slow: bool) -> int:
    """The first row in sight once `cursor` is; on a slow line half a screenful is scrolled at a
    time, because all rows in sight are drawn for it."""
    ahead = height // 2 if slow else 0
    if cursor < top:
        return max(0, cursor - ahead)
    if cursor >= top + height:
        return cursor - height + 1 + ahead
    return top
