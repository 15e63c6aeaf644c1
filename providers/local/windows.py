"""What Windows cannot store as a name."""

from __future__ import annotations

from providers.errors import InvalidName
from providers.text import printable

_FORBIDDEN = frozenset('<>:"/\\|?*') | frozenset(map(chr, range(32)))
_DEVICES = frozenset(
    {"con", "prn", "aux", "nul", "conin$", "conout$"}
    | {f"{port}{n}" for port in ("com", "lpt") for n in "0123456789¹²³"}
)


def check_windows_name(directory: str, name: str) -> None:
    """Raise InvalidName for a name Windows refuses, or quietly takes for another.

    A trailing dot or space is dropped there, ":" opens a stream and "con.txt" is a device
    (learn.microsoft.com, "Naming Files, Paths, and Namespaces").
    """
    if name[-1:] in (".", " "):
        why = "ends in a dot or a space"
    elif not _FORBIDDEN.isdisjoint(name):
        why = "has a character Windows does not allow"
    elif name.partition(".")[0].rstrip(" ").lower() in _DEVICES:
        why = "is a device of Windows"
    else:
        return
    raise InvalidName(directory, f"the name “{printable(name)}” {why}")
