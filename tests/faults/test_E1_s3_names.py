"""E1 in buckets: any key is shown, read and deleted exactly, and none leads out of a folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import unquote_to_bytes, urlsplit

import pytest

from providers.base import Entry, Kind, Place
from providers.errors import InvalidName
from providers.s3.provider import S3Provider, open_endpoint
from tests.faults.hostile_links import NAMES
from tests.servers.bucket import Bucket
from tests.servers.s3_servers import access_to
from tests.servers.scripted_http import Ask, ScriptedHttp, answer
from tests.transfers.queue_case import LOCAL, QueueCase
from transfers.model import FINISHED, JobState, Policy

KEYS = [
    "plain",
    "a//b",
    "/lead",
    "//two",
    "tree/../../escaped",
    "../up",
    "./here",
    "tree/./dot",
    "tree/good",
    "tree//",
    "tree/..",
    "tree/.",
    " spaces ",
    "tree/ spaces ",
    "tree/back\\slash\\..\\x",
    "ünï/日本語 🚢",
    "percent%2F%2e%2e/x",
    "plus+and space",
    "new\nline\r\x1b[31m",
    "n" * 1024,
    "both",
    "both/inside",
]


class _Objects(Bucket):
    """A bucket whose objects can be deleted, by anybody."""

    def answer(self, ask: Ask) -> bytes:
        if ask.method == "DELETE":
            key = unquote_to_bytes(urlsplit(ask.target).path).decode().removeprefix(self.root)
            self.objects.pop(key)
            return answer(204)
        return super().answer(ask)


@pytest.fixture
def objects() -> _Objects:
    return _Objects({key: key.encode() for key in KEYS}, name="b", most=3)


@pytest.fixture
def served(objects: _Objects) -> Iterator[ScriptedHttp]:
    with ScriptedHttp(objects) as server:
        yield server


@pytest.fixture
def place(served: ScriptedHttp, tmp_path: Path) -> Iterator[S3Provider]:
    with closing(open_endpoint(*access_to(served, tmp_path))) as provider:
        yield provider


def _files(place: S3Provider, path: str) -> Iterator[Entry]:
    for page in place.list_dir(path):
        for entry in page:
            if entry.kind is Kind.DIR:
                yield from _files(place, entry.path)
            else:
                yield entry


def test_E1_every_key_is_shown_and_read_exactly(place: S3Provider) -> None:
    found = {entry.path.removeprefix("/b/"): entry for entry in _files(place, "/b")}
    assert sorted(found) == sorted(key for key in KEYS if not key.endswith("/"))
    for key, entry in found.items():
        assert place.stat(entry.path).size == len(key.encode())
        with place.read(entry.path) as reader:
            assert b"".join(map(bytes, reader.chunks())) == key.encode()


def test_E1_every_key_is_deleted_alone(place: S3Provider, objects: _Objects) -> None:
    for entry in [*_files(place, "/b")]:
        left = objects.objects.keys() - {entry.path.removeprefix("/b/")}
        place.delete(entry.path)
        assert objects.objects.keys() == left


def test_E1_a_tree_is_removed_and_nothing_that_only_looks_as_if_in_it(
    place: S3Provider, objects: _Objects
) -> None:
    assert [error for error in place.remove_tree("/b/tree") if error] == []
    assert sorted(objects.objects) == sorted(key for key in KEYS if not key.startswith("tree/"))


def test_E1_a_folder_with_the_name_of_an_object_is_not_taken_for_it(
    place: S3Provider, objects: _Objects
) -> None:
    entries = [entry for page in place.list_dir("/b") for entry in page if entry.name == "both"]
    paths = {entry.kind: entry.path for entry in entries}
    assert paths == {Kind.FILE: "/b/both", Kind.DIR: "/b/both/"}
    assert [error for error in place.remove_tree(paths[Kind.DIR]) if error] == []
    assert "both" in objects.objects and "both/inside" not in objects.objects


@pytest.mark.parametrize("name", NAMES, ids=repr)
def test_E1_no_key_is_made_of_a_name_that_leads_elsewhere(place: S3Provider, name: str) -> None:
    with pytest.raises(InvalidName):
        place.join("/b/tree", name)


def test_E1_a_download_of_hostile_keys_stays_in_its_folder(
    served: ScriptedHttp, tmp_path: Path
) -> None:
    endpoint, access = access_to(served, tmp_path)
    case = QueueCase(tmp_path / "queue")
    case.places[endpoint] = open_endpoint(endpoint, access)
    folder = tmp_path / "folder"
    folder.mkdir()
    case.start()
    before = set(tmp_path.iterdir())
    with closing(case.places[endpoint]):
        for source in ("/b/tree", "/b/ünï"):
            jobs = case.plan(Place(endpoint, source), Place(LOCAL, str(folder)))
            for number in case.send_new(*jobs, policy=Policy.OVERWRITE):
                case.reach(number, *FINISHED, JobState.PARKED)
        case.close()
    assert (folder / "ünï" / "日本語 🚢").read_text() == "ünï/日本語 🚢"
    assert (folder / "tree" / "good").read_text() == "tree/good"
    assert set(tmp_path.iterdir()) == before
    assert {path.name for path in folder.iterdir()} == {"tree", "ünï"}
    written = {path.read_text() for path in folder.rglob("*") if path.is_file()}
    assert "tree/../../escaped" not in written
