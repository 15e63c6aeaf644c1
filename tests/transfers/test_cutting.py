"""How a file is cut on its way: by size, by time, and so that memory and losses stay bounded."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from providers.base import Body, Capabilities, Parts
from tests.transfers.queue_case import PART, Memory
from tests.transfers.run_case import transferring
from transfers.cutting import (
    LARGEST_PART,
    PART_SECONDS,
    largest_piece,
    next_piece,
    part_size,
    useful_streams,
    wanted_length,
)
from transfers.transfer import transfer

DATA = os.urandom(12 * PART + 77)


class Cut(Memory):
    def __init__(self, parts: Parts, streams: int = 1) -> None:
        super().__init__()
        self._parts, self._streams = parts, streams

    @property
    def caps(self) -> Capabilities:
        return replace(super().caps, parts=self._parts, streams=self._streams)


MIB = 1 << 20


@pytest.mark.parametrize(
    ("parts", "streams", "size", "expected"),
    [
        (Parts("any", 1, 1 << 40), 1, 1 << 40, 64 * MIB),
        (Parts("any", 1, 1 << 40), 4, 1 << 40, 64 * MIB),
        (Parts("sequential", 1, 1 << 62, max_count=1), 4, 1 << 40, 1 << 62),
        (Parts("sequential", 1, 1 << 62, max_count=1), 1, None, 1 << 62),
        (Parts("any", 5 * MIB, 5 << 30, max_count=10_000), 1, 1 << 30, 64 * MIB),
        (Parts("any", 5 * MIB, 5 << 30, max_count=10_000), 4, 1 << 30, 16 * MIB),
        (Parts("any", 5 * MIB, 5 << 30, max_count=10_000), 4, 10_000 * 80 * MIB, 80 * MIB),
        (Parts("sequential", 320 << 10, 60 * MIB, 320 << 10), 1, 1 << 30, 60 * MIB),
        (Parts("any", 1, 100, 7), 1, None, 98),
    ],
)
def test_parts_are_as_large_as_a_loss_may_cost_or_a_place_demands(
    parts: Parts, streams: int, size: int | None, expected: int
) -> None:
    assert part_size(Memory(), Cut(parts, streams), size) == expected


@pytest.mark.parametrize("streams", [2, 3, 4, 8, 16])
@pytest.mark.parametrize(
    "parts", [Parts("any", 1, 1 << 40), Parts("any", 5 * MIB, 5 << 30, max_count=10_000)]
)
def test_all_streams_together_hold_no_more_than_one_largest_part(
    parts: Parts, streams: int
) -> None:
    for size in (1 << 26, 1 << 30, 10_000 * 40 * MIB, 10_000 * 80 * MIB):
        target = Cut(parts, streams)
        useful = useful_streams(Memory(), target, size, size)
        piece = largest_piece(Memory(), target, size)
        assert useful == 1 or useful * piece <= LARGEST_PART
        assert useful <= streams


def test_pieces_grow_on_a_fast_line_and_shrink_on_a_slow_one() -> None:
    assert next_piece(MIB, 0.1, 16 * MIB) == 4 * MIB
    assert next_piece(MIB, 1.0, 16 * MIB) == 2 * MIB
    assert next_piece(8 * MIB, 0.1, 16 * MIB) == 16 * MIB
    assert next_piece(16 * MIB, 0.1, 16 * MIB) == 16 * MIB
    assert next_piece(4 * MIB, 3.0, 16 * MIB) == 4 * MIB
    assert next_piece(4 * MIB, 9.0, 16 * MIB) == 2 * MIB
    assert next_piece(MIB, 60.0, 16 * MIB) == MIB


class Slow(Memory):
    """Each chunk takes two seconds of the clock."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.lengths: list[int] = []

    @property
    def caps(self) -> Capabilities:
        return replace(super().caps, parts=Parts(order="any", min_size=1, max_size=1 << 30))

    def put_part(self, upload: str, index: int, offset: int, body: Body) -> str:
        def slowly() -> Body:
            for chunk in body:
                self.now += 2.0
                yield chunk

        receipt = super().put_part(upload, index, offset, slowly())
        self.lengths.append(int(receipt))
        return receipt


def test_a_part_on_a_slow_line_ends_after_five_seconds() -> None:
    source, target = Memory(), Slow()
    source.put("/a", DATA)
    run, kept = transferring(source, target, clock=lambda: target.now)
    transfer(run)
    assert target.lengths == [3 * PART] * 4 + [77]
    assert kept.sent == [3 * PART, 6 * PART, 9 * PART, 12 * PART]
    assert target.get(target.leftovers()[0]) == DATA


def test_a_place_that_wants_parts_of_a_size_gets_no_shorter_ones() -> None:
    class Rigid(Slow):
        @property
        def caps(self) -> Capabilities:
            return replace(super().caps, parts=Parts("any", min_size=5 * PART, max_size=5 * PART))

    source, target = Memory(), Rigid()
    source.put("/a", DATA)
    run, _ = transferring(source, target, clock=lambda: target.now)
    transfer(run)
    assert target.lengths == [5 * PART, 5 * PART, 2 * PART + 77]


def test_a_place_that_takes_long_to_bring_bytes_to_its_disk_does_not_stand_still() -> None:
    """The watchdog looks at what flows: a server may be busy with its fsync for minutes."""
    moving: list[bool] = []

    class Syncing(Memory):
        def put_part(self, upload: str, index: int, offset: int, body: Body) -> str:
            def watched() -> Body:
                for chunk in body:
                    moving.append(run.control.moving)
                    yield chunk

            receipt = super().put_part(upload, index, offset, watched())
            moving.append(run.control.moving)
            return receipt

    source, target = Memory(), Syncing()
    source.put("/a", DATA[:PART])
    run, _ = transferring(source, target)
    transfer(run)
    assert moving == [True, False]


def test_a_piece_cut_before_others_grew_does_not_shorten_what_follows() -> None:
    mib = 1 << 20
    assert wanted_length(mib, 0.1, 8 * mib, 16 * mib) == 8 * mib
    assert wanted_length(8 * mib, 0.1, 8 * mib, 16 * mib) == 16 * mib
    assert wanted_length(mib, 1.5, 8 * mib, 16 * mib) == 8 * mib  # it had to connect first
    assert wanted_length(16 * mib, PART_SECONDS + 1, 16 * mib, 16 * mib) == 8 * mib
