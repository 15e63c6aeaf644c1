"""Getting in: open connections, and the questions a server asks before it lets us."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from textual.app import App
from textual.screen import Screen

from providers import registry
from providers.access import Access
from providers.base import Provider
from providers.errors import AuthRequired, HostKeyProblem, HostKeyUnknown, ProviderError
from providers.vault import BadVault
from tui import clipboard
from tui.background import in_thread
from tui.screens.device_code import Attempt, DeviceCodeScreen
from tui.screens.host_key import HostKeyScreen
from tui.screens.message import MessageScreen
from tui.screens.secret import SecretScreen

QUIET = 0.4  # seconds in which a dialog that no key called for is deaf
_SOON = 1.0  # seconds in which an answer to a key is awaited before other keys are pressed

T = TypeVar("T")
Answer = TypeVar("Answer")
Opener = Callable[[str, Access], Provider]
Remember = Callable[[Access, str, str], None]


class Connections:
    """One open provider for each endpoint, shared by both panes. Safe from any thread."""

    def __init__(self, access: Access, opener: Opener = registry.open_provider) -> None:
        self._access = access
        self._opener = opener
        self._lock = threading.Lock()
        self._open: dict[str, Provider] = {}

    def open(self, endpoint: str) -> Provider:
        """The provider for `endpoint`, opened when first asked for. Raises ProviderError."""
        with self._lock:
            if endpoint not in self._open:
                self._open[endpoint] = self._opener(endpoint, self._access)
            return self._open[endpoint]

    def drop(self, endpoint: str) -> None:
        """Let go of one whose site has changed: it is opened anew when it is asked for again."""
        with self._lock:
            provider = self._open.pop(endpoint, None)
        if provider is not None:
            provider.close()

    def close(self) -> None:
        """Let go of all of them; calls under way end."""
        with self._lock:
            providers, self._open = list(self._open.values()), {}
        for provider in providers:
            provider.close()


class SignIn:
    """Runs blocking provider calls, and asks the person what the server wants to know.

    One question at a time. Whoever waited for the same endpoint meanwhile tries again with that
    answer, or gives up with it, and does not ask again.
    """

    def __init__(
        self,
        app: App[None],
        access: Access,
        answered: Callable[[str], None],
        remember: Remember,
    ) -> None:
        """`answered` is told each endpoint that lets us in after a question, in a thread."""
        self._app = app
        self._access = access
        self._answered = answered
        self._remember = remember
        self._asking = asyncio.Lock()
        self._verdicts: dict[str, tuple[int, bool]] = {}  # questions so far; was the last answered

    async def call(self, function: Callable[[], T], *, by_key: bool = True) -> T:
        """The result of `function`, tried again after each answer. Only in a Textual worker.

        `by_key`: a person just asked for it. Raises the ProviderError when a question was left
        unanswered, or it was none to answer.
        """
        answered: set[str] = set()
        while True:
            before, started = dict(self._verdicts), time.monotonic()
            try:
                result = await in_thread(function)
            except (AuthRequired, HostKeyProblem) as error:
                awaited = by_key and time.monotonic() - started < _SOON
                quiet = 0.0 if awaited else QUIET
                if not await self._settle(error, before.get(error.endpoint), quiet):
                    raise
                answered.add(error.endpoint)
            else:
                for endpoint in answered:
                    await in_thread(partial(self._answered, endpoint))
                return result

    async def ask_for_queue(self, endpoint: str, quiet: float) -> None:
        """Ask for what only the queue lacks. Raises AuthRequired when it is not given."""
        by_page = await in_thread(self._attempt(endpoint)) is not None
        error = AuthRequired(
            endpoint,
            "the background transfers need a sign-in of their own",
            needs="sign-in" if by_page else "password",
        )
        async with self._asking:
            if not await self._ask(error, quiet):
                raise error

    async def _settle(
        self, error: AuthRequired | HostKeyProblem, before: tuple[int, bool] | None, quiet: float
    ) -> bool:
        """Whether the endpoint was answered, by asking now or by another's asking meanwhile."""
        async with self._asking:
            now = self._verdicts.get(error.endpoint)
            if now is not None and now != before:
                return now[1]
            answered = await self._ask(error, quiet)
            asked = now[0] + 1 if now else 1
            self._verdicts[error.endpoint] = (asked, answered)
            return answered

    async def _ask(self, error: ProviderError, quiet: float) -> bool:
        if isinstance(error, HostKeyUnknown):
            return await self._ask_host_key(error, quiet)
        if isinstance(error, AuthRequired) and error.needs == "sign-in":
            return await self._ask_person(error, quiet)
        if isinstance(error, AuthRequired):
            return await self._ask_secret(error, quiet)
        title = "This is not the server it was"
        await show(self._app, MessageScreen(title, f"{error.path}: {error.what}.", error.advice))
        return False

    async def _ask_host_key(self, error: HostKeyUnknown, quiet: float) -> bool:
        trust = await show(self._app, HostKeyScreen(error, quiet=quiet))
        if trust == "once":
            self._access.trusted.add(error.endpoint, error.line)
        elif trust == "remember":
            endpoint, line = error.endpoint, error.line
            await in_thread(lambda: self._remember(self._access, endpoint, line))
        return trust is not None

    def _attempt(self, endpoint: str) -> Attempt:
        return partial(registry.sign_in, endpoint, self._access)

    async def _ask_person(self, error: AuthRequired, quiet: float) -> bool:
        """Have them sign in on a page of the service."""
        make = self._attempt(error.endpoint)
        attempt = await in_thread(make)
        if attempt is None:
            return False
        doubt = clipboard.where_it_may_fail(os.environ)
        dialog = DeviceCodeScreen(
            error,
            make,
            browser=attempt.browser,
            vault=self._access.secrets.vault,
            doubt=doubt,
            quiet=quiet,
        )
        signed_in = await show(self._app, dialog)
        if signed_in is None:
            return False
        if signed_in.remark:
            await show(self._app, MessageScreen("Not remembered", signed_in.remark))
        return True

    async def _ask_secret(self, error: AuthRequired, quiet: float) -> bool:
        secrets = self._access.secrets
        if error.rejected:
            await in_thread(partial(secrets.forget, error.endpoint, error.needs, error.subject))
        answer = await show(self._app, SecretScreen(error, vault=secrets.vault, quiet=quiet))
        if answer is None:
            return False
        try:
            await in_thread(partial(secrets.answer, error, answer.secret, keep=answer.keep))
        except BadVault as wrong:
            await show(self._app, MessageScreen("Not remembered", f"{wrong.what}.", wrong.advice))
        return True


async def show(app: App[None], screen: Screen[Answer]) -> Answer:
    """The answer to a dialog; when the asker is cancelled, the dialog goes with it."""
    try:
        return await app.push_screen_wait(screen)
    except asyncio.CancelledError:
        if screen.is_current:
            app.pop_screen()
        raise
