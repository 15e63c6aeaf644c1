"""`wharfie ls LOCATION [--json]`."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable
from contextlib import closing
from functools import lru_cache, partial

from providers.access import Access
from providers.base import Entry, Kind, Place, Provider
from providers.registry import open_provider
from providers.text import printable
from tui import format as fmt
from tui.headless.sign_in import asking

_SIZE_WIDTH = 9
_FILE = Kind.FILE
_MARKS = {Kind.DIR: "/", Kind.LINK: "@", Kind.OTHER: "?"}


def run_ls(place: Place, access: Access, *, as_json: bool) -> int:
    """List `place`, a directory or one file. Raises ProviderError."""
    with closing(open_provider(place.endpoint, access)) as provider:
        entries = asking(access, lambda: _entries(provider, place.path))
    if as_json:
        _print_json(entries)
    else:
        _print_table(entries)
    return 0


def _entries(provider: Provider, typed: str) -> list[Entry]:
    path = provider.resolve(typed)
    entry = provider.stat(path, follow=True)
    if entry.kind is not Kind.DIR:
        return [entry]
    return [entry for page in provider.list_dir(path) for entry in page]


def _print_table(entries: Iterable[Entry]) -> None:
    when, lines = lru_cache(partial(fmt.when, now=time.time())), []  # many are of one second
    for entry in sorted(entries, key=lambda entry: entry.name.casefold()):
        name = printable(entry.name)
        if entry.kind is not _FILE:
            name += _MARKS[entry.kind]
        if entry.target is not None:
            name += f" → {printable(entry.target)}"
        lines.append(f"{_size(entry.size)}  {when(entry.modified)}  {name}\n")
    sys.stdout.write("".join(lines))


@lru_cache(maxsize=1024)
def _size(size: int | None) -> str:
    return fmt.size(size).rjust(_SIZE_WIDTH)


def _print_json(entries: Iterable[Entry]) -> None:
    count = size = 0
    for entry in entries:
        count += 1
        size += entry.size or 0
        print(json.dumps(describe(entry)))
    json.dump({"summary": True, "entries": count, "bytes": size}, sys.stdout)
    print()


def describe(entry: Entry) -> dict[str, object]:
    """An entry as `--json` prints it. Bytes that are not UTF-8 come as \\udcXX escapes."""
    return {
        "name": entry.name,
        "path": entry.path,
        "kind": entry.kind.value,
        "size": entry.size,
        "modified": entry.modified,
        "mode": None if entry.mode is None else f"{entry.mode:04o}",
        "target": entry.target,
        "version": entry.version,
        "digests": dict(entry.digests),
    }
