"""The bytes of a file: from an address of its own that Graph gives out, without saying who asks.

Each opening gets a fresh address, together with what the file is at that moment. A host may ignore
`Range`: what it sends is held against what was asked for (faults.md C7).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from providers.base import Entry, Kind, no_digests
from providers.errors import (
    ConnectionLost,
    ProviderError,
    RangeIgnored,
    SourceChanged,
    Unsupported,
    WrongKind,
)
from providers.onedrive import faults, paths
from providers.onedrive.answers import Answer
from providers.onedrive.items import Item, entry_of
from providers.onedrive.look import Look
from providers.onedrive.revisions import revision_of
from providers.records import replace
from providers.web import redirects
from providers.web.delivery import Delivery
from providers.web.headers import BadHeader, content_range

_EXPIRED = frozenset({401, 403, 404})
"""What an address answers with that has ended: it lives for minutes."""

_MOVED = frozenset({301, 302, 303, 307, 308})

_DOING = "reading it"


@contextmanager
def read(
    look: Look, path: str, *, offset: int, length: int | None, version: str | None
) -> Iterator[Delivery]:
    """As `Provider.read`. RangeIgnored: a part cannot be had, all of it may."""
    entry, address = _opened(look, path, version)
    _need_size(path, entry.size, offset, length)
    whole = offset == 0 and length is None
    # Some files are listed as empty and are not: only their bytes tell.
    if length == 0 or (length is None and not whole and entry.size == offset):
        yield Delivery(entry, None)
        return
    end = "" if length is None else offset + length - 1
    headers = {} if whole else {"Range": f"bytes={offset}-{end}"}
    renewed, moved = False, 0
    while True:
        with look.session.ask_elsewhere("GET", address, path=path, headers=headers) as answer:
            if answer.status in _EXPIRED and not renewed:
                entry, address = _opened(look, path, version or entry.version)
                renewed = True
                continue
            if answer.status in _MOVED and "Location" in answer.headers and moved < redirects.MOST:
                address = _moved(address, answer.headers["Location"], path)
                moved += 1
                continue
            yield _delivery(answer, entry, offset, length)
            return


def _moved(address: str, location: str, path: str) -> str:
    """Where a host sends on to: a secret as well."""
    to = redirects.follow(redirects.url_of(address), location, path)
    return f"{to.origin}{to.target}"


def _opened(look: Look, path: str, version: str | None) -> tuple[Entry, str]:
    """What is read, and the address to read it from: a secret."""
    if paths.split(path)[0]:
        entry, target = revision_of(look, path)
        _need_version(entry, version)
        return entry, _location(look, path, target)
    item = look.followed(path, whole=True)
    if item.kind is not Kind.FILE:
        raise WrongKind(path, "is a folder" if item.kind is Kind.DIR else "cannot be read")
    entry = entry_of(item, path)
    _need_version(entry, version)
    return entry, item.url or _location(look, path, _content(look, path, item))


def _content(look: Look, path: str, item: Item) -> str:
    spot = look.spot(path)
    return replace(spot, drive=item.drive or spot.drive, item=item.id, names=()).target("content")


def _location(look: Look, path: str, target: str) -> str:
    with look.session.ask("GET", target, path=path) as answer:
        location = answer.headers.get("Location", "")
        if answer.status != 302 or not location:
            raise _refusal(answer, path)
        return location


def _refusal(answer: Answer, path: str) -> ProviderError:
    if answer.status < 400:
        return ConnectionLost(path, "the service does not say where its bytes are")
    return faults.problem(answer, path, _DOING)


def _delivery(answer: Answer, entry: Entry, offset: int, length: int | None) -> Delivery:
    whole = offset == 0 and length is None
    if answer.status == 416:
        raise SourceChanged(entry.path)
    if answer.status not in {200, 206}:
        raise faults.problem(answer, entry.path, _DOING)
    if answer.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        what = "its bytes came in another encoding than they are stored in"
        raise Unsupported(entry.path, what, advice="A proxy between may do that.")
    if not whole:
        return _part(answer, entry, offset, length)
    if answer.status == 206:
        raise ConnectionLost(entry.path, "the service sent a part where all of it was asked for")
    if answer.length is None and not answer.proven:
        what = "the service does not say how long it is, so that nobody could tell whether all came"
        raise Unsupported(entry.path, what, advice="A proxy between may take that away.")
    if answer.length not in {None, entry.size}:
        # SharePoint lists some files with another size than they have: this one is the file's.
        entry = replace(entry, size=answer.length)
    return Delivery(entry, answer)


def _part(answer: Answer, entry: Entry, offset: int, length: int | None) -> Delivery:
    path = entry.path
    if answer.status == 200:
        raise RangeIgnored(path)
    try:
        part = content_range(answer.headers.get("Content-Range"))
    except BadHeader:
        part = None
    if part is None or part.total is None:
        raise RangeIgnored(path, "the service does not say which part of the file it sent")
    if part.total != entry.size:
        raise SourceChanged(path)
    last = part.total - 1 if length is None else offset + length - 1
    count = last - offset + 1
    if (part.first, part.last) != (offset, last) or answer.length not in {None, count}:
        raise RangeIgnored(path, "the service sent another part than was asked for")
    return Delivery(replace(entry, digests=no_digests()), answer, count)


def _need_version(entry: Entry, version: str | None) -> None:
    if version is not None and entry.version != version:
        raise SourceChanged(entry.path)


def _need_size(path: str, size: int | None, offset: int, length: int | None) -> None:
    if size is not None and size < offset + (length or 0):
        raise SourceChanged(path, "the file is shorter than it was")
