"""Several parts of one file at once: read, digested in their order, and stored.

Each thread carries one piece at a time, in memory, so that no more than threads x piece are held.
What is digested is the very memory that is sent; the digest is one over the whole file.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from providers.base import Buffer, Filler, Provider, Reader
from providers.errors import RangeIgnored, SourceChanged
from providers.records import dataclass
from transfers.beside import StoredAlike
from transfers.cutting import cut_anywhere, first_piece, largest_piece, wanted_length
from transfers.digests import Digests
from transfers.progress import Progress
from transfers.run import Run, WritableProvider
from transfers.stream import largest_step, slow_down

_STEP = 128 << 10  # bytes moved at once, at first: a slow line is to be seen to move
_LARGEST_STEP = 1 << 20
_SOON = 0.05  # seconds for a step: the next is larger


class _Halted(Exception):
    """Another thread failed: this one has nothing more to do."""


@dataclass(frozen=True, slots=True)
class _Piece:
    number: int
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class _Stored:
    piece: _Piece
    receipt: str
    hasher: Digests


class _Body:
    """The memory of a piece on its way to its place; `steps` hands it out, counted and slowed.

    Asked for again, it is all there at once: what is sent anew was counted.
    """

    def __init__(self, memory: memoryview, steps: Iterator[Buffer]) -> None:
        self.memory = memory
        self._steps: Iterator[Buffer] | None = steps

    def __iter__(self) -> Iterator[Buffer]:
        steps, self._steps = self._steps, None
        return iter((self.memory,)) if steps is None else steps


class _Turns:
    """Lets pieces pass one after the other, in their order."""

    def __init__(self, first: int) -> None:
        self._next = first
        self._changed = threading.Condition()
        self._halted = False

    @contextmanager
    def of(self, piece: _Piece) -> Iterator[None]:
        """Wait until every piece before this one has passed. Raises _Halted."""
        with self._changed:
            self._changed.wait_for(lambda: self._halted or self._next == piece.number)
            if self._halted:
                raise _Halted
        yield
        with self._changed:
            self._next += 1
            self._changed.notify_all()

    def halt(self) -> None:
        with self._changed:
            self._halted = True
            self._changed.notify_all()


class Parallel:
    """Moves what `progress` lacks of a file whose size is known, with `streams` threads."""

    def __init__(
        self,
        run: Run,
        source: Provider,
        target: WritableProvider,
        progress: Progress,
        streams: int,
        stored: StoredAlike | None = None,
    ) -> None:
        start = progress.reached
        self._alike = stored
        self._run, self._control = run, run.control
        self._source, self._target = source, target
        self._progress, self._streams = progress, streams
        self._upload, self._version = start.upload, start.version
        self._size = start.size or 0
        self._largest = largest_piece(source, target, self._size)
        self._cut_anywhere = cut_anywhere(target)
        parts = target.caps.parts
        self._in_order = parts is not None and parts.order == "sequential"
        # The limit is for the network: it acts where the bytes come from it, or go to it.
        self._slow_reading = target.caps.near and not source.caps.near
        self._hasher = progress.hasher()
        self._digesting = _Turns(progress.number)
        self._storing = _Turns(progress.number)
        self._answers: queue.SimpleQueue[_Stored | None] = queue.SimpleQueue()
        self._changed = threading.Condition()  # guards what follows
        self._next = (progress.number, start.offset)
        self._stored = start.offset  # up to here nothing is missing
        self._length = first_piece(self._largest) if self._cut_anywhere else self._largest
        self._flowing = 0
        self._halted = False
        self._failure: Exception | None = None

    def work(self) -> None:
        """Raises what the first thread raised that failed; all are gone by then."""
        name = threading.current_thread().name
        threads: list[threading.Thread] = []
        try:
            for n in range(self._streams):
                thread = threading.Thread(target=self._carry_all, name=f"{name}-{n}", daemon=True)
                thread.start()
                threads.append(thread)
            self._take_in(len(threads))
        finally:
            self._halt(None)
            for thread in threads:
                thread.join()
        if self._failure is not None:
            raise self._failure

    def _take_in(self, working: int) -> None:
        """Have what was stored journaled, as far as nothing is missing before it."""
        early: dict[int, _Stored] = {}
        while working:
            answer = self._answers.get()
            if answer is None:
                working -= 1
                continue
            early[answer.piece.number] = answer
            while (ready := early.pop(self._progress.number, None)) is not None:
                self._progress.stored(ready.piece.length, ready.receipt, ready.hasher)
            with self._changed:
                self._stored = self._progress.reached.offset
                self._changed.notify_all()

    def _halt(self, failure: Exception | None) -> None:
        with self._changed:
            self._halted = True
            self._failure = self._failure or failure
            self._changed.notify_all()
        self._digesting.halt()
        self._storing.halt()

    # In each thread ---------------------------------------------------------------------------

    def _carry_all(self) -> None:
        thread = threading.get_ident()
        self._control.threads.add(thread)
        try:
            memory = bytearray(self._largest)
            while (piece := self._take_piece()) is not None:
                self._carry(piece, memory)
        except _Halted:
            pass
        except Exception as error:  # noqa: BLE001 - raised again by the run's own thread
            self._halt(error)
        finally:
            self._control.threads.discard(thread)
            self._answers.put(None)

    def _take_piece(self) -> _Piece | None:
        """The next one, once no more than streams x piece would be lost with it in a crash."""
        with self._changed:
            self._changed.wait_for(lambda: self._halted or self._within_reach())
            number, offset = self._next
            if self._halted or offset >= self._size:
                return None
            piece = _Piece(number, offset, min(self._length, self._size - offset))
            self._next = (number + 1, offset + piece.length)
            return piece

    def _within_reach(self) -> bool:
        return self._next[1] + self._length - self._stored <= self._streams * self._largest

    def _carry(self, piece: _Piece, held: bytearray) -> None:
        began, memory = self._run.clock(), memoryview(held)[: piece.length]
        self._read(piece, memory)
        with self._digesting.of(piece):
            self._hasher.update(memory)
            hasher = self._hasher.copy()
        if self._in_order:
            with self._storing.of(piece):
                receipt = self._put(piece, memory)
        else:
            receipt = self._put(piece, memory)
        if self._alike is not None:
            self._alike.compare(piece.offset, held, piece.length)
        self._answers.put(_Stored(piece, receipt, hasher))
        if self._cut_anywhere:
            with self._changed:
                took = self._run.clock() - began
                self._length = wanted_length(piece.length, took, self._length, self._largest)

    def _read(self, piece: _Piece, memory: memoryview) -> None:
        path, filled = self._run.job.source.path, 0
        with (
            self._flows(),
            self._source.read(
                path, offset=piece.offset, length=piece.length, version=self._version
            ) as reader,
        ):
            for count in self._filled(reader, memory):
                after = filled + count
                # A byte that was read is half way across: a slow source is not a standstill.
                self._pass(count, after // 2 - filled // 2, limited=self._slow_reading)
                filled = after
        if filled < piece.length:
            raise SourceChanged(path, "the file ended before its size")

    def _filled(self, reader: Reader, memory: memoryview) -> Iterator[int]:
        """How many bytes came, each time some did. Raises RangeIgnored for more than there should
        be."""
        filled = 0
        if isinstance(reader, Filler):
            while memory and (count := reader.fill(memory[: self._step(_LARGEST_STEP)])):
                memory = memory[count:]
                yield count
            if not memory and reader.fill(memoryview(bytearray(1))):
                raise RangeIgnored(self._run.job.source.path)
            return
        for chunk in reader.chunks():
            after = filled + len(chunk)
            if after > len(memory):
                raise RangeIgnored(self._run.job.source.path)
            memory[filled:after] = chunk
            filled = after
            yield len(chunk)

    def _step(self, most: int) -> int:
        return min(most, largest_step(self._run.limiter) or most)

    def _put(self, piece: _Piece, memory: memoryview) -> str:
        body = _Body(memory, self._steps(memory))
        return self._target.put_part(self._upload, piece.number, piece.offset, body)

    def _steps(self, memory: memoryview) -> Iterator[Buffer]:
        with self._flows():
            start, step = 0, _STEP
            while start < len(memory):
                chunk = memory[start : start + self._step(step)]
                end = start + len(chunk)
                crossed = (end + 1) // 2 - (start + 1) // 2
                self._pass(len(chunk), crossed, limited=not self._slow_reading)
                began = self._run.clock()
                yield chunk
                soon = self._run.clock() - began < _SOON
                step = min(step * 2, _LARGEST_STEP) if soon else max(step // 2, _STEP)
                start = end

    def _pass(self, count: int, crossed: int, *, limited: bool) -> None:
        """What acts on each chunk. `crossed`: how many bytes it counts for."""
        if self._halted:
            raise _Halted
        self._control.check()
        if limited:
            slow_down(self._control, self._run.limiter, count)
        with self._changed:
            self._control.gauge.add(crossed)

    @contextmanager
    def _flows(self) -> Iterator[None]:
        """Outside of these blocks a place brings bytes to its disk: no standstill."""
        self._count_flowing(1)
        try:
            yield
        finally:
            self._count_flowing(-1)

    def _count_flowing(self, change: int) -> None:
        with self._changed:
            self._flowing += change
            self._control.moving = self._flowing > 0
