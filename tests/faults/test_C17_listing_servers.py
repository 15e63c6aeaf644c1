"""C17: WebDAV servers and buckets whose lists repeat, lead elsewhere or never end."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from providers.base import Entry
from providers.errors import ProviderError, Unsupported
from providers.http import buckets, once
from providers.http.provider import HttpProvider
from providers.http.webdav.provider import WebdavProvider
from tests.servers.bucket import XML, Bucket
from tests.servers.http_place import place
from tests.servers.scripted_http import Ask, ScriptedHttp, Wire, answer
from tests.servers.webdav_place import webdav

Script = Callable[[Ask, Wire], None]


def told(*hrefs: str, inside: str = "") -> bytes:
    """A multistatus about these: folders where they end in a slash."""
    found = "".join(
        f"<d:response><d:href>{href}</d:href><d:propstat><d:prop><d:resourcetype>"
        f"{'<d:collection/>' if href.endswith('/') else ''}</d:resourcetype></d:prop>"
        "<d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>"
        for href in hrefs
    )
    return answer(207, f'<d:multistatus xmlns:d="DAV:">{found}{inside}</d:multistatus>'.encode())


def listed(place: HttpProvider | WebdavProvider, path: str = "/") -> list[Entry]:
    return [entry for page in place.list_dir(path) for entry in page]


# WebDAV ---------------------------------------------------------------------------------------


def test_C17_a_webdav_tree_does_not_contain_itself() -> None:
    def script(ask: Ask, wire: Wire) -> None:
        if ask.target.rstrip("/").endswith("/loop"):
            wire.say(answer(302, b"", {"Location": "/"}))
        else:
            wire.say(told("/", "/loop/", "/file"))

    with ScriptedHttp(script) as server, webdav(server.port) as place_:
        loop, file = listed(place_)
        assert [loop.path, file.path] == ["/loop", "/file"]
        for work in (place_.stat, listed_by(place_), place_.delete):
            with pytest.raises(Unsupported, match="redirects it to /"):
                work(loop.path)
        assert server.asked("DELETE") == []


def listed_by(place: WebdavProvider) -> Callable[[str], object]:
    return lambda path: listed(place, path)


@pytest.mark.parametrize("where", ["/mine", "/"])
def test_C17_files_of_another_webdav_server_are_not_taken_for_this_ones(where: str) -> None:
    there = told("/other/", "/other/secret.txt")
    with (
        ScriptedHttp(lambda ask, wire: wire.say(there)) as other,
        ScriptedHttp(
            lambda ask, wire: wire.say(answer(302, b"", {"Location": other.base + "/other/"}))
        ) as server,
        webdav(server.port) as place_,
    ):
        for work in (place_.stat, listed_by(place_), place_.delete):
            with pytest.raises(Unsupported, match="redirects it to http"):
                work(where)
        assert place_.room(where).free is None
        assert server.asked("DELETE") == other.asked("DELETE") == []


def test_C17_the_redirect_to_the_address_with_a_slash_is_followed() -> None:
    def script(ask: Ask, wire: Wire) -> None:
        if not ask.target.endswith("/"):
            wire.say(answer(301, b"", {"Location": f"{ask.target}/"}))
        else:
            wire.say(told(ask.target))

    with ScriptedHttp(script) as server, webdav(server.port) as place_:
        assert place_.stat("/a%20b").name == "a b"


def test_C17_a_name_comes_once_however_often_webdav_lists_it() -> None:
    same = ["/a", "/a", "/%61", "/a/", "http://{host}/a", "/b", "/a"]
    host = ""

    def script(ask: Ask, wire: Wire) -> None:
        wire.say(told("/", *(href.replace("{host}", host) for href in same)))

    with ScriptedHttp(script) as server, webdav(server.port) as place_:
        host = server.base.removeprefix("http://")
        assert [entry.path for entry in listed(place_)] == ["/a", "/b"]


@pytest.mark.parametrize("what", ["names", "bytes"])
def test_C17_a_webdav_list_of_too_many_names_is_refused_aloud(
    monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    monkeypatch.setattr(once, *(("MOST_ENTRIES", 3) if what == "names" else ("_MOST_BYTES", 7)))
    long = "" if what == "names" else "x"
    with (
        ScriptedHttp(
            lambda ask, wire: wire.say(told("/", *(f"/{long}{n}" for n in range(4))))
        ) as server,
        webdav(server.port) as place_,
        pytest.raises(Unsupported, match="more than"),
    ):
        listed(place_)


def test_C17_a_name_longer_than_any_is_left_out() -> None:
    with (
        ScriptedHttp(lambda ask, wire: wire.say(told("/", f"/{'x' * 5000}", "/good"))) as server,
        webdav(server.port) as place_,
    ):
        assert [entry.name for entry in listed(place_)] == ["good"]


@pytest.mark.parametrize(
    "body",
    [
        b'<!DOCTYPE x [<!ENTITY a "aaaa">]><multistatus xmlns="DAV:">&a;</multistatus>',
        b'<!DOCTYPE x SYSTEM "http://127.0.0.1:1/x"><multistatus xmlns="DAV:"/>',
        b'<multistatus xmlns="DAV:"><response><href>&a;</href></response></multistatus>',
        b'<multistatus xmlns="DAV:">' + b"<x>" * 70 + b"</x>" * 70 + b"</multistatus>",
        b'<multistatus xmlns="DAV:"><response>',
    ],
    ids=["entities", "outside", "undeclared", "deep", "cut"],
)
def test_C17_a_webdav_answer_that_is_no_plain_xml_is_refused(body: bytes) -> None:
    with (
        ScriptedHttp(lambda ask, wire: wire.say(answer(207, body))) as server,
        webdav(server.port) as place_,
        pytest.raises(Unsupported, match="cannot be used"),
    ):
        listed(place_)


# Buckets --------------------------------------------------------------------------------------

KEYS = {f"{number:04}": b"" for number in range(50)}


def part(*keys: str, token: str = "", prefix: str = "") -> bytes:
    listed = "".join(f"<Contents><Key>{key}</Key></Contents>" for key in keys)
    more = f"<NextContinuationToken>{token}</NextContinuationToken>" if token else ""
    said = f"<Prefix>{prefix}</Prefix><IsTruncated>{str(bool(token)).lower()}</IsTruncated>{more}"
    return answer(200, f"<ListBucketResult>{said}{listed}</ListBucketResult>".encode(), XML)


def in_turn(*answers: bytes) -> Script:
    """The plain page, then one answer for each question; the last again and again."""
    turns = itertools.chain(answers, itertools.repeat(answers[-1]))
    return lambda ask, wire: wire.say(next(turns) if "?" in ask.target else answers[0])


@pytest.mark.parametrize(
    "answers",
    [
        (part("a", token="one"), part("b", token="one")),
        (part("a", token="one"), part("b", token="two"), part("c", token="one")),
    ],
    ids=["the same", "in a circle"],
)
def test_C17_a_bucket_that_repeats_a_token_is_left(answers: tuple[bytes, ...]) -> None:
    with ScriptedHttp(in_turn(*answers)) as server, place(server.base) as web:
        pages = web.list_dir("/")
        assert [entry.name for entry in next(pages)] == ["a"]
        with pytest.raises(Unsupported, match="again and again"):
            list(pages)


def test_C17_a_bucket_with_ever_new_tokens_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buckets, "_MOST_PARTS", 20)
    tokens = (f"t{number}" for number in itertools.count())
    with (
        ScriptedHttp(lambda ask, wire: wire.say(part("a", token=next(tokens)))) as server,
        place(server.base) as web,
    ):
        with pytest.raises(Unsupported, match="never to its end"):
            listed(web)
        assert len(server.asks) < 30


def test_C17_a_key_comes_once_in_whatever_part() -> None:
    answers = (part("a", "b", "b", token="1"), part("b", "a", token="2"), part("c", "c/x"))
    with ScriptedHttp(in_turn(*answers)) as server, place(server.base) as web:
        assert [entry.name for entry in listed(web)] == ["a", "b", "c"]


def test_C17_a_bucket_of_too_many_keys_is_refused_aloud(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(once, "MOST_ENTRIES", 30)
    with (
        ScriptedHttp(Bucket(KEYS, most=10)) as server,
        place(server.base) as web,
        pytest.raises(Unsupported, match="more than 30 entries"),
    ):
        listed(web)


@pytest.mark.parametrize(
    "second",
    [
        answer(200, b"<html>", XML),
        part("b", prefix="other/"),
        answer(200, b"<ListBucketResult><Contents><Key>b</Key></Contents>", XML),
        answer(403, b"", XML),
        answer(500, b"", XML),
        answer(301, b"", {"Location": "/elsewhere"}),
    ],
    ids=["page", "prefix", "cut", "denied", "broken", "redirect"],
)
def test_C17_a_list_whose_next_part_does_not_come_is_not_taken_for_all(second: bytes) -> None:
    answers = (part("a", token="one"), part("a", token="one"), second)
    turns = iter(answers)

    def script(ask: Ask, wire: Wire) -> None:
        wire.say(next(turns) if ask.target != "/elsewhere" else answer(404))

    with ScriptedHttp(script) as server, place(server.base) as web:
        pages = web.list_dir("/")
        assert [entry.name for entry in next(pages)] == ["a"]
        with pytest.raises(ProviderError) as refused:
            list(pages)
        assert refused.value.path == "/"
        assert str(refused.value).isprintable()


@pytest.mark.parametrize("token", ["&x=y", "a b+c%20#?/", "\u00fc\u202e", "x" * 4000])
def test_C17_a_token_goes_back_as_it_came_and_is_no_other_parameter(token: str) -> None:
    bucket = Bucket(KEYS, most=30, token=lambda key: key + token)
    with ScriptedHttp(bucket) as server, place(server.base) as web:
        assert [entry.name for entry in listed(web)] == [*KEYS]
        assert len(server.asks) == 3


@pytest.mark.parametrize(
    "more", ["", f"<NextContinuationToken>{'x' * 5000}</NextContinuationToken>"]
)
def test_C17_a_list_that_goes_on_without_a_token_that_can_be_one_is_not_taken_for_all(
    more: str,
) -> None:
    body = f"<ListBucketResult><IsTruncated>true</IsTruncated>{more}</ListBucketResult>"
    page = answer(200, body.encode(), XML)
    with (
        ScriptedHttp(lambda ask, wire: wire.say(page)) as server,
        place(server.base) as web,
        pytest.raises(Unsupported, match="only the first part"),
    ):
        listed(web)
