"""Every key, from the same table that makes the bindings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.key_map import help_groups, shown_keys
from tui.keys import Key

_KEY_WIDTH = 11


class HelpScreen(ModalScreen[None]):
    """Any of the usual keys closes it; arrows scroll."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,q,f1,?,f10", "dismiss", "Close", show=False)
    ]
    DEFAULT_CSS = """
    HelpScreen { align: center middle; }
    HelpScreen > VerticalScroll {
        width: 74; max-width: 100%; height: auto; max-height: 100%;
        padding: 0 2; border: round $primary; background: $surface;
        border-title-color: $primary; border-subtitle-color: $text-muted;
    }
    HelpScreen Static { width: 100%; height: auto; }
    """

    def __init__(self, keys: Sequence[Key]) -> None:
        super().__init__()
        self._keys = keys

    def compose(self) -> ComposeResult:
        with VerticalScroll() as page:
            page.border_title = "Keys"
            page.border_subtitle = "Esc closes"
            yield Static(_first_steps(self._keys))
            for group, rows in _pages(self._keys):
                yield Static(_section(group, rows))

    def on_mount(self) -> None:
        self.query_one(VerticalScroll).focus()


def _first_steps(keys: Sequence[Key]) -> Text:
    """What somebody new wants to know, with the keys as they are set."""
    first = {key.name: (shown_keys(key.keys) or ["-"])[0] for key in keys}
    steps = (
        f"{first['connect']} opens a server or a bucket here; {first['other_pane']} goes to the"
        f" other pane.",
        f"{first['mark']} marks files; {first['copy']} copies them across, {first['move']} moves"
        f" them.",
        f"{first['transfers']} goes to the transfers below: pause, retry, see what was proven.",
        f"{first['palette']} finds any action by its name; {first['back']} leads back.",
    )
    return Text("\n" + "\n".join(steps))


def _pages(keys: Sequence[Key]) -> list[tuple[str, list[tuple[str, str]]]]:
    groups = [
        (name, [(" ".join(shown_keys(key.keys)), key.help) for key in group])
        for name, group in help_groups(keys)
    ]
    return [*groups, ("Digits", [("1 2 … 0", "what F1 F2 … F10 do in the default keys")])]


def _section(title: str, rows: Sequence[tuple[str, str]]) -> Text:
    text = Text(f"\n{title}", style="bold")
    width = max(_KEY_WIDTH, *(len(keys) for keys, _ in rows))
    for keys, what in rows:
        text.append(f"\n  {keys:<{width}} {what}", style="not bold")
    return text
