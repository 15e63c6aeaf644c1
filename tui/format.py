"""Numbers, times and names as a person reads them in a few terminal cells. Pure functions.

Whatever takes a name or a path makes it safe first (`providers.text.printable`). Widths are in
terminal cells: a wide character takes two, a combining one none.
"""

from __future__ import annotations

import math
import re
from datetime import datetime
from typing import Literal

from providers.text import printable
from transfers.meter import SLOWEST
from tui.cells import cell_len, split_graphemes

Align = Literal["left", "right"]

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB")
_RATE_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
_LOWEST_RATE = 1024  # bytes a second
_LARGEST = 1023 * 1024 ** (len(_UNITS) - 1)
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_MOST_DAYS = 999
_EIGHTHS = " ▏▎▍▌▋▊▉"
WHEN_WIDTH = 16
_LONGEST = 4096  # characters kept of either end before anything else is done
_MARKS = 4  # combining ones on one letter
_PILED = re.compile(
    r"[^\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
    rf"[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]{{{_MARKS + 1},}}"
)
ELLIPSIS = "…"


def size(n: int | None) -> str:
    """`n` bytes as "512 B" or "1.4 GiB", at most 9 cells; "" when unknown."""
    if n is None:
        return ""
    if n < 0:
        return "?"
    if n < 1024:
        return f"{n} B"
    value, unit = float(min(n, _LARGEST)), 0
    while value >= 1023.5 and unit < len(_UNITS) - 1:
        value, unit = value / 1024, unit + 1
    digits = f"{value:.1f}" if value < 99.95 else f"{value:.0f}"
    return f"{digits} {_UNITS[unit]}"


def rate(bps: float) -> str:
    """Bytes a second as "3.2 MiB/s"."""
    return f"{size(int(bps) if math.isfinite(bps) else 0)}/s"


def speed(bps: float, eta: float | None) -> str:
    """The rate of one transfer under way: "" before it is known, "stalled" once it fades away."""
    if bps < 1:
        return "stalled" if bps > 0 else ""
    return "stalled" if bps < SLOWEST and eta is None else rate(bps)


def read_rate(text: str) -> int:
    """ "10M" as bytes a second; "0" or "" is no limit. Raises ValueError with a sentence."""
    words = text.strip().upper().removesuffix("/S").removesuffix("B").removesuffix("I")
    unit = words[-1:] if words[-1:] in _RATE_UNITS else ""
    try:
        rate = int(float(words.removesuffix(unit) if words else 0) * _RATE_UNITS[unit])
    except (ValueError, OverflowError):
        raise ValueError(f"“{printable(text)}” is not a rate such as 500K or 10M") from None
    if rate and rate < _LOWEST_RATE:
        raise ValueError("a limit is at least 1K; 0 is no limit")
    return rate


def rate_typed(bps: int) -> str:
    """What `read_rate` takes for `bps` bytes a second, without loss: "10M"."""
    for unit in ("G", "M", "K"):
        if bps and bps % _RATE_UNITS[unit] == 0:
            return f"{bps // _RATE_UNITS[unit]}{unit}"
    return str(bps)


def duration(seconds: float | None) -> str:
    """A span as "1:05", "2h 03m" or "3d", at most 7 cells; "" when unknown."""
    if seconds is None or math.isnan(seconds):
        return ""
    if seconds >= (_MOST_DAYS + 1) * _DAY:
        return f">{_MOST_DAYS}d"
    whole = max(0, round(seconds))
    if whole < _HOUR:
        return f"{whole // _MINUTE}:{whole % _MINUTE:02}"
    if whole < _DAY:
        return f"{whole // _HOUR}h {whole % _HOUR // _MINUTE:02}m"
    return f"{whole // _DAY}d"


def when(unix: float | None, now: float) -> str:
    """A Unix time in the local zone, always 16 cells: "2026-11-22 14:03", "     today 14:03".

    Blank when unknown, "?" for a time that no calendar has.
    """
    if unix is None:
        return " " * WHEN_WIDTH
    try:
        moment, today = datetime.fromtimestamp(unix), datetime.fromtimestamp(now)
    except (OverflowError, ValueError, OSError):
        return "?".rjust(WHEN_WIDTH)
    # `strftime` takes several times as long, and a listing may have a million of them.
    day = f"{moment.year:04}-{moment.month:02}-{moment.day:02}"
    if moment.day == today.day and moment.date() == today.date():
        day = "today"
    return f"{day} {moment.hour:02}:{moment.minute:02}".rjust(WHEN_WIDTH)


def clip(text: str, width: int) -> str:
    """The beginning of `text`, ending in "…" when it does not fit."""
    return _clip(text, width, keep_left=max(0, width - 1))


def clip_left(text: str, width: int) -> str:
    """The end of `text`, beginning with "…" when it does not fit: for paths."""
    return _clip(text, width, keep_left=0)


def clip_middle(text: str, width: int) -> str:
    """Both ends of `text` with "…" between: for names whose ending tells."""
    return _clip(text, width, keep_left=max(0, width) // 2)


def fit(text: str, width: int, align: Align = "left") -> str:
    """`text` in exactly `width` cells."""
    shown = clip(text, width)
    space = " " * (width - cell_len(shown))
    return space + shown if align == "right" else shown + space


def bar(fraction: float, width: int, *, ascii_only: bool = False) -> str:
    """A progress bar of exactly `width` cells, drawn in eighths of a cell."""
    share = 0.0 if math.isnan(fraction) else min(1.0, max(0.0, fraction))
    if ascii_only:
        full = int(share * width)
        return "#" * full + "." * (width - full)
    full, eighths = divmod(int(share * width * 8), 8)
    edge = _EIGHTHS[eighths] if eighths else ""
    return ("█" * full + edge).ljust(width)


def _clip(text: str, width: int, *, keep_left: int) -> str:
    if width <= 0:
        return ""
    safe = _tamed(printable(_bounded(text, width)))
    if cell_len(safe) <= width:
        return safe
    keep_right = width - 1 - keep_left
    return _head(safe, keep_left) + ELLIPSIS + _tail(safe, keep_right)


def _bounded(text: str, width: int) -> str:
    """Both ends of a text that is far too long, so that megabytes cost no time (faults.md H4)."""
    most = max(_LONGEST, width * 16)
    return text if len(text) <= 2 * most else text[:most] + ELLIPSIS + text[-most:]


def _tamed(text: str) -> str:
    """Without the marks above a letter that no language piles up: they would cover other rows."""
    if text.isascii() or cell_len(text) * _MARKS >= len(text):
        return text
    return _PILED.sub(lambda found: found[0][: _MARKS + 1] + ELLIPSIS, text)


def _head(text: str, width: int) -> str:
    """The longest beginning of `text` in `width` cells, never half a character."""
    used = end_at = 0
    for _, end, cells in split_graphemes(text):
        used += cells
        if used > width:
            break
        end_at = end
    return text[:end_at]


def _tail(text: str, width: int) -> str:
    used, start_at = 0, len(text)
    for start, _, cells in reversed(split_graphemes(text)):
        used += cells
        if used > width:
            break
        start_at = start
    return text[start_at:]
