"""What a signed-in SFTP server can do and shows: its extensions, distance, folder and shell."""

from __future__ import annotations

import posixpath
import time
from collections.abc import Generator, Iterator, Sequence
from functools import partial

import paramiko

from providers.base import Entry, Kind
from providers.diagnosis import Finding, Step, look_alike, odd_names
from providers.errors import Denied, NotFound, ProviderError, Unsupported
from providers.sftp import calls, look, shell_digest
from providers.sftp.pipeline import list_pages, read_range
from providers.sftp.protocol import Open
from providers.sftp.session import Session
from providers.sftp.wire import Wire

_TRIPS = 3
_FAR = 0.1  # seconds there and back
_READ = 256 << 10  # bytes
_LITTLE_ROOM = 100 << 20  # bytes
_MIB = 1 << 20
_AHEAD = 120.0  # seconds that a file's time may be ahead before it is a clock that goes wrong
_WANTED = {
    "posix-rename@openssh.com": "a file cannot be replaced in one step, so the old one is set "
    "aside first",
    "fsync@openssh.com": "it cannot be asked to bring a file to its disk before the file gets its "
    "name",
    "statvfs@openssh.com": "it does not say how much room is left",
    "limits@openssh.com": "it does not say how large requests may be, so small ones are sent",
}


def look_around(
    session: Session, transport: paramiko.Transport | None, path: str, wire: Wire
) -> Iterator[Finding]:
    """The steps once SFTP runs; the first that fails is the last. `transport` is for its shell."""
    yield _extensions(session)
    home = yield from _distance(session)
    if home is None:
        return
    found = yield from _stand(session, home, path)
    if found is None:
        return
    if found.kind is Kind.DIR:
        entries = yield from _list(session, found.path)
        if entries is None:
            return
        yield from _clock(entries)
    elif found.kind is Kind.FILE:
        yield _read(session, found.path)
        if session.broken:
            return
    yield _room(session, found.path)
    yield _digests(transport, home, wire)


def _extensions(session: Session) -> Finding:
    step = Step("extensions")
    missing = [text for name, text in _WANTED.items() if name not in session.offers]
    have = ", ".join(name.partition("@")[0] for name in _WANTED if name in session.offers)
    sizes = f"reads of {session.read_size >> 10} KiB, writes of {session.write_size >> 10} KiB"
    if missing:
        return step.remark(f"{have or 'none'}; {sizes}; {'; '.join(missing)}")
    return step.fine(f"{have}; {sizes}")


def _distance(session: Session) -> Generator[Finding, None, str | None]:
    """The start folder, asked for a few times: the shortest time is the way there and back."""
    step = Step("start folder", session.endpoint)
    home, shortest = "", float("inf")
    try:
        for _ in range(_TRIPS):
            asked = time.monotonic()
            home = calls.real_path(session, ".")
            shortest = min(shortest, time.monotonic() - asked)
    except calls.UNTOLD as error:
        yield step.remark(f"the server does not tell it ({error.what}); / is shown instead")
        return "/"
    except ProviderError as error:
        yield step.failed(error)
        return None
    told = f"{home}; an answer takes {shortest * 1000:.0f} ms"
    if shortest > _FAR:
        yield step.remark(
            told,
            "It is far away: many small files go faster with more at once "
            "(wharfie copy --jobs 8, wharfie queue limit --workers 8).",
        )
    else:
        yield step.fine(told)
    return home


def _stand(session: Session, home: str, path: str) -> Generator[Finding, None, Entry | None]:
    """What stands at `path`, links followed."""
    step = Step("path", path)
    if path in {"", "/~"} or path.startswith("/~/"):
        path = posixpath.join(home, path[3:])
    try:
        real = _real(session, path)
        found = look.entry(real, calls.stat(session, real, follow=True))
    except NotFound:
        yield step.wrong(f"there is no {path}", _nearly(session, path))
        return None
    except ProviderError as error:
        yield step.failed(error)
        return None
    words = {Kind.DIR: "a folder", Kind.FILE: "a file"}
    what = words.get(found.kind, "neither a file nor a folder (a device, pipe or socket)")
    mode = "" if found.mode is None else f", mode {found.mode:04o}"
    link = "" if real == path.rstrip("/") or path == "/" else f" ({path} leads there)"
    yield step.fine(f"{real} is {what}{mode}{link}")
    return found


def _real(session: Session, path: str) -> str:
    try:
        return calls.real_path(session, path)
    except calls.UNTOLD:
        return path


def _nearly(session: Session, path: str) -> str:
    """What to do about a path that is not there: one that is spelled nearly so, if there is."""
    above, name = posixpath.split(path.rstrip("/"))
    try:
        alike = look_alike(name, (entry.name for entry in _first_page(session, above or "/")))
    except NotFound:
        return f"{above} is not there either: check the path from its beginning."
    except ProviderError:
        alike = ""
    return alike or "Check the path; without one, the start folder is shown."


def _first_page(session: Session, path: str) -> Sequence[Entry]:
    handle = calls.open_dir(session, path)
    with calls.releasing(session, handle, path):
        for page in list_pages(session, handle, path, partial(look.page, path)):
            if page:
                return page
    return ()


def _list(session: Session, path: str) -> Generator[Finding, None, Sequence[Entry] | None]:
    step = Step("list", path)
    try:
        page = _first_page(session, path)
    except Denied as error:
        yield step.failed(error, "This user may not read that folder.")
        return None
    except ProviderError as error:
        yield step.failed(error)
        return None
    count = f"{len(page)} entries came first" if page else "it is empty"
    yield step.fine(f"the folder can be read; {count}")
    odd = odd_names(entry.name for entry in page)
    if odd:
        yield Step("names").remark(
            f"of these names, {odd}", "Other systems may show or store them differently."
        )
    return page


def _clock(entries: Sequence[Entry]) -> Iterator[Finding]:
    """SFTP tells no time of day: only a file from the future gives a wrong clock away."""
    step = Step("clock")
    newest = max((entry.modified or 0.0 for entry in entries), default=0.0)
    ahead = newest - time.time()
    if ahead > _AHEAD:
        yield step.remark(
            f"a file there was changed {ahead / 60:.0f} minutes in the future",
            "Check the clocks of both computers: “newer” is judged by these times.",
        )


def _read(session: Session, path: str) -> Finding:
    step = Step("read", path)
    try:
        handle = calls.open_file(session, path, Open.READ)
        with calls.releasing(session, handle, path):
            size = calls.stat_handle(session, handle, path).size or 0
            end = min(size, _READ)
            count = sum(len(chunk) for chunk in read_range(session, handle, path, 0, end))
    except Denied as error:
        return step.failed(error, "This user may not read that file.")
    except ProviderError as error:
        return step.failed(error)
    return step.fine(f"{count} of {size} bytes were read")


def _room(session: Session, path: str) -> Finding:
    step = Step("room", path)
    try:
        _, free = look.room(session, path)
    except Unsupported as error:
        return step.remark(error.what)
    except ProviderError as error:
        return step.failed(error)
    told = f"{free // _MIB} MiB are free for this user; a quota may be lower"
    if free < _LITTLE_ROOM:
        return step.remark(told, "Free some space there before you copy to it.")
    return step.fine(told)


def _digests(transport: paramiko.Transport | None, home: str, wire: Wire) -> Finding:
    step = Step("digests", wire.endpoint)
    if transport is None:
        return step.remark("over the ssh program the server is not asked for digests", _READ_BACK)
    try:
        digest = shell_digest.start(transport, home, wire)
    except ProviderError as error:
        return step.remark(f"the server's shell does not answer ({error.what})", _READ_BACK)
    if digest is None:
        return step.remark("the server offers no shell that could digest files", _READ_BACK)
    return step.fine("the server can make SHA-256 digests itself, with a command in its shell")


_READ_BACK = "Copies there are proven by size; with --verify strong they are read back."
