"""Calling a person back to the screen: by the bell, and on the desktop where that can be.

The text is ours, without a name in it; a program is started without a shell.
"""

from __future__ import annotations

import base64
import subprocess
import sys
from collections.abc import Callable, Mapping
from shutil import which

from tui.choices import Notify
from tui.slow_line import is_slow
from tui.terminal_kind import Told, notifies

_PATIENCE_SECONDS = 5.0
_BELL = "\x07"
_OSASCRIPT = (
    *("-e", "on run argv"),
    *("-e", 'display notification (item 1 of argv) with title "Wharfie"'),
    *("-e", "end run"),
)


def signals(text: str, how: Notify, environ: Mapping[str, str]) -> str:
    """What is written to the terminal: a bell, and a notification where it is known to take one."""
    if how is Notify.OFF:
        return ""
    asked = _by_terminal(text, notifies(environ)) if how is Notify.DESKTOP else ""
    return asked + _BELL


def _by_terminal(text: str, told: Told) -> str:
    safe = "".join(each for each in text if each.isprintable())
    if told is Told.OSC_9:
        return f"\x1b]9;{safe}\x07"
    if told is Told.OSC_777:
        return f"\x1b]777;notify;Wharfie;{safe.replace(';', ',')}\x07"
    if told is Told.OSC_99:  # kitty's own; the text as base64, whatever is in it
        coded = base64.b64encode(safe.encode()).decode()
        return f"\x1b]99;i=wharfie:e=1;{coded}\x1b\\"
    return ""


def program(
    text: str,
    how: Notify,
    environ: Mapping[str, str],
    *,
    system: str = sys.platform,
    find: Callable[[str], str | None] = which,
) -> list[str]:
    """The command that shows `text` on this computer's desktop; empty where there is none, or where
    the terminal does it, or a person sits at another one."""
    if how is not Notify.DESKTOP or is_slow(environ) or notifies(environ) is not Told.NONE:
        return []
    if system == "darwin":
        found = find("osascript")
        return [found, *_OSASCRIPT, "--", text] if found else []
    has_desktop = environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY")
    found = find("notify-send") if has_desktop and system != "win32" else None
    return [found, "--app-name=Wharfie", "--", "Wharfie", text] if found else []


def run_program(command: list[str]) -> None:
    """Have it shown; blocking, for some seconds at most. What goes wrong with it is no matter: the
    bell has rung, and the sentence stands on the screen."""
    try:
        subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_PATIENCE_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return
