"""C1: an end that comes too early is an error, never a short file that counts as done."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from providers.sftp.protocol import Status
from tests.faults.lying_case import always, leftovers, lying_case, nth
from tests.servers.lying_sftp import PIECE, Ask, LyingSftp
from tests.servers.scripted_sftp import status
from transfers.model import JobState, Verify

DATA = os.urandom(20 * PIECE + 7)


def end(ask: Ask, truth: Callable[[], bytes]) -> bytes:
    return status(ask.number, Status.EOF, b"End of file")


@pytest.mark.parametrize("number", [1, 2, 10, 21])
def test_C1_a_file_that_always_ends_early_is_never_done(tmp_path: Path, number: int) -> None:
    first = (number - 1) * PIECE

    def early(ask: Ask, truth: Callable[[], bytes]) -> bytes:
        return end(ask, truth) if ask.offset >= first else truth()

    server = LyingSftp({"/file": DATA}, lie=always("READ", early))
    with lying_case(tmp_path, server) as case:
        (case.folder / "file").write_bytes(b"old")
        (job,) = case.ended(case.download("file"))
        assert job.state is JobState.FAILED
        assert "ended at byte" in job.reason
        assert case.there("file") == b"old"
        assert leftovers(os.listdir(case.folder)) == []


@pytest.mark.parametrize("number", [1, 2, 10, 21])
def test_C1_one_early_end_costs_one_restart(tmp_path: Path, number: int) -> None:
    server = LyingSftp({"/file": DATA}, lie=nth("READ", number, end))
    with lying_case(tmp_path, server) as case:
        (job,) = case.ended(case.download("file"))
        assert (job.state, job.restarts) == (JobState.DONE, 1)
        assert case.there("file") == DATA


def test_C1_an_early_end_while_a_copy_is_read_back_is_no_proof(tmp_path: Path) -> None:
    server = LyingSftp({"/file": b"old"}, lie=always("READ", end))
    with lying_case(tmp_path, server) as case:
        (job,) = case.ended(case.upload("file", DATA), verify=Verify.STRONG)
        assert job.state is JobState.FAILED
        assert "differs" in job.reason
        assert server.get("/file") == b"old"
        assert server.names("/") == ["file"]
