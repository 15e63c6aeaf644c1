"""The transfer panel: what the queue is doing, and the keys that command it.

Snapshots are pulled on a timer in a thread, commands go down in the order they were given. A queue
that does not answer costs a line of text, never the screen.
"""

from __future__ import annotations

import asyncio
import os
import time
from typing import ClassVar, Self

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Static
from textual.worker import Worker, WorkerState

from providers.errors import ProviderError
from transfers.model import (
    Cancel,
    Clear,
    Command,
    Expect,
    Hold,
    Job,
    JobState,
    Move,
    Op,
    Pause,
    Resume,
    Retry,
    SetPriority,
    Snapshot,
    Totals,
)
from transfers.queue_api import Queue
from transfers.typed_digest import parse_digest
from tui import slow_line
from tui.background import in_thread
from tui.key_map import bindings
from tui.keys import Where
from tui.queue_filter import Shown
from tui.rates import Rates
from tui.screens.confirm import ConfirmScreen
from tui.screens.limits import LimitScreen
from tui.screens.prompt import PromptScreen
from tui.widgets.total_line import TotalLine
from tui.widgets.totals import Standing
from tui.widgets.transfer_list import EMPTY, TransferList
from tui.widgets.transfer_row import ANSWERED, columns, detail, titles

_NOTICE_SECONDS = 6.0
_LOW = 9  # rows below which the detail gives one up to the list


class TransferPanel(Vertical):
    """`interval`: seconds between two looks at the queue."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(Where.PANEL)
    DEFAULT_CSS = """
    TransferPanel {
        #transfer-titles {
            height: 1; text-wrap: nowrap; text-overflow: ellipsis;
            color: $text-muted; text-style: underline;
        }
        #transfer-detail { display: none; height: 3; padding: 0 1; }
        &.low #transfer-detail { height: 2; }
        &.focused #transfer-detail { display: block; }
    }
    """

    class QuestionWanted(Message):
        """A person wants to answer what job `job_id` asks."""

        def __init__(self, job_id: int) -> None:
            super().__init__()
            self.job_id = job_id

    class Looked(Message):
        """The queue was looked at."""

        def __init__(self, snapshot: Snapshot) -> None:
            super().__init__()
            self.snapshot = snapshot

    def __init__(
        self,
        queue: Queue,
        *,
        interval: float = 0.125,
        ascii_only: bool = False,
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        self.queue = queue
        self.interval = interval
        self.ascii_only = ascii_only
        self.totals = Totals()
        self.shown = Shown.ALL
        self.rates = Rates()
        self.in_order = asyncio.Lock()  # held while the queue is told something
        self._queue: Snapshot | None = None  # as it was last shown
        self._pulling = False
        self._stale = False  # asked for rows while others were on their way
        self._slow = slow_line.is_slow(os.environ)
        self._due = 0.0  # when the timer may look again
        self._shown: dict[str, str] = {}  # what each line of text says now

    def compose(self) -> ComposeResult:
        yield Static("", id="transfer-titles", markup=False)
        yield TransferList(ascii_only=self.ascii_only, id="transfer-list")
        yield Static("", id="transfer-detail", markup=False)
        yield TotalLine("transfer-totals")

    def on_mount(self) -> None:
        self.set_interval(self.interval, self._look_in_turn)
        self.look()

    def focus(self, scroll_visible: bool = True) -> Self:
        """The list has the focus in the panel's name."""
        self.view.focus(scroll_visible)
        return self

    def on_descendant_focus(self) -> None:
        self.add_class("focused")

    def on_descendant_blur(self) -> None:
        self.remove_class("focused")  # Textual 8.2 does not restyle children of :focus-within

    def on_resize(self) -> None:
        self.set_class(self.size.height < _LOW, "low")

    @property
    def held(self) -> bool:
        """Whether the queue starts nothing, as last shown."""
        return self._queue is not None and self._queue.held

    @property
    def view(self) -> TransferList:
        return self.query_one(TransferList)

    # Snapshots come up -----------------------------------------------------------------------

    def look(self) -> None:
        """Pull a snapshot; while one is on its way, another is pulled after it."""
        self._stale = self._pulling
        if not self._pulling:
            self._pulling = True
            self.run_worker(self._look(), group="snapshot", exit_on_error=False)

    def _look_in_turn(self) -> None:
        if time.monotonic() >= self._due:
            self.look()

    async def _look(self) -> Snapshot:
        first, limit = self.view.window()
        states = self.shown.states
        return await in_thread(lambda: self.queue.snapshot(first, limit, states))

    async def _tell(self, command: Command) -> None:
        async with self.in_order:
            await in_thread(lambda: self.queue.send(command))

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        if event.state is WorkerState.ERROR:
            self.notice(_sentence(event.worker.error))
        if event.worker.group == "snapshot":
            self._pulling = self._pulling and not event.worker.is_finished
            if isinstance(event.worker.result, Snapshot):
                self._show(event.worker.result)
            if self._stale and not self._pulling:
                self.look()
        elif event.state is WorkerState.SUCCESS:
            self.look()

    def _show(self, snapshot: Snapshot) -> None:
        self.totals = snapshot.totals
        self.rates.note(snapshot.totals.rate, time.monotonic())
        self._queue = snapshot
        if snapshot.states == self.shown.states:  # not of a filter that was changed meanwhile
            self._show_rows(snapshot)
        self._say("#transfer-titles", titles(columns(self.view.row_width)))
        self._show_totals()
        self.post_message(self.Looked(snapshot))

    def _show_rows(self, snapshot: Snapshot) -> None:
        drawn = self.view.show_snapshot(snapshot, self.shown.empty or EMPTY)
        if self._slow:
            line = self.size.width  # of the totals
            self._due = time.monotonic() + slow_line.pause_after(len(drawn) + 1, sum(drawn) + line)

    def _show_totals(self) -> None:
        if self._queue is not None:
            marked = len(self.view.marks)
            now = Standing(self._queue, self.rates, self.shown, marked, self.ascii_only)
            self.query_one(TotalLine).show(now)

    def show_only(self, shown: Shown) -> None:
        """Show the transfers that are `shown`; marks are taken away: they may be out of sight."""
        self.shown = shown
        self.view.start_again()
        self.look()

    def on_transfer_list_wanted(self, event: TransferList.Wanted) -> None:
        event.stop()
        self.look()

    def on_transfer_list_moved(self, event: TransferList.Moved) -> None:
        event.stop()
        row = self.view.current()
        text = "" if row is None else "\n".join(detail(row, max(1, self.size.width - 2)))
        self._say("#transfer-detail", text)
        self._show_totals()

    def on_click(self, event: events.Click) -> None:
        row = self.view.current()
        if event.chain == 2 and event.widget is self.view and row is not None:
            if row.job.state is JobState.PARKED:
                self.action_question()
            else:
                self.call_later(self.run_action, "screen.command('job_enter')")

    def notice(self, sentence: str) -> None:
        """Say something in place of the totals, for a while."""
        line = self.query_one(TotalLine)
        line.say(sentence)
        self.set_timer(_NOTICE_SECONDS, lambda: line.say(""))

    def _say(self, where: str, text: str) -> None:
        if self._shown.get(where) != text:
            self._shown[where] = text
            self.query_one(where, Static).update(text, layout=False)

    # Commands go down ------------------------------------------------------------------------

    def send(self, command: Command) -> None:
        """Have the queue carry out `command`; a refusal is said in a notice."""
        self.run_worker(self._tell(command), group="queue", exit_on_error=False)

    def action_pause(self) -> None:
        row, targets = self.view.current(), self.view.targets()
        if targets:
            paused = row is not None and row.job.state is JobState.PAUSED
            self.send(Resume(targets) if paused else Pause(targets))

    def action_pause_all(self) -> None:
        self.send(Pause())

    def action_resume_all(self) -> None:
        self.send(Resume())

    def action_cancel(self) -> None:
        targets = self.view.targets()
        if len(targets) > 1:
            lines = ["What is already across stays where it is."]
            screen = ConfirmScreen(
                f"Cancel {len(targets)} transfers?", lines, "Cancel them", dangerous=True
            )
            self.app.push_screen(screen, lambda yes: self._cancel(targets) if yes else None)
        elif targets:
            self._cancel(targets)

    def _cancel(self, targets: tuple[int, ...]) -> None:
        self.send(Cancel(targets))
        self.view.unmark()

    def action_retry(self) -> None:
        if targets := self.view.targets():
            self.send(Retry(targets))
            self.view.unmark()

    def action_shift(self, by: int) -> None:
        if targets := self.view.targets():
            self.send(Move(targets, by=by))

    def action_clear(self) -> None:
        self.send(Clear())

    def action_hold(self) -> None:
        if self._queue is not None:
            self.send(Hold(not self.held))

    def action_limit(self) -> None:
        if self._queue is not None:
            screen = LimitScreen(self._queue.rate_limit, self._queue.workers)
            self.app.push_screen(screen, lambda limits: self.send(limits) if limits else None)

    def action_compare(self) -> None:
        row = self.view.current()
        if row is None or row.job.op not in (Op.COPY, Op.MOVE):
            self.notice("This is no file.")
            return
        screen = PromptScreen(
            "Compare with a digest",
            "SHA-256, SHA-512, SHA-1 or MD5, as its page shows it",
            check=_no_digest,
        )
        self.app.push_screen(screen, lambda text: self._compare(row.job, text) if text else None)

    def _compare(self, job: Job, text: str) -> None:
        algorithm, value = parse_digest(text)
        if not job.finished:
            self.run_worker(self._expect(Expect(job.id, f"{algorithm}:{value}")), group="queue")
        else:
            self.notice(compared(job, algorithm, value))

    async def _expect(self, command: Expect) -> None:
        try:
            taken = await in_thread(lambda: self.queue.send(command))
        except (ProviderError, RuntimeError) as error:
            self.notice(_sentence(error))
            return
        late = "It is too far for that: compare it once it is done."
        self.notice("It is held against that before it gets its name." if taken else late)

    def action_priority(self, by: int) -> None:
        if targets := self.view.targets():
            self.send(SetPriority(targets, by, more=True))

    def action_question(self) -> None:
        row = self.view.current()
        if row is None:
            return
        if row.job.state is not JobState.PARKED:
            self.notice("This transfer asks nothing.")
        elif row.job.park in ANSWERED:
            self.post_message(self.QuestionWanted(row.job.id))
        else:
            self.notice("Once the reason is settled, press t to try it again.")


def compared(job: Job, algorithm: str, value: str) -> str:
    """What the digest of a finished copy says to one that a person was told."""
    known = job.proof.source if job.proof is not None else ""
    if job.proof is None or job.proof.algorithm != algorithm or not known:
        return f"Its {algorithm} is not known: copy it once more and compare while it runs."
    same = known.lower() == value
    return (
        f"Equal: its {algorithm} is that one." if same else f"DIFFERENT: its {algorithm} is {known}"
    )


def _no_digest(text: str) -> str | None:
    try:
        parse_digest(text)
    except ValueError as error:
        return str(error)
    return None


def _sentence(error: BaseException | None) -> str:
    """What went wrong with the queue, for the notice line."""
    if isinstance(error, ProviderError):
        return str(error)
    return f"The queue did not answer ({type(error).__name__}: {error}). It is asked again."
