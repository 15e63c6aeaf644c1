"""Signing in on a page of a service: the code to type there, and how long it is good for."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

from textual.app import ComposeResult
from textual.widgets import Static

from providers.errors import AuthRequired, ProviderError
from providers.person_sign_in import DeviceCode, PersonSignIn, SignedIn
from providers.text import printable
from providers.vault import Vault
from tui import format as fmt
from tui.background import in_thread
from tui.clipboard import address_for_clipboard, text_for_clipboard
from tui.screens.dialog import CANCEL, Choice, Dialog, Says, line

Attempt = Callable[[], PersonSignIn | None]
"""Makes one attempt; None: nobody signs in there any more. Raises ProviderError."""


class DeviceCodeScreen(Dialog[SignedIn | None]):
    """Who signed in, or None. Everything that waits does so in threads: the panes go on.

    `browser`: one of this computer can be used instead. `vault`: what is to keep it. `doubt`: what
    this terminal needs for the clipboard, "" for nothing.
    """

    DEFAULT_CSS = """
    DeviceCodeScreen #code { text-style: bold; height: auto; }
    DeviceCodeScreen #page { height: auto; }
    DeviceCodeScreen Says { height: auto; }
    """

    def __init__(
        self,
        error: AuthRequired,
        attempt: Attempt,
        *,
        browser: bool = False,
        vault: Vault | None = None,
        doubt: str = "",
        quiet: float = 0.0,
    ) -> None:
        choices = [Choice("copy", "c", "Copy code"), Choice("address", "a", "Copy address")]
        if browser:
            choices.append(Choice("browser", "b", "Browser here"))
        choices += [Choice("anew", "n", "New code"), Choice(CANCEL, "escape", "Cancel")]
        super().__init__("Sign in", choices, focus="copy", quiet=quiet)
        self.error = error
        self.vault = vault
        self.doubt = doubt
        self._make = attempt
        self._attempt: PersonSignIn | None = None
        self._code: DeviceCode | None = None
        self._ends = 0.0  # by the monotonic clock
        self._signed_in: SignedIn | None = None

    def body(self) -> ComposeResult:
        yield line(self.error.endpoint, "strong")
        yield Static("", id="page", markup=False)
        yield Static("", id="code", markup=False)
        yield line(f"{self.error.what}.", "dim gap")
        if self.vault is not None and self.vault.problem:
            yield line(f"Not remembered: {self.vault.problem}", "dim")
        yield Says(id="says")

    def on_mount(self) -> None:
        self.set_interval(1.0, self._count_down)
        self._begin(self._by_code)

    def on_screen_resume(self) -> None:
        self._leave()  # it came to its end while another dialog was in front

    def on_unmount(self) -> None:
        self._stop()

    # Attempts --------------------------------------------------------------------------------

    def _begin(self, how: Callable[[PersonSignIn], Awaitable[SignedIn]]) -> None:
        """What is under way ends, and another attempt begins."""
        self._stop()
        self._show(None)
        self._say("asking …")
        self.run_worker(self._sign_in(how), group="sign-in", exclusive=True)

    async def _sign_in(self, how: Callable[[PersonSignIn], Awaitable[SignedIn]]) -> None:
        try:
            attempt = await in_thread(self._make)
            if attempt is None:
                self._say("Nobody signs in there any more.")
                return
            self._attempt = attempt
            if self._gone:
                self._stop()
            self._signed_in = await how(attempt)
            self._attempt = None
            self._leave()
        except ProviderError as error:
            self._show(None)
            self._say(str(error), "bad")

    async def _by_code(self, attempt: PersonSignIn) -> SignedIn:
        code = await in_thread(attempt.begin)
        self._ends = time.monotonic() + code.seconds
        self._say("")
        self._show(code)
        return await in_thread(attempt.wait)

    async def _by_browser(self, attempt: PersonSignIn) -> SignedIn:
        self._say("Sign in on the page that opens in your browser.")
        return await in_thread(attempt.in_browser)

    def _leave(self) -> None:
        if self._signed_in is not None and self.app.screen is self:
            signed_in, self._signed_in = self._signed_in, None
            self.dismiss(signed_in)

    def _stop(self) -> None:
        attempt, self._attempt = self._attempt, None
        if attempt is not None:
            attempt.cancel()

    # What is shown ---------------------------------------------------------------------------

    @property
    def _gone(self) -> bool:
        """Answers may come while the dialog goes."""
        return not self.query(Says)

    def _show(self, code: DeviceCode | None) -> None:
        self._code = code
        if self._gone:
            return
        page = f"Open {printable(code.url)}, on any device, and type:" if code else ""
        self.query_one("#page", Static).update(page)
        self.query_one("#code", Static).update(printable(code.code) if code else "")
        self._count_down()

    def _count_down(self) -> None:
        if self._gone:
            return
        left = max(0.0, self._ends - time.monotonic())
        self.doing("" if self._code is None else f"waiting, {fmt.duration(left)} left")

    def _say(self, text: str, classes: str = "") -> None:
        for says in self.query(Says):
            says.say(text, f"gap {classes}".strip())

    def chosen(self, choice: str) -> None:
        if choice == CANCEL:
            self.dismiss(None)
        elif choice == "anew":
            self._begin(self._by_code)
        elif choice == "browser":
            self._begin(self._by_browser)
        elif self._code is None:
            self._say("There is no code yet.")
        else:
            self._copy(self._code, choice)

    def _copy(self, code: DeviceCode, choice: str) -> None:
        text = text_for_clipboard(code.code)
        if choice == "address":
            text = address_for_clipboard(self.error.endpoint, code.url)
        self.app.copy_to_clipboard(text)
        self._say(f"Copied. {self.doubt}".strip())
