"""B2 on HTTP: a body that ends too early, however its length was told, is never `done`."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from providers.errors import ConnectionLost, Unsupported
from tests.faults.http_case import http_case
from tests.servers.http_place import HURRIED, place, read
from tests.servers.scripted_http import DATE, Ask, ScriptedHttp, Served, Wire, answer, chunked
from transfers.model import JobState, ProofWord

DATA = random.Random(2).randbytes(1_000_000)
SHORT = len(DATA) // 3
Cut = Callable[[Wire], None]


def _counted(wire: Wire) -> None:
    whole = answer(200, DATA, {"ETag": '"one"'})
    wire.say(whole[: len(whole) - len(DATA) + SHORT])
    wire.hang_up()


def _chunked(wire: Wire, end: bytes = b"") -> None:
    head = answer(200, b"", {"ETag": '"one"', "Transfer-Encoding": "chunked", "Content-Length": ""})
    wire.say(head + chunked(DATA[:1000], DATA[1000:SHORT], end=end))
    wire.hang_up()


def _within_a_chunk(wire: Wire) -> None:
    _chunked(wire, b"ffff\r\n" + b"x" * 10)


def _reset(wire: Wire) -> None:
    wire.say(answer(200, DATA, {"ETag": '"one"'})[:SHORT])
    wire.reset()


CUTS = [_counted, _chunked, _within_a_chunk, _reset]


@pytest.mark.parametrize("cut", CUTS)
def test_B2_a_short_body_is_a_lost_connection(cut: Cut) -> None:
    with (
        ScriptedHttp(lambda ask, wire: cut(wire)) as server,
        place(server.base) as web,
        pytest.raises(ConnectionLost),
    ):
        read(web, "/file")


@pytest.mark.parametrize("cut", CUTS)
def test_B2_a_short_body_is_completed_by_another_attempt(tmp_path: Path, cut: Cut) -> None:
    honest = Served(DATA)

    def script(ask: Ask, wire: Wire) -> None:
        if ask.method == "GET" and ask.target == "/file" and len(server.asked_for("/file")) == 1:
            cut(wire)
        honest(ask, wire)

    with ScriptedHttp(script) as server, http_case(tmp_path, server.base) as case:
        job = case.copied()
        assert (job.state, case.there()) == (JobState.DONE, DATA)
        assert job.proof is not None and job.proof.word is ProofWord.SHA256
        assert case.leftovers() == []


@pytest.mark.parametrize("cut", CUTS)
def test_B2_bodies_that_are_always_short_are_never_done(tmp_path: Path, cut: Cut) -> None:
    honest = Served(DATA, etag=None, modified="", ranges=False)

    def script(ask: Ask, wire: Wire) -> None:
        if ask.method == "GET" and ask.target == "/file":
            cut(wire)
        honest(ask, wire)

    with ScriptedHttp(script) as server, http_case(tmp_path, server.base) as case:
        case.file.write_bytes(b"old")
        assert case.copied().state is JobState.FAILED
        assert case.there() == b"old"


def _until_closed(wire: Wire, data: bytes) -> None:
    wire.say(f"HTTP/1.1 200 OK\r\nDate: {DATE}\r\nConnection: close\r\n\r\n".encode() + data)
    wire.hang_up()


def test_B2_a_body_whose_end_nobody_can_tell_is_refused_with_a_reason(tmp_path: Path) -> None:
    def script(ask: Ask, wire: Wire) -> None:
        if ask.target == "/file" and ask.method == "GET":
            _until_closed(wire, DATA[:SHORT])
        wire.say(answer(200 if ask.target == "/file" else 404, b"", {"Content-Length": ""}))

    with ScriptedHttp(script) as server:
        with place(server.base) as web, pytest.raises(Unsupported, match="marks its end"):
            read(web, "/file")
        with http_case(tmp_path, server.base) as case:
            job = case.copied()
            assert job.state is JobState.FAILED
            assert "neither says how long it is" in job.reason
            assert case.there() is None


def test_B2_a_body_in_chunks_without_a_size_is_whole_at_its_last_chunk(tmp_path: Path) -> None:
    def script(ask: Ask, wire: Wire) -> None:
        if ask.target != "/file":
            return wire.say(answer(404))
        said = {"Transfer-Encoding": "chunked", "Content-Length": ""}
        body = b"" if ask.method == "HEAD" else chunked(DATA[:10], DATA[10:])
        return wire.say(answer(200, b"", said) + body)

    with ScriptedHttp(script) as server, http_case(tmp_path, server.base) as case:
        assert case.copied().state is JobState.DONE
        assert case.there() == DATA


@pytest.mark.parametrize("length", ["-1", "5, 6", "9z", "99999999999999999999999"])
def test_B2_a_length_that_cannot_be_is_no_length(length: str) -> None:
    def script(ask: Ask, wire: Wire) -> None:
        wire.say(answer(200, b"12345", {"Content-Length": length}))
        wire.hang_up()

    with (
        ScriptedHttp(script) as server,
        place(server.base) as web,
        pytest.raises(ConnectionLost, match="Content-Length"),
    ):
        read(web, "/file")


def test_B2_a_body_that_is_longer_than_it_said_is_not_read_as_the_next_answer() -> None:
    def script(ask: Ask, wire: Wire) -> None:
        wire.say(answer(200, b"12345") + answer(200, b"evil!"))

    with ScriptedHttp(script) as server, place(server.base) as web:
        assert read(web, "/file") == b"12345"
        assert read(web, "/other") == b"12345"
        assert server.connections == 2


def test_B2_a_chunk_that_came_too_late_is_not_read_from_its_middle() -> None:
    """Of the line "1" only half came in time: the byte "0" behind it is no last chunk."""
    seen = threading.Event()

    def script(ask: Ask, wire: Wire) -> None:
        said = {"Transfer-Encoding": "chunked", "Content-Length": ""}
        wire.say(answer(200, b"", said) + b"5\r\n12345\r\n1")
        assert seen.wait(30)
        wire.say(b"\r\n0\r\n0\r\n\r\n")
        wire.freeze()

    patience = replace(HURRIED, silence=0.3)
    with (
        ScriptedHttp(script) as server,
        place(server.base, patience=patience) as web,
        pytest.raises(ConnectionLost),
        web.read("/file") as reader,
    ):
        for chunk in reader.chunks():
            assert bytes(chunk) == b"12345"
            seen.set()
