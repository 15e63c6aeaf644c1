"""Uploads in parts that somebody began: found, and taken back."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from providers.errors import InvalidName, NotFound, Unsupported
from providers.extras import Clearing, Unfinished
from providers.s3 import lists
from tests.faults.test_C12_C14_s3_lies import error, service
from tests.servers.s3_bucket import SERVICES, S3Bucket, bucket_of
from tests.servers.scripted_http import Ask, answer
from tests.servers.web_process import WebServer


@pytest.fixture(scope="module", params=SERVICES)
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, WebServer]]:
    find, start = SERVICES[request.param]
    if find() is None:
        pytest.skip(f"{request.param} is not installed")
    with start(tmp_path_factory.mktemp(request.param)) as running:
        yield request.param, running


@pytest.fixture
def bucket(server: tuple[str, WebServer], tmp_path: Path) -> Iterator[S3Bucket]:
    with bucket_of(*server, tmp_path) as made:
        yield made


def _begin(bucket: S3Bucket, key: str, *parts: bytes) -> str:
    told = bucket.ask("POST", key, b"", query={"uploads": ""})
    found = re.search(rb"<UploadId>(.+?)</UploadId>", told)
    assert found is not None
    upload = found[1].decode()
    for number, part in enumerate(parts, 1):
        bucket.ask("PUT", key, part, query={"partNumber": str(number), "uploadId": upload})
    return upload


def _all(bucket: S3Bucket, path: str) -> list[Unfinished]:
    return [each for page in bucket.place.unfinished(path) for each in page]


@pytest.mark.parametrize("server", ["moto", "juicefs"], indirect=True)
def test_those_at_and_below_are_found_with_what_they_hold(bucket: S3Bucket) -> None:
    """Not on rclone, which may hang on several uploads that did not begin in the order of keys."""
    sizes = {"d/a": 7, "d/e/b +%": 3, "d2": 4, "d": 1}
    for key, size in sizes.items():
        _begin(bucket, key, b"x" * size)
    found = {each.path: each for each in _all(bucket, f"/{bucket.name}")}
    assert {path: each.size for path, each in found.items()} == {
        bucket.path(key): size for key, size in sizes.items()
    }
    assert all(each.began and each.began < time.time() + 60 for each in found.values())
    below = {each.path for each in _all(bucket, bucket.path("d"))}
    assert below == {bucket.path(key) for key in ("d/a", "d/e/b +%", "d")}
    assert _all(bucket, bucket.path("e")) == []
    assert isinstance(bucket.place, Clearing)


def test_one_is_taken_back_and_the_others_and_the_file_stay(bucket: S3Bucket) -> None:
    bucket.store("k", b"the file")
    ids = {_begin(bucket, "k", b"one"), _begin(bucket, "k", b"two", b"more")}
    found = _all(bucket, bucket.path("k"))
    assert {each.id for each in found} == ids
    for _ in range(2):
        bucket.place.take_back(found[0])
    assert _all(bucket, bucket.path("k")) == [found[1]]
    assert bucket.content(bucket.path("k")) == b"the file"


def test_our_own_is_among_them(bucket: S3Bucket) -> None:
    upload = bucket.place.begin(bucket.path("k"), None, key="0badcafe", part_size=5 << 20)
    assert [each.path for each in _all(bucket, f"/{bucket.name}")] == [bucket.path("k")]
    bucket.place.abort(upload)
    assert _all(bucket, f"/{bucket.name}") == []


def test_a_bucket_has_to_be_chosen_and_to_be_there(bucket: S3Bucket) -> None:
    with pytest.raises(Unsupported, match="one bucket at a time"):
        _all(bucket, "/")
    with pytest.raises(NotFound):
        _all(bucket, "/no-such-bucket-here")


# Services that lie -------------------------------------------------------------------------------


def _uploads(*found: tuple[str, str], more: str = "") -> bytes:
    told = "".join(
        f"<Upload><Key>{key}</Key><UploadId>{upload}</UploadId><Initiated>not a time</Initiated>"
        "</Upload>"
        for key, upload in found
    )
    page = f"<ListMultipartUploadsResult>{told}{more}</ListMultipartUploadsResult>"
    return answer(200, page.encode())


def _parts(*sizes: str) -> bytes:
    told = "".join(
        f"<Part><PartNumber>{number}</PartNumber><ETag>x</ETag><Size>{size}</Size></Part>"
        for number, size in enumerate(sizes, 1)
    )
    return answer(200, f"<ListPartsResult>{told}</ListPartsResult>".encode())


def test_an_upload_without_a_name_is_none_and_removes_nothing(tmp_path: Path) -> None:
    """`DELETE /b/k?uploadId=` would remove the object where nobody looks at the query."""

    def says(ask: Ask) -> bytes:
        return _uploads(("k", ""), ("other", "u")) if "uploads=" in ask.target else _parts("1")

    with service(says, tmp_path) as (place, server):
        assert [*place.unfinished("/b/k")] == []
        with pytest.raises(InvalidName):
            place.take_back(Unfinished("/b/k", "", None, None))
        assert server.asked("DELETE") == []


def test_a_hostile_name_stays_within_the_query(tmp_path: Path) -> None:
    def says(ask: Ask) -> bytes:
        if ask.method == "DELETE":
            return answer(204)
        return _uploads(("k", "a/b?x=y&amp;z#")) if "uploads=" in ask.target else _parts("1")

    with service(says, tmp_path) as (place, server):
        ((found,),) = [*place.unfinished("/b/k")]
        assert (found.id, found.began, found.size) == ("a/b?x=y&z#", None, 1)
        place.take_back(found)
        assert server.asked("DELETE")[0].target == "/b/k?uploadId=a%2Fb%3Fx%3Dy%26z%23"


@pytest.mark.parametrize(
    "parts",
    [
        _parts(*["1"] * 1001),
        _parts("1", "-5"),
        _parts("1", ""),
        error(403, "AccessDenied"),
        error(501, "NotImplemented"),
    ],
)
def test_what_is_not_told_or_too_much_to_ask_for_is_not_known(parts: bytes, tmp_path: Path) -> None:
    def says(ask: Ask) -> bytes:
        return _uploads(("k", "u")) if "uploads=" in ask.target else parts

    with service(says, tmp_path) as (place, _):
        ((found,),) = [*place.unfinished("/b")]
    assert found.size is None


def test_who_may_not_see_parts_asks_once(tmp_path: Path) -> None:
    def says(ask: Ask) -> bytes:
        if "uploads=" in ask.target:
            return _uploads(*((f"k{number}", "u") for number in range(45)))
        return error(403, "AccessDenied")

    with service(says, tmp_path) as (place, server):
        pages = [len(page) for page in place.unfinished("/b")]
        asked = [ask.target for ask in server.asks if "uploadId=" in ask.target]
    assert pages == [20, 20, 5] and len(asked) == 1


def test_one_that_is_gone_meanwhile_is_left_out(tmp_path: Path) -> None:
    def says(ask: Ask) -> bytes:
        if "uploads=" in ask.target:
            return _uploads(("a", "gone"), ("b", "here"))
        return error(404, "NoSuchUpload") if "gone" in ask.target else _parts("2", "3")

    with service(says, tmp_path) as (place, _):
        ((found,),) = [*place.unfinished("/b")]
    assert (found.path, found.size) == ("/b/b", 5)


@pytest.mark.parametrize("turns", [False, True])
def test_C17_a_list_of_uploads_has_an_end(
    turns: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "_MOST_PAGES", 5)
    pages = 0

    def says(ask: Ask) -> bytes:
        nonlocal pages
        pages += 1
        assert pages <= 5, "it is asked for again and again"
        marker = 1 if turns else pages
        more = f"<IsTruncated>true</IsTruncated><NextKeyMarker>{marker}</NextKeyMarker>"
        return _uploads(more=more)

    what = "repeats itself" if turns else "more than 5 pages"
    with service(says, tmp_path) as (place, _), pytest.raises(Unsupported, match=what):
        [*place.unfinished("/b")]
