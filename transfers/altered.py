"""Jobs made and altered quickly: a queue of a hundred thousand is paused within a second.

A frozen dataclass sets each field through its slot's setter, slower than plain assignment. So an
object is filled in as one of a subclass that may be assigned to, and is given its own class when it
is complete.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from itertools import repeat
from typing import Any, cast

from providers.base import Place
from providers.records import names_of
from transfers.model import Job, JobState, StateChanged


def _open(frozen: type) -> Any:
    """A subclass without fields' values, nor anything that hinders their assignment."""
    plain = {name: getattr(object, name) for name in ("__init__", "__setattr__", "__delattr__")}
    return type(f"Open{frozen.__name__}", (frozen,), {"__slots__": (), **plain})


OpenJob = _open(Job)
"""`OpenJob()` has no field yet. When all are assigned, assign `Job` to its `__class__`."""

_OpenPlace, _OpenStateChanged = _open(Place), _open(StateChanged)
_NAMES = names_of(Job)


def place(endpoint: str, path: str) -> Place:
    """`Place(endpoint, path)`."""
    made = _OpenPlace()
    made.endpoint = endpoint
    made.path = path
    made.__class__ = Place
    return cast(Place, made)


def state_changed(job: Job, before: JobState | None) -> StateChanged:
    """`StateChanged(job, before)`."""
    made = _OpenStateChanged()
    made.job = job
    made.before = before
    made.conflict = None
    made.__class__ = StateChanged
    return cast(StateChanged, made)


def altered(job: Job, **changes: Any) -> Job:
    """`dataclasses.replace(job, **changes)`. Raises AttributeError for what is no field."""
    return _altering(tuple(changes))(job, *changes.values())


def all_altered(jobs: Iterable[Job], **changes: Any) -> list[Job]:
    """Each of `jobs` `altered` in the same way."""
    return list(map(_altering(tuple(changes)), jobs, *map(repeat, changes.values())))


@lru_cache
def _altering(names: tuple[str, ...]) -> Callable[..., Job]:
    """`altered` for these fields, written out as `dataclasses` does it: no loop is as fast."""
    for name in names:
        if name not in _NAMES:
            raise AttributeError(f"a job has no {name!r}")
    values = {name: name if name in names else f"job.{name}" for name in _NAMES}
    body = "; ".join(f"new.{name} = {value}" for name, value in values.items())
    parameters = ", ".join(("job", *names))
    source = f"def alter({parameters}): new = Open(); {body}; new.__class__ = Job; return new"
    scope: dict[str, Any] = {"Open": OpenJob, "Job": Job}
    exec(source, scope)
    return cast(Callable[..., Job], scope["alter"])
