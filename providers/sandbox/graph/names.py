"""Which names OneDrive and SharePoint refuse, and how they count them up."""

from __future__ import annotations

from providers.sandbox.graph.errors import GraphError, bad_request

_FORBIDDEN = frozenset('"*:<>?/\\|')
_RESERVED = frozenset(
    [".lock", "con", "prn", "aux", "nul", "desktop.ini"]
    + [f"{device}{number}" for device in ("com", "lpt") for number in range(10)]
)
_LONGEST_PATH = 400  # characters, from here on refused


def key(name: str) -> str:
    """What must be unique in a folder: letter case does not count, Unicode forms do."""
    return name.casefold()


def check_name(name: str, *, forms_reserved: bool) -> None:
    """Raises GraphError 400. `forms_reserved`: SharePoint keeps that name to itself."""
    if not name or _FORBIDDEN & set(name) or any(ord(letter) < 32 for letter in name):
        raise _refused("The provided name cannot contain any illegal characters.")
    if name != name.strip(" ") or name.endswith("."):
        raise _refused("Path contains invalid trailing character.")
    lower = name.lower()
    if lower in _RESERVED or "_vti_" in lower or name.startswith("~$"):
        raise _refused("The provided name is reserved.")
    if forms_reserved and lower == "forms":
        raise _refused("Name is reserved for list forms folder.")


def check_path(names: tuple[str, ...]) -> None:
    """Raises GraphError 400 for a path that is too long, counted without percent-encoding."""
    if len("/".join(names)) >= _LONGEST_PATH:
        raise bad_request("The path is too long.", "pathIsTooLong")


def numbered(name: str, number: int, *, folder: bool) -> str:
    """`New Folder 1`, `report 1.pdf`: what conflictBehavior=rename makes of a name."""
    stem, dot, extension = name.rpartition(".")
    if folder or not stem:
        return f"{name} {number}"
    return f"{stem} {number}{dot}{extension}"


def _refused(message: str) -> GraphError:
    return bad_request(message, "nameContainsInvalidCharacters")
