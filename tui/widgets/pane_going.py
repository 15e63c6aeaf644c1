"""Where a pane goes: its tabs, the history of each, and the marks that come along."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from textual import on
from textual.message import Message

from providers import location
from providers.base import Entry, Place
from providers.errors import NotFound, ProviderError, WrongKind
from providers.records import replace
from tui import format as show
from tui import selection
from tui.history import History
from tui.key_map import key_for
from tui.listing import How, Request
from tui.rows import NO_ROWS, Paths
from tui.selection import Group
from tui.sign_in import Connections, SignIn
from tui.tabs import Tab, Tabs
from tui.widgets import pane_foot
from tui.widgets.jump_input import JumpInput
from tui.widgets.pane_reading import PaneReading
from tui.widgets.tab_bar import TabBar

_NAMED = 3  # names in a sentence
_NAME_WIDTH = 24  # cells


class PaneGoing(PaneReading):
    """The state of the tab in front is the pane's own (place, view, cursor, marks)."""

    class Arrived(Message):
        """Another place is shown than before."""

        def __init__(self, pane: PaneGoing, how: How) -> None:
            super().__init__()
            self.pane = pane
            self.how = how

    def __init__(self, start: Place, connections: Connections, sign_in: SignIn, id: str) -> None:
        super().__init__(start, connections, sign_in, id)
        self.tabs = Tabs(Tab(start))
        self._returned = False  # marks of another time are to be looked for

    @property
    def tab(self) -> Tab:
        return self.tabs.front

    # Coming to a place

    def _read(self, request: Request) -> None:
        elsewhere = [p.path for p in self.tab.elsewhere if p.endpoint == request.place.endpoint]
        self._sought = {*self.tab.marks, *elsewhere}
        super()._read(request)

    def _enter(self, place: Place, parent: str | None, request: Request) -> None:
        tab, name = self.tab, self._connections.open(place.endpoint).name(place.path)
        tab.history.note(self.list.held)
        marks = self._marks_at(place, request)
        super()._enter(place, parent, request)
        self.query_one(JumpInput).arrive()
        self.list.mark(marks.values())
        self._returned = bool(marks)
        tab.history.arrive(place, request.how.step)
        tab.title = name or location.show(place)
        self._show_tabs()
        self.post_message(self.Arrived(self, request.how))

    def _marks_at(self, place: Place, request: Request) -> Mapping[str, Entry]:
        """What is marked at `place` that is about to be shown; the other marks are kept, or go."""
        tab = self.tab
        left = self.list.marks if self.read_once else tab.marks
        tab.marks = {}
        if request.how is How.RESUME:
            return left
        if not tab.keeping:
            return {}
        tab.keep(self.place.endpoint, left)
        parent = self._connections.open(place.endpoint).parent
        return tab.take(place.endpoint, lambda path: parent(path) == place.path)

    def _complete(self, again: Mapping[str, Entry | None]) -> None:
        marks, returned = list(self.list.marks.values()), self._returned
        self._returned = False
        super()._complete(again)
        if returned and (gone := [e for e in marks if again.get(e.path, e) is None]):
            self.post_message(self.Said(f"Marked, and not there any more: {named(gone)}"))

    def _failed(self, generation: int, error: ProviderError) -> None:
        request = self._loading
        current = generation == self._generation
        super()._failed(generation, error)
        if current and request is not None and isinstance(error, NotFound | WrongKind):
            self.tab.history.forget(request.how.step)

    # History

    def action_history(self, by: int) -> None:
        """Go back (-1) or forward (1) in the tab."""
        stop = self.tab.history.peek(by)
        if stop is None:
            where = "back" if by < 0 else "forward"
            self.post_message(self.Said(f"There is no folder to go {where} to in this tab."))
        else:
            how = How.BACK if by < 0 else How.FORWARD
            self.open(stop.place, focus=stop.cursor, how=how)

    # Tabs

    def action_new_tab(self) -> None:
        """Another tab, which begins where this one is."""
        self._park()
        here = self.tab
        self.tabs.add(replace(here, marks={}, elsewhere={}, keeping=False, history=History()))
        self._resume()

    def action_close_tab(self) -> None:
        if len(self.tabs.all) == 1:
            self.post_message(self.Said("This is the only tab of this pane."))
        else:
            self.tabs.close()
            self._resume()

    def action_tab(self, by: int) -> None:
        """The next tab (1) or the one before (-1), round and round."""
        self.show_tab((self.tabs.at + by) % len(self.tabs.all))

    def show_tab(self, index: int) -> None:
        """Bring a tab to the front: its place is read."""
        if index != self.tabs.at:
            self._park()
            self.tabs.at = index
            self._resume()

    @on(TabBar.Picked)
    def _picked(self, event: TabBar.Picked) -> None:
        event.stop()
        self.show_tab(event.tab)

    def _park(self) -> None:
        tab = self.tab
        tab.place, tab.view, tab.parent = self.place, self.view, self.parent_path
        tab.search = self.search
        if self.read_once:
            tab.read, tab.cursor, tab.marks = True, self.list.held, dict(self.list.marks)

    def _resume(self) -> None:
        tab = self.tab
        self.place, self.view, self.parent_path = tab.place, tab.view, tab.parent
        self.read_once, self.entries, self._paths = False, NO_ROWS, Paths(NO_ROWS)
        self.search, self.list.start, self.list.measured, self._note = None, None, {}, ""
        self._close_filter()
        self.query_one(JumpInput).leave()
        self.list.told = {}
        self.list.clear_marks()
        self.list.show_rows(NO_ROWS, has_parent=False)
        self.list.jump(tab.cursor)
        self._show_head()
        self._show_tabs()
        self.post_message(self.Said(""))
        typed = not tab.read
        self._read(Request(tab.place, tab.cursor, typed, search=tab.search, how=How.RESUME))

    def _show_tabs(self) -> None:
        titles = [tab.title or location.show(tab.place) or "…" for tab in self.tabs.all]
        self.query_one(TabBar).show(titles, self.tabs.at)

    # Marks

    @property
    def selection(self) -> list[Group]:
        """All that is marked in this tab, also elsewhere, else what is under the cursor."""
        if self.list.marks or not self.tab.elsewhere:
            return selection.grouped(self.place.endpoint, self.selected, self.tab.elsewhere)
        return selection.grouped(self.place.endpoint, (), self.tab.elsewhere)

    def unmark(self, places: list[Place]) -> None:
        """Take marks away, here and elsewhere."""
        mine = {place.path for place in places if place.endpoint == self.place.endpoint}
        for place in places:
            self.tab.elsewhere.pop(place, None)
        self.list.mark([e for e in self.list.marks.values() if e.path in mine], marked=False)

    def action_keep_marks(self) -> None:
        """Marks come along to other folders of this tab from now on; or those elsewhere go."""
        tab = self.tab
        tab.keeping, dropped = not tab.keeping, len(tab.elsewhere)
        tab.elsewhere.clear()
        key = key_for(self.screen, "keep_marks")
        text = f"Marks stay as this tab goes on. {key} again lets go of those elsewhere."
        if not tab.keeping:
            text = f"Marks are of one folder again; {dropped:,} elsewhere taken away."
        self.post_message(self.Said(text))
        self._show_foot()

    def action_unmark_all(self) -> None:
        """Take all marks of this tab away."""
        self.tab.elsewhere.clear()
        self.list.clear_marks()

    def _mark_facts(self) -> Iterator[str]:
        if self.tab.keeping and not self.tab.elsewhere:
            yield "keeping marks"
        if self.list.marks or self.tab.elsewhere:
            elsewhere = list(self.tab.elsewhere.values())
            yield pane_foot.marked(self._marked(), self.list.measured, elsewhere)


def named(gone: list[Entry]) -> str:
    """The first names, safe to show, and how many more."""
    names = ", ".join(f"“{show.clip_middle(e.name, _NAME_WIDTH)}”" for e in gone[:_NAMED])
    more = len(gone) - _NAMED
    return f"{names} and {more:,} more." if more > 0 else f"{names}."
