"""Locations as a person types them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from providers.base import Place
from providers.errors import InvalidName
from providers.location import LOCAL, parse, show
from providers.sites import BadSites, Site, Sites


@pytest.mark.parametrize(
    ("text", "endpoint", "path"),
    [
        ("sftp://host", "sftp://host:22", ""),
        ("sftp://host/", "sftp://host:22", "/"),
        ("sftp://ann@host:2222/a b/%41", "sftp://ann@host:2222", "/a b/%41"),
        ("SFTP://Host/~/x", "sftp://host:22", "/~/x"),
        ("sftp://ann@[::1]:22/x", "sftp://ann@[::1]:22", "/x"),
        ("memory://tree/a", "memory://tree", "/a"),
        ("file:///etc", LOCAL, "/etc"),
        ("", LOCAL, ""),
    ],
)
def test_location_is_an_endpoint_and_a_path(text: str, endpoint: str, path: str) -> None:
    assert parse(text) == Place(endpoint, path)


def test_anything_else_is_a_local_path(isolated_home: Path) -> None:
    assert parse("some/file") == Place(LOCAL, os.path.abspath("some/file"))
    assert parse("~/x") == Place(LOCAL, str(isolated_home / "x"))


@pytest.mark.parametrize(
    "text",
    [
        "sftp://",
        "sftp:///path",
        "sftp://-oProxyCommand=evil/x",
        "sftp://ho st/x",
        "sftp://$(id)/x",
        "sftp://-ann@host/x",
        "sftp://a;b@host/x",
        "sftp://host:port/x",
        "sftp://host:99999/x",
        "sftp://ho\x1bst/x",
    ],
)
def test_address_that_no_host_can_have_is_refused(text: str) -> None:
    with pytest.raises(InvalidName) as caught:
        parse(text)
    assert str(caught.value).isprintable()


def test_password_in_an_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(InvalidName) as caught:
        parse("sftp://ann:hunter2@host/x")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("scheme", ["https", "davs", "sftp"])
@pytest.mark.parametrize(
    "address",
    [
        "ann:can/ary@host/x",
        "ann:can?ary@host/x",
        "ann:can#ary@host/x",
        "ann:c@n/ary@host/x",
        "ann:99999/ary@host/x",
        "ann:can[ary/x@host",
        "[ann:can]ary/x@host",
        "bob@ann:can/ary@host",
    ],
)
def test_no_part_of_a_password_is_repeated(scheme: str, address: str) -> None:
    with pytest.raises(InvalidName) as caught:
        parse(f"{scheme}://{address}")
    for part in ("can", "ary", "c@n", "@n", "99999"):
        assert part not in str(caught.value)
    before = caught.value.__context__
    assert before is None or caught.value.__suppress_context__  # nor by a traceback


@pytest.mark.parametrize(
    ("text", "shown"),
    [("sftp://[::1]:port/x", "sftp://[::1]"), ("https://ann@host:port/x", "https://ann@host")],
)
def test_address_whose_port_is_none_is_shown_without_it(text: str, shown: str) -> None:
    with pytest.raises(InvalidName, match="port number may follow") as caught:
        parse(text)
    assert caught.value.path == shown


@pytest.mark.parametrize("text", ["sftp://ann@host:22/x y", "/etc/x", "memory://t/a"])
def test_shown_location_is_parsed_to_the_same(text: str) -> None:
    assert show(parse(text)) == text


@pytest.mark.parametrize(
    ("text", "endpoint", "path"),
    [
        ("https://Host", "https://host", ""),
        ("https://host:443/", "https://host", "/"),
        ("http://host:80/a%20b/%41", "http://host", "/a%20b/%41"),
        ("https://host:8443/x", "https://host:8443", "/x"),
        ("davs://ann@host/x", "davs://ann@host", "/x"),
        ("dav://host:8080", "dav://host:8080", ""),
        ("https://host/x#part", "https://host", "/x"),
        ("https://host#part", "https://host", ""),
        ("https://host/x?a=1/2#part", "https://host", "/x?a=1/2"),
        ("https://host?a=1", "https://host", "/?a=1"),
        ("https://ann@corp@[::1]/", "https://ann@corp@[::1]", "/"),
    ],
)
def test_a_web_address_has_no_usual_port_and_no_fragment(
    text: str, endpoint: str, path: str
) -> None:
    assert parse(text) == Place(endpoint, path)


def test_a_hash_belongs_to_a_path_that_is_no_web_address() -> None:
    assert parse("sftp://host/a#b?c") == Place("sftp://host:22", "/a#b?c")


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/f?sig=canary", "https://host/f?…"),
        ("/f?~1a2b3c4d", "https://host/f?~1a2b3c4d"),
        ("/f?~1a2b3c4dx", "https://host/f?…"),
        ("/f", "https://host/f"),
    ],
)
def test_the_query_of_a_web_address_is_not_shown(path: str, shown: str) -> None:
    assert show(Place("https://host", path)) == shown


@pytest.mark.parametrize(
    "text", ["https://a/b@c:d@e", "https://a\\b/x", "https://a\tb/x", "davs://"]
)
def test_web_address_that_no_host_can_have_is_refused(text: str) -> None:
    if text.startswith("https://a/"):
        assert parse(text).endpoint == "https://a"
        return
    with pytest.raises(InvalidName):
        parse(text)


# Sites ----------------------------------------------------------------------------------------


@pytest.fixture
def sites(tmp_path: Path) -> Sites:
    found = Sites(tmp_path / "sites.toml")
    found.add(Site("work", "sftp", {"host": "h", "path": "/srv"}))
    found.add(Site("home", "sftp", {"host": "h"}))
    found.add(Site("web", "http", {"url": "https://h/pub", "auth": "basic"}))
    return found


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("work:", Place("sftp://h:22", "/srv")),
        ("work:/x y", Place("sftp://h:22", "/x y")),
        ("work:x/y", Place("sftp://h:22", "/srv/x/y")),
        ("home:", Place("sftp://h:22", "/~")),
        ("home:x", Place("sftp://h:22", "/~/x")),
        ("web:", Place("https://h#web", "/pub")),
        ("web:a/b", Place("https://h#web", "/pub/a/b")),
        ("web:/", Place("https://h#web", "/")),
    ],
)
def test_a_site_and_a_path_are_a_place(sites: Sites, text: str, place: Place) -> None:
    assert parse(text, sites) == place


def test_only_the_names_of_sites_count(
    sites: Sites, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for text in ("a:b", "nowhere:/x", "C:\\x", "c:/x", "Work:/x", "./work:x", "work"):
        assert parse(text, sites) == Place(LOCAL, os.path.abspath(text))
    assert parse("work:x") == Place(LOCAL, os.path.abspath("work:x"))


def test_a_place_of_a_site_is_shown_by_its_name_and_found_again(sites: Sites) -> None:
    place = Place("https://h#web", "/pub/a%20b")
    assert show(place) == "web:/pub/a%20b"
    assert parse(show(place), sites) == place


def test_a_site_that_is_damaged_is_not_taken_for_a_file(sites: Sites) -> None:
    assert sites.path is not None
    sites.path.write_text('[work]\nkind = "sftp"\n')
    with pytest.raises(BadSites, match="Host is missing"):
        parse("work:/x", sites)
    assert parse("other:/x", sites).endpoint == LOCAL
