"""C7: what a server answers to a request for a part: restart or error, never a wrong file."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from providers.errors import ConnectionLost, RangeIgnored, SourceChanged
from tests.faults.http_case import http_case
from tests.servers.http_place import place, read
from tests.servers.scripted_http import Ask, ScriptedHttp, Served, Wire, answer
from transfers.model import JobState

DATA = random.Random(7).randbytes(1_000_000)
HONEST = Served(DATA)
TAG = {"ETag": '"one"'}
Lie = Callable[[Ask], bytes]


def _part(ask: Ask, said: str | None, **headers: str) -> bytes:
    first, last = ask.range or (0, None)
    body = DATA[first : len(DATA) if last is None else last + 1]
    return answer(206, body, TAG | headers | {"Content-Range": said or ""})


def _whole(ask: Ask) -> bytes:
    return answer(200, DATA, TAG)


def _elsewhere(ask: Ask) -> bytes:
    return _part(ask, f"bytes 0-{len(DATA) - 1}/{len(DATA)}")


def _silent(ask: Ask) -> bytes:
    return _part(ask, None)


def _garbled(ask: Ask) -> bytes:
    return _part(ask, "bytes 9-5/3")


def _without_total(ask: Ask) -> bytes:
    first, last = ask.range or (0, None)
    return _part(ask, f"bytes {first}-{last or len(DATA) - 1}/*")


def _many_parts(ask: Ask) -> bytes:
    said = {"Content-Type": "multipart/byteranges; boundary=x"}
    return answer(206, b"--x\r\n\r\nno\r\n--x--", TAG | said)


def _less(ask: Ask) -> bytes:
    first, _ = ask.range or (0, None)
    body = DATA[first : first + 5]
    return answer(206, body, TAG | {"Content-Range": f"bytes {first}-{first + 4}/{len(DATA)}"})


def _coded(ask: Ask) -> bytes:
    first, last = ask.range or (0, None)
    said = f"bytes {first}-{last or len(DATA) - 1}/{len(DATA)}"
    return _part(ask, said, **{"Content-Encoding": "gzip"})


LIES = [_whole, _elsewhere, _silent, _garbled, _without_total, _many_parts, _less, _coded]


@pytest.mark.parametrize(
    ("lie", "offset", "length"),
    [
        (lie, offset, length)
        for lie in LIES
        for offset, length in ((100, None), (100, 50), (0, 50))
        if (lie, offset) != (_elsewhere, 0)  # that is the part asked for
    ],
)
def test_C7_a_part_that_is_not_the_one_asked_for_is_not_taken(
    lie: Lie, offset: int, length: int | None
) -> None:
    with (
        ScriptedHttp(lambda ask, wire: wire.say(lie(ask))) as server,
        place(server.base) as web,
        pytest.raises(RangeIgnored),
    ):
        read(web, "/file", offset=offset, length=length)


@pytest.mark.parametrize("lie", LIES)
def test_C7_a_download_whose_rest_cannot_be_had_starts_again(tmp_path: Path, lie: Lie) -> None:
    def script(ask: Ask, wire: Wire) -> None:
        if ask.range is not None:
            return wire.say(lie(ask))
        if ask.method == "GET" and ask.target == "/file" and len(server.asked_for("/file")) == 1:
            wire.say(HONEST.answer(ask)[:600_000])
            wire.hang_up()
        return HONEST(ask, wire)

    with ScriptedHttp(script) as server, http_case(tmp_path, server.base) as case:
        assert case.copied().state is JobState.DONE
        assert case.there() == DATA
        assert [ask for ask in server.asked_for("/file") if ask.range], "it never tried to resume"


@pytest.mark.parametrize("lie", LIES)
def test_C7_several_streams_become_one_when_parts_cannot_be_had(tmp_path: Path, lie: Lie) -> None:
    def script(ask: Ask, wire: Wire) -> None:
        wire.say(lie(ask) if ask.range is not None else HONEST.answer(ask))

    with ScriptedHttp(script) as server, http_case(tmp_path, server.base) as case:
        case.web.streams = 3
        assert case.copied().state is JobState.DONE
        assert case.there() == DATA


def test_C7_a_download_goes_on_where_it_was_cut(tmp_path: Path) -> None:
    def script(ask: Ask, wire: Wire) -> None:
        if ask.method == "GET" and ask.target == "/file" and ask.range is None:
            wire.say(HONEST.answer(ask)[:600_000])
            wire.hang_up()
        HONEST(ask, wire)

    with ScriptedHttp(script) as server, http_case(tmp_path, server.base) as case:
        assert case.copied().state is JobState.DONE
        assert case.there() == DATA
        *_, again = [ask for ask in server.asked_for("/file") if ask.range is not None]
        assert again.range is not None and again.range[0] > 500_000
        assert again.headers["if-range"] == '"one"'


def test_C7_416_of_a_file_that_is_shorter_now_is_a_changed_source() -> None:
    short = Served(DATA[:10])
    with (
        ScriptedHttp(short) as server,
        place(server.base) as web,
        pytest.raises(SourceChanged, match="shorter"),
    ):
        read(web, "/file", offset=100)


def test_C7_416_at_the_very_end_is_the_end() -> None:
    with ScriptedHttp(HONEST) as server, place(server.base) as web:
        assert read(web, "/file", offset=len(DATA), version='"one"') == b""


def test_C7_416_in_the_middle_of_a_file_is_no_end() -> None:
    def script(ask: Ask, wire: Wire) -> None:
        refused = ask.range is not None
        wire.say(answer(416, b"", TAG) if refused else HONEST.answer(ask))

    with ScriptedHttp(script) as server, place(server.base) as web, pytest.raises(RangeIgnored):
        read(web, "/file", offset=100)


def test_C7_a_part_that_nobody_asked_for_is_no_file() -> None:
    lie = answer(206, DATA[:10], TAG | {"Content-Range": f"bytes 0-9/{len(DATA)}"})
    with (
        ScriptedHttp(lambda ask, wire: wire.say(lie)) as server,
        place(server.base) as web,
        pytest.raises(ConnectionLost, match="a part"),
    ):
        read(web, "/file")


@pytest.mark.parametrize("more", [-3, 5])
def test_C7_a_part_in_chunks_has_the_length_it_said(more: int) -> None:
    def script(ask: Ask, wire: Wire) -> None:
        said = {"Content-Range": f"bytes 0-9/{len(DATA)}", "Transfer-Encoding": "chunked"}
        head = answer(206, b"", TAG | said | {"Content-Length": ""})
        wire.say(head + b"%x\r\n%b\r\n0\r\n\r\n" % (10 + more, DATA[: 10 + more]))

    with ScriptedHttp(script) as server, place(server.base) as web, pytest.raises(ConnectionLost):
        read(web, "/file", offset=0, length=10)
