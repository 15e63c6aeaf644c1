"""What befell a job is told with times and reasons, the latest of it."""

from __future__ import annotations

import pytest

from providers.errors import ConnectionLost
from tests.transfers.queue_case import PART, Hold, QueueCase
from transfers.changes import Event, Part
from transfers.history import MOST, History, Step, history
from transfers.journal import JournalError
from transfers.model import JobState

S = JobState


def test_steps_are_told_oldest_first_and_the_oldest_left_out() -> None:
    events = [Event(1, float(n), S.QUEUED, S.WAITING, f"why {n}") for n in range(MOST + 3)]
    told = history(events, [Part(1, 0, 0, 9, "r")])
    assert (told.steps[0], len(told.steps)) == (Step(3.0, S.WAITING, "why 3"), MOST)
    assert (told.left_out, told.parts) == (3, 1)


@pytest.mark.usefixtures("soon")
def test_each_attempt_of_a_job_is_told_with_its_reason(case: QueueCase) -> None:
    case.left.put("/a", b"x" * (3 * PART))
    case.right.store.fail = Hold("put_part", error=ConnectionLost("/a"), times=2)
    job = case.copy("/a")
    case.finish(job)
    told = case.engine.history(job)
    assert [step.state for step in told.steps].count(S.PREPARING) == 3
    reasons = [step.why for step in told.steps if step.state is S.WAITING]
    assert len(reasons) == 2
    assert all("/a: the connection" in reason for reason in reasons)
    assert told.steps[-1].state is S.DONE
    assert [step.at for step in told.steps] == sorted(step.at for step in told.steps)


def test_a_job_that_is_not_there_has_no_history(case: QueueCase) -> None:
    assert case.engine.history(99) == History()


def test_a_journal_that_cannot_be_read_is_said(
    case: QueueCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(journal: object, job: int) -> None:
        raise JournalError("The queue cannot be read.")

    monkeypatch.setattr("transfers.journal.Journal.history", broken)
    with pytest.raises(RuntimeError, match="cannot be read"):
        case.engine.history(1)
    assert case.engine.snapshot().notice == ""
