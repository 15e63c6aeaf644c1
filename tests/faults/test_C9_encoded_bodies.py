"""C9: bodies in an encoding: what is stored are the bytes that were sent, and all of them."""

from __future__ import annotations

import gzip
import random
from pathlib import Path

import pytest

from tests.faults.http_case import http_case
from tests.servers.http_place import place, read
from tests.servers.scripted_http import Ask, ScriptedHttp, Served, Wire
from transfers.model import JobState

PACKED = gzip.compress(random.Random(9).randbytes(900_000), mtime=0)


class Encoded(Served):
    """A file that the server says is compressed, as Apache does of every .gz."""

    def headers(self) -> dict[str, str]:
        return super().headers() | {"Content-Encoding": "gzip"}


def test_C9_nobody_is_asked_to_compress() -> None:
    with ScriptedHttp(Served(b"12345")) as server, place(server.base) as web:
        web.stat("/file")
        read(web, "/file")
        assert {ask.headers["accept-encoding"] for ask in server.asks} == {"identity"}


def test_C9_a_body_is_stored_as_it_was_sent(tmp_path: Path) -> None:
    with ScriptedHttp(Encoded(PACKED)) as server, http_case(tmp_path, server.base) as case:
        assert case.copied().state is JobState.DONE
        assert case.there() == PACKED


def test_C9_a_truncated_one_whose_length_fits_is_stored_as_it_is(tmp_path: Path) -> None:
    """What the server stores is broken already: a copy is as broken, and says so to nobody."""
    broken = PACKED[:1060]
    with ScriptedHttp(Encoded(broken)) as server, http_case(tmp_path, server.base) as case:
        assert case.copied().state is JobState.DONE
        assert case.there() == broken


def test_C9_a_truncated_one_is_never_done(tmp_path: Path) -> None:
    honest = Encoded(PACKED, etag=None, ranges=False)

    def script(ask: Ask, wire: Wire) -> None:
        if ask.method == "GET" and ask.target == "/file":
            wire.say(honest.answer(ask)[:1060])
            wire.hang_up()
        honest(ask, wire)

    with ScriptedHttp(script) as server, http_case(tmp_path, server.base) as case:
        assert case.copied().state is JobState.FAILED
        assert case.there() is None


@pytest.mark.parametrize("streams", [1, 3])
def test_C9_parts_in_an_encoding_are_not_gone_on_with(tmp_path: Path, streams: int) -> None:
    honest, cut = Encoded(PACKED), False

    def script(ask: Ask, wire: Wire) -> None:
        nonlocal cut
        if ask.method == "GET" and ask.target == "/file" and ask.range is None and not cut:
            cut = True
            wire.say(honest.answer(ask)[:600_000])
            wire.hang_up()
        honest(ask, wire)

    with ScriptedHttp(script) as server, http_case(tmp_path, server.base) as case:
        case.web.streams = streams
        assert case.copied().state is JobState.DONE
        assert case.there() == PACKED
