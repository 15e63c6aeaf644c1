"""C6: sizes that are missing, 0 or wrong, times at either end of what SFTP can say."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.lying_case import lying_case
from tests.servers.lying_sftp import PIECE, LyingSftp, Node
from transfers.model import JobState

DATA = os.urandom(9 * PIECE + 7)
LAST = 0xFFFFFFFF  # 2106


def test_C6_a_file_of_unknown_size_is_copied_to_its_end(tmp_path: Path) -> None:
    server = LyingSftp({"/file": DATA})
    server.root.names["file"].told = lambda node: None  # type: ignore[index]
    with lying_case(tmp_path, server) as case:
        (job,) = case.ended(case.download("file"))
        assert (job.state, job.size) == (JobState.DONE, len(DATA))
        assert case.there("file") == DATA


@pytest.mark.parametrize(
    ("told", "why"),
    [
        (lambda node: 0, "holds more than its size says"),
        (lambda node: len(node.data) - 1, "holds more than its size says"),
        (lambda node: PIECE, "holds more than its size says"),
        (lambda node: len(node.data) + 1, "ended at byte"),
        (lambda node: 1 << 40, "ended at byte"),
    ],
    ids=["0", "one less", "much less", "one more", "a terabyte"],
)
def test_C6_a_file_of_another_size_than_it_says_is_never_done(
    tmp_path: Path, told: Callable[[Node], int], why: str
) -> None:
    server = LyingSftp({"/file": DATA})
    server.root.names["file"].told = told  # type: ignore[index]
    with lying_case(tmp_path, server) as case:
        (case.folder / "file").write_bytes(b"old")
        (job,) = case.ended(case.download("file"))
        assert job.state is JobState.FAILED
        assert why in job.reason
        assert case.there("file") == b"old"


@pytest.mark.parametrize("told", [0, 1, 1 << 40])
def test_C6_a_copy_whose_size_is_not_what_was_sent_is_never_done(tmp_path: Path, told: int) -> None:
    server = LyingSftp({"/file": b"old"})
    server.tells_new = lambda node: told
    with lying_case(tmp_path, server) as case:
        (job,) = case.ended(case.upload("file", DATA))
        assert job.state is JobState.FAILED
        assert server.get("/file") == b"old"


def test_C6_a_copy_whose_size_is_not_told_is_proven_by_reading_it_back(tmp_path: Path) -> None:
    server = LyingSftp({"/file": b"old"})
    server.tells_new = lambda node: None
    with lying_case(tmp_path, server) as case:
        (job,) = case.ended(case.upload("file", DATA))
        assert job.state is JobState.DONE
        assert job.proof is not None
        assert job.proof.how == "read back"
        assert server.get("/file") == DATA


@pytest.mark.parametrize("modified", [0, 1, 1 << 31, LAST])
def test_C6_times_from_1970_to_2106_come_down_as_they_are(tmp_path: Path, modified: int) -> None:
    server = LyingSftp()
    server.put("/file", DATA).modified = modified
    with lying_case(tmp_path, server) as case:
        (job,) = case.ended(case.download("file"))
        assert job.state is JobState.DONE
        assert (case.folder / "file").stat().st_mtime == modified


@pytest.mark.parametrize(
    ("modified", "kept"),
    [(-86_400, 0), (0, 0), (LAST, LAST), (LAST + 86_400, LAST)],
    ids=["1969", "1970", "2106", "after 2106"],
)
def test_C6_a_time_that_sftp_cannot_say_becomes_the_nearest_it_can(
    tmp_path: Path, modified: int, kept: int
) -> None:
    server = LyingSftp()
    with lying_case(tmp_path, server) as case:
        new = case.upload("file", DATA)
        os.utime(case.folder / "file", (modified, modified))
        (job,) = case.ended(new)
        assert job.state is JobState.DONE
        node = server.find("/file")
        assert node is not None
        assert (bytes(node.data), node.modified) == (DATA, kept)
