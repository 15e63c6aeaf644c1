"""One file as multipart/form-data (RFC 7578), in front of its bytes and behind them. Pure.

Nothing of the file is held: the length of the whole is known when that of the file is.
"""

from __future__ import annotations

from collections.abc import Iterator

from providers.base import Body, Buffer
from providers.http.options import Pairs
from providers.records import dataclass
from providers.text import to_bytes

_ESCAPED = ((b'"', b"%22"), (b"\r", b"%0D"), (b"\n", b"%0A"))
"""In names, as browsers do (HTML, "multipart/form-data encoding algorithm"); never `filename*`,
which RFC 7578 4.2 forbids."""


@dataclass(frozen=True, slots=True)
class Form:
    """`head` and `tail` go around the bytes of the file."""

    content_type: str
    head: bytes
    tail: bytes

    def length(self, size: int | None) -> int | None:
        """Of the whole, around a file of `size` bytes."""
        return None if size is None else len(self.head) + size + len(self.tail)

    def around(self, content: Body) -> Iterator[Buffer]:
        yield self.head
        yield from content
        yield self.tail


def form_of(name: str, *, field: str, extra: Pairs, boundary: str) -> Form:
    """The form that sends a file called `name` as `field`, behind the `extra` fields.

    `boundary`: up to 70 letters and digits that do not occur in what is sent: random ones.
    """
    line = b"--" + boundary.encode("ascii")
    head = bytearray()
    for key, value in extra:
        head += line + b'\r\nContent-Disposition: form-data; name="' + _escaped(key) + b'"\r\n\r\n'
        head += to_bytes(value) + b"\r\n"
    head += line + b'\r\nContent-Disposition: form-data; name="' + _escaped(field)
    head += b'"; filename="' + _escaped(name) + b'"\r\nContent-Type: application/octet-stream'
    head += b"\r\n\r\n"
    tail = b"\r\n" + line + b"--\r\n"
    return Form(f"multipart/form-data; boundary={boundary}", bytes(head), tail)


def _escaped(text: str) -> bytes:
    raw = to_bytes(text)
    for char, escape in _ESCAPED:
        raw = raw.replace(char, escape)
    return raw
