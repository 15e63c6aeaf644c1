"""What a copy lacks of its source's time and permissions, because its place would not have it."""

from __future__ import annotations

from providers.base import Entry
from providers.errors import AuthRequired, ConnectionLost, ProviderError, Throttled
from providers.extras import Moder
from transfers.run import MISSED, Run

_APART = 2.0  # seconds: some disks tell no times between
_PERMISSIONS = 0o777  # set-id and sticky bits are never carried
_OWNERS = 0o700  # what its owner needs to put something into a directory
_NOT_KEPT = "this place did not keep its {}"


def not_kept(run: Run, entry: Entry) -> str:
    """A sentence of what `entry`, which the copy is, has not as it was asked for; "" for nothing.

    Of a place that keeps none, as it says itself, nobody asked for any.
    """
    lacking = ["time"] if _lacks_time(run, entry) else []
    lacking += ["permissions"] if _lacks_mode(run, entry) else []
    return _NOT_KEPT.format(" and ".join(lacking)) if lacking else ""


def _lacks_time(run: Run, entry: Entry) -> bool:
    wanted, there = run.job.modified, entry.modified
    if wanted is None or there is None or abs(there - wanted) <= _APART:
        return False
    return run.job.carry.times and run.target().caps.keeps_modified is True


def _lacks_mode(run: Run, entry: Entry) -> bool:
    wanted, there = run.job.mode, entry.mode
    if wanted is None or there is None or not (there ^ wanted) & _PERMISSIONS:
        return False
    return run.job.carry.mode and isinstance(run.target(), Moder)


def given_mode(run: Run) -> str:
    """Give a directory that was made here its source's permissions; one that was there before is
    somebody's as it is. Returns as `not_kept`. Raises ConnectionLost and the like."""
    job, target = run.job, run.target()
    ours = (job.target, MISSED) in run.known_directories
    if job.mode is None or not job.carry.mode or not ours or not isinstance(target, Moder):
        return ""
    try:
        target.set_mode(job.target.path, job.mode & _PERMISSIONS | _OWNERS, within=job.within)
    except (AuthRequired, ConnectionLost, Throttled):
        raise
    except ProviderError:
        return _NOT_KEPT.format("permissions")
    return ""
