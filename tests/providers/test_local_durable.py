"""Making bytes last: each system's way, and what is done where it is refused."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from providers.local import durable


@pytest.fixture
def descriptor(tmp_path: Path) -> Iterator[int]:
    descriptor = os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT)
    yield descriptor
    os.close(descriptor)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    made: list[str] = []
    monkeypatch.setattr(durable.os, "fsync", lambda _: made.append("fsync"))
    monkeypatch.setattr(durable, "_data_sync", lambda _: made.append("fdatasync"))
    monkeypatch.setattr(durable, "_full_sync", None)
    return made


def _refusing(number: int) -> Callable[[int], object]:
    def refuse(_: int) -> None:
        raise OSError(number, os.strerror(number))

    return refuse


def test_file_is_synced(descriptor: int, calls: list[str]) -> None:
    durable.sync_file(descriptor)
    assert calls == ["fsync"]


def test_data_alone_is_synced_where_the_system_can(descriptor: int, calls: list[str]) -> None:
    durable.sync_data(descriptor)
    assert calls == ["fdatasync"]


def test_data_is_synced_with_the_file_where_it_cannot(
    descriptor: int, calls: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(durable, "_data_sync", None)
    durable.sync_data(descriptor)
    assert calls == ["fsync"]


def test_macos_empties_the_drives_cache(
    descriptor: int, calls: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(durable, "_full_sync", lambda _: calls.append("full"))
    durable.sync_file(descriptor)
    durable.sync_data(descriptor)
    assert calls == ["full", "full"]


def test_disk_that_refuses_the_full_sync_gets_the_usual_one(
    descriptor: int, calls: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(durable, "_full_sync", _refusing(errno.ENOTSUP))
    durable.sync_file(descriptor)
    assert calls == ["fsync"]


def test_failing_disk_is_not_taken_for_one_that_refuses(
    descriptor: int, calls: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(durable, "_full_sync", _refusing(errno.EIO))
    with pytest.raises(OSError, match="Input/output"):
        durable.sync_file(descriptor)
    assert calls == []


def test_directory_that_cannot_be_synced_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(durable.os, "fsync", _refusing(errno.EINVAL))
    durable.sync_directory(str(tmp_path))


def test_failing_disk_under_a_directory_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(durable.os, "fsync", _refusing(errno.EIO))
    with pytest.raises(OSError, match="Input/output"):
        durable.sync_directory(str(tmp_path))


def test_windows_syncs_no_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(durable, "WINDOWS", True)
    durable.sync_directory("/not/there")


def test_mode_of_a_new_file_is_read_without_changing_the_umask(tmp_path: Path) -> None:
    durable.new_file_mode.cache_clear()
    mode = durable.new_file_mode()
    (tmp_path / "file").touch()
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == mode
