"""The frame every dialog shares: a title, a body that scrolls, and choices with a key each.

Usable by keyboard alone (letters, arrows, Tab, Enter, Esc), by mouse, and down to 40x12: the body
gives way, the choices stay. Text in the body is shown literally; `line` makes it safe.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import ClassVar, Generic, Literal, TypeVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import ItemGrid, Vertical, VerticalScroll
from textual.content import Content
from textual.reactive import reactive
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from providers.records import dataclass
from providers.text import printable
from tui import format as fmt

Tone = Literal["plain", "warning", "danger"]
Answer = TypeVar("Answer")

CANCEL = "cancel"
_KEY_NAMES = {"enter": "Enter", "escape": "Esc", "space": "Space", "tab": "Tab"}
_COLUMN_GAP = 2
_WIDTH = 76
_TALL = 20  # rows from which there is room for blank lines


@dataclass(frozen=True, slots=True)
class Choice:
    """A way to answer: `key` is a letter, an F-key, or one that a binding listens to:
    "enter", "escape", "space", "tab"."""

    id: str
    key: str
    label: str
    dangerous: bool = False

    def content(self) -> Content:
        key = self.key if len(self.key) == 1 else _KEY_NAMES.get(self.key, self.key.upper())
        return Content.assemble((key, "bold underline"), f" {self.label}")


def line(text: str, classes: str = "") -> Static:
    """One paragraph of the body, shown literally whatever is in it."""
    return Static(printable(text), markup=False, classes=classes)


class Says(Static):
    """A sentence for the person; it takes no room while there is none."""

    def __init__(self, id: str) -> None:
        super().__init__("", id=id, markup=False)
        self.display = False

    def say(self, text: str, classes: str = "dim") -> None:
        self.display = bool(text)
        self.set_classes(classes)
        self.update(printable(text))


class Tick(Static, can_focus=True):
    """A line that can be ticked, by its key in the dialog, by Space, Enter or a click."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("space,enter", "tick", show=False)]
    ALLOW_SELECT = False
    value = reactive(False)

    def __init__(self, key: str, label: str, id: str) -> None:
        super().__init__(id=id)
        self.key = key
        self.label = printable(label)

    def render(self) -> Content:
        box = "[x]" if self.value else "[ ]"
        return Content.assemble((self.key, "bold underline"), f" {box} {self.label}")

    def action_tick(self) -> None:
        self.value = not self.value

    def on_click(self) -> None:
        self.action_tick()


class Dialog(ModalScreen[Answer], Generic[Answer]):
    """Subclasses give `body`, and say in `chosen` what a choice answers. Esc is CANCEL.

    `quiet`: seconds in which choices are deaf, for a dialog that appears by itself while someone
    types elsewhere. Each key until then makes it wait anew, so that typing on answers nothing.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "choose('cancel')", "Cancel", show=False),
        Binding("left,up", "app.focus_previous", "Previous", show=False),
        Binding("right,down", "app.focus_next", "Next", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
    ]
    AUTO_FOCUS = ""
    DEFAULT_CSS = """
    Dialog {
        align: center middle;
        & > #frame {
            width: 76; max-width: 100%; height: auto; max-height: 100%;
            padding: 0 1; background: $surface;
            border: round $primary; border-title-style: bold;
            &.warning { border: round $warning; }
            &.danger { border: heavy $error; }
        }
        #body { height: auto; margin-bottom: 1; }
        #choices { grid-gutter: 0 2; height: auto; }
        #choices Button {
            width: 1fr; min-width: 0; height: 1; border: none; text-align: left;
            background: $boost; color: $foreground; text-style: none;
            &.dangerous { color: $text-error; }
            &:hover { background: $panel; }
            &:focus { background: $primary; color: $button-color-foreground; text-style: bold; }
            &:focus:nocolor { text-style: bold reverse; }
            &:focus:ansi { text-style: bold reverse; }
        }
        Tick { width: auto; padding: 0 1; }
        Tick:focus { background: $primary; color: $button-color-foreground; text-style: bold; }
        Tick:focus:nocolor { text-style: bold reverse; }
        Tick:focus:ansi { text-style: bold reverse; }
        .strong { text-style: bold; }
        .dim { color: $text-muted; }
        .bad { color: $text-error; text-style: bold; }
        .gap { margin-top: 1; }
    }
    Dialog.short #body { margin-bottom: 0; }
    Dialog.short .gap { margin-top: 0; }
    """

    def __init__(
        self,
        title: str,
        choices: Sequence[Choice],
        *,
        focus: str,
        tone: Tone = "plain",
        quiet: float = 0.0,
    ) -> None:
        super().__init__()
        self.dialog_title = printable(title)
        self.choices = {choice.id: choice for choice in choices}
        self.first_focus = focus
        self.tone: Tone = tone
        self.quiet = quiet
        self.listens_from = time.monotonic() + quiet

    def body(self) -> ComposeResult:
        """What stands above the choices."""
        raise NotImplementedError

    def chosen(self, choice: str) -> None:
        """Dismiss with the answer that `choice` stands for."""
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        with Vertical(id="frame", classes=self.tone) as frame:
            frame.border_title = Content(self.dialog_title)
            with VerticalScroll(id="body", can_focus=False):
                yield from self.body()
            with ItemGrid(id="choices", min_column_width=self._column_width(), regular=True):
                for choice in self.choices.values():
                    yield Button(
                        choice.content(),
                        id=choice.id,
                        compact=True,
                        classes="dangerous" if choice.dangerous else "",
                    )

    def on_mount(self) -> None:
        self.query_one(f"#{self.first_focus}").focus()
        self._give_way()

    def on_resize(self) -> None:
        self._give_way()

    def on_key(self, event: events.Key) -> None:
        self._hears()
        # Enter, Esc and Space are bindings: they belong to the focused widget first.
        for choice in self.choices.values():
            if event.key == choice.key and choice.key not in _KEY_NAMES:
                event.stop()
                self.action_choose(choice.id)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self.action_choose(event.button.id or CANCEL)

    def action_choose(self, choice: str) -> None:
        if self._hears() and self.is_current:
            self.chosen(choice)

    def _hears(self) -> bool:
        now = time.monotonic()
        if now < self.listens_from:
            self.listens_from = now + self.quiet
            return False
        return True

    def doing(self, text: str) -> None:
        """Say in the frame what is under way; "" when nothing is."""
        self.query_one("#frame").border_subtitle = Content(fmt.clip(text, _WIDTH - 8))

    def action_page(self, pages: int) -> None:
        body = self.query_one("#body")
        body.scroll_relative(y=pages * max(1, body.size.height - 1), animate=False)

    def _column_width(self) -> int:
        return max(choice.content().cell_length for choice in self.choices.values()) + _COLUMN_GAP

    def _give_way(self) -> None:
        """Let the body shrink, so that the choices are on the screen however small it is."""
        self.set_class(self.size.height < _TALL, "short")
        frame, body = self.query_one("#frame"), self.query_one("#body")
        around = frame.styles.gutter.height + body.styles.margin.height
        rows = self._choice_rows(min(self.size.width, _WIDTH) - frame.styles.gutter.width)
        body.styles.max_height = max(1, self.size.height - around - rows)

    def _choice_rows(self, width: int) -> int:
        """How many rows the grid of choices takes: every row has the same number of them."""
        count = len(self.choices)
        fitting = (width + _COLUMN_GAP) // (self._column_width() + _COLUMN_GAP)
        columns = max(1, min(fitting, count))
        while count % columns:
            columns -= 1
        return count // columns
