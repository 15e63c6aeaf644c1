"""B5: what is no file and comes by a few bytes a second is given up; files are the queue's.

A byte each half second keeps every deadline that begins again with each byte.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from providers.errors import ConnectionLost
from providers.web.pace import Pace
from providers.web.patience import USUAL
from tests.servers.http_place import HURRIED, place, read
from tests.servers.scripted_http import Ask, ScriptedHttp, Wire, answer
from tests.servers.webdav_place import webdav

PATIENCE = replace(HURRIED, slow=0.5, rate=20.0)
SLOWLY = "so slowly"


@contextmanager
def dripping(
    head: bytes, piece: bytes = b" ", *, only: Callable[[Ask], bool] = lambda ask: True
) -> Iterator[ScriptedHttp]:
    """A server whose answers begin with `head`, and then drip."""
    over = threading.Event()

    def script(ask: Ask, wire: Wire) -> None:
        if not only(ask):
            wire.say(answer(200, b"" if ask.method == "HEAD" else b"12345", FIVE))
            return
        wire.say(head)
        while not over.wait(0.1):
            wire.say(piece)
        wire.hang_up()

    with ScriptedHttp(script) as server:
        try:
            yield server
        finally:
            over.set()


FIVE = {"Content-Length": "5"}
HTML = answer(200, b"", {"Content-Type": "text/html", "Content-Length": str(1 << 20)})
CHUNKED = {"Transfer-Encoding": "chunked", "Content-Length": ""}
SIZE_OF_A_CHUNK = answer(200, b"5;", {"Content-Type": "text/html"} | CHUNKED)
TRAILERS = answer(200, b"2\r\nab\r\n0\r\nX: ", {"Content-Type": "text/html"} | CHUNKED)


@pytest.mark.parametrize("head", [HTML, SIZE_OF_A_CHUNK, TRAILERS], ids=["body", "chunk", "end"])
def test_B5_a_listing_that_drips_is_given_up(head: bytes) -> None:
    with dripping(head) as server, place(server.base, patience=PATIENCE) as web:
        began = time.monotonic()
        with pytest.raises(ConnectionLost, match=SLOWLY):
            list(web.list_dir("/"))
        assert time.monotonic() - began < 10


def test_B5_a_webdav_answer_that_drips_is_given_up() -> None:
    head = answer(207, b"", {"Content-Length": str(1 << 20)}) + b'<multistatus xmlns="DAV:">'
    with dripping(head) as server, webdav(server.port, patience=PATIENCE) as place_:
        for work in (lambda: place_.stat("/dir"), lambda: list(place_.list_dir("/dir"))):
            with pytest.raises(ConnectionLost, match=SLOWLY):
                work()


def test_B5_a_sidecar_that_drips_is_given_up() -> None:
    only: Callable[[Ask], bool] = lambda ask: ask.target.endswith("SUMS")  # noqa: E731
    with (
        dripping(HTML, only=only) as server,
        place(server.base, patience=PATIENCE) as web,
        pytest.raises(ConnectionLost, match=SLOWLY),
    ):
        web.published(web.stat("/file"))


def test_B5_a_file_may_come_as_slowly_as_the_queue_allows() -> None:
    size = 40

    def script(ask: Ask, wire: Wire) -> None:
        wire.say(answer(200, b"", {"Content-Length": str(size)}))
        gone = threading.Event()
        for _ in range(size):
            gone.wait(0.03)  # more than twice as long as a listing may take for it
            wire.say(b"x")

    with ScriptedHttp(script) as server, place(server.base, patience=PATIENCE) as web:
        assert read(web, "/file") == b"x" * size


def test_B5_a_slow_listing_above_the_limit_is_waited_for() -> None:
    page = b"<html>" + b"".join(b'<a href="%03d">x</a>\n' % n for n in range(50)) + b"</html>"

    def script(ask: Ask, wire: Wire) -> None:
        wire.say(answer(200, b"", {"Content-Type": "text/html", "Content-Length": str(len(page))}))
        pause = threading.Event()
        for start in range(0, len(page), 40):
            pause.wait(0.05)  # 800 bytes a second where 20 are asked for
            wire.say(page[start : start + 40])

    with ScriptedHttp(script) as server, place(server.base, patience=PATIENCE) as web:
        assert sum(len(found) for found in web.list_dir("/")) == 50


def test_B5_only_waiting_for_bytes_counts() -> None:
    pace = Pace(rate=10.0, seconds=5.0)
    assert all(pace.keeps(1, 1.0) for _ in range(4))
    assert not pace.keeps(1, 1.0)
    assert all(pace.keeps(11, 1.0) for _ in range(50))
    assert pace.keeps(0, 4.9)
    assert (USUAL.slow, USUAL.rate) == (60.0, 1024.0)
