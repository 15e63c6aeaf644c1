"""B3: in the middle of a file the network falls silent, both ways, and no connection breaks."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from providers.sftp.patience import USUAL
from tests.faults.network.cut import PART, SIZE, Copier
from tests.faults.network.rig import Course, Rig
from tests.faults.proxy import Fate, Plan, Toxics, every, first
from tests.servers.openssh import find_sshd
from transfers.model import Cancel, JobState
from transfers.watchdog import STOP_SECONDS

pytestmark = pytest.mark.skipif(find_sshd() is None, reason="openssh-server is not installed")

DETECTED = 60.0  # seconds: within which a person's patience must have found out
ANSWER = 2.0  # seconds: instead of USUAL.answer
_BUSY = 5.0  # seconds that a busy machine may take for everything else
_ICE = Toxics(after=SIZE // 2, then=Fate.FREEZE)


def _plan(course: Course) -> Plan:
    return first(up=_ICE) if course is Course.UPLOAD else first(down=_ICE)


@pytest.fixture
def frozen_at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copier]:
    patience = replace(USUAL, answer=ANSWER)
    with Rig(tmp_path_factory.mktemp("rig"), part=PART, patience=patience) as rig:
        yield Copier(rig, seed=3)


@pytest.mark.parametrize("course", Course)
def test_B3_a_frozen_connection_is_found_out_and_replaced(
    frozen_at: Copier, course: Course
) -> None:
    times: list[float] = []
    proxy = frozen_at.rig.proxy

    def note() -> None:
        assert proxy.frozen.wait(_BUSY * 4)
        times.append(time.monotonic())

    noting = threading.Thread(target=note)
    noting.start()
    outcome = frozen_at.copy(course, _plan(course))
    noting.join()
    took = time.monotonic() - times[0]  # with all that came after
    assert (outcome.harm, outcome.attempts, outcome.accepted) == ((), 2, 2), str(outcome)
    assert took < DETECTED * ANSWER / USUAL.answer + _BUSY
    assert "stopped answering" in str(outcome)


@pytest.mark.parametrize("course", Course)
def test_B3_what_thaws_in_time_goes_on_without_a_new_connection(
    tmp_path_factory: pytest.TempPathFactory, course: Course
) -> None:
    with Rig(tmp_path_factory.mktemp("rig"), part=PART) as rig:
        copier, proxy = Copier(rig, seed=3), rig.proxy
        nothing_came = threading.Event()

        def thaw() -> None:
            assert proxy.frozen.wait(_BUSY * 4)
            nothing_came.wait(1.0)  # for so long it is silent
            proxy.thaw()

        thawing = threading.Thread(target=thaw)
        thawing.start()
        outcome = copier.copy(course, _plan(course))
        thawing.join()
    assert (outcome.harm, outcome.attempts, outcome.accepted) == ((), 1, 1), str(outcome)
    assert outcome.struck


def test_B3_a_cancel_does_not_wait_for_a_frozen_server_that_was_asked_to_make_nothing(
    tmp_path: Path,
) -> None:
    (tmp_path / "source").write_bytes(b"x")
    with Rig(tmp_path / "rig", part=PART) as rig, rig.queue(tmp_path / "queue") as queue:
        rig.proxy.plan = every(down=Toxics(after=0, then=Fate.FREEZE))
        new = rig.new(Course.UPLOAD, tmp_path / "source", tmp_path / "target")
        (number,) = queue.send(new)
        assert rig.proxy.frozen.wait(_BUSY * 4)
        since = time.monotonic()
        queue.engine.send(Cancel((number,)))
        (job,) = queue.finish([number])
        took = time.monotonic() - since
    assert (job.state, job.reason) == (JobState.CANCELLED, "")
    assert took < STOP_SECONDS  # 1 s, and what a busy machine adds


def test_B3_a_person_waits_no_longer_than_a_minute() -> None:
    assert USUAL.answer <= DETECTED / 2  # one may have begun just before the freeze
