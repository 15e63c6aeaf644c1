"""Web servers as a place: files and folders told apart, sidecars, and what refusals say."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import pytest

from providers.base import Digester, Kind, Publisher
from providers.errors import (
    AuthRequired,
    ConnectionLost,
    Denied,
    InvalidName,
    NotFound,
    ProviderError,
    Throttled,
    Unsupported,
    WrongKind,
)
from providers.http.sidecars import Sidecars, parse_one, parse_sums
from tests.servers.http_place import place, read
from tests.servers.scripted_http import Ask, ScriptedHttp, Wire, answer
from tests.servers.web_servers import Lighttpd, find_lighttpd

HTML = {"Content-Type": "text/html"}


class Site:
    """Pages by their address; HEAD is answered as GET would be."""

    def __init__(self, pages: Mapping[str, bytes | int | str]) -> None:
        self.pages = dict(pages)

    def __call__(self, ask: Ask, wire: Wire) -> None:
        page = self.pages.get(ask.target, 404)
        if isinstance(page, str):
            return wire.say(answer(301, b"", {"Location": page}))
        if isinstance(page, int):
            return wire.say(answer(page))
        head = answer(200, b"", HTML | {"Content-Length": str(len(page))})
        return wire.say(head if ask.method == "HEAD" else head + page)


def listing(*names: str) -> bytes:
    links = "".join(f'<a href="{name}">{name}</a>\n' for name in names)
    return f"<html><head><title>Index of /</title></head><pre>{links}</pre></html>".encode()


# Files and folders -----------------------------------------------------------------------------


def test_folder_shows_itself_by_its_slash() -> None:
    pages = {"/dir": "/dir/", "/dir/": listing("a"), "/quiet/": listing(), "/shut": "/shut/"}
    with ScriptedHttp(Site({**pages, "/shut/": 403})) as server, place(server.base) as web:
        assert {web.stat(path).kind for path in ("/", "/dir", "/quiet", "/shut")} == {Kind.DIR}


def test_redirect_elsewhere_is_a_file() -> None:
    with ScriptedHttp(Site({"/a": "/b", "/b": b"12345"})) as server, place(server.base) as web:
        assert (web.stat("/a").kind, web.stat("/a").size) == (Kind.FILE, 5)
        assert (web.stat("/a").name, read(web, "/a")) == ("a", b"12345")


@pytest.mark.parametrize("status", [403, 405, 501])
def test_file_is_described_where_HEAD_is_refused(status: int) -> None:
    def script(ask: Ask, wire: Wire) -> None:
        if ask.method == "HEAD":
            wire.say(answer(status))
        elif ask.range is not None:
            wire.say(answer(206, b"1", {"Content-Range": "bytes 0-0/5", "ETag": '"a"'}))
        else:
            wire.say(answer(404))

    with ScriptedHttp(script) as server, place(server.base) as web:
        entry = web.stat("/file")
        assert (entry.kind, entry.size, entry.version) == (Kind.FILE, 5, '"a"')


def test_listing_of_a_file_is_the_wrong_kind_so_that_its_folder_can_be_shown() -> None:
    with (
        ScriptedHttp(Site({"/dir/file": b"x", "/dir/": listing("file")})) as server,
        place(server.base) as web,
    ):
        with pytest.raises(WrongKind):
            list(web.list_dir("/dir/file"))
        ((entry,),) = web.list_dir(web.parent("/dir/file"))
        assert entry.path == "/dir/file"


def test_file_served_below_itself_is_still_a_file(tmp_path: Path) -> None:
    if find_lighttpd() is None:
        pytest.skip("lighttpd is not installed")
    with Lighttpd(tmp_path / "lighttpd") as server:
        (server.root / "file").write_bytes(b"x")
        with place(server.base) as web, pytest.raises(WrongKind):
            list(web.list_dir("/file"))


def test_folder_without_a_listing_says_what_to_do() -> None:
    pages = {"/": 403, "/dir": "/dir/", "/dir/": 403, "/page": "/page/", "/page/": b"<p>Hello!</p>"}
    with ScriptedHttp(Site(pages)) as server, place(server.base) as web:
        for path in ("/", "/dir"):
            with pytest.raises(Denied, match="whole address of a file"):
                list(web.list_dir(path))
        with pytest.raises(Unsupported, match="whole address of a file"):
            list(web.list_dir("/page"))
        with pytest.raises(NotFound):
            list(web.list_dir("/missing"))


def test_folder_that_leads_to_one_above_is_not_gone_into() -> None:
    with (
        ScriptedHttp(Site({"/a/b/": "/a/", "/a/": listing("b/")})) as server,
        place(server.base) as web,
        pytest.raises(Unsupported, match="redirects this folder"),
    ):
        list(web.list_dir("/a/b"))


def test_start_may_be_elsewhere() -> None:
    with (
        ScriptedHttp(Site({"/": "/pub/", "/pub/": listing("file")})) as server,
        place(server.base) as web,
    ):
        ((entry,),) = web.list_dir("/")
        assert entry.path == "/pub/file"


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, AuthRequired),
        (403, Denied),
        (404, NotFound),
        (410, NotFound),
        (418, Denied),
        (429, Throttled),
        (500, ConnectionLost),
        (502, ConnectionLost),
        (503, ConnectionLost),
    ],
)
def test_refusal_is_the_error_it_is(status: int, error: type[ProviderError]) -> None:
    wants = {"WWW-Authenticate": 'Basic realm="x"'}
    with (
        ScriptedHttp(lambda ask, wire: wire.say(answer(status, b"<h1>\x1b[31m", wants))) as server,
        place(server.base) as web,
    ):
        for work in (
            lambda: web.stat("/f"),
            lambda: read(web, "/f"),
            lambda: list(web.list_dir("/f")),
        ):
            with pytest.raises(error) as told:
                work()
            assert str(told.value).isprintable()


def test_query_with_characters_that_no_address_has_is_refused() -> None:
    with place("http://files.example") as web, pytest.raises(InvalidName):
        web.resolve("/file?a b")


# Sidecars --------------------------------------------------------------------------------------

DATA = b"12345"
SHA256 = hashlib.sha256(DATA).hexdigest()
MD5 = hashlib.md5(DATA).hexdigest()
OTHER = "0" * 64


@pytest.mark.parametrize(
    ("line", "names"),
    [
        (f"{SHA256}  file", {"file"}),
        (f"{SHA256} *file", {"file"}),
        (f"{SHA256.upper()}  ./file", {"file"}),
        (f"SHA256 (file) = {SHA256}", {"file"}),
        (f"\\{SHA256}  a\\\\b\\nc", {"a\\b\nc"}),
        (f"{SHA256}  dir/file", set()),
        (f"{SHA256}  ../file", set()),
        (f"{MD5}  file", set()),
        (f"MD5 (file) = {SHA256}", set()),
        (f"{SHA256} file", set()),
        (f"{SHA256}  file\n{OTHER}  file", set()),
        (f"# comment\r\n{SHA256}  file\r\n\r\n{SHA256}  other", {"file", "other"}),
    ],
)
def test_lines_of_digests_are_read_strictly(line: str, names: set[str]) -> None:
    assert parse_sums(line.encode(), "sha256") == dict.fromkeys(names, SHA256)


def test_digest_alone_in_its_file_is_that_of_the_file() -> None:
    assert parse_one(f"{SHA256}\n".encode(), "sha256", "file") == SHA256
    assert parse_one(f"{SHA256}  file\n".encode(), "sha256", "file") == SHA256
    assert parse_one(f"{SHA256}  other\n".encode(), "sha256", "file") is None
    assert parse_one(b"<html>", "sha256", "file") is None


def digests(pages: dict[str, bytes | int | str]) -> tuple[Mapping[str, str], list[str]]:
    """Those of /file, looked at three times, and the other addresses asked for."""
    with ScriptedHttp(Site({"/file": DATA, **pages})) as server, place(server.base) as web:
        assert isinstance(web, Publisher) and not isinstance(web, Digester)
        entry = web.stat("/file")
        stated = [web.published(entry) for _ in range(3)]
        assert stated[0] == stated[1] == stated[2]
        assert entry.digests == {}, "what stands beside a file is not the server's word"
        return stated[0], [ask.target for ask in server.asks if ask.target != "/file"]


def test_listed_sidecars_are_read_once() -> None:
    found, asked = digests(
        {
            "/": listing("file", "SHA256SUMS", "MD5SUMS", "other.sha256"),
            "/SHA256SUMS": f"{SHA256}  file\n".encode(),
            "/MD5SUMS": f"{MD5}  file\n".encode(),
        }
    )
    assert found == {"sha256": SHA256, "md5": MD5}
    assert sorted(asked) == ["/", "/MD5SUMS", "/SHA256SUMS"]


def test_listed_file_of_its_own_is_read() -> None:
    found, asked = digests(
        {"/": listing("file", "file.sha256"), "/file.sha256": f"{SHA256}  file\n".encode()}
    )
    assert found == {"sha256": SHA256}
    assert "/SHA256SUMS" not in asked


def test_folder_that_is_not_listed_is_asked_once() -> None:
    found, asked = digests({"/": 403})
    assert found == {}
    assert asked == ["/", "/SHA256SUMS", "/file.sha256"]
    assert digests({"/": 403, "/SHA256SUMS": f"{SHA256}  file\n".encode()})[0] == {"sha256": SHA256}
    assert digests({"/": 403, "/file.sha256": SHA256.encode()})[0] == {"sha256": SHA256}


def test_page_for_everything_that_is_missing_is_no_sidecar() -> None:
    found, _ = digests({"/": 403, "/SHA256SUMS": b"<p>404</p>", "/file.sha256": "/sorry"})
    assert found == {}


def test_sidecars_are_forgotten_after_a_minute() -> None:
    now, files = [0.0], {"SHA256SUMS": f"{SHA256}  file".encode()}
    asked: list[str] = []

    def fetch(folder: str, name: str) -> bytes | None:
        asked.append(name)
        return files.get(name)

    sidecars = Sidecars(fetch, lambda folder: [*files], lambda: now[0])
    assert sidecars.of("/", "file") == sidecars.of("/", "file") == {"sha256": SHA256}
    assert asked == ["SHA256SUMS"]
    files["SHA256SUMS"] = f"{OTHER}  file".encode()
    now[0] = 61.0
    assert sidecars.of("/", "file") == {"sha256": OTHER}
    assert sidecars.of("/", "SHA256SUMS") == {}
