"""C10: bombs, bodies and headers without end: little memory, a sentence, and an end."""

from __future__ import annotations

import gzip
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

import pytest

from providers.errors import ConnectionLost, Denied, ProviderError, Unsupported
from tests.servers.http_place import HURRIED, place, read
from tests.servers.scripted_http import Ask, ScriptedHttp, Wire, answer

MOST = 64 << 20
_PIECE = b"<a href=x>x</a>\n" * 4096


@contextmanager
def little_memory() -> Iterator[None]:
    """The block never holds more than faults.md allows on top of what there was."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < MOST
    finally:
        tracemalloc.stop()


def for_ever(wire: Wire, piece: bytes) -> None:
    with suppress(OSError):
        while True:
            wire.say(piece)
    wire.hang_up()


@contextmanager
def said(script: Callable[[Ask, Wire], None]) -> Iterator[str]:
    with ScriptedHttp(script) as server:
        yield server.base


@pytest.mark.parametrize("framing", ["chunked", "closed", "counted"])
def test_C10_a_listing_without_end_is_left_in_time(framing: str) -> None:
    def script(ask: Ask, wire: Wire) -> None:
        kind = {"Content-Type": "text/html"}
        if framing == "chunked":
            wire.say(
                answer(200, b"", kind | {"Transfer-Encoding": "chunked", "Content-Length": ""})
            )
            for_ever(wire, b"%x\r\n%b\r\n" % (len(_PIECE), _PIECE))
        length = "" if framing == "closed" else str(1 << 40)
        wire.say(answer(200, b"", kind | {"Content-Length": length}))
        for_ever(wire, _PIECE)

    with (
        said(script) as base,
        place(base) as web,
        little_memory(),
        pytest.raises(Unsupported, match="longer than"),
    ):
        list(web.list_dir("/"))


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(100_000)),
        b"HTTP/1.1 200 OK\r\n" + b"".join(b"X: " + b"y" * 9_000 + b"\r\n" for _ in range(150)),
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 1_000_000,
        b"HTTP/1.1 " + b"2" * 1_000_000,
        b"HTTP/1.1 103 Early\r\nX: y\r\n\r\n" * 100_000,
        b"HTTP/1.1 100 Go on\r\n\r\n" * 100_000,
    ],
    ids=["many", "large", "long", "status", "hints", "go-on"],
)
def test_C10_headers_without_end_are_a_lost_connection(head: bytes) -> None:
    def script(ask: Ask, wire: Wire) -> None:
        with suppress(OSError):
            wire.say(head + b"\r\n")
        wire.freeze()

    with (
        said(script) as base,
        place(base) as web,
        little_memory(),
        pytest.raises(ConnectionLost) as told,
    ):
        read(web, "/file")
    assert "stopped answering" not in str(told.value), "it waited for more"


def test_C10_headers_that_drip_have_a_deadline() -> None:
    going = threading.Event()

    def script(ask: Ask, wire: Wire) -> None:
        wire.say(b"HTTP/1.1 200 OK\r\nX: ")
        while not going.wait(0.05):
            wire.say(b"y")
        wire.hang_up()

    patience = replace(HURRIED, headers=0.5)
    with said(script) as base, place(base, patience=patience) as web:
        began = time.monotonic()
        with pytest.raises(ConnectionLost, match="stopped answering"):
            read(web, "/file")
        going.set()
        assert time.monotonic() - began < 20


@pytest.mark.parametrize("status", [403, 500])
def test_C10_a_long_page_that_says_no_is_not_read(status: int) -> None:
    sent = 0

    def script(ask: Ask, wire: Wire) -> None:
        nonlocal sent
        wire.say(answer(status, b"", {"Content-Length": str(1 << 40)}))
        with suppress(OSError):
            while ask.method == "GET":
                wire.say(_PIECE)
                sent += len(_PIECE)
        wire.hang_up()

    with said(script) as base, place(base) as web, little_memory():
        with pytest.raises((Denied, ConnectionLost)) as refused:
            read(web, "/file")
        assert len(str(refused.value)) < 500
    assert sent < MOST


def test_C10_a_bomb_is_stored_as_small_as_it_came() -> None:
    bomb = gzip.compress(b"\0" * (64 << 20), 9)
    with (
        said(lambda ask, wire: wire.say(answer(200, bomb, {"Content-Encoding": "gzip"}))) as base,
        place(base) as web,
        little_memory(),
    ):
        assert len(read(web, "/file")) == len(bomb)


def test_C10_a_sidecar_without_end_says_nothing() -> None:
    def script(ask: Ask, wire: Wire) -> None:
        if ask.target == "/SHA256SUMS":
            wire.say(answer(200, b"", {"Content-Length": str(1 << 40)}))
            for_ever(wire, b"0" * 65536)
        found = ask.target == "/file"
        wire.say(answer(200 if found else 404, b"" if ask.method == "HEAD" else b"12345"))

    with said(script) as base, place(base) as web, little_memory():
        assert web.stat("/file").digests == {}


def test_C10_trailers_without_end_are_a_lost_connection() -> None:
    def script(ask: Ask, wire: Wire) -> None:
        wire.say(answer(200, b"", {"Transfer-Encoding": "chunked", "Content-Length": ""}))
        wire.say(b"5\r\n12345\r\n0\r\n")
        for_ever(wire, b"X: y\r\n" * 1000)

    with said(script) as base, place(base) as web, little_memory(), pytest.raises(ProviderError):
        read(web, "/file")
