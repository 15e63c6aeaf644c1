"""Saved web sites: what they may say, the place they are, and those of the environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from providers.access import Access
from providers.base import Place
from providers.errors import InvalidName, Unsupported
from providers.http.options import Options, options_of
from providers.http.site import KINDS
from providers.registry import open_provider
from providers.sites import Site, Sites

HTTP, WEBDAV = KINDS


def site(kind: str = "http", name: str = "work", **values: str) -> Site:
    return Site(name, kind, values)


@pytest.mark.parametrize(
    ("values", "place"),
    [
        ({"url": "https://Host.example"}, Place("https://host.example", "/")),
        ({"url": "https://host:443/a b/%7ec/"}, Place("https://host", "/a%20b/~c")),
        ({"url": "http://ann@host:8080/x"}, Place("http://ann@host:8080", "/x")),
        ({"url": "http://host", "user": "ann"}, Place("http://ann@host", "/")),
        ({"url": "http://bob@host", "user": "ann"}, Place("http://ann@host", "/")),
        ({"url": "https://host", "proxy": "none"}, Place("https://host#work", "/")),
        ({"url": "https://host/#part"}, Place("https://host", "/")),
    ],
)
def test_site_is_the_place_of_its_address(values: dict[str, str], place: Place) -> None:
    assert HTTP.place(site(**values)) == place


@pytest.mark.parametrize(
    ("url", "endpoint"),
    [
        ("https://host/dav/", "davs://host"),
        ("http://host:81/dav", "dav://host:81"),
        ("davs://ann@host/dav", "davs://ann@host"),
    ],
)
def test_webdav_site_has_an_endpoint_of_its_own(url: str, endpoint: str) -> None:
    assert WEBDAV.place(site("webdav", url=url)) == Place(endpoint, "/dav")


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({}, "url"),
        ({"url": "host"}, "url"),
        ({"url": "ftp://host"}, "url"),
        ({"url": "https://host/file?sig=secret"}, "url"),
        ({"url": "https://ann:secret@host"}, "url"),
        ({"url": "https://ann:secret/x@host"}, "url"),
        ({"url": "https://ho st"}, "url"),
        ({"url": "https://host", "auth": "ntlm"}, "auth"),
        ({"url": "https://host", "headers": "no colon"}, "headers"),
        ({"url": "https://host", "headers": "Range: bytes=0-1"}, "headers"),
        ({"url": "https://host", "headers": "X: a\x1b"}, "headers"),
        ({"url": "https://host", "proxy": "socks5://host:1"}, "proxy"),
        ({"url": "https://host", "proxy": "http://ann:secret@host:1"}, "proxy"),
        ({"url": "https://host", "proxy": "http://ann:secret/x@host:1"}, "proxy"),
        ({"url": "https://host", "netrc": "maybe"}, "netrc"),
        ({"url": "https://host", "upload": "ftp"}, "upload"),
        ({"url": "https://host", "form_extra": "nothing"}, "form_extra"),
        ({"url": "https://host", "form_field": 'a"b'}, "form_field"),
    ],
)
def test_what_cannot_be_used_is_refused_by_its_name(values: dict[str, str], field: str) -> None:
    with pytest.raises(InvalidName) as refused:
        HTTP.place(site(**values))
    assert refused.value.path == field
    assert "secret" not in str(refused.value).replace("may be a secret", "")


def test_options_are_read_from_a_site() -> None:
    values = {
        "auth": "Digest",
        "headers": "X-Team: blue; X-Client: wharfie\nX-More: a: b",
        "client_cert": "~/own.pem",
        "proxy": "http://host:3128",
        "netrc": "yes",
        "upload": "post",
        "form_extra": "folder=inbox; public=no",
    }
    assert options_of(values) == Options(
        auth="digest",
        headers=(("X-Team", "blue"), ("X-Client", "wharfie"), ("X-More", "a: b")),
        client_cert=Path("~/own.pem").expanduser(),
        proxy="http://host:3128",
        netrc=True,
        upload="post",
        form_extra=(("folder", "inbox"), ("public", "no")),
    )
    assert options_of({}) == Options()


@pytest.mark.parametrize(
    ("url", "kind"),
    [("https://host/a", "http"), ("http://host/a?sig=1", "http"), ("davs://host/a", "webdav")],
)
def test_address_in_the_environment_is_a_site(url: str, kind: str) -> None:
    (found,) = [each for offered in KINDS for each in offered.from_environment({"FILE_URL": url})]
    assert (found.kind, found.name, found.origin) == (kind, "env-url", "environment")
    of_its_kind = HTTP if kind == "http" else WEBDAV
    assert of_its_kind.place(found).path == url.partition("//host")[2]


def test_other_addresses_in_the_environment_are_no_web_sites() -> None:
    for url in ("", "sftp://host", "/local"):
        assert [
            each for offered in KINDS for each in offered.from_environment({"FILE_URL": url})
        ] == []


def test_endpoint_of_a_site_is_opened_with_what_it_says(tmp_path: Path) -> None:
    sites = Sites(tmp_path / "sites.toml")
    sites.add(site(url="https://host.example", proxy="none"))
    access = Access(tmp_path / "known_hosts", sites=sites)
    provider = open_provider("https://host.example#work", access)
    assert provider._session.options.proxy == "none"  # type: ignore[attr-defined]
    provider.close()
    with pytest.raises(Unsupported, match="another address"):
        open_provider("https://other.example#work", access)
