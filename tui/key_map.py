"""What is made of the table of keys: bindings, the entries of the key bar, the help screen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from textual.binding import Binding, BindingType
from textual.screen import Screen

from providers.records import dataclass
from tui.keys import KEYS, Group, Key, Where

_BAR = (Where.LIST, Where.PANE, Where.SCREEN)
_PANEL_BAR = (Where.PANEL,)
_NAMES = {
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "backspace": "Bksp",
    "delete": "Del",
    "insert": "Ins",
    "escape": "Esc",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "comma": ",",
}


def bindings(where: Where) -> list[BindingType]:
    """The Textual bindings of one part of the screen."""
    return [
        Binding(key.keys, key.binding, key.help, show=False, id=key.name)
        for key in KEYS
        if key.where is where
    ]


def help_groups(keys: Sequence[Key]) -> list[tuple[str, list[Key]]]:
    """The table by group, for the help screen; the rows of the list in the panel need no words."""
    shown = [key for key in keys if key.keys and key.where is not Where.JOBS]
    return [(group.value, [key for key in shown if key.group is group]) for group in Group]


def key_name(key: str) -> str:
    """A key as a person reads it: "shift+up" is "Shift+↑", "ctrl+r" is "Ctrl+R"."""
    *held, last = key.split("+") if len(key) > 1 else [key]
    name = _NAMES.get(last, last if len(key) == 1 else last.title())
    return "+".join([*(each.title() for each in held), name])


def shown_keys(keys: str) -> list[str]:
    """The keys of an action as a person reads them; digits stand for F-keys and are left out."""
    each = [key for key in keys.split(",") if key]
    functions = {f"f{key}" if key != "0" else "f10" for key in each if key.isdigit()}
    return [key_name(key) for key in each if not (key.isdigit() and functions & set(each))]


def key_for(screen: Screen[Any], name: str) -> str:
    """The first key that does `name` where the focus is, as a person reads it; its label where
    there is none."""
    bound = screen.active_bindings.items()
    keys = [key for key, active in bound if active.binding.id == name]
    label = next(key.label for key in KEYS if key.name == name)
    return next(iter(shown_keys(",".join(keys))), f"“{label}”")


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


def bar_items(keys: Sequence[Key], *, panel: bool) -> list[BarItem]:
    """What the key bar may show while a pane has the focus, or while the panel has it."""
    if not panel:
        return _items(keys, _BAR)
    back = BarItem("Esc", "Back", "escape", 2)
    return [*_items(keys, (Where.SCREEN,)), back, *_items(keys, _PANEL_BAR)]


def _items(keys: Sequence[Key], places: Sequence[Where]) -> list[BarItem]:
    return [
        BarItem(shown_keys(key.keys)[0], key.label, _first(key), key.rank)
        for key in keys
        if key.rank and key.keys and key.where in places
    ]


def _first(key: Key) -> str:
    return next(iter(Binding.make_bindings([(key.keys, key.binding)]))).key


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
