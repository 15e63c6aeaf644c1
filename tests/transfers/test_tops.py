"""What lies in the root of some places (a bucket) is made and removed by people, not by a queue."""

from __future__ import annotations

from dataclasses import replace

import pytest

from providers.base import Capabilities, Kind, Place
from tests.transfers.queue_case import LEFT, RIGHT, Memory, QueueCase
from transfers.model import JobState, NewJob, Op


class Buckets(Memory):
    @property
    def caps(self) -> Capabilities:
        return replace(super().caps, tops="bucket")


@pytest.fixture
def case(case: QueueCase) -> QueueCase:
    case.left = case.places[LEFT] = Buckets()
    case.right = case.places[RIGHT] = Buckets()
    case.left.put("/b/d/a", b"x")
    return case


def test_a_moved_bucket_gives_what_is_in_it_and_is_kept(case: QueueCase) -> None:
    case.right.store.add("/to", Kind.DIR)
    jobs = case.plan(Place(LEFT, "/b"), Place(RIGHT, "/to"), move=True)
    *others, top = case.finish(*case.send_new(*jobs))
    assert {job.state for job in others} == {JobState.DONE}
    assert (top.op, top.state) == (Op.REMOVE_DIR, JobState.SKIPPED)
    assert top.reason == "kept: a bucket is removed by hand only (F8)"
    assert case.left.paths() == ["/b"]
    assert case.right.get("/to/b/d/a") == b"x"


@pytest.mark.parametrize(
    "new",
    [
        NewJob(Op.COPY, Place(LEFT, "/b/d/a"), Place(RIGHT, "/bukcet/d/a"), within="/bukcet/d"),
        NewJob(Op.COPY, Place(LEFT, "/b/d/a"), Place(RIGHT, "/bukcet/a")),
        NewJob(Op.MAKE_DIR, Place(LEFT, "/b/d"), Place(RIGHT, "/bukcet")),
        NewJob(Op.MAKE_DIR, Place(LEFT, "/b/d"), Place(RIGHT, "/bukcet/d")),
    ],
)
def test_a_bucket_that_is_not_there_is_not_made(case: QueueCase, new: NewJob) -> None:
    (job,) = case.finish(*case.send_new(new))
    assert job.state is JobState.FAILED
    assert job.reason == (
        "/bukcet: there is no such bucket. Make it first (F7), or check its name."
    )
    assert case.right.paths() == []
