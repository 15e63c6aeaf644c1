"""The emulator's quickXorHash against the contract's vectors, and against a hash bit by bit."""

from __future__ import annotations

from base64 import b64decode

import pytest

from providers.sandbox.graph.quickxor import quick_xor_hash
from tests.graph.hashes import quick_xor

VECTORS = [
    (b"", "AAAAAAAAAAAAAAAAAAAAAAAAAAA="),
    (b64decode("Sg=="), "SgAAAAAAAAAAAAAAAQAAAAAAAAA="),
    (b64decode("tbQ="), "taAFAAAAAAAAAAAAAgAAAAAAAAA="),
    (b64decode("0pZP"), "0rDEEwAAAAAAAAAAAwAAAAAAAAA="),
    (b64decode("T6LYJIfDh81JrAK309H2JMJTXis="), "zBTHrspn3mEcohlJdIUAbjGNaNg="),
    (b64decode("DWAAX5/CIfrmErgZa8ot6ZraeSbu"), "LR2Z0PjuRYGKQB/mhQAuMrAGZbQ="),
    (b"hello world", "aCgDG9jwBhDc4Q1yawMZAAAAAAA="),
    (b"The contents of the file goes here.", "ReSWVXEBRVw+tb7EXyMlJRtIB58="),
    (bytes(range(256)), "QkGEfSisZcA7k+FCh71r2dbCayY="),
    (bytes(1000), "AAAAAAAAAAAAAAAA6AMAAAAAAAA="),
]


@pytest.mark.parametrize(("data", "expected"), VECTORS, ids=lambda value: str(len(value)))
def test_vectors(data: bytes, expected: str) -> None:
    assert quick_xor_hash(data) == expected
    assert quick_xor(data) == expected


@pytest.mark.parametrize("size", [159, 160, 161, 319, 320, 1760, 1761, 5000])
def test_sizes_around_the_turns(size: int) -> None:
    data = bytes(index * 7 % 253 for index in range(size))
    assert quick_xor_hash(data) == quick_xor(data)
