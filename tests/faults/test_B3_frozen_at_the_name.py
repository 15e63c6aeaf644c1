"""B3: the server freezes when all bytes are there and only the sync and the name are left.

A sync may take ten minutes on a slow disk, so that its deadline is no help to a person who cancels.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from providers.sftp.patience import Patience
from tests.faults.lying_case import always, leftovers, lying_case
from tests.servers.lying_sftp import ENDPOINT, FSYNC, POSIX_RENAME, Ask, Frozen, LyingSftp
from transfers.model import Cancel, JobState, Pause, Policy, Resume
from transfers.watchdog import STOP_SECONDS

PATIENT = Patience(answer=30.0, sync=600.0)
DATA = b"new" * 1000
_LAST_RESORT = 60.0  # seconds: only reached when a test fails
_BUSY = 10.0  # seconds that a busy machine may take for everything else


class _Freeze:
    """The first sync is never answered, and its connection is dead."""

    def __init__(self) -> None:
        self.reached = threading.Event()

    def __call__(self, ask: Ask, truth: Callable[[], bytes]) -> bytes:
        if self.reached.is_set():
            return truth()
        self.reached.set()
        raise Frozen


@pytest.mark.parametrize("old", [{}, {"/a": b"old"}], ids=["new", "replacing"])
def test_B3_cancel_does_not_wait_for_a_frozen_sync(tmp_path: Path, old: dict[str, bytes]) -> None:
    freeze = _Freeze()
    server = LyingSftp(old, lie=always(FSYNC, freeze))
    with lying_case(tmp_path, server, PATIENT) as case:
        (number,) = case.send_new(case.upload("a", DATA), policy=Policy.OVERWRITE)
        assert freeze.reached.wait(_LAST_RESORT)
        since = time.monotonic()
        case.engine.send(Cancel((number,)))
        (job,) = case.finish(number)
        assert time.monotonic() - since < STOP_SECONDS + _BUSY
        assert (job.state, job.reason) == (JobState.CANCELLED, "")
        assert server.get("/a") == old.get("/a")
        assert leftovers(server.names("/")) == []


def test_B3_pause_does_not_wait_for_a_frozen_sync_and_nothing_is_sent_again(
    tmp_path: Path,
) -> None:
    freeze = _Freeze()
    server = LyingSftp(lie=always(FSYNC, freeze))
    with lying_case(tmp_path, server, PATIENT) as case:
        (number,) = case.send_new(case.upload("a", DATA))
        assert freeze.reached.wait(_LAST_RESORT)
        since = time.monotonic()
        case.engine.send(Pause((number,)))
        case.reach(number, JobState.PAUSED)
        assert time.monotonic() - since < STOP_SECONDS + _BUSY
        written = server.asked.count("WRITE")
        case.engine.send(Resume((number,)))
        (job,) = case.finish(number)
        assert (job.state, server.get("/a")) == (JobState.DONE, DATA)
        assert server.asked.count("WRITE") == written


def test_B3_name_that_is_being_given_is_waited_for_and_the_job_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut off in that moment, the file would have its name or not, and the answer would be lost."""
    monkeypatch.setattr("transfers.watchdog.STOP_SECONDS", 0.02)
    monkeypatch.setattr("transfers.coordinator.LOOK_SECONDS", 0.02)
    asked, go = threading.Event(), threading.Event()

    def slowly(ask: Ask, truth: Callable[[], bytes]) -> bytes:
        asked.set()
        assert go.wait(_LAST_RESORT)
        return truth()

    server = LyingSftp({"/a": b"old"}, lie=always(POSIX_RENAME, slowly))
    with lying_case(tmp_path, server, PATIENT) as case:
        place, cuts = case.places[ENDPOINT], threading.Semaphore(0)
        interrupt = place.interrupt  # type: ignore[attr-defined]

        def interrupted(thread: int) -> None:
            interrupt(thread)
            cuts.release()

        monkeypatch.setattr(place, "interrupt", interrupted)
        (number,) = case.send_new(case.upload("a", DATA), policy=Policy.OVERWRITE)
        assert asked.wait(_LAST_RESORT)
        case.engine.send(Cancel((number,)))
        for _ in range(3):
            assert cuts.acquire(timeout=_LAST_RESORT)
        go.set()
        (job,) = case.finish(number)
        assert (job.state, server.get("/a")) == (JobState.DONE, DATA)
