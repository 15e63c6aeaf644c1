"""What the terminal shows of the queue around the screen: its title, and progress (OSC 9;4).

Only numbers of ours are in it, never a name. A sign is written when it differs, and seldom: an
idle screen sends nothing, a busy one a few bytes a second.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from transfers.model import JobState, Snapshot, Totals
from tui.overview import at_work
from tui.slow_line import is_slow
from tui.terminal_kind import shows_progress

_SECONDS = 1.0  # between two signs; over SSH:
_SECONDS_OVER_SSH = 5.0
_AGAIN_SECONDS = 10.0  # a terminal lets go of progress that it hears nothing of (ghostty: 15 s)
_KEEP_TITLE = "\x1b[22;2t"  # XTWINOPS: on a stack
_GIVE_TITLE_BACK = "\x1b[23;2t"
_NORMAL, _ERROR, _UNKNOWN = 1, 2, 3


class TerminalSigns:
    """`write` reaches the terminal, unless it is off; `clock` is monotonic, in seconds."""

    def __init__(
        self,
        write: Callable[[str], object],
        environ: Mapping[str, str],
        clock: Callable[[], float],
        *,
        on: bool = True,
    ) -> None:
        self._write = write
        self._clock = clock
        self._on = on
        self._shows_progress = on and shows_progress(environ)
        self._seconds = _SECONDS_OVER_SSH if is_slow(environ) else _SECONDS
        self._shown = ("", "")
        self._at = -math.inf
        self._begun = False

    def show(self, queue: Snapshot) -> None:
        """Show how the queue stands, where that is news and the last was some time ago."""
        if not self._on:
            return
        now = self._clock()
        signs = (f"\x1b]2;{title(queue)}\x07", self._progress(queue))
        spent = now - self._at
        same = signs == self._shown and not (_moves(signs[1]) and spent >= _AGAIN_SECONDS)
        if same or (spent < self._seconds and at_work(queue)):
            return
        told = "" if signs[0] == self._shown[0] else signs[0]
        told += signs[1]
        self._write(told if self._begun else _KEEP_TITLE + told)
        self._begun, self._shown, self._at = True, signs, now

    def _progress(self, queue: Snapshot) -> str:
        return progress(queue) if self._shows_progress else ""

    def end(self) -> str:
        """What takes all of it back; "" when nothing was shown. It may be shown anew after."""
        if not self._begun:
            return ""
        self._begun, self._shown, self._at = False, ("", ""), -math.inf
        return "\x1b]2;\x07" + _GIVE_TITLE_BACK + (_progress_of(0) if self._shows_progress else "")


def title(queue: Snapshot) -> str:
    """ "Wharfie 42 % · 3 left" while something goes on, else "Wharfie"."""
    left = at_work(queue)
    if not left:
        return "Wharfie"
    share = _percent(queue.totals)
    return f"Wharfie {share} % · {left:,} left" if share is not None else f"Wharfie · {left:,} left"


def progress(queue: Snapshot) -> str:
    """OSC 9;4: how much is across; in the colour of trouble when something failed or is parked."""
    counts = queue.totals.counts
    trouble = counts.get(JobState.FAILED, 0) + counts.get(JobState.PARKED, 0)
    if not at_work(queue):
        return _progress_of(0)
    share = _percent(queue.totals)
    if share is None:
        return _progress_of(_UNKNOWN)
    return _progress_of(_ERROR if trouble else _NORMAL, share)


def _progress_of(state: int, share: int = 0) -> str:
    return f"\x1b]9;4;{state};{share}\x07"


def _moves(sign: str) -> bool:
    return bool(sign) and sign != _progress_of(0)


def _percent(totals: Totals) -> int | None:
    return int(min(1.0, totals.moved / totals.size) * 100) if totals.size else None
