"""`finish` is ended from outside up to where the new file gets its name, but not there."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace

import pytest

from providers.base import Entry
from providers.errors import ConnectionLost
from providers.http.webdav.provider import WebdavProvider
from providers.http.webdav.uploads import plan
from providers.sftp.patience import USUAL
from providers.sftp.provider import SftpProvider
from tests.faults.lying_case import always
from tests.servers.http_place import HURRIED, session
from tests.servers.lying_sftp import FSYNC, OFFERS, POSIX_RENAME, Ask, Frozen, LyingSftp
from tests.servers.scripted_http import Ask as HttpAsk
from tests.servers.scripted_http import ScriptedHttp, Wire, answer

LAST_RESORT = 30.0  # seconds: only reached when a test fails
PATIENT = replace(HURRIED, silence=60.0, headers=60.0, answer=60.0)


class Caller:
    """A thread that makes one call; `came` is what it returned or raised."""

    def __init__(self, call: Callable[[], object]) -> None:
        self.came: object = None
        self._call = call
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.came = self._call()
        except ConnectionLost as error:
            self.came = error

    @property
    def ident(self) -> int:
        return self._thread.ident or 0

    def end(self) -> object:
        self._thread.join(LAST_RESORT)
        assert not self._thread.is_alive()
        return self.came


class Slow:
    """A request that is answered when the test says so."""

    def __init__(self) -> None:
        self.asked, self.go = threading.Event(), threading.Event()

    def __call__(self) -> None:
        self.asked.set()
        assert self.go.wait(LAST_RESORT)


def _uploaded(place: SftpProvider) -> str:
    upload = place.begin("/a", 3, key="0123abcd", part_size=1 << 20)
    place.put_part(upload, 0, 0, [b"new"])
    return upload


@pytest.mark.parametrize("replacing", [None, ""])
@pytest.mark.parametrize("offers", [OFFERS, OFFERS - {POSIX_RENAME}], ids=["posix", "plain"])
def test_sftp_rename_is_let_through(replacing: str | None, offers: frozenset[str]) -> None:
    slow = Slow()

    def lie(ask: Ask, truth: Callable[[], bytes]) -> bytes:
        if ask.what in ("RENAME", POSIX_RENAME):
            slow()
        return truth()

    server = LyingSftp({} if replacing is None else {"/a": b"old"}, offers=offers, lie=lie)
    with closing(server.provider(USUAL)) as place:
        upload = _uploaded(place)
        caller = Caller(lambda: place.finish(upload, ["0:3"], replacing=replacing))
        assert slow.asked.wait(LAST_RESORT)
        place.interrupt(caller.ident)
        slow.go.set()
        assert isinstance(caller.end(), Entry)
        assert server.get("/a") == b"new"


def test_sftp_sync_before_the_name_is_ended_at_once() -> None:
    asked = threading.Event()

    def freeze(ask: Ask, truth: Callable[[], bytes]) -> bytes:
        asked.set()
        raise Frozen

    server = LyingSftp({"/a": b"old"}, lie=always(FSYNC, freeze))
    with closing(server.provider(USUAL)) as place:
        upload = _uploaded(place)
        caller = Caller(lambda: place.finish(upload, ["0:3"], replacing=""))
        assert asked.wait(LAST_RESORT)
        place.interrupt(caller.ident)
        assert isinstance(caller.end(), ConnectionLost)
        assert server.get("/a") == b"old"


def test_closing_ends_a_rename_all_the_same() -> None:
    slow = Slow()

    def lie(ask: Ask, truth: Callable[[], bytes]) -> bytes:
        slow()
        return truth()

    server = LyingSftp(lie=always("RENAME", lie))
    place = server.provider(USUAL)
    upload = _uploaded(place)
    caller = Caller(lambda: place.finish(upload, ["0:3"], replacing=None))
    assert slow.asked.wait(LAST_RESORT)
    place.close()
    slow.go.set()
    assert isinstance(caller.end(), ConnectionLost)


def _described(path: str, size: int) -> bytes:
    found = f"<d:resourcetype/><d:getcontentlength>{size}</d:getcontentlength>"
    stat = f"<d:propstat><d:prop>{found}</d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat>"
    response = f"<d:response><d:href>{path}</d:href>{stat}</d:response>"
    return f'<d:multistatus xmlns:d="DAV:">{response}</d:multistatus>'.encode()


def test_webdav_move_is_let_through_and_what_comes_after_is_not() -> None:
    slow, after = Slow(), Slow()
    upload = plan("/a", 3, key="0123abcd", modified=None)
    moved = threading.Event()

    def script(ask: HttpAsk, wire: Wire) -> None:
        if ask.method == "MOVE":
            slow()
            moved.set()
            wire.say(answer(201))
            return
        if moved.is_set():
            after()
        there = ask.target == (upload.path if moved.is_set() else upload.temporary)
        wire.say(answer(207, _described(ask.target, 3)) if there else answer(404))

    with ScriptedHttp(script) as server, session(server.base, patience=PATIENT) as web:
        place = WebdavProvider(web)
        caller = Caller(lambda: place.finish(upload.token(), ["3"], replacing=None))
        assert slow.asked.wait(LAST_RESORT)
        web.interrupt(caller.ident)
        slow.go.set()
        assert after.asked.wait(LAST_RESORT)
        web.interrupt(caller.ident)
        after.go.set()
        assert isinstance(caller.end(), ConnectionLost)
