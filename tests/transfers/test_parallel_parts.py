"""Several parts of one file at once: whole, in order, bounded, and gone when one of them fails."""

from __future__ import annotations

import hashlib
import itertools
import os
import threading
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Literal

import pytest

from providers.base import Body, Buffer, Capabilities, Entry, Kind, Parts
from providers.errors import ConnectionLost, NoSpace, RangeIgnored, SourceChanged
from providers.memory import MemoryReader
from tests.transfers.queue_case import LEFT, PART, RIGHT, Hold, Memory, QueueCase
from tests.transfers.run_case import Kept, transferring
from transfers.control import Control, Stop, Stopped
from transfers.model import Cancel, JobState, Pause, ProofWord, Resume
from transfers.run import Run
from transfers.transfer import transfer

S = JobState
STREAMS = 3
DATA = os.urandom(12 * PART + 77)
LAST_RESORT = 30.0  # seconds


class Wide(Memory):
    """A place that gains from several streams; tells which ranges were asked for."""

    def __init__(self, *, streams: int = STREAMS) -> None:
        super().__init__()
        self.streams = streams
        self.order: Literal["any", "sequential"] = "any"
        self.ranged = True
        self.ranges: list[tuple[int, int | None]] = []
        self.stored: list[int] = []
        self._changed = threading.Condition()

    @property
    def caps(self) -> Capabilities:
        parts = Parts(order=self.order, min_size=1, max_size=PART)
        return replace(super().caps, streams=self.streams, ranged_reads=self.ranged, parts=parts)

    @contextmanager
    def read(
        self,
        path: str,
        *,
        offset: int = 0,
        length: int | None = None,
        version: str | None = None,
    ) -> Iterator[MemoryReader]:
        self.ranges.append((offset, length))
        with super().read(path, offset=offset, length=length, version=version) as reader:
            yield reader

    def put_part(self, upload: str, index: int, offset: int, body: Body) -> str:
        receipt = super().put_part(upload, index, offset, body)
        with self._changed:
            self.stored.append(index)
            self._changed.notify_all()
        return receipt

    def wait_for(self, count: int) -> None:
        """Until so many parts are stored."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.stored) >= count, LAST_RESORT)


def _wide_run(
    data: bytes = DATA, *, streams: int = STREAMS, rate: int = 0
) -> tuple[Run, Kept, Wide, Wide]:
    source, target = Wide(streams=streams), Wide(streams=streams)
    source.put("/a", data)
    run, kept = transferring(source, target, streams=streams, rate=rate)
    return run, kept, source, target


def _helpers() -> list[threading.Thread]:
    name = threading.current_thread().name
    return [t for t in threading.enumerate() if t.name.startswith(f"{name}-")]


def _staged(place: Memory) -> bytes:
    (path,) = place.leftovers()
    return place.get(path) or b""


def test_parts_are_read_and_stored_by_several_threads_at_once() -> None:
    run, kept, source, target = _wide_run()
    reading, storing = threading.Barrier(STREAMS), threading.Barrier(STREAMS)
    first = itertools.count(1)

    def meet(operation: str, path: str) -> None:
        if operation == "read" and next(first) <= STREAMS:
            reading.wait(LAST_RESORT)

    seen = itertools.count(1)

    def meet_there(operation: str, path: str) -> None:
        if operation == "put_part" and next(seen) <= STREAMS:
            storing.wait(LAST_RESORT)

    source.store.fail, target.store.fail = meet, meet_there
    transfer(run)
    assert _staged(target) == DATA
    assert kept.job.digest == hashlib.sha256(DATA).hexdigest()
    assert (kept.job.state, kept.job.size) == (S.VERIFYING, len(DATA))
    assert run.control.gauge.moved == len(DATA)
    assert _helpers() == []
    assert run.control.threads == set()
    assert not run.control.moving


def test_what_is_journaled_has_no_gap_before_it() -> None:
    """The first part is held back while others are stored: none of them counts yet."""
    run, kept, _, target = _wide_run()
    target.store.fail = hold = Hold("put_part")
    thread = threading.Thread(target=transfer, args=(run,), daemon=True)
    thread.start()
    hold.wait()
    target.wait_for(STREAMS - 1)
    assert kept.parts == []
    hold.release()
    thread.join(LAST_RESORT)
    assert not thread.is_alive()
    ends = [part.start + part.length for part in kept.parts]
    assert kept.sent == ends
    assert [part.number for part in kept.parts] == list(range(len(kept.parts)))
    assert [part.start for part in kept.parts] == [0, *ends[:-1]]
    for part in kept.parts:
        assert part.receipt == str(part.length)
    prefix = hashlib.sha256(DATA[: kept.sent[-1]]).hexdigest()
    assert kept.job.digest == hashlib.sha256(DATA).hexdigest() != prefix


def test_no_more_is_ahead_of_a_missing_part_than_a_crash_may_cost() -> None:
    run, kept, _, target = _wide_run()
    target.store.fail = hold = Hold("put_part")
    thread = threading.Thread(target=transfer, args=(run,), daemon=True)
    thread.start()
    hold.wait()
    target.wait_for(STREAMS - 1)
    assert sorted(target.stored) == list(range(1, STREAMS))
    assert max(offset for offset, _ in _wide(run).ranges) == (STREAMS - 1) * PART
    hold.release()
    thread.join(LAST_RESORT)
    assert _staged(target) == DATA
    assert kept.job.state is S.VERIFYING


def _wide(run: Run) -> Wide:
    source = run.source()
    assert isinstance(source, Wide)
    return source


@pytest.mark.parametrize("end", ["source", "target"])
def test_the_first_failure_stops_all_threads_and_is_told(end: str) -> None:
    run, kept, source, target = _wide_run()
    error = ConnectionLost("/a") if end == "source" else NoSpace("/a")
    place, operation = (source, "chunk") if end == "source" else (target, "put_part")
    place.store.fail = Hold(operation, nth=6, error=error)
    with pytest.raises(type(error)):
        transfer(run)
    assert _helpers() == []
    assert run.control.threads == set()
    kept_now = run.control.checkpoint
    assert kept_now is not None and kept_now.offset < len(DATA)
    assert _staged(target)[: kept_now.offset] == DATA[: kept_now.offset]
    assert kept_now.prefix == hashlib.sha256(DATA[: kept_now.offset]).hexdigest()
    place.store.fail = None
    before = len(target.stored)
    transfer(run)  # and goes on where nothing is missing
    assert _staged(target) == DATA
    assert kept.job.digest == hashlib.sha256(DATA).hexdigest()
    assert sorted(target.stored[before:])[0] == len(kept_now.receipts)


def test_a_source_that_changes_between_two_parts_is_never_put_together() -> None:
    run, _, source, _ = _wide_run()
    source.store.fail = Hold("read", nth=5, then=lambda: source.put("/a", os.urandom(len(DATA))))
    with pytest.raises(SourceChanged):
        transfer(run)
    assert _helpers() == []


def test_a_source_without_a_version_is_read_as_one_stream() -> None:
    run, _, source, target = _wide_run()
    run.job = replace(run.job, source_version=None)
    source.stat = lambda path, **more: replace(  # type: ignore[method-assign]
        Memory.stat(source, path), version=None
    )
    transfer(run)
    assert source.ranges == [(0, None)]
    assert _staged(target) == DATA


@pytest.mark.parametrize("why", Stop)
def test_a_stop_acts_on_every_thread(why: Stop) -> None:
    run, _, source, _ = _wide_run()
    source.store.fail = Hold("chunk", nth=5, then=lambda: run.control.stop(why))
    with pytest.raises(Stopped) as stopped:
        transfer(run)
    assert stopped.value.why is why
    assert _helpers() == []


def test_a_limit_holds_for_all_threads_together() -> None:
    waits: list[float] = []

    class Patient(Control):
        def sleep(self, seconds: float) -> None:
            waits.append(seconds)

    run, _, _, target = _wide_run(rate=PART)
    run.control = Patient()
    transfer(run)
    assert _staged(target) == DATA
    assert max(waits) <= 0.5
    # The clock stands still, so the last byte is paid for when all of them are.
    assert sum(waits) >= len(DATA) / PART / 2


def test_a_place_that_wants_its_parts_in_order_gets_them_so() -> None:
    run, _, source, target = _wide_run()
    target.order = "sequential"
    transfer(run)
    assert target.stored == list(range(len(target.stored)))
    assert _staged(target) == DATA
    assert len(source.ranges) > 1


def test_a_source_without_ranged_reads_is_one_stream() -> None:
    run, _, source, target = _wide_run()
    source.ranged = False
    transfer(run)
    assert source.ranges == [(0, None)]
    assert _staged(target) == DATA


def test_a_small_file_is_one_stream() -> None:
    run, _, source, _ = _wide_run(DATA[: 2 * PART - 1])
    transfer(run)
    assert source.ranges == [(0, None)]


class Endless(Wide):
    """A large file that nobody holds in memory, and a place that forgets what it is given."""

    size = 96 << 20
    piece = 2 << 20

    def __init__(self, *, streams: int) -> None:
        super().__init__(streams=streams)
        self.taken = 0

    @property
    def caps(self) -> Capabilities:
        parts = Parts(order="any", min_size=1, max_size=self.piece)
        return replace(super().caps, parts=parts)

    def stat(self, path: str, *, follow: bool = False) -> Entry:
        return Entry(path, "a", Kind.FILE, size=self.size, version="1")

    @contextmanager
    def read(  # type: ignore[override]
        self, path: str, *, offset: int = 0, length: int | None = None, version: str | None = None
    ) -> Iterator[Zeros]:
        yield Zeros(self.stat(path), self.size - offset if length is None else length)

    def put_part(self, upload: str, index: int, offset: int, body: Body) -> str:
        for chunk in body:
            self.taken += len(chunk)
        return ""


class Zeros:
    def __init__(self, entry: Entry, length: int) -> None:
        self.entry = entry
        self._length = length

    def chunks(self) -> Iterator[Buffer]:
        chunk = bytes(1 << 18)
        for start in range(0, self._length, len(chunk)):
            yield memoryview(chunk)[: self._length - start]


def test_memory_is_bounded_by_streams_and_part_size_whatever_the_file() -> None:
    streams = 4
    place = Endless(streams=streams)
    run, kept = transferring(place, place, streams=streams)
    tracemalloc.start()
    try:
        transfer(run)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (place.taken, kept.job.size) == (place.size, place.size)
    assert place.piece < peak < streams * place.piece + (2 << 20)


# In the engine


@pytest.fixture
def wide(case: QueueCase) -> QueueCase:
    case.left, case.right = Wide(), Wide()
    case.places[LEFT], case.places[RIGHT] = case.left, case.right
    case.left.put("/a", DATA)
    case.left.put("/first", b"x")
    case.finish(case.copy("/first"))  # opens both: how many connections are polite is known
    return case


def test_a_large_file_arrives_whole_and_proven(wide: QueueCase) -> None:
    (job,) = wide.finish(wide.copy())
    assert (job.state, job.reason) == (S.DONE, "")
    assert job.proof is not None and job.proof.word is ProofWord.SHA256
    assert wide.right.get("/a") == DATA
    assert isinstance(wide.left, Wide) and len(wide.left.ranges) > 2


@pytest.mark.parametrize("restarted", [False, True])
def test_A7_parts_stored_before_a_stop_are_not_sent_again(wide: QueueCase, restarted: bool) -> None:
    wide.right.store.fail = hold = Hold("put_part", nth=6, times=STREAMS)
    number = wide.copy()
    hold.wait()
    wide.engine.send(Pause((number,)))
    hold.release()
    wide.reach(number, S.PAUSED)
    sent = wide.job(number).sent
    assert sent >= PART
    if restarted:
        wide.restart()
    assert isinstance(wide.left, Wide)
    wide.left.ranges.clear()
    wide.engine.send(Resume((number,)))
    assert wide.finish(number)[0].state is S.DONE
    assert wide.right.get("/a") == DATA
    sending = [(at, length) for at, length in wide.left.ranges if (at, length) != (0, sent)]
    assert min(at for at, _ in sending) == sent


def test_a_cancel_leaves_neither_thread_nor_byte(wide: QueueCase) -> None:
    wide.right.store.fail = hold = Hold("put_part", nth=5, times=STREAMS)
    number = wide.copy()
    hold.wait()
    wide.engine.send(Cancel((number,)))
    hold.release()
    (job,) = wide.finish(number)
    assert (job.state, job.begun) == (S.CANCELLED, False)
    assert wide.right.paths() == ["/first"]
    assert [t.name for t in threading.enumerate() if t.name.startswith(f"transfer-{number}-")] == []


def test_C7_a_source_that_sends_the_whole_for_a_part_is_read_as_one_stream(
    wide: QueueCase,
) -> None:
    class Whole(Wide):
        @contextmanager
        def read(
            self,
            path: str,
            *,
            offset: int = 0,
            length: int | None = None,
            version: str | None = None,
        ) -> Iterator[MemoryReader]:
            if offset:
                raise RangeIgnored(path)
            with super().read(path, version=version) as reader:
                yield reader

    wide.left = wide.places[LEFT] = Whole()
    wide.restart()
    wide.left.put("/a", DATA)
    wide.left.put("/second", b"x")
    wide.finish(wide.copy("/second"))
    (job,) = wide.finish(wide.copy())
    assert (job.state, job.reason) == (S.DONE, "")
    assert wide.right.get("/a") == DATA
    assert wide.right.leftovers() == []
