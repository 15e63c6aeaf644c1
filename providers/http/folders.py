"""What is in a folder of a plain web server: the page it shows of it, or a bucket's list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import islice

from providers.base import Entry, Kind
from providers.errors import Denied, NotEmpty, NotFound, ProviderError, Unsupported, WrongKind
from providers.http import buckets, paths, reading
from providers.http.faults import problem
from providers.http.listing import ends_by_itself, may_list, read_listing, s3
from providers.http.listing.address import NotAListing
from providers.http.session import Session
from providers.http.webdav import look
from providers.records import dataclass
from providers.text import printable
from providers.web.response import Response

_PAGE_BYTES = 20 << 20
_GLANCE_BYTES = 4 << 20
_PAGE = 1000  # entries
_MISSING = frozenset({400, 404, 405, 410})
_WHOLE_ADDRESS = "Give the whole address of a file."


@dataclass(frozen=True, slots=True)
class _Shown:
    """An answer that may be a listing. `body` None: it is none, whatever it is."""

    response: Response
    body: bytes | None

    def entries(self) -> Iterator[Entry]:
        """Raises NotAListing, Unsupported."""
        if self.body is None:
            raise NotAListing
        kind = self.response.headers.get("Content-Type", "")
        return read_listing(self.body, kind, self.response.path, self.response.origin)


def pages(session: Session, path: str) -> Iterator[Sequence[Entry]]:
    """As `Provider.list_dir`. Raises NotFound, WrongKind, Denied, Unsupported."""
    shown = _ask(session, path, _PAGE_BYTES)
    bucket = _bucket(session, path, shown)
    if bucket is not None:
        yield from buckets.pages(session, path, bucket)
        return
    try:
        entries = shown.entries()
        page = [*islice(entries, _PAGE)]
    except NotAListing:
        raise _not_listed(session, shown.response, path) from None
    while page:
        yield page
        page = _more(entries, path)


def glance(session: Session, path: str) -> list[str]:
    """The names in a folder whose list comes at once and is short. Raises as `pages`."""
    shown = _ask(session, path, _GLANCE_BYTES)
    try:
        return [entry.name for entry in shown.entries()]
    except NotAListing:
        raise _not_listed(session, shown.response, path) from None


def need_empty(session: Session, path: str) -> None:
    """Raise NotEmpty unless the folder `path` is certain to be empty: servers remove all in it.

    Only WebDAV's answer is about all that is there: nginx and Apache leave files out of their
    lists, those with a dot in front among them.
    """
    try:
        with closing(look.children(session, path)) as found:
            if next(found, None) is not None:
                raise NotEmpty(path)
    except (Denied, NotFound, Unsupported, WrongKind) as error:
        raise NotEmpty(
            path,
            "nobody can tell whether this folder is empty: its server may hide files, and would "
            "remove them with it",
            advice="Remove it on the server itself, or over WebDAV if it has that.",
        ) from error


def _ask(session: Session, path: str, limit: int) -> _Shown:
    """What the server shows of `path`, read when it is worth that."""
    if "?" in path:
        raise WrongKind(path, "is a file")
    with session.send("GET", "/" if path == "/" else f"{path}/") as response:
        body = None
        if response.status == 200:
            _need_home(session, response, path)
            body = _worth_reading(response, path, limit)
    return _Shown(response, body)


def _worth_reading(response: Response, path: str, limit: int) -> bytes | None:
    """The body when it may be a listing: the address of a large file is answered with the file.

    Raises Unsupported for what may be only a part of one.
    """
    if not may_list(response.headers.get("Content-Type", "")):
        return None
    too_long = (response.length or 0) > limit
    if too_long and not response.path.endswith("/"):
        return None
    if too_long:
        raise Unsupported(path, f"its list is longer than {limit >> 20} MiB", advice=_WHOLE_ADDRESS)
    body = response.text(limit)
    if not response.proven and not ends_by_itself(body):
        raise Unsupported(path, "the listing has no end, and may not be all of it")
    return body


def _need_home(session: Session, response: Response, path: str) -> None:
    """Raise Unsupported when another folder answered: a tree could contain itself."""
    here = response.origin == session.base
    if here and (path == "/" or paths.canonical(response.path) == path):
        return
    where = "" if here else response.origin
    raise Unsupported(
        path,
        f"the server redirects this folder to {printable(where + response.path)}",
        advice="Use that address if you trust it.",
    )


def _bucket(session: Session, path: str, shown: _Shown) -> buckets.Bucket | None:
    if shown.body is None:
        return buckets.find(session, path) if buckets.may_be_one(shown.response) else None
    if not s3.is_page(shown.body):
        return None
    try:
        return buckets.of_page(session, path, s3.part_of(shown.body))
    except NotAListing:
        return None


def _more(entries: Iterator[Entry], path: str) -> list[Entry]:
    try:
        return [*islice(entries, _PAGE)]
    except NotAListing:
        raise Unsupported(path, "the listing breaks off, and is not all of it") from None


def _not_listed(session: Session, response: Response, path: str) -> ProviderError:
    """Why a folder is not shown: it may be a file, missing, or its listing switched off."""
    status = response.status
    if path != "/":
        if reading.look(session, path).kind is Kind.FILE:
            return WrongKind(path, "is a file")
        if status in _MISSING:
            return NotFound(path)
    if status == 200:
        return Unsupported(
            path,
            "the server shows a page here, but no list of files",
            advice=_WHOLE_ADDRESS,
        )
    if status == 403 or (status == 404 and path == "/"):
        return Denied(
            path,
            "the server does not show what is in this folder",
            advice="Give the whole address of a file in it.",
        )
    return problem(response, path, "listing it")
