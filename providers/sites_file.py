"""The text of sites.toml: read with lines for its mistakes, changed with everything else kept."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from providers.errors import InvalidName, ProviderError
from providers.private_file import exclusive, write_private
from providers.text import printable

if TYPE_CHECKING:
    from tomlkit.exceptions import ParseError

_HEADER = re.compile(r"\s*\[\s*(?:\"([^\"\n]*)\"|'([^'\n]*)'|([A-Za-z0-9._-]+))\s*\]")
_ANY_HEADER = re.compile(r"\s*\[")
_KEY = re.compile(r"\s*(?:\"([^\"\n]*)\"|'([^'\n]*)'|([A-Za-z0-9_-]+))\s*=")
_LARGEST = 1 << 20  # bytes


class BadSites(ProviderError):
    what = "the saved sites cannot be used"
    advice = "Correct the file by hand, or move it away."


def stamp(path: Path) -> object:
    """Changes when the file does."""
    try:
        told = path.stat()
    except OSError as error:
        return type(error)
    return (told.st_mtime_ns, told.st_size, told.st_ino)


def read(path: Path) -> str:
    """The text of the file; "" where there is none. Raises BadSites."""
    try:
        with path.open("rb") as file:
            raw = file.read(_LARGEST + 1)
    except FileNotFoundError:
        return ""
    except OSError as error:
        what = f"it cannot be read ({error.strerror or error})"
        raise BadSites(str(path), what) from error
    if len(raw) > _LARGEST:
        raise BadSites(str(path), "it is far larger than saved sites can be")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise BadSites(str(path), f"line {line} is not UTF-8 text") from error


def parse(path: Path, text: str) -> dict[str, Any]:
    """The tables by name, as plain values. Raises BadSites with the line."""
    if not text:
        return {}
    import tomlkit  # takes a tenth of the start of a command, and most have no such file
    from tomlkit.exceptions import ParseError, TOMLKitError

    try:
        return tomlkit.parse(text).unwrap()
    except ParseError as error:
        what = f"line {error.line} is not TOML ({_reason(error)})"
    except TOMLKitError as error:
        what = f"this is not TOML ({printable(str(error))})"
    raise BadSites(str(path), what)


def _reason(error: ParseError) -> str:
    return printable(str(error).partition(" at line ")[0].rstrip("."))


def line_of(text: str, name: str, key: str) -> int:
    """The number of the line of `key` of the site `name`, else of the site, else 1."""
    header = 0
    for number, line in enumerate(text.splitlines(), 1):
        if header and _ANY_HEADER.match(line):
            break
        if _is_header_of(line, name):
            header = number
        elif (header or name == key) and (found := _KEY.match(line)) and key in found.groups():
            return number
    return header or 1


def _is_header_of(line: str, name: str) -> bool:
    found = _HEADER.match(line)
    if found is None:
        return False
    bare = found[3] or ""
    return name in found.groups() or bare.partition(".")[0] == name


def as_text(key: str, value: object) -> str:
    """A value as a person may write it: text, a number, true or false, or a list of texts.

    Raises InvalidName for anything else.
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str | int):
        return str(value)
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return "\n".join(value)
    advice = "Put it between quotes."
    if isinstance(value, dict):
        advice = 'A name with a dot is written between quotes, as in ["my.site"].'
    raise InvalidName(key, f"“{printable(key)}” must be text", advice=advice)


def with_site(text: str, name: str, kind: str, values: Mapping[str, str]) -> str:
    """`text` with this site in the place of one of its name, or at the end."""
    import tomlkit

    document = tomlkit.parse(text)
    wanted = {"kind": kind} | {key: value for key, value in values.items() if value}
    table = document.get(name)
    if not isinstance(table, tomlkit.items.Table):
        if name in document:
            del document[name]
        table = tomlkit.table()
        if document:
            document.add(tomlkit.nl())
        document[name] = table
    for key in [key for key in table if key not in wanted]:
        del table[key]
    for key, value in wanted.items():
        if key not in table or not _says(table[key], value):
            table[key] = value
    return tomlkit.dumps(document)


def _says(item: Any, text: str) -> bool:
    try:
        return as_text("", item.unwrap() if hasattr(item, "unwrap") else item) == text
    except InvalidName:
        return False


def without_site(text: str, name: str) -> str | None:
    """`text` without that site; None when it is not there. Comments of the next site stay."""
    import tomlkit

    document = tomlkit.parse(text)
    if name not in document:
        return None
    wanted = {key: value for key, value in document.unwrap().items() if key != name}
    by_lines = _without_lines(text, name)
    if tomlkit.parse(by_lines).unwrap() == wanted:
        return by_lines
    del document[name]  # written in a way of its own: inline, dotted …
    return tomlkit.dumps(document)


def _without_lines(text: str, name: str) -> str:
    """From the site's header to the next; the comments right above that one belong to it."""
    lines = text.splitlines(keepends=True)
    begin = next((i for i, line in enumerate(lines) if _is_header_of(line, name)), len(lines))
    end = next((i for i in range(begin + 1, len(lines)) if _ANY_HEADER.match(lines[i])), len(lines))
    while begin < end < len(lines) and lines[end - 1].lstrip().startswith("#"):
        end -= 1
    return "".join(lines[:begin] + lines[end:])


@contextmanager
def changing(path: Path) -> Iterator[None]:
    """Nobody else changes the file for the length of the block. Raises BadSites."""
    try:
        with exclusive(path):
            yield
    except OSError as error:
        raise _unsaved(path, error) from error


def write(path: Path, text: str) -> None:
    """Replace the file, readable by its owner only. Raises BadSites."""
    try:
        write_private(path, text.encode())
    except OSError as error:
        raise _unsaved(path, error) from error


def _unsaved(path: Path, error: OSError) -> BadSites:
    what = f"it cannot be saved ({error.strerror or error})"
    advice = f"Look at {os.fspath(path.parent)}: it must be yours to write."
    return BadSites(str(path), what, advice=advice)
