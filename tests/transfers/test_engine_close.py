"""The lock of a queue goes with its coordinator: never two owners of one journal."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from providers.memory import MemoryProvider, Store
from tests.transfers.host_case import new_jobs, until
from transfers import engine as engines
from transfers.engine import JOURNAL_NAME, Engine
from transfers.journal import Changes, Journal, JournalError
from transfers.lock import QueueInUse, QueueLock
from transfers.model import Enqueue, Hold


def open_engine(directory: Path) -> Engine:
    return Engine(directory, lambda endpoint: MemoryProvider(Store()))


def is_free(directory: Path) -> bool:
    try:
        QueueLock(directory).release()
    except QueueInUse:
        return False
    return True


def test_a_closed_queue_is_free(tmp_path: Path) -> None:
    engine = open_engine(tmp_path)
    assert not is_free(tmp_path)
    engine.close()
    engine.close()  # a second time does nothing
    assert is_free(tmp_path)


def test_a_queue_whose_journal_cannot_be_opened_is_free_once_that_is_told(tmp_path: Path) -> None:
    (tmp_path / JOURNAL_NAME).mkdir()
    with pytest.raises(JournalError):
        open_engine(tmp_path)
    assert is_free(tmp_path)


def test_a_queue_stays_locked_while_its_journal_hangs_in_a_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(engines, "_QUIT_SECONDS", 0.1)
    hangs, goes_on, write = threading.Event(), threading.Event(), Journal.write

    def hang(self: Journal, changes: Changes) -> None:
        hangs.set()
        assert goes_on.wait(60)
        write(self, changes)

    engine = open_engine(tmp_path)
    engine.send(Hold())
    monkeypatch.setattr(Journal, "write", hang)
    asking = threading.Thread(target=engine.send, args=(Enqueue(new_jobs(1)),))
    asking.start()
    assert hangs.wait(60)
    engine.close()
    assert not is_free(tmp_path)
    assert "stays locked" in caplog.text
    goes_on.set()
    asking.join(60)
    until(lambda: is_free(tmp_path))
    successor = open_engine(tmp_path)
    try:
        assert successor.snapshot().count == 1  # what the commit wrote is there
    finally:
        successor.close()


def test_a_queue_whose_coordinator_broke_stays_locked_until_it_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its host still listens: a successor would take the socket away from it."""
    monkeypatch.setattr(threading, "excepthook", lambda _: None)

    def fail(self: Journal, changes: Changes) -> None:
        raise RuntimeError

    engine = open_engine(tmp_path)
    monkeypatch.setattr(Journal, "write", fail)
    with pytest.raises(RuntimeError):
        engine.send(Enqueue(new_jobs(1)))
    assert not engine.running
    assert not is_free(tmp_path)
    engine.close()
    assert is_free(tmp_path)
