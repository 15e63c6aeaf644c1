"""What a WebDAV server does once it answers: its classes, its folder, and the room it has."""

from __future__ import annotations

from collections.abc import Generator

from providers.base import Entry, Kind
from providers.diagnosis import Finding, Step, odd_names
from providers.errors import Denied, NotFound, ProviderError, Unsupported
from providers.http.faults import problem
from providers.http.once import Once
from providers.http.paths import name
from providers.http.session import Session
from providers.http.webdav.look import need_home
from providers.http.webdav.multistatus import PROPFIND, PROPFIND_QUOTA, Described, Folder, described
from providers.records import dataclass
from providers.text import printable
from providers.web.xml import BadXml

_CHANGES = frozenset({"PUT", "MOVE", "DELETE", "PROPPATCH", "LOCK", "MKCOL"})
_MIB = 1 << 20
_ADDRESS = (
    "Look at the address: WebDAV often stands below a path of its own, such as "
    "/remote.php/dav/files/NAME (Nextcloud, ownCloud) or /dav."
)


@dataclass(frozen=True, slots=True)
class _Answer:
    itself: Described | None
    entries: list[Entry]


def look_around(
    session: Session, path: str
) -> Generator[Finding, None, tuple[Kind, list[Entry]] | None]:
    """What stands at `path`, and what is in it when it is a folder; None: the walk ends here."""
    speaks = yield from _options(session, path)
    if not speaks:
        return None
    step = Step("list", session.endpoint, path)
    try:
        found = _ask(session, path, PROPFIND, depth="1")
    except NotFound as error:
        yield step.failed(error, _ADDRESS)
        return None
    except Denied as error:
        yield step.failed(error, "This user may not see that folder.")
        return None
    except ProviderError as error:
        yield step.failed(error)
        return None
    kind = Kind.FILE if found.itself is not None and found.itself.kind is Kind.FILE else Kind.DIR
    is_file = kind is Kind.FILE
    yield step.fine("it is a file" if is_file else f"a list of {len(found.entries)} entries")
    odd = odd_names(entry.name for entry in found.entries)
    if odd:
        yield Step("names").remark(
            f"of these names, {odd}", "Other systems may show or store them differently."
        )
    if not is_file:
        yield _quota(session, path)
    return kind, found.entries


def _options(session: Session, path: str) -> Generator[Finding, None, bool]:
    step = Step("WebDAV", session.endpoint, path)
    try:
        with session.send("OPTIONS", path) as response:
            classes = response.headers.get("DAV")
            allowed = {each.strip() for each in response.headers.get("Allow", "").split(",")}
            status = response.status
    except ProviderError as error:
        yield step.failed(error)
        return False
    if classes is None:
        yield step.wrong(f"no WebDAV is spoken there (the answer is {status})", _ADDRESS)
        return False
    told = f"classes {printable(classes)}"
    if allowed != {""} and not allowed & _CHANGES:
        yield step.remark(
            f"{told}; it may be read, not changed",
            "Nothing can be copied there: ask its owner if it should be.",
        )
    else:
        yield step.fine(told)
    return True


def _quota(session: Session, path: str) -> Finding:
    step = Step("room", session.endpoint, path)
    try:
        itself = _ask(session, path, PROPFIND_QUOTA, depth="0").itself
    except ProviderError as error:
        return step.remark(f"it could not be asked for its quota ({error.what})")
    if itself is None or itself.free is None:
        return step.remark(
            "the server does not say how much may still be written (or has no limit)"
        )
    return step.fine(f"{itself.free // _MIB} MiB may still be written")


def _ask(session: Session, path: str, question: bytes, *, depth: str) -> _Answer:
    """The answer to a PROPFIND (RFC 4918, 9.1). Raises ProviderError."""
    headers = {"Depth": depth, "Content-Type": "application/xml; charset=utf-8"}
    with session.send("PROPFIND", path, headers=headers, body=question) as response:
        if response.status != 207:
            raise problem(response, path, "listing it")
        need_home(session, response, path)
        response.hurry()
        folder = Folder(response.path, response.origin)
        itself: Described | None = None
        entries: list[Entry] = []
        names = Once(path)
        try:
            for one in described(response.chunks()):
                where, place = folder.place(one.href)
                if where == "itself":
                    itself = one
                elif where == "below" and names.takes(name(place)):
                    entries.append(one.entry(place))
        except BadXml as error:
            raise Unsupported(
                path, f"what the server lists cannot be read: {error}", advice=_ADDRESS
            ) from error
    return _Answer(itself, entries)
