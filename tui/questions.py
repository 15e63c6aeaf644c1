"""What parked transfers ask: taken in turn, each asked once until a person wants it again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from providers.errors import ProviderError
from transfers.model import (
    Conflict,
    Job,
    JobState,
    ParkReason,
    Policy,
    Resolve,
    Row,
    StateChanged,
    Unpark,
)
from tui.background import in_thread
from tui.screens.conflict import ConflictScreen
from tui.sign_in import QUIET, show

if TYPE_CHECKING:
    from tui.app import WharfieApp

LATER = "The transfers that wait for an answer stay parked: ! asks again."
_PAGE = 1000  # rows a look at the queue takes
_SIGN_IN = frozenset({ParkReason.SIGN_IN, ParkReason.HOST_KEY})


@dataclass(frozen=True, slots=True)
class Question:
    """A conflict of one job, or an endpoint that wants a person: `subject` is the one or other."""

    subject: int | str
    batch: int = 0
    conflict: Conflict | None = None


def question(job: Job, conflict: Conflict | None) -> Question | None:
    """What a job asks; None when it asks nothing that a dialog can answer."""
    if job.state is not JobState.PARKED:
        return None
    if job.park in _SIGN_IN and job.asks:
        return Question(job.asks)
    if job.park is ParkReason.CONFLICT and conflict is not None:
        return Question(job.id, job.batch, conflict)
    return None


class Questions:
    """The parked jobs' questions. Everything here runs on the screen's own thread."""

    def __init__(self, app: WharfieApp) -> None:
        self._app = app
        self._open: dict[int, Question] = {}  # by job
        self._dismissed: set[int | str] = set()
        self._later: set[int] = set()  # batches whose conflicts are put off
        self._left: dict[int, set[int]] = {}  # by batch: the jobs that an answer "for all" is for
        self._busy = False

    def note(self, events: Sequence[StateChanged]) -> None:
        """Take in what changed; a job that goes on may ask anew later."""
        for event in events:
            self._count(event.job)
            asks = question(event.job, event.conflict)
            if asks is not None:
                self._open[event.job.id] = asks
            else:
                self._went_on(event.job)
        self.go_on()

    def _count(self, job: Job) -> None:
        left = self._left.setdefault(job.batch, set())
        if job.policy is Policy.ASK and not job.finished:
            left.add(job.id)
        else:
            left.discard(job.id)
        if not left:
            del self._left[job.batch]
            self._later.discard(job.batch)

    def _went_on(self, job: Job) -> None:
        gone = self._open.pop(job.id, None)
        # A job that was given up says nothing about the others that wait for the same endpoint.
        if gone is not None and not (job.finished and isinstance(gone.subject, str)):
            self._dismissed.discard(gone.subject)

    def ask_again(self) -> None:
        """Ask everything that is open, dismissed or not."""
        self._dismissed.clear()
        self._later.clear()
        self.go_on()

    def ask_about(self, job: int) -> None:
        """Ask what one job wants to know, dismissed or not."""
        if job in self._open:
            self._dismissed.discard(self._open[job].subject)
            self._later.discard(self._open[job].batch)
            self.go_on()

    @property
    def waiting(self) -> int:
        """How many jobs wait for an answer."""
        return len(self._open)

    async def find(self) -> None:
        """Take in what is parked since before this screen was there."""
        for row in await in_thread(self._unfinished_rows):
            self._count(row.job)
            asks = question(row.job, row.conflict)
            if asks is not None:
                self._open.setdefault(row.job.id, asks)
        self.go_on()

    def _unfinished_rows(self) -> list[Row]:
        rows: list[Row] = []
        first, count = 0, 1
        while first < count:
            page = self._app.queue.snapshot(first, _PAGE)
            rows.extend(row for row in page.rows if not row.job.finished)
            first, count = first + _PAGE, page.count
        return rows

    def _next(self) -> Question | None:
        if self._app.screen is not self._app.main:
            return None  # never over another dialog, whose keys it would take
        for asks in self._open.values():
            put_off = asks.conflict is not None and asks.batch in self._later
            if asks.subject not in self._dismissed and not put_off:
                return asks
        return None

    def go_on(self) -> None:
        """Ask what is to be asked, once the main screen is the one in front."""
        if not self._busy and self._next() is not None:
            self._busy = True
            self._app.run_worker(self._ask_all(), group="questions")

    async def _ask_all(self) -> None:
        try:
            while (asks := self._next()) is not None:
                # Until the queue says that the job went on, the question is not asked again.
                self._dismissed.add(asks.subject)
                try:
                    if asks.conflict is not None:
                        await self._ask_conflict(asks, asks.conflict)
                    else:
                        await self._ask_endpoint(str(asks.subject))
                except ProviderError as error:
                    self._app.say_error(error)
        finally:
            self._busy = False

    async def _ask_conflict(self, asks: Question, conflict: Conflict) -> None:
        job = int(asks.subject)
        others = len(self._left.get(asks.batch, set()) - {job})
        answer = await show(self._app, ConflictScreen(conflict, others, quiet=QUIET))
        if answer is None:
            self._later.add(asks.batch)
            self._app.say(LATER)
            return
        command = Resolve(job, answer.policy, answer.whole_batch)
        resolved = await in_thread(lambda: self._app.tell_queue(command))
        self._dismissed.update(job for job in resolved if job in self._open)

    async def _ask_endpoint(self, endpoint: str) -> None:
        connections = self._app.connections
        await self._app.sign_in.call(lambda: connections.open(endpoint).resolve(""), by_key=False)
        await in_thread(lambda: self._app.tell_queue(Unpark(endpoint)))
