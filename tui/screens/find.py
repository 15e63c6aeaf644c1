"""What to look for below a folder."""

from __future__ import annotations

import time
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import Input, Static

from providers.base import Kind
from tui import search
from tui.screens.dialog import CANCEL, Choice, Dialog, Tick, line
from tui.search import Criteria

_KINDS = (
    ("F3", "files", "files", frozenset({Kind.FILE})),
    ("F4", "folders", "folders", frozenset({Kind.DIR})),
    ("F5", "others", "others", frozenset({Kind.LINK, Kind.OTHER})),
)
_FIELDS = (
    ("name", "Name", "part of a name, or *.txt"),
    ("size", "Size", ">10M, <500K"),
    ("age", "Changed", "<7d in the last week, >1y longer ago"),
)


class FindScreen(Dialog[Criteria | None]):
    """`where`: the folder, as it is shown; `hidden`: whether hidden entries are shown there."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(key.lower(), f"tick('{id}')", show=False) for key, id, _, _ in _KINDS),
        Binding("f6", "tick('hidden')", show=False),
    ]
    DEFAULT_CSS = """
    FindScreen .field { height: 1; }
    FindScreen .field Static { width: 9; }
    FindScreen .field Input { width: 1fr; }
    FindScreen .kinds { height: 1; }
    FindScreen .kinds Tick { width: 16; padding: 0; }
    """

    def __init__(self, where: str, *, hidden: bool) -> None:
        choices = [Choice("ok", "enter", "Find"), Choice(CANCEL, "escape", "Cancel")]
        super().__init__("Find below this folder", choices, focus="name")
        self.where = where
        self.hidden = hidden

    def body(self) -> ComposeResult:
        yield line(self.where, "strong")
        for number, (id, label, example) in enumerate(_FIELDS):
            with Horizontal(classes="field gap" if not number else "field"):
                yield Static(label)
                yield Input(id=id, compact=True, placeholder=example)
        ticks = [Tick(key, label, id=id) for key, id, label, _ in _KINDS]
        ticks.append(Tick("F6", "hidden", id="hidden"))
        for number in range(0, len(ticks), 2):
            with Horizontal(classes="kinds" if number else "kinds gap"):
                yield from ticks[number : number + 2]
        yield Static("", id="wrong", classes="bad", markup=False)

    def on_mount(self) -> None:
        for _, id, _, _ in _KINDS:
            self.query_one(f"#{id}", Tick).value = True
        self.query_one("#hidden", Tick).value = self.hidden

    def on_input_submitted(self) -> None:
        self.action_choose("ok")

    def action_tick(self, id: str) -> None:
        self.query_one(f"#{id}", Tick).action_tick()

    def chosen(self, choice: str) -> None:
        if choice != "ok":
            self.dismiss(None)
            return
        try:
            criteria = self._criteria()
        except ValueError as error:
            self.query_one("#wrong", Static).update(str(error))
        else:
            self.dismiss(criteria)

    def _criteria(self) -> Criteria:
        kinds = [some for _, id, _, some in _KINDS if self.query_one(f"#{id}", Tick).value]
        if not kinds:
            raise ValueError("Tick at least one kind.")
        size, age = self._text("size"), self._text("age")
        least, most = search.read_size(size)
        after, before = search.read_age(age, time.time())
        return Criteria(
            name=self._text("name"),
            least=least,
            most=most,
            after=after,
            before=before,
            kinds=frozenset().union(*kinds),
            hidden=self.query_one("#hidden", Tick).value,
            words=", ".join(word for word in (size, age) if word),
        )

    def _text(self, id: str) -> str:
        return self.query_one(f"#{id}", Input).value.strip()
