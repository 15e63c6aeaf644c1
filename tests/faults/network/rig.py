"""A real sshd behind the chaos proxy, and queues that copy from and to it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Self

from providers.access import Access
from providers.base import Capabilities, Parts, Place, Provider
from providers.local import LocalProvider
from providers.sftp.connect import target
from providers.sftp.patience import USUAL, Patience
from providers.sftp.provider import SftpProvider
from providers.sftp.sharing import Connections
from tests.faults.proxy import Proxy
from tests.servers.openssh import OpenSSH
from transfers.engine import Engine
from transfers.model import (
    FINISHED,
    Enqueue,
    Job,
    JobState,
    NewJob,
    Op,
    Policy,
    StateChanged,
)
from transfers.watchdog import LowSpeed

LOCAL = "file:"
AT_REST = FINISHED | {JobState.PARKED, JobState.PAUSED}
_DEADLINE = 90.0  # seconds: only reached when something hangs


class Course(StrEnum):
    """Which end of a copy is remote."""

    UPLOAD = "upload"
    DOWNLOAD = "download"


def _small(caps: Capabilities, part: int) -> Capabilities:
    return replace(caps, parts=Parts("any", min_size=1, max_size=part))


class _SmallLocal(LocalProvider):
    """This computer, in parts of `part` bytes: a small file has several to be resumed at."""

    part: int

    @property
    def caps(self) -> Capabilities:
        return _small(super().caps, self.part)


class _SmallSftp(SftpProvider):
    """Goes by what the test says, not by how far the server seems: a busy machine looks far."""

    part: int
    streams: int

    @property
    def caps(self) -> Capabilities:
        caps = _small(super().caps, self.part)
        return replace(caps, streams=self.streams, writing_streams=self.streams)


class Rig:
    """An sshd in `directory`, its `proxy`, and places that know it by the proxy's address.

    `part`: bytes of each part of an upload, at either end; `streams`: parts at once, over as many
    connections. Signs in with a key: a lost connection can never cost a password.
    """

    def __init__(
        self,
        directory: Path,
        *,
        part: int,
        patience: Patience = USUAL,
        low_speed: LowSpeed = LowSpeed(),  # noqa: B008 - frozen
    ) -> None:
        self.directory = directory
        self.sshd = OpenSSH(directory / "sshd")
        self.proxy = Proxy(self.sshd.port)
        self.streams = 1
        self._part = part
        self._patience = patience
        self._low_speed = low_speed
        self._running = ExitStack()
        self.access = Access(
            directory / "known_hosts",
            keys=(self.sshd.key_path,),
            use_agent=False,
            use_default_keys=False,
        )
        self.call_it(self.sshd.host)

    def __enter__(self) -> Self:
        with ExitStack() as starting:
            starting.enter_context(self.proxy)
            starting.enter_context(self.sshd)
            self._running = starting.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._running.close()

    def call_it(self, host: str) -> None:
        """Have places reach the proxy by `host`, and know its key."""
        self.endpoint = f"sftp://{self.sshd.user}@{host}:{self.proxy.port}"
        key = self.sshd.known_hosts_line.partition(" ")[2]
        self.access.known_hosts.write_text(f"[{host}]:{self.proxy.port} {key}\n")

    def open(self, endpoint: str) -> Provider:
        if endpoint == LOCAL:
            local = _SmallLocal()
            local.part = self._part
            return local
        return self.open_sftp()

    def open_sftp(self) -> SftpProvider:
        connections = Connections(target(self.endpoint), self.access)
        sftp = _SmallSftp(
            self.endpoint, connections.open, apart=connections.apart, patience=self._patience
        )
        sftp.part, sftp.streams = self._part, self.streams
        return sftp

    def new(self, course: Course, source: Path, target: Path, op: Op = Op.COPY) -> NewJob:
        """A job from `source` to `target`, one of which is reached through the server."""
        up = course is Course.UPLOAD
        here, there = (LOCAL, self.endpoint) if up else (self.endpoint, LOCAL)
        return NewJob(op, Place(here, str(source)), Place(there, str(target)))

    @contextmanager
    def queue(self, directory: Path) -> Iterator[Queue]:
        """A queue of its own, whose retries come after a tenth of a second."""
        engine = Engine(directory, self.open, random=lambda: 0.0, low_speed=self._low_speed)
        queue = Queue(engine)
        engine.listen(queue.hear)
        try:
            yield queue
        finally:
            engine.close()


@dataclass(slots=True)
class Queue:
    """An engine, and what was heard of it."""

    engine: Engine
    heard: list[StateChanged] = field(default_factory=list)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def hear(self, changes: Sequence[StateChanged]) -> None:
        with self._changed:
            self.heard.extend(changes)
            self._changed.notify_all()

    def send(self, *jobs: NewJob, policy: Policy = Policy.OVERWRITE) -> tuple[int, ...]:
        return self.engine.send(Enqueue(jobs, policy))

    def job(self, number: int) -> Job:
        row = self.engine.row(number)
        assert row is not None, f"job {number} is gone"
        return row.job

    def states(self, number: int) -> list[JobState]:
        with self._changed:
            return [change.job.state for change in self.heard if change.job.id == number]

    def reasons(self) -> list[str]:
        """What was said of jobs that wait, were parked or failed."""
        with self._changed:
            return [change.job.reason for change in self.heard if change.job.reason]

    def until(self, ready: Callable[[], bool], seconds: float = _DEADLINE) -> bool:
        """Wait for a change after which it is `ready`; False: it is not after `seconds`."""
        late = time.monotonic() + seconds
        with self._changed:
            while not self._changed.wait_for(ready, 1.0):
                assert self.engine.running, "the queue stopped because of a mistake"
                if time.monotonic() > late:
                    return False
        return True

    def finish(
        self,
        numbers: Sequence[int],
        *,
        look: Callable[[], None] = lambda: None,
        seconds: float = _DEADLINE,
    ) -> list[Job]:
        """Wait until nothing more happens to the jobs by itself; `look` at every change on the way.

        A job that is not at its end after `seconds` without news is returned as it is.
        """
        while any(self.job(number).state not in AT_REST for number in numbers):
            seen = len(self.heard)
            look()
            if not self.until(lambda seen=seen: len(self.heard) > seen, seconds):  # type: ignore[misc]
                break
        look()
        return [self.job(number) for number in numbers]
