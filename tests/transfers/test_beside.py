"""What follows the moving bytes: each is digested and compared, in order, and nothing else."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.base import Reader
from providers.errors import Denied
from providers.local import LocalProvider
from transfers.beside import Following, StoredAlike
from transfers.control import Stop, Stopped

LARGE = bytes(range(256)) * 4096  # 1 MiB
SMALL = b"small"


def _names() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("digest")]


def _check() -> None:
    pass


def _alike(path: Path) -> StoredAlike:
    return StoredAlike(LocalProvider(), str(path), _check)


def _sent(following: Following, chunks: Sequence[bytes], path: Path | None = None) -> None:
    """Each in the one buffer that the last was in, and into the file `path`."""
    buffer = bytearray(max(map(len, chunks)))
    for chunk in chunks:
        buffer[: len(chunk)] = chunk
        kept = following.keep(memoryview(buffer)[: len(chunk)])
        if path is not None:
            with path.open("ab") as file:
                file.write(kept)
        following.sent()
    following.settle()


@given(st.lists(st.sampled_from([1, 5, 262_143, 262_144, 500_000, 1 << 20]), max_size=25))
def test_every_byte_is_digested_in_its_order(lengths: list[int]) -> None:
    chunks = [bytes([number]) * length for number, length in enumerate(lengths)] or [b""]
    hasher = hashlib.sha256()
    with Following(hasher) as following:
        _sent(following, chunks)
        assert hasher.digest() == hashlib.sha256(b"".join(chunks)).digest()
        _sent(following, [SMALL])
    assert hasher.digest() == hashlib.sha256(b"".join(chunks) + SMALL).digest()
    assert _names() == []


def test_small_files_need_no_thread(tmp_path: Path) -> None:
    stored = _alike(tmp_path / "stored")
    with Following(hashlib.sha256(), stored) as following:
        _sent(following, [SMALL] * 3, tmp_path / "stored")
        assert _names() == []
    assert stored.proves(3 * len(SMALL))


def test_what_is_stored_as_it_was_sent_is_proven(tmp_path: Path) -> None:
    stored = _alike(tmp_path / "stored")
    with Following(hashlib.sha256(), stored) as following:
        _sent(following, [LARGE, SMALL] * 20, tmp_path / "stored")
    size = 20 * (len(LARGE) + len(SMALL))
    assert stored.proves(size)
    assert not stored.proves(size + 1) and not stored.proves(size - 1)
    assert _names() == []


@pytest.mark.parametrize("flipped", [0, len(LARGE) - 1, 3 * len(LARGE)])
def test_what_the_disk_altered_is_not_proven(tmp_path: Path, flipped: int) -> None:
    path = tmp_path / "stored"
    altered = bytearray(LARGE * 4)
    altered[flipped] ^= 1
    path.write_bytes(altered)
    stored = _alike(path)
    with Following(hashlib.sha256(), stored) as following:
        _sent(following, [LARGE] * 4)
    assert not stored.proves(4 * len(LARGE))


def test_bytes_that_are_missing_are_not_proven(tmp_path: Path) -> None:
    path = tmp_path / "stored"
    path.write_bytes(LARGE[:-1])
    stored = _alike(path)
    with Following(hashlib.sha256(), stored) as following:
        _sent(following, [LARGE])
    assert not stored.proves(len(LARGE))


def test_a_stream_that_begins_behind_others_is_compared_where_it_lies(tmp_path: Path) -> None:
    path = tmp_path / "stored"
    path.write_bytes(SMALL)
    stored = _alike(path)
    with Following(hashlib.sha256(), stored, offset=len(SMALL)) as following:
        _sent(following, [LARGE, SMALL], path)
    assert stored.proves(len(LARGE) + len(SMALL))


class _Refusing(LocalProvider):
    @contextmanager
    def read(
        self,
        path: str,
        *,
        offset: int = 0,
        length: int | None = None,
        version: str | None = None,
    ) -> Iterator[Reader]:  # type: ignore[override]
        if offset:
            raise Denied(path)
        with super().read(path, offset=offset, length=length, version=version) as reader:
            yield reader


def test_what_could_not_be_read_back_is_not_proven(tmp_path: Path) -> None:
    path = tmp_path / "stored"
    stored = StoredAlike(_Refusing(), str(path), _check)
    with Following(hashlib.sha256(), stored) as following:
        _sent(following, [LARGE] * 2, path)
    assert not stored.proves(2 * len(LARGE))


def test_a_stop_ends_the_comparing(tmp_path: Path) -> None:
    def stopped() -> None:
        raise Stopped(Stop.PAUSE)

    path = tmp_path / "stored"
    stored = StoredAlike(LocalProvider(), str(path), stopped)
    with Following(hashlib.sha256(), stored) as following:
        _sent(following, [LARGE], path)
    assert not stored.proves(len(LARGE))
