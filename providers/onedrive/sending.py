"""The bytes of one upload session on their way: what is sent, and what the service has already."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from typing import Any

from providers.base import Body, Buffer, InMemory
from providers.errors import UploadExpired
from providers.onedrive import fragments, journaled
from providers.onedrive.fragments import LARGEST, MULTIPLE, Missing, Overlapping, Told
from providers.onedrive.graph import Session
from providers.onedrive.journaled import Upload
from providers.records import dataclass, field

_ROUNDS = 3  # how often the two sides may disagree about one part


@dataclass(slots=True)
class _Known:
    """`received`: bytes; None: the service has to be asked. `item`: the file, made too early.
    `new`: begun here, and nothing was sent to it so far."""

    received: int | None = None
    parts: dict[int, int] = field(default_factory=dict)  # of this process: start and end
    item: Mapping[str, Any] | None = None
    new: bool = False


class Sending:
    """Of one provider; a session is fed by one thread at a time. Thread-safe."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._lock = threading.Lock()
        self._known: dict[str, _Known] = {}

    def begun(self, upload: Upload) -> None:
        """The service has nothing of it yet."""
        with self._lock:
            self._known[upload.mark] = _Known(received=0, new=True)

    def send(self, upload: Upload, address: str, offset: int, body: bytearray | InMemory) -> None:
        """Have the service hold the bytes from `offset` on. What it holds of them is not sent.

        Raises UploadExpired where it lost what came before; as `fragments.put`.
        """
        known = self._of(upload)
        memory = memoryview(body.memory if isinstance(body, InMemory) else body)
        end = offset + len(memory)
        pieces: Body = body if isinstance(body, InMemory) else [memory]
        for _ in range(_ROUNDS):
            start = self._received(upload, address, known)
            if start >= end:
                known.parts[offset] = end
                return
            if start < offset:
                raise UploadExpired(upload.path, "the service lost some of what was sent")
            try:
                self._put(upload, address, known, start, end, offset, pieces)
            except Overlapping:
                known.received = None
            except Missing:
                if not known.new:
                    raise
                known.new = False
                self._session.pause(fragments.HEARD)
            except BaseException:
                known.received = None
                raise
            pieces = [memory]  # what was counted once is not counted again
        raise UploadExpired(upload.path, "the service does not take what it says that it expects")

    def parts(self, upload: Upload, told: Told) -> dict[int, str]:
        """The receipts of what the service has, by number."""
        known = self._of(upload)
        received = known.received = _received_of(upload, told)
        if not known.parts:
            return journaled.receipts(upload, received)
        whole = [(start, end) for start, end in sorted(known.parts.items()) if end <= received]
        if not whole or whole[0][0] != 0:
            return journaled.receipts(upload, received)
        return {number: journaled.receipt(*each) for number, each in enumerate(whole)}

    def made(self, upload: Upload) -> Mapping[str, Any] | None:
        """The item, where the service made it of the last fragment."""
        return self._of(upload).item

    def forget(self, upload: Upload) -> None:
        with self._lock:
            self._known.pop(upload.mark, None)

    def _of(self, upload: Upload) -> _Known:
        with self._lock:
            return self._known.setdefault(upload.mark, _Known())

    def _received(self, upload: Upload, address: str, known: _Known) -> int:
        if known.received is None:
            self._note(upload, known, fragments.received(self._session, address, upload.path))
        return known.received or 0

    def _put(
        self,
        upload: Upload,
        address: str,
        known: _Known,
        start: int,
        end: int,
        offset: int,
        pieces: Body,
    ) -> None:
        """Send what is behind `start`, in one fragment where that is small enough."""
        total = upload.size or 0
        stop = min(end, start + LARGEST)
        if stop != total and (stop - start) % MULTIPLE:
            raise UploadExpired(upload.path, "the service kept a part of what was sent")
        body = _between(pieces, start - offset, stop - offset)
        told = fragments.put(self._session, address, upload.path, start, total, body, stop - start)
        self._note(upload, known, told)

    def _note(self, upload: Upload, known: _Known, told: Told) -> None:
        known.received = _received_of(upload, told)
        known.item = told.item or known.item
        known.new = False


def _received_of(upload: Upload, told: Told) -> int:
    size = upload.size or 0
    if told.received is not None and told.received > size:
        raise UploadExpired(upload.path, "the service says that it has more than the file")
    return size if told.received is None else told.received


def _between(pieces: Body, start: int, stop: int) -> Iterator[Buffer]:
    """The bytes from `start` up to `stop`; the others are taken and passed over."""
    at = 0
    for piece in pieces:
        view = memoryview(piece).cast("B")
        first, last = max(0, start - at), min(len(view), stop - at)
        at += len(view)
        if first < last:
            yield view[first:last]
