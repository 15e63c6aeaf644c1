"""`wharfie ls LOCATION [--json]`."""

from __future__ import annotations

import json
import sys
import time

from providers.access import Access
from providers.base import Entry, Kind, Place, Provider
from providers.text import printable
from tui import format as fmt
from tui.headless.sign_in import sign_in

_MARKS = {Kind.DIR: "/", Kind.LINK: "@", Kind.OTHER: "?", Kind.FILE: ""}


def run_ls(place: Place, access: Access, *, as_json: bool) -> int:
    """List `place`, a directory or one file. Raises ProviderError."""
    provider = sign_in(place.endpoint, access)
    try:
        path = provider.resolve(place.path)
        if as_json:
            _print_json(provider, path)
        else:
            _print_table(provider, path)
    finally:
        provider.close()
    return 0


def _entries(provider: Provider, path: str) -> list[Entry]:
    entry = provider.stat(path, follow=True)
    if entry.kind is not Kind.DIR:
        return [entry]
    return [entry for page in provider.list_dir(path) for entry in page]


def _print_table(provider: Provider, path: str) -> None:
    now = time.time()
    for entry in sorted(_entries(provider, path), key=lambda entry: entry.name.casefold()):
        name = printable(entry.name) + _MARKS[entry.kind]
        if entry.target is not None:
            name += f" → {printable(entry.target)}"
        print(f"{fmt.size(entry.size):>9}  {fmt.when(entry.modified, now):16}  {name}")


def _print_json(provider: Provider, path: str) -> None:
    count = size = 0
    for entry in _entries(provider, path):
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
