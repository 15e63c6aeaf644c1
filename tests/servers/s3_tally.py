"""A relay before a service that counts what passes of each part of an upload: to a bucket, here.

    with Tally(server.port) as tally:
        ...  # send to tally.base; then look at tally.parts

Requests go on as they came, so their signatures hold: the service must not mind its own name.
"""

from __future__ import annotations

import re
import socket
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import IO, Self
from urllib.parse import parse_qs, urlsplit

HOST = "127.0.0.1"
_CHUNK = 64 << 10  # bytes
_LINE = 64 << 10


@dataclass(slots=True)
class Sent:
    """One request to store a part. `passed`: bytes of its body that the service was given."""

    number: int
    length: int
    passed: int = 0
    acknowledged: bool = False


@dataclass(frozen=True, slots=True)
class Head:
    """`lines`: all of it, as it came."""

    first: str
    lines: bytes
    length: int | None
    chunked: bool


@dataclass(eq=False)
class Tally:
    """A context manager. `parts`: every request for one, in the order they came. `completed`: how
    often an upload was put together and that was answered; `completing` is set when it is asked."""

    port_behind: int
    parts: list[Sent] = field(default_factory=list)
    completed: int = 0
    completing: threading.Event = field(default_factory=threading.Event)
    passed: int = 0  # bytes of bodies of parts
    lets: int | None = None  # the highest number of a part that passes; others are held back
    loses: bool = False  # the next answer to putting parts together, once it was given

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._let = threading.Condition(self._lock)
        self._held_back = 0  # how often all that was held back was dropped
        self._listener = socket.create_server((HOST, 0))
        self.base = f"http://{HOST}:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def let_all(self) -> None:
        """Drop what is held back, as its sender is gone, and let pass what comes."""
        with self._let:
            self.lets = None
            self._held_back += 1
            self._let.notify_all()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with (
            suppress(OSError),
            client,
            socket.create_connection((HOST, self.port_behind)) as server,
            client.makefile("rb") as asked,
            server.makefile("rb") as answered,
        ):
            while self._exchange(client, server, asked, answered):
                pass

    def _exchange(
        self, client: socket.socket, server: socket.socket, asked: IO[bytes], answered: IO[bytes]
    ) -> bool:
        """Pass on one request and its answer; whether another may come."""
        head = _head(asked)
        if head is None:
            return False
        method, target, _ = head.first.split(" ", 2)
        part = self._part(method, target, head)
        names = self._names(method, target)
        if part is not None and not self._lets(part.number):
            return False
        server.sendall(head.lines)
        if not self._pour(asked, server, head.length or 0, part):
            return False
        if names:
            self.completing.set()
        answer = _head(answered)
        if answer is None:
            return False
        fine = answer.first.split(" ")[1] in {"200", "201", "202"}
        with self._lock:
            if part is not None:
                part.acknowledged = fine
            self.completed += names and fine
            lost, self.loses = names and fine and self.loses, self.loses and not names
        if lost:
            return False
        client.sendall(answer.lines)
        return self._give(answered, client, answer, bare=method == "HEAD")

    def _part(self, method: str, target: str, head: Head) -> Sent | None:
        number = self.part_number(method, target, head)
        if number is None:
            return None
        part = Sent(number, head.length or 0)
        with self._lock:
            self.parts.append(part)
        return part

    def part_number(self, method: str, target: str, head: Head) -> int | None:
        """Which part a request stores, from 1 on; None: none."""
        query = parse_qs(urlsplit(target).query)
        return int(query["partNumber"][0]) if method == "PUT" and "partNumber" in query else None

    def _names(self, method: str, target: str) -> bool:
        """Whether a request puts the parts together."""
        return method == "POST" and "uploadId" in parse_qs(urlsplit(target).query)

    def _lets(self, number: int) -> bool:
        """Wait until the part may pass; False: its sender is gone."""
        with self._let:
            held = self._held_back
            self._let.wait_for(
                lambda: self.lets is None or number <= self.lets or held != self._held_back
            )
            return held == self._held_back

    def _pour(self, source: IO[bytes], to: socket.socket, length: int, part: Sent | None) -> bool:
        """Whether all of it came."""
        while length:
            chunk = source.read1(min(_CHUNK, length))  # type: ignore[attr-defined]
            if not chunk:
                return False
            to.sendall(chunk)
            length -= len(chunk)
            if part is not None:
                with self._lock:
                    part.passed += len(chunk)
                    self.passed += len(chunk)
        return True

    def _give(self, answered: IO[bytes], client: socket.socket, head: Head, *, bare: bool) -> bool:
        status = head.first.split(" ")[1]
        if bare or status in {"204", "304"}:
            return True
        if head.chunked:
            while True:
                line = answered.readline(_LINE)
                client.sendall(line)
                size = int(line.split(b";")[0], 16)
                if not size:
                    client.sendall(answered.readline(_LINE))
                    return True
                if not self._pour(answered, client, size + 2, None):
                    return False
        if head.length is not None:
            return self._pour(answered, client, head.length, None)
        while chunk := answered.read(_CHUNK):
            client.sendall(chunk)
        return False


def _head(source: IO[bytes]) -> Head | None:
    """None: the other side has gone."""
    lines = [source.readline(_LINE)]
    while lines[-1] not in (b"\r\n", b""):
        lines.append(source.readline(_LINE))
    if not lines[-1]:
        return None
    text = b"".join(lines)
    length = re.search(rb"(?im)^content-length:\s*(\d+)", text)
    chunked = re.search(rb"(?im)^transfer-encoding:.*chunked", text) is not None
    first = lines[0].decode("latin-1").strip()
    return Head(first, text, int(length[1]) if length else None, chunked)
