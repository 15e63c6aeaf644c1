"""The password, passphrase or key file that an endpoint wants."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.widgets import Input

from providers.errors import AuthRequired, Secret
from tui.screens.dialog import CANCEL, Choice, Dialog, line

_ASKED: dict[Secret, str] = {
    "password": "Password",
    "passphrase": "Passphrase of the key",
    "key": "Path of a private key file",
}


class SecretScreen(Dialog[str | None]):
    """The secret as typed, or None. It is handed over and kept nowhere here."""

    def __init__(self, error: AuthRequired, *, quiet: float = 0.0) -> None:
        choices = [Choice("ok", "enter", "Sign in"), Choice(CANCEL, "escape", "Cancel")]
        super().__init__("Sign in", choices, focus="secret", quiet=quiet)
        self.error = error

    def body(self) -> ComposeResult:
        yield line(self.error.endpoint, "strong")
        if self.error.rejected:
            yield line("The last one was refused. Try again.", "bad")
        if "refused" not in self.error.what:
            yield line(f"{self.error.what}.", "dim")
        subject = f" {self.error.subject}" if self.error.subject else ""
        yield line(f"{_ASKED[self.error.needs]}{subject}:", "gap")
        yield Input(id="secret", compact=True, password=self.error.needs != "key")
        if self.error.needs != "key":
            yield line("Kept in memory only, until Wharfie ends.", "dim")

    def on_input_submitted(self) -> None:
        self.action_choose("ok")

    def chosen(self, choice: str) -> None:
        secret = self.query_one(Input).value
        if choice != "ok":
            self.dismiss(None)
        elif secret:
            self.dismiss(secret)
