"""What parked transfers ask: taken in turn, each asked once until a person wants it again."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from providers.base import Provider
from providers.errors import Denied, NotFound, ProviderError, Unsupported, WrongKind
from providers.records import dataclass
from transfers.model import (
    Conflict,
    Job,
    JobState,
    ParkReason,
    Policy,
    Resolve,
    Row,
    StateChanged,
)
from transfers.queue_api import Queue
from tui.background import in_thread
from tui.comparing import compared
from tui.overview import all_rows
from tui.screens.conflict import ConflictScreen
from tui.screens.device_code import DeviceCodeScreen
from tui.screens.host_key import HostKeyScreen
from tui.screens.secret import SecretScreen
from tui.sign_in import QUIET, show

if TYPE_CHECKING:
    from tui.app import WharfieApp

LATER = "The transfers that wait for an answer stay parked: ! asks again."
_SIGN_IN = frozenset({ParkReason.SIGN_IN, ParkReason.HOST_KEY})


@dataclass(frozen=True, slots=True)
class Question:
    """A conflict of one job, or an endpoint that wants a person: `subject` is the one or other."""

    subject: int | str
    batch: int = 0
    conflict: Conflict | None = None
    ends: tuple[str, str] = ("", "")  # endpoints of the conflict's sides
    host_key: bool = False


def question(job: Job, conflict: Conflict | None) -> Question | None:
    """What a job asks; None when it asks nothing that a dialog can answer."""
    if job.state is not JobState.PARKED:
        return None
    if job.park in _SIGN_IN and job.asks:
        return Question(job.asks, host_key=job.park is ParkReason.HOST_KEY)
    if job.park is ParkReason.CONFLICT and conflict is not None:
        return Question(job.id, job.batch, conflict, (job.source.endpoint, job.target.endpoint))
    return None


class Questions:
    """The parked jobs' questions. Everything here runs on the screen's own thread."""

    def __init__(self, app: WharfieApp) -> None:
        self._app = app
        self._open: dict[int, Question] = {}  # by job
        self._dismissed: set[int | str] = set()
        self._later: set[int] = set()  # batches whose conflicts are put off
        self._left: dict[int, set[int]] = {}  # by batch: the jobs that an answer "for all" is for
        self._counted = False  # whether every job of the queue was looked at for that
        self._newer: set[int] = set()  # jobs that changed while the queue was looked at
        self._let_in: set[str] = set()  # endpoints the queue was let into without a question
        self._asked: int | None = None  # the job whose conflict is on the screen
        self._signing_in: tuple[str, asyncio.Task[None]] | None = None  # to an endpoint, for jobs
        self._busy = False

    def note(self, events: Sequence[StateChanged]) -> None:
        """Take in what changed; a job that goes on may ask anew later."""
        for event in events:
            self._newer.add(event.job.id)
            self._take_in(event.job, event.conflict)
        self.go_on()

    def _take_in(self, job: Job, conflict: Conflict | None) -> None:
        self._count(job)
        if job.state is JobState.TRANSFERRING:
            self._let_in -= {job.source.endpoint, job.target.endpoint}
        asks = question(job, conflict)
        if asks is not None:
            self._open[job.id] = asks
        else:
            self._went_on(job)

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
        screen = self._app.screen
        if isinstance(screen, ConflictScreen) and self._asked == job.id:
            screen.dismiss(None)  # another screen or shell has answered
        # A job that was given up says nothing about the others that wait for the same endpoint.
        if gone is not None and not (job.finished and isinstance(gone.subject, str)):
            self._dismissed.discard(gone.subject)
        self._stop_signing_in()

    def _stop_signing_in(self) -> None:
        """Close a dialog that no job needs any more; not one that was answered just now."""
        if self._signing_in is None:
            return
        endpoint, task = self._signing_in
        if any(asks.subject == endpoint for asks in self._open.values()):
            return
        screen, asking = self._app.screen, SecretScreen | HostKeyScreen | DeviceCodeScreen
        if isinstance(screen, asking) and screen.error.endpoint == endpoint:
            task.cancel()

    def ask_again(self) -> None:
        """Ask everything that is open, dismissed or not."""
        self._dismissed.clear()
        self._later.clear()
        self._let_in.clear()
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
        """Take in what is parked since before this screen was there, or was not told of.

        Raises ProviderError.
        """
        queue = self._app.queue
        self._counted = False
        self._dismissed -= self._let_in  # it may be another process, which was told no secrets
        self._let_in.clear()
        totals = (await self._app.of_queue(lambda: queue.snapshot(0, 0))).totals
        if totals.counts.get(JobState.PARKED) or self._open:
            await self._look_at_all()
        self.go_on()

    async def _look_at_all(self) -> None:
        """Every unfinished job as it is; of those that change meanwhile, the change holds."""
        self._newer.clear()
        rows = await self._app.of_queue(self._unfinished_rows)
        self._counted = True
        self._left = {b: ids for b, all_ in self._left.items() if (ids := all_ & self._newer)}
        gone = set(self._open) - {row.job.id for row in rows} - self._newer
        for job in gone:
            self._dismissed.discard(self._open.pop(job).subject)
        self._stop_signing_in()
        for row in rows:
            if row.job.id not in self._newer:
                self._take_in(row.job, row.conflict)

    def _unfinished_rows(self) -> list[Row]:
        return [row for row in all_rows(self._app.queue) if not row.job.finished]

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
                        await self._ask_endpoint(str(asks.subject), host_key=asks.host_key)
                except ProviderError as error:
                    self._app.say_error(error)
                except _NotNeeded:
                    self._dismissed.discard(asks.subject)
                    self._app.say(f"Nothing waits for {asks.subject} any more.")
        finally:
            self._busy = False

    async def _ask_conflict(self, asks: Question, conflict: Conflict) -> None:
        job = int(asks.subject)
        if not self._counted:
            await self._look_at_all()
        if job not in self._open:  # answered elsewhere meanwhile
            self._dismissed.discard(job)
            return
        others = len(self._left.get(asks.batch, set()) - {job})
        self._asked = job
        compare = partial(compared, partial(self._places, asks.ends), conflict)
        dialog = ConflictScreen(conflict, others, compare_contents=compare, quiet=QUIET)
        answer = await show(self._app, dialog)
        self._asked = None
        if answer is None and job not in self._open:
            self._app.say("It was answered elsewhere.")
            return
        if answer is None:
            self._later.add(asks.batch)
            self._app.say(LATER)
            return
        command = Resolve(job, answer.policy, answer.whole_batch)
        resolved = await in_thread(lambda: self._app.tell_queue(command))
        self._dismissed.update(job for job in resolved if job in self._open)

    def _places(self, ends: tuple[str, str]) -> tuple[Provider, Provider]:
        """Blocking. Raises ProviderError."""
        connections = self._app.connections
        return connections.open(ends[0]), connections.open(ends[1])

    async def _ask_endpoint(self, endpoint: str, *, host_key: bool) -> None:
        """Find out here what the endpoint asks, and let the queue in with the answer.

        Where nothing is asked here, but the queue was refused again, it may lack what lets this
        screen in (an SSH agent of this session): a password is asked for then, as otherwise both
        would go on for ever.
        """
        connections, sign_in = self._app.connections, self._app.sign_in
        if endpoint in self._let_in and not host_key:
            await self._while_needed(endpoint, sign_in.ask_for_queue(endpoint, quiet=QUIET))
        elif endpoint in self._let_in:
            self._app.say(LATER)
            return
        else:
            waits = partial(_path_that_waits, self._app.queue, endpoint)
            path = await self._app.of_queue(waits)
            look = sign_in.call(lambda: _look(connections.open(endpoint), path), by_key=False)
            await self._while_needed(endpoint, look)
            self._let_in.add(endpoint)
        await in_thread(lambda: self._app.unpark(endpoint))

    async def _while_needed(self, endpoint: str, question: Coroutine[Any, Any, object]) -> None:
        """Ask as long as a job waits for the answer. Raises _NotNeeded, ProviderError."""

        async def ask() -> None:
            await question

        task = asyncio.create_task(ask())
        self._signing_in = (endpoint, task)
        try:
            await asyncio.wait([task])
        finally:
            self._signing_in = None
            if task.cancel():  # who asks is itself cancelled
                await asyncio.wait([task])
        if task.cancelled():
            raise _NotNeeded
        task.result()


def _path_that_waits(queue: Queue, endpoint: str) -> str:
    """What a job wants of `endpoint` that waits for an answer; blocking."""
    for row in all_rows(queue):
        if row.job.asks == endpoint:
            source = row.job.source
            return source.path if source.endpoint == endpoint else row.job.target.path
    return ""


def _look(place: Provider, path: str) -> None:
    """Have the place ask what it asks for `path`: some let everybody in, up to some folder.

    Raises ProviderError; not for what only says that nothing, or not this, is there.
    """
    place.resolve("")
    with suppress(NotFound, Denied, Unsupported, WrongKind):
        place.stat(path)


class _NotNeeded(Exception):
    """Nothing waits for the answer any more."""
