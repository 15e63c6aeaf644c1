"""How long a link holds: typed by a person, limited by a place, said in words. Pure."""

from __future__ import annotations

import re

from providers.extras import Link
from providers.text import printable
from tui import facts

_UNITS = {"m": 60, "h": 3600, "d": 86400}
_TYPED = re.compile(r"(\d{1,6})\s*([mhd])")
USUAL = ("1h", "1d", "7d")


def read_seconds(text: str, longest: float) -> int:
    """ "30m", "12h" or "3d" in seconds. Raises ValueError with a sentence."""
    typed = _TYPED.fullmatch(text.strip().lower())
    if typed is None or not int(typed[1]):
        raise ValueError(f"“{printable(text)}” is not a time such as 30m, 12h or 3d")
    seconds = int(typed[1]) * _UNITS[typed[2]]
    if seconds > longest:
        raise ValueError(f"this place gives links for {typed_for(longest)} at most")
    return seconds


def usual(longest: float) -> list[str]:
    """The times that are offered where links hold for so many seconds at most."""
    fitting = [text for text in USUAL if read_seconds(text, float("inf")) <= longest]
    return fitting or [typed_for(longest)]


def typed_for(seconds: float) -> str:
    """What `read_seconds` takes for the whole minutes in it: "36h"."""
    whole = int(seconds)
    for unit in ("d", "h"):
        if whole >= _UNITS[unit] and whole % _UNITS[unit] == 0:
            return f"{whole // _UNITS[unit]}{unit}"
    return f"{max(1, whole // _UNITS['m'])}m"


def holds(link: Link) -> str:
    """Until when it opens the file."""
    if link.until is None:
        return "holds until somebody takes it back"
    if link.sooner:
        return f"holds at most until {facts.moment(link.until)}: it ends with your temporary keys"
    return f"holds until {facts.moment(link.until)}"
