"""What the signs and keys of a comparison mean."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from transfers.mirror.model import Mark
from tui.pair_text import SIGNS, WORDS

_MEANINGS = {
    Mark.NEW: "only on the left",
    Mark.NEWER: "the left one was changed later",
    Mark.OLDER: "the left one was changed earlier; not ticked by itself",
    Mark.DIFFERENT: "they differ, and no time says which is the later one",
    Mark.SAME: "nothing is to be done",
    Mark.ONLY_RIGHT: "only on the right; deleted only where you say so",
    Mark.TYPE: "a file here, a folder there: see to it yourself",
    Mark.NAME: "several names are one there, or it cannot be a name there",
    Mark.UNKNOWN: "it could not be looked at, and is left alone",
    Mark.LEFT_OUT: "a link or a device",
}
_ACTIONS = (
    ("→ ←", "copied to the right, to the left"),
    ("✗", "deleted, on the side where it stands"),
    ("- =", "nothing is done; they are the same"),
)
_KEYS = (
    ("Enter", "run: what is ticked goes to the queue"),
    ("Space", "tick, or not; a folder with all that is in it"),
    ("← → < >", "copy to that side"),
    ("Del F8", "delete what only one side has"),
    ("a", "tick all that is shown, or nothing of it"),
    ("m M", "show the next kind, the one before; all of them have the same, too"),
    ("/", "show only matching names"),
    ("d", "both sides in full; compare and view contents"),
    ("x", "have what only the right has deleted, once all is copied"),
    ("k", "where deleted files go"),
    ("c", "compare by size and time, or by digest"),
    ("Ctrl+R", "compare again"),
    ("Esc", "stop comparing; close. The panes keep the signs until Esc there"),
)


class CompareHelpScreen(ModalScreen[None]):
    """Any of the usual keys closes it; arrows scroll."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,q,f1,?,question_mark", "dismiss", "Close", show=False)
    ]
    DEFAULT_CSS = """
    CompareHelpScreen { align: center middle; }
    CompareHelpScreen > VerticalScroll {
        width: 76; max-width: 100%; height: auto; max-height: 100%;
        padding: 0 2; border: round $primary; background: $surface;
        border-title-color: $primary; border-subtitle-color: $text-muted;
    }
    CompareHelpScreen Static { width: 100%; height: auto; }
    """

    def compose(self) -> ComposeResult:
        with VerticalScroll() as page:
            page.border_title = "Comparing"
            page.border_subtitle = "Esc closes"
            marks = [(f"{SIGNS[mark]} {WORDS[mark]}", told) for mark, told in _MEANINGS.items()]
            for title, rows in (("Marks", marks), ("Then", _ACTIONS), ("Keys", _KEYS)):
                text = Text(title if title == "Marks" else f"\n{title}", style="bold")
                for first, told in rows:
                    text.append(f"\n  {first:<12} {told}", style="not bold")
                yield Static(text)

    def on_mount(self) -> None:
        self.query_one(VerticalScroll).focus()
