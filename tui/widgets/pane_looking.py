"""What stands in a pane: the entries of its place, how they are arranged and filtered."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from contextlib import suppress
from functools import partial

from textual import on
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input

from providers.base import Entry, Place, Provider
from providers.records import replace
from tui import listing
from tui.background import in_thread, instead
from tui.free_space import FreeSpace
from tui.listing import Request, SortBy, View
from tui.ordering import Abandoned
from tui.rows import NO_ROWS, Paths, Rows
from tui.search import Criteria
from tui.sign_in import Connections
from tui.widgets import pane_foot
from tui.widgets.file_list import FileList
from tui.widgets.filter_input import FilterInput
from tui.widgets.pane_foot import PaneFoot
from tui.widgets.path_bar import ColumnHeader, PathBar

_MANY = 5_000  # entries from which arranging goes to a thread
_ARRANGING = "arranging"


class PaneLooking(Widget):
    """Shows `place`, which is always what the rows are from."""

    class Said(Message):
        """A sentence for the person."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self, start: Place, connections: Connections, id: str) -> None:
        super().__init__(id=id)
        self.place = start
        self.view = View()
        self.entries = NO_ROWS
        self.parent_path: str | None = None
        self.read_once = False
        self.search: Criteria | None = None  # the rows are what was found below `place`
        self._note = ""
        self._connections = connections
        self._loading: Request | None = None
        self._count = 0  # entries read so far
        self._error = ""
        self._paths = Paths(NO_ROWS)
        self._free = FreeSpace(connections.open)

    def _begin(self) -> None:
        """Once the parts are there."""
        self.list = self.query_one(FileList)
        self._filter_input.display = False
        self._show_head()

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
    def known_paths(self) -> Container[str]:
        """The paths of all entries, shown or hidden."""
        return self._paths

    # Order

    def _arrange(self) -> None:
        """Sort and filter again; where that takes long, in a thread."""
        self._show_header()
        if len(self.entries) < _MANY:
            self._show_rows(self._arranged(self.entries, self.view))
        else:
            work = partial(self._arrange_in_thread, self.entries, self.view)
            instead(self, work, _ARRANGING)

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

    @on(ColumnHeader.Picked)
    def _column_picked(self, event: ColumnHeader.Picked) -> None:
        event.stop()
        again = event.sort is self.view.sort
        self._look(replace(self.view, sort=event.sort, reverse=again and not self.view.reverse))

    def action_natural(self) -> None:
        self._look(replace(self.view, natural=not self.view.natural))

    def action_reverse(self) -> None:
        self._look(replace(self.view, reverse=not self.view.reverse))

    def action_hidden(self) -> None:
        self._look(replace(self.view, hidden=not self.view.hidden))

    # The filter

    def start_filter(self) -> None:
        """Let the person type what the names shown must contain."""
        field = self._filter_input
        field.display = True
        field.value = self.view.filter
        self.screen.set_focus(field)

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

    # Marks

    def mark_matching(self, pattern: str, marked: bool) -> None:
        """Mark what is shown and matches a glob, or take the marks away."""
        whole = listing.glob(pattern)
        rows = self.list.rows
        self.list.mark([rows[at] for at, name in enumerate(rows.names()) if whole(name)], marked)

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
        free = pane_foot.free(self._free.of(self.place))
        self.query_one(PaneFoot).show(self._facts(), self._error, free)

    def _facts(self) -> Iterator[str]:
        if self._loading is not None:
            yield pane_foot.reading(self._loading, self.place, self._count)
        if self._note:
            yield self._note
        yield from self._mark_facts()
        if self.view.filter:
            yield pane_foot.filtered(self.view.filter, len(self.list.rows), len(self.entries))
        elif self.read_once and (self.search is None or self._loading is None):
            yield pane_foot.counted(len(self.list.rows), found=self.search is not None)

    def _mark_facts(self) -> Iterator[str]:
        if self.list.marks:
            yield pane_foot.marked(self._marked(), self.list.measured)
