"""HTTP on 127.0.0.1: requests are read whole, answered by a function, and harmed by rule."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import traceback
from collections.abc import Callable, Mapping
from email.message import Message
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal
from urllib.parse import parse_qsl

from providers.records import dataclass, field
from providers.sandbox.graph.clock import Clock
from providers.sandbox.graph.faults import Faults, Rule

HOST = "127.0.0.1"
JSON = (
    "application/json;odata.metadata=minimal;odata.streaming=true;"
    "IEEE754Compatible=false;charset=utf-8"
)
_PIECE = 1 << 20  # bytes
_PATIENCE = 60  # seconds that a silent visitor keeps a thread
_LAST_WORDS = 5  # seconds for what is being answered at the end

Where = Literal["graph", "cdn"]


@dataclass(frozen=True, slots=True)
class Request:
    """`path` and `query` are still percent-encoded. `cut`: the body ended before its time."""

    method: str
    path: str
    query: str
    headers: Message
    body: bytes
    request_id: str
    length: int = 0  # bytes that the head promised
    cut: bool = False

    def header(self, name: str) -> str | None:
        return self.headers.get(name)

    @property
    def client_request_id(self) -> str:
        return self.headers.get("client-request-id") or self.request_id

    @property
    def options(self) -> dict[str, str]:
        """The query's, by their names without "$", as Graph takes them."""
        pairs = parse_qsl(self.query, keep_blank_values=True)
        return {name.removeprefix("$"): value for name, value in pairs}

    def json(self) -> dict[str, Any]:
        """The body's object, empty when there is no body. Raises ValueError."""
        if not self.body:
            return {}
        value = json.loads(self.body)
        if not isinstance(value, dict):
            raise ValueError("no object")
        return value


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


def json_answer(status: int, value: Mapping[str, Any], **headers: str) -> Answer:
    """`headers` with "_" for "-"."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Answer(status, json.dumps(value).encode(), {"Content-Type": JSON, **named})


App = Callable[[Request], Answer]


class Listener:
    """Serves `app` from construction until `close`. What it raised is kept in `bugs`."""

    def __init__(
        self, app: App, faults: Faults, where: Where, new_id: Callable[[], str], clock: Clock
    ) -> None:
        self.bugs: list[str] = []
        about = {"app": staticmethod(app), "faults": faults, "where": where, "clock": clock}
        about |= {"new_id": staticmethod(new_id), "bugs": self.bugs}
        self._server = _Server((HOST, 0), type("Handler", (_Handler,), about))
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    @property
    def base(self) -> str:
        return f"http://{HOST}:{self._server.server_address[1]}"

    def _accept(self) -> None:
        while not self._closing.is_set():
            self._server.handle_request()

    def close(self) -> None:
        """Cuts every connection. Not `serve_forever`, whose end takes up to half a second."""
        self._closing.set()
        address = (HOST, self._server.server_address[1])
        with contextlib.suppress(OSError), socket.create_connection(address, 5):
            self._thread.join()
        self._server.cut_all()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(address, handler)
        self._open: set[socket.socket] = set()
        self._visits: list[threading.Thread] = []
        self._lock = threading.Lock()

    def process_request(self, request: Any, client_address: Any) -> None:
        told = (request, client_address)
        thread = threading.Thread(target=self.process_request_thread, args=told, daemon=True)
        with self._lock:
            self._open.add(request)
            self._visits = [each for each in self._visits if each.is_alive()]
            thread.start()
            self._visits.append(thread)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def cut_all(self) -> None:
        with self._lock:
            open_ones, threads = set(self._open), list(self._visits)
        for connection in open_ones:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in threads:  # one may be at its end, its connection no longer among those
            thread.join(_LAST_WORDS)

    def handle_error(self, request: object, client_address: object) -> None:
        """Nothing: only a visitor who left gets here, and the terminal belongs to the panes."""


class _Handler(BaseHTTPRequestHandler):
    """One connection. The rest is set by `Listener`."""

    app: App
    faults: Faults
    where: Where
    new_id: Callable[[], str]
    clock: Clock
    bugs: list[str]
    protocol_version = "HTTP/1.1"
    server_version = "wharfie-graph"
    sys_version = ""
    timeout = _PATIENCE
    disable_nagle_algorithm = True

    def finish(self) -> None:
        with contextlib.suppress(OSError):
            super().finish()

    def date_time_string(self, timestamp: float | None = None) -> str:
        """For the Date header: by the emulator's clock."""
        return formatdate(self.clock.now().timestamp(), usegmt=True)

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing: the terminal belongs to the panes."""

    def do_GET(self) -> None:
        try:
            self._serve()
        except OSError:
            self.close_connection = True  # the visitor has left

    do_HEAD = do_PUT = do_POST = do_PATCH = do_DELETE = do_GET  # noqa: N815 - http.server's names

    def _serve(self) -> None:
        path, _, query = self.path.partition("?")
        rule = self.faults.take(self.where, self.command, self.path)
        length = self.headers.get("Content-Length", "0")
        if self.headers.get("Transfer-Encoding") or not length.isdecimal():
            self._send(Answer(411), Rule())
            self.close_connection = True
            return
        promised = int(length)
        body = self._read(promised if rule.drop_after is None else min(promised, rule.drop_after))
        cut = len(body) < promised
        request = Request(
            self.command, path, query, self.headers, body, self.new_id(), promised, cut
        )
        if cut and not rule.keep:
            self._cut()
            return
        answer = self._harmed(request, rule)
        if cut or rule.lose_answer:
            self._cut()
        else:
            self._send(answer, rule, request)

    def _read(self, length: int) -> bytes:
        pieces = []
        while length > 0:
            piece = self.rfile.read(min(_PIECE, length))
            if not piece:
                break
            pieces.append(piece)
            length -= len(piece)
        return b"".join(pieces)

    def _harmed(self, request: Request, rule: Rule) -> Answer:
        if rule.status is not None:
            return Answer(rule.status, rule.body, rule.headers)
        try:
            return self.app(request)
        except Exception:  # noqa: BLE001 - kept, and told by whoever closes the emulator
            self.bugs.append(traceback.format_exc())
            return Answer(500)

    def _send(self, answer: Answer, rule: Rule, request: Request | None = None) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if request is not None:
            self.send_header("request-id", request.request_id)
            self.send_header("client-request-id", request.client_request_id)
        if answer.status not in (204, 304):
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self._pour(answer.body, rule)

    def _pour(self, body: bytes, rule: Rule) -> None:
        end = len(body) if rule.cut_after is None else min(rule.cut_after, len(body))
        step = rule.piece or max(end, 1)
        for start in range(0, end, step):
            self.wfile.write(body[start : min(start + step, end)])
            rule.wait(rule.pause)
        if end < len(body):
            self._cut()

    def _cut(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)
