"""B5: a connection that gives a byte a second keeps every deadline and never ends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from providers.sftp.patience import USUAL
from tests.faults.network.cut import PART, SIZE, Copier
from tests.faults.network.rig import Course, Rig
from tests.faults.proxy import Fate, Plan, Toxics, every, first
from tests.servers.openssh import find_sshd
from transfers.model import JobState
from transfers.watchdog import LowSpeed

pytestmark = pytest.mark.skipif(find_sshd() is None, reason="openssh-server is not installed")

_STUCK = LowSpeed(rate=1024, seconds=3.0)


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with Rig(tmp_path_factory.mktemp("rig"), part=PART, low_speed=_STUCK) as rig:
        yield rig


def test_B5_a_download_that_drips_is_cut_off_and_goes_on_over_another_connection(rig: Rig) -> None:
    drip = Toxics(after=SIZE // 2, then=Fate.DRIP)
    outcome = Copier(rig, seed=5).copy(Course.DOWNLOAD, first(down=drip))
    assert (outcome.harm, outcome.attempts, outcome.struck) == ((), 2, True), str(outcome)


@pytest.mark.parametrize(
    "plan",
    [
        first(up=Toxics(after=SIZE // 2, then=Fate.DRIP)),
        first(down=Toxics(after=4000, then=Fate.DRIP)),
    ],
    ids=["data", "answers"],
)
def test_B5_an_upload_that_drips_is_given_up_for_want_of_an_answer(
    tmp_path: Path, plan: Plan
) -> None:
    """A byte a second makes no packet in time, so the deadline of an answer sees it."""
    with Rig(tmp_path, part=PART, patience=replace(USUAL, answer=2.0)) as rig:
        outcome = Copier(rig, seed=5).copy(Course.UPLOAD, plan)
    assert (outcome.harm, outcome.attempts, outcome.struck) == ((), 2, True), str(outcome)


@pytest.mark.parametrize("course", [Course.UPLOAD, Course.DOWNLOAD])
def test_B5_a_slow_line_above_the_limit_is_left_alone(
    rig: Rig, course: Course, tmp_path: Path
) -> None:
    """32 times as fast as what counts as stuck."""
    slow = Toxics(rate=32 << 10)
    rig.proxy.plan = every(up=slow, down=slow)
    (tmp_path / "source").write_bytes(b"x" * (200 << 10))
    with rig.queue(tmp_path / "queue") as queue:
        new = rig.new(course, tmp_path / "source", tmp_path / "copy")
        (number,) = queue.send(new)
        settled = {JobState.DONE, JobState.WAITING}
        assert queue.until(lambda: not settled.isdisjoint(queue.states(number)))
        assert queue.job(number).state is JobState.DONE, queue.reasons()
