"""The one interface to the queue: the engine has it, and so will its client over the socket."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from transfers.history import History
from transfers.model import Command, Grant, JobState, Row, Snapshot, StateChanged

Listener = Callable[[Sequence[StateChanged]], None]


class Queue(Protocol):
    """Commands go down, snapshots come up. Safe to call from any thread."""

    def send(self, command: Command) -> tuple[int, ...]:
        """Carry out a command and return once it is journaled.

        Returns the ids of the jobs it concerned (for Enqueue: the new ones, in order).
        """
        ...

    def snapshot(
        self, first: int = 0, limit: int = 200, states: tuple[JobState, ...] = ()
    ) -> Snapshot:
        """The jobs from position `first` on, at most `limit`, and the totals of all.

        `states`: of the jobs in one of them only; none: of all.
        """
        ...

    def ids(self, states: tuple[JobState, ...] = ()) -> tuple[int, ...]:
        """The jobs in one of `states` (none: all of them), in queue order.

        Raises RuntimeError when the queue cannot be reached.
        """
        ...

    def row(self, job: int) -> Row | None:
        """One job by its id, wherever it stands; None when it is not (any longer) there."""
        ...

    def history(self, job: int) -> History:
        """What befell one job; nothing when it is not there.

        Raises RuntimeError when the queue cannot be reached, or its journal cannot be read.
        """
        ...

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Have every state change pushed to `listener`, from another thread; returns how to stop.

        A listener must be quick and must not raise: post a message and return. No changes at all
        in a call mean that some could not be told: look at the whole queue again.
        """
        ...

    def grant(self, grant: Grant) -> None:
        """Let the queue into an endpoint with what a person gave; parked jobs wait for Unpark."""
        ...
