"""How a pane reads its place: in a thread, shown while it arrives, given up by Esc."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Collection, Iterable, Mapping
from functools import partial

from textual import on
from textual.message import Message
from textual.timer import Timer
from textual.worker import Worker

from providers.base import Entry, Place
from providers.errors import ConnectionLost, ProviderError, Unreachable
from providers.records import replace
from tui import found, listing, slow_line
from tui.background import instead
from tui.details import Answers, Details, lacks, still_true
from tui.listing import How, Request, Snapshot
from tui.row_signs import NO_SIGNS
from tui.rows import NO_ROWS, Paths
from tui.search import Criteria
from tui.sign_in import Connections, SignIn
from tui.widgets.file_list import FileList
from tui.widgets.pane_looking import PaneLooking

_REFRESH_GAP = 1.0  # seconds between refreshes that nobody asked for
_AGAIN = (5.0, 10.0, 20.0, 40.0, 60.0)  # seconds to the next try after a connection was lost
_LISTING, _DETAILS, _ROOM = "listing", "details", "room"


class PaneReading(PaneLooking):
    """A place that cannot be read leaves the old one standing, with the reason below it."""

    class Listed(Message):
        """A snapshot from the listing thread, and what has become of entries that were marked
        before, or of which more was known: None where they are not `again` there."""

        def __init__(
            self,
            generation: int,
            request: Request,
            snapshot: Snapshot,
            again: Mapping[str, Entry | None],
        ) -> None:
            super().__init__()
            self.generation = generation
            self.request = request
            self.snapshot = snapshot
            self.again = again

    def __init__(self, start: Place, connections: Connections, sign_in: SignIn, id: str) -> None:
        super().__init__(start, connections, id)
        self._sign_in = sign_in
        self._generation = 0
        self._read_took = 0.0  # seconds
        self._refreshed = float("-inf")
        self._refresh_timer: Timer | None = None
        self._wants_refresh = False
        self._again_timer: Timer | None = None
        self._lost = 0  # tries in a row that found no connection
        self._details: Details | None = None  # None while something is read
        self._asking: Worker[None] | None = None
        self._room: Worker[None] | None = None
        self._sought: Collection[str] = ()  # paths that a listing is to tell of, besides

    @property
    def idle(self) -> bool:
        """Whether nothing is being read."""
        return self._loading is None

    def open(
        self, place: Place, *, focus: str | None = None, typed: bool = False, how: How = How.GO
    ) -> None:
        """Show `place`; until its first page is there, what is shown stays."""
        self.post_message(self.Said(""))  # an old sentence is not about this
        self._read(Request(place, focus, typed, how=how))

    def reread(self, focus: str | None = None) -> None:
        """Read the place again; cursor and marks stay where they are."""
        again, how = self.read_once, How.GO if self.read_once else How.RESUME
        known = None if self.search is None else self.entries
        self._read(Request(self.place, focus, not again, again, self.search, known, how))

    def search_below(self, criteria: Criteria, *, kept: bool = False) -> None:
        """Show what is found below `place`; a row's own folder is opened by Enter."""
        if criteria.hidden:
            self.view = replace(self.view, hidden=True)
        self.post_message(self.Said(""))
        self._read(Request(self.place, kept=kept, search=criteria))

    def reread_soon(self) -> None:
        """Read again because something changed: at most once a second, and never in the way."""
        self._wants_refresh = True
        if self._refresh_timer is None and self._loading is None:
            slow = slow_line.is_slow(os.environ)
            least = slow_line.REREAD_SECONDS if slow else _REFRESH_GAP
            gap = max(least, 3 * self._read_took)
            wait = max(0.05, self._refreshed + gap - time.monotonic())
            self._refresh_timer = self.set_timer(wait, self._reread_now)

    def _reread_now(self) -> None:
        self._refresh_timer = None
        if self._loading is None and self._wants_refresh:
            self.reread()

    def _read(self, request: Request) -> None:
        self._generation += 1
        self._stop_asking()
        if self._again_timer is not None:
            self._again_timer.stop()
            self._again_timer = None
        self._loading, self._count, self._error = request, 0, ""
        self._wants_refresh = False
        self._show_foot()
        work = partial(self._list, request, self._generation)
        instead(self, work, _LISTING)

    async def _list(self, request: Request, generation: int) -> None:
        stop = threading.Event()

        def read() -> None:
            started = time.monotonic()
            self._read_in_thread(request, generation, stop)
            self._read_took = time.monotonic() - started  # without what a person took to sign in

        try:
            await self._sign_in.call(read)
        except ProviderError as error:
            self._failed(generation, error)
        finally:
            stop.set()
            self._refreshed = time.monotonic()

    def _read_in_thread(self, request: Request, generation: int, stop: threading.Event) -> None:
        def emit(asked: Request, snapshot: Snapshot) -> None:
            again = snapshot.entries.again({*self.list.marks, *self.list.told, *self._sought})
            if not stop.is_set():
                self.post_message(self.Listed(generation, asked, snapshot, again))

        provider = self._connections.open(request.place.endpoint)
        chosen = listing.read_asked if request.search is None else found.read
        read = partial(chosen, view=lambda: self.view, emit=emit, cancelled=stop.is_set)
        try:
            read(provider, request)
        except Unreachable:
            raise
        except ConnectionLost:  # one that was idle may be noticed only now: a new one is made
            if stop.is_set():
                raise
            read(provider, request)

    @on(Listed)
    def _listed(self, message: Listed) -> None:
        message.stop()
        if message.generation != self._generation:
            return
        snapshot, request = message.snapshot, message.request
        self._count, self._note = len(snapshot.entries), snapshot.note
        if snapshot.complete or not request.kept:
            self._take(snapshot, request, message.again)
        if snapshot.complete:
            self._complete(message.again)
        self._show_foot()

    def _take(
        self, snapshot: Snapshot, request: Request, again: Mapping[str, Entry | None]
    ) -> None:
        place = Place(request.place.endpoint, snapshot.path)
        if place != self.place or not self.read_once or request.search != self.search:
            self._enter(place, snapshot.parent, request)
        elif request.focus is not None:
            self.list.held = request.focus
        self.entries, self._paths = snapshot.entries, Paths(snapshot.entries)
        self.list.told = still_true(self.list.told, again)
        if snapshot.view == self.view and not self.list.told:
            self._show_rows(snapshot.rows)
        else:
            self._arrange()

    def _enter(self, place: Place, parent: str | None, request: Request) -> None:
        """Another place is shown than before, its first rows to come."""
        self.place, self.parent_path, self.read_once = place, parent, True
        self.search = request.search
        self.list.start = None if self.search is None else place.path
        if not self._filter_input.has_focus:  # what is being typed goes on, for this place
            if request.how is not How.RESUME:
                self.view = replace(self.view, filter="")
            self._close_filter()
        self.list.rows, self.list.told, self.list.measured = NO_ROWS, {}, {}
        self.list.signs = NO_SIGNS
        self.list.clear_marks()
        self.list.jump(request.focus)
        self._show_head()

    def _complete(self, again: Mapping[str, Entry | None]) -> None:
        self._loading, self._error, self._lost = None, "", 0
        self.list.keep_marks(again)
        self.list.hold()
        self._begin_asking()
        self._ask_room()
        if self._wants_refresh:
            self.reread_soon()

    def _failed(self, generation: int, error: ProviderError) -> None:
        if generation != self._generation:
            return
        request, self._loading = self._loading, None
        self._begin_asking(known=self.list.told)
        self._error = str(error)
        if isinstance(error, ConnectionLost) and request is not None and self._is_shown(request):
            self._again_timer = self.set_timer(_AGAIN[self._lost], self._try_again)
            self._lost = min(self._lost + 1, len(_AGAIN) - 1)
        if not self.read_once:
            self.list.show_rows((), has_parent=False, notice="not read")
        self._show_foot()

    def _is_shown(self, request: Request) -> bool:
        return self.read_once and (request.place, request.search) == (self.place, self.search)

    def _try_again(self) -> None:
        """Read what is shown; why that failed before stays in sight until it has come."""
        error = self._error
        self.reread()
        self._error = error
        self._show_foot()

    def stop_reading(self) -> bool:
        """Give up what is being read; whether there was anything."""
        if self._loading is None:
            return False
        self._generation += 1
        self._loading = None
        self.workers.cancel_group(self, _LISTING)
        self._begin_asking(known=self.list.told)
        self._error = "Stopped reading. Ctrl+R reads it again."
        self._show_foot()
        return True

    def room_changed(self) -> None:
        """Something was written or removed somewhere in the place that is shown."""
        if self.read_once:
            self._ask_room()

    def _ask_room(self) -> None:
        """What is free there: once what is there has been read."""
        self._free.want(self.place)
        if self._room is None or self._room.is_finished:
            self._room = self.run_worker(self._free.ask(self._show_foot), group=_ROOM)

    # What the listing left out

    @on(FileList.Seen)
    def _seen(self) -> None:
        self._ask_details()

    def _begin_asking(self, known: Iterable[str] = ()) -> None:
        if self.read_once:
            endpoint = self.place.endpoint
            self._details = Details(lambda: self._connections.open(endpoint), known)
            self._ask_details()

    def _ask_details(self) -> None:
        """Ask about the rows in sight, first about those of which nothing is known yet."""

        def in_sight() -> list[Entry]:
            return sorted(self.list.in_sight, key=lambda entry: entry.path in self.list.told)

        if self._details is None or not any(map(lacks, self.list.in_sight)):
            return
        if self._asking is None or self._asking.is_finished:
            work = partial(self._details.ask, in_sight, self._tell)
            self._asking = self.run_worker(work, group=_DETAILS)

    def _tell(self, answers: Answers) -> None:
        told = {**self.list.told, **answers}
        self.list.tell({path: one for path, one in told.items() if one is not None})
        if None in answers.values():
            self._arrange()  # what was known of that one stands in the rows
        self._show_foot()

    def _stop_asking(self) -> None:
        if self._details is not None:
            self._details.stop()
        self.workers.cancel_group(self, _DETAILS)
        self._details = self._asking = None
