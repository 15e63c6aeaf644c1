"""C4: short, reordered, doubled and uncalled-for replies give the right bytes or an error."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from providers.sftp.protocol import Op, Status, string, u32
from tests.faults.lying_case import always, leftovers, lying_case, nth
from tests.servers.lying_sftp import PIECE, Ask, Lie, LyingSftp
from tests.servers.scripted_sftp import reply, status
from transfers.model import JobState, Verify

DATA = os.urandom(30 * PIECE + 11)


def thirded(ask: Ask, truth: Callable[[], bytes]) -> bytes:
    told = truth()
    if told[4] != Op.DATA:
        return told
    data = told[13:]
    return reply(Op.DATA, ask.number, string(data[: max(1, len(data) // 3)]))


def doubled(ask: Ask, truth: Callable[[], bytes]) -> bytes:
    return truth() * 2


def uncalled_for(ask: Ask, truth: Callable[[], bytes]) -> bytes:
    return status(ask.number + 1000, Status.OK) + truth()


def of_another_kind(ask: Ask, truth: Callable[[], bytes]) -> bytes:
    truth()
    return reply(Op.HANDLE, ask.number, string(b"x"))


def too_long(ask: Ask, truth: Callable[[], bytes]) -> bytes:
    truth()
    return reply(Op.DATA, ask.number, string(bytes(PIECE + 1)))


def half_a_packet(ask: Ask, truth: Callable[[], bytes]) -> bytes:
    truth()
    return u32(5) + bytes([Op.STATUS]) + u32(ask.number)


WRONG = [doubled, uncalled_for, of_another_kind, too_long, half_a_packet]


def test_C4_short_reads_and_any_order_give_the_right_bytes(tmp_path: Path) -> None:
    server = LyingSftp({"/file": DATA}, lie=always("READ", thirded))
    server.reorder = lambda replies: replies[::-1]
    with lying_case(tmp_path, server) as case:
        (job,) = case.ended(case.download("file"))
        assert job.state is JobState.DONE
        assert case.there("file") == DATA


def test_C4_write_replies_in_any_order_give_the_right_bytes(tmp_path: Path) -> None:
    server = LyingSftp({"/file": b"old"})
    server.reorder = lambda replies: replies[::-1]
    with lying_case(tmp_path, server) as case:
        (job,) = case.ended(case.upload("file", DATA))
        assert job.state is JobState.DONE
        assert server.get("/file") == DATA


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("number", [1, 17, 31])
def test_C4_one_wrong_reply_costs_a_retry_and_no_byte(
    tmp_path: Path, wrong: Lie, number: int
) -> None:
    for what, name in (("READ", "down"), ("WRITE", "up")):
        server = LyingSftp({"/down": DATA, "/up": b"old"}, lie=nth(what, number, wrong))
        with lying_case(tmp_path / name, server) as case:
            new = case.download("down") if name == "down" else case.upload("up", DATA)
            (job,) = case.ended(new)
            assert job.state is JobState.DONE
            assert (case.there("down") if name == "down" else server.get("/up")) == DATA


@pytest.mark.parametrize("wrong", WRONG)
def test_C4_a_server_that_always_breaks_the_protocol_is_named_as_the_cause(
    tmp_path: Path, wrong: Lie
) -> None:
    for what, name in (("READ", "down"), ("WRITE", "up")):
        server = LyingSftp({"/down": DATA, "/up": b"old"}, lie=always(what, wrong))
        with lying_case(tmp_path / name, server) as case:
            (case.folder / "down").write_bytes(b"old")
            new = case.download("down") if name == "down" else case.upload("up", DATA)
            (job,) = case.ended(new)
            assert job.state is JobState.FAILED
            assert "broke the SFTP protocol" in job.reason
            assert (case.there("down") if name == "down" else server.get("/up")) == b"old"


def test_C4_a_wrong_byte_that_nothing_on_the_wire_shows_is_found_by_reading_back(
    tmp_path: Path,
) -> None:
    """A write that is acknowledged and was not done: the copy is never called proven."""
    server = LyingSftp(
        {"/file": b"old"}, lie=nth("WRITE", 3, lambda ask, truth: status(ask.number, Status.OK))
    )
    with lying_case(tmp_path, server) as case:
        (job,) = case.ended(case.upload("file", DATA), verify=Verify.STRONG)
        assert (job.state, job.restarts) == (JobState.DONE, 1)
        assert server.get("/file") == DATA
        assert leftovers(server.names("/")) == []
