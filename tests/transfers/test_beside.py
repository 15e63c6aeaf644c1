"""Digests that are made while bytes move: of every byte, in order, and of nothing else."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from providers.base import Reader
from providers.errors import Denied
from providers.local import LocalProvider
from transfers.beside import Digesting, ReadBehind
from transfers.control import Stop, Stopped

LARGE = bytes(range(256)) * 4096  # 1 MiB
SMALL = b"small"


def _names() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("digest")]


def test_large_and_small_chunks_are_digested_in_order() -> None:
    hasher = hashlib.sha256()
    buffer = bytearray(LARGE)
    with Digesting(hasher) as digesting:
        for _ in range(3):
            for chunk in (memoryview(buffer), memoryview(SMALL)):
                digesting.take(chunk)
                digesting.settle()
            buffer.reverse()  # the reader fills its buffer again
    expected = LARGE + SMALL + LARGE[::-1] + SMALL + LARGE + SMALL
    assert hasher.digest() == hashlib.sha256(expected).digest()
    assert _names() == []


def _check() -> None:
    pass


def test_what_is_stored_is_read_back_behind_the_writing(tmp_path: Path) -> None:
    stored = tmp_path / "stored"
    with ReadBehind(LocalProvider(), str(stored), _check) as behind:
        for number in range(1, 4):
            with stored.open("ab") as file:
                file.write(LARGE)
            behind.follow(number * len(LARGE))
        assert behind.digest(3 * len(LARGE)) == hashlib.sha256(LARGE * 3).hexdigest()
    assert _names() == []


def test_bytes_that_are_missing_give_no_digest(tmp_path: Path) -> None:
    stored = tmp_path / "stored"
    stored.write_bytes(LARGE)
    with ReadBehind(LocalProvider(), str(stored), _check) as behind:
        behind.follow(len(LARGE) + 1)
        assert behind.digest(len(LARGE) + 1) == ""
        behind.follow(len(LARGE))
        assert behind.digest(len(LARGE) + 1) == ""


class _Refusing(LocalProvider):
    refused = True

    @contextmanager
    def read(
        self,
        path: str,
        *,
        offset: int = 0,
        length: int | None = None,
        version: str | None = None,
    ) -> Iterator[Reader]:  # type: ignore[override]
        if self.refused:
            raise Denied(path)
        with super().read(path, offset=offset, length=length, version=version) as reader:
            yield reader


def test_a_refusal_meanwhile_leaves_no_gap(tmp_path: Path) -> None:
    stored = tmp_path / "stored"
    stored.write_bytes(LARGE * 2)
    place = _Refusing()
    with ReadBehind(place, str(stored), _check) as behind:
        behind.follow(len(LARGE))
        assert behind.digest(len(LARGE)) == ""
        place.refused = False
        behind.follow(2 * len(LARGE))
        assert behind.digest(2 * len(LARGE)) == hashlib.sha256(LARGE * 2).hexdigest()


def test_a_stop_ends_the_reading(tmp_path: Path) -> None:
    stored = tmp_path / "stored"
    stored.write_bytes(LARGE)

    def stopped() -> None:
        raise Stopped(Stop.PAUSE)

    with ReadBehind(LocalProvider(), str(stored), stopped) as behind:
        behind.follow(len(LARGE))
        assert behind.digest(len(LARGE)) == ""


@pytest.mark.parametrize("flipped", [0, len(LARGE) - 1])
def test_what_the_disk_altered_shows(tmp_path: Path, flipped: int) -> None:
    stored = tmp_path / "stored"
    altered = bytearray(LARGE)
    altered[flipped] ^= 1
    stored.write_bytes(altered)
    with ReadBehind(LocalProvider(), str(stored), _check) as behind:
        behind.follow(len(LARGE))
        assert behind.digest(len(LARGE)) == hashlib.sha256(altered).hexdigest()
