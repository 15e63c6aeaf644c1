"""E1: hostile names of web servers, of WebDAV servers and of buckets. What is downloaded, deleted,
renamed, made and uploaded by them stays in its folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from providers.base import Entry, Kind, Place
from providers.errors import InvalidName, NotEmpty, Unsupported
from providers.http.provider import HttpProvider
from providers.http.webdav.provider import WebdavProvider
from tests.faults.hostile_links import HREFS, KEYS, NAMES, is_in
from tests.faults.hostile_places import CHANGES, INTO, TREE, Hostile
from tests.servers.http_place import place
from tests.servers.scripted_http import Ask, ScriptedHttp
from tests.servers.webdav_place import webdav
from tests.transfers.queue_case import LOCAL, QueueCase
from transfers.model import FINISHED, Policy

KINDS = ("html", "json", "bucket", "webdav")


@dataclass
class Opened:
    server: ScriptedHttp
    endpoint: str
    place: HttpProvider | WebdavProvider
    entries: list[Entry]

    def changes(self) -> list[Ask]:
        return [ask for ask in self.server.asks if ask.method in CHANGES]

    def need_only_changes_in(self, folder: str) -> None:
        """Each address that was changed is exactly one level below `folder`, as any server would
        read it: decoded once, its dots resolved."""
        for ask in self.changes():
            for target in (ask.target, ask.headers.get("destination", ask.target)):
                path = unquote(urlsplit(target).path).removesuffix("/")
                assert path.rpartition("/")[0] == folder, target
                assert path.rpartition("/")[2] not in ("", ".", ".."), target
                assert "\0" not in path, target
                assert urlsplit(target).query == "", target
                assert urlsplit(target).netloc in ("", self.server.base[7:]), target


@contextmanager
def opened(kind: str) -> Iterator[Opened]:
    hostile = Hostile(kind)
    with ScriptedHttp(hostile) as server, ExitStack() as stack:
        hostile.host = server.base.removeprefix("http://")
        dav = kind == "webdav"
        endpoint = f"dav://127.0.0.1:{server.port}" if dav else server.base
        web: HttpProvider | WebdavProvider
        if dav:
            web = stack.enter_context(webdav(server.port))
        else:
            web = stack.enter_context(place(server.base))
        entries = [entry for page in web.list_dir(TREE) for entry in page]
        yield Opened(server, endpoint, web, entries)


def test_E1_there_are_more_than_200_of_each() -> None:
    assert len({*HREFS}) > 200
    assert len({*KEYS}) > 200


@pytest.mark.parametrize("kind", KINDS)
def test_E1_what_is_listed_is_one_level_below_its_folder(kind: str) -> None:
    with opened(kind) as it:
        assert "good" in {entry.name for entry in it.entries}
        assert all(is_in(TREE, entry) for entry in it.entries)
        if kind != "json":  # its names lead elsewhere, all of them
            assert len(it.entries) > 20


@pytest.mark.parametrize("kind", KINDS)
def test_E1_a_download_of_a_hostile_tree_stays_in_its_folder(tmp_path: Path, kind: str) -> None:
    with opened(kind) as it:
        case = QueueCase(tmp_path / "queue")
        case.places[it.endpoint] = it.place
        chosen = tmp_path / "folder"
        chosen.mkdir()
        case.start()
        with closing(case):
            jobs = case.plan(Place(it.endpoint, TREE), Place(LOCAL, str(chosen)))
            for number in case.send_new(*jobs, policy=Policy.OVERWRITE):
                case.reach(number, *FINISHED)
        written = {path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()}
        inside = {path.parts[1:] for path in written if path.parts[0] == "folder"}
        assert {path.parts[0] for path in written} <= {"queue", "folder"}
        assert ("tree", "good") in inside
        assert {(parts[0], len(parts)) for parts in inside} == {("tree", 2)}
        assert it.changes() == []


@pytest.mark.parametrize("kind", KINDS)
def test_E1_what_is_deleted_by_a_hostile_name_is_in_its_folder(kind: str) -> None:
    with opened(kind) as it:
        for entry in it.entries:
            try:
                it.place.delete(entry.path)
            except NotEmpty:
                assert entry.kind is Kind.DIR
        it.need_only_changes_in(TREE)
        assert len(it.changes()) >= sum(entry.kind is Kind.FILE for entry in it.entries)


@pytest.mark.parametrize("kind", KINDS)
def test_E1_what_is_renamed_by_a_hostile_name_stays_in_its_folder(kind: str) -> None:
    with opened(kind) as it:
        for number, entry in enumerate(it.entries):
            for source, name in ((entry.path, f"new {number}"), (f"{TREE}/good", entry.name)):
                target = it.place.join(INTO, name)
                if kind == "webdav":
                    it.place.rename(source, target)
                else:
                    with pytest.raises(Unsupported):
                        it.place.rename(source, target)
        moves = it.changes()
        assert len(moves) == (2 * len(it.entries) if kind == "webdav" else 0)
        for ask in moves:
            for folder, target in ((TREE, ask.target), (INTO, ask.headers["destination"])):
                path = unquote(urlsplit(target).path).removesuffix("/")
                assert path.rpartition("/")[0] == folder
                assert path.rpartition("/")[2] not in ("", ".", "..")


@pytest.mark.parametrize("kind", KINDS)
def test_E1_what_is_made_and_uploaded_under_a_hostile_name_is_in_its_folder(kind: str) -> None:
    with opened(kind) as it:
        for entry in it.entries:
            path = it.place.join(INTO, entry.name)
            it.place.make_dir(path)
            token = it.place.begin(path, 1, key="0badcafe", part_size=1)
            it.place.put_part(token, 0, 0, [b"x"])
            it.place.abort(token)
        it.need_only_changes_in(INTO)
        assert len(it.changes()) >= len(it.entries)


@pytest.mark.parametrize("name", NAMES, ids=repr)
@pytest.mark.parametrize("kind", ["html", "webdav"])
def test_E1_no_address_is_made_of_a_name_that_leads_elsewhere(kind: str, name: str) -> None:
    with opened(kind) as it, pytest.raises(InvalidName):
        it.place.join(TREE, name)
