"""Permission bits as a person types and reads them, and as a whole tree gets them. No screen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from providers.base import Entry, Kind, Provider
from providers.errors import (
    AuthRequired,
    ConnectionLost,
    HostKeyProblem,
    NotFound,
    ProviderError,
)
from providers.extras import Moder
from providers.records import dataclass, field
from tui.walk import Walked, walk

MOST = 0o7777
_READ, _EXECUTE = 0o444, 0o111
_ENTERS = 0o500  # what its owner needs to look into a folder
_REPORT_EVERY = 50


def read_octal(text: str) -> int:
    """ "644" as bits. Raises ValueError with a sentence."""
    try:
        bits = int(text.strip(), 8)
    except ValueError:
        bits = -1
    if not 0 <= bits <= MOST or not text.strip().isdigit():
        raise ValueError("Three or four digits from 0 to 7, such as 644 or 0755.")
    return bits


def octal(bits: int) -> str:
    """ "0644" is "644", "4755" stays."""
    return f"{bits:03o}"


def for_folders(bits: int) -> int:
    """`bits` for a folder: whoever may read it may enter it as well."""
    return bits | ((bits & _READ) >> 2)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked for. `below`: of all that is in folders, too; `enter`: folders get execute
    where they get read."""

    bits: int
    below: bool = False
    enter: bool = False

    def of(self, entry: Entry) -> int:
        return for_folders(self.bits) if self.enter and entry.kind is Kind.DIR else self.bits


@dataclass(slots=True)
class Set:
    """How far it came. `links`: left alone, as links have no permissions of their own."""

    done: int = 0
    failed: int = 0
    links: int = 0
    first_error: ProviderError | None = None
    stopped: bool = False
    walked: Walked = field(default_factory=Walked)


def set_all(
    provider: Provider,
    moder: Moder,
    entries: Sequence[Entry],
    wanted: Wanted,
    *,
    on_progress: Callable[[int], None],
    cancelled: Callable[[], bool],
) -> Set:
    """Set the permissions of `entries`, and of what is below them where that is wanted.

    Goes on past what is refused; links are never followed, also when one takes a folder's place
    meanwhile. Blocking. Raises ProviderError where nothing more can be done.
    """
    done = Set()

    def give(within: str, entry: Entry) -> None:
        _give(moder, entry, wanted.of(entry), within, done)
        if done.done % _REPORT_EVERY == 0:
            on_progress(done.done)

    for entry in entries:
        give_below = partial(give, provider.parent(entry.path))
        if entry.kind is Kind.DIR and wanted.below:
            _tree(provider, entry, wanted, done, give_below, cancelled)
        else:
            give_below(entry)
        if cancelled():
            done.stopped = True
            break
    return done


def _tree(
    provider: Provider,
    top: Entry,
    wanted: Wanted,
    done: Set,
    give: Callable[[Entry], None],
    cancelled: Callable[[], bool],
) -> None:
    """Folders that stay open to their owner are set before what is in them, which may only be seen
    by that; others after it, or nothing in them could be reached."""
    at_once = wanted.of(top) & _ENTERS == _ENTERS
    later = [] if at_once else [top]
    if at_once:
        give(top)
    for page in walk(provider, [top.path], done.walked, cancelled=cancelled):
        for each in page:
            if at_once or each.kind is not Kind.DIR:
                give(each)
            else:
                later.append(each)
    if not cancelled():
        for folder in reversed(later):
            give(folder)


def _give(moder: Moder, entry: Entry, bits: int, within: str, done: Set) -> None:
    if entry.kind is Kind.LINK:
        done.links += 1
        return
    try:
        moder.set_mode(entry.path, bits, within=within)
    except NotFound:
        return
    except (AuthRequired, HostKeyProblem, ConnectionLost):
        raise
    except ProviderError as error:
        done.failed += 1
        done.first_error = done.first_error or error
        return
    done.done += 1


def summary(done: Set) -> str:
    """How far it came, as a sentence."""
    parts = [f"{done.done:,} changed"]
    if done.links:
        parts.append("1 link left alone" if done.links == 1 else f"{done.links:,} links left alone")
    if done.failed:
        parts.append(f"{done.failed:,} could not be")
    if done.walked.lacking:
        parts.append(done.walked.lacking)
    if done.stopped:
        parts.append("stopped before the end")
    error = done.first_error or done.walked.first_error
    return ", ".join(parts) + (f". First: {error}" if error else ".")
