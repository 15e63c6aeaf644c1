"""What reaches the coordinator: commands from people, reports and ends from workers."""

from __future__ import annotations

import queue
import time
from concurrent.futures import Future
from contextlib import suppress
from typing import TypeAlias

from providers.errors import ProviderError
from providers.records import dataclass, field
from transfers.control import Checkpoint, Stop
from transfers.history import History
from transfers.journal import Part
from transfers.model import Command, Conflict, Job
from transfers.retry import Verdict

_GATHER_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Sent:
    """A command; `reply` gets the ids it concerned once it is journaled."""

    command: Command
    reply: Future[tuple[int, ...]] = field(default_factory=Future)


@dataclass(frozen=True, slots=True)
class Reported:
    """A running job's new value, with the part it just stored; `reply` gets it as journaled.

    `waits`: its worker does nothing until then.
    """

    job: Job
    part: Part | None = None
    waits: bool = True
    reply: Future[Job] = field(default_factory=Future)


@dataclass(frozen=True, slots=True)
class Ended:
    """A run is over: `job` as the worker left it, with the reason when it is not at its end."""

    job: Job
    stop: Stop | None = None
    error: ProviderError | None = None
    verdict: Verdict | None = None  # what the error means
    conflict: Conflict | None = None
    volume: str = ""  # the volume that is full, when the error says so and the place could tell
    checkpoint: Checkpoint | None = None


@dataclass(frozen=True, slots=True)
class Together:
    """What a worker has to say of several jobs at once: one cycle takes in all of it."""

    messages: tuple[Reported | Ended, ...]


@dataclass(frozen=True, slots=True)
class Widened:
    """A run could use `streams` connections at once; `reply` gets how many it may."""

    job: int
    streams: int
    reply: Future[int] = field(default_factory=Future)


@dataclass(frozen=True, slots=True)
class RoomSeen:
    """A full disk was looked at: `free` bytes are there; None: its place never tells."""

    disk: str
    free: int | None


@dataclass(frozen=True, slots=True)
class Asked:
    """`reply` gets what befell a job."""

    job: int
    reply: Future[History] = field(default_factory=Future)


@dataclass(frozen=True, slots=True)
class Quit:
    """Stop every run, keep the queue, end the coordinator."""


Message: TypeAlias = Sent | Reported | Ended | Widened | RoomSeen | Asked | Quit
"""What is decided upon one by one."""

Inbox: TypeAlias = "queue.SimpleQueue[Message | Together]"


def collect(inbox: Inbox, patience: float | None) -> list[Message]:
    """At least one message, or none after `patience` seconds (None: for ever).

    What nobody waits for is gathered for a moment: one commit serves many small files.
    """
    messages: list[Message] = []
    with suppress(queue.Empty):
        messages += _each(inbox.get(timeout=patience))
        until = time.monotonic() + _GATHER_SECONDS
        while all(map(_may_rest, messages)):
            messages += _each(inbox.get(timeout=max(0.0, until - time.monotonic())))
    while not inbox.empty():
        messages += _each(inbox.get())
    return messages


def _each(message: Message | Together) -> tuple[Message, ...]:
    return message.messages if isinstance(message, Together) else (message,)


def _may_rest(message: Message) -> bool:
    """Whether nobody waits for what becomes of `message`."""
    return isinstance(message, Reported) and not message.waits
