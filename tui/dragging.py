"""Files dragged by mouse: what is dragged, where it would go, and what is said of that."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual import events
from textual.geometry import Offset

from providers import location
from providers.base import Entry, Kind, Place
from providers.records import dataclass
from tui import format as show
from tui.commands.copying import Order
from tui.selection import Group, entries
from tui.widgets.drag_ghost import DragGhost
from tui.widgets.file_list import FileList
from tui.widgets.file_pane import FilePane

if TYPE_CHECKING:
    from textual.screen import Screen

_THRESHOLD = 2  # cells from which a press is a drag
_LEFT = 1  # the button
_PLACE_WIDTH = 34  # cells of the label


@dataclass(frozen=True, slots=True)
class Load:
    """What is dragged, and from where."""

    pane: FilePane
    groups: Sequence[Group]


@dataclass(frozen=True, slots=True)
class Spot:
    """What the pointer is on: `row` of a list, None beside its rows; `place` takes what is
    dropped, None: it is not for this."""

    pane: FilePane
    row: int | None = None
    place: Place | None = None


def target_of(load: Load, pane: FilePane, entry: Entry | None, *, parent: bool) -> Place | None:
    """Where `load` goes when it is dropped on `entry` of `pane`, on the row of its parent, or
    beside its rows; None: nowhere."""
    endpoint = pane.place.endpoint
    if not pane.read_once:
        return None
    if entry is not None and entry.kind is Kind.DIR and not _carries(load, endpoint, entry):
        return Place(endpoint, entry.path)
    if pane.search is not None:  # what was found is no folder
        return None
    if parent:
        return None if pane.parent_path is None else Place(endpoint, pane.parent_path)
    here = pane.place == load.pane.place and load.pane.search is None
    return None if here else pane.place


def _carries(load: Load, endpoint: str, entry: Entry) -> bool:
    """Whether `entry` is one of those that are dragged."""
    place = Place(endpoint, entry.path)
    return any(place in group.places for group in load.groups)


def label(load: Load, place: Place | None, *, move: bool) -> str:
    """ "3 files, 1.2 MiB → /target" (not yet safe for a terminal)."""
    dragged = entries(load.groups)
    files = [entry for entry in dragged if entry.kind is not Kind.DIR]
    folders = len(dragged) - len(files)
    parts = [_counted(folders, "folder")] if folders else []
    if files:
        size = show.size(sum(entry.size or 0 for entry in files))
        parts.append(f"{_counted(len(files), 'file')}, {size}")
    what = ", ".join(parts)
    if place is None:
        return what
    verb = "move " if move else ""
    return f"{verb}{what} → {show.clip_left(location.show(place), _PLACE_WIDTH)}"


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


class Dragging:
    """What the mouse does on the main screen. A drop is an order, whose plan is shown: a terminal
    that loses the release of a button must not act."""

    def __init__(self, screen: Screen[None]) -> None:
        self._screen = screen
        self._pressed: tuple[Offset, FilePane, Entry] | None = None
        self._load: Load | None = None
        self._spot: Spot | None = None

    @property
    def _ghost(self) -> DragGhost:
        return self._screen.query_one(DragGhost)

    def press(self, event: events.MouseDown) -> None:
        """Remember what is under the pointer: it may be dragged."""
        found = self._under(event.screen_offset)
        if event.button != _LEFT or found is None or self._load is not None:
            return
        pane, row = found
        entry = None if row is None else pane.list.entry_at(row)
        if entry is not None and pane.read_once:
            self._pressed = event.screen_offset, pane, entry
            pane.list.dragged = False
            self._screen.app.capture_mouse(pane.list)  # its release is heard wherever it is

    def move(self, event: events.MouseMove) -> None:
        """Begin to drag once the pointer is far enough, and follow it. The button is not looked
        at: not every driver tells it here."""
        at = event.screen_offset
        if self._load is None and self._pressed is not None:
            start, pane, entry = self._pressed
            if max(abs(at.x - start.x), abs(at.y - start.y)) >= _THRESHOLD:
                marked = entry.path in pane.list.marks
                alone = [Group(pane.place.endpoint, (entry,))]
                self._load = Load(pane, pane.selection if marked else alone)
                pane.list.dragged = True
        if self._load is not None:
            spot = self._spot_at(at, self._load)
            self._light(spot)
            place = None if spot is None else spot.place
            self._ghost.follow(label(self._load, place, move=event.ctrl), at)

    def drop(self, event: events.MouseUp) -> tuple[FilePane, Order] | None:
        """What was ordered by that, and the pane it is from; None: nothing."""
        load = self._load
        spot = None if load is None else self._spot_at(event.screen_offset, load)
        self.cancel()
        if load is None or spot is None or spot.place is None:
            return None
        return load.pane, Order(load.groups, spot.place, move=event.ctrl)

    def cancel(self) -> bool:
        """Drop nothing; whether anything was dragged."""
        dragged, pressed = self._load is not None, self._pressed is not None
        self._load = self._pressed = None
        if pressed:
            self._light(None)
            self._ghost.vanish()
            self._screen.app.capture_mouse(None)
        return dragged

    def _under(self, at: Offset) -> tuple[FilePane, int | None] | None:
        """The pane at `at`, and the row of its list. What lies over them is looked through."""
        row = None
        for widget, _ in self._screen.get_widgets_at(*at):
            if isinstance(widget, FileList):
                row = widget.row_at(at)
            elif isinstance(widget, FilePane):
                return widget, row
        return None

    def _spot_at(self, at: Offset, load: Load) -> Spot | None:
        found = self._under(at)
        if found is None:
            return None
        pane, row = found
        entry = None if row is None else pane.list.entry_at(row)
        place = target_of(load, pane, entry, parent=row is not None and entry is None)
        on_row = place is not None and place != pane.place
        return Spot(pane, row if on_row else None, place)

    def _light(self, spot: Spot | None) -> None:
        """Show which pane, and which of its rows, takes what is dragged."""
        if spot == self._spot:
            return
        before, self._spot = self._spot, spot
        if before is not None:
            before.pane.remove_class("-target")
            before.pane.list.light(None)
        if spot is not None and spot.place is not None:
            spot.pane.add_class("-target")
            spot.pane.list.light(spot.row)
