"""D5: a destination that others make, change or remove after it was looked at: a person is asked
before anything of theirs is lost."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.faults.disks import PART, Scripted, unfinished_in
from tests.faults.remote import SmallSftp, between, remote_queue
from tests.transfers.queue_case import LOCAL, QueueCase
from transfers.model import JobState, Op, ParkReason, Pause, Policy, Resolve, Resume

if TYPE_CHECKING:
    from tests.servers.openssh import OpenSSH

NEW = os.urandom(4 * PART)
Ends = tuple[QueueCase, str, Scripted | SmallSftp]


@pytest.fixture(params=["to this computer", "to a server"])
def ends(request: pytest.FixtureRequest, openssh: OpenSSH, tmp_path: Path) -> Iterator[Ends]:
    (tmp_path / "a").write_bytes(NEW)
    with remote_queue(tmp_path / "queue", openssh) as (case, server):
        here = case.places[LOCAL]
        assert isinstance(here, Scripted)
        there = request.param == "to a server"
        yield case, openssh.endpoint if there else LOCAL, server if there else here


def _theirs(target: Path) -> Callable[[], None]:
    def write() -> None:
        target.write_bytes(b"theirs")

    return write


@pytest.mark.parametrize(
    ("old", "policy"),
    # What is there may be replaced, but not what is there by then.
    [(None, Policy.ASK), (b"old one", Policy.OVERWRITE)],
    ids=["made", "changed"],
)
def test_D5_what_came_while_the_file_was_sent_is_asked_about(
    ends: Ends, tmp_path: Path, old: bytes | None, policy: Policy
) -> None:
    case, endpoint, place = ends
    target = tmp_path / "copy"
    if old is not None:
        target.write_bytes(old)
    place.before_part = _theirs(target)
    (number,) = case.send_new(between(LOCAL, tmp_path / "a", endpoint, target), policy=policy)
    case.parked(number, ParkReason.CONFLICT)
    assert target.read_bytes() == b"theirs"
    case.engine.send(Resolve(number, Policy.OVERWRITE))
    (job,) = case.finish(number)
    assert job.state is JobState.DONE
    assert target.read_bytes() == NEW
    assert unfinished_in(tmp_path) == []


def test_D5_what_came_while_the_job_was_paused_is_asked_about(ends: Ends, tmp_path: Path) -> None:
    case, endpoint, place = ends
    target = tmp_path / "copy"
    target.write_bytes(b"old one")
    new = between(LOCAL, tmp_path / "a", endpoint, target)
    place.before_part = lambda: case.engine.send(Pause()) and None
    (number,) = case.send_new(new, policy=Policy.OVERWRITE)
    case.reach(number, JobState.PAUSED)
    target.write_bytes(b"theirs")
    case.engine.send(Resume((number,)))
    case.parked(number, ParkReason.CONFLICT)
    assert target.read_bytes() == b"theirs"
    case.engine.send(Resolve(number, Policy.SKIP))
    (job,) = case.finish(number)
    assert (job.state, target.read_bytes()) == (JobState.SKIPPED, b"theirs")
    assert unfinished_in(tmp_path) == []


def test_D5_what_was_removed_meanwhile_needs_no_question(ends: Ends, tmp_path: Path) -> None:
    case, endpoint, place = ends
    target = tmp_path / "copy"
    target.write_bytes(b"old one")
    place.before_part = target.unlink
    new = between(LOCAL, tmp_path / "a", endpoint, target)
    (job,) = case.finish(*case.send_new(new, policy=Policy.OVERWRITE))
    assert (job.state, target.read_bytes()) == (JobState.DONE, NEW)
    assert unfinished_in(tmp_path) == []


def test_D5_a_directory_that_took_the_name_stays(ends: Ends, tmp_path: Path) -> None:
    case, endpoint, place = ends
    target = tmp_path / "copy"
    place.before_part = target.mkdir
    new = between(LOCAL, tmp_path / "a", endpoint, target)
    (job,) = case.finish(*case.send_new(new, policy=Policy.OVERWRITE))
    assert job.state is JobState.FAILED
    assert "a directory of that name is in the way" in job.reason
    assert target.is_dir()
    assert unfinished_in(tmp_path) == []


@pytest.mark.parametrize("op", [Op.COPY, Op.MOVE])
def test_D5_an_old_file_is_not_taken_for_the_copy_whose_unfinished_bytes_vanished(
    ends: Ends, tmp_path: Path, op: Op
) -> None:
    """A cleaner removes the proven bytes before they get their name; the old file that is to be
    replaced has the size and the time of the new one."""
    case, endpoint, place = ends
    source, target = tmp_path / "a", tmp_path / "to" / "copy"
    target.parent.mkdir()
    target.write_bytes(bytes(len(NEW)))
    for file in (source, target):
        os.utime(file, (1.6e9, 1.6e9))
    place.renames = False
    place.before_name = lambda: [left.unlink() for left in unfinished_in(target.parent)] and None
    new = between(LOCAL, source, endpoint, target, op=op)
    (job,) = case.finish(*case.send_new(new, policy=Policy.OVERWRITE))
    assert job.state is JobState.DONE
    assert target.read_bytes() == NEW
    assert source.exists() is (op is Op.COPY)
    assert unfinished_in(tmp_path) == []
