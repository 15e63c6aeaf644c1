"""A5: fsync, fdatasync or close fails once. The bytes are thrown away, never synced again and
trusted: a system may drop what it could not write and call the next sync a success."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from providers.errors import ProviderError, UploadExpired
from providers.local import LocalProvider, durable
from tests.faults.disks import copying, local_queue, unfinished_in
from tests.faults.strace import failing, require_strace, run_python
from tests.faults.uploader import unfinished
from tests.providers.local_upload import finish, put
from transfers.model import JobState, Op, Policy, Retry

SIZE = 1 << 17
MODULE = "tests.faults.uploader"


class FailingOnce:
    """In the place of a call on a descriptor: fails at call number `at`, as the disk would."""

    def __init__(self, call: Callable[[int], None], at: int, number: int = errno.EIO) -> None:
        self._call, self._at, self._number = call, at, number
        self.calls = 0

    def __call__(self, descriptor: int) -> None:
        self.calls += 1
        if self.calls == self._at:
            raise OSError(self._number, os.strerror(self._number))
        self._call(descriptor)


def _fail(monkeypatch: pytest.MonkeyPatch, call: str, at: int, number: int = errno.EIO) -> None:
    """Have the `at`-th sync of a file's data ("data") or of a whole file ("file") fail."""
    kept = getattr(durable, f"sync_{call}")
    failing_call = FailingOnce(kept, at, number)
    monkeypatch.setattr(f"providers.local.upload.sync_{call}", failing_call)


@pytest.mark.parametrize("call", ["data", "file"])
@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC, errno.EDQUOT])
def test_A5_upload_whose_sync_failed_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int
) -> None:
    local, target = LocalProvider(), tmp_path / "file"
    target.write_bytes(b"old")
    _fail(monkeypatch, call, 1, number)
    upload = local.begin(str(target), 3, key="0badcafe", part_size=3)
    with pytest.raises(ProviderError):
        put(local, upload, b"new")
        finish(local, upload)
    for use in (lambda: put(local, upload, b"new"), lambda: finish(local, upload)):
        with pytest.raises(UploadExpired):
            use()
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("file", b"old")]


@pytest.mark.parametrize("call", ["data", "file"])
@pytest.mark.parametrize("op", [Op.COPY, Op.MOVE])
def test_A5_job_fails_loudly_and_a_retry_writes_everything_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, op: Op
) -> None:
    source, target = tmp_path / "from" / "file", tmp_path / "to" / "file"
    for path, data in ((source, os.urandom(SIZE)), (target, b"old")):
        path.parent.mkdir()
        path.write_bytes(data)
    new = source.read_bytes()
    _fail(monkeypatch, call, 1)
    with local_queue(tmp_path / "queue") as case:
        (number,) = case.send_new(copying(source, target, op=op), policy=Policy.OVERWRITE)
        (job,) = case.finish(number)
        assert job.state is JobState.FAILED
        assert "the disk reports a fault" in job.reason
        assert (source.read_bytes(), target.read_bytes()) == (new, b"old")
        assert unfinished_in(tmp_path / "to") == []
        case.engine.send(Retry((number,)))
        case.reach(number, JobState.DONE)
    assert target.read_bytes() == new
    assert source.exists() is (op is Op.COPY)


def test_A5_new_name_stands_when_only_its_folder_could_not_be_synced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = tmp_path / "from" / "file", tmp_path / "to" / "file"
    for path, data in ((source, b"new"), (target, b"old")):
        path.parent.mkdir()
        path.write_bytes(data)
    monkeypatch.setattr(
        "providers.local.folder.sync_directory", FailingFolder(durable.sync_directory)
    )
    with local_queue(tmp_path / "queue") as case:
        (number,) = case.send_new(copying(source, target, op=Op.MOVE), policy=Policy.OVERWRITE)
        (job,) = case.finish(number)
    assert job.state is JobState.FAILED
    assert "under its name" in job.reason and "power failure" in job.reason
    assert (source.read_bytes(), target.read_bytes()) == (b"new", b"new")
    assert unfinished_in(tmp_path / "to") == []


class FailingFolder:
    """In the place of `sync_directory`: fails once."""

    def __init__(self, call: Callable[[str, int | None], None]) -> None:
        self._call = call
        self._failed = False

    def __call__(self, path: str, directory: int | None = None) -> None:
        if not self._failed:
            self._failed = True
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        self._call(path, directory)


@pytest.mark.parametrize(
    ("call", "when"),
    # The file is closed when it was made, after its part, and before it gets its name.
    [("data sync", "1"), ("sync", "1"), ("close", "2"), ("close", "3")],
)
def test_A5_real_system_call_that_fails_throws_the_bytes_away(
    tmp_path: Path, call: str, when: str
) -> None:
    require_strace()
    target = tmp_path / "file"
    target.write_bytes(b"old")
    prefix = failing(call, "EIO", path=unfinished(target), when=when)
    told = json.loads(run_python(prefix, MODULE, str(target), str(SIZE)))
    assert "the disk reports a fault" in told["sentence"]
    assert (told["left"], told["again"]) == ([], "UploadExpired")
    assert target.read_bytes() == b"old"


def test_A5_real_folder_that_cannot_be_synced_is_told(tmp_path: Path) -> None:
    require_strace()
    target = tmp_path / "file"
    target.write_bytes(b"old")
    prefix = failing("sync", "EIO", path=tmp_path, when="1")
    told = json.loads(run_python(prefix, MODULE, str(target), str(SIZE)))
    assert "under its name" in told["sentence"]
    assert target.stat().st_size == SIZE
