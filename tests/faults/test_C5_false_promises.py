"""C5: what a server announces and then refuses, or does wrongly, is as if it never had."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from providers.base import Place
from providers.errors import Unsupported
from providers.sftp.protocol import Op, Status, string, u32, u64
from tests.faults.lying_case import LyingCase, always, lying_case
from tests.servers.lying_sftp import (
    COPY_DATA,
    ENDPOINT,
    FSYNC,
    LIMITS,
    OFFERS,
    PIECE,
    POSIX_RENAME,
    STATVFS,
    Ask,
    Lie,
    LyingSftp,
)
from tests.servers.scripted_sftp import reply, status
from transfers.model import Job, JobState, NewJob
from transfers.model import Op as JobOp

OLD, NEW = b"the old content", os.urandom(2 * PIECE + 7)
NAMES_BY_ID = "users-groups-by-id@openssh.com"
REFUSALS = (Status.UNSUPPORTED, Status.FAILURE, Status.PERMISSION_DENIED)


def refusing(what: str, code: Status) -> Lie:
    return always(what, lambda ask, truth: status(ask.number, code, b"No"))


@pytest.mark.parametrize(
    ("what", "code"),
    [
        *((what, code) for what in (LIMITS, STATVFS) for code in REFUSALS),
        *((what, Status.UNSUPPORTED) for what in (FSYNC, POSIX_RENAME)),
    ],
)
def test_C5_a_file_is_copied_both_ways_where_a_promise_is_not_kept(
    tmp_path: Path, what: str, code: Status
) -> None:
    server = LyingSftp({"/up": OLD, "/down": NEW}, lie=refusing(what, code))
    with lying_case(tmp_path, server) as case:
        jobs = case.ended(case.upload("up", NEW), case.download("down"), case.upload("new", NEW))
        assert [job.state for job in jobs] == [JobState.DONE] * 3
        assert (server.get("/up"), server.get("/new"), case.there("down")) == (NEW, NEW, NEW)
        assert server.names("/") == ["down", "new", "up"]


def copied_there(case: LyingCase) -> Job:
    new = NewJob(JobOp.COPY, Place(ENDPOINT, "/source"), Place(ENDPOINT, "/target"), within="/")
    (job,) = case.ended(new)
    return job


def half(server: LyingSftp) -> Lie:
    """Only some of the bytes are copied, and it says that all are."""

    def lie(ask: Ask, truth: Callable[[], bytes]) -> bytes:
        answer = truth()
        if ask.what == COPY_DATA:
            for name in server.names("/"):
                node = server.find(f"/{name}")
                if name.endswith(".part") and node is not None:
                    del node.data[PIECE:]
        return answer

    return lie


@pytest.mark.parametrize("lies", ["no", *REFUSALS, "half"])
def test_C5_a_copy_that_a_server_does_not_make_is_sent_and_whole(
    tmp_path: Path, lies: str | Status
) -> None:
    server = LyingSftp({"/source": NEW}, offers=OFFERS | {COPY_DATA})
    if lies == "half":
        server.lie = half(server)
    elif isinstance(lies, Status):
        server.lie = refusing(COPY_DATA, lies)
    with lying_case(tmp_path, server) as case:
        job = copied_there(case)
        assert job.state is JobState.DONE, job.reason
        assert COPY_DATA in server.asked and ("READ" in server.asked) == (lies != "no")
        assert server.get("/target") == NEW and server.names("/") == ["source", "target"]


def test_C5_no_room_for_a_copy_on_the_server_is_told_as_that(tmp_path: Path) -> None:
    server = LyingSftp({"/source": NEW}, offers=OFFERS | {COPY_DATA}, free=0)
    server.lie = refusing(COPY_DATA, Status.FAILURE)
    with lying_case(tmp_path, server) as case:
        job = copied_there(case)
        assert job.state is JobState.PARKED and "space" in job.reason
        server.free, server.lie = 1 << 40, lambda ask, truth: truth()
        assert case.reach(job.id, JobState.DONE) and server.get("/target") == NEW


def test_C5_a_file_system_without_a_block_is_not_one_that_is_full() -> None:
    server = LyingSftp({"/file": OLD})
    nothing = (u64(0) for _ in range(11))
    blocks = b"".join(nothing)
    server.lie = always(STATVFS, lambda ask, truth: reply(Op.EXTENDED_REPLY, ask.number, blocks))
    with closing(server.provider()) as place, pytest.raises(Unsupported):
        place.room("/")


@pytest.mark.parametrize("answer", [*REFUSALS, "none", "hostile"])
def test_C5_whose_a_file_is_stays_a_number_where_the_server_will_not_name_it(
    answer: str | Status,
) -> None:
    def lie(ask: Ask, truth: Callable[[], bytes]) -> bytes:
        if ask.what == "LSTAT":
            return reply(Op.ATTRS, ask.number, u32(0x6), u32(1000), u32(100), u32(0o100644))
        if ask.what != NAMES_BY_ID:
            return truth()
        if isinstance(answer, Status):
            return status(ask.number, answer, b"No")
        names = b"" if answer == "none" else string(b"\x1b]0;x\x07\n\xff") * 3
        return reply(Op.EXTENDED_REPLY, ask.number, string(names), string(names))

    server = LyingSftp({"/file": OLD}, offers=OFFERS | {NAMES_BY_ID}, lie=lie)
    with closing(server.provider()) as place:
        told = {each.name: each.value for each in place.properties("/file")}
    hostile = "\x1b]0;x\x07\n\udcff ({})"
    expected = hostile if answer == "hostile" else "{}"
    assert (told["Owner"], told["Group"]) == (expected.format(1000), expected.format(100))
