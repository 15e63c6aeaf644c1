"""bookmarks.toml: places under names, in the order a person put them.

    [[bookmark]]
    name = "Work"
    address = "work:/projects"

It is edited by hand as well: an entry that cannot be used is told of, and stays as it is. Addresses
are what `location.show` says, and so without secrets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.items import AoT

from providers import location
from providers.base import Place
from providers.errors import InvalidName
from providers.private_file import exclusive
from providers.records import dataclass
from providers.sites import Sites
from tui.settings_file import BadSettings, read_toml, write_toml

_KEY = "bookmark"


@dataclass(frozen=True, slots=True)
class Bookmark:
    """`address` is as a person would type it."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Bookmarks:
    """What the file says. `complaints`: sentences about entries that cannot be used."""

    all: tuple[Bookmark, ...] = ()
    complaints: tuple[str, ...] = ()


def address_of(place: Place, sites: Sites | None) -> str:
    """What a bookmark says of `place`. Raises InvalidName where that would not lead there."""
    address = location.show(place)
    if any("\ud800" <= letter <= "\udfff" for letter in address):
        raise InvalidName(place.path, "its name is no text that can be written down")
    if location.parse(address, sites) != place:
        raise InvalidName(
            address,
            "a part of this address is a secret, or a site it needs is gone",
            advice="It is not kept.",
        )
    return address


def place_of(address: str, sites: Sites | None) -> Place:
    """Where `address` leads. Raises InvalidName, BadSites."""
    place = location.parse(address, sites)
    if place.endpoint == location.LOCAL and not _absolute(address):
        site, colon, _ = address.partition(":")
        what = f"there is no site “{site}”" if colon else "this is not an absolute path"
        raise InvalidName(address, what, advice="Correct the bookmark, or remove it.")
    return place


def _absolute(address: str) -> bool:
    return address.startswith(("~", "file://")) or Path(address).is_absolute()


class BookmarksFile:
    """Reads and changes one file; it is looked at anew each time. Blocking, raises BadSettings."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> Bookmarks:
        """All that can be used of it, and what cannot."""
        good: list[Bookmark] = []
        complaints: list[str] = []
        for number, entry in enumerate(self._entries(read_toml(self.path)), 1):
            bookmark = _bookmark(entry)
            if bookmark is None:
                complaints.append(f"{self.path.name}: bookmark {number} has no name or no address")
            else:
                good.append(bookmark)
        return Bookmarks(tuple(good), tuple(complaints))

    def add(self, bookmark: Bookmark) -> None:
        """Put it at the end."""
        with self._changing() as document:
            entries = self._entries(document)
            table = tomlkit.table()
            table.update({"name": bookmark.name, "address": bookmark.address})
            if isinstance(entries, AoT):
                entries.append(table)
            elif entries:
                entries.append({"name": bookmark.name, "address": bookmark.address})
            else:
                document[_KEY] = tomlkit.aot()
                self._entries(document).append(table)

    def rename(self, bookmark: Bookmark, name: str) -> None:
        def change(entries: Any, at: int) -> None:
            entries[at]["name"] = name

        self._change(bookmark, change)

    def remove(self, bookmark: Bookmark) -> None:
        def change(entries: Any, at: int) -> None:
            del entries[at]

        self._change(bookmark, change)

    def swap(self, one: Bookmark, other: Bookmark) -> None:
        """Let the two change places."""

        def change(entries: Any, at: int) -> None:
            to = _position(entries, other)
            if to is not None:
                for key in ("name", "address"):
                    entries[at][key], entries[to][key] = entries[to][key], entries[at][key]

        self._change(one, change)

    def _change(self, bookmark: Bookmark, change: Callable[[Any, int], None]) -> None:
        """Nothing is changed where the bookmark is not there any more."""
        with self._changing() as document:
            entries = self._entries(document)
            if (at := _position(entries, bookmark)) is not None:
                change(entries, at)

    @contextmanager
    def _changing(self) -> Iterator[tomlkit.TOMLDocument]:
        """The file as it is; written when the block ends."""
        try:
            with exclusive(self.path):
                document = read_toml(self.path)
                yield document
                write_toml(self.path, document)
        except OSError as error:
            raise BadSettings(str(self.path), f"it cannot be saved ({error.strerror})") from error

    def _entries(self, document: tomlkit.TOMLDocument) -> Any:
        entries = document.get(_KEY, [])
        if not isinstance(entries, list):
            raise BadSettings(str(self.path), f"{_KEY} must be written as [[{_KEY}]]")
        return entries


def _bookmark(entry: Any) -> Bookmark | None:
    if not isinstance(entry, dict):
        return None
    name, address = entry.get("name"), entry.get("address")
    if not isinstance(name, str) or not isinstance(address, str) or not name or not address:
        return None
    return Bookmark(str(name), str(address))


def _position(entries: Any, bookmark: Bookmark) -> int | None:
    return next((at for at, each in enumerate(entries) if _bookmark(each) == bookmark), None)
