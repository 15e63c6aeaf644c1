"""quickXorHash: the vectors of others, any chunking, and fast enough to go along with bytes."""

from __future__ import annotations

import base64
import os
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.onedrive.quickxor import QuickXor, base64_of, hex_of

VECTORS = {  # the first six are of rclone's quickxorhash_test.go, one of Graph's documentation
    b"": "AAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    base64.b64decode("Sg=="): "SgAAAAAAAAAAAAAAAQAAAAAAAAA=",
    base64.b64decode("tbQ="): "taAFAAAAAAAAAAAAAgAAAAAAAAA=",
    base64.b64decode("0pZP"): "0rDEEwAAAAAAAAAAAwAAAAAAAAA=",
    base64.b64decode("T6LYJIfDh81JrAK309H2JMJTXis="): "zBTHrspn3mEcohlJdIUAbjGNaNg=",
    base64.b64decode("DWAAX5/CIfrmErgZa8ot6ZraeSbu"): "LR2Z0PjuRYGKQB/mhQAuMrAGZbQ=",
    b"The contents of the file goes here.": "ReSWVXEBRVw+tb7EXyMlJRtIB58=",
    b"hello world": "aCgDG9jwBhDc4Q1yawMZAAAAAAA=",
    bytes(range(256)): "QkGEfSisZcA7k+FCh71r2dbCayY=",
    bytes(1000): "AAAAAAAAAAAAAAAA6AMAAAAAAAA=",
}
STEP = 32 * 1760  # what is folded at once: its edges are worth a look
FLOOR = 100.0  # MB/s; it makes some 1,000, and the loop below 5


def naive(data: bytes) -> bytes:
    """The definition, byte by byte."""
    value = 0
    for number, byte in enumerate(data):
        shifted = byte << number * 11 % 160
        value ^= (shifted | shifted >> 160) & (1 << 160) - 1
    return (value ^ len(data) << 96).to_bytes(20, "little")


def taken_in(*pieces: bytes) -> QuickXor:
    hasher = QuickXor()
    for piece in pieces:
        hasher.update(piece)
    return hasher


@pytest.mark.parametrize("data", VECTORS, ids=len)
def test_the_digest_is_what_others_make_of_it(data: bytes) -> None:
    made = taken_in(data).hexdigest()
    assert base64_of(made) == VECTORS[data]
    assert hex_of(VECTORS[data]) == made


@given(st.lists(st.binary(max_size=3000), max_size=8))
def test_however_the_bytes_come_it_is_the_definitions(pieces: list[bytes]) -> None:
    assert taken_in(*pieces).digest() == naive(b"".join(pieces))


@given(st.lists(st.integers(-2, 2), min_size=1, max_size=3), st.integers(1, STEP * 2))
def test_at_the_edges_of_a_step(around: list[int], first: int) -> None:
    data = bytes(range(251)) * (STEP * 4 // 251)
    ends = [first, *(STEP * number + by for number, by in enumerate(around, 1)), len(data)]
    pieces, at = [], 0
    for end in sorted(ends):
        pieces.append(data[at:end])
        at = end
    assert taken_in(*pieces).digest() == taken_in(data).digest()


def test_several_steps_are_the_definitions() -> None:
    data = bytes(range(251)) * (STEP * 2 // 251 + 3)
    assert taken_in(data).digest() == naive(data)


def test_a_copy_goes_on_by_itself() -> None:
    one = taken_in(b"a" * 1000)
    other = one.copy()
    one.update(b"b")
    other.update(b"c")
    assert one.hexdigest() == naive(b"a" * 1000 + b"b").hex()
    assert other.hexdigest() == naive(b"a" * 1000 + b"c").hex()


@pytest.mark.parametrize("stated", ["", "AAAA", "not base64", "é", VECTORS[b""] * 2])
def test_what_is_no_digest_is_none(stated: str) -> None:
    assert hex_of(stated) == ""


def test_it_takes_in_bytes_far_faster_than_one_by_one() -> None:
    data, hasher = memoryview(os.urandom(8 << 20)), QuickXor()
    best = 0.0
    for _ in range(5):
        began = time.perf_counter()
        for start in range(0, len(data), 1 << 20):
            hasher.update(data[start : start + (1 << 20)])
        best = max(best, len(data) / 1e6 / (time.perf_counter() - began))
    assert best > FLOOR, f"{best:,.0f} MB/s"
