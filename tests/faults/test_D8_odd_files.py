"""D8: what has no end or cannot be read is listed with its reason; nothing hangs."""

from __future__ import annotations

import hashlib
import mmap
import os
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from providers.base import Entry, Kind, Place
from providers.errors import Denied, ProviderError, WrongKind
from providers.local import LocalProvider
from tests.faults.disks import copying, local_queue
from tests.faults.strace import failing, require_strace, run_python
from tests.providers.local_upload import KEY
from tests.transfers.queue_case import LOCAL, QueueCase
from transfers.beside import Following
from transfers.control import Control
from transfers.limit import Limiter
from transfers.model import Job, JobState, Op, Policy, ProofWord
from transfers.stream import Stream

pytestmark = pytest.mark.skipif(os.name == "nt", reason="POSIX files")


def _copied(case: QueueCase, source: Path, target: Path) -> dict[str, Job]:
    """The jobs of a whole tree at their end, by the name of what each is about."""
    target.mkdir(exist_ok=True)
    jobs = case.plan(Place(LOCAL, str(source)), Place(LOCAL, str(target)))
    ended = case.finish(*case.send_new(*jobs))
    return {Path(job.source.path).name: job for job in ended}


def test_D8_pipes_sockets_and_devices_are_left_out_and_named(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "file").write_bytes(b"x")
    os.mkfifo(tree / "pipe")
    names = {"pipe"}
    with socket.socket(socket.AF_UNIX) as listening:
        here = Path.cwd()
        os.chdir(tree)  # the path of a socket may not be long
        try:
            listening.bind("socket")
        finally:
            os.chdir(here)
        names.add("socket")
        try:
            os.mknod(tree / "device", 0o020600, os.makedev(1, 3))
            names.add("device")
        except PermissionError:
            pass  # only root makes devices
        with local_queue(tmp_path / "queue") as case:
            jobs = _copied(case, tree, tmp_path / "to")
    assert jobs.keys() == {"file", *names}
    assert jobs["file"].state is JobState.DONE
    for name in names:
        assert (jobs[name].op, jobs[name].state) == (Op.NOTE, JobState.SKIPPED)
        assert "a device, a pipe or a socket" in jobs[name].reason
    assert [path.name for path in (tmp_path / "to" / "tree").iterdir()] == ["file"]


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_D8_file_that_became_a_pipe_or_device_fails_at_once(tmp_path: Path, kind: str) -> None:
    source = tmp_path / "source"
    if kind == "pipe":
        os.mkfifo(source)
    else:
        source = Path("/dev/zero")
    with local_queue(tmp_path / "queue") as case:
        (job,) = case.finish(*case.send_new(copying(source, tmp_path / "copy")))
    assert job.state is JobState.FAILED
    assert "not a regular file" in job.reason
    assert not (tmp_path / "copy").exists()


@pytest.mark.parametrize("kind", ["pipe", "device", "socket"])
def test_D8_pipe_device_or_socket_at_the_destination_is_left_alone(
    tmp_path: Path, kind: str
) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(b"x")
    if kind == "pipe":
        os.mkfifo(target)
    elif kind == "socket":
        os.mknod(target, 0o140600)
    else:
        try:
            os.mknod(target, 0o020600, os.makedev(1, 3))
        except PermissionError:
            pytest.skip("only root makes devices")
    before = target.lstat()
    with local_queue(tmp_path / "queue") as case:
        job = case.send_new(copying(source, target), policy=Policy.OVERWRITE)
        (ended,) = case.finish(*job)
    assert ended.state is JobState.FAILED
    assert "a device, a pipe or a socket of that name is in the way" in ended.reason
    assert target.lstat() == before


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")
@pytest.mark.parametrize("path", ["/proc/self/status", "/proc/version"])
def test_D8_file_that_holds_more_than_its_size_fails_with_a_reason(
    tmp_path: Path, path: str
) -> None:
    with local_queue(tmp_path / "queue") as case:
        (job,) = case.finish(*case.send_new(copying(Path(path), tmp_path / "copy")))
    assert job.state is JobState.FAILED
    assert "changed" in job.reason or "more than its size says" in job.reason
    assert list(tmp_path.glob("*copy*")) == []


def test_D8_file_that_gives_bytes_only_now_and_then_does_not_hang(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As /proc/kmsg, which is a regular file to the system: a read would wait for the next line."""
    local, source = LocalProvider(), tmp_path / "file"
    source.write_bytes(b"x")

    class Waiting:
        def seek(self, offset: int) -> None:
            """Anywhere."""

        def readinto(self, buffer: memoryview) -> None:
            return None

        def read(self, count: int) -> None:
            return None

    with local.read(str(source)) as reader:
        monkeypatch.setattr(reader, "_file", Waiting())
        with pytest.raises(WrongKind, match="now and then"):
            list(reader.chunks())
    source.write_bytes(b"")
    with local.read(str(source)) as reader:
        monkeypatch.setattr(reader, "_file", Waiting())
        with pytest.raises(WrongKind, match="now and then"):
            list(reader.chunks())


def test_D8_unreadable_file_and_folder_fail_and_the_rest_is_copied(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root reads everything: the next test has the same by strace")
    tree = tmp_path / "tree"
    (tree / "folder").mkdir(parents=True)
    for name in ("closed", "open"):
        (tree / name).write_bytes(b"x")
    (tree / "closed").chmod(0)
    (tree / "folder").chmod(0)
    try:
        with local_queue(tmp_path / "queue") as case:
            jobs = _copied(case, tree, tmp_path / "to")
    finally:
        (tree / "folder").chmod(0o700)
    assert {name: job.state for name, job in jobs.items()} == {
        "closed": JobState.FAILED,
        "folder": JobState.FAILED,
        "open": JobState.DONE,
    }
    assert "permission denied" in jobs["closed"].reason
    assert "could not be read" in jobs["folder"].reason


def test_D8_file_that_may_not_be_opened_is_refused_in_words(tmp_path: Path) -> None:
    require_strace()
    source = tmp_path / "source"
    source.write_bytes(b"x")
    prefix = failing("open", "EACCES", path=source)
    told = run_python(prefix, "tests.faults.reading", str(source))
    assert told.strip() == f"Denied {Denied(str(source))}"


def test_D8_sparse_file_is_copied_with_its_holes_as_zeros(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    with source.open("wb") as file:
        for offset in (0, 5 << 20, (12 << 20) + 3):
            file.seek(offset)
            file.write(os.urandom(1000))
        file.truncate(16 << 20)
    with local_queue(tmp_path / "queue", LocalProvider()) as case:
        (job,) = case.finish(*case.send_new(copying(source, target)))
    assert job.state is JobState.DONE
    assert job.proof is not None and job.proof.word is ProofWord.SHA256
    assert target.read_bytes() == source.read_bytes()


def test_D8_offsets_and_sizes_of_a_tebibyte_are_kept(tmp_path: Path) -> None:
    """Only the last bytes are there: reading 1 TiB of holes would take an hour."""
    local, source, target = LocalProvider(), tmp_path / "source", tmp_path / "target"
    size, end = (1 << 40) + 5, b"the end"
    try:
        with source.open("wb") as file:
            file.seek(size - len(end))
            file.write(end)
    except OSError:
        pytest.skip("this disk holds no file of 1 TiB")
    entry = local.stat(str(source))
    assert entry.size == size
    upload = local.begin(str(target), size, key=KEY, part_size=1 << 36)
    at = size - len(end)
    with local.read(str(source), offset=at, length=len(end), version=entry.version) as reader:
        assert local.put_part(upload, 16, at, reader.chunks()) == str(len(end))
    assert local.finish(upload, [], replacing=None).size == size
    with local.read(str(target), offset=at) as reader:
        assert b"".join(bytes(chunk) for chunk in reader.chunks()) == end


class _Holes:
    """A reader of 1 TiB that hands out the holes of a file, without a byte of memory."""

    def __init__(self, folder: Path) -> None:
        with (folder / "holes").open("wb") as file:
            file.truncate(1 << 36)
        with (folder / "holes").open("rb") as file:
            self._holes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self.entry = Entry("/holes", "holes", Kind.FILE, size=1 << 40)

    def chunks(self) -> Iterator[memoryview]:
        with memoryview(self._holes) as view:
            for _ in range(16):
                yield view

    def close(self) -> None:
        self._holes.close()


class _KeepsNothing(Following):
    """Digesting 1 TiB would take an hour, and copying it minutes."""

    def keep(self, chunk: memoryview) -> memoryview:
        return chunk


@pytest.mark.skipif(sys.maxsize < 1 << 40, reason="needs 64 bits")
def test_D8_tebibyte_is_counted_byte_by_byte_on_its_way(tmp_path: Path) -> None:
    reader, control = _Holes(tmp_path), Control()
    following = _KeepsNothing(hashlib.sha256())
    stream = Stream(reader, following, control, Limiter(time.monotonic, 0))
    part = (1 << 35) + 1
    sizes = []
    while not stream.at_end():
        sizes.append(sum(len(chunk) for chunk in stream.part(part)))
    reader.close()
    assert sum(sizes) == stream.taken == control.gauge.moved == 1 << 40
    assert sizes[:-1] == [part] * (len(sizes) - 1)


def test_D8_link_loop_is_told_and_nothing_hangs(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    local = LocalProvider()
    for use in (
        lambda: local.stat(str(tmp_path / "loop"), follow=True),
        lambda: _read(local, tmp_path),
    ):
        with pytest.raises(ProviderError, match="circle"):
            use()


def _read(local: LocalProvider, folder: Path) -> None:
    with local.read(str(folder / "loop")):
        pass
