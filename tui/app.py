"""The application: it holds what the screens share, and little else."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from rich.text import Text
from textual import events
from textual.app import App
from textual.binding import Binding, BindingType
from textual.filter import LineFilter

from providers import location, registry
from providers.access import Access
from providers.base import Place, Provider
from providers.errors import ProviderError
from providers.text import printable
from transfers.journal_error import JournalError
from transfers.lock import QueueInUse
from transfers.model import Command, StateChanged, Unpark, Verify
from transfers.queue_api import Queue
from transfers.reaching import Intruder
from tui import themes
from tui.background import in_thread
from tui.bookmarks import BookmarksFile
from tui.changes import Changes
from tui.choices import GLYPHS, LOOK, READER, SETTINGS, Choice, Reader, Setting
from tui.headless.attach import grant_for
from tui.leaving import Leaving
from tui.line_filters import PlainGlyphs, VisibleText
from tui.own_keys import KeyMap
from tui.palette import Actions
from tui.queue_signs import QueueSigns
from tui.screens.main import MainScreen
from tui.settings_file import BadSettings, SettingsFile
from tui.sign_in import Connections, Remember, SignIn
from tui.terminal import wants_ascii
from tui.told import heed_signals
from tui.type_ahead import Passed, TypeAhead, Typed

T = TypeVar("T")


@contextmanager
def _queue_errors() -> Iterator[None]:
    """A queue that does not answer, as a sentence."""
    try:
        yield
    except (RuntimeError, OSError) as error:
        advice = "What was not finished is kept; start Wharfie again if this stays."
        raise ProviderError("", str(error).rstrip("."), advice=advice) from error


def _remember_host_key(access: Access, endpoint: str, line: str) -> None:
    registry.remember_host_key(access, endpoint, line)


class WharfieApp(App[None]):
    """`queue` moves the files, `access` lets us in; the panes start at `left` and `right`."""

    CSS_PATH = "app.tcss"
    TITLE = "Wharfie"
    COMMANDS: ClassVar[set[Any]] = {Actions}
    COMMAND_PALETTE_BINDING = "none"  # it is in our own table of keys
    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+q", "quit", "Quit", show=False, priority=True)
    ]

    def __init__(
        self,
        queue: Queue,
        access: Access,
        left: Place,
        right: Place,
        *,
        open_provider: Callable[[str, Access], Provider] = registry.open_provider,
        remember: Remember = _remember_host_key,
        recent: Sequence[str] = (),
        verify: Verify = Verify.AUTO,
        pause_and_stop: Callable[[], object] | None = None,
        settings: SettingsFile | None = None,
        key_map: KeyMap | None = None,
        keys_file: Path | None = None,
        bookmarks: BookmarksFile | None = None,
    ) -> None:
        """`recent`: addresses the connect dialog offers, the latest first. `verify`: the proof
        asked for of every copy. `pause_and_stop`: see `Leaving`. `keys_file` is where `key_map` is
        from, and a preset that is chosen is written to."""
        self._line_filters: list[LineFilter] = []
        super().__init__()
        self.queue = queue
        self.settings = settings
        self.key_map = key_map or KeyMap()
        self.keys_file = keys_file
        self.bookmarks = bookmarks
        self.leaving = Leaving(self, pause_and_stop, settings)
        self.access = access
        self.connections = Connections(access, open_provider)
        self.sign_in = SignIn(self, access, self.unpark, remember)
        self.type_ahead = TypeAhead(self._hand_on_next, self._stop_newest)
        self.changes = Changes()
        self.recent = list(recent)
        self.verify = verify
        self.signs = QueueSigns(self)
        self.ascii_only = wants_ascii(self.chosen(GLYPHS), os.environ)
        self._line_filters = [VisibleText(), *([PlainGlyphs()] if self.ascii_only else [])]
        self._starts = (left, right)
        self._stop_listening: Callable[[], None] = lambda: None
        self.main: MainScreen | None = None

    def on_mount(self) -> None:
        heed_signals(self.leaving.at_once_as_told)
        self.app_suspend_signal.subscribe(self, self.signs.pause)
        themes.register(self)
        self.theme = themes.theme_of(self.chosen(LOOK), os.environ)
        self.use_keys(self.key_map)
        self.main = MainScreen(self, *self._starts)
        self.push_screen(self.main)

    def chosen(self, setting: Setting[Choice]) -> Choice:
        """What a person chose. What is written wrong is told of at the start (`bad_settings`)."""
        with suppress(BadSettings):
            return setting.usual if self.settings is None else self.settings.get(setting)
        return setting.usual

    def bad_settings(self) -> list[str]:
        """A sentence for each setting that is written wrong, and so is as usual."""
        if self.settings is None:
            return []
        found: dict[str, None] = {}
        for setting in SETTINGS:
            try:
                self.settings.get(setting)
            except BadSettings as error:
                found[str(error)] = None
        return list(found)

    def wants_words(self) -> bool:
        """Whether the row under the cursor is to be told in words."""
        return self.chosen(READER) is Reader.ON

    def get_line_filters(self) -> Sequence[LineFilter]:
        return [*super().get_line_filters(), *self._line_filters]

    def use_keys(self, key_map: KeyMap) -> None:
        """Have the keys be those of `key_map` from now on."""
        self.key_map = key_map
        self.set_keymap(key_map.changed)

    async def listen(self) -> bool:
        """Have the main screen told of every change from now on. Raises ProviderError.

        False: there is no queue, and so no use for a screen. Whoever started it says why.
        """
        try:
            stop = await self.of_queue(lambda: self.queue.listen(self._queue_changed))
        except (Intruder, JournalError, QueueInUse):
            self.exit()
            return False
        self._stop_listening = stop
        return True

    async def on_event(self, event: events.Event) -> None:
        if not isinstance(event, events.Key | events.Paste) or event.is_forwarded:
            await super().on_event(event)
        elif not self.type_ahead.delays(event):
            await self._hand_on(event)

    async def _hand_on(self, event: Typed) -> None:
        receiver = self.focused or self.screen
        await super().on_event(event)
        self.type_ahead.handed_to(receiver)

    def _hand_on_next(self, event: Typed) -> None:
        self.call_next(self._hand_on, event)

    def on_passed(self, message: Passed) -> None:
        self.type_ahead.passed(message.turn)

    def on_key(self, event: events.Key) -> None:
        if self.type_ahead.keeps(event):
            event.prevent_default()

    def _stop_newest(self) -> bool:
        return self.main is not None and self.main.stop_newest()

    def on_unmount(self) -> None:
        self._stop_listening()
        self.connections.close()

    def _fatal_error(self) -> None:
        """Textual's own report prints every local variable, and so secrets (faults.md 10)."""
        lines = [printable(line) for line in traceback.format_exc().splitlines()]
        self._exit_renderables.append(Text("\n".join(lines)))
        self._close_messages_no_wait()

    def _queue_changed(self, events: Sequence[StateChanged]) -> None:
        if self.main is not None and self.main.is_attached:
            self.main.post_message(MainScreen.QueueChanged(tuple(events)))

    async def action_quit(self) -> None:
        """Ctrl+Q, which works whatever dialog is in front."""
        self.run_worker(self._quit(), group="quit")

    async def _quit(self) -> None:
        try:
            await self.leaving.quit(insist=True)
        except ProviderError as error:
            self.say_error(error)

    def unpark(self, endpoint: str) -> None:
        """A person answered what `endpoint` asks: let the queue in, too, and on; blocking."""
        self.grant(endpoint)
        self.tell_queue(Unpark(endpoint))

    def grant(self, *endpoints: str) -> None:
        """Let the queue into `endpoints` with what is known; blocking. Raises ProviderError."""
        for endpoint in endpoints:
            grant = grant_for(self.access, endpoint)
            if grant.secrets or grant.trusted:
                with _queue_errors():
                    self.queue.grant(grant)

    async def of_queue(self, call: Callable[[], T]) -> T:
        """What the queue answers to `call`, made in a thread. Raises ProviderError."""

        def made() -> T:
            with _queue_errors():
                return call()

        return await in_thread(made)

    def tell_queue(self, command: Command) -> tuple[int, ...]:
        """Have the queue carry out `command`; blocking. Raises ProviderError when it is gone."""
        with _queue_errors():
            return self.queue.send(command)

    def remember_place(self, place: Place) -> None:
        """Offer `place` in the connect dialog from now on."""
        address = location.show(place)
        if location.parse(address, self.access.sites) != place:
            return  # a part of it is a secret
        self.recent = [address, *(other for other in self.recent if other != address)]

    def say(self, text: str) -> None:
        """Show a sentence on the main screen."""
        if self.main is not None:
            self.main.say(text)

    def aside(self, text: str) -> None:
        """Show a sentence on the main screen, unless one stands there that must be read."""
        if self.main is not None:
            self.main.aside(text)

    def say_error(self, error: ProviderError) -> None:
        """Show what went wrong, and what to do, on the main screen."""
        if self.main is not None:
            self.main.say(str(error), "error")
