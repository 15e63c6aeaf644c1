"""The password, passphrase or key file that an endpoint wants."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input

from providers.errors import AuthRequired, Secret
from providers.records import dataclass, field
from providers.vault import Vault
from tui.screens.dialog import CANCEL, Choice, Dialog, Tick, line

_ASKED: dict[Secret, str] = {
    "password": "Password",
    "passphrase": "Passphrase of the key",
    "key": "Path of a private key file",
    "token": "Token",
    "query": "The whole address of",
    "encryption": "Encryption key",
    "code": "Answer to",
}
_KEPT = frozenset({"password", "passphrase", "token", "encryption"})


@dataclass(frozen=True, slots=True)
class SecretAnswer:
    """`keep`: the person wants it kept for later runs."""

    secret: str = field(repr=False)
    keep: bool = False


class SecretScreen(Dialog[SecretAnswer | None]):
    """The secret as typed, or None. It is handed over and kept nowhere here.

    `vault`: what could keep it; None: nothing can.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+r", "keep", "Remember", show=False, priority=True)
    ]

    def __init__(
        self, error: AuthRequired, *, vault: Vault | None = None, quiet: float = 0.0
    ) -> None:
        choices = [Choice("ok", "enter", "Sign in"), Choice(CANCEL, "escape", "Cancel")]
        super().__init__("Sign in", choices, focus="secret", quiet=quiet)
        self.error = error
        self.vault = vault if error.needs in _KEPT else None

    def body(self) -> ComposeResult:
        yield line(self.error.endpoint, "strong")
        wants_key = self.error.needs == "key"  # which one was refused need not have been given here
        if self.error.rejected and not wants_key:
            yield line("The last one was refused. Try again.", "bad")
        if wants_key or "refused" not in self.error.what:
            yield line(f"{self.error.what}.", "dim")
        yield line(f"{self._asked}:", "gap")
        yield Input(id="secret", compact=True, password=self.error.needs != "key")
        if self.vault is not None and self.vault.problem:
            yield line(f"Not remembered: {self.vault.problem}", "dim gap")
        elif self.vault is not None and self.vault.name:
            yield Tick("Ctrl+R", f"remember it in {self.vault.name}", id="keep")
        elif self.error.needs == "code":
            yield line("Used once and kept nowhere.", "dim")
        elif self.error.needs != "key":
            yield line("Kept in memory only, until Wharfie ends.", "dim")

    @property
    def _asked(self) -> str:
        if self.error.needs == "key" and (self.error.rejected or self.error.subject):
            return "Path of another private key file"
        return f"{_ASKED[self.error.needs]} {self.error.subject}".rstrip(" :")

    def action_keep(self) -> None:
        for tick in self.query(Tick):
            tick.action_tick()

    def on_input_submitted(self) -> None:
        self.action_choose("ok")

    def chosen(self, choice: str) -> None:
        secret = self.query_one(Input).value
        if choice != "ok":
            self.dismiss(None)
        elif secret:
            self.dismiss(SecretAnswer(secret, any(tick.value for tick in self.query(Tick))))
