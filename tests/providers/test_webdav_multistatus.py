"""What is made of a WebDAV server's description of its files, and what is not believed."""

from __future__ import annotations

import pytest

from providers.base import Kind
from providers.http.webdav.multistatus import Described, Folder, described, names_of, version_of
from providers.web.xml import BadXml

ORIGIN = "https://host:8443"


def multistatus(*responses: str) -> bytes:
    spaces = 'xmlns:d="DAV:" xmlns:oc="http://owncloud.org/ns"'
    return f"<d:multistatus {spaces}>{''.join(responses)}</d:multistatus>".encode()


def response(href: str, props: str, status: str = "HTTP/1.1 200 OK") -> str:
    stat = f"<d:propstat><d:prop>{props}</d:prop><d:status>{status}</d:status></d:propstat>"
    return f"<d:response><d:href>{href}</d:href>{stat}</d:response>"


def one(props: str, href: str = "/a") -> Described:
    [found] = described([multistatus(response(href, props))])
    return found


def test_file_is_described_with_all_that_is_told() -> None:
    found = one(
        "<d:resourcetype/><d:getcontentlength>5</d:getcontentlength>"
        "<d:getlastmodified>Fri, 13 Feb 2009 23:31:30 GMT</d:getlastmodified>"
        '<d:getetag>W/"5-abc"</d:getetag>'
        f"<oc:checksums><oc:checksum>SHA1:{'a' * 40} MD5:{'b' * 32}</oc:checksum></oc:checksums>"
    )
    assert (found.kind, found.size, found.modified) == (Kind.FILE, 5, 1_234_567_890.0)
    assert (found.version, found.etag) == ('"5-abc"', 'W/"5-abc"')
    assert found.digests == {"sha1": "a" * 40, "md5": "b" * 32}


def test_collection_is_a_folder_without_size_or_version() -> None:
    found = one(
        "<d:resourcetype><d:collection/></d:resourcetype>"
        '<d:getcontentlength>4096</d:getcontentlength><d:getetag>"x"</d:getetag>'
    )
    assert (found.kind, found.size, found.version) == (Kind.DIR, None, None)


def test_properties_of_another_status_than_success_count_for_nothing() -> None:
    refused = "<d:propstat><d:prop><d:getcontentlength>9</d:getcontentlength></d:prop>"
    refused += "<d:status>HTTP/1.1 403 Forbidden</d:status></d:propstat>"
    told = response("/a", "<d:resourcetype/>").replace("</d:href>", f"</d:href>{refused}")
    [found] = described([multistatus(told)])
    assert (found.kind, found.size) == (Kind.FILE, None)


def test_resource_of_another_status_is_left_out() -> None:
    gone = "<d:response><d:href>/b</d:href><d:status>HTTP/1.1 404 Gone</d:status></d:response>"
    found = described([multistatus(gone, response("/a", "<d:resourcetype/>"))])
    assert [one.href for one in found] == ["/a"]


@pytest.mark.parametrize("size", ["-1", "1e3", "", "9" * 30, " five "])
def test_size_that_is_none_is_unknown(size: str) -> None:
    props = f"<d:resourcetype/><d:getcontentlength>{size}</d:getcontentlength>"
    assert one(props).size is None


def test_quota_below_nothing_is_unknown() -> None:
    assert one("<d:quota-available-bytes>-3</d:quota-available-bytes>").free is None
    assert one("<d:quota-available-bytes>77</d:quota-available-bytes>").free == 77


def test_tag_that_is_weak_at_first_is_the_same_version_later() -> None:
    assert version_of('W/"a-1"', 1.0, 5) == version_of('"a-1"', 1.0, 5) == '"a-1"'
    assert version_of("garbage\n", 9.0, 5) == version_of(None, 9.0, 5) == "lm:9:5"
    assert version_of(None, None, 5) is None


@pytest.mark.parametrize(
    ("href", "place"),
    [
        ("/dir/", ("itself", "/dir")),
        ("https://HOST:8443/dir", ("itself", "/dir")),
        ("/dir/a%20b%c3%a9", ("below", "/dir/a%20b%C3%A9")),
        ("/dir/a b", ("below", "/dir/a%20b")),
        ("https://host:8443/dir/sub/", ("below", "/dir/sub")),
        ("/dir/%2541", ("below", "/dir/%2541")),
    ],
)
def test_href_is_placed_whatever_way_it_is_written(href: str, place: tuple[str, str]) -> None:
    assert Folder("/dir", ORIGIN).place(href) == place


@pytest.mark.parametrize(
    "href",
    [
        "/dir/a/b",
        "/other/a",
        "/",
        "/dir/..",
        "/dir/%2e%2e",
        "/dir/../etc",
        "/dir/a%2Fb",
        "/dir/%00",
        "/dir//a",
        "/dir//",
        "/dir/a?x=1",
        "/dir/a#b",
        "/dir/a\\b",
        "//evil/dir/a",
        "http://host:8443/dir/a",
        "https://host/dir/a",
        "https://evil:8443/dir/a",
        "https://host:99999999/dir/a",
        "https://[/dir/a",
        "dir/a",
        "a",
        "",
    ],
)
def test_href_to_anywhere_else_is_no_entry(href: str) -> None:
    assert Folder("/dir", ORIGIN).place(href)[0] == "elsewhere"


def test_root_holds_what_is_right_below_it() -> None:
    root = Folder("/", ORIGIN)
    assert root.place("/") == ("itself", "/")
    assert root.place("/a") == ("below", "/a")
    assert names_of("https://host:8443", ORIGIN) == []


def test_document_type_is_refused() -> None:
    bomb = b'<!DOCTYPE d [<!ENTITY a "aaaa">]><d:multistatus xmlns:d="DAV:">&a;</d:multistatus>'
    with pytest.raises(BadXml, match="document type"):
        list(described([bomb]))


@pytest.mark.parametrize("body", [b"", b"<html/>", multistatus()[:-9]])
def test_answer_that_is_not_whole_is_refused(body: bytes) -> None:
    with pytest.raises(BadXml):
        list(described([body]))


def test_answer_may_come_in_pieces() -> None:
    body = multistatus(*(response(f"/{n}", "<d:resourcetype/>") for n in range(50)))
    pieces = [body[start : start + 7] for start in range(0, len(body), 7)]
    assert [one.href for one in described(pieces)] == [f"/{n}" for n in range(50)]
