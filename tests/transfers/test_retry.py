"""What each error means for a job, and how long it waits."""

from __future__ import annotations

import math

import pytest

from providers.errors import (
    AlreadyExists,
    AuthRequired,
    ConnectionLost,
    Denied,
    HostKeyChanged,
    HostKeyRevoked,
    HostKeyUnknown,
    InvalidName,
    NoSpace,
    NotEmpty,
    NotFound,
    ProviderError,
    RangeIgnored,
    SourceChanged,
    TargetChanged,
    Throttled,
    Unsupported,
    UploadExpired,
    WrongKind,
)
from transfers.model import JobState, ParkReason
from transfers.retry import LONGEST_DELAY, LONGEST_REST, Mismatch, Verdict, delay, judge


def _judged(
    error: ProviderError, attempt: int = 1, attempts: int = 8, restarts: int = 0
) -> Verdict:
    return judge(error, attempt, attempts, restarts, lambda: 0.5)


@pytest.mark.parametrize("kind", [SourceChanged, Mismatch])
def test_a_changed_source_or_a_mismatch_gets_one_clean_restart(kind: type[ProviderError]) -> None:
    first = _judged(kind("/a"), attempt=5)  # the attempts before were lost connections
    assert (first.state, first.restart, first.delay) == (JobState.QUEUED, True, 0.0)
    assert first.counted
    second = _judged(kind("/a"), attempt=6, restarts=1)
    assert (second.state, second.restart) == (JobState.FAILED, True)


@pytest.mark.parametrize(
    "kind",
    [
        AlreadyExists,
        Denied,
        InvalidName,
        NotEmpty,
        NotFound,
        ProviderError,
        RangeIgnored,
        Unsupported,
        WrongKind,
    ],
)
def test_what_will_not_get_better_fails_at_once(kind: type[ProviderError]) -> None:
    verdict = _judged(kind("/a"))
    assert (verdict.state, verdict.restart) == (JobState.FAILED, True)


@pytest.mark.parametrize("kind", [TargetChanged, UploadExpired])
def test_a_lost_upload_and_a_changed_destination_begin_again(kind: type[ProviderError]) -> None:
    assert _judged(kind("/a"), attempt=7) == Verdict(JobState.QUEUED, restart=True)
    assert _judged(kind("/a"), attempt=8).state is JobState.FAILED


def test_a_lost_connection_waits_and_keeps_what_was_moved() -> None:
    verdict = _judged(ConnectionLost("/a"), attempt=2)
    assert (verdict.state, verdict.restart) == (JobState.WAITING, False)
    assert verdict.delay == pytest.approx(2.0)


def test_the_time_a_server_asked_for_wins_over_ours() -> None:
    assert _judged(Throttled("/a", retry_after=600.0)).delay == 600.0
    assert _judged(Throttled("/a", retry_after=0.0)).delay == 0.0
    assert _judged(Throttled("/a", retry_after=None)).delay == pytest.approx(1.0)


@pytest.mark.parametrize("absurd", [LONGEST_REST + 1, 1e300, math.inf])
def test_no_server_is_obeyed_for_longer_than_a_day(absurd: float) -> None:
    assert _judged(Throttled("/a", retry_after=absurd)).delay == LONGEST_REST == 86_400.0


@pytest.mark.parametrize("nonsense", [-5.0, math.nan])
def test_a_time_that_makes_no_sense_is_no_wait(nonsense: float) -> None:
    assert _judged(Throttled("/a", retry_after=nonsense)).delay == 0.0


@pytest.mark.parametrize("error", [ConnectionLost("/a"), Throttled("/a", retry_after=1.0)])
def test_when_attempts_are_used_up_a_transient_error_fails_and_keeps_its_bytes(
    error: ProviderError,
) -> None:
    assert _judged(error, attempt=8) == Verdict(JobState.FAILED, restart=False)


def test_what_needs_a_person_parks_and_says_for_which_endpoint() -> None:
    unknown = HostKeyUnknown("sftp://h:22", "unknown", key_type="k", fingerprint="SHA256:x")
    assert _judged(unknown, attempt=8) == Verdict(
        JobState.PARKED, park=ParkReason.HOST_KEY, asks="sftp://h:22"
    )
    assert _judged(AuthRequired("sftp://h:22"), attempt=8) == Verdict(
        JobState.PARKED, park=ParkReason.SIGN_IN, asks="sftp://h:22"
    )
    assert _judged(NoSpace("/a"), attempt=8) == Verdict(JobState.PARKED, park=ParkReason.SPACE)


@pytest.mark.parametrize("kind", [HostKeyChanged, HostKeyRevoked])
def test_a_changed_or_revoked_host_key_is_never_continued(
    kind: type[HostKeyChanged] | type[HostKeyRevoked],
) -> None:
    error = kind("sftp://h:22", "changed", key_type="k", fingerprint="SHA256:x")
    assert _judged(error).state is JobState.FAILED


def test_full_jitter_lies_between_a_tenth_and_a_doubling_limit() -> None:
    assert [delay(n, lambda: 1.0) for n in (1, 2, 3, 8, 9, 1000)] == [
        2.0,
        4.0,
        8.0,
        256.0,
        LONGEST_DELAY,
        LONGEST_DELAY,
    ]
    assert delay(5, lambda: 0.0) == pytest.approx(0.1)
    assert delay(5, lambda: 0.25) == pytest.approx(8.0)
