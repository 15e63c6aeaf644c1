"""HTTP/1.1 on the wire: heads taken apart, and where a body ends (RFC 9112, 6). No sockets.

Whether a body came to its end decides whether a file is whole, so it is read strictly (faults.md
B2, C7). http.client takes a negative length for "until the connection closes", and lengths that
contradict each other for the first of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

from providers.records import dataclass
from providers.web.headers import BadHeader, content_length

MOST_HEADERS = 200
_LINE = 64 << 10
_STATUS_LINE = re.compile(rb"HTTP/1\.(\d) (\d{3})(?: .*)?")
_TOKEN = re.compile(rb"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;.*)?")
_UNSAFE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


class Broken(Exception):
    """What came is not HTTP, or not what its own head promised; the text says how."""


class Short(Broken):
    """The connection ended before the body did."""


class Source(Protocol):
    """Bytes from a server. Raises OSError."""

    def readline(self, limit: int) -> bytes:
        """A line with its end; shorter at the end of the connection or at `limit`."""
        ...

    def readinto(self, view: memoryview) -> int:
        """What has come, at least one byte; 0 at the end of the connection."""
        ...


class Headers(Mapping[str, str]):
    """By name, whatever its case; what came several times is joined by commas."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            self._values.setdefault(name.lower(), []).append(value)

    def __getitem__(self, name: str) -> str:
        return ", ".join(self._values[name.lower()])

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def all(self, name: str) -> tuple[str, ...]:
        return tuple(self._values.get(name.lower(), ()))


@dataclass(frozen=True, slots=True)
class Head:
    """The first part of an answer."""

    minor: int  # of HTTP/1.x
    status: int
    headers: Headers

    @property
    def stays(self) -> bool:
        """Whether the connection may be used again after the body."""
        said = self.headers.get("Connection", "").lower()
        return "close" not in said and (self.minor >= 1 or "keep-alive" in said)


def request_head(method: str, target: str, headers: Mapping[str, str]) -> bytes:
    """The bytes of a request's head. Raises ValueError for what could be another header."""
    if not _TOKEN.fullmatch(method.encode("ascii")) or re.search(r"[\x00-\x20\x7f]", target):
        raise ValueError("this cannot be asked for")
    lines = [f"{method} {target} HTTP/1.1"]
    for name, value in headers.items():
        if not _TOKEN.fullmatch(name.encode("ascii")) or _UNSAFE.search(value):
            raise ValueError(f"the header {name!r} has characters that no header has")
        lines.append(f"{name}: {value}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def read_head(source: Source) -> Head:
    """The next head, an interim one (1xx) too. Raises Broken, Short."""
    line = source.readline(_LINE)
    if not line:
        raise Short("the server closed the connection without an answer")
    match = _STATUS_LINE.fullmatch(line.rstrip(b"\r\n"))
    if match is None or not line.endswith(b"\n"):
        raise Broken("what came is not HTTP")
    return Head(int(match[1]), int(match[2]), Headers(_fields(source)))


def _fields(source: Source) -> Iterator[tuple[str, str]]:
    for _ in range(MOST_HEADERS + 1):
        line = source.readline(_LINE)
        if not line.endswith(b"\n"):
            raise Broken("a header is too long") if len(line) >= _LINE else Short("no whole head")
        line = line.rstrip(b"\r\n")
        if not line:
            return
        name, colon, value = line.partition(b":")
        if not colon or not _TOKEN.fullmatch(name):
            raise Broken("a header is none")  # also one folded over lines (RFC 9112, 5.2)
        yield name.decode("ascii"), value.strip(b" \t").decode("latin-1")
    raise Broken(f"more than {MOST_HEADERS} headers came")


class BodyReader(Protocol):
    """The body of an answer. `length`: what its head says; `proven`: its end can be told."""

    length: int | None
    proven: bool

    def readinto(self, view: memoryview) -> int:
        """The next bytes; 0 at its end. Raises Broken, Short, OSError."""
        ...


def body_of(head: Head, method: str, source: Source) -> BodyReader:
    """How the body behind `head` is framed. Raises Broken for a head that cannot be believed."""
    try:
        length = content_length(head.headers.all("Content-Length"))
    except BadHeader as error:
        raise Broken(f"its {error} cannot be true") from error
    if method == "HEAD" or head.status in {204, 304} or head.status < 200:
        return Counted(source, 0)
    coding = head.headers.get("Transfer-Encoding")
    if coding is None:
        return Counted(source, length) if length is not None else UntilClosed(source)
    if coding.strip().lower() != "chunked" or length is not None:
        raise Broken("it says in two ways, or in an unknown one, where its body ends")
    return Chunked(source)


class Counted:
    """A body whose length was said."""

    proven = True

    def __init__(self, source: Source, length: int) -> None:
        self.length: int | None = length
        self._source = source
        self._left = length

    def readinto(self, view: memoryview) -> int:
        if not self._left:
            return 0
        count = self._source.readinto(view[: self._left])
        if not count:
            come = (self.length or 0) - self._left
            raise Short(f"the connection ended after {come} of {self.length} bytes")
        self._left -= count
        return count


class UntilClosed:
    """A body that ends with the connection: nobody can tell whether all of it came."""

    length: int | None = None
    proven = False

    def __init__(self, source: Source) -> None:
        self._source = source

    def readinto(self, view: memoryview) -> int:
        return self._source.readinto(view)


class Chunked:
    """A body in chunks; one of no bytes is its end."""

    length: int | None = None
    proven = True

    def __init__(self, source: Source) -> None:
        self._source = source
        self._left = 0
        self._first = True
        self._ended = False

    def readinto(self, view: memoryview) -> int:
        if self._ended:
            return 0
        if not self._left and not self._next():
            return 0
        count = self._source.readinto(view[: self._left])
        if not count:
            raise Short("the connection ended in the middle of a chunk")
        self._left -= count
        return count

    def _next(self) -> bool:
        if not self._first and self._line() != b"":
            raise Broken("a chunk is longer than it said")
        self._first = False
        match = _CHUNK_SIZE.fullmatch(self._line())
        if match is None:
            raise Broken("a chunk has no size")
        self._left = int(match[1], 16)
        if not self._left:
            self._trailers()
        return bool(self._left)

    def _trailers(self) -> None:
        for _ in range(MOST_HEADERS):
            if not self._line():
                self._ended = True
                return
        raise Broken("the trailers have no end")

    def _line(self) -> bytes:
        line = self._source.readline(_LINE)
        if not line.endswith(b"\n"):
            raise Short("the connection ended between chunks")
        return line.rstrip(b"\r\n")
