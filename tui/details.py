"""What a listing left out: sizes, times and where links lead, asked for in the background.

Some web servers list rounded sizes, or none; SFTP lists links without where they lead. Only what a
person looks at is asked about, a little at a time, and no more where the place has nothing to add.
A copy needs none of it: it looks at its source itself.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable, Mapping
from functools import partial

from providers.base import Entry, Interruptible, Kind, Provider
from providers.errors import AuthRequired, ConnectionLost, ProviderError, Throttled
from providers.records import dataclass, replace
from tui.background import in_thread

AT_ONCE = 2  # requests: the place may be busy with transfers
_IN_VAIN = 4  # answers one after the other that added nothing


@dataclass(frozen=True, slots=True)
class Told:
    """A file as its folder lists it, and as it is known to be."""

    listed: Entry
    known: Entry


Answers = Mapping[str, Told | None]
"""By path; None: nothing more is known than was listed."""


def lacks(entry: Entry) -> bool:
    """Whether the listing did not say all that is shown of it."""
    if entry.kind is Kind.LINK:
        return entry.target is None
    return entry.kind is Kind.FILE and (entry.size is None or entry.modified is None)


def completed(listed: Entry, found: Entry) -> Entry:
    """`listed`, with what it lacks taken from `found`."""
    return replace(
        listed,
        size=found.size if listed.size is None else listed.size,
        modified=found.modified if listed.modified is None else listed.modified,
        target=found.target if listed.target is None else listed.target,
    )


def still_true(told: Mapping[str, Told], again: Mapping[str, Entry | None]) -> dict[str, Told]:
    """Those of `told` that a later listing has `again` as they were listed then."""
    return {path: known for path, known in told.items() if again.get(path) == known.listed}


class Details:
    """The questions about one folder, from when it was listed until it is left.

    `known`: the paths that need no asking.
    """

    def __init__(self, open_provider: Callable[[], Provider], known: Iterable[str] = ()) -> None:
        self._open = open_provider
        self._asked = set(known)
        self._in_vain = 0
        self._lock = threading.Lock()
        self._over = False
        self._under_way: dict[int, Provider] = {}  # by thread

    async def ask(
        self, in_sight: Callable[[], Iterable[Entry]], tell: Callable[[Answers], None]
    ) -> None:
        """Ask about what lacks something `in_sight`, which may change meanwhile, and `tell`."""
        while wanted := self.wanted(in_sight()):
            answers = (in_thread(partial(self._answer, entry)) for entry in wanted)
            found = await asyncio.gather(*answers)
            tell({entry.path: one for entry, one in zip(wanted, found, strict=True)})

    def wanted(self, in_sight: Iterable[Entry]) -> list[Entry]:
        """Those to ask about next; none when nothing is left to ask."""
        if self._over or self._in_vain >= _IN_VAIN:
            return []
        lacking = [e for e in in_sight if lacks(e) and e.path not in self._asked][:AT_ONCE]
        self._asked.update(entry.path for entry in lacking)
        return lacking

    def stop(self) -> None:
        """Ask no more, and give up what is being asked."""
        with self._lock:
            self._over = True
            for thread, provider in self._under_way.items():
                if isinstance(provider, Interruptible):
                    provider.interrupt(thread)

    def _answer(self, listed: Entry) -> Told | None:
        """In a thread. No person asked for this: what goes wrong is not said, only left at that."""
        found = listed
        try:
            found = self._found(listed)
        except (AuthRequired, ConnectionLost, Throttled):
            self._over = True
        except ProviderError:
            pass
        known = completed(listed, found)
        self._in_vain = self._in_vain + 1 if known == listed else 0
        return None if known == listed else Told(listed, known)

    def _found(self, listed: Entry) -> Entry:
        provider, thread = self._open(), threading.get_ident()
        with self._lock:
            if self._over:
                return listed
            self._under_way[thread] = provider
        try:
            return provider.stat(listed.path)
        finally:
            with self._lock:
                del self._under_way[thread]
