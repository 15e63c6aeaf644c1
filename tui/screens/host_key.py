"""A server nobody has met: its fingerprint, and whether to trust it."""

from __future__ import annotations

from typing import Literal

from textual.app import ComposeResult

from providers.errors import HostKeyUnknown
from tui.screens.dialog import CANCEL, Choice, Dialog, line

Trust = Literal["once", "remember"]
_TRUST: dict[str, Trust] = {"once": "once", "remember": "remember"}


class HostKeyScreen(Dialog[Trust | None]):
    """How far the key is trusted; None: not at all, which is also what Enter means at first."""

    def __init__(self, error: HostKeyUnknown, *, quiet: float = 0.0) -> None:
        choices = [
            Choice(CANCEL, "n", "Refuse"),
            Choice("once", "o", "Trust once"),
            Choice("remember", "r", "Trust and remember"),
        ]
        super().__init__("Unknown server", choices, focus=CANCEL, tone="warning", quiet=quiet)
        self.error = error

    def body(self) -> ComposeResult:
        yield line(self.error.endpoint, "strong")
        yield line("This server has not been seen before. Its key:", "gap")
        yield line(self.error.key_type)
        yield line(self.error.fingerprint, "strong fingerprint")
        if self.error.remark:
            yield line(f"Note: {self.error.remark}.")
        yield line(
            "Compare it with what the server's owner tells you, or with"
            " “ssh-keygen -lf” on the server. If it differs, someone may be listening in: refuse.",
            "gap dim",
        )

    def chosen(self, choice: str) -> None:
        self.dismiss(_TRUST.get(choice))
