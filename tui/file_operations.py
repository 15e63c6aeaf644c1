"""What a person does to files: copy, move, delete, rename, make a folder. Blocking: for threads."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing
from pathlib import Path

from providers import location
from providers.base import Entry, Kind, Place, Provider, TreeRemover, Writer
from providers.errors import (
    AuthRequired,
    ConnectionLost,
    HostKeyProblem,
    InvalidName,
    NotFound,
    ProviderError,
    Unsupported,
)
from providers.records import dataclass
from providers.sites import Sites
from tui import format as show

_NAMES_LISTED = 8
_NAME_WIDTH = 68  # cells: one line of a dialog
_REPORT_EVERY = 50  # entries


class Stopped(Exception):
    """The person pressed Esc."""


@dataclass(slots=True)
class Deletion:
    """How far a delete came. Entries that could not be removed are counted, the first is kept."""

    deleted: int = 0
    failed: int = 0
    first_error: ProviderError | None = None


def writer(provider: Provider, endpoint: str) -> Writer:
    """`provider` as one that can be changed. Raises Unsupported with a sentence."""
    if isinstance(provider, Writer) and provider.caps.parts is not None:
        return provider
    raise Unsupported(endpoint, "this place can only be read")


def delete_tree(
    provider: Provider,
    endpoint: str,
    entries: Sequence[Entry],
    *,
    on_progress: Callable[[int], None],
    cancelled: Callable[[], bool],
) -> Deletion:
    """Delete `entries` and all below them; a link is removed, what it points to never touched.

    Goes on past what is refused. Raises ProviderError where nothing more can be done (sign-in,
    lost connection), Stopped.
    """
    target = writer(provider, endpoint)
    done = Deletion()
    if cancelled():
        raise Stopped
    with closing(_deleting(provider, target, entries, done)) as steps:
        for _ in steps:
            if cancelled():
                raise Stopped
            if done.deleted % _REPORT_EVERY == 0:
                on_progress(done.deleted)
    return done


def _deleting(
    provider: Provider, target: Writer, entries: Sequence[Entry], done: Deletion
) -> Generator[None, None, None]:
    """Delete step by step, noting in `done` what came of it."""
    if not isinstance(provider, TreeRemover):
        yield from _one_by_one(provider, target, entries, done)
        return
    for entry in entries:
        if entry.kind is not Kind.DIR:  # a directory in its place was not what was asked about
            _delete_one(target, entry, done)
            yield
            continue
        with closing(provider.remove_tree(entry.path)) as results:
            for error in results:
                if error is None:
                    done.deleted += 1
                else:
                    _note(done, error)
                yield


def _one_by_one(
    provider: Provider, target: Writer, entries: Sequence[Entry], done: Deletion
) -> Generator[None, None, None]:
    pending = [(entry, False) for entry in reversed(entries)]
    while pending:
        entry, emptied = pending.pop()
        if entry.kind is Kind.DIR and not emptied:
            pending.append((entry, True))
            pending.extend((child, False) for child in _children(provider, entry, done))
        else:
            _delete_one(target, entry, done)
        yield


def _children(provider: Provider, entry: Entry, done: Deletion) -> list[Entry]:
    try:
        # Looked at again right before: it may have become a link, which list_dir would follow.
        if provider.stat(entry.path).kind is not Kind.DIR:
            return []
        return [child for page in provider.list_dir(entry.path) for child in page]
    except NotFound:
        return []
    except (AuthRequired, HostKeyProblem, ConnectionLost):
        raise
    except ProviderError as error:
        _note(done, error)
        return []


def _delete_one(target: Writer, entry: Entry, done: Deletion) -> None:
    try:
        target.delete(entry.path)
    except NotFound:
        pass
    except (AuthRequired, HostKeyProblem, ConnectionLost):
        raise
    except ProviderError as error:
        _note(done, error)
        return
    done.deleted += 1


def _note(done: Deletion, error: ProviderError) -> None:
    done.failed += 1
    done.first_error = done.first_error or error


def name_complaint(provider: Provider, directory: str, name: str) -> str | None:
    """What is wrong with `name` in `directory`; None when nothing is."""
    try:
        provider.join(directory, name)
    except InvalidName as error:
        return f"{error.what}. Choose another name."
    return None


def typed_place(provider: Provider, here: Place, text: str, sites: Sites | None = None) -> Place:
    """The place a person means by a path or an address typed while `here` is shown.

    "/x" and "~/x" are absolute, "scheme://…" and "site:…" are elsewhere, anything else is below
    `here`. Raises InvalidName, BadSites.
    """
    if "://" in text:
        return location.parse(text)
    if (elsewhere := location.of_site(text, sites)) is not None:
        return elsewhere
    if here.endpoint == location.LOCAL and (text.startswith("~") or Path(text).is_absolute()):
        return location.parse(text)
    if text.startswith("/"):
        return Place(here.endpoint, text)
    if text == "~" or text.startswith("~/"):
        return Place(here.endpoint, f"/{text}")
    path = here.path
    for part in text.split("/"):
        if part == "..":
            path = provider.parent(path)
        elif part not in ("", "."):
            path = provider.join(path, part)
    return Place(here.endpoint, path)


def counted(entries: Iterable[Entry]) -> str:
    """ "2 folders with all that is in them, 3 files (1.4 MiB)"."""
    folders = files = size = 0
    for entry in entries:
        if entry.kind is Kind.DIR:
            folders += 1
        else:
            files += 1
            size += (entry.size or 0) if entry.kind is Kind.FILE else 0
    parts = []
    if folders == 1:
        parts.append("1 folder with all that is in it")
    elif folders:
        parts.append(f"{folders:,} folders with all that is in them")
    if files:
        parts.append(f"{files:,} {'file' if files == 1 else 'files'} ({show.size(size)})")
    return ", ".join(parts)


def names_listed(
    entries: Sequence[Entry], named: Callable[[Entry], str] = lambda entry: entry.name
) -> list[str]:
    """The first names, each on a line, safe to show; the rest as a number."""
    lines = [f"  {show.clip_middle(named(e), _NAME_WIDTH)}" for e in entries[:_NAMES_LISTED]]
    return lines + _more(len(entries))


def places_listed(places: Sequence[Place]) -> list[str]:
    """As `names_listed`, of entries in several folders."""
    shown = (location.show(place) for place in places[:_NAMES_LISTED])
    return [f"  {show.clip_middle(text, _NAME_WIDTH)}" for text in shown] + _more(len(places))


def _more(count: int) -> list[str]:
    return [f"  … and {count - _NAMES_LISTED:,} more"] if count > _NAMES_LISTED else []
