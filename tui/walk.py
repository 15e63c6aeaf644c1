"""A tree read folder by folder for what only looks at it: links are never followed, and it ends.

Blocking: for threads. One folder is open at a time, a page of it in memory, and of the others only
their addresses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from providers.base import Entry, Kind, Provider
from providers.errors import (
    AuthRequired,
    ConnectionLost,
    HostKeyProblem,
    NotFound,
    ProviderError,
)
from providers.extras import Linker
from providers.records import dataclass

MOST_WAITING = 200_000  # folders whose turn has not come
DEEPEST = 500  # folders in one another: a server may make up more without end


@dataclass(slots=True)
class Walked:
    """How far it came. `left_out`: folders beyond the limits above."""

    folders: int = 0
    unread: int = 0
    left_out: int = 0
    first_error: ProviderError | None = None

    @property
    def lacking(self) -> str:
        """What is missing from the result, as a phrase; "" when nothing is."""
        parts = []
        if self.unread:
            parts.append(f"{_folders(self.unread)} could not be read")
        if self.left_out:
            parts.append(f"{_folders(self.left_out)} left out, there are too many")
        return ", ".join(parts)


def _folders(count: int) -> str:
    return "1 folder" if count == 1 else f"{count:,} folders"


def walk(
    provider: Provider,
    tops: Iterable[str],
    walked: Walked,
    *,
    cancelled: Callable[[], bool],
    enters: Callable[[Entry], bool] = lambda folder: True,
) -> Iterator[Sequence[Entry]]:
    """Pages of what is below the folders `tops`, which are not links to them.

    `enters` says of a folder whether it is read. What cannot be read is noted in `walked`. Ends
    early when `cancelled`. Raises ProviderError where nothing more can be read (sign-in, lost
    connection).
    """
    waiting = [(path, 0) for path in tops]
    waiting.reverse()
    while waiting and not cancelled():
        path, depth = waiting.pop()
        below: list[tuple[str, int]] = []
        for page in _pages(provider, path, walked):
            if cancelled():
                return
            yield page
            folders = [e.path for e in page if e.kind is Kind.DIR and enters(e)]
            room = 0 if depth >= DEEPEST else MOST_WAITING - len(waiting) - len(below)
            below += [(folder, depth + 1) for folder in folders[: max(0, room)]]
            walked.left_out += max(0, len(folders) - max(0, room))
        waiting.extend(reversed(below))


def _pages(provider: Provider, path: str, walked: Walked) -> Iterator[Sequence[Entry]]:
    try:
        # Looked at again right before: it may have become a link, which list_dir would follow.
        if isinstance(provider, Linker) and provider.stat(path).kind is not Kind.DIR:
            return
        yield from provider.list_dir(path)
    except NotFound:
        pass
    except (AuthRequired, HostKeyProblem, ConnectionLost):
        raise
    except ProviderError as error:
        walked.unread += 1
        walked.first_error = walked.first_error or error
    walked.folders += 1
