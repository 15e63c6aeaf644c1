"""What objects have been: listed, read, removed and brought back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from providers import location
from providers.base import Kind, Place
from providers.errors import InvalidName, NotFound, SourceChanged, Unsupported, WrongKind
from providers.extras import Revision, Versioned
from providers.s3 import keys, lists
from providers.s3.provider import open_endpoint
from tests.faults.test_C12_C14_s3_lies import service
from tests.servers.s3_bucket import SERVICES, S3Bucket, bucket_of
from tests.servers.s3_servers import access_to
from tests.servers.scripted_http import Ask, ScriptedHttp, answer
from tests.servers.web_process import WebServer

IDS = [
    "null",
    "3sL4kqtJlcpXroDTDmJ.rmSpXd3dIbrHY+MTRCxf3vj=",
    "a/b?c=d&e",
    "%2F",
    "ü\n\x1b[2J ",
    "../..",
]


# Addresses ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", IDS)
@pytest.mark.parametrize("file", ["/b/k", "/b//a//k", "/b/?versionId=x/k", "/b/d/k\n?=&%41"])
def test_a_revision_has_an_address_of_its_own_with_the_file_s_name_and_folder(
    version: str, file: str
) -> None:
    path = keys.revision(file, version)
    assert keys.resolve(path) == path != keys.resolve(file)
    assert keys.exact(path) == (*keys.split(file), {"versionId": version})
    assert (keys.name(path), keys.parent(path)) == (keys.name(file), keys.parent(file))
    assert keys.file_of(path) == file and not keys.is_folder(path)


def test_a_revision_may_be_typed_as_it_is_shown() -> None:
    place = Place("s3:", keys.revision("/b/d/k", "a/b c"))
    assert location.show(place) == "s3://?versionId=a%2Fb%20c/b/d/k"
    assert location.parse(location.show(place)) == place


@pytest.mark.parametrize(
    "path",
    [
        "/?versionId=/b/k",
        "/?versionId=x",
        "/?versionId=x/b",
        "/?versionId=x/b/",
        "/?versionId=x/b/d/",
        "/?versionId=x//k",
        "/?versionId=x/?versionId=y/b/k",
        "/?versionId=%ff/b/k",
        "/?versionId=%2f/b/k",
        "/?versionId=%61/b/k",
        "/?versionId=%/b/k",
        f"/?versionId={'x' * 3073}/b/k",
        "/?version/b/k",
        "/?/b/k",
    ],
)
def test_what_is_no_revision_is_neither_an_address_nor_a_file(path: str) -> None:
    for refuses in (keys.resolve, keys.exact, keys.split, keys.prefix_of):
        with pytest.raises(InvalidName):
            refuses(path)


def test_nothing_is_written_to_a_revision_or_below_it(tmp_path: Path) -> None:
    path = keys.revision("/b/k", "x")
    with ScriptedHttp(lambda ask, wire: wire.say(answer(200))) as server:
        with closing(open_endpoint(*access_to(server, tmp_path))) as place:
            with pytest.raises(InvalidName):
                place.join(path, "n")
            with pytest.raises(InvalidName):
                place.join("/", "?versionId=x")
            with pytest.raises(InvalidName):
                place.make_dir(path)
            with pytest.raises(InvalidName):
                place.begin(path, 1, key="0badcafe", part_size=1 << 20)
            with pytest.raises(InvalidName):
                place.begin("/b/k", 1, key="0badcafe", part_size=1 << 20, within=path)
            with pytest.raises(InvalidName):
                next(place.remove_tree(path))
            with pytest.raises(WrongKind):
                next(iter(place.list_dir(path)))
            with pytest.raises(Unsupported):
                place.rename("/b/other", path)
            place.abandon(path, key="0badcafe")
        assert server.asks == []


# A service that keeps them -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    find, start = SERVICES["moto"]
    if find() is None:
        pytest.skip("moto is not installed")
    with start(tmp_path_factory.mktemp("moto")) as server:
        yield server


@pytest.fixture
def bucket(moto: WebServer, tmp_path: Path) -> Iterator[S3Bucket]:
    with bucket_of("moto", moto, tmp_path) as made:
        made.keep_versions()
        yield made


def _all(bucket: S3Bucket, path: str) -> list[Revision]:
    return [each for page in bucket.place.revisions(path) for each in page]


def test_the_newest_comes_first_and_each_can_be_read(bucket: S3Bucket) -> None:
    bucket.store("d/k", b"one", b"two!", b"three")
    bucket.store("d/k2", b"another")
    path = bucket.path("d/k")
    found = _all(bucket, path)
    assert [bucket.content(each.entry.path) for each in found] == [b"three", b"two!", b"one"]
    assert [each.current for each in found] == [True, False, False]
    assert [each.entry.size for each in found] == [5, 4, 3]
    assert {each.entry.name for each in found} == {"k"}
    assert all(each.entry.modified and not each.deleted for each in found)
    for each in found:
        stated = bucket.place.stat(each.entry.path)
        assert (stated.size, stated.version) == (each.entry.size, each.entry.version)
        assert (stated.path, stated.name) == (each.entry.path, "k")
    assert isinstance(bucket.place, Versioned)
    assert _all(bucket, found[1].entry.path) == found, "the address of one leads to all"


def test_a_part_of_one_is_read_and_only_of_the_version_that_was_agreed_on(
    bucket: S3Bucket,
) -> None:
    bucket.store("k", b"first one", b"second")
    old = _all(bucket, bucket.path("k"))[1].entry
    with bucket.place.read(old.path, offset=6, length=3, version=old.version) as reader:
        assert b"".join(bytes(chunk) for chunk in reader.chunks()) == b"one"
    with bucket.place.read(old.path, offset=9, version=old.version) as reader:
        assert [*reader.chunks()] == []
    with pytest.raises(SourceChanged):
        bucket.content(old.path, version='"another"')


def test_a_deleted_file_is_found_in_its_folder_and_comes_back(bucket: S3Bucket) -> None:
    for key in ("d/gone", "d/kept", "d/below/gone", "dd"):
        bucket.store(key, b"content")
    for key in ("d/gone", "d/below/gone", "dd"):
        bucket.place.delete(bucket.path(key))
    (mark,) = _all(bucket, bucket.path("d"))
    assert (mark.deleted, mark.current) == (True, True)
    assert (mark.entry.name, mark.entry.kind, mark.entry.size) == ("gone", Kind.FILE, None)
    assert bucket.place.parent(mark.entry.path) == bucket.path("d")
    newest, before = _all(bucket, bucket.path("d/gone"))
    assert newest == mark and bucket.content(before.entry.path) == b"content"

    bucket.place.delete(mark.entry.path)
    assert bucket.content(bucket.path("d/gone")) == b"content"
    assert _all(bucket, bucket.path("d")) == []


def test_what_is_deleted_in_a_folder_that_is_gone_is_found_by_its_address(
    bucket: S3Bucket,
) -> None:
    bucket.store("d/gone", b"content")
    bucket.place.delete(bucket.path("d/gone"))
    with pytest.raises(NotFound):
        bucket.place.stat(bucket.path("d"))
    assert [each.entry.name for each in _all(bucket, bucket.path("d"))] == ["gone"]
    with pytest.raises(NotFound):
        _all(bucket, bucket.path("e"))


def test_a_mark_of_deletion_holds_nothing_to_read_and_says_so(bucket: S3Bucket) -> None:
    bucket.store("k", b"content")
    bucket.place.delete(bucket.path("k"))
    mark = _all(bucket, bucket.path("k"))[0].entry.path
    for looks in (bucket.content, bucket.place.stat):
        with pytest.raises(WrongKind, match="only says that the file was deleted"):
            looks(mark)


def test_one_is_removed_for_good_and_the_others_stay(bucket: S3Bucket) -> None:
    bucket.store("k", b"one", b"two", b"three")
    found = _all(bucket, bucket.path("k"))
    bucket.place.delete(found[1].entry.path)
    left = [each.entry.path for each in _all(bucket, bucket.path("k"))]
    assert left == [found[0].entry.path, found[2].entry.path]
    assert bucket.content(bucket.path("k")) == b"three"
    for gone in (bucket.place.delete, bucket.place.stat, bucket.content):
        with pytest.raises(NotFound):
            gone(found[1].entry.path)


def test_many_come_in_pages(bucket: S3Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    bucket.store("k", *(b"%d" % number for number in range(5)))
    bucket.store("k/below", b"x")
    send = bucket.place._session.send

    def few(*asked: str, query: dict[str, str] | None = None, **more: Any) -> object:
        most = {"max-keys": "2"} if query and "versions" in query else {}
        return send(*asked, query=(query or {}) | most, **more)

    monkeypatch.setattr(bucket.place._session, "send", few)
    pages = [*bucket.place.revisions(bucket.path("k"))]
    assert [len(page) for page in pages] == [2, 2, 1]
    read = [bucket.content(each.entry.path) for page in pages for each in page]
    assert read == [b"4", b"3", b"2", b"1", b"0"]


def test_a_folder_with_the_name_of_a_deleted_file_is_the_folder(bucket: S3Bucket) -> None:
    bucket.store("a", b"file")
    bucket.place.delete(bucket.path("a"))
    bucket.store("a/x", b"in the folder")
    assert _all(bucket, bucket.path("a")) == []
    (mark,) = _all(bucket, f"/{bucket.name}")
    assert [each.deleted for each in _all(bucket, mark.entry.path)] == [True, False]


def test_C14_so_it_does_where_the_service_calls_it_not_allowed(tmp_path: Path) -> None:
    """As Amazon answers."""
    said = {"x-amz-delete-marker": "true", "x-amz-version-id": "v", "Allow": "DELETE"}

    def says(ask: Ask) -> bytes:
        return answer(204) if ask.method == "DELETE" else answer(405, headers=said)

    mark = keys.revision("/b/k", "v")
    with service(says, tmp_path) as (place, server):
        for looks in (place.stat, lambda path: place.read(path).__enter__()):
            with pytest.raises(WrongKind, match="Deleting this one takes the deletion back"):
                looks(mark)
        place.delete(mark)
        assert [ask.target for ask in server.asked("DELETE")] == ["/b/k?versionId=v"]


# Services that keep none -------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["rclone", "juicefs"])
def test_a_service_without_versions_says_so_or_has_the_one_there_is(
    name: str, tmp_path: Path
) -> None:
    find, start = SERVICES[name]
    if find() is None:
        pytest.skip(f"{name} is not installed")
    with start(tmp_path / name) as server, bucket_of(name, server, tmp_path) as bucket:
        bucket.store("k", b"one", b"two")
        path = bucket.path("k")
        if name == "rclone":
            with pytest.raises(Unsupported, match="cannot do that"):
                _all(bucket, path)
            old = keys.revision(path, "of-another-service")
            for asks in (bucket.place.stat, bucket.content, bucket.place.delete):
                with pytest.raises(Unsupported):
                    asks(old)
        else:
            (only,) = _all(bucket, path)
            assert only.current and only.entry.path == keys.revision(path, "null")
            assert bucket.content(only.entry.path) == b"two"
        assert bucket.content(path) == b"two"


def test_a_bucket_that_never_had_versions_has_the_one_there_is(
    moto: WebServer, tmp_path: Path
) -> None:
    with bucket_of("moto", moto, tmp_path) as bucket:
        bucket.store("k", b"one", b"two")
        (only,) = _all(bucket, bucket.path("k"))
    assert (only.current, only.kept, only.entry.size) == (True, False, 3)
    assert only.entry.path == keys.revision(bucket.path("k"), "null")


def test_the_list_of_buckets_has_no_versions(bucket: S3Bucket) -> None:
    with pytest.raises(Unsupported, match="in a bucket"):
        _all(bucket, "/")


# Services that lie -------------------------------------------------------------------------------

HEAD = {"ETag": '"now"', "Content-Length": "3"}


def test_a_service_that_does_not_heed_which_version_is_meant_removes_and_sends_nothing(
    tmp_path: Path,
) -> None:
    def says(ask: Ask) -> bytes:
        return answer(200, b"" if ask.method == "HEAD" else b"now", HEAD)

    old = keys.revision("/b/k", "old")
    with service(says, tmp_path) as (place, server):
        for asks in (place.stat, place.delete, lambda path: place.read(path).__enter__()):
            with pytest.raises(Unsupported, match="about this version"):
                asks(old)
        assert server.asked("DELETE") == []
        assert {ask.target for ask in server.asks} == {"/b/k?versionId=old"}


def _version(key: str = "k", version: str = "v", kind: str = "Version") -> str:
    facts = f"<Key>{key}</Key><VersionId>{version}</VersionId><IsLatest>true</IsLatest>"
    return f"<{kind}>{facts}<Size>3</Size></{kind}>"


def _listing(*found: str) -> bytes:
    return answer(200, f"<ListVersionsResult>{''.join(found)}</ListVersionsResult>".encode())


def test_what_is_stored_while_versions_are_suspended_does_not_stay(tmp_path: Path) -> None:
    said = _listing(_version(version="null"), _version())
    with service(lambda ask: said if ask.method == "GET" else answer(200), tmp_path) as (place, _):
        assert [each.kept for page in place.revisions("/b/k") for each in page] == [False, True]


def test_an_id_that_is_made_to_be_more_than_one_stays_within_the_query(tmp_path: Path) -> None:
    hostile = "x/other/key?versionId=y&amp;delete=%0d%0a&#10;"
    raw = "x/other/key?versionId=y&delete=%0d%0a\n"

    def says(ask: Ask) -> bytes:
        if ask.method == "GET":
            return _listing(_version(version=hostile))
        return answer(200, headers=HEAD)

    with service(says, tmp_path) as (place, server):
        ((found,),) = [*place.revisions("/b/k")]
        assert place.parent(found.entry.path) == "/b"
        assert keys.exact(found.entry.path) == ("b", "k", {"versionId": raw})
        with pytest.raises(Unsupported):
            place.delete(found.entry.path)
        asked = server.asked("HEAD")[-1].target
    assert asked == "/b/k?versionId=x%2Fother%2Fkey%3FversionId%3Dy%26delete%3D%250d%250a%0A"


def test_keys_that_were_not_asked_for_are_left_out(tmp_path: Path) -> None:
    others = [_version("k2"), _version("other/k"), _version("d/k")]
    marks = [_version(key, kind="DeleteMarker") for key in ("d/", "d/x/y", "x", "d/m")]

    def says(ask: Ask) -> bytes:
        if ask.method == "HEAD":
            return answer(200, headers=HEAD) if ask.target == "/b/k" else answer(404)
        if "list-type" in ask.target:
            found = "<Contents><Key>d/now</Key></Contents>"
            return answer(200, f"<ListBucketResult>{found}</ListBucketResult>".encode())
        return _listing(*others, *marks, _version("k"))

    with service(says, tmp_path) as (place, _):
        ((of_file,),) = [*place.revisions("/b/k")]
        ((of_folder,),) = [*place.revisions("/b/d")]
    assert keys.file_of(of_file.entry.path) == "/b/k"
    assert keys.file_of(of_folder.entry.path) == "/b/d/m"


@pytest.mark.parametrize("turns", [False, True])
def test_C17_a_list_of_versions_has_an_end(
    turns: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "_MOST_PAGES", 5)
    pages = 0

    def says(ask: Ask) -> bytes:
        nonlocal pages
        if ask.method == "HEAD":
            return answer(200, headers=HEAD)
        pages += 1
        assert pages <= 5, "it is asked for again and again"
        marker = 1 if turns else pages
        more = "<IsTruncated>true</IsTruncated><NextKeyMarker>k</NextKeyMarker>"
        return _listing(_version(), more, f"<NextVersionIdMarker>{marker}</NextVersionIdMarker>")

    what = "repeats itself" if turns else "more than 5 pages"
    with service(says, tmp_path) as (place, _), pytest.raises(Unsupported, match=what):
        [*place.revisions("/b/k")]


@pytest.mark.parametrize(
    "body",
    [b"<ListBucketResult/>", b"<ListVersionsResult><Version>", b"no XML", b"<!DOCTYPE x><x/>"],
)
def test_another_answer_than_a_list_of_versions_is_a_sentence(body: bytes, tmp_path: Path) -> None:
    def says(ask: Ask) -> bytes:
        return answer(200, headers=HEAD) if ask.method == "HEAD" else answer(200, body)

    with (
        service(says, tmp_path) as (place, _),
        pytest.raises(Unsupported, match="listing its versions cannot be read"),
    ):
        [*place.revisions("/b/k")]
