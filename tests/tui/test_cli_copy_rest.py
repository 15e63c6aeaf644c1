"""`wharfie copy` comes to an end, whatever its jobs wait for, and says what it waits for."""

from __future__ import annotations

import logging
import queue
from collections.abc import Sequence
from pathlib import Path

import pytest

from providers.access import Access
from providers.base import Place
from providers.registry import open_provider
from tests.tui.cli_runner import wharfie
from transfers.engine import Engine
from transfers.journal import Changes, Journal, JournalError
from transfers.model import Enqueue, NewJob, Op, StateChanged
from tui.headless.follow import follow, send
from tui.headless.reach import of_engine
from tui.headless.report import Report


@pytest.fixture
def enqueue(tmp_path: Path) -> Enqueue:
    (tmp_path / "a").write_text("a")
    source, target = (Place("file:", str(tmp_path / name)) for name in ("a", "b"))
    return Enqueue((NewJob(Op.COPY, source, target),))


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    access = Access(tmp_path / "hosts")
    return Engine(tmp_path / "queue", lambda endpoint: open_provider(endpoint, access))


def _through(engine: Engine, enqueue: Enqueue, report: Report) -> None:
    ids = send(of_engine(engine), enqueue, report)
    follow(of_engine(engine), dict(zip(ids, enqueue.jobs, strict=True)), report)


def test_a_move_with_a_conflict_ends_though_its_directories_wait(tmp_path: Path) -> None:
    source, there = tmp_path / "d", tmp_path / "to" / "d"
    for folder, text in ((source, "new"), (there, "old")):
        folder.mkdir(parents=True)
        (folder / "a").write_text(text)
    (source / "b").write_text("b")
    done = wharfie("copy", "--move", source, tmp_path / "to")
    assert done.code == 1
    assert "the destination exists" in done.err
    assert ((source / "a").read_text(), (there / "a").read_text()) == ("new", "old")
    assert (there / "b").read_text() == "b"


def test_a_queue_that_cannot_be_saved_is_spoken_of_while_it_waits(
    engine: Engine,
    enqueue: Enqueue,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("transfers.coordinator._SAVE_AGAIN_SECONDS", 0.05)
    monkeypatch.setattr("tui.headless.follow._LOOK_SECONDS", 0.01)
    logging.disable(logging.CRITICAL)
    write = Journal.write
    told: queue.SimpleQueue[str] = queue.SimpleQueue()
    report = Report(as_json=False)
    notice = Report.notice

    def tell(report: Report, text: str) -> None:
        notice(report, text)
        if text:
            told.put(text)

    def full(journal: Journal, changes: Changes) -> None:
        if told.empty():
            raise JournalError("its disk is full")
        write(journal, changes)

    monkeypatch.setattr(Journal, "write", full)
    monkeypatch.setattr(Report, "notice", tell)
    try:
        _through(engine, enqueue, report)
    finally:
        engine.close()
        logging.disable(logging.NOTSET)
    assert report.all_fine
    assert capsys.readouterr().err.count("its disk is full") == 1


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_queue_that_broke_is_an_error_and_not_a_wait_without_end(
    engine: Engine, enqueue: Enqueue
) -> None:
    def broken(changes: Sequence[StateChanged]) -> None:
        if any(change.before is not None for change in changes):
            raise ValueError("a bug in whoever listens")

    logging.disable(logging.CRITICAL)
    engine.listen(broken)
    try:
        with pytest.raises(JournalError, match="mistake in Wharfie"):
            _through(engine, enqueue, Report(as_json=False))
    finally:
        engine.close()
        logging.disable(logging.NOTSET)
