"""Removing a tree on a server: many files in one go, and no link followed on the way.

Version 3 names everything by its path, so all directories on the way to a file are looked at right
before it is removed: a link that was put in the place of one ends that directory (faults.md D9).
What remains is the moment between that look and the removals sent behind it.
"""

from __future__ import annotations

import posixpath
from collections.abc import Generator, Iterator, Sequence
from functools import partial

from providers.base import Entry, Kind
from providers.errors import ConnectionLost, NotEmpty, NotFound, ProviderError
from providers.records import dataclass, field
from providers.sftp import calls, look
from providers.sftp.pipeline import WINDOW, list_pages
from providers.sftp.protocol import Op, Refused, path_string
from providers.sftp.session import Session

Result = ProviderError | None
Removal = Generator[Result, None, None]


def entries(session: Session, path: str) -> Iterator[Sequence[Entry]]:
    """A directory, in pages that are never empty."""
    handle = calls.open_dir(session, path)
    with calls.releasing(session, handle, path):
        for found in list_pages(session, handle, path, partial(look.page, path)):
            if found:
                yield found


def remove(session: Session, path: str) -> None:
    """Remove a file, a link itself or an empty directory. Raises NotEmpty."""
    found = look.see(session, path)
    if found.entry.kind is not Kind.DIR or found.is_hidden:
        calls.remove(session, path)
        return
    try:
        calls.remove_dir(session, path)
    except Refused as error:
        if any(entries(session, path)):
            raise NotEmpty(path) from error
        raise


def _was_link(session: Session, found: look.Seen) -> bool:
    """Whether what LSTAT calls a directory was a link to one, and is removed as that: to go down
    into it would empty what it leads to (`look.Seen`). Raises a refusal.

    A server that says of each directory that it leads somewhere is asked to remove it as no
    directory is: the few that do so all the same (copyparty) remove what is in it, and no more.
    """
    if found.target is None:
        return False
    try:
        calls.remove(session, found.entry.path)
    except ConnectionLost:
        raise
    except ProviderError:
        if found.is_hidden:
            raise
        return False
    return True


@dataclass(slots=True)
class _Level:
    """A directory on the way down. `left`: those in it that are still to be removed."""

    path: str
    left: list[str] = field(default_factory=list)


def remove_tree(session: Session, path: str) -> Removal:
    """See `providers.base.TreeRemover`. Raises ConnectionLost."""
    within = posixpath.dirname(path)
    levels = [_Level(within, [path])]
    while levels:
        level = levels[-1]
        if level.left:
            below = _Level(level.left.pop())
            yield from _emptied(session, within, below, levels)
            continue
        levels.pop()
        if levels:
            yield _outcome(session, within, level.path)


def _emptied(session: Session, within: str, below: _Level, levels: list[_Level]) -> Removal:
    """Remove the files of a directory, and go down into it for the directories that it holds."""
    try:
        look.refuse_links(session, within, below.path)
        seen = look.see(session, below.path)
        if seen.entry.kind is not Kind.DIR:
            yield _outcome(session, within, below.path)
            return
        if _was_link(session, seen):
            yield None
            return
        found = [entry for page in entries(session, below.path) for entry in page]
    except ConnectionLost:
        raise
    except ProviderError as error:
        # An empty directory may go unread.
        yield error if _outcome(session, within, below.path) is not None else None
        return
    levels.append(below)
    below.left = [entry.path for entry in found if entry.kind is Kind.DIR]
    others = [entry.path for entry in found if entry.kind is not Kind.DIR]
    for start in range(0, len(others), WINDOW):
        yield from _removed(session, within, others[start : start + WINDOW])


def _removed(session: Session, within: str, paths: Sequence[str]) -> list[Result]:
    """What came of each of `paths`, which one directory holds and of which none is another."""
    try:
        look.refuse_links(session, within, paths[0])
    except NotFound:
        return [None] * len(paths)
    except ConnectionLost:
        raise
    except ProviderError as error:
        return [error] * len(paths)
    asked = [session.request(Op.REMOVE, path_string(path)) for path in paths]
    replies = [session.wait(number, path) for number, path in zip(asked, paths, strict=True)]
    results: list[Result] = []
    for reply, path in zip(replies, paths, strict=True):
        try:
            session.check(reply, path)
        except NotFound:
            results.append(None)
        except Refused:  # it may be an empty directory: not every server says what is one
            results.append(_outcome(session, within, path))
        except ProviderError as error:
            results.append(error)
        else:
            results.append(None)
    return results


def _outcome(session: Session, within: str, path: str) -> Result:
    """What came of removing `path`, whatever it is; gone already is success."""
    try:
        look.refuse_links(session, within, path)
        remove(session, path)
    except NotFound:
        return None
    except ConnectionLost:
        raise
    except ProviderError as error:
        return error
    return None
