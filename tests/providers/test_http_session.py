"""One site's session: ending calls from outside, connections kept."""

from __future__ import annotations

import socket
import threading
import urllib.request
from dataclasses import replace

import pytest

from providers.errors import ConnectionLost, InvalidName, Throttled
from providers.http.options import Options
from providers.http.session import Session
from tests.servers.http_place import HURRIED, NO_PROXY, access, place, read, session
from tests.servers.scripted_http import Ask, ScriptedHttp, Wire, answer

DATA = bytes(range(256)) * 4096
PATIENT = replace(HURRIED, silence=60.0, answer=60.0, headers=60.0, connect=60.0)


def plain(ask: Ask, wire: Wire) -> None:
    wire.say(answer(200, DATA if ask.method == "GET" else b""))


# Ending a call ---------------------------------------------------------------------------------


class Victim:
    """Runs `work` in a thread; `ended` is what it raised."""

    def __init__(self, work: object) -> None:
        self.ended: BaseException | None = None
        self._work = work
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        try:
            self._work()  # type: ignore[operator]
        except BaseException as error:  # noqa: BLE001 - the test looks at it
            self.ended = error

    def join(self) -> BaseException | None:
        self.thread.join(30)
        assert not self.thread.is_alive(), "it was not ended"
        return self.ended


def test_call_that_waits_for_an_answer_is_ended() -> None:
    with (
        ScriptedHttp(lambda ask, wire: wire.freeze()) as server,
        place(server.base, patience=PATIENT) as web,
    ):
        victim = Victim(lambda: web.stat("/file"))
        server.wait_for(lambda asks: bool(asks))
        web.interrupt(victim.thread.ident or 0)
        ended = victim.join()
        assert isinstance(ended, ConnectionLost)
        assert "ended here" in str(ended)


def test_call_that_waits_for_more_of_a_body_is_ended_and_others_go_on() -> None:
    def script(ask: Ask, wire: Wire) -> None:
        wire.say(answer(200, DATA)[: len(DATA) // 2])
        if ask.target == "/frozen":
            wire.freeze()
        wire.say(answer(200, DATA)[len(DATA) // 2 :])

    with ScriptedHttp(script) as server, place(server.base, patience=PATIENT) as web:
        victim = Victim(lambda: read(web, "/frozen"))
        server.wait_for(lambda asks: bool(asks))
        web.interrupt(victim.thread.ident or 0)
        assert isinstance(victim.join(), ConnectionLost)
        assert read(web, "/file") == DATA


def test_call_that_waits_for_a_name_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, go = threading.Event(), threading.Event()

    def resolve(*_: object, **__: object) -> list[object]:
        asked.set()
        go.wait(30)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with place("http://files.example", patience=replace(PATIENT, resolve=60.0)) as web:
        victim = Victim(lambda: web.stat("/file"))
        assert asked.wait(30)
        web.interrupt(victim.thread.ident or 0)
        assert isinstance(victim.join(), ConnectionLost)
        go.set()


def test_call_that_waits_for_the_system_s_word_about_its_proxy_is_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked, go, said = threading.Event(), threading.Event(), threading.Event()

    def bypass(host: str) -> bool:
        asked.set()
        go.wait(20)
        said.set()
        return False

    monkeypatch.setattr(urllib.request, "getproxies", lambda: {"http": "http://127.0.0.1:1"})
    monkeypatch.setattr(urllib.request, "proxy_bypass", bypass)
    patient = replace(PATIENT, resolve=60.0)
    with place("http://files.example", options=Options(), patience=patient) as web:
        victim = Victim(lambda: web.stat("/file"))
        assert asked.wait(30)
        web.interrupt(victim.thread.ident or 0)
        ended = victim.join()
        assert not said.is_set()
        go.set()
        assert isinstance(ended, ConnectionLost)
        assert "ended here" in str(ended)


def test_interrupt_with_nothing_under_way_touches_no_later_call() -> None:
    with ScriptedHttp(plain) as server, place(server.base) as web:
        web.interrupt(threading.get_ident())
        assert read(web, "/file") == DATA
        web.interrupt(threading.get_ident())
        assert read(web, "/file") == DATA
        assert server.connections == 1


def test_closing_ends_what_is_under_way_and_refuses_the_rest() -> None:
    with ScriptedHttp(lambda ask, wire: wire.freeze()) as server:
        opened = Session(server.base, NO_PROXY, access(), patience=PATIENT)

        def ask() -> None:
            with opened.send("GET", "/"):
                pass

        victim = Victim(ask)
        server.wait_for(lambda asks: bool(asks))
        opened.close()
        assert isinstance(victim.join(), ConnectionLost)
        with pytest.raises(ConnectionLost, match="was closed"):
            ask()


def test_server_that_says_nothing_is_given_up() -> None:
    with (
        ScriptedHttp(lambda ask, wire: wire.freeze()) as server,
        place(server.base, patience=replace(HURRIED, silence=0.2)) as web,
        pytest.raises(ConnectionLost, match="stopped answering"),
    ):
        web.stat("/file")


def test_server_that_stops_in_a_body_is_given_up() -> None:
    def script(ask: Ask, wire: Wire) -> None:
        wire.say(answer(200, DATA)[:5000])
        wire.freeze()

    with (
        ScriptedHttp(script) as server,
        place(server.base, patience=replace(HURRIED, silence=0.2)) as web,
        web.read("/file") as reader,
    ):
        chunks = iter(reader.chunks())
        assert DATA.startswith(bytes(next(chunks)))
        with pytest.raises(ConnectionLost, match="stopped answering"):
            next(chunks)
        with pytest.raises(StopIteration):
            next(chunks)


# Connections -----------------------------------------------------------------------------------


def test_half_read_body_is_no_part_of_the_next_answer() -> None:
    with ScriptedHttp(plain) as server, place(server.base) as web:
        with web.read("/file"):
            pass
        assert read(web, "/other") == DATA


def test_small_rest_of_a_body_is_read_so_that_the_connection_stays() -> None:
    with ScriptedHttp(lambda ask, wire: wire.say(answer(404, b"x" * 500))) as server:
        with session(server.base) as asking:
            for _ in range(3):
                with asking.send("GET", "/") as response:
                    assert response.status == 404
        assert server.connections == 1


def test_body_is_seen_while_it_comes() -> None:
    more = threading.Event()

    def script(ask: Ask, wire: Wire) -> None:
        whole = answer(200, DATA)
        wire.say(whole[:100_000])
        for at in range(100_000, 300_000, 1000):
            wire.say(whole[at : at + 1000])
            more.wait(0.005)
        assert more.wait(30)
        wire.say(whole[300_000:])

    with (
        ScriptedHttp(script) as server,
        place(server.base, patience=PATIENT) as web,
        web.read("/file") as reader,
    ):
        chunks = iter(reader.chunks())
        first = bytes(next(chunks))
        more.set()
        assert 0 < len(first) < len(DATA)
        assert first + b"".join(bytes(chunk) for chunk in chunks) == DATA


@pytest.mark.parametrize("status", [429, 503])
def test_server_that_asks_to_slow_down_is_heard(status: int) -> None:
    def script(ask: Ask, wire: Wire) -> None:
        wire.say(answer(status, b"", {"Retry-After": "7"}))

    with ScriptedHttp(script) as server, place(server.base) as web:
        with pytest.raises(Throttled) as told:
            web.stat("/file")
        assert (told.value.retry_after, told.value.endpoint) == (7.0, server.base)


def test_address_that_is_none_is_refused() -> None:
    with pytest.raises(InvalidName), session("http://"):
        pass


@pytest.mark.parametrize("cookie", ["a=b; Max-Age=--5", "a=\x01b", "a=b; Expires=\x01", "\x01=; ;"])
def test_cookie_that_is_none_costs_nothing(cookie: str) -> None:
    def script(ask: Ask, wire: Wire) -> None:
        wire.say(answer(200, DATA if ask.method == "GET" else b"", {"Set-Cookie": cookie}))

    with ScriptedHttp(script) as server, place(server.base) as web:
        assert read(web, "/file") == DATA
        assert read(web, "/file") == DATA
        assert not any("\x01" in value for ask in server.asks for value in ask.headers.values())
