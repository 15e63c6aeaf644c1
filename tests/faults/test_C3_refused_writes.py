"""C3: whichever write the server refuses, nothing is done, and the error names the cause."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from providers.sftp.protocol import Status
from tests.faults.lying_case import always, leftovers, lying_case
from tests.servers.lying_sftp import OFFERS, PIECE, STATVFS, Ask, LyingSftp
from tests.servers.scripted_sftp import status
from transfers.model import JobState, ParkReason

PIECES = 20
DATA = os.urandom((PIECES - 1) * PIECE + 7)
NO_SPACE = [
    (Status.FAILURE, b"No space left on device", "No space left on device"),
    (Status.FAILURE, b"Disk quota exceeded", "Disk quota exceeded"),
    (14, b"", "no space left"),
    (15, b"", "no space left"),
]


def refuse(code: int, message: bytes) -> Callable[[Ask, Callable[[], bytes]], bytes]:
    return lambda ask, truth: status(ask.number, code, message)


def write_of_each(refused: Callable[[Ask, Callable[[], bytes]], bytes]) -> Callable[..., bytes]:
    """In the file /n, the n-th piece is refused, again and again."""

    def lie(ask: Ask, truth: Callable[[], bytes]) -> bytes:
        number = ask.path.strip("/.").partition(".")[0]
        return refused(ask, truth) if ask.offset // PIECE + 1 == int(number) else truth()

    return always("WRITE", lie)


@pytest.mark.parametrize("reorder", [False, True], ids=["in order", "reversed"])
def test_C3_no_refused_write_goes_unnoticed(tmp_path: Path, reorder: bool) -> None:
    server = LyingSftp({f"/{n}": b"old" for n in range(1, PIECES + 1)})
    server.lie = write_of_each(refuse(Status.FAILURE, b"the volume is read-only"))
    if reorder:
        server.reorder = lambda replies: replies[::-1]
    with lying_case(tmp_path, server) as case:
        jobs = case.ended(*(case.upload(f"{n}", DATA) for n in range(1, PIECES + 1)))
        assert {job.state for job in jobs} == {JobState.FAILED}
        assert all("the volume is read-only" in job.reason for job in jobs)
        assert {server.get(f"/{n}") for n in range(1, PIECES + 1)} == {b"old"}
        assert leftovers(server.names("/")) == []


@pytest.mark.parametrize(("code", "message", "told"), NO_SPACE)
def test_C3_a_full_disk_is_named_whichever_write_finds_it(
    tmp_path: Path, code: int, message: bytes, told: str
) -> None:
    server = LyingSftp({"/1": b"old"}, lie=write_of_each(refuse(code, message)))
    with lying_case(tmp_path, server) as case:
        (job,) = case.ended(case.upload("1", DATA))
        assert (job.state, job.park) == (JobState.PARKED, ParkReason.SPACE)
        assert told in job.reason
        assert server.get("/1") == b"old"


def test_C3_a_bare_failure_on_a_full_disk_is_explained_by_its_room(tmp_path: Path) -> None:
    server = LyingSftp(free=0, lie=write_of_each(refuse(Status.FAILURE, b"Failure")))
    with lying_case(tmp_path, server) as case:
        (job,) = case.ended(case.upload("3", DATA))
        assert (job.state, job.park) == (JobState.PARKED, ParkReason.SPACE)


@pytest.mark.parametrize("what", ["OPEN", "CLOSE", "fsync@openssh.com", "RENAME"])
def test_C3_a_refusal_of_any_other_step_is_never_done_either(tmp_path: Path, what: str) -> None:
    server = LyingSftp(lie=always(what, refuse(Status.FAILURE, b"not today")))
    with lying_case(tmp_path, server) as case:
        (job,) = case.ended(case.upload("new", DATA))
        assert job.state is JobState.FAILED
        assert "not today" in job.reason
        assert server.get("/new") is None


def test_C3_a_server_that_cannot_tell_its_room_leaves_a_bare_refusal_one(tmp_path: Path) -> None:
    server = LyingSftp(offers=OFFERS - {STATVFS}, free=0)
    server.lie = write_of_each(refuse(Status.FAILURE, b"Failure"))
    with lying_case(tmp_path, server) as case:
        (job,) = case.ended(case.upload("3", DATA))
        assert job.state is JobState.FAILED
        assert "the server refused it" in job.reason


def test_C3_a_bare_failure_on_a_read_only_disk_is_explained_and_told_of_the_target(
    tmp_path: Path,
) -> None:
    server = LyingSftp(lie=always("OPEN", refuse(Status.FAILURE, b"Failure")))
    server.read_only = True
    with lying_case(tmp_path, server) as case:
        (job,) = case.ended(case.upload("new", DATA))
        assert job.state is JobState.FAILED
        assert job.reason.startswith("/new: the disk is mounted read-only there")


def test_C3_what_is_refused_of_an_unfinished_file_is_told_of_its_target(tmp_path: Path) -> None:
    server = LyingSftp(lie=always("OPEN", refuse(Status.FAILURE, b"not today")))
    with lying_case(tmp_path, server) as case:
        (job,) = case.ended(case.upload("new", DATA))
        assert job.reason.startswith("/new: the server refused it and said")
