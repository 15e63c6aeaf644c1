"""A real server's files in a queue, in small parts, with answers that get lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from providers.access import Access
from providers.base import Body, Capabilities, Entry, Parts, Place, Provider
from providers.errors import ConnectionLost, Unsupported
from providers.sftp.connect import target as target_of
from providers.sftp.provider import SftpProvider
from providers.sftp.sharing import Connections
from tests.faults.disks import PART, Scripted, no_call
from tests.transfers.queue_case import LOCAL, QueueCase
from transfers.model import NewJob, Op

if TYPE_CHECKING:
    from tests.servers.openssh import OpenSSH


class SmallSftp(SftpProvider):
    """The server with small parts. `before_part` is called once, before a part but the first;
    `before_name` before the new file gets its name. Moves do not rename when `renames` is False.
    """

    before_part: Callable[[], None] = staticmethod(no_call)
    before_name: Callable[[], None] = staticmethod(no_call)
    renames = True
    streams = 1

    @property
    def caps(self) -> Capabilities:
        parts = Parts(order="any", min_size=1, max_size=PART)
        streams = self.streams  # whatever a busy machine makes of how far the server is
        return replace(super().caps, parts=parts, streams=streams, writing_streams=streams)

    def put_part(self, upload: str, index: int, offset: int, body: Body) -> str:
        if index > 0:
            call, self.before_part = self.before_part, no_call
            call()
        return super().put_part(upload, index, offset, body)

    def finish(
        self, upload: str, receipts: Sequence[str], *, replacing: str | None, again: bool = False
    ) -> Entry:
        call, self.before_name = self.before_name, no_call
        call()
        return super().finish(upload, receipts, replacing=replacing, again=again)

    def rename(self, source: str, target: str, *, within: str = "") -> None:
        if not self.renames:
            raise Unsupported(source, "that is on another disk")
        super().rename(source, target, within=within)


@contextmanager
def remote_queue(directory: Path, server: OpenSSH) -> Iterator[tuple[QueueCase, SmallSftp]]:
    """A running queue that reaches `server`'s files, and this computer's in small parts."""
    access = Access(
        directory / "hosts",
        accept_new=True,
        keys=(server.key_path,),
        use_agent=False,
        use_default_keys=False,
    )
    case = QueueCase(directory)
    connections = Connections(target_of(server.endpoint), access)
    place = SmallSftp(server.endpoint, connections.open, apart=connections.apart)
    case.places[server.endpoint] = place
    case.places[LOCAL] = Scripted()
    case.start()
    try:
        yield case, place
    finally:
        case.close()
        place.close()


@contextmanager
def memory_queue(directory: Path) -> Iterator[QueueCase]:
    """A running queue between two trees in memory."""
    case = QueueCase(directory)
    case.start()
    try:
        yield case
    finally:
        case.left.store.fail = case.right.store.fail = None
        case.close()


def between(source: str, path: Path, target: str, there: Path, *, op: Op = Op.COPY) -> NewJob:
    """The job for the file `path` at the endpoint `source`."""
    return NewJob(op, Place(source, str(path)), Place(target, str(there)))


class LostAnswer:
    """In the place of a method of `place`: it has its effect, and once its answer is lost."""

    def __init__(self, place: Provider, method: str, *, nth: int = 1) -> None:
        self._call = getattr(place, method)
        self._nth = nth
        self.calls = 0
        setattr(place, method, self)

    def __call__(self, *arguments: Any, **more: Any) -> object:
        self.calls += 1
        answer: object = self._call(*arguments, **more)
        if self.calls == self._nth:
            raise ConnectionLost("", "the answer was lost")
        return answer
