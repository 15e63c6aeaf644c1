"""D1: the disk is full at each point. The job waits for room, the old file stays whole, and once
there is room it goes on by itself and ends byte by byte the same. A full disk under the journal
holds the queue."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from providers.base import Place
from providers.sftp.protocol import Status
from tests.faults.disks import PART, Scripted, copying, fill, local_queue, mounted, unfinished_in
from tests.faults.lying_case import always, leftovers, lying_case
from tests.servers.lying_sftp import OFFERS, PIECE, STATVFS, Ask, LyingSftp
from tests.servers.scripted_sftp import status
from tests.transfers.queue_case import LOCAL, QueueCase
from tests.tui.cli_runner import wharfie
from transfers.model import Job, JobState, NewJob, Op, ParkReason, Policy, ProofWord, Retry

DATA = os.urandom(5 * PART + 7)
_DEADLINE = 60.0  # seconds: only reached when a test fails


@pytest.fixture(autouse=True)
def _looked_at_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("transfers.space._FIRST_LOOK", 0.05)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.write_bytes(DATA)
    return path


def _until_there_was_room(case: QueueCase, number: int, ballast: Path) -> Job:
    """Have the job meet the full disk, and make room. Nobody tells the queue."""
    parked = case.parked(number, ParkReason.SPACE)
    assert "no space left" in parked.reason
    assert "goes on by itself" in parked.reason and "retry" not in parked.reason
    ballast.unlink()
    (job,) = case.finish(number)
    assert job.state is JobState.DONE
    assert job.proof is not None and job.proof.word is ProofWord.SHA256
    return job


@pytest.mark.parametrize("op", [Op.COPY, Op.MOVE])
@pytest.mark.parametrize("leave", [0, PART - 1, 3 * PART + 4096, 5 * PART])
def test_D1_job_waits_for_room_and_then_ends_whole(
    tmp_path: Path, source: Path, leave: int, op: Op
) -> None:
    with mounted(tmp_path / "disk") as disk, local_queue(tmp_path / "queue") as case:
        (disk / "file").write_bytes(b"old")
        ballast = fill(disk, leave)
        new = copying(source, disk / "file", op=op)
        (number,) = case.send_new(new, policy=Policy.OVERWRITE)
        case.parked(number, ParkReason.SPACE)
        assert (disk / "file").read_bytes() == b"old"
        assert source.read_bytes() == DATA
        _until_there_was_room(case, number, ballast)
        assert (disk / "file").read_bytes() == DATA
        assert unfinished_in(disk) == []
    assert source.exists() is (op is Op.COPY)


@pytest.mark.parametrize("when", ["before_part", "before_name"])
def test_D1_disk_that_fills_up_on_the_way(tmp_path: Path, source: Path, when: str) -> None:
    """What was stored is proven before it is gone on with, so that nothing is lost or doubled."""
    place, ballast = Scripted(), tmp_path / "disk" / "ballast"
    setattr(place, when, lambda: fill(tmp_path / "disk"))
    with mounted(tmp_path / "disk") as disk, local_queue(tmp_path / "queue", place) as case:
        (number,) = case.send_new(copying(source, disk / "file"))
        if when == "before_part":
            _until_there_was_room(case, number, ballast)
        (job,) = case.finish(number)  # a name takes no room on this disk
        assert job.state is JobState.DONE
        assert (disk / "file").read_bytes() == DATA


@pytest.mark.parametrize("op", [Op.COPY, Op.MAKE_DIR])
def test_D1_disk_that_holds_no_more_names(tmp_path: Path, source: Path, op: Op) -> None:
    options = ("-t", "tmpfs", "-o", "size=2m,nr_inodes=4,mode=700", "tmpfs")
    with mounted(tmp_path / "disk", *options) as disk, local_queue(tmp_path / "queue") as case:
        for number in range(3):
            (disk / str(number)).touch()
        new = NewJob(op, Place(LOCAL, str(source)), Place(LOCAL, str(disk / "new")))
        (number,) = case.send_new(new)
        case.parked(number, ParkReason.SPACE)
        for name in ("0", "1"):  # under its name a file is counted once more for a moment
            (disk / name).unlink()
        (job,) = case.finish(number)
        assert job.state is JobState.DONE
        assert (disk / "new").is_dir() if op is Op.MAKE_DIR else (disk / "new").is_file()


@pytest.mark.parametrize("asked", [None, Retry])
def test_D1_server_that_does_not_tell_its_room_is_tried_again(
    tmp_path: Path, asked: type[Retry] | None
) -> None:
    """Also when a person was impatient in between."""
    full = threading.Event()
    full.set()

    def write(ask: Ask, truth: Callable[[], bytes]) -> bytes:
        refused = full.is_set() and ask.offset >= PIECE
        return status(ask.number, Status.FAILURE, b"No space left") if refused else truth()

    server = LyingSftp({"/a": b"old"}, offers=OFFERS - {STATVFS}, lie=always("WRITE", write))
    with lying_case(tmp_path, server) as case:
        first, second = case.send_new(
            case.upload("a", DATA), case.upload("b", DATA), policy=Policy.OVERWRITE
        )
        parked = case.parked(first, ParkReason.SPACE)
        assert "No space left" in parked.reason
        assert "it is tried again every few minutes" in parked.reason
        case.parked(second, ParkReason.SPACE)
        assert server.get("/a") == b"old"
        assert not case.engine.idle and not case.engine.busy
        if asked is not None:
            case.engine.send(asked((first,)))
            case.watch.until(lambda: case.watch.states(first).count(JobState.PARKED) > 1, list)
        full.clear()
        jobs = case.finish(first, second)
        assert {job.state for job in jobs} == {JobState.DONE}
        assert max(job.attempt for job in jobs) <= 2  # waiting for room costs none
        assert (server.get("/a"), server.get("/b")) == (DATA, DATA)
        assert leftovers(server.names("/")) == []


def test_D1_copy_onto_a_full_disk_says_so_and_ends(tmp_path: Path, source: Path) -> None:
    with mounted(tmp_path / "disk") as disk:
        fill(disk)
        done = wharfie("copy", source, disk / "file")
        assert done.code == 1
        assert "no space left" in done.err and "other shells" not in done.err


class _Trouble(logging.Handler):
    """Hears of the journal's trouble."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.heard = threading.Event()
        self.said = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.said = record.getMessage()
        self.heard.set()


@contextmanager
def _listening() -> Iterator[_Trouble]:
    trouble, log = _Trouble(), logging.getLogger("wharfie.queue")
    log.addHandler(trouble)
    log.propagate = False
    try:
        yield trouble
    finally:
        log.propagate = True
        log.removeHandler(trouble)


@pytest.mark.parametrize("leave", [0, 12_288])
def test_D1_full_disk_under_the_journal_holds_the_queue_and_says_so(
    tmp_path: Path, source: Path, leave: int
) -> None:
    with (
        mounted(tmp_path / "home") as home,
        local_queue(home / "queue") as case,
        _listening() as trouble,
    ):
        ballast = fill(home, leave)
        sent: list[tuple[int, ...]] = []
        new = [copying(source, tmp_path / "to" / str(number)) for number in range(40)]
        thread = threading.Thread(target=lambda: sent.append(case.send_new(*new)))
        thread.start()
        assert trouble.heard.wait(_DEADLINE)
        assert "Free some space" in trouble.said
        assert "Free some space" in case.engine.snapshot(0, 0).notice
        assert sent == []  # not accepted before it is on the disk
        ballast.unlink()
        thread.join(_DEADLINE)
        assert {job.state for job in case.finish(*sent[0])} == {JobState.DONE}
        assert case.engine.snapshot(0, 0).notice == ""
    assert {path.read_bytes() for path in (tmp_path / "to").iterdir()} == {DATA}
    assert len(list((tmp_path / "to").iterdir())) == 40


@pytest.mark.parametrize(
    ("when", "op", "then"),
    [
        ("before_part", Op.COPY, "room is made"),
        ("before_part", Op.MOVE, "the queue is closed"),
        ("before_name", Op.COPY, "the queue is closed"),
        ("before_name", Op.MOVE, "room is made"),
    ],
)
def test_D1_journals_disk_that_fills_up_on_the_way_loses_nothing(
    tmp_path: Path, source: Path, when: str, op: Op, then: str
) -> None:
    target, ballast = tmp_path / "to" / "file", tmp_path / "home" / "ballast"
    (tmp_path / "other").write_bytes(DATA)
    place = Scripted()
    place.renames = False
    setattr(place, when, lambda: fill(ballast.parent))
    with (
        mounted(tmp_path / "home") as home,
        local_queue(home / "queue", place) as case,
        _listening() as trouble,
    ):
        # What is journaled of one job alone may fit into pages that are there already.
        others = [copying(tmp_path / "other", tmp_path / "to" / str(n)) for n in range(40)]
        number, *more = case.send_new(copying(source, target, op=op), *others)
        assert trouble.heard.wait(_DEADLINE)
        assert target.exists() is False or target.read_bytes() == DATA
        if then == "the queue is closed":
            case.engine.close()
        ballast.unlink()
        if then == "the queue is closed":
            case.start()
        assert {job.state for job in case.finish(number, *more)} == {JobState.DONE}
    assert {path.read_bytes() for path in (tmp_path / "to").iterdir()} == {DATA}
    assert unfinished_in(tmp_path) == []
    assert source.exists() is (op is Op.COPY)
