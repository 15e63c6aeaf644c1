"""A tree to jobs: walks the source and says where everything goes. Reads, never writes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from providers.base import Entry, Kind, Place, Provider
from providers.errors import Denied, InvalidName, NotFound, WrongKind
from transfers.model import NewJob, Op

_LEFT_OUT = {
    Kind.LINK: "a link: links are not copied yet",
    Kind.OTHER: "not a file or a directory (a device, a pipe or a socket): left out",
}

_REPORT_EVERY = 100  # jobs


class ScanCancelled(Exception):
    """The person gave up while the tree was being walked."""


@dataclass(slots=True)
class _Walk:
    source: Provider
    source_endpoint: str
    target: Provider
    target_endpoint: str
    within: str  # the directory a person chose: links below it are not followed
    move: bool
    on_progress: Callable[[int], None]
    cancelled: Callable[[], bool]
    on_file: Callable[[Entry], None] = lambda _: None
    jobs: list[NewJob] = field(default_factory=list)
    removals: list[NewJob] = field(default_factory=list)


def plan_tree(
    source: Provider,
    entries: Sequence[Entry],
    source_endpoint: str,
    target: Provider,
    target_place: Place,
    *,
    move: bool,
    on_progress: Callable[[int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    on_file: Callable[[Entry], None] | None = None,
) -> tuple[NewJob, ...]:
    """The jobs that copy `entries`, and all below them, into the directory `target_place`.

    A name the target refuses, a folder that cannot be read, a link and a device become Op.NOTE
    jobs, so that nothing is left out in silence and the rest goes on. `on_progress` is given the
    number of jobs so far, `on_file` each file as it was listed. Raises InvalidName for a directory
    that would be copied into itself, ConnectionLost, ScanCancelled.
    """
    walk = _Walk(
        source=source,
        source_endpoint=source_endpoint,
        target=target,
        target_endpoint=target_place.endpoint,
        within=target_place.path,
        move=move,
        on_progress=on_progress or (lambda _: None),
        cancelled=cancelled or (lambda: False),
        on_file=on_file or (lambda _: None),
    )
    for entry in entries:
        _refuse_own_subtree(walk, entry, target_place)
        _walk(walk, _take(walk, entry, target_place.path))
    return _result(walk)


def plan_directory(
    source: Provider,
    entry: Entry,
    source_endpoint: str,
    target: Provider,
    target_place: Place,
    *,
    move: bool,
    keep_source: bool,
) -> tuple[NewJob, ...]:
    """The jobs that make `target_place` a copy of the directory `entry`.

    `keep_source`: a move takes what is in it and leaves the directory itself. Raises as plan_tree.
    """
    walk = _Walk(
        source=source,
        source_endpoint=source_endpoint,
        target=target,
        target_endpoint=target_place.endpoint,
        within=target_place.path,
        move=move,
        on_progress=lambda _: None,
        cancelled=lambda: False,
    )
    _refuse_own_subtree(walk, entry, target_place)
    _walk(walk, [(Place(source_endpoint, entry.path), target_place)])
    if keep_source:
        del walk.removals[:1]
    return _result(walk)


def _result(walk: _Walk) -> tuple[NewJob, ...]:
    # A directory was noted before what is below it: removed in reverse, it is empty by then.
    jobs = (*walk.jobs, *reversed(walk.removals))
    return tuple(replace(job, within=walk.within) for job in jobs)


def plan_one(
    source_place: Place, entry: Entry, target_place: Place, *, move: bool
) -> tuple[NewJob, ...]:
    """The job that copies one file to exactly `target_place`."""
    return (_file(entry, source_place.endpoint, target_place, move),)


def _walk(walk: _Walk, pending: list[tuple[Place, Place]]) -> None:
    """Everything below `pending`. A stack, not recursion: trees may be deeper than Python's."""
    while pending:
        source, target = pending.pop()
        try:
            children = [child for page in walk.source.list_dir(source.path) for child in page]
        except (Denied, NotFound, WrongKind) as error:
            note = f"this folder could not be read: {error.what}"
            walk.jobs.append(NewJob(Op.NOTE, source, target, note=note, failed=True))
            continue
        if all(child.kind in _LEFT_OUT for child in children):
            walk.jobs.append(NewJob(Op.MAKE_DIR, source, target))
        if walk.move:
            walk.removals.append(NewJob(Op.REMOVE_DIR, source, target))
        below = [found for child in children for found in _take(walk, child, target.path)]
        pending.extend(reversed(below))


def _take(walk: _Walk, entry: Entry, directory: str) -> list[tuple[Place, Place]]:
    """Plan one entry into `directory`; a directory is returned, to be walked."""
    if walk.cancelled():
        raise ScanCancelled
    source = Place(walk.source_endpoint, entry.path)
    there = Place(walk.target_endpoint, directory)
    if entry.kind in _LEFT_OUT:
        walk.jobs.append(NewJob(Op.NOTE, source, there, note=_LEFT_OUT[entry.kind]))
        return []
    try:
        target = Place(walk.target_endpoint, walk.target.join(directory, entry.name))
    except InvalidName as error:
        walk.jobs.append(NewJob(Op.NOTE, source, there, note=error.what, failed=True))
        return []
    if entry.kind is Kind.DIR:
        return [(source, target)]
    walk.on_file(entry)
    walk.jobs.append(_file(entry, walk.source_endpoint, target, walk.move))
    if len(walk.jobs) % _REPORT_EVERY == 0:
        walk.on_progress(len(walk.jobs))
    return []


def _file(entry: Entry, endpoint: str, target: Place, move: bool) -> NewJob:
    return NewJob(
        op=Op.MOVE if move else Op.COPY,
        source=Place(endpoint, entry.path),
        target=target,
        size=entry.size,
        source_version=entry.version,
        modified=entry.modified,
        mode=entry.mode,
    )


def _refuse_own_subtree(walk: _Walk, entry: Entry, target: Place) -> None:
    """Copying a directory into itself would never end (faults.md D6)."""
    if entry.kind is not Kind.DIR or walk.source_endpoint != target.endpoint:
        return
    here = walk.target.resolve(target.path)
    top = walk.source.resolve(entry.path)
    while True:
        if here == top:
            raise InvalidName(
                entry.path,
                "a directory cannot be copied into itself",
                advice="Choose another folder as the target.",
            )
        above = walk.target.parent(here)
        if above == here:
            return
        here = above
