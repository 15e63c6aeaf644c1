"""Addresses in buckets: keys are exact, and nothing is taken out of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from providers import location
from providers.base import Place
from providers.errors import InvalidName
from providers.s3 import keys
from providers.s3.options import Options, options_of
from providers.s3.place import Where
from providers.sites import Site, Sites

PREFIXES = ["", "a/", "a//", "/", "//", "a/../", "../", "./", "a /", "ü/b/", "a///b/"]


@pytest.mark.parametrize("prefix", PREFIXES)
def test_a_folder_has_one_address_and_leads_back_to_its_keys(prefix: str) -> None:
    path = keys.folder("b", prefix)
    assert keys.prefix_of(path) == ("b", prefix)
    assert keys.resolve(path) == path


@pytest.mark.parametrize("key", ["a", "a/b", "a//b", "/a", "//a", "../a", "a/./b", " a ", "a%2Fb"])
def test_a_key_is_its_address_and_its_parent_holds_it(key: str) -> None:
    path = f"/b/{key}"
    assert keys.split(path) == ("b", key)
    assert keys.resolve(path) == path
    bucket, prefix = keys.prefix_of(keys.parent(path))
    assert bucket == "b" and prefix + keys.name(path) == key


def test_parents_lead_to_the_root() -> None:
    path = "/b//x/../y"
    way = []
    while path != "/":
        way.append(path)
        path = keys.parent(path)
    assert way == ["/b//x/../y", "/b//x/..", "/b//x", "/b//", "/b"]
    assert keys.parent("/") == "/" and keys.name("/") == ""


def test_a_key_may_have_1024_bytes_and_no_more() -> None:
    assert keys.join("/b/ü", "n" * 1021) == f"/b/ü/{'n' * 1021}"
    with pytest.raises(InvalidName, match="longer than 1,024 bytes"):
        keys.join("/b/ü", "n" * 1022)


def test_what_is_no_text_is_no_key() -> None:
    with pytest.raises(InvalidName, match="UTF-8"):
        keys.join("/b", "latin \udce9")


@pytest.mark.parametrize(
    ("options", "bucket", "expected"),
    [
        (Options(), "b-1", "https://b-1.s3.eu-central-1.amazonaws.com/k%20/%2B"),
        (Options(), "a.b", "https://s3.eu-central-1.amazonaws.com/a.b/k%20/%2B"),
        (Options(endpoint_url="http://h:9", path_style=True), "b-1", "http://h:9/b-1/k%20/%2B"),
        (Options(endpoint_url="http://h:9/at"), "b-1", "http://b-1.h:9/at/k%20/%2B"),
    ],
)
def test_where_an_object_is_asked_for(options: Options, bucket: str, expected: str) -> None:
    url = Where.of(options, bucket, "eu-central-1").url("k /+", "")
    assert f"{url.origin}{url.target}" == expected


def test_a_typed_address_is_one_of_amazon_and_shown_as_it_was_typed() -> None:
    place = location.parse("s3://b/a//b?c#d")
    assert place == Place("s3:", "/b/a//b?c#d")
    assert location.show(place) == "s3://b/a//b?c#d"


def test_the_settings_make_a_site_that_typed_addresses_use(tmp_path: Path) -> None:
    settings = {"AWS_ACCESS_KEY_ID": "AK", "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    sites = Sites(None, settings)
    place = location.parse("s3://b/k", sites)
    assert place == Place("s3:http://127.0.0.1:9#env-s3", "/b/k")
    assert sites.options(place.endpoint)["access_key_id"] == "AK"
    assert location.show(place) == "env-s3:/b/k"
    assert Sites(None, {"AWS_REGION": "eu-central-1"}).all() == ()


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"preset": "minio"}, "endpoint_url"),
        ({"preset": "b2"}, "region"),
        ({"endpoint_url": "ftp://h"}, "endpoint_url"),
        ({"endpoint_url": "http://key:secret@h"}, "endpoint_url"),
        ({"endpoint_url": "http://h:port"}, "endpoint_url"),
        ({"region": "../x"}, "region"),
        ({"path_style": "perhaps"}, "path_style"),
    ],
)
def test_what_a_site_cannot_say_is_named(values: dict[str, str], field: str) -> None:
    with pytest.raises(InvalidName) as caught:
        options_of(values)
    assert caught.value.path == field
    assert "secret" not in str(caught.value)


def test_presets_know_what_their_service_needs() -> None:
    wasabi = options_of({"preset": "wasabi", "region": "eu-central-1"})
    assert wasabi.endpoint_url == "https://s3.eu-central-1.wasabisys.com" and not wasabi.sums
    r2 = options_of({"preset": "r2", "endpoint_url": "https://x.r2.cloudflarestorage.com/"})
    assert (r2.region, r2.path_style) == ("auto", True)
    assert options_of({}).sums and options_of({}).endpoint_url == ""


def test_what_was_meant_for_one_service_never_goes_to_another(tmp_path: Path) -> None:
    sites = Sites(tmp_path / "sites.toml")
    site = sites.add(Site("work", "s3", {"endpoint_url": "https://one.example", "bucket": "b/in"}))
    place = sites.place(site)
    assert place == Place("s3:https://one.example#work", "/b/in")
    sites.add(Site("work", "s3", {"endpoint_url": "https://two.example"}))
    with pytest.raises(Exception, match="has another address now"):
        sites.options(place.endpoint)
