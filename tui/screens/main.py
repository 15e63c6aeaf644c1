"""The main screen: two panes, the transfers below them, and the keys that join the two."""

from __future__ import annotations

import threading
from collections.abc import Coroutine, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.screen import Screen
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Static

from providers.base import Place, Provider
from providers.errors import ProviderError
from providers.text import printable
from transfers.model import JobState, Op, StateChanged
from tui.commands import copying, pasting
from tui.commands.noting import note_moves
from tui.commands.synchronised import Together
from tui.commands.table import COMMANDS
from tui.dragging import Dragging
from tui.key_map import bar_items, bindings
from tui.keys import Where
from tui.questions import Questions
from tui.recent import Recent
from tui.row_signs import NO_SIGNS
from tui.screens.help import HelpScreen
from tui.screens.versions import VersionsScreen
from tui.widgets.drag_ghost import DragGhost
from tui.widgets.file_list import FileList
from tui.widgets.file_pane import FilePane
from tui.widgets.key_bar import KeyBar
from tui.widgets.spoken_line import SpokenLine
from tui.widgets.transfer_list import HOW, TransferList
from tui.widgets.transfer_panel import TransferPanel

if TYPE_CHECKING:
    from tui.app import WharfieApp

Tone = Literal["plain", "error"]
_LONGEST = 1_000  # characters of a sentence: more than its three lines hold
_SAID_FOR = 8.0  # seconds a sentence stays; errors stay three times as long

_WIDTHS = [(0, "-narrow"), (48, "-wide")]
_HEIGHTS = [(0, "-tiny"), (10, "-low"), (16, "-tall")]


class MainScreen(Screen[None]):
    """Composes the parts and routes between them; what keys do to files is in `tui.commands`."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(Where.SCREEN)
    HORIZONTAL_BREAKPOINTS = _WIDTHS
    VERTICAL_BREAKPOINTS = _HEIGHTS
    ALLOW_SELECT = False

    class QueueChanged(Message):
        """State changes, posted by the queue's own thread."""

        def __init__(self, events: Sequence[StateChanged]) -> None:
            super().__init__()
            self.events = events

    def __init__(self, services: WharfieApp, left: Place, right: Place) -> None:
        super().__init__()
        self.services = services
        self.questions = Questions(services)
        self.together = Together(self)
        self.recent = Recent()
        self.stoppable: list[threading.Event] = []  # what Esc stops, the newest last
        self.dragging = Dragging(self)
        self.planning = False  # a plan is being made
        self._starts = (left, right)
        self._said_timer: Timer | None = None
        self._kept = False  # what is said now

    def compose(self) -> ComposeResult:
        connections, sign_in = self.services.connections, self.services.sign_in
        with Horizontal(id="panes"):
            for start, name in zip(self._starts, ("left", "right"), strict=True):
                yield FilePane(start, connections, sign_in, id=name)
        yield TransferPanel(
            self.services.queue,
            ascii_only=self.services.ascii_only,
        )
        yield Static(markup=False, id="progress", classes="-empty")
        yield Static(markup=False, id="said", classes="-empty")
        yield SpokenLine(self.services.wants_words)
        yield KeyBar()
        yield DragGhost()

    def on_screen_suspend(self) -> None:
        self.dragging.cancel()
        self.app.screen.call_after_refresh(self.services.type_ahead.release)

    def on_screen_resume(self) -> None:
        self.questions.go_on()  # what came up while a dialog was in front

    def on_mount(self) -> None:
        self.active = self.panes[0]
        self._activate(self.active)
        self._show_sides()
        self._say_how_to_copy()
        for pane in self.panes:
            self.watch(pane.query_one(FileList), "cursor", self._speak)
        self.active.query_one(FileList).focus()
        self.run_worker(self._saying_errors(self._meet_queue()), group="questions")

    @property
    def panes(self) -> tuple[FilePane, FilePane]:
        """Left and right, as they stand on the screen."""
        left, right = self.query(FilePane)
        return left, right

    @property
    def other(self) -> FilePane:
        left, right = self.panes
        return right if self.active is left else left

    # Focus

    @on(FilePane.Activated)
    def _pane_activated(self, event: FilePane.Activated) -> None:
        self._activate(event.pane)

    @on(FilePane.Arrived)
    def _pane_arrived(self, event: FilePane.Arrived) -> None:
        self.recent.note(event.pane.place)
        self.together.arrived(event.pane, event.how)

    def _activate(self, pane: FilePane) -> None:
        self.active = pane
        for each in self.panes:
            each.set_class(each is pane, "-active")

    def on_descendant_focus(self) -> None:
        self._show_keys(self.focused)
        self._speak()

    @on(FileList.Seen)
    @on(FileList.MarksChanged)
    @on(TransferList.Moved)
    def _speak(self) -> None:
        self.query_one(SpokenLine).follow(self.focused)

    def _show_keys(self, focused: Widget | None) -> None:
        in_pane = focused is None or any(isinstance(w, FilePane) for w in focused.ancestors)
        self.query_one(KeyBar).show(bar_items(self.services.key_map.keys, panel=not in_pane))

    def keys_changed(self) -> None:
        """The keys are others than before."""
        self._show_keys(self.focused)
        self._say_how_to_copy()
        self.query_one(SpokenLine).changed()
        self._speak()
        self._say_complaints()

    def _say_how_to_copy(self) -> None:
        how = self.services.key_map.named("copy")
        self.query_one(TransferPanel).empty = HOW.format(how)

    def _say_complaints(self) -> None:
        if complaints := [*self.services.key_map.complaints, *self.services.bad_settings()]:
            self.say("\n".join(printable(each) for each in complaints), "error")

    def action_other_pane(self) -> None:
        target = self.other if isinstance(self.focused, FileList) else self.active
        self._activate(target)
        self._focus(target)

    def _focus(self, pane: FilePane) -> None:
        if pane.list.focusable:
            self.set_focus(pane.list)  # at once: the next key is meant for it already
        else:
            pane.list.focus()  # in a narrow terminal it is displayed in a moment

    def action_panel(self) -> None:
        panel = self.query_one(TransferPanel)
        if panel.has_focus_within:
            self._focus(self.active)
        elif panel.view.focusable:
            self.set_focus(panel.view)  # at once, as in _focus
        else:
            panel.focus()

    # Sentences

    def say(self, text: str, tone: Tone = "plain", *, keep: bool = False) -> None:
        """Show a sentence above the keys for a while. `text` is made safe where it was built.

        `keep`: what is only said in passing does not take its place, nor that of an error.
        """
        self._kept = bool(text) and (keep or tone == "error")
        said = self.query_one("#said", Static)
        said.update(Text(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"))
        said.set_class(not text, "-empty")
        said.set_class(tone == "error", "-error")
        if self._said_timer is not None:
            self._said_timer.stop()
        seconds = _SAID_FOR * (3 if tone == "error" else 1)
        self._said_timer = self.set_timer(seconds, lambda: self.say("")) if text else None

    def aside(self, text: str) -> None:
        """Say it in passing: not while a sentence stands there that a person must read."""
        if not self._kept:
            self.say(text)

    def progress(self, text: str, *, stops: bool = True) -> None:
        """Show what is under way and how to stop it, where that `stops`; "" when nothing is."""
        line = self.query_one("#progress", Static)
        line.set_class(not text, "-empty")
        line.update(Text(f"{text}   Esc stops" if text and stops else text), layout=False)

    @on(FilePane.Said)
    def _pane_said(self, event: FilePane.Said) -> None:
        self.say(event.text)

    # Actions

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        self.say("")
        self.run_worker(self._reporting(work), group="actions")

    def _ask(self, work: Coroutine[Any, Any, None]) -> None:
        """Do `work`, which begins with a dialog: the next keys are for that."""
        self.services.type_ahead.hold()
        self._do(work)

    async def _reporting(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await self._saying_errors(work)
        finally:
            self.services.type_ahead.release()

    async def _saying_errors(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except ProviderError as error:
            self.say(str(error), "error")

    def action_command(self, name: str) -> None:
        """Do what `tui.commands.table` has under `name`."""
        command = COMMANDS[name]
        work = command.run(self, self.active)
        if command.asks:
            self._ask(work)
        else:
            self._do(work)

    def action_filter(self) -> None:
        self.services.type_ahead.hold()
        self.active.start_filter()
        self.call_after_refresh(self.services.type_ahead.release)

    def action_same_place(self) -> None:
        self.other.open(self.active.place)

    def action_swap(self) -> None:
        left, right = self.panes
        self.query_one("#panes").move_child(left, after=right)
        self._show_sides()

    def _show_sides(self) -> None:
        left, right = self.panes
        left.remove_class("-right")
        right.add_class("-right")

    def action_answer(self) -> None:
        if self.questions.waiting:
            self.questions.ask_again()
        else:
            self.say("No transfer waits for an answer.")

    def action_help(self) -> None:
        self.services.type_ahead.hold()
        self.app.push_screen(HelpScreen(self.services.key_map.keys))

    def action_back(self) -> None:
        """Esc: stop the newest thing under way, else leave the panel, else clear the filter."""
        self.say("")
        if self.dragging.cancel() or self.stop_newest() or self.clear_signs():
            return
        if not isinstance(self.focused, FileList):
            self._focus(self.active)
        else:
            self.active.back()

    def clear_signs(self) -> bool:
        """Take away what a comparison left in the panes; whether there was anything."""
        signed = [pane.list for pane in self.panes if pane.list.signs]
        for each in signed:
            each.signs = NO_SIGNS
        return bool(signed)

    def stop_newest(self) -> bool:
        """Stop the newest thing under way; whether there was any."""
        running = [stop for stop in self.stoppable if not stop.is_set()]
        if running:
            running[-1].set()
        return bool(running)

    # The mouse, and what a terminal pastes

    def on_mouse_down(self, event: events.MouseDown) -> None:
        self.dragging.press(event)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        self.dragging.move(event)

    def on_mouse_up(self, event: events.MouseUp) -> None:
        if (dropped := self.dragging.drop(event)) is not None:
            self._ask(copying.carry_out_from(self, *dropped))

    def on_paste(self, event: events.Paste) -> None:
        self._ask(pasting.paste(self, self.active, event.text))

    # The queue

    async def _meet_queue(self) -> None:
        if await self.services.listen():
            self._say_complaints()
            await self.questions.find()

    @on(TransferPanel.Looked)
    def _queue_looked_at(self, event: TransferPanel.Looked) -> None:
        event.stop()
        self.services.signs.note(event.snapshot)

    @on(TransferPanel.QuestionWanted)
    def _question_wanted(self, event: TransferPanel.QuestionWanted) -> None:
        event.stop()
        self.questions.ask_about(event.job_id)

    def on_main_screen_queue_changed(self, message: MainScreen.QueueChanged) -> None:
        message.stop()
        if not message.events:
            self._look_again()
            return
        self.questions.note(message.events)
        done = [event for event in message.events if event.job.state is JobState.DONE]
        note_moves(self, [event.job for event in done])
        written = {event.job.target.endpoint for event in done}
        for pane in self.panes:
            if any(_concerns(pane, event) for event in done):
                pane.reread_soon()
            elif pane.place.endpoint in written:
                pane.room_changed()
        if isinstance(self.app.screen, VersionsScreen):
            self.app.screen.note([event.job.target for event in done])

    def _look_again(self) -> None:
        """Some changes could not be told: the queue's process ended, or this screen was slow."""
        self.run_worker(self._saying_errors(self.questions.find()), group="questions")
        self.query_one(TransferPanel).look()
        for pane in self.panes:
            if pane.read_once:
                pane.reread_soon()


def _concerns(pane: FilePane, event: StateChanged) -> bool:
    """Whether a finished job changed what `pane` shows."""
    if not pane.read_once:
        return False
    job = event.job
    changed = [job.target]
    if job.op in (Op.MOVE, Op.MOVE_LINK, Op.REMOVE_DIR, Op.RENAME):
        changed.append(job.source)
    if job.keep:
        changed.append(Place(job.target.endpoint, job.keep))
    mine = [place.path for place in changed if place.endpoint == pane.place.endpoint]
    return any(_shown_in(pane, path) for path in mine)


def _shown_in(pane: FilePane, path: str) -> bool:
    provider: Provider = pane.provider
    here = pane.place.path
    if pane.search is not None:
        return path in pane.known_paths
    if not path.startswith(here):
        return False
    if provider.parent(path) == here:
        return True
    # Deeper down: news only when the folder it went into is not there yet.
    above = provider.parent(path)
    while above != path:
        if provider.parent(above) == here:
            return above not in pane.known_paths
        path, above = above, provider.parent(above)
    return False
