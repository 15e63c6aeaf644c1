"""A link on its way to the clipboard. It is a secret: shown only to whoever asks to see it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from textual.app import ComposeResult
from textual.widgets import Static

from providers.errors import ProviderError
from providers.extras import Link
from tui import links
from tui.clipboard import address_for_clipboard
from tui.screens.dialog import CANCEL, Choice, Dialog, Says, line

Share: TypeAlias = Callable[[], Awaitable[Link]]
"""Asks the place for the link. Raises ProviderError."""

_WAIT = "There is no link yet."


class LinkScreen(Dialog[None]):
    """Copies what `share` gives. `doubt`: what this terminal needs for that, "" for nothing."""

    DEFAULT_CSS = "LinkScreen #url { height: auto; } LinkScreen #says { height: auto; }"

    def __init__(self, path: str, share: Share, *, doubt: str = "") -> None:
        choices = [
            Choice(CANCEL, "escape", "Close"),
            Choice("show", "s", "Show it"),
            Choice("copy", "c", "Copy again"),
        ]
        super().__init__("Link to the clipboard", choices, focus=CANCEL)
        self.path = path
        self.share = share
        self.doubt = doubt
        self._url = ""
        self._holds = ""

    def body(self) -> ComposeResult:
        yield line(self.path, "strong")
        yield Says(id="says")
        yield Static("", id="url", markup=False)

    def on_mount(self) -> None:
        self._say("asking …")
        self.run_worker(self._get(), group="link")

    async def _get(self) -> None:
        try:
            link = await self.share()
            self._url = address_for_clipboard(self.path, link.url)
        except ProviderError as error:
            self._say(str(error), "bad")
            return
        self._holds = links.holds(link)
        if self.is_attached:
            self._copy()

    def _copy(self) -> None:
        self.app.copy_to_clipboard(self._url)
        doubt = f" {self.doubt}" if self.doubt else ""
        self._say(f"Copied, {self._holds}. Not in your clipboard? s shows it.{doubt}")

    def _say(self, text: str, classes: str = "") -> None:
        if not self.is_attached:  # it was closed, and the answer came as it went
            return
        self.query_one(Says).say(text, f"gap {classes}".strip())

    def chosen(self, choice: str) -> None:
        if choice == CANCEL:
            self.dismiss(None)
        elif not self._url:
            self._say(_WAIT)
        elif choice == "copy":
            self._copy()
        else:
            self.query_one("#url", Static).update(self._url)
