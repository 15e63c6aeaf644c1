"""D4: a source shrinks, grows, is replaced or deleted while it is sent: never done as a mixture."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.faults.disks import PART, Scripted, unfinished_in
from tests.faults.remote import SmallSftp, between, remote_queue
from tests.transfers.queue_case import LOCAL, QueueCase
from transfers.model import JobState, Op, Policy, ProofWord

if TYPE_CHECKING:
    from tests.servers.openssh import OpenSSH

SIZE = 8 * PART


def grow(file: Path) -> None:
    with file.open("ab") as end:
        end.write(b"more")


def shrink(file: Path) -> None:
    os.truncate(file, PART + 1)


def replace(file: Path) -> None:
    file.with_name("new").write_bytes(os.urandom(SIZE))
    file.with_name("new").replace(file)


def rewrite(file: Path) -> None:
    file.write_bytes(os.urandom(SIZE))


@pytest.fixture(params=["to this computer", "to a server"])
def ends(
    request: pytest.FixtureRequest, openssh: OpenSSH, tmp_path: Path
) -> Iterator[tuple[QueueCase, str, Scripted | SmallSftp]]:
    """A queue, where it is to copy to, and the place whose `before_part` is then called."""
    with remote_queue(tmp_path / "queue", openssh) as (case, server):
        here = case.places[LOCAL]
        assert isinstance(here, Scripted)
        there = request.param == "to a server"
        yield case, openssh.endpoint if there else LOCAL, server if there else here


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a"
    path.write_bytes(os.urandom(SIZE))
    return path


@pytest.mark.parametrize("change", [grow, shrink, replace, rewrite])
@pytest.mark.parametrize("op", [Op.COPY, Op.MOVE])
def test_D4_changed_source_is_sent_as_it_is_then(
    ends: tuple[QueueCase, str, Scripted | SmallSftp],
    file: Path,
    op: Op,
    change: Callable[[Path], None],
) -> None:
    case, endpoint, place = ends
    if isinstance(place, Scripted):
        place.renames = False
    target = file.with_name("copy")
    target.write_bytes(b"old")
    now: list[bytes] = []

    def meddle() -> None:
        change(file)
        now.append(file.read_bytes())

    place.before_part = meddle
    new = between(LOCAL, file, endpoint, target, op=op)
    (job,) = case.finish(*case.send_new(new, policy=Policy.OVERWRITE))
    assert (job.state, job.restarts) == (JobState.DONE, 1)
    assert job.proof is not None and job.proof.word is ProofWord.SHA256
    assert [target.read_bytes()] == now
    assert file.exists() is (op is Op.COPY)
    assert unfinished_in(file.parent) == []


@pytest.mark.parametrize("op", [Op.COPY, Op.MOVE])
def test_D4_deleted_source_leaves_the_old_file_and_no_half_one(
    ends: tuple[QueueCase, str, Scripted | SmallSftp], file: Path, op: Op
) -> None:
    case, endpoint, place = ends
    if isinstance(place, Scripted):
        place.renames = False
    target = file.with_name("copy")
    target.write_bytes(b"old")
    place.before_part = file.unlink
    new = between(LOCAL, file, endpoint, target, op=op)
    (job,) = case.finish(*case.send_new(new, policy=Policy.OVERWRITE))
    assert (job.state, job.begun) == (JobState.FAILED, False)
    assert "does not exist" in job.reason
    assert target.read_bytes() == b"old"
    assert unfinished_in(file.parent) == []
