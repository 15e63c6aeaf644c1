"""D2: the disk, a quota or a limit of the process refuses. Each is told in words that fit, the old
file stays whole, and what can be used again is kept."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.faults.disks import copying, local_queue, mounted, remount, unfinished_in
from tests.faults.strace import failing, require_strace, run_python
from tests.faults.uploader import unfinished
from transfers.model import JobState, Policy

SIZE = 1 << 17
MODULE = "tests.faults.uploader"


@pytest.fixture
def target(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    return path


@pytest.mark.parametrize(
    ("call", "number", "kind", "words"),
    [
        ("write", "ENOSPC", "NoSpace", "no space left on this disk"),
        ("write", "EDQUOT", "NoSpace", "your disk quota is used up"),
        ("write", "EFBIG", "Unsupported", "the file is larger than"),
        ("write", "EIO", "ProviderError", "the disk reports a fault"),
        ("open", "EMFILE", "Throttled", "too many files are open"),
        ("open", "ENFILE", "Throttled", "too many files are open"),
        ("open", "EROFS", "Denied", "mounted read-only"),
        ("open", "EACCES", "Denied", "permission denied"),
        ("rename", "ENOSPC", "NoSpace", "no space left"),
        ("rename", "EROFS", "Denied", "mounted read-only"),
        ("rename", "EXDEV", "Unsupported", "on another disk"),
        ("rename", "EBUSY", "ProviderError", "the system is using it"),
    ],
)
def test_D2_refused_system_call_is_told_and_leaves_the_old_file(
    target: Path, call: str, number: str, kind: str, words: str
) -> None:
    require_strace()
    # To begin: the folder, the new file in it; for the part: the folder, and what is refused.
    path = unfinished(target) if call == "write" else target.parent
    prefix = failing(call, number, path=path, when="4" if call == "open" else "1")
    told = json.loads(run_python(prefix, MODULE, str(target), str(SIZE)))
    assert told["error"] == kind
    assert words in told["sentence"] and str(target) in told["sentence"]
    assert told["left"] == [unfinished(target).name]  # until it is aborted
    if call == "rename":
        assert told["again"] == ""
        assert target.stat().st_size == SIZE
    else:
        assert target.read_bytes() == b"old"


@pytest.mark.skipif(os.name == "nt", reason="limits of a POSIX process")
@pytest.mark.parametrize(
    ("limit", "kind", "words"),
    [
        ("RLIMIT_FSIZE=70000", "Unsupported", "ulimit -f"),
        ("RLIMIT_NOFILE=4", "Throttled", "ulimit -n"),
    ],
)
def test_D2_limit_of_the_process_is_told(target: Path, limit: str, kind: str, words: str) -> None:
    told = json.loads(run_python([], MODULE, str(target), str(SIZE), limit))
    assert told["error"] == kind
    assert words in told["sentence"]
    assert target.read_bytes() == b"old"


def test_D2_disk_made_read_only_fails_the_job_and_keeps_the_old_file(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(os.urandom(SIZE))
    with mounted(tmp_path / "disk") as disk, local_queue(tmp_path / "queue") as case:
        (disk / "file").write_bytes(b"old")
        remount(disk, "ro")
        job = copying(source, disk / "file")
        (ended,) = case.finish(*case.send_new(job, policy=Policy.OVERWRITE))
        assert ended.state is JobState.FAILED
        assert "mounted read-only" in ended.reason
        assert (disk / "file").read_bytes() == b"old"
        assert unfinished_in(disk) == []
