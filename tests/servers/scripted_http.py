"""A web server on loopback that says what a test has it say, byte for byte: for lies.

    def script(ask: Ask, wire: Wire) -> None:
        wire.say(answer(200, b"five.", {"Content-Length": "9"}))
        wire.hang_up()

    with ScriptedHttp(script) as server:
        … server.base + "/file" …

Each connection has a thread; the script is called for each request on it, until it hangs up.
"""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self

HOST = "127.0.0.1"
_SECONDS = 30.0  # only reached when a test fails
DATE = "Tue, 24 Nov 2026 12:00:00 GMT"
LONG_AGO = "Mon, 01 Jan 2024 00:00:00 GMT"


@dataclass(frozen=True)
class Ask:
    """A request. `connection` counts connections from 0; header names are in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    connection: int

    @property
    def range(self) -> tuple[int, int | None] | None:
        """First and last byte asked for."""
        said = self.headers.get("range")
        if said is None:
            return None
        first, _, last = said.removeprefix("bytes=").partition("-")
        return int(first), int(last) if last else None


class HungUp(Exception):
    """The script ended this connection."""


class Wire:
    """The server's end of one connection."""

    def __init__(self, connected: socket.socket, number: int) -> None:
        self.socket = connected
        self.number = number
        self._held = b""

    def say(self, data: bytes) -> None:
        self.socket.sendall(data)

    def hang_up(self) -> None:
        raise HungUp

    def reset(self) -> None:
        """End it without a goodbye: the other side sees a reset."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise HungUp

    def freeze(self) -> None:
        """Say nothing until the client goes away."""
        while self.socket.recv(65536):
            pass
        raise HungUp

    def ask(self, *, body: bool = True) -> Ask | None:
        """The next request; None when the client has gone."""
        while b"\r\n\r\n" not in self._held:
            if not self._more():
                return None
        head, _, self._held = self._held.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ")
        pairs = (line.partition(":") for line in lines)
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        content = b""
        if body and headers.get("expect") != "100-continue":
            content = self.body(headers)
        return Ask(method, target, headers, content, self.number)

    def body(self, headers: Mapping[str, str]) -> bytes:
        """The body behind a head."""
        if headers.get("transfer-encoding") == "chunked":
            return self._chunks()
        length = int(headers.get("content-length", "0"))
        while len(self._held) < length and self._more():
            pass
        content, self._held = self._held[:length], self._held[length:]
        return content

    def _chunks(self) -> bytes:
        content = b""
        while True:
            while b"\r\n" not in self._held and self._more():
                pass
            size, _, self._held = self._held.partition(b"\r\n")
            count = int(size, 16)
            while len(self._held) < count + 2 and self._more():
                pass
            content += self._held[:count]
            self._held = self._held[count + 2 :]
            if not count:
                return content

    def _more(self) -> bool:
        came = self.socket.recv(65536)
        self._held += came
        return bool(came)


Script = Callable[[Ask, Wire], None]


class ScriptedHttp:
    """Runs `script` for each request. A context manager; `asks` are the requests so far."""

    def __init__(
        self, script: Script, *, tls: ssl.SSLContext | None = None, host: str = HOST
    ) -> None:
        self.script = script
        self.asks: list[Ask] = []
        self.connections = 0
        self.failed: list[BaseException] = []
        self._changed = threading.Condition()
        self._tls = tls
        self._listener = socket.create_server((host, 0))
        self.port: int = self._listener.getsockname()[1]
        self.base = f"{'https' if tls else 'http'}://{host}:{self.port}"
        self._open: set[socket.socket] = set()
        self._closed = False
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._changed:
            self._closed = True
            waiting = [*self._open, self._listener]
        for one in waiting:
            with suppress(OSError):
                socket.socket.shutdown(one, socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(_SECONDS)
        if value is None and self.failed:
            raise self.failed[0]

    def wait_for(self, ready: Callable[[list[Ask]], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: ready(self.asks), _SECONDS), self.asks

    def asked(self, method: str = "GET") -> list[Ask]:
        with self._changed:
            return [ask for ask in self.asks if ask.method == method]

    def asked_for(self, target: str, method: str = "GET") -> list[Ask]:
        return [ask for ask in self.asked(method) if ask.target == target]

    def _start(self, what: Callable[[], None]) -> None:
        thread = threading.Thread(target=what, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connected, _ = self._listener.accept()
            except OSError:
                return
            with self._changed:
                if self._closed:
                    connected.close()
                    return
                number, self.connections = self.connections, self.connections + 1
                self._open.add(connected)
            self._start(lambda one=connected, at=number: self._serve(one, at))  # type: ignore[misc]

    def _serve(self, connected: socket.socket, number: int) -> None:
        plain = connected
        try:
            connected.settimeout(_SECONDS)
            if self._tls is not None:
                connected = self._tls.wrap_socket(connected, server_side=True)
            self._converse(Wire(connected, number))
        except (OSError, HungUp):  # the client went, or the script had it so
            pass
        except BaseException as error:  # noqa: BLE001 - told when the server is closed
            self.failed.append(error)
        finally:
            with self._changed:
                self._open.discard(plain)
            connected.close()
            plain.close()

    def _converse(self, wire: Wire) -> None:
        while (ask := wire.ask()) is not None:
            with self._changed:
                self.asks.append(ask)
                self._changed.notify_all()
            self.script(ask, wire)


def answer(status: int, body: bytes = b"", headers: Mapping[str, str] | None = None) -> bytes:
    """A whole answer. A header given as "" is left out; Content-Length and Date are added."""
    said = {"Date": DATE, "Content-Length": str(len(body))} | dict(headers or {})
    lines = [f"HTTP/1.1 {status} Whatever"]
    lines += [f"{name}: {value}" for name, value in said.items() if value]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def chunked(*pieces: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + end


@dataclass
class Served:
    """One file, told honestly: a script for most requests of a test that lies in one of them.

    `etag` with its quotes; None for none. `ranges`: whether parts are sent.
    """

    data: bytes
    etag: str | None = '"one"'
    modified: str = LONG_AGO
    ranges: bool = True

    def __call__(self, ask: Ask, wire: Wire) -> None:
        wire.say(self.answer(ask))

    def headers(self) -> dict[str, str]:
        return {
            "ETag": self.etag or "",
            "Last-Modified": self.modified,
            "Accept-Ranges": "bytes" if self.ranges else "",
        }

    def answer(self, ask: Ask) -> bytes:
        if ask.target.endswith("/") or ask.target.rpartition("/")[2] != "file":
            return answer(404, b"no")
        size = len(self.data)
        if ask.method == "HEAD":
            return answer(200, headers=self.headers() | {"Content-Length": str(size)})
        same = ask.headers.get("if-range") in {None, self.etag, self.modified}
        if ask.range is None or not self.ranges or not same:
            return answer(200, self.data, self.headers())
        first, last = ask.range
        last = size - 1 if last is None else min(last, size - 1)
        if first >= size:
            return answer(416, b"", self.headers() | {"Content-Range": f"bytes */{size}"})
        said = self.headers() | {"Content-Range": f"bytes {first}-{last}/{size}"}
        return answer(206, self.data[first : last + 1], said)
