"""What a copy lacks of its source's time and permissions, because its place would not have it."""

from __future__ import annotations

from providers.base import Entry
from providers.extras import Moder
from transfers.run import Run

_APART = 2.0  # seconds: some disks tell no times between
_PERMISSIONS = 0o777  # set-id and sticky bits are never carried


def not_kept(run: Run, entry: Entry) -> str:
    """A sentence of what `entry`, which the copy is, has not as it was asked for; "" for nothing.

    Of a place that keeps none, as it says itself, nobody asked for any.
    """
    lacking = ["time"] if _lacks_time(run, entry) else []
    lacking += ["permissions"] if _lacks_mode(run, entry) else []
    return f"this place did not keep its {' and '.join(lacking)}" if lacking else ""


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
