"""Looking at what stands on a WebDAV server, and what a refusal means once one has looked."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager

from providers.base import Body, Entry, Kind
from providers.errors import Denied, NotFound, ProviderError, Unsupported, WrongKind
from providers.http import paths
from providers.http.faults import problem
from providers.http.once import Once
from providers.http.session import Session
from providers.http.webdav.multistatus import (
    PROPFIND,
    PROPFIND_QUOTA,
    Described,
    Folder,
    described,
)
from providers.records import dataclass
from providers.text import printable
from providers.web.response import Response
from providers.web.xml import BadXml

_XML = {"Content-Type": 'application/xml; charset="utf-8"'}
_PAGE = 500  # entries
_MULTISTATUS = 207
_UNCLEAR = frozenset({400, 403, 404, 405, 409, 500})
"""What servers say when the folder above is missing, or is a file: each says another."""


@dataclass(frozen=True, slots=True)
class Done:
    """The answer to a request that changes something. `error`: what it is, other than success."""

    status: int
    headers: Mapping[str, str]
    error: ProviderError | None


def change(
    session: Session,
    method: str,
    path: str,
    *,
    shown: str,
    doing: str,
    headers: Mapping[str, str] | None = None,
    body: bytes | Body | None = None,
    length: int | None = None,
    expect_continue: bool = False,
) -> Done:
    """Ask for a change. `shown`: what its error is about; `doing` as for `faults.problem`."""
    with session.send(
        method,
        path,
        headers=headers or {},
        body=body,
        length=length,
        expect_continue=expect_continue,
    ) as response:
        status = response.status
        # 207: a tree of which a part was refused.
        good = 200 <= status < 300 and status != _MULTISTATUS
        return Done(status, response.headers, None if good else problem(response, shown, doing))


def explained(session: Session, done: Done, path: str) -> ProviderError:
    """The error of a change at `path`; by looking, where servers do not agree on what to say."""
    error = done.error or Unsupported(path, "the server did something else")
    if done.status not in _UNCLEAR:
        return error
    above = paths.parent(path)
    there = maybe(session, above)
    if there is None:
        return NotFound(above, "there is no such directory")
    return WrongKind(above, "is not a directory") if there.kind is not Kind.DIR else error


def at(session: Session, path: str) -> Described:
    """What stands at `path`. Raises NotFound, Denied, Unsupported."""
    with _propfind(session, path, PROPFIND, "0") as response:
        if response.status == _MULTISTATUS:
            return _itself(response, path)
        status, error = response.status, _refused(response, path)
    if status == 400 and path != "/":  # Apache, below a file
        above = maybe(session, paths.parent(path))
        if above is None or above.kind is not Kind.DIR:
            raise NotFound(path)
    raise error


def maybe(session: Session, path: str) -> Described | None:
    """What stands at `path`; None for nothing."""
    try:
        return at(session, path)
    except NotFound:
        return None


def entry(session: Session, path: str) -> Entry:
    return at(session, path).entry(path)


def children(session: Session, path: str) -> Generator[Sequence[Entry], None, None]:
    """What is in the folder at `path`, in pages. Raises NotFound, WrongKind, Denied."""
    with _propfind(session, f"{path.rstrip('/')}/", PROPFIND, "1") as response:
        error = None if response.status == _MULTISTATUS else _refused(response, path)
        if error is None:
            yield from _pages(response, path)
    if error is not None:
        if path != "/" and at(session, path).kind is not Kind.DIR:
            raise WrongKind(path, "is not a directory")
        raise error


def free(session: Session, path: str) -> int | None:
    """Bytes that may still be written where `path` is or would be; None: it is not said."""
    while True:
        try:
            with _propfind(session, f"{path.rstrip('/')}/", PROPFIND_QUOTA, "0") as response:
                if response.status == _MULTISTATUS:
                    return _itself(response, path).free
                raise _refused(response, path)
        except (Denied, NotFound, Unsupported):
            if path == "/":
                return None
            path = paths.parent(path)


@contextmanager
def _propfind(session: Session, asked: str, body: bytes, depth: str) -> Iterator[Response]:
    """Raises Unsupported when something else was described than what was asked for."""
    with session.send("PROPFIND", asked, headers={"Depth": depth, **_XML}, body=body) as response:
        response.hurry()
        if response.status == _MULTISTATUS:
            need_home(session, response, asked)
        yield response


def need_home(session: Session, response: Response, asked: str) -> None:
    """Raise Unsupported when a redirect led elsewhere: a tree could contain itself, and files of
    another server would be taken for this one's."""
    here = response.origin == session.base
    if here and paths.canonical(response.path) == paths.canonical(asked):
        return
    where = "" if here else response.origin
    raise Unsupported(
        paths.canonical(asked),
        f"the server redirects it to {printable(where + response.path)}",
        advice="Use that address if you trust it.",
    )


def _refused(response: Response, path: str) -> ProviderError:
    if response.status in (200, 204, 405, 501):
        return Unsupported(
            path,
            "this server does not speak WebDAV here",
            advice="Look at the address, or use it as http:// or https://.",
        )
    return problem(response, path, "describing it")


def _itself(response: Response, path: str) -> Described:
    folder = Folder(response.path, response.origin)
    for one in _read(response, path):
        if folder.place(one.href)[0] == "itself":
            return one
    raise _elsewhere(path)


def _pages(response: Response, path: str) -> Iterator[Sequence[Entry]]:
    folder, seen = Folder(response.path, response.origin), False
    names = Once(path)
    page: list[Entry] = []
    for one in _read(response, path):
        where, below = folder.place(one.href)
        if where == "itself":
            seen = True
            if one.kind is not Kind.DIR:
                raise WrongKind(path, "is not a directory")
        elif where == "below" and names.takes(paths.name(below)):
            page.append(one.entry(paths.child(path, paths.name(below))))
        if len(page) >= _PAGE:
            yield page
            page = []
    if not seen:
        raise _elsewhere(path)
    if page:
        yield page


def _read(response: Response, path: str) -> Iterator[Described]:
    try:
        yield from described(response.chunks())
    except BadXml as error:
        raise Unsupported(path, f"the server's answer cannot be used: {error}") from error


def _elsewhere(path: str) -> ProviderError:
    return Unsupported(
        path,
        "the server describes another address than the one that was asked for",
        advice="Use the address that the server itself uses; a proxy before it may change it.",
    )
