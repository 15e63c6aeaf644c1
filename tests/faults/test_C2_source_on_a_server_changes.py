"""C2: a server's file grows, shrinks or is replaced while it is read: noticed, read once more."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.faults.disks import PART, Scripted, no_call, unfinished_in
from tests.faults.remote import between, remote_queue
from tests.transfers.queue_case import LOCAL
from transfers.model import JobState, Op, Policy, ProofWord

if TYPE_CHECKING:
    from tests.servers.openssh import OpenSSH

SIZE = 64 * PART  # more than a server sends ahead
LATER = 10  # seconds: a server tells whole ones


def grow(file: Path) -> None:
    with file.open("ab") as end:
        end.write(b"more")


def shrink(file: Path) -> None:
    os.truncate(file, SIZE // 2)


def replace(file: Path) -> None:
    new = file.with_name("new")
    new.write_bytes(os.urandom(SIZE))
    when = file.stat().st_mtime + LATER
    os.utime(new, (when, when))
    new.replace(file)


def rewrite(file: Path) -> None:
    when = file.stat().st_mtime + LATER
    file.write_bytes(os.urandom(SIZE))
    os.utime(file, (when, when))


CHANGES = [grow, shrink, replace, rewrite]


def always(place: Scripted, change: Callable[[], None]) -> Callable[[], None]:
    """`change` at the second part, in every attempt."""

    def again() -> None:
        change()
        place.before_part = again

    return again


@pytest.mark.parametrize("change", CHANGES)
def test_C2_changed_source_is_copied_as_it_is_then_and_proven(
    openssh: OpenSSH, tmp_path: Path, change: Callable[[Path], None]
) -> None:
    source, target = tmp_path / "a", tmp_path / "copy"
    source.write_bytes(os.urandom(SIZE))
    target.write_bytes(b"old")
    with remote_queue(tmp_path / "queue", openssh) as (case, _):
        place = case.places[LOCAL]
        assert isinstance(place, Scripted)
        place.before_part = lambda: change(source)
        new = between(openssh.endpoint, source, LOCAL, target)
        (job,) = case.finish(*case.send_new(new, policy=Policy.OVERWRITE))
    assert (job.state, job.restarts, job.attempt) == (JobState.DONE, 1, 2)
    assert job.proof is not None and job.proof.word is ProofWord.SHA256
    assert target.read_bytes() == source.read_bytes()
    assert unfinished_in(tmp_path) == []


@pytest.mark.parametrize("op", [Op.COPY, Op.MOVE])
def test_C2_source_that_changes_again_and_again_is_never_done(
    openssh: OpenSSH, tmp_path: Path, op: Op
) -> None:
    source, target = tmp_path / "a", tmp_path / "copy"
    source.write_bytes(os.urandom(SIZE))
    target.write_bytes(b"old")
    with remote_queue(tmp_path / "queue", openssh) as (case, _):
        place = case.places[LOCAL]
        assert isinstance(place, Scripted)
        place.before_part = always(place, lambda: replace(source))
        new = between(openssh.endpoint, source, LOCAL, target, op=op)
        (job,) = case.finish(*case.send_new(new, policy=Policy.OVERWRITE))
        place.before_part = no_call
    assert (job.state, job.restarts) == (JobState.FAILED, 1)
    assert "changed while it was being read" in job.reason
    assert target.read_bytes() == b"old"
    assert source.stat().st_size == SIZE
    assert unfinished_in(tmp_path) == []


@pytest.mark.parametrize("change", CHANGES)
def test_C2_source_that_changes_under_several_streams_is_never_put_together(
    openssh: OpenSSH, tmp_path: Path, change: Callable[[Path], None]
) -> None:
    source, target = tmp_path / "a", tmp_path / "copy"
    source.write_bytes(os.urandom(SIZE))
    with remote_queue(tmp_path / "queue", openssh) as (case, server):
        server.streams = 3
        place = case.places[LOCAL]
        assert isinstance(place, Scripted)
        place.before_part = lambda: change(source)
        (job,) = case.finish(*case.send_new(between(openssh.endpoint, source, LOCAL, target)))
    assert job.state is JobState.DONE
    assert target.read_bytes() == source.read_bytes()


@pytest.mark.parametrize("upload", [True, False], ids=["up", "down"])
def test_a_large_file_goes_whole_through_several_streams_of_a_real_server(
    openssh: OpenSSH, tmp_path: Path, upload: bool
) -> None:
    source, target = tmp_path / "a", tmp_path / "copy"
    source.write_bytes(os.urandom(SIZE + 7))
    ends = (LOCAL, openssh.endpoint) if upload else (openssh.endpoint, LOCAL)
    with remote_queue(tmp_path / "queue", openssh) as (case, server):
        server.streams = 3
        server.stat(str(source))  # it is known by then how many connections are polite
        new = between(ends[0], source, ends[1], target)
        (job,) = case.finish(*case.send_new(new))
    assert job.state is JobState.DONE
    assert job.proof is not None and job.proof.word is ProofWord.SHA256
    assert target.read_bytes() == source.read_bytes()
