"""D6: onto itself, under whatever name or address it is reached; into its own subtree: refused.
(Elsewhere a copy onto itself emptied the file: termscp #421.)"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from providers.base import Entry, Place
from providers.errors import InvalidName
from providers.memory import Node
from tests.faults.disks import Scripted, copying, local_queue
from tests.faults.remote import between, memory_queue, remote_queue
from tests.transfers.queue_case import LEFT, LOCAL, RIGHT, Memory, QueueCase
from transfers.model import Job, JobState, NewJob, Op, ParkReason, Policy, Resolve
from transfers.scan import plan_tree

if TYPE_CHECKING:
    from tests.servers.openssh import OpenSSH

DATA = b"precious" * 10_000
OPS = pytest.mark.parametrize("op", [Op.COPY, Op.MOVE])
ANSWERS = pytest.mark.parametrize("policy", [Policy.OVERWRITE, Policy.RENAME])
posix = pytest.mark.skipif(os.name == "nt", reason="links are made on POSIX systems")


@pytest.fixture
def case(tmp_path: Path) -> Iterator[QueueCase]:
    with memory_queue(tmp_path / "queue") as running:
        yield running


@pytest.fixture
def local(tmp_path: Path) -> Iterator[QueueCase]:
    with local_queue(tmp_path / "queue") as running:
        yield running


def _refused(case: QueueCase, new: NewJob, policy: Policy) -> Job:
    (job,) = case.finish(*case.send_new(new, policy=policy))
    assert (job.state, job.begun) == (JobState.FAILED, False)
    assert "same file" in job.reason
    return job


def _only(folder: Path, *names: str) -> None:
    assert sorted(path.name for path in folder.iterdir()) == sorted(names)
    for name in names:
        assert (folder / name).read_bytes() == DATA


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "a").write_bytes(DATA)
    return tmp_path / "files"


@OPS
@ANSWERS
def test_D6_onto_itself(local: QueueCase, folder: Path, op: Op, policy: Policy) -> None:
    _refused(local, copying(folder / "a", folder / "a", op=op), policy)
    _only(folder, "a")


@posix
@OPS
@ANSWERS
def test_D6_onto_a_hard_link_of_it(local: QueueCase, folder: Path, op: Op, policy: Policy) -> None:
    os.link(folder / "a", folder / "b")
    _refused(local, copying(folder / "a", folder / "b", op=op), policy)
    _only(folder, "a", "b")


@posix
@OPS
def test_D6_onto_itself_through_a_linked_folder(local: QueueCase, folder: Path, op: Op) -> None:
    (folder.parent / "link").symlink_to(folder)
    _refused(local, copying(folder / "a", folder.parent / "link" / "a", op=op), Policy.OVERWRITE)
    _only(folder, "a")


@OPS
def test_D6_onto_another_spelling_of_it_on_this_disk(
    local: QueueCase, folder: Path, op: Op
) -> None:
    if not (folder / "A").exists():
        pytest.skip("this disk tells upper from lower case")
    _refused(local, copying(folder / "a", folder / "A", op=op), Policy.OVERWRITE)
    assert (folder / "a").read_bytes() == DATA


class CaseBlind(Memory):
    """A place that takes "A" for "a", as macOS and Windows do."""

    def stat(self, path: str, *, follow: bool = False) -> Entry:
        return super().stat(self._spelt(path), follow=follow)

    def _spelt(self, path: str) -> str:
        known: dict[str, Node] = self.store.nodes
        return next((other for other in known if other.lower() == path.lower()), path)


@OPS
def test_D6_onto_another_spelling_of_it(case: QueueCase, op: Op) -> None:
    case.left = case.places[LEFT] = CaseBlind()
    case.left.put("/a", DATA)
    _refused(case, NewJob(op, Place(LEFT, "/a"), Place(LEFT, "/A")), Policy.OVERWRITE)
    assert case.left.paths() == ["/a"]
    assert case.left.get("/a") == DATA


@OPS
@pytest.mark.parametrize("place", [Memory, CaseBlind])
def test_D6_onto_itself_by_another_address(case: QueueCase, op: Op, place: type[Memory]) -> None:
    """One server under two names, say: the move would delete what it had just written. What stands
    there in other letters is asked about before."""
    case.left = case.places[LEFT] = place()
    case.right = case.places[RIGHT] = place(case.left.store)
    case.left.put("/d/a", DATA)
    name = "/d/A" if place is CaseBlind else "/d/a"
    new = NewJob(op, Place(LEFT, "/d/a"), Place(RIGHT, name))
    if place is CaseBlind:
        (number,) = case.send_new(new, policy=Policy.OVERWRITE)
        case.parked(number, ParkReason.CONFLICT)
        case.engine.send(Resolve(number, Policy.OVERWRITE))
        assert "same file" in case.reach(number, JobState.FAILED).reason
    else:
        _refused(case, new, Policy.OVERWRITE)
    assert case.left.paths() == ["/d", "/d/a"]
    assert case.left.get("/d/a") == DATA


@OPS
def test_D6_onto_itself_by_way_of_a_server(
    openssh: OpenSSH, tmp_path: Path, folder: Path, op: Op
) -> None:
    with remote_queue(tmp_path / "queue", openssh) as (case, _):
        for ends in ((LOCAL, openssh.endpoint), (openssh.endpoint, LOCAL)):
            new = between(ends[0], folder / "a", ends[1], folder / "a", op=op)
            _refused(case, new, Policy.OVERWRITE)
    _only(folder, "a")


def test_D6_beside_itself_by_way_of_a_server_is_a_copy(
    openssh: OpenSSH, tmp_path: Path, folder: Path
) -> None:
    (folder / "b").write_bytes(b"old")
    with remote_queue(tmp_path / "queue", openssh) as (case, _):
        new = between(LOCAL, folder / "a", openssh.endpoint, folder / "b")
        (job,) = case.finish(*case.send_new(new, policy=Policy.OVERWRITE))
    assert job.state is JobState.DONE
    _only(folder, "a", "b")


@posix
@pytest.mark.parametrize("where", ["", "below", "below/deeper", "link"])
@pytest.mark.parametrize("move", [True, False])
def test_D6_a_directory_into_its_own_subtree(folder: Path, where: str, move: bool) -> None:
    (folder / "below" / "deeper").mkdir(parents=True)
    (folder / "link").symlink_to("below")
    place = Scripted()
    target = Place(LOCAL, posixpath.join(str(folder), where))
    with pytest.raises(InvalidName, match="into itself"):
        plan_tree(place, [place.stat(str(folder))], LOCAL, place, target, move=move)
    assert (folder / "a").read_bytes() == DATA
