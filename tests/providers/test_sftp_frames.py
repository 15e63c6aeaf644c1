"""Packets of a stream are put together whole, however it was cut."""

from __future__ import annotations

import random

from providers.sftp.frames import Frames
from providers.sftp.protocol import MAX_PACKET


def packet(size: int, chance: random.Random) -> bytes:
    return size.to_bytes(4, "big") + chance.randbytes(size)


def all_of(frames: Frames) -> list[bytes]:
    return [bytes(taken) for taken in iter(frames.take, b"")]


def is_whole(taken: bytes) -> bool:
    at = 0
    while at < len(taken):
        at += 4 + int.from_bytes(taken[at : at + 4], "big")
    return at == len(taken)


def test_however_a_stream_is_cut_its_packets_come_whole_and_in_order() -> None:
    for seed in range(300):
        chance = random.Random(seed)
        sizes = [chance.choice([0, 1, 5, 28, 300, 5000]) for _ in range(20)]
        stream = b"".join(packet(size, chance) for size in sizes)
        longest = chance.choice([1, 3, 7, 64, 1000, 32768])
        frames, taken, at = Frames(), [], 0
        while at < len(stream):
            piece = stream[at : at + chance.randint(1, longest)]
            frames.feed(memoryview(piece))
            at += len(piece)
            if chance.random() < 0.5:
                taken += all_of(frames)
        taken += all_of(frames)
        assert b"".join(taken) == stream
        assert all(map(is_whole, taken))
        assert len(frames) == 0


def test_the_memory_that_was_fed_may_be_used_again() -> None:
    chance = random.Random(1)
    stream = packet(10, chance) + packet(10, chance)
    memory, frames = bytearray(stream[:20]), Frames()
    frames.feed(memoryview(memory))
    memory[:] = bytes(20)
    frames.feed(memoryview(stream[20:]))
    assert b"".join(all_of(frames)) == stream


def test_what_is_not_whole_is_kept_back() -> None:
    frames = Frames()
    frames.feed(memoryview(b"\0\0\0\x05abcd"))
    assert (frames.take(), len(frames)) == (b"", 0)
    frames.feed(memoryview(b"e"))
    assert (len(frames), bytes(frames.take())) == (9, b"\0\0\0\x05abcde")


def test_what_claims_to_be_too_long_comes_at_once_as_it_is() -> None:
    """The session refuses it; nothing is set aside for what it claims."""
    frames = Frames()
    claim = (MAX_PACKET + 1).to_bytes(4, "big")
    for piece in (claim + b"ab", b"Welcome to the server!\n"):
        frames.feed(memoryview(piece))
        assert bytes(frames.take()) == piece
