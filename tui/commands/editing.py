"""What the key for editing does: fetch, hand to the editor, look whether it changed, send back.

The edited copy is removed only when the file that came of it is proven, or its owner says so.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from providers import location
from providers.base import Entry, Kind, Place, Provider
from providers.errors import ProviderError, WrongKind
from providers.records import dataclass
from providers.text import printable
from transfers.model import JobState, NewJob, Op, Policy, Verify
from tui import file_operations as files
from tui import format as fmt
from tui.background import in_thread
from tui.commands.work import hand_over, with_progress
from tui.editing import sent_back
from tui.editing.editor import editor_words, run_editor
from tui.editing.working_copy import There, WorkingCopy, fetch, look_there
from tui.file_operations import Stopped
from tui.screens.changed_there import ChangedThereScreen, Fate, StillOpenScreen
from tui.screens.confirm import ConfirmScreen
from tui.sign_in import show
from tui.widgets.file_pane import FilePane

if TYPE_CHECKING:
    from tui.screens.main import MainScreen

_LARGE = 10 << 20  # bytes: from there on it is asked
_AT_ONCE = 1.0  # seconds: an editor that ends sooner may have only opened a window


async def edit(screen: MainScreen, pane: FilePane) -> None:
    """Edit the file under the cursor in the person's own editor."""
    entry, endpoint = pane.list.current, pane.place.endpoint
    if entry is None or entry.kind in (Kind.DIR, Kind.OTHER):
        screen.say("Nothing to edit: put the cursor on a file.")
        return
    words = editor_words(os.environ)
    if endpoint == location.LOCAL:
        status = run_editor(screen.app, words, Path(entry.path))
        screen.say(_ended_badly(status) if status else "")
        pane.reread()
        return
    files.writer(pane.provider, endpoint)
    if entry.kind is Kind.LINK:
        raise WrongKind(entry.path, "is a link", advice="Go to the file itself and edit that.")
    if await _agreed_to_size(screen, entry):
        await _Edit(screen, pane, pane.provider, endpoint).run(entry, words)


async def _agreed_to_size(screen: MainScreen, entry: Entry) -> bool:
    if entry.size is not None and entry.size <= _LARGE:
        return True
    size = "of unknown size" if entry.size is None else f"{fmt.size(entry.size)} large"
    lines = [f"“{entry.name}” is {size}.", "All of it is fetched, and sent back when it changed."]
    return await show(screen.app, ConfirmScreen("Edit a large file?", lines, "Edit"))


def _ended_badly(status: int) -> str:
    return f"The editor ended with status {status}."


@dataclass(frozen=True, slots=True)
class _Edit:
    """One file of a place elsewhere that is edited."""

    screen: MainScreen
    pane: FilePane
    provider: Provider
    endpoint: str

    async def run(self, entry: Entry, words: Sequence[str]) -> None:
        folder = _folder(self.screen)
        queue = self.screen.services.queue
        await self.screen.services.of_queue(lambda: sent_back.sweep(queue, folder))
        copy = await self._fetch(entry, folder)
        if copy is None:
            self.screen.say("Fetching stopped; nothing is edited.")
            return
        try:
            await self._edit(copy, words)
        except ProviderError as error:
            self._say_kept(f"{error}\n", copy)

    async def _fetch(self, entry: Entry, folder: Path) -> WorkingCopy | None:
        def work(report: Callable[[int], None], cancelled: Callable[[], bool]) -> WorkingCopy:
            return fetch(self.provider, entry.path, folder, on_progress=report, cancelled=cancelled)

        try:
            return await with_progress(self.screen, "Fetching", work)
        except Stopped:
            return None

    async def _edit(self, copy: WorkingCopy, words: Sequence[str]) -> None:
        began = time.monotonic()
        status = run_editor(self.screen.app, words, copy.path)
        edited = await in_thread(copy.edited)
        if not (edited or status) and time.monotonic() - began < _AT_ONCE:
            saved = await show(self.screen.app, StillOpenScreen(copy.entry.name))
            edited = bool(saved) and await in_thread(copy.edited)
            if saved is None:
                self._say_kept("", copy)
                return
        if not edited:
            await in_thread(copy.discard)
            self.screen.say(_ended_badly(status) if status else "Nothing was changed.")
        elif status:
            self._say_kept(f"{_ended_badly(status)} Nothing was sent. ", copy)
        else:
            await self._send_back(copy)

    async def _send_back(self, copy: WorkingCopy) -> None:
        call = partial(look_there, self.provider, copy)
        there = await self.screen.services.sign_in.call(call)
        if there.same:
            await self._queue(copy, there, Policy.OVERWRITE)
            return
        was, now = _described(copy.entry), "" if there.entry is None else _described(there.entry)
        dialog = ChangedThereScreen(copy.entry.name, was, now, copy.path)
        fate = await show(self.screen.app, dialog)
        if fate is Fate.OVERWRITE:
            await self._queue(copy, there, Policy.OVERWRITE)
        elif fate is Fate.BESIDE:
            await self._queue(copy, there, Policy.RENAME)
        elif fate is Fate.DROP:
            await in_thread(copy.discard)
            self.screen.say("The edited copy is dropped; the file there is as it was.")
        else:
            self._say_kept("", copy)

    async def _queue(self, copy: WorkingCopy, there: There, policy: Policy) -> None:
        """Send it as any other file; only what was looked at just now may be replaced by it."""
        await in_thread(copy.ready_to_send)
        job = NewJob(
            Op.COPY,
            Place(location.LOCAL, str(copy.path)),
            Place(self.endpoint, copy.entry.path),
            within=self.provider.parent(copy.entry.path),
            agreed=None if there.entry is None else there.entry.version,
        )
        (number,) = await hand_over(
            self.screen, (job,), self.endpoint, policy=policy, verify=Verify.STRONG
        )
        self.screen.say(f"“{printable(copy.entry.name)}” is on its way back.")
        self.screen.run_worker(self._see_it_done(copy, number), group="edits")

    async def _see_it_done(self, copy: WorkingCopy, number: int) -> None:
        job = await sent_back.finished(self.screen.services.queue, number)
        name = printable(copy.entry.name)
        if job is None or job.state is not JobState.DONE:
            what = "was taken off the list" if job is None else f"is {job.state}"
            self._say_kept(f"Sending “{name}” back {what}. ", copy)
        elif sent_back.is_proven(job):
            await in_thread(copy.discard)
            self.screen.say(f"“{name}” is back in its place: {job.proof}.", keep=True)
        else:
            self._say_kept(f"“{name}” is back in its place: {job.proof}. ", copy)
        self.pane.reread_soon()

    def _say_kept(self, why: str, copy: WorkingCopy) -> None:
        self.screen.say(f"{why}The edited copy is kept: {printable(str(copy.path))}", "error")


def _described(entry: Entry) -> str:
    return f"{fmt.size(entry.size)}  {fmt.when(entry.modified, time.time()).strip()}"


def _folder(screen: MainScreen) -> Path:
    """Where edited copies are until they are back: it outlives the screen, as the queue does."""
    settings = screen.services.settings
    if settings is None:
        return Path(tempfile.gettempdir()) / f"wharfie-edits-{os.getpid()}"
    return settings.path.parent / "edits"
