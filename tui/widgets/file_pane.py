"""One side of the screen: a place, its entries, and how they are looked at."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Input
from textual.worker import Worker

from providers.base import Entry, Kind, Place, Provider
from providers.errors import ConnectionLost, ProviderError, Unreachable
from providers.text import printable
from tui import found, listing, slow_line
from tui.background import in_thread
from tui.details import Answers, Details, still_true
from tui.key_map import bindings
from tui.keys import Where
from tui.listing import Request, Snapshot, SortBy, View
from tui.ordering import Abandoned
from tui.rows import NO_ROWS, Paths, Rows
from tui.search import Criteria
from tui.sign_in import Connections, SignIn
from tui.widgets import pane_foot
from tui.widgets.file_list import FileList
from tui.widgets.filter_input import FilterInput
from tui.widgets.pane_foot import PaneFoot
from tui.widgets.path_bar import ColumnHeader, PathBar

_MANY = 5_000  # entries from which arranging goes to a thread
_REFRESH_GAP = 1.0  # seconds between refreshes that nobody asked for
_LISTING, _ARRANGING, _DETAILS = "listing", "arranging", "details"


class FilePane(Widget):
    """Shows `place`, which is always what the rows are from: a place that cannot be read leaves
    the old one standing, with the reason below it."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(Where.PANE)
    ALLOW_MAXIMIZE = False

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

    class Activated(Message):
        """This pane is the one that keys act on from now on."""

        def __init__(self, pane: FilePane) -> None:
            super().__init__()
            self.pane = pane

    class Said(Message):
        """A sentence for the person."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self, start: Place, connections: Connections, sign_in: SignIn, id: str) -> None:
        super().__init__(id=id)
        self.place = start
        self.view = View()
        self.entries = NO_ROWS
        self.parent_path: str | None = None
        self.read_once = False
        self.search: Criteria | None = None  # the rows are what was found below `place`
        self._note = ""
        self._start = start
        self._connections = connections
        self._sign_in = sign_in
        self._generation = 0
        self._loading: Request | None = None
        self._count = 0  # entries read so far
        self._error = ""
        self._read_took = 0.0  # seconds
        self._refreshed = float("-inf")
        self._refresh_timer: Timer | None = None
        self._wants_refresh = False
        self._paths = Paths(NO_ROWS)
        self._details: Details | None = None  # None while something is read
        self._asking: Worker[None] | None = None

    def compose(self) -> ComposeResult:
        yield PathBar()
        yield ColumnHeader()
        yield FileList()
        yield FilterInput(placeholder="part of a name, or *.txt", compact=True)
        yield PaneFoot()

    def on_mount(self) -> None:
        self.list = self.query_one(FileList)
        self._filter_input.display = False
        self._show_head()
        self.open(self._start, typed=True)

    @property
    def _filter_input(self) -> FilterInput:
        return self.query_one(FilterInput)

    @property
    def provider(self) -> Provider:
        """The provider of the place shown. Raises ProviderError."""
        return self._connections.open(self.place.endpoint)

    @property
    def selected(self) -> list[Entry]:
        """The marked entries, or the one under the cursor."""
        if self.list.marks:
            return sorted(self._marked(), key=lambda e: (e.name.casefold(), e.name))
        return [] if self.list.current is None else [self.list.current]

    def _marked(self) -> list[Entry]:
        return [self.list.known(entry) for entry in self.list.marks.values()]

    @property
    def idle(self) -> bool:
        """Whether nothing is being read."""
        return self._loading is None

    @property
    def known_paths(self) -> Container[str]:
        """The paths of all entries, shown or hidden."""
        return self._paths

    # Reading

    def open(self, place: Place, *, focus: str | None = None, typed: bool = False) -> None:
        """Show `place`; until its first page is there, what is shown stays."""
        self.post_message(self.Said(""))  # an old sentence is not about this
        self._read(Request(place, focus, typed))

    def reread(self, focus: str | None = None) -> None:
        """Read the place again; cursor and marks stay where they are."""
        known = None if self.search is None else self.entries
        self._read(
            Request(self.place, focus, not self.read_once, self.read_once, self.search, known)
        )

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
        self._loading, self._count, self._error = request, 0, ""
        self._wants_refresh = False
        self._show_foot()
        self.run_worker(self._list(request, self._generation), group=_LISTING, exclusive=True)

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
        def emit(found: Request, snapshot: Snapshot) -> None:
            again = snapshot.entries.again({*self.list.marks, *self.list.told})
            if not stop.is_set():
                self.post_message(self.Listed(generation, found, snapshot, again))

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

    def on_file_pane_listed(self, message: FilePane.Listed) -> None:
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
            self.place, self.parent_path, self.read_once = place, snapshot.parent, True
            self.search = request.search
            self.list.start = None if self.search is None else place.path
            self.view = replace(self.view, filter="")
            self._close_filter()
            self.list.rows, self.list.told, self.list.measured = NO_ROWS, {}, {}
            self.list.clear_marks()
            self.list.jump(request.focus)
            self._show_head()
        elif request.focus is not None:
            self.list.held = request.focus
        self.entries, self._paths = snapshot.entries, Paths(snapshot.entries)
        self.list.told = still_true(self.list.told, again)
        if snapshot.view == self.view and not self.list.told:
            self._show_rows(snapshot.rows)
        else:
            self._arrange()

    def _complete(self, again: Mapping[str, Entry | None]) -> None:
        self._loading = None
        self.list.keep_marks(again)
        self.list.hold()
        self._begin_asking()
        if self._wants_refresh:
            self.reread_soon()

    def _failed(self, generation: int, error: ProviderError) -> None:
        if generation != self._generation:
            return
        self._loading = None
        self._begin_asking(known=self.list.told)
        self._error = str(error)
        if not self.read_once:
            self.list.show_rows((), has_parent=False, notice="not read")
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

        if self._details is not None and (self._asking is None or self._asking.is_finished):
            self._asking = self.run_worker(self._details.ask(in_sight, self._tell), group=_DETAILS)

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

    # Looking

    def _arrange(self) -> None:
        """Sort and filter again; where that takes long, in a thread."""
        self._show_header()
        if len(self.entries) < _MANY:
            self._show_rows(self._arranged(self.entries, self.view))
        else:
            work = self._arrange_in_thread(self.entries, self.view)
            self.run_worker(work, group=_ARRANGING, exclusive=True)

    async def _arrange_in_thread(self, entries: Rows, view: View) -> None:
        def wanted() -> bool:
            return entries is self.entries and view == self.view

        with suppress(Abandoned):
            rows = await in_thread(lambda: self._arranged(entries, view, wanted))
            if wanted():
                self._show_rows(rows)

    def _arranged(
        self, entries: Rows, view: View, wanted: Callable[[], bool] = lambda: True
    ) -> Rows:
        known = {path: one.known for path, one in self.list.told.items()}
        return listing.arrange(entries, view, known=known, wanted=wanted)

    def _show_rows(self, rows: Rows) -> None:
        told = rows or (self.search is not None and not self.entries)  # the foot says it
        notice = "" if told else listing.why_empty(self.entries, self.view)
        self.list.show_rows(rows, has_parent=self.parent_path is not None, notice=notice)
        self._show_foot()

    def _look(self, view: View) -> None:
        self.view = view
        self._arrange()

    def action_sort(self) -> None:
        order = list(SortBy)
        after = order[(order.index(self.view.sort) + 1) % len(order)]
        self._look(replace(self.view, sort=after, reverse=False))

    def action_reverse(self) -> None:
        self._look(replace(self.view, reverse=not self.view.reverse))

    def action_hidden(self) -> None:
        self._look(replace(self.view, hidden=not self.view.hidden))

    def action_refresh(self) -> None:
        self.post_message(self.Said(""))
        if self.search is None:
            self.reread()
        else:
            self.search_below(self.search, kept=True)

    def start_filter(self) -> None:
        """Let the person type what the names shown must contain."""
        field = self._filter_input
        field.display = True
        field.value = self.view.filter
        self.screen.set_focus(field)

    def back(self) -> None:
        """Stop reading, else show all names again."""
        if not self.stop_reading() and self.view.filter:
            self._look(replace(self.view, filter=""))

    @on(Input.Changed)
    def _filter_typed(self, event: Input.Changed) -> None:
        event.stop()
        if self._filter_input.display and event.value != self.view.filter:
            self._look(replace(self.view, filter=event.value))

    @on(FilterInput.Left)
    def _filter_left(self, event: FilterInput.Left) -> None:
        event.stop()
        if not event.kept and self.view.filter:
            self._look(replace(self.view, filter=""))
        self._close_filter()

    @on(FilterInput.Moved)
    def _filter_moved(self, event: FilterInput.Moved) -> None:
        event.stop()
        self.list.action_cursor(event.by)

    def _close_filter(self) -> None:
        field = self._filter_input
        if field.has_focus:
            self.list.focus()
        field.display = False
        field.value = self.view.filter

    # Going

    @on(FileList.Chosen)
    def _chosen(self, event: FileList.Chosen) -> None:
        event.stop()
        entry = event.entry
        if entry is None:
            self.action_parent()
        elif self.search is not None and entry.kind is not Kind.DIR:
            folder = self.provider.parent(entry.path)
            self.open(Place(self.place.endpoint, folder), focus=entry.path)
        elif entry.kind in (Kind.DIR, Kind.LINK):
            self.open(Place(self.place.endpoint, entry.path))
        else:
            name = printable(entry.name)
            self.post_message(
                self.Said(f"“{name}” is not a folder. F3 looks into it, F5 copies it.")
            )

    def action_parent(self) -> None:
        if self.parent_path is not None:
            self.open(Place(self.place.endpoint, self.parent_path), focus=self.place.path)

    def mark_matching(self, pattern: str, marked: bool) -> None:
        """Mark what is shown and matches a glob, or take the marks away."""
        whole = listing.glob(pattern)
        rows = self.list.rows
        self.list.mark([rows[at] for at, name in enumerate(rows.names()) if whole(name)], marked)

    def on_descendant_focus(self) -> None:
        self.post_message(self.Activated(self))

    def on_click(self, event: events.Click) -> None:
        if not self._filter_input.has_focus:
            self.list.focus()

    # The lines around the list

    def _show_head(self) -> None:
        heading = "" if self.search is None else self.search.heading
        self.query_one(PathBar).show(self.place, heading)
        self._show_header()

    def _show_header(self) -> None:
        self.query_one(ColumnHeader).show(self.view)

    @on(FileList.MarksChanged)
    def _marks_changed(self) -> None:
        self._show_foot()

    def _show_foot(self) -> None:
        self.query_one(PaneFoot).show(self._facts(), self._error)

    def _facts(self) -> Iterator[str]:
        if self._loading is not None:
            yield pane_foot.reading(self._loading, self.place, self._count)
        if self._note:
            yield self._note
        if self.list.marks:
            yield pane_foot.marked(self._marked(), self.list.measured)
        if self.view.filter:
            yield pane_foot.filtered(self.view.filter, len(self.list.rows), len(self.entries))
        elif self.read_once and (self.search is None or self._loading is None):
            yield pane_foot.counted(len(self.list.rows), found=self.search is not None)
