"""The permissions of entries: typed in octal, or ticked one by one; both show the same."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import Input, Static

from tui import modes
from tui.modes import Wanted
from tui.screens.dialog import CANCEL, Choice, Dialog, Tick, line

_WHO = ("owner", "group", "others")
_WHAT = ("read", "write", "exec")


class ModeScreen(Dialog[Wanted | None]):
    """`bits`: what they have now, or the first of them; `folders`: whether one is among them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f3", "tick('below')", show=False),
        Binding("f4", "tick('enter')", show=False),
    ]
    DEFAULT_CSS = """
    ModeScreen .who { height: 1; }
    ModeScreen .who Static.name { width: 7; }
    ModeScreen .who Tick { width: 1fr; max-width: 15; padding: 0; }
    ModeScreen #octal { width: 12; }
    ModeScreen .field { height: 1; }
    ModeScreen .field Static { width: 8; }
    """

    def __init__(self, what: str, bits: int, *, folders: bool) -> None:
        choices = [Choice("ok", "enter", "Set"), Choice(CANCEL, "escape", "Cancel")]
        super().__init__("Permissions", choices, focus="octal")
        self.what = what
        self.bits = bits
        self.folders = folders
        self._ticking = False  # the ticks are being set from what was typed

    def body(self) -> ComposeResult:
        yield line(self.what, "strong")
        with Horizontal(classes="field gap"):
            yield Static("octal")
            yield Input(
                modes.octal(self.bits), id="octal", compact=True, max_length=5, restrict="[0-7]*"
            )
        for row, who in enumerate(_WHO):
            with Horizontal(classes="who"):
                yield Static(who, classes="name")
                for column, what in enumerate(_WHAT):
                    yield Tick("", what, id=f"bit-{8 - row * 3 - column}")
        if self.folders:
            below = Tick("F3", "all in the folders, too", id="below")
            below.add_class("gap")
            yield below
            yield Tick("F4", "folders: exec where read", id="enter")
        yield Static("", id="wrong", classes="bad", markup=False)

    def on_mount(self) -> None:
        self._tick()
        for tick in self.query(Tick):
            self.watch(tick, "value", lambda: self._ticked(), init=False)

    # The two ways of saying it

    def on_input_changed(self) -> None:
        bits = self._typed()
        if bits is not None and bits != self.bits:
            self.bits = bits
            self._tick()

    def on_input_submitted(self) -> None:
        self.action_choose("ok")

    def _tick(self) -> None:
        self._ticking = True
        for at in range(9):
            self.query_one(f"#bit-{at}", Tick).value = bool(self.bits >> at & 1)
        self._ticking = False

    def _ticked(self) -> None:
        ticks = sum(self.query_one(f"#bit-{at}", Tick).value << at for at in range(9))
        bits = self.bits & ~0o777 | ticks
        if bits != self.bits and not self._ticking:
            self.bits = bits
            self.query_one("#octal", Input).value = modes.octal(bits)

    def _typed(self) -> int | None:
        """What the field says, or None with the reason shown."""
        wrong, bits = "", None
        try:
            bits = modes.read_octal(self.query_one("#octal", Input).value)
        except ValueError as error:
            wrong = str(error)
        self.query_one("#wrong", Static).update(wrong)
        return bits

    def action_tick(self, id: str) -> None:
        for tick in self.query(f"#{id}").results(Tick):
            tick.action_tick()

    def chosen(self, choice: str) -> None:
        if choice != "ok":
            self.dismiss(None)
        elif (bits := self._typed()) is not None:
            self.dismiss(Wanted(bits, self._is_ticked("below"), self._is_ticked("enter")))

    def _is_ticked(self, id: str) -> bool:
        return any(tick.value for tick in self.query(f"#{id}").results(Tick))
