"""What the terminal around us understands, by what it says of itself in the environment. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum


class Told(StrEnum):
    """How a terminal is asked to show a notification on the desktop."""

    OSC_9 = "9"
    OSC_99 = "99"
    OSC_777 = "777"
    NONE = ""


# OSC 9;4 since these versions; older ones show its text as a notification instead.
_PROGRESS_SINCE = {"iterm.app": (3, 6, 6), "ghostty": (1, 0), "wezterm": (20250300,)}
_NOTIFIES = {
    "iterm.app": Told.OSC_9,
    "ghostty": Told.OSC_9,
    "wezterm": Told.OSC_9,
}
_VTE_PROGRESS = 8000  # 0.80
_KITTY = "xterm-kitty"


def _within(environ: Mapping[str, str]) -> bool:
    """Whether tmux or screen stands between: what the terminal says of itself is not theirs."""
    return bool(environ.get("TMUX") or environ.get("STY"))


def shows_progress(environ: Mapping[str, str]) -> bool:
    """Whether the terminal takes OSC 9;4 (ConEmu's progress) for what it is."""
    if _within(environ):
        return False
    if any(environ.get(name) for name in ("WT_SESSION", "ConEmuPID", "ConEmuANSI")):
        return True
    if environ.get("TERM") in (_KITTY, "xterm-ghostty"):
        return True
    vte = environ.get("VTE_VERSION", "")
    if vte.isdecimal() and int(vte) >= _VTE_PROGRESS:
        return True
    since = _PROGRESS_SINCE.get(environ.get("TERM_PROGRAM", "").casefold())
    return since is not None and _version(environ.get("TERM_PROGRAM_VERSION", "")) >= since


def notifies(environ: Mapping[str, str]) -> Told:
    """How it shows a notification; NONE where it is not known to."""
    if _within(environ):
        return Told.NONE
    term = environ.get("TERM", "")
    if term == _KITTY:
        return Told.OSC_99
    if term == "xterm-ghostty":
        return Told.OSC_9
    if term.startswith(("foot", "rxvt-unicode")):
        return Told.OSC_777
    return _NOTIFIES.get(environ.get("TERM_PROGRAM", "").casefold(), Told.NONE)


def _version(text: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d{1,9}", text)[:3]))
