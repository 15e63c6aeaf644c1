"""The bytes of a file on their way: cut into parts, counted, digested, slowed and stopped."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.base import Buffer, Entry
from tests.transfers.samples import make_entry
from transfers.beside import Following
from transfers.control import Control, Stop, Stopped
from transfers.limit import Limiter
from transfers.stream import Stream


class Chunks:
    """A reader that gives these chunks, each in the one buffer that the last one was in."""

    def __init__(self, chunks: Sequence[bytes]) -> None:
        self._chunks = chunks

    @property
    def entry(self) -> Entry:
        return make_entry()

    def chunks(self) -> Iterator[Buffer]:
        buffer = bytearray(max(map(len, self._chunks), default=0))
        for chunk in self._chunks:
            buffer[: len(chunk)] = chunk
            yield memoryview(buffer)[: len(chunk)]


def _stream(
    chunks: Sequence[bytes], control: Control | None = None, limiter: Limiter | None = None
) -> Stream:
    unlimited = Limiter(lambda: 0.0)
    return Stream(
        Chunks(chunks), Following(hashlib.sha256()), control or Control(), limiter or unlimited
    )


@given(st.lists(st.binary(max_size=12), max_size=12), st.integers(1, 9))
def test_parts_are_cut_right_however_the_reader_cuts(chunks: list[bytes], size: int) -> None:
    control = Control()
    hasher = hashlib.sha256()
    stream = Stream(Chunks(chunks), Following(hasher), control, Limiter(lambda: 0.0))
    parts = []
    while not stream.at_end():
        parts.append(b"".join(bytes(piece) for piece in stream.part(size)))
    whole = b"".join(chunks)
    assert parts == [whole[i : i + size] for i in range(0, len(whole), size)]
    assert hasher.digest() == hashlib.sha256(whole).digest()
    assert stream.taken == control.gauge.moved == len(whole)


def test_a_part_without_a_length_is_all_that_comes() -> None:
    stream = _stream([b"ab", b"", b"cde"])
    assert [bytes(piece) for piece in stream.part(None)] == [b"ab", b"cde"]
    assert stream.at_end()


@pytest.mark.parametrize("why", Stop)
def test_a_stop_acts_between_two_chunks(why: Stop) -> None:
    control = Control()
    stream = _stream([b"one", b"two"], control)
    pieces = stream.part(None)
    assert bytes(next(pieces)) == b"one"
    control.stop(why)
    with pytest.raises(Stopped) as stopped:
        next(pieces)
    assert stopped.value.why is why
    assert stream.taken == 3


def test_the_limiter_acts_on_each_chunk() -> None:
    waits: list[float] = []

    class Patient(Control):
        def sleep(self, seconds: float) -> None:
            waits.append(seconds)

    stream = _stream([b"x" * 100] * 3, Patient(), Limiter(lambda: 0.0, rate=1000))
    list(stream.part(None))
    assert waits == [pytest.approx(0.1), pytest.approx(0.2), pytest.approx(0.3)]


def test_a_limit_that_is_lifted_ends_the_wait_for_it() -> None:
    limiter = Limiter(lambda: 0.0, rate=1)
    waited = 0.0

    class Patient(Control):
        def sleep(self, seconds: float) -> None:
            nonlocal waited
            waited += seconds
            limiter.set_rate(0)

    list(_stream([b"x" * 100_000], Patient(), limiter).part(None))
    assert waited <= 1.0


def test_a_stop_ends_the_wait_for_the_limiter() -> None:
    control = Control()

    class Watched(Limiter):
        def take(self, count: int) -> float:
            control.stop(Stop.PAUSE)
            return 3600.0

    stream = _stream([b"x"], control, Watched(lambda: 0.0, rate=1))
    with pytest.raises(Stopped):
        list(stream.part(None))


def test_a_cancel_overrules_a_pause_and_nothing_overrules_a_cancel() -> None:
    control = Control()
    for why in (Stop.PAUSE, Stop.CANCEL, Stop.PAUSE, Stop.QUIT):
        control.stop(why)
    with pytest.raises(Stopped) as stopped:
        control.check()
    assert stopped.value.why is Stop.CANCEL


def test_a_pause_is_not_forgotten_when_the_queue_quits() -> None:
    control = Control()
    control.stop(Stop.PAUSE)
    control.stop(Stop.QUIT)
    with pytest.raises(Stopped) as stopped:
        control.check()
    assert stopped.value.why is Stop.PAUSE


def test_a_limit_cuts_large_chunks_into_small_steps() -> None:
    seconds = map(float, range(10_000))  # time enough between any two looks at the clock
    stream = _stream([b"x" * 50_000], limiter=Limiter(lambda: 0.0, rate=1 << 30))
    assert [len(chunk) for chunk in stream.part(None)] == [50_000]
    slow = _stream([b"x" * 100_000], limiter=Limiter(lambda: next(seconds), rate=80_000))
    assert [len(chunk) for chunk in slow.part(None)] == [10_000] * 10


@pytest.mark.parametrize(
    ("seconds", "steps"),
    [(0.0, [64, 128, 256, 512, 1024, 64]), (1.0, [64] * 32), (5.0, [64, 32, 16, 8, 4, 4, 4])],
)
def test_B5_steps_follow_how_fast_the_place_takes_them(seconds: float, steps: list[int]) -> None:
    """What was handed out counts as moved: on a slow line that is to be little at a time."""
    now = [0.0]
    reader, limiter = Chunks([bytes(2 << 20)]), Limiter(lambda: 0.0)
    stream = Stream(reader, Following(hashlib.sha256()), Control(), limiter, lambda: now[0])
    sizes = []
    for chunk in stream.part(None):
        sizes.append(len(chunk) >> 10)
        now[0] += seconds
    assert sizes[: len(steps)] == steps
