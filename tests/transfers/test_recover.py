"""What a queue's jobs are after the run that had them died."""

from __future__ import annotations

import pytest

from tests.transfers.samples import make_job
from transfers.journal import Part
from transfers.model import RUNNING, JobState, ParkReason
from transfers.recover import at_rest, checkpoint, has_parts, recovered

S = JobState


@pytest.mark.parametrize("state", sorted(RUNNING))
def test_a_job_that_ran_is_queued_and_the_crash_counted(state: JobState) -> None:
    job = recovered(make_job(1, state))
    assert (job.state, job.crashes) == (S.QUEUED, 1)


def test_a_pause_that_was_asked_for_before_the_crash_is_kept() -> None:
    job = recovered(make_job(1, S.TRANSFERRING, pausing=True))
    assert (job.state, job.pausing) == (S.PAUSED, False)


def test_A11_a_job_that_ran_in_three_crashes_waits_for_a_person() -> None:
    job = recovered(make_job(1, S.TRANSFERRING, crashes=2))
    assert (job.state, job.park) == (S.PARKED, ParkReason.OTHER)
    assert "3 times" in job.reason


@pytest.mark.parametrize("park", [ParkReason.SIGN_IN, ParkReason.SPACE, ParkReason.CONFLICT])
def test_what_a_new_run_finds_out_anew_is_queued(park: ParkReason) -> None:
    job = recovered(make_job(1, S.PARKED, park=park, asks="sftp://a@h:22"))
    assert (job.state, job.park, job.asks, job.crashes) == (S.QUEUED, None, "", 0)


@pytest.mark.parametrize("state", [S.PAUSED, S.DONE, S.FAILED, S.CANCELLED, S.SKIPPED, S.QUEUED])
def test_what_rested_rests(state: JobState) -> None:
    assert recovered(make_job(1, state)) == make_job(1, state)


def test_a_job_parked_for_a_lasting_reason_stays_parked() -> None:
    job = make_job(1, S.PARKED, park=ParkReason.OTHER, reason="look at it")
    assert recovered(job) == job


@pytest.mark.parametrize("state", sorted(S))
def test_for_who_only_looks_nothing_runs_and_everything_else_is_as_it_was(state: JobState) -> None:
    job = make_job(1, state, park=ParkReason.SPACE if state is S.PARKED else None, reason="why")
    assert at_rest(job) == (recovered(job) if state in RUNNING else job)


def test_stored_parts_make_a_checkpoint_that_is_still_to_be_proven() -> None:
    job = make_job(1, upload="token", sent=30, prefix="abc", size=99, source_version="v")
    kept = checkpoint(job, [Part(1, 0, 0, 20, "r0"), Part(1, 1, 20, 10, "r1")])
    assert kept is not None
    assert (kept.offset, kept.receipts, kept.prefix, kept.hasher) == (30, ("r0", "r1"), "abc", None)


@pytest.mark.parametrize(
    ("state", "kept"), [(S.FAILED, True), (S.DONE, False), (S.CANCELLED, False)]
)
def test_what_failed_keeps_its_parts_for_a_retry(state: JobState, kept: bool) -> None:
    job = make_job(1, state, upload="token", sent=30, prefix="abc", source_version="v")
    assert has_parts(job) is kept
    assert (checkpoint(job, [Part(1, 0, 0, 30, "r0")]) is not None) is kept


def test_parts_that_do_not_add_up_make_none() -> None:
    job = make_job(1, upload="token", sent=30, prefix="abc")
    assert checkpoint(job, [Part(1, 0, 0, 20, "r0")]) is None


def test_an_upload_without_a_token_makes_none() -> None:
    assert checkpoint(make_job(1, sent=20, prefix="abc"), [Part(1, 0, 0, 20, "r0")]) is None
