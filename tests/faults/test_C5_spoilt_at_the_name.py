"""C5: what was proven under another name, and is not what has the name, is no copy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.faults.lying_case import always, lying_case
from tests.servers.lying_sftp import POSIX_RENAME, Ask, LyingSftp
from transfers.batch import Sizes
from transfers.model import JobState, Op, Policy, SetLimits

DATA = b"what was to be kept"


def emptied(server: LyingSftp) -> Callable[[Ask, Callable[[], bytes]], bytes]:
    """A rename that the server says went well."""

    def lie(ask: Ask, truth: Callable[[], bytes]) -> bytes:
        told = truth()
        for name in server.names("/new"):
            node = server.find(f"/new/{name}")
            if node is not None:
                node.data.clear()
        return told

    return lie


@pytest.mark.parametrize("op", [Op.COPY, Op.MOVE])
def test_C5_what_has_the_name_and_another_size_is_not_done(tmp_path: Path, op: Op) -> None:
    server = LyingSftp()
    server.lie = always("RENAME", emptied(server))
    with lying_case(tmp_path, server) as case:
        (number,) = case.send_new(replace(case.upload("new/a", DATA), op=op), policy=Policy.ASK)
        job = case.reach(number, JobState.DONE, JobState.FAILED, JobState.PARKED)
        assert (job.state, job.proof) == (JobState.PARKED, None)
        assert case.there("new/a") == DATA


def test_C5_nor_is_one_of_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Sizes, "of", lambda sizes, lane: 3)
    server = LyingSftp()
    server.lie = always("RENAME", emptied(server))
    with lying_case(tmp_path, server) as case:
        case.engine.send(SetLimits(workers=1))
        jobs = [replace(case.upload(f"new/{name}", DATA), size=len(DATA)) for name in "abc"]
        numbers = case.send_new(*jobs, policy=Policy.ASK)
        ended = [case.reach(number, JobState.DONE, JobState.PARKED) for number in numbers]
    assert {job.state for job in ended} == {JobState.PARKED}


def test_C5_nor_is_it_written_for_ever(tmp_path: Path) -> None:
    server = LyingSftp()
    spoils = emptied(server)
    server.lie = lambda ask, truth: (
        spoils(ask, truth) if ask.what in ("RENAME", POSIX_RENAME) else truth()
    )
    with lying_case(tmp_path, server) as case:
        numbers = case.send_new(case.upload("new/a", DATA), policy=Policy.OVERWRITE)
        job = case.reach(numbers[0], JobState.DONE, JobState.FAILED)
    assert job.state is JobState.FAILED
