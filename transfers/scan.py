"""A tree to jobs: walks the source and says where everything goes. Reads, never writes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from providers import names
from providers.base import Entry, Kind, Place, Provider
from providers.errors import Denied, InvalidName, NotFound, WrongKind
from providers.extras import Linker
from providers.records import dataclass, field, replace
from transfers.links import LEFT_OUT, NO_LINKS, NotFollowed, Trail, followed
from transfers.model import OF_LINKS, Links, NewJob, Op, Policy

_NO_FILE = "not a file or a directory (a device, a pipe or a socket): left out"
_NAMED = OF_LINKS | {Op.COPY, Op.MOVE}
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
    links: Links
    on_progress: Callable[[int], None]
    cancelled: Callable[[], bool]
    on_file: Callable[[Entry], None] = lambda _: None
    jobs: list[NewJob] = field(default_factory=list)
    removals: list[NewJob] = field(default_factory=list)


_OPEN = 0o055  # what a new directory usually grants to others than its owner


def keeps_out(mode: int | None) -> bool:
    """Whether a directory of these permissions keeps somebody out whom a new one lets in."""
    return mode is not None and mode & _OPEN != _OPEN


@dataclass(frozen=True, slots=True)
class _Folder:
    """A directory of the source and what becomes of it. What a link led to is copied, never moved:
    `trail` says which were followed."""

    source: Place
    target: Place
    trail: Trail
    mode: int | None = None


def plan_tree(
    source: Provider,
    entries: Sequence[Entry],
    source_endpoint: str,
    target: Provider,
    target_place: Place,
    *,
    move: bool,
    links: Links = Links.SKIP,
    on_progress: Callable[[int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    on_file: Callable[[Entry], None] | None = None,
) -> tuple[NewJob, ...]:
    """The jobs that copy `entries`, and all below them, into the directory `target_place`.

    A name the target refuses, a folder that cannot be read, a link that is not copied and a device
    become Op.NOTE jobs, so that nothing is left out in silence and the rest goes on. `on_progress`
    is given the number of jobs so far, `on_file` each file as it was listed. Raises
    InvalidName for a directory that would be copied into itself, ConnectionLost, ScanCancelled.
    """
    walk = _Walk(
        source=source,
        source_endpoint=source_endpoint,
        target=target,
        target_endpoint=target_place.endpoint,
        within=target_place.path,
        move=move,
        links=links,
        on_progress=on_progress or (lambda _: None),
        cancelled=cancelled or (lambda: False),
        on_file=on_file or (lambda _: None),
    )
    for entry in entries:
        _refuse_own_subtree(walk, entry, target_place)
        _walk(walk, _take(walk, entry, target_place.path, Trail()))
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
    links: Links = Links.SKIP,
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
        links=links,
        on_progress=lambda _: None,
        cancelled=lambda: False,
    )
    _refuse_own_subtree(walk, entry, target_place)
    _walk(walk, [_Folder(Place(source_endpoint, entry.path), target_place, Trail(), entry.mode)])
    if keep_source:
        del walk.removals[:1]
    return _result(walk)


def _result(walk: _Walk) -> tuple[NewJob, ...]:
    # A directory was noted before what is below it: removed in reverse, it is empty by then.
    jobs = (*_clashing_ask(walk), *reversed(walk.removals))
    return tuple(replace(job, within=walk.within) for job in jobs)


def _clashing_ask(walk: _Walk) -> list[NewJob]:
    """The jobs: those that go to one name, where their place takes both for one, ask a person
    whatever the rest does. Else one would overwrite what the other has just brought, and a move
    would leave one file of two (faults.md E5)."""
    if not walk.target.caps.folds_names:
        return walk.jobs
    count = Counter(names.folded(job.target.path) for job in walk.jobs if job.op in _NAMED)
    return [
        replace(job, policy=Policy.ASK)
        if job.op in _NAMED and count[names.folded(job.target.path)] > 1
        else job
        for job in walk.jobs
    ]


def plan_one(
    source_place: Place, entry: Entry, target_place: Place, *, move: bool
) -> tuple[NewJob, ...]:
    """The job that copies one file to exactly `target_place`."""
    return (_file(entry, source_place.endpoint, target_place, move),)


def plan_link(
    source: Provider,
    entry: Entry,
    source_endpoint: str,
    target: Provider,
    target_place: Place,
    *,
    move: bool,
    links: Links,
) -> tuple[NewJob, ...]:
    """The jobs that make exactly `target_place` of the link `entry`, as `links` says. Raises as
    plan_tree."""
    walk = _Walk(
        source=source,
        source_endpoint=source_endpoint,
        target=target,
        target_endpoint=target_place.endpoint,
        within=target.parent(target_place.path),
        move=move,
        links=links,
        on_progress=lambda _: None,
        cancelled=lambda: False,
    )
    _walk(walk, _put(walk, entry, target_place, Trail()))
    return _result(walk)


def _walk(walk: _Walk, pending: list[_Folder]) -> None:
    """Everything below `pending`. A stack, not recursion: trees may be deeper than Python's."""
    while pending:
        folder = pending.pop()
        source, target = folder.source, folder.target
        try:
            children = [child for page in walk.source.list_dir(source.path) for child in page]
        except (Denied, NotFound, WrongKind) as error:
            note = f"this folder could not be read: {error.what}"
            walk.jobs.append(NewJob(Op.NOTE, source, target, note=note, failed=True))
            continue
        start = len(walk.jobs)
        if walk.move and not folder.trail:
            walk.removals.append(NewJob(Op.REMOVE_DIR, source, target))
        below = [f for child in children for f in _take(walk, child, target.path, folder.trail)]
        if keeps_out(folder.mode) or (
            not below and all(_is_choice(job) for job in walk.jobs[start:])
        ):
            walk.jobs.insert(start, NewJob(Op.MAKE_DIR, source, target, mode=folder.mode))
        pending.extend(reversed(below))


def _is_choice(job: NewJob) -> bool:
    return job.op is Op.NOTE and not job.failed


def _take(walk: _Walk, entry: Entry, directory: str, trail: Trail) -> list[_Folder]:
    """Plan one entry into `directory`; a directory is returned, to be walked."""
    if walk.cancelled():
        raise ScanCancelled
    try:
        target = Place(walk.target_endpoint, walk.target.join(directory, entry.name))
    except InvalidName as error:
        _note(walk, entry, directory, error.what, failed=True)
        return []
    return _put(walk, entry, target, trail)


def _put(walk: _Walk, entry: Entry, target: Place, trail: Trail) -> list[_Folder]:
    """Plan one entry as exactly `target`; a directory is returned, to be walked."""
    there = walk.target.parent(target.path)
    if entry.kind is Kind.LINK:
        if walk.links is not Links.FOLLOW:
            _plan_link(walk, entry, target, move=walk.move and not trail)
            return []
        try:
            entry, trail = followed(walk.source, entry, trail)
        except NotFollowed as why:
            _note(walk, entry, there, str(why), failed=why.failed)
            return []
    if entry.kind is Kind.OTHER:
        _note(walk, entry, there, _NO_FILE)
        return []
    if entry.kind is Kind.DIR:
        return [_Folder(Place(walk.source_endpoint, entry.path), target, trail, entry.mode)]
    walk.on_file(entry)
    _add(walk, _file(entry, walk.source_endpoint, target, walk.move and not trail))
    return []


def _plan_link(walk: _Walk, entry: Entry, target: Place, *, move: bool) -> None:
    there = walk.target.parent(target.path)
    if walk.links is Links.SKIP:
        _note(walk, entry, there, LEFT_OUT)
    elif not isinstance(walk.target, Linker):
        _note(walk, entry, there, NO_LINKS)
    else:
        op = Op.MOVE_LINK if move else Op.LINK
        source = Place(walk.source_endpoint, entry.path)
        _add(walk, NewJob(op, source, target, modified=entry.modified, leads=entry.target or ""))


def _add(walk: _Walk, job: NewJob) -> None:
    walk.jobs.append(job)
    if len(walk.jobs) % _REPORT_EVERY == 0:
        walk.on_progress(len(walk.jobs))


def _note(walk: _Walk, entry: Entry, directory: str, why: str, *, failed: bool = False) -> None:
    source = Place(walk.source_endpoint, entry.path)
    there = Place(walk.target_endpoint, directory)
    walk.jobs.append(NewJob(Op.NOTE, source, there, note=why, failed=failed))


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
