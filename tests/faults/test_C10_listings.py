"""C10: lists as long as they may be, and lists without end, in all the forms they have: what is
listed is handed on and not held, and +64 MiB are never needed."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from providers.errors import Unsupported
from providers.http import once
from tests.faults.lister import listed_apart
from tests.faults.test_C10_too_much import MOST, little_memory, said
from tests.servers.bucket import XML
from tests.servers.http_place import place
from tests.servers.scripted_http import Ask, Wire, answer
from tests.servers.webdav_place import webdav

MIB = 1 << 20
HTML = {"Content-Type": "text/html"}
START = b'<html><h1>Index of /</h1><hr><pre><a href="../">../</a>\n'
EMOJI = "\U0001f6a2".encode()
CHUNKED = {"Transfer-Encoding": "chunked", "Content-Length": ""}
Script = Callable[[Ask, Wire], None]


def in_chunks(wire: Wire, pieces: Iterator[bytes]) -> None:
    """All of it, or as much as the other side takes."""
    some = bytearray()
    with suppress(OSError):
        for piece in pieces:
            some += piece
            if len(some) > 1 << 16:
                wire.say(b"%x\r\n%b\r\n" % (len(some), bytes(some)))
                some.clear()
        wire.say(b"%x\r\n%b\r\n0\r\n\r\n" % (len(some), bytes(some)))


def lines() -> Iterator[bytes]:
    for n in itertools.count():
        yield b'<a href="f%06d.jpg">f%06d.jpg</a>   24-Nov-2026 03:16   %d\n' % (n, n, n)


def links() -> Iterator[bytes]:
    return (b"<a href=%x>x</a>\n" % n for n in itertools.count())


def objects() -> Iterator[bytes]:
    return (b'{"name":"%d","type":"file","mtime":""},' % n for n in itertools.count())


def records() -> Iterator[bytes]:
    for n in itertools.count():
        yield b"<response><href>/%d</href></response>" % n


def page_of(start: bytes, pieces: Iterator[bytes], end: bytes, size: int) -> bytes:
    made = bytearray(start)
    for piece in itertools.islice(pieces, once.MOST_ENTRIES - 1):
        if len(made) + len(piece) > size:
            break
        made += piece
    return bytes(made.removesuffix(b",")) + end


def html_page() -> Script:
    whole = answer(200, page_of(START, lines(), b"</pre></html>", 19 * MIB), HTML)
    return lambda ask, wire: wire.say(whole)


def json_page() -> Script:
    page = page_of(b"[", objects(), b"]", 19 * MIB)
    whole = answer(200, page, {"Content-Type": "application/json"})
    return lambda ask, wire: wire.say(whole)


def html_without_end() -> Script:
    def script(ask: Ask, wire: Wire) -> None:
        wire.say(answer(200, b"", HTML | CHUNKED))
        in_chunks(wire, itertools.chain([START], links()))

    return script


def webdav_without_end() -> Script:
    start = b'<multistatus xmlns="DAV:"><response><href>/</href></response>'

    def script(ask: Ask, wire: Wire) -> None:
        wire.say(answer(207, b"", CHUNKED))
        in_chunks(wire, itertools.chain([start], records()))

    return script


def bucket_without_end() -> Script:
    parts = itertools.count()

    def script(ask: Ask, wire: Wire) -> None:
        part = next(parts)
        keys = "".join(f"<Contents><Key>{part}-{n}</Key></Contents>" for n in range(1000))
        more = f"<NextContinuationToken>{part}</NextContinuationToken>"
        said = f"<ListBucketResult><IsTruncated>true</IsTruncated>{more}{keys}</ListBucketResult>"
        wire.say(answer(200, said.encode(), XML))

    return script


@pytest.mark.parametrize(
    ("script_of", "scheme", "entries", "why"),
    [
        (html_page, "http", 200_000, ""),
        (json_page, "http", 249_999, ""),
        (html_without_end, "http", 0, "longer than 20 MiB"),
        (webdav_without_end, "dav", 249_000, "more than 250,000 entries"),
        (bucket_without_end, "http", 249_000, "more than 250,000 entries"),
    ],
    ids=["html", "json", "html without end", "webdav without end", "bucket without end"],
)
def test_C10_a_list_of_different_names_needs_little_memory(
    script_of: Callable[[], Script], scheme: str, entries: int, why: str
) -> None:
    pytest.importorskip("resource")  # Windows does not tell a process what it had at the most
    with said(script_of()) as base:
        found = listed_apart(base.replace("http", scheme))
    assert found.entries >= entries
    assert why in found.why if why else found.why == ""
    assert found.grown < MOST


def named(name: bytes) -> Callable[[Ask, Wire], None]:
    """A page with many links, each of a number and then `name`."""
    count = max(1, 14 * MIB // len(name))
    page = START + b"".join(b"<a href=%d%b>x</a>\n" % (n, name) for n in range(count))
    whole = answer(200, page + b"</pre></html>", HTML)
    return lambda ask, wire: wire.say(whole)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (b"x" * 1000, 10_000),
        (EMOJI + b"x" * 1000, 10_000),
        (b"\xff" * 1000, 10_000),
        (EMOJI + b"x" * 15_000, 0),
        (EMOJI + b"x" * 14 * MIB, 0),
    ],
    ids=["long", "wide", "not UTF-8", "longer than any", "one"],
)
def test_C10_long_names_need_little_memory(name: bytes, shown: int) -> None:
    script = named(name)
    with said(script) as base, place(base) as web, little_memory():
        assert sum(len(page) for page in web.list_dir("/")) >= shown


@pytest.mark.parametrize(
    "piece",
    [
        EMOJI * 5000,
        b"<href>/x</href>" * 1000,
        b"<x>" * 1000,
        b"<x " + b"a" * 60_000,
        b"<getetag>" + b"x" * 60_000 + b"</getetag>",
    ],
    ids=["text", "elements", "depth", "tags", "properties"],
)
def test_C10_a_webdav_record_without_end_needs_little_memory(piece: bytes) -> None:
    start = b'<multistatus xmlns="DAV:"><response><propstat><prop>'

    def script(ask: Ask, wire: Wire) -> None:
        wire.say(answer(207, b"", CHUNKED))
        in_chunks(wire, itertools.chain([start], itertools.repeat(piece)))

    with said(script) as base, webdav(int(base.rpartition(":")[2])) as place_, little_memory():
        for work in (place_.stat, lambda path: list(place_.list_dir(path))):
            with pytest.raises(Unsupported, match="cannot be used"):
                work("/")


def test_C10_properties_that_are_no_use_are_not_held() -> None:
    """A page of entries is held, and with it what each says of itself."""
    etag = b"<propstat><prop><getetag>&quot;%b&quot;</getetag></prop></propstat>" % (b"x" * 500_000)
    one = b"<response><href>/%d</href>" + etag + b"</response>"
    start = b'<multistatus xmlns="DAV:"><response><href>/</href></response>'
    end = b"</multistatus>"

    def script(ask: Ask, wire: Wire) -> None:
        wire.say(answer(207, b"", CHUNKED))
        in_chunks(wire, itertools.chain([start], (one % n for n in range(400)), [end]))

    with said(script) as base, webdav(int(base.rpartition(":")[2])) as place_, little_memory():
        assert sum(len(page) for page in place_.list_dir("/")) == 400
