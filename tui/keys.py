"""The key map, as data: bindings, the key bar and the help screen are all made from this table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from textual.binding import Binding, BindingType


class Where(StrEnum):
    """Which part of the screen must hold the focus for a key to act."""

    LIST = "list"
    PANE = "pane"
    SCREEN = "screen"


@dataclass(frozen=True, slots=True)
class Key:
    """One action. `keys` as Textual names them, `shown` as a person does.

    `rank` is its place in the key bar when room is short: 1 stays longest, 0 is never there.
    """

    action: str
    keys: str
    shown: str
    label: str
    help: str
    where: Where
    group: str
    rank: int = 0


_L, _P, _S = Where.LIST, Where.PANE, Where.SCREEN
_MOVE, _MARK, _FILES, _PLACES, _VIEW, _REST = (
    "Moving",
    "Marking",
    "Files",
    "Places",
    "View",
    "Wharfie",
)

KEYS: tuple[Key, ...] = (
    Key("screen.help", "f1,?,1", "F1 ?", "Help", "this page", _S, _REST, 2),
    Key("screen.rename", "f2,r,2", "F2 r", "Rename", "rename the entry", _P, _FILES, 7),
    Key("screen.copy", "f5,c,5", "F5 c", "Copy", "copy to the other pane", _P, _FILES, 1),
    Key("screen.move", "f6,m,6", "F6 m", "Move", "move to the other pane", _P, _FILES, 4),
    Key("screen.make_dir", "f7,7", "F7", "Mkdir", "make a folder", _P, _FILES, 6),
    Key("screen.delete", "f8,delete,8", "F8 Del", "Delete", "delete (asks first)", _P, _FILES, 5),
    Key("screen.properties", "i,alt+enter", "i Alt+Enter", "Info", "all about it", _P, _FILES, 15),
    Key("screen.versions(False)", "v", "v", "Versions", "what the file was", _P, _FILES, 16),
    Key("screen.versions(True)", "V", "V", "Deleted", "deleted files, to bring back", _P, _FILES),
    Key("screen.share", "L", "L", "Link", "a link to the clipboard", _P, _FILES, 17),
    Key("screen.clear_up", "U", "U", "Uploads", "unfinished ones, to take back", _P, _PLACES, 18),
    Key("screen.connect", "f9,ctrl+s,S,9", "F9 S Ctrl+S", "Connect", "open server", _P, _PLACES, 3),
    Key("screen.quit", "f10,q,0", "F10 q", "Quit", "quit; the queue is kept", _S, _REST, 2),
    Key("mark", "space,insert", "Space Ins", "Mark", "mark, and move down", _L, _MARK, 8),
    Key("screen.filter", "/", "/", "Filter", "show only matching names", _P, _VIEW, 9),
    Key("screen.panel", "w", "w", "Transfers", "to the transfers and back", _S, _REST, 8),
    Key("screen.other_pane", "tab", "Tab", "Other pane", "to the other pane", _S, _MOVE, 10),
    Key("sort", "s", "s", "Sort", "sort by name, size, time", _P, _VIEW, 11),
    Key("reverse", "R", "R", "Reverse", "turn the order round", _P, _VIEW),
    Key("hidden", ".", ".", "Hidden", "show or hide dotfiles", _P, _VIEW, 12),
    Key("refresh", "ctrl+r", "Ctrl+R", "Refresh", "read the folder again", _P, _VIEW, 14),
    Key("cursor(-1)", "up,k", "↑ k", "Up", "up one row", _L, _MOVE),
    Key("cursor(1)", "down,j", "↓ j", "Down", "down one row", _L, _MOVE),
    Key("page(-1)", "pageup", "PgUp", "Page up", "up one page", _L, _MOVE),
    Key("page(1)", "pagedown", "PgDn", "Page down", "down one page", _L, _MOVE),
    Key("first", "home,g", "Home g", "Top", "to the top", _L, _MOVE),
    Key("last", "end,G", "End G", "Bottom", "to the bottom", _L, _MOVE),
    Key("enter", "enter,right,l", "Enter → l", "Open", "open the folder", _L, _MOVE),
    Key("parent", "backspace,left,h", "Bksp ← h", "Parent", "to the folder above", _P, _MOVE),
    Key("invert", "*", "*", "Invert", "turn the marks round", _L, _MARK),
    Key("mark_all", "ctrl+a", "Ctrl+A", "Mark all", "mark all that is shown", _L, _MARK),
    Key("screen.mark_matching(True)", "+", "+", "Mark…", "mark by pattern (*.txt)", _P, _MARK),
    Key("screen.mark_matching(False)", "-", "-", "Unmark…", "unmark by pattern", _P, _MARK),
    Key("screen.go_to", "ctrl+g", "Ctrl+G", "Go to", "type a path or address", _P, _PLACES, 13),
    Key("screen.same_place", "=", "=", "Same", "this folder in the other pane", _P, _PLACES),
    Key("screen.swap", "ctrl+u", "Ctrl+U", "Swap", "swap the panes", _P, _PLACES),
    Key("screen.answer", "!", "!", "Answer", "answer what transfers ask", _S, _REST),
    Key("app.suspend_process", "ctrl+z", "Ctrl+Z", "Stop", "to the shell; fg: back", _S, _REST),
    Key("screen.back", "escape", "Esc", "Back", "stop; clear the filter; to the pane", _S, _REST),
)  # fmt: skip


def bindings(where: Where) -> list[BindingType]:
    """The Textual bindings of one part of the screen."""
    return [
        Binding(key.keys, key.action, key.help, show=False, id=key.action)
        for key in KEYS
        if key.where is where
    ]


def help_groups() -> list[tuple[str, list[Key]]]:
    """The table by group, for the help screen."""
    order = (_MOVE, _MARK, _FILES, _PLACES, _VIEW, _REST)
    return [(group, [key for key in KEYS if key.group == group]) for group in order]


@dataclass(frozen=True, slots=True)
class BarItem:
    """One entry of the key bar: "F5" and "Copy", and the key that a click on it presses."""

    key: str
    label: str
    press: str  # as Textual names it
    rank: int

    @property
    def width(self) -> int:
        return len(self.key) + 1 + len(self.label)


def key_name(key: str) -> str:
    """A key as a person reads it: "shift+up" is "Shift+Up"."""
    return key if len(key) == 1 else key.title()


def bar_items(places: Sequence[Where]) -> list[BarItem]:
    """What the key bar may show while one of `places` has the focus."""
    return [
        BarItem(key.shown.split()[0], key.label, _first(key), key.rank)
        for key in KEYS
        if key.rank and key.where in places
    ]


def _first(key: Key) -> str:
    return next(iter(Binding.make_bindings([(key.keys, key.action)]))).key


def fitting(items: Sequence[BarItem], width: int, gap: int = 2) -> list[BarItem]:
    """The items that fit in `width` cells, best ranks first, in the order given."""
    kept: set[int] = set()
    left = width
    for index in sorted(range(len(items)), key=lambda i: items[i].rank):
        needed = items[index].width + (gap if kept else 0)
        if needed > left:
            break
        left -= needed
        kept.add(index)
    return [item for index, item in enumerate(items) if index in kept]
