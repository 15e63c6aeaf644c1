"""What parked transfers ask: taken in turn, each asked once until a person wants it again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from providers.errors import ProviderError
from transfers.model import (
    Conflict,
    Job,
    JobState,
    ParkReason,
    Resolve,
    Row,
    StateChanged,
    Unpark,
)
from tui.background import in_thread
from tui.screens.conflict import ConflictScreen
from tui.sign_in import show

if TYPE_CHECKING:
    from tui.app import WharfieApp

QUIET = 0.4  # seconds in which a dialog that appears by itself is deaf
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
        self._busy = False

    def note(self, events: Sequence[StateChanged]) -> None:
        """Take in what changed; a job that goes on may ask anew later."""
        for event in events:
            asks = question(event.job, event.conflict)
            if asks is not None:
                self._open[event.job.id] = asks
            else:
                self._went_on(event.job)
        self._start()

    def _went_on(self, job: Job) -> None:
        gone = self._open.pop(job.id, None)
        # A job that was given up says nothing about the others that wait for the same endpoint.
        if gone is not None and not (job.finished and isinstance(gone.subject, str)):
            self._dismissed.discard(gone.subject)

    def ask_again(self) -> None:
        """Ask everything that is open, dismissed or not."""
        self._dismissed.clear()
        self._start()

    def ask_about(self, job: int) -> None:
        """Ask what one job wants to know, dismissed or not."""
        if job in self._open:
            self._dismissed.discard(self._open[job].subject)
            self._start()

    @property
    def waiting(self) -> int:
        """How many jobs wait for an answer."""
        return len(self._open)

    async def find(self) -> None:
        """Take in what is parked since before this screen was there."""
        rows = await in_thread(self._parked_rows)
        for row in rows:
            asks = question(row.job, row.conflict)
            if asks is not None:
                self._open.setdefault(row.job.id, asks)
        self._start()

    def _parked_rows(self) -> list[Row]:
        rows: list[Row] = []
        first, count = 0, 1
        while first < count:
            page = self._app.queue.snapshot(first, _PAGE)
            rows.extend(row for row in page.rows if row.job.state is JobState.PARKED)
            first, count = first + _PAGE, page.count
        return rows

    def _next(self) -> Question | None:
        asked = (q for q in self._open.values() if q.subject not in self._dismissed)
        return next(asked, None)

    def _start(self) -> None:
        if not self._busy and self._next() is not None:
            self._busy = True
            self._app.run_worker(self._ask_all(), group="questions")

    async def _ask_all(self) -> None:
        try:
            while (asks := self._next()) is not None:
                # Until the queue says that the job went on, the question is not asked again.
                self._dismissed.add(asks.subject)
                if asks.conflict is not None:
                    await self._ask_conflict(asks, asks.conflict)
                else:
                    await self._ask_endpoint(str(asks.subject))
        finally:
            self._busy = False

    async def _ask_conflict(self, asks: Question, conflict: Conflict) -> None:
        batches = Counter(q.batch for q in self._open.values() if q.conflict is not None)
        others = batches[asks.batch] - 1
        answer = await show(self._app, ConflictScreen(conflict, others, quiet=QUIET))
        if answer is None:
            return
        command = Resolve(int(asks.subject), answer.policy, answer.whole_batch)
        resolved = await in_thread(lambda: self._app.queue.send(command))
        self._dismissed.update(job for job in resolved if job in self._open)

    async def _ask_endpoint(self, endpoint: str) -> None:
        connections = self._app.connections
        try:
            await self._app.sign_in.call(
                lambda: connections.open(endpoint).resolve(""), quiet=QUIET
            )
        except ProviderError as error:
            self._app.say_error(error)
            return
        await in_thread(lambda: self._app.queue.send(Unpark(endpoint)))
