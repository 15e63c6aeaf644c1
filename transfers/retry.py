"""What an error means for a job, and how long to wait. Pure: randomness is passed in."""

from __future__ import annotations

from collections.abc import Callable

from providers.errors import (
    AuthRequired,
    ConnectionLost,
    HostKeyProblem,
    HostKeyUnknown,
    NoSpace,
    ProviderError,
    SourceChanged,
    TargetChanged,
    Throttled,
    UploadExpired,
)
from providers.records import dataclass
from transfers.model import JobState, ParkReason

FIRST_DELAY = 1.0  # seconds
LONGEST_DELAY = 300.0  # seconds
LONGEST_REST = 86_400.0  # seconds: a server that asks for more is asked again after a day


class Mismatch(ProviderError):
    """The destination's bytes are not the source's: found by verification, not by a place."""

    what = "the copy differs from the source"
    advice = "The source is untouched; check the network, memory and disk, then retry."


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of the job. `delay` in seconds; `restart`: what was moved is not used again;
    `counted`: this was its one clean restart."""

    state: JobState
    delay: float = 0.0
    restart: bool = False
    counted: bool = False
    park: ParkReason | None = None
    asks: str = ""


def delay(attempt: int, random: Callable[[], float]) -> float:
    """Seconds to wait after the `attempt`-th try: full jitter, doubling from 1 s up to 5 min."""
    longest = min(LONGEST_DELAY, FIRST_DELAY * 2.0 ** min(attempt, 30))
    return float(max(0.1, longest * random()))


def rest(error: Throttled, attempt: int, random: Callable[[], float]) -> float:
    """Seconds for which a server is asked nothing: what it said, up to a day, else as after any
    trouble."""
    if error.retry_after is None:
        return delay(attempt, random)
    return min(LONGEST_REST, max(0.0, error.retry_after))


def judge(
    error: ProviderError,
    attempt: int,
    attempts: int,
    restarts: int,
    random: Callable[[], float],
) -> Verdict:
    """What `error` means for a job that was started `attempt` times of `attempts`.

    `restarts`: how often it began anew for a changed source or a differing copy: once is allowed.
    """
    if isinstance(error, HostKeyUnknown):
        return Verdict(JobState.PARKED, park=ParkReason.HOST_KEY, asks=error.endpoint)
    if isinstance(error, HostKeyProblem):
        return Verdict(JobState.FAILED)
    if isinstance(error, AuthRequired):
        return Verdict(JobState.PARKED, park=ParkReason.SIGN_IN, asks=error.endpoint)
    if isinstance(error, NoSpace):
        return Verdict(JobState.PARKED, park=ParkReason.SPACE)
    if isinstance(error, TargetChanged):
        return Verdict(JobState.QUEUED, restart=True) if attempt < attempts else _FAILED
    if attempt >= attempts:
        transient = isinstance(error, ConnectionLost | Throttled)
        return Verdict(JobState.FAILED, restart=not transient)
    if isinstance(error, Throttled):
        return Verdict(JobState.WAITING, rest(error, attempt, random))
    if isinstance(error, ConnectionLost):
        return Verdict(JobState.WAITING, delay(attempt, random))
    if isinstance(error, UploadExpired):
        return Verdict(JobState.QUEUED, restart=True)
    if isinstance(error, SourceChanged | Mismatch) and restarts == 0:
        return Verdict(JobState.QUEUED, restart=True, counted=True)
    return _FAILED


MOST_CRASHES = 3
MORE_ATTEMPTS = 7  # after one that got further than any before


def after_mistake(crashes: int, random: Callable[[], float]) -> Verdict:
    """What becomes of a job that ran into a mistake of Wharfie's own `crashes` times (A11)."""
    if crashes >= MOST_CRASHES:
        return Verdict(JobState.PARKED, park=ParkReason.OTHER)
    return Verdict(JobState.WAITING, delay(crashes, random))


_FAILED = Verdict(JobState.FAILED, restart=True)
