"""Listings of real web servers, compared with the folder that they list."""

from __future__ import annotations

import os
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from providers.base import Entry, Kind
from providers.http import paths
from providers.http.listing import family, parse_listing
from providers.text import from_bytes
from tests.servers.web_servers import (
    Apache,
    Lighttpd,
    Nginx,
    PythonHttp,
    RcloneHttp,
    RcloneWebdav,
    WebServer,
    find_apache,
    find_lighttpd,
    find_nginx,
    find_rclone,
)

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the web servers need a POSIX system")

FOLDER = "some & folder/ü #1"
FILES = [
    *(b"plain.txt", b"a b.txt", b" lead", b"trail ", b"100%.txt", b"%41.bin", b"%2e%2e", b"&amp;"),
    *(
        b"a#b",
        b"q?x=1",
        b"?C=N;O=D",
        b"a&b;c",
        b"&lt",
        b"quote'\"",
        b"<b>bold",
        b"a+b=c,d$@!",
        b"~t",
    ),
    *("ü.txt".encode(), "日本語".encode(), "e\u0301".encode(), "\u202etxt.exe".encode()),
    *(
        b"-rf",
        b"..x",
        b"x..",
        b"...",
        b"colon:x",
        b"javascript:x",
        b"http:",
        b"back\\slash",
        b"Size",
    ),
    *(b"Parent Directory", b"n" * 120, b"12-Jan-2020 10:00      77"),
]
HOSTILE = (b"line\nbreak", b"tab\tx", b"esc\x1b]0;x\x07", b"x\ry")
UNDECODABLE = (b"\xff\xfe", b"caf\xe9")
HIDDEN = [b".dot", b"..dot"]
FOLDERS = [b"sub dir", b"50%#?", b"&amp;dir", "ordner-ü".encode()]
TAKES_ANY_BYTES = 'server.http-parseopts = ("url-invalid-utf8-reject" => "disable")'
WRITTEN = 1_700_000_000


@dataclass(frozen=True)
class Flavour:
    start: Callable[[Path], WebServer]
    find: Callable[[], str | None] = lambda: "python"
    family: str = ""
    exact: bool = True  # every size is given to the byte
    minutes: bool = False  # times are
    times: bool = True
    hides: bool = False  # names that begin with a dot
    tells: tuple[bytes, ...] = (*HOSTILE, *UNDECODABLE)  # odd names that it shows as they are


SERVERS = {
    "nginx": Flavour(Nginx, find_nginx, "nginx", minutes=True, hides=True),
    "nginx-rounded": Flavour(
        lambda path: Nginx(path, options=["autoindex_exact_size off;"]),
        find=find_nginx,
        family="nginx",
        exact=False,
        minutes=True,
        hides=True,
    ),
    "nginx-json": Flavour(lambda path: Nginx(path, listing="json"), find_nginx, hides=True),
    "apache-plain": Flavour(
        lambda path: Apache(path, listing="plain"),
        find=find_apache,
        family="Apache",
        exact=False,
        times=False,
    ),
    "apache-fancy": Flavour(Apache, find=find_apache, family="Apache", exact=False, minutes=True),
    "apache-table": Flavour(
        lambda path: Apache(path, listing="table"),
        find=find_apache,
        family="Apache",
        exact=False,
        minutes=True,
    ),
    "apache-icons": Flavour(
        lambda path: Apache(
            path, options=["IndexOptions FancyIndexing IconsAreLinks", "DefaultIcon /icon.png"]
        ),
        find=find_apache,
        family="Apache",
        exact=False,
        minutes=True,
    ),
    "lighttpd": Flavour(
        lambda path: Lighttpd(path, options=[TAKES_ANY_BYTES]),
        find=find_lighttpd,
        family="lighttpd",
        exact=False,
        tells=UNDECODABLE,  # it lists names with control characters, but serves none
    ),
    "python": Flavour(
        PythonHttp, family="Python's http.server", exact=False, times=False, tells=HOSTILE
    ),
    "rclone-http": Flavour(RcloneHttp, find_rclone, "rclone", tells=()),
    "rclone-webdav": Flavour(RcloneWebdav, find_rclone, "rclone", tells=()),
}


@dataclass(frozen=True)
class Running:
    server: WebServer
    flavour: Flavour
    folder: Path

    def page(self, path: str) -> tuple[bytes, str]:
        with urllib.request.urlopen(self.server.base + path) as answer:
            return answer.read(), answer.headers["Content-Type"]

    def listed(self) -> dict[str, Entry]:
        path = paths.canonical("/" + "/".join(map(paths.quote_segment, FOLDER.split("/"))))
        page, kind = self.page(path + "/")
        entries = parse_listing(page, kind, path, self.server.base)
        assert entries is not None
        assert len({entry.name for entry in entries}) == len(entries)
        return {entry.name: entry for entry in entries}


@pytest.fixture(scope="module", params=SERVERS)
def running(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    flavour = SERVERS[request.param]
    if flavour.find() is None:
        pytest.skip(f"no server for {request.param} here")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "UTC")
        server = flavour.start(tmp_path_factory.mktemp("web"))
        folder = server.root / FOLDER
        fill(folder, [*FILES, *flavour.tells, *HIDDEN])
        with server:
            yield Running(server, flavour, folder)


def fill(folder: Path, files: list[bytes]) -> None:
    folder.mkdir(parents=True)
    for name in FOLDERS:
        (folder / from_bytes(name)).mkdir()
    for number, name in enumerate(files):
        path = folder / from_bytes(name)
        try:
            path.write_bytes(b"x" * (number * 173))
        except OSError:  # a disk that takes only UTF-8
            continue
        os.utime(path, (WRITTEN, WRITTEN))


def there(folder: Path, *, hidden: bool) -> dict[str, os.stat_result]:
    names = os.listdir(folder)
    return {name: (folder / name).lstat() for name in names if hidden or name[0] != "."}


def test_every_name_is_listed_as_it_is(running: Running) -> None:
    names = there(running.folder, hidden=not running.flavour.hides)
    assert running.listed().keys() == names.keys()


def test_folders_are_told_from_files(running: Running) -> None:
    kinds = {name: entry.kind for name, entry in running.listed().items()}
    folders = {from_bytes(name) for name in FOLDERS}
    assert {name for name, kind in kinds.items() if kind is Kind.DIR} == folders
    assert {kind for name, kind in kinds.items() if name not in folders} == {Kind.FILE}


def test_a_size_is_the_true_one_or_none(running: Running) -> None:
    files = there(running.folder, hidden=True)
    given = {n: e.size for n, e in running.listed().items() if e.kind is Kind.FILE}
    assert all(size in (None, files[name].st_size) for name, size in given.items())
    if running.flavour.exact:
        assert None not in given.values()


def test_a_time_is_as_near_as_the_page_says_it(running: Running) -> None:
    given = [e.modified for e in running.listed().values() if e.kind is Kind.FILE]
    if not running.flavour.times:
        assert {*given} == {None}
        return
    allowed = 60 if running.flavour.minutes else 1
    assert all(time is not None and 0 <= WRITTEN - time < allowed for time in given)


def test_every_path_leads_to_the_file_it_names(running: Running) -> None:
    for name, entry in running.listed().items():
        if entry.kind is Kind.FILE:
            assert paths.name(entry.path) == name
            content, _ = running.page(entry.path)
            assert content == (running.folder / name).read_bytes()


def test_the_kind_of_server_is_known(running: Running) -> None:
    page, _ = running.page("/")
    assert family(page) == running.flavour.family


def test_an_empty_folder_is_a_list_of_nothing(running: Running) -> None:
    folder = running.folder / "sub dir"
    path = paths.join("/" + "/".join(map(paths.quote_segment, FOLDER.split("/"))), folder.name)
    page, kind = running.page(path + "/")
    assert parse_listing(page, kind, path, running.server.base) == []
