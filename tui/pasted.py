"""Text that a terminal pastes, or types for files that are dropped on it: what it names."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote_to_bytes, urlsplit

_LONGEST = 1 << 20  # characters: more is no list of names
_MOST = 10_000  # names
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://\S+", re.IGNORECASE)
_FILE = "file"


def address(text: str) -> str:
    """The one address that `text` is; "" when it is none, or that of a file here."""
    text = text.strip()
    if not _ADDRESS.fullmatch(text) or text.lower().startswith(f"{_FILE}:"):
        return ""
    return text


def paths(text: str, exists: Callable[[str], bool] = os.path.lexists) -> list[str]:
    """The local paths that `text` names, each once; none unless every one of them is there.

    One a line or several on one, plain, quoted, with backslashes or as file:// URLs: every terminal
    has its own way. Blocking.
    """
    if len(text) > _LONGEST:
        return []
    found: list[str] = []
    for line in filter(None, (each.strip() for each in text.splitlines())):
        some = _on_line(line, exists)
        if not some or len(found) > _MOST:
            return []
        found += some
    return list(dict.fromkeys(found))


def _on_line(line: str, exists: Callable[[str], bool]) -> list[str]:
    """What a line names: as it stands, else as a shell would read it."""
    whole = _path(line)
    if whole and exists(whole):
        return [whole]
    try:
        words = [_path(word) for word in shlex.split(line)]
    except ValueError:  # a quote without its other half
        return []
    return words if all(word and exists(word) for word in words) else []


def _path(word: str) -> str:
    """The absolute path that a word is; "" for anything else."""
    if word.lower().startswith(f"{_FILE}:"):
        return _of_url(word)
    expanded = os.path.expanduser(word) if word.startswith("~/") else word
    if "\0" in expanded or not os.path.isabs(expanded):
        return ""
    return str(Path(expanded))


def _of_url(word: str) -> str:
    """The path of a file:// URL of this computer (RFC 8089)."""
    try:
        url = urlsplit(word)
    except ValueError:
        return ""
    if url.netloc not in ("", "localhost"):
        return ""
    path = os.fsdecode(unquote_to_bytes(url.path))
    if os.name == "nt":
        path = path.removeprefix("/")
    return str(Path(path)) if path and "\0" not in path and os.path.isabs(path) else ""
