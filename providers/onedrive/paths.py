"""Addresses in a drive, and the names that it keeps. Pure.

"/a/b" is in the drive; "/:Shared with me/x" is elsewhere: no name there holds a colon. A revision
of "/a/b" is "/?version=3.0/a/b".
"""

from __future__ import annotations

import unicodedata
from urllib.parse import quote, unquote

from providers.errors import InvalidName
from providers.names import check_name
from providers.onedrive.mapping import Names
from providers.text import printable

ELSEWHERE = ":"
"""What the name of a folder in the root begins with that leads out of the drive."""

_REVISION = "?version="
_FORBIDDEN = '"*:<>?/\\|'  # driveitem addressing; `"` is refused too (rclone)
_RESERVED = frozenset(
    {".lock", "con", "prn", "aux", "nul", "desktop.ini"}
    | {f"{device}{number}" for device in ("com", "lpt") for number in range(10)}
)
_LONGEST = 255  # characters of a name


def segments(path: str) -> tuple[str, ...]:
    """The names on the way, "" and "." left out; ".." leads up."""
    found: list[str] = []
    for part in path.split("/"):
        if part == "..":
            del found[-1:]
        elif part not in ("", "."):
            found.append(part)
    return tuple(found)


def path_of(names: tuple[str, ...]) -> str:
    return "/" + "/".join(names)


def resolve(path: str) -> str:
    revision, names = split(path)
    return _of(revision, names)


def join(directory: str, name: str, names: Names) -> str:
    """Raises InvalidName for a name that could lead out, or that a drive cannot keep."""
    check_name(directory, name)
    need_storable(directory, names.stored(name))
    return below(directory, name)


def below(directory: str, name: str) -> str:
    """As `join`, for a name that the service itself told and `safe` has looked at."""
    return f"{directory.rstrip('/')}/{name}"


def safe(name: object) -> bool:
    """Whether a name that a service told can only be an entry of its folder."""
    text = name if isinstance(name, str) else ""
    return text not in ("", ".", "..") and not set(text) & {"/", "\0"} and _is_text(text)


def parent(path: str) -> str:
    return path_of(split(path)[1][:-1])


def name(path: str) -> str:
    names = split(path)[1]
    return names[-1] if names else ""


def split(path: str) -> tuple[str, tuple[str, ...]]:
    """Which revision is meant, "" for none, and the names that lead to its file."""
    names = segments(path)
    if names and names[0].startswith(_REVISION):
        return unquote(names[0].removeprefix(_REVISION)), names[1:]
    return "", names


def of_revision(path: str, revision: str) -> str:
    return _of(revision, split(path)[1])


def _of(revision: str, names: tuple[str, ...]) -> str:
    before = (f"{_REVISION}{quote(revision, safe='')}",) if revision else ()
    return path_of((*before, *names))


def quoted(name: str) -> str:
    """A name as a segment of a URL. Raises InvalidName for what is no text."""
    try:
        return quote(name, safe="")
    except UnicodeEncodeError:
        raise InvalidName(name, "this name is not text, and a drive keeps text only") from None


def need_storable(where: str, name: str) -> None:
    """Raise InvalidName, with what is wrong, for a name that the service would refuse."""
    why = _refusal(name)
    if why:
        raise InvalidName(where, f"the name “{printable(name)}” cannot be kept there: {why}")


def _refusal(name: str) -> str:
    if not _is_text(name):
        return "it has bytes that are no text"
    for char in name:
        if char in _FORBIDDEN:
            return f"it has the character {char}"
        if ord(char) < 0x20 or ord(char) == 0x7F:
            return f"it has the control character {printable(char)}"
    if name.startswith(" ") or name.endswith(" "):
        return "it begins or ends with a space"
    if name.endswith("."):
        return "it ends with a dot"
    if name.startswith("~$"):
        return "it begins with ~$"
    if name.casefold() in _RESERVED or "_vti_" in name.casefold():
        return "it is reserved"
    return f"it has more than {_LONGEST} characters" if len(name) > _LONGEST else ""


def composed(name: str) -> str:
    """In one Unicode form: which one a name comes back in says nothing."""
    return unicodedata.normalize("NFC", name)


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
