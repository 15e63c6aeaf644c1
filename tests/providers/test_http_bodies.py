"""Bodies on the way up: announced, refused before, in the middle and behind their end."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, suppress
from pathlib import Path

import pytest
import trustme

from providers.errors import ConnectionLost, SourceChanged
from providers.web.response import Response
from tests.servers.http_place import session
from tests.servers.scripted_http import HOST, Ask, ScriptedHttp, Wire, answer
from tests.servers.web_tls import context, trusting

DATA = bytes(range(256)) * 4096


def stored(ask: Ask, wire: Wire) -> None:
    wire.say(answer(201))


def pieces() -> Iterator[memoryview]:
    for at in range(0, len(DATA), 300_000):
        yield memoryview(DATA)[at : at + 300_000]


@pytest.mark.parametrize("length", [len(DATA), None])
@pytest.mark.parametrize("expect", [True, False])
def test_body_goes_up_piece_by_piece(length: int | None, expect: bool) -> None:
    def script(ask: Ask, wire: Wire) -> None:
        if "expect" in ask.headers:
            wire.say(b"HTTP/1.1 100 Go on\r\n\r\n")
            bodies.append(wire.body(ask.headers))
        else:
            bodies.append(ask.body)
        wire.say(answer(201))

    bodies: list[bytes] = []
    with ScriptedHttp(script) as server, session(server.base) as asking:
        for _ in range(2):
            sending = asking.send(
                "PUT", "/file", body=pieces(), length=length, expect_continue=expect
            )
            with sending as response:
                assert response.status == 201
        assert bodies == [DATA, DATA]
        assert server.connections == 1


def test_body_goes_up_also_when_nobody_says_to_go_on() -> None:
    def script(ask: Ask, wire: Wire) -> None:
        assert wire.body(ask.headers) == DATA
        wire.say(answer(201))

    with ScriptedHttp(script) as server, session(server.base) as asking:
        sending = asking.send("PUT", "/file", body=pieces(), length=len(DATA), expect_continue=True)
        with sending as response:
            assert response.status == 201


@pytest.mark.parametrize("version", [None, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_server_that_never_says_to_go_on_and_closes_gets_the_body(
    tmp_path: Path, version: ssl.TLSVersion | None
) -> None:
    """TLS 1.3 sends tickets after its greeting: bytes come, and are no answer."""

    def script(ask: Ask, wire: Wire) -> None:
        bodies.append(wire.body(ask.headers))
        wire.say(answer(201, b"", {"Connection": "close"}))
        wire.hang_up()

    bodies: list[bytes] = []
    authority, bundle = trustme.CA(), tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))
    tls = context(authority.issue_cert(HOST)) if version else None
    if tls is not None and version is not None:
        tls.minimum_version = tls.maximum_version = version
    with (
        ScriptedHttp(script, tls=tls) as server,
        session(server.base, options=trusting(bundle)) as asking,
    ):
        for _ in range(2):
            with asking.send(
                "PUT", "/file", body=pieces(), length=len(DATA), expect_continue=True
            ) as response:
                assert response.status == 201
    assert bodies == [DATA, DATA]


@pytest.mark.parametrize("interim", ["100 Continue", "102 Processing", "103 Early Hints"])
def test_server_that_says_to_go_on_late_gets_the_whole_body(interim: str) -> None:
    """Slower than we wait for it: the body is on its way by then."""
    first = threading.Event()

    def slowly() -> Iterator[bytes]:
        yield DATA[:1000]
        first.set()
        assert said.wait(30)
        for at in range(1000, len(DATA), 100_000):
            yield DATA[at : at + 100_000]

    said = threading.Event()
    bodies: list[bytes] = []

    def script(ask: Ask, wire: Wire) -> None:
        assert first.wait(30)
        wire.say(f"HTTP/1.1 {interim}\r\n\r\n".encode())
        said.set()
        bodies.append(wire.body(ask.headers))
        wire.say(answer(201))

    with ScriptedHttp(script) as server, session(server.base) as asking:
        sending = asking.send("PUT", "/file", body=slowly(), length=len(DATA), expect_continue=True)
        with sending as response:
            assert response.status == 201
    assert bodies == [DATA]


def test_server_that_knows_no_expectation_gets_the_body_without_one() -> None:
    def script(ask: Ask, wire: Wire) -> None:
        wire.say(answer(417 if "expect" in ask.headers else 201))

    with ScriptedHttp(script) as server, session(server.base) as asking:
        for _ in range(2):
            with asking.send(
                "PUT", "/file", body=pieces(), length=len(DATA), expect_continue=True
            ) as response:
                assert response.status == 201
        told = [("expect" in ask.headers, ask.body == DATA) for ask in server.asks]
        assert told == [(True, False), (False, True), (False, True)]


def test_expectation_that_is_refused_late_has_the_body_sent_again_by_the_queue() -> None:
    """A body can be taken once only: what began to go is no whole file any more."""

    def script(ask: Ask, wire: Wire) -> None:
        if "expect" in ask.headers:
            wire.body(ask.headers)
            return wire.say(answer(417))
        return wire.say(answer(201))

    with ScriptedHttp(script) as server, session(server.base) as asking:

        def sending() -> AbstractContextManager[Response]:
            return asking.send(
                "PUT", "/file", body=pieces(), length=len(DATA), expect_continue=True
            )

        with pytest.raises(ConnectionLost, match="Expect"), sending():
            pass
        with sending() as response:
            assert response.status == 201
        assert server.asks[-1].body == DATA


def test_refusal_before_the_body_spares_it() -> None:
    taken: list[int] = []

    def counted() -> Iterator[bytes]:
        taken.append(1)
        yield DATA

    with (
        ScriptedHttp(lambda ask, wire: wire.say(answer(413))) as server,
        session(server.base) as asking,
    ):
        sending = asking.send(
            "PUT", "/file", body=counted(), length=len(DATA), expect_continue=True
        )
        with sending as response:
            assert response.status == 413
    assert taken == []


def test_refusal_in_the_middle_of_a_body_is_heard() -> None:
    def endless() -> Iterator[bytes]:
        while True:
            yield DATA

    def script(ask: Ask, wire: Wire) -> None:
        wire.say(answer(507, b"full", {"Connection": "close"}))
        wire.socket.shutdown(socket.SHUT_WR)
        with suppress(OSError):
            for _ in range(1000):
                wire.socket.recv(65536)
        wire.hang_up()

    class Headless(ScriptedHttp):
        def _converse(self, wire: Wire) -> None:
            ask = wire.ask(body=False)
            assert ask is not None
            self.script(ask, wire)

    with (
        Headless(script) as server,
        session(server.base) as asking,
        asking.send("PUT", "/file", body=endless(), length=1 << 40) as response,
    ):
        assert response.status == 507


@pytest.mark.parametrize(("said", "why"), [(len(DATA) + 5, "fewer"), (len(DATA) - 5, "more")])
def test_body_of_another_length_than_it_said_is_a_changed_source(said: int, why: str) -> None:
    with ScriptedHttp(stored) as server, session(server.base) as asking:
        with (
            pytest.raises(SourceChanged, match=why),
            asking.send("PUT", "/file", body=pieces(), length=said),
        ):
            pass
        for ask in server.asked("PUT"):
            assert len(ask.body) < int(ask.headers["content-length"])


def test_body_that_fails_leaves_its_own_error() -> None:
    def failing() -> Iterator[bytes]:
        yield b"x"
        raise SourceChanged("/source")

    with ScriptedHttp(stored) as server, session(server.base) as asking:
        with (
            pytest.raises(SourceChanged, match="/source"),
            asking.send("PUT", "/file", body=failing(), length=5),
        ):
            pass
        with asking.send("PUT", "/file", body=b"12345") as response:
            assert response.status == 201
        assert server.asks[-1].body == b"12345"


@pytest.mark.parametrize("length", [len(DATA), None])
def test_body_that_fails_behind_its_last_byte_never_arrives_whole(length: int | None) -> None:
    """A server that had it all would store it, perhaps over what is sent in its place."""

    def failing() -> Iterator[memoryview]:
        yield from pieces()
        raise SourceChanged("/source")

    class Watched(ScriptedHttp):
        def _converse(self, wire: Wire) -> None:
            ask = wire.ask(body=False)
            assert ask is not None
            whole = bytearray(wire._held)
            while more := wire.socket.recv(65536):
                whole += more
            came.append(bytes(whole))
            over.set()

    came: list[bytes] = []
    over = threading.Event()
    with Watched(stored) as server, session(server.base) as asking:
        with (
            pytest.raises(SourceChanged, match="/source"),
            asking.send("PUT", "/file", body=failing(), length=length),
        ):
            pass
        assert over.wait(30)
    assert 0 < len(came[0]) < len(DATA) if length else not came[0].endswith(b"\r\n0\r\n\r\n")


def test_body_that_fails_is_over_for_the_server_when_the_call_is() -> None:
    """What is sent next to the same name must not be overtaken by what the server still does."""
    ended: list[int] = []

    def failing() -> Iterator[bytes]:
        yield DATA
        raise SourceChanged("/source")

    class Slow(ScriptedHttp):
        def _converse(self, wire: Wire) -> None:
            assert wire.ask(body=False) is not None
            while wire.socket.recv(65536):
                pass
            threading.Event().wait(0.2)  # as long as its disk may take
            ended.append(1)

    with Slow(stored) as server, session(server.base) as asking:
        with (
            pytest.raises(SourceChanged),
            asking.send("PUT", "/file", body=failing(), length=len(DATA) + 1),
        ):
            pass
        assert ended == [1]


def test_sign_in_asked_for_after_a_body_has_it_sent_again_by_the_queue() -> None:
    def script(ask: Ask, wire: Wire) -> None:
        signed = "authorization" in ask.headers
        wants = {"WWW-Authenticate": 'Basic realm="x"'}
        wire.say(answer(201) if signed else answer(401, b"", wants))

    with ScriptedHttp(script) as server:
        base = server.base.replace("://", "://ann@")
        with session(base, password="secret") as asking:
            with (
                pytest.raises(ConnectionLost, match="sign-in"),
                asking.send("PUT", "/file", body=pieces(), length=len(DATA)),
            ):
                pass
            with asking.send("PUT", "/file", body=pieces(), length=len(DATA)) as response:
                assert response.status == 201
