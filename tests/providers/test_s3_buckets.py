"""Buckets are made and removed, one that is not empty never."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pytest

from providers.errors import AlreadyExists, Denied, InvalidName, NotEmpty, ProviderError
from providers.s3.buckets import broken_rule
from providers.s3.provider import open_endpoint
from tests.servers.bucket_case import SERVICES, BucketCase, bucket_case, service
from tests.servers.s3_servers import access_to
from tests.servers.scripted_http import Ask, ScriptedHttp, Wire, answer
from tests.servers.web_process import WebServer


@pytest.fixture(scope="module", params=SERVICES)
def running(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, WebServer]]:
    with service(request.param, tmp_path_factory.mktemp(request.param)) as server:
        if server is None:
            pytest.skip(f"{request.param} is not installed")
        yield request.param, server


@pytest.fixture
def bucket(running: tuple[str, WebServer], tmp_path: Path) -> Iterator[BucketCase]:
    with bucket_case(*running, tmp_path) as case:
        yield case


def _names(bucket: BucketCase) -> list[str]:
    return [entry.name for page in bucket.place.list_dir("/") for entry in page]


def test_a_bucket_is_made_once_and_removed_when_it_is_empty(bucket: BucketCase) -> None:
    name = f"made-{uuid4().hex}"
    bucket.place.make_dir(f"/{name}")
    assert name in _names(bucket)
    with pytest.raises(AlreadyExists):
        bucket.place.make_dir(f"/{name}")
    bucket.place.delete(f"/{name}")
    assert name not in _names(bucket)


@pytest.mark.parametrize("key", ["file", "folder/"])
def test_a_bucket_that_is_not_empty_stays(bucket: BucketCase, key: str) -> None:
    if bucket.service == "rclone" and key.endswith("/"):
        pytest.skip("it makes a file of that")
    bucket.store(key, b"")
    with pytest.raises(NotEmpty):
        bucket.place.delete(f"/{bucket.name}")
    (outcome,) = bucket.place.remove_tree(f"/{bucket.name}")
    assert isinstance(outcome, NotEmpty) and "delete what is in it first" in str(outcome)
    assert bucket.name in _names(bucket)


def test_a_tree_that_is_an_empty_bucket_is_removed(bucket: BucketCase) -> None:
    assert [*bucket.place.remove_tree(f"/{bucket.name}")] == [None]
    assert bucket.name not in _names(bucket)


def test_the_list_of_buckets_is_neither_made_nor_removed(bucket: BucketCase) -> None:
    with pytest.raises(AlreadyExists):
        bucket.place.make_dir("/")
    (outcome,) = bucket.place.remove_tree("/")
    assert isinstance(outcome, ProviderError)
    assert bucket.name in _names(bucket)


@pytest.mark.parametrize("name", ["abc", "a.b-c9", "0" * 63])
def test_names_that_a_bucket_may_have(name: str) -> None:
    assert broken_rule(name, amazon=True) == ""


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("ab", "3 to 63"),
        ("a" * 64, "3 to 63"),
        ("Photos", "small letters"),
        ("my_bucket", "small letters"),
        ("bücher", "small letters"),
        ("-abc", "begins and ends"),
        ("abc.", "begins and ends"),
        ("a..b", "two dots"),
        ("192.168.5.4", "IP address"),
    ],
)
@pytest.mark.parametrize("amazon", [True, False])
def test_the_rule_that_a_name_breaks_is_named(name: str, told: str, amazon: bool) -> None:
    assert told in broken_rule(name, amazon=amazon)


@pytest.mark.parametrize("name", ["xn--abc", "sthree-abc", "abc-s3alias", "abc.mrap", "abc--x-s3"])
def test_names_that_amazon_keeps_for_itself(name: str) -> None:
    assert "Amazon" in broken_rule(name, amazon=True)
    assert broken_rule(name, amazon=False) == ""


def test_a_wrong_name_is_never_sent(tmp_path: Path) -> None:
    with (
        ScriptedHttp(lambda ask, wire: wire.say(answer(500))) as server,
        closing(open_endpoint(*access_to(server, tmp_path))) as place,
    ):
        with pytest.raises(InvalidName, match=re.escape("small letters, digits")):
            place.make_dir("/My Photos")
        assert server.asks == []


@pytest.mark.parametrize("region", ["", "us-east-1", "eu-central-1"])
def test_amazon_is_told_the_region_where_it_is_not_the_usual_one(
    region: str, tmp_path: Path
) -> None:
    def script(ask: Ask, wire: Wire) -> None:
        wire.say(answer(404 if ask.method != "PUT" else 200))

    with (
        ScriptedHttp(script) as server,
        closing(open_endpoint(*access_to(server, tmp_path, region=region))) as place,
    ):
        place._session.certain = True
        place.make_dir("/abc")
        (made,) = server.asked("PUT")
    there = b"<LocationConstraint>eu-central-1</LocationConstraint>"
    assert (there in made.body) == (region == "eu-central-1")
    assert made.body == b"" or region == "eu-central-1"


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("BucketAlreadyExists", AlreadyExists),
        ("TooManyBuckets", Denied),
        ("InvalidBucketName", InvalidName),
        ("IllegalLocationConstraintException", Denied),
    ],
)
def test_why_none_is_made_is_told(code: str, kind: type[ProviderError], tmp_path: Path) -> None:
    def script(ask: Ask, wire: Wire) -> None:
        refused = answer(409, f"<Error><Code>{code}</Code></Error>".encode())
        wire.say(refused if ask.method == "PUT" else answer(404))

    with (
        ScriptedHttp(script) as server,
        closing(open_endpoint(*access_to(server, tmp_path))) as place,
        pytest.raises(kind),
    ):
        place.make_dir("/abc")


def test_a_bucket_with_older_versions_is_not_empty(tmp_path: Path) -> None:
    def script(ask: Ask, wire: Wire) -> None:
        refused = answer(409, b"<Error><Code>BucketNotEmpty</Code></Error>")
        wire.say(refused if ask.method == "DELETE" else answer(200, b"<ListBucketResult/>"))

    with (
        ScriptedHttp(script) as server,
        closing(open_endpoint(*access_to(server, tmp_path))) as place,
        pytest.raises(NotEmpty, match="older versions"),
    ):
        place.delete("/abc")
