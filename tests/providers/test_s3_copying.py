"""Copies that a service makes of its own objects: no byte of them comes through here."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from providers.errors import AlreadyExists, SourceChanged, TargetChanged, Unsupported
from providers.s3 import copying, look
from providers.s3.describing import MADE_BY
from providers.s3.provider import open_endpoint
from providers.s3.tokens import from_token
from tests.servers.bucket_case import KEY, SERVICES, BucketCase, bucket_case, service
from tests.servers.s3_servers import make_bucket
from tests.servers.web_process import WebServer

PART = 5 << 20
LARGE = random.Random(3).randbytes(2 * PART + 1000)
LONG_AGO = 1_000_000_000.25


@pytest.fixture(scope="module", params=SERVICES)
def running(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, WebServer]]:
    with service(request.param, tmp_path_factory.mktemp(request.param)) as server:
        if server is None:
            pytest.skip(f"{request.param} is not installed")
        yield request.param, server


@pytest.fixture
def bucket(
    running: tuple[str, WebServer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[BucketCase]:
    monkeypatch.setattr(copying, "_PART", PART)
    with bucket_case(*running, tmp_path) as case:
        yield case


def _need_parts(bucket: BucketCase) -> None:
    if bucket.service == "rclone":
        pytest.skip("it copies whole objects only")


def _need(bucket: BucketCase, data: bytes) -> None:
    if data == LARGE:
        _need_parts(bucket)


@pytest.mark.parametrize("data", [b"", b"content", LARGE], ids=["empty", "small", "in parts"])
def test_what_is_kept_with_an_object_is_kept_with_its_copy(bucket: BucketCase, data: bytes) -> None:
    _need(bucket, data)
    said = {"Content_Type": "text/x-own", "x_amz_meta_colour": "blue", MADE_BY: "another"}
    bucket.store("a", data, **said, **{look.MTIME: str(LONG_AGO)})
    upload = bucket.place.begin(
        bucket.at("b"), len(data), key=KEY, part_size=8 << 20, modified=LONG_AGO
    )
    receipts = bucket.place.copy_into(upload, bucket.at("a"), version=None)
    assert bucket.keys() == {"a"}, "it has no name before it is finished"
    made = bucket.place.finish(upload, receipts, replacing=None)
    told = bucket.headers("b")
    assert (made.size, made.modified, bucket.get("b")) == (len(data), LONG_AGO, data)
    if bucket.service != "rclone":  # keeps what its files can
        assert (told["Content-Type"], told["x-amz-meta-colour"]) == ("text/x-own", "blue")
    assert told[MADE_BY].startswith(KEY)
    assert bucket.unfinished() == 0


@pytest.mark.parametrize("data", [b"content", LARGE], ids=["small", "in parts"])
@pytest.mark.parametrize("key", ["a?b=c&d#e", "ünï/文 +%20.txt", "x//y", "/lead", "per%cent+plus"])
def test_any_key_is_copied_also_into_another_bucket(
    bucket: BucketCase, key: str, data: bytes
) -> None:
    _need(bucket, data)
    if bucket.service != "moto" and "//" in f"/{key}":
        pytest.skip("names of files, which have no such names")
    bucket.store(key, data)
    bucket.store("a", b"another")  # what a key cut at “?” would be
    other = make_bucket(bucket.endpoint, bucket.access)
    target = f"/{other}/to {key}"
    made = bucket.copy(bucket.at(key), target, len(data))
    with bucket.place.read(target) as reader:
        assert b"".join(bytes(chunk) for chunk in reader.chunks()) == data
    assert (made.path, made.size) == (target, len(data))


@pytest.mark.parametrize("data", [b"content", LARGE], ids=["small", "in parts"])
def test_nothing_is_copied_over_what_was_not_agreed_on(bucket: BucketCase, data: bytes) -> None:
    _need(bucket, data)
    bucket.store("a", data)
    bucket.copy(bucket.at("a"), bucket.at("seen to copy"), len(data))
    there = bucket.store("b", b"somebody else's")
    with pytest.raises(AlreadyExists):
        bucket.copy(bucket.at("a"), bucket.at("b"), len(data), replacing=None)
    with pytest.raises(TargetChanged):
        bucket.copy(bucket.at("a"), bucket.at("b"), len(data), replacing='"older"')
    assert bucket.get("b") == b"somebody else's"
    bucket.copy(bucket.at("a"), bucket.at("b"), len(data), replacing=there.version)
    assert bucket.get("b") == data


def test_a_source_that_changes_before_it_is_named_is_no_copy_of_what_was_asked_for(
    bucket: BucketCase,
) -> None:
    source = bucket.store("a", b"content")
    upload = bucket.place.begin(bucket.at("b"), 7, key=KEY, part_size=8 << 20)
    receipts = bucket.place.copy_into(upload, source.path, version=source.version)
    bucket.store("a", b"changed")
    with pytest.raises(SourceChanged):
        bucket.place.finish(upload, receipts, replacing=None)


def test_a_source_that_changes_between_two_parts_leaves_nothing(
    bucket: BucketCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    _need_parts(bucket)
    source = bucket.store("a", LARGE)
    part, changed = copying._part, []

    def after_a_change(*about: object) -> object:
        if not changed:
            changed.append(bucket.store("a", LARGE[::-1]))
        return part(*about)  # type: ignore[arg-type]

    monkeypatch.setattr(copying, "_part", after_a_change)
    monkeypatch.setattr(copying, "_AT_ONCE", 1)
    upload = bucket.place.begin(bucket.at("b"), len(LARGE), key=KEY, part_size=8 << 20)
    with pytest.raises(SourceChanged):
        bucket.place.copy_into(upload, source.path, version=source.version)
    bucket.place.abort(upload)
    assert (bucket.unfinished(), bucket.keys()) == (0, {"a"})


def test_a_copy_that_nobody_wants_any_more_leaves_nothing(bucket: BucketCase) -> None:
    _need_parts(bucket)
    source = bucket.store("a", LARGE)
    upload = bucket.place.begin(bucket.at("b"), len(LARGE), key=KEY, part_size=8 << 20)
    assert len(bucket.place.copy_into(upload, source.path, version=source.version)) == 3
    bucket.place.abort(upload)
    assert (bucket.unfinished(), bucket.keys()) == (0, {"a"})


@pytest.mark.parametrize("way", ["begin", "abandon", "abort"])
def test_A7_the_parts_of_a_copy_are_found_again_after_a_crash(
    bucket: BucketCase, way: str, tmp_path: Path
) -> None:
    _need_parts(bucket)
    source = bucket.store("a", LARGE)
    upload = bucket.place.begin(bucket.at("b"), len(LARGE), key=KEY, part_size=8 << 20)
    receipts = bucket.place.copy_into(upload, source.path, version=source.version)
    held = bucket.place._uploads._held.copy_of(from_token(upload).mark)
    assert held is not None and [part.number for part in held.parts] == [1, 2, 3]
    assert bucket.place.parts(upload) == dict(enumerate(receipts))
    with closing(open_endpoint(bucket.endpoint, bucket.access)) as again:
        if way == "begin":
            upload = again.begin(bucket.at("b"), len(LARGE), key=KEY, part_size=8 << 20)
            assert again.parts(upload) == {}
        if way == "abandon":
            again.abandon(bucket.at("b"), key=KEY)
        else:
            again.abort(upload)
    if bucket.service == "moto":  # the other lists no unfinished uploads
        assert bucket.unfinished() == 0


@pytest.mark.parametrize("data", [b"content", LARGE], ids=["small", "in parts"])
def test_bytes_that_are_sent_after_all_are_what_gets_the_name(
    bucket: BucketCase, data: bytes
) -> None:
    _need(bucket, data)
    source = bucket.store("a", data)
    upload = bucket.place.begin(bucket.at("b"), len(data), key=KEY, part_size=8 << 20)
    bucket.place.copy_into(upload, source.path, version=source.version)
    receipt = bucket.place.put_part(upload, 0, 0, [data[::-1]])
    bucket.place.finish(upload, [receipt], replacing=None)
    assert (bucket.get("b"), bucket.unfinished()) == (data[::-1], 0)


def test_the_bytes_go_where_a_service_copies_no_parts(bucket: BucketCase) -> None:
    if bucket.service != "rclone":
        pytest.skip("it copies parts")
    source = bucket.store("a", LARGE)
    upload = bucket.place.begin(bucket.at("b"), len(LARGE), key=KEY, part_size=8 << 20)
    for _ in range(2):
        with pytest.raises(Unsupported):
            bucket.place.copy_into(upload, source.path, version=source.version)
    receipts = [bucket.place.put_part(upload, 0, 0, [LARGE])]
    assert bucket.place.finish(upload, receipts, replacing=None).size == len(LARGE)


def test_a_folder_is_not_copied(bucket: BucketCase) -> None:
    upload = bucket.place.begin(bucket.at("b"), 4, key=KEY, part_size=8 << 20)
    with pytest.raises(Exception, match="is a folder") as caught:
        bucket.place.copy_into(upload, bucket.at("x//"), version=None)
    assert not isinstance(caught.value, Unsupported)
