"""One request and the head of its answer, over one connection."""

from __future__ import annotations

from collections.abc import Mapping

from providers.base import Body
from providers.errors import SourceChanged
from providers.records import dataclass
from providers.web.connection import Connection
from providers.web.message import BodyReader, Broken, Head, body_of, request_head
from providers.web.patience import Patience
from providers.web.redirects import Url

SAFE = frozenset({"GET", "HEAD", "OPTIONS", "PROPFIND"})
"""Methods that change nothing: what was asked in vain may be asked again."""

_JOIN = 16 << 10  # bytes of a body that go out with the head


@dataclass(slots=True)
class Asked:
    """A request as its caller made it. `begun`: some of a body that cannot be taken again went."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes | Body | None
    length: int | None
    expect_continue: bool
    begun: bool = False

    @property
    def waits(self) -> bool:
        """Whether the body is announced first, and goes when the server lets it."""
        return self.expect_continue and self.body is not None


class Exchange:
    """An answer on its connection. `reusable`: that can carry another request after the body."""

    def __init__(
        self, connection: Connection, url: Url, head: Head, body: BodyReader, *, sent: bool
    ) -> None:
        self.connection = connection
        self.url = url
        self.head = head
        self.body = body
        self.reusable = sent and head.stays and body.proven
        self.let_go = False  # its connection may be another's already
        self._ended = False
        self._failed: Exception | None = None

    def read(self, view: memoryview) -> int:
        """The next bytes of the body; 0 at its end. What once failed fails for good: nobody knows
        any more what the next bytes are."""
        if self._failed is not None:
            raise self._failed
        try:
            count = self.body.readinto(view)
        except Exception as error:
            self.reusable = False
            self._failed = error
            raise
        self._ended = self._ended or not count
        return count

    def drain(self, most: int, seconds: float) -> bool:
        """Read what is left, if that is little. Whether the end was reached."""
        if self._ended or self.body.length == 0:
            return True
        rest = memoryview(bytearray(most))
        self.connection.deadline(seconds)
        try:
            while rest and (count := self.read(rest)):
                rest = rest[count:]
            if not self._ended and self.body.length is not None:
                return self.read(memoryview(bytearray(1))) == 0
        except (OSError, Broken):
            return False
        finally:
            self.connection.deadline(None)
        return self._ended


def carry_out(
    connection: Connection, url: Url, asked: Asked, headers: Mapping[str, str], patience: Patience
) -> Exchange:
    """Send the request and wait for the head of its answer. Raises OSError, Broken; what the body
    raises passes through."""
    target = url.target if connection.proxy is None else f"{url.origin}{url.target}"
    headers = dict(headers) | _framing(asked)
    if asked.waits:
        headers["Expect"] = "100-continue"
    start = request_head(asked.method, target, headers)
    body = b"" if asked.body is None else asked.body
    if isinstance(body, bytes) and len(body) <= _JOIN and not asked.waits:
        start, body = start + body, b""
    early = _send(connection, asked, start, body, patience)
    head = early or _answer(connection, asked, patience)
    return Exchange(
        connection, url, head, body_of(head, asked.method, connection), sent=early is None
    )


def _send(
    connection: Connection, asked: Asked, start: bytes, body: bytes | Body, patience: Patience
) -> Head | None:
    """Send it all. The answer that came before that, which is a refusal; None: it all went."""
    if not _all_or_answer(connection, start):
        return _answer(connection, asked, patience)
    if asked.waits and (head := _refusal(connection, patience.go_ahead)) is not None:
        return head
    if isinstance(body, bytes):
        went = not body or _all_or_answer(connection, body)
        return None if went else _answer(connection, asked, patience)
    return _send_stream(connection, asked, body, patience)


def _refusal(connection: Connection, wait: float) -> Head | None:
    """What says no to a body, within `wait` seconds; None: go on, it was said or nothing was.

    That bytes came says nothing: TLS sends some of its own after the greeting (RFC 8446, 4.6.1).
    """
    try:
        head = connection.head(wait, interim=True)
    except TimeoutError:
        if connection.answered:
            raise
        return None
    return None if head.status < 200 else head


def _answer(connection: Connection, asked: Asked, patience: Patience) -> Head:
    return connection.head(patience.silence if asked.method in SAFE else patience.answer)


def _framing(asked: Asked) -> dict[str, str]:
    if asked.body is None:
        return {"Content-Length": "0"} if asked.method in {"POST", "PUT", "PATCH"} else {}
    length = len(asked.body) if isinstance(asked.body, bytes) else asked.length
    return {"Transfer-Encoding": "chunked"} if length is None else {"Content-Length": str(length)}


def _send_stream(
    connection: Connection, asked: Asked, body: Body, patience: Patience
) -> Head | None:
    """As `_send`. The last byte goes when the body has ended: behind it a body may still say that
    the file was not what it should be, and a server that had all of it would store it, perhaps
    over what is sent next."""
    asked.begun = True
    chunked, left = asked.length is None, asked.length or 0
    last = b"0\r\n\r\n" if chunked else b""
    for piece in body:
        view = memoryview(piece).cast("B") if not isinstance(piece, bytes) else memoryview(piece)
        if not view:
            continue
        if not chunked and len(view) > left:
            raise SourceChanged(asked.path, "more bytes came than the file had")
        left -= len(view)
        if not chunked and not left:
            view, last = view[:-1], bytes(view[-1:])
        framed = b"%x\r\n" % len(view) + view + b"\r\n" if chunked else view
        if not _all_or_answer(connection, framed):
            return _answer(connection, asked, patience)
        if not connection.encrypted and connection.speaks_up():
            head = _refusal(connection, patience.silence)
            if head is not None:
                return head
    if not chunked and left:
        raise SourceChanged(asked.path, f"{left} bytes fewer came than the file had")
    return None if _all_or_answer(connection, last) else _answer(connection, asked, patience)


def _all_or_answer(connection: Connection, data: bytes | memoryview) -> bool:
    try:
        connection.send(data)
    except TimeoutError:
        raise
    except OSError:
        if connection.speaks_up():
            return False  # it closed its ear, but said why
        raise
    return True
