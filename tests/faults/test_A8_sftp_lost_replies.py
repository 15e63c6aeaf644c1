"""A8: a change was made and its reply is lost: looked at, never made twice, never a failure."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from providers.base import Place
from tests.faults.lying_case import lying_case, nth
from tests.servers.lying_sftp import ENDPOINT, OFFERS, PIECE, POSIX_RENAME, Ask, Cut, LyingSftp
from tests.transfers.queue_case import LOCAL
from transfers.model import JobState, NewJob, Op

DATA = os.urandom(3 * PIECE + 7)


def lost(ask: Ask, truth: Callable[[], bytes]) -> bytes:
    truth()
    raise Cut


@pytest.mark.parametrize("what", ["OPEN", "WRITE", "FSETSTAT", "fsync@openssh.com", "CLOSE"])
def test_A8_a_lost_reply_on_the_way_costs_a_retry(tmp_path: Path, what: str) -> None:
    server = LyingSftp({"/file": b"old"}, lie=nth(what, 1, lost))
    with lying_case(tmp_path, server) as case:
        (job,) = case.ended(case.upload("file", DATA))
        assert job.state is JobState.DONE
        assert server.get("/file") == DATA
        assert server.names("/") == ["file"]


@pytest.mark.parametrize("old", [True, False], ids=["overwrite", "new"])
@pytest.mark.parametrize("offers", [OFFERS, OFFERS - {POSIX_RENAME}], ids=["one step", "swap"])
@pytest.mark.parametrize("number", [1, 2])
def test_A8_a_lost_reply_to_the_rename_is_settled_by_looking_and_nothing_is_sent_again(
    tmp_path: Path, offers: frozenset[str], old: bool, number: int
) -> None:
    server = LyingSftp({"/file": b"old"} if old else {}, offers=offers)
    what = POSIX_RENAME if old and POSIX_RENAME in offers else "RENAME"
    server.lie = nth(what, number, lost)
    with lying_case(tmp_path, server) as case:
        (job,) = case.ended(case.upload("file", DATA))
        assert job.state is JobState.DONE
        assert server.get("/file") == DATA
        assert server.names("/") == ["file"]
        assert server.asked.count("WRITE") == -(-len(DATA) // PIECE)


def test_A8_a_lost_reply_to_a_new_directory_is_no_conflict(tmp_path: Path) -> None:
    server = LyingSftp(lie=nth("MKDIR", 1, lost))
    with lying_case(tmp_path, server) as case:
        (job,) = case.ended(case.upload("new/deeper/file", DATA))
        assert job.state is JobState.DONE
        assert server.get("/new/deeper/file") == DATA


def test_A8_a_lost_reply_to_the_removal_of_a_moved_source_is_done(tmp_path: Path) -> None:
    server = LyingSftp({"/file": DATA}, lie=nth("REMOVE", 1, lost))
    with lying_case(tmp_path, server) as case:
        target = Place(LOCAL, str(case.folder / "file"))
        (job,) = case.ended(NewJob(Op.MOVE, Place(ENDPOINT, "/file"), target))
        assert job.state is JobState.DONE
        assert case.there("file") == DATA
        assert server.names("/") == []


def test_A8_a_lost_reply_to_a_move_by_name_is_done(tmp_path: Path) -> None:
    server = LyingSftp({"/file": DATA}, lie=nth("RENAME", 1, lost))
    with lying_case(tmp_path, server) as case:
        (job,) = case.ended(NewJob(Op.MOVE, Place(ENDPOINT, "/file"), Place(ENDPOINT, "/moved")))
        assert job.state is JobState.DONE
        assert server.names("/") == ["moved"]
        assert server.get("/moved") == DATA
