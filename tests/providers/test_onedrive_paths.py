"""Addresses in a drive, and what Graph says, read strictly. Pure."""

from __future__ import annotations

import base64
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.base import Kind
from providers.errors import (
    ConnectionLost,
    Denied,
    InvalidName,
    NoSpace,
    ProviderError,
    Throttled,
    Unsupported,
)
from providers.onedrive import faults, items, journaled, paths, spots
from providers.onedrive.faults import Fault
from providers.onedrive.mapping import Names


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("a:b", "the character :"),
        ('a"b', 'the character "'),
        ("tab\t", "the control character"),
        (" x", "begins or ends with a space"),
        ("x.", "ends with a dot"),
        ("CON", "reserved"),
        ("~$draft.docx", "begins with ~$"),
        ("my_vti_x", "reserved"),
        ("\udcff", "no text"),
        ("n" * 256, "more than 255"),
    ],
)
def test_a_name_that_a_drive_cannot_keep_is_refused_with_what_is_wrong(
    name: str, told: str
) -> None:
    with pytest.raises(InvalidName) as caught:
        paths.join("/a", name, Names())
    assert told in str(caught.value) and str(caught.value).isprintable()


@pytest.mark.parametrize("name", ["a#b", "100 %", "it's", "[x]", "~", "forms", "äöü 日本", "a+b&c"])
def test_names_that_are_merely_odd_are_taken(name: str) -> None:
    assert paths.name(paths.join("/a", name, Names())) == name


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/", "/drives/b!x/root/children"),
        ("/a b/100%", "/drives/b!x/root:/a%20b/100%25:/children"),
        ("/it's #1?", "/drives/b!x/root:/it%27s%20%231%3F:/children"),
    ],
)
def test_each_name_is_encoded_by_itself(path: str, target: str) -> None:
    spot = spots.Spot("b!x", spots.ROOT, paths.segments(path))
    assert spot.target("children") == target


@given(st.lists(st.text(min_size=1), max_size=3))
def test_no_name_changes_which_item_is_asked_for(names: list[str]) -> None:
    spot = spots.Spot("d", "1", tuple(names))
    try:
        target = spot.target("content")
    except InvalidName:
        return
    assert target.isascii() and "?" not in target and "#" not in target
    assert target.count("/") == 5 + len(names)
    assert target.count(":") == (2 if names else 0)


def test_a_revision_has_an_address_of_its_own() -> None:
    path = paths.of_revision("/a/b", "3.0")
    assert paths.split(path) == ("3.0", ("a", "b"))
    assert paths.split(paths.resolve(path)) == ("3.0", ("a", "b"))
    assert (paths.name(path), paths.parent(path)) == ("b", "/a")


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        ({"file": {}}, Kind.FILE),
        ({"folder": {"childCount": 2}}, Kind.DIR),
        ({"package": {"type": "oneNote"}}, Kind.OTHER),
        ({"remoteItem": {"id": "2", "folder": {}}}, Kind.LINK),
        ({}, Kind.OTHER),
        ({"file": None, "folder": 3}, Kind.OTHER),
    ],
)
def test_what_an_item_is(told: dict[str, object], kind: Kind) -> None:
    item = items.item_of({"id": "1", "name": "x", **told})
    assert item is not None and item.kind is kind


@pytest.mark.parametrize("told", [{}, {"id": 3}, {"id": ""}, {"name": "x"}])
def test_what_has_no_id_is_no_item(told: dict[str, object]) -> None:
    assert items.item_of(told) is None


@pytest.mark.parametrize(
    ("hashed", "size", "found"),
    [
        (base64.b64encode(bytes(range(20))).decode(), 5, bytes(range(20)).hex()),
        (base64.b64encode(bytes(20)).decode(), 0, "00" * 20),
        (base64.b64encode(bytes(20)).decode(), 5, ""),  # of deleted items
        ("short", 5, ""),
        (None, 5, ""),
    ],
)
def test_a_digest_that_is_none_says_nothing(hashed: object, size: int, found: str) -> None:
    told = {"id": "1", "name": "x", "size": size, "file": {"hashes": {"quickXorHash": hashed}}}
    item = items.item_of(told)
    assert item is not None and item.quickxor == found


def test_a_personal_drive_has_one_spelling() -> None:
    assert items.drive_id("ABC123") == items.drive_id("0000000000abc123")
    assert items.drive_id("b!AbC") == "b!AbC"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2026-01-01T00:00:00Z", 1767225600.0),
        ("2026-01-01T00:00:00.1234567Z", 1767225600.123456),
        ("2026-01-01T01:00:00+01:00", 1767225600.0),
        ("yesterday", None),
        ("", None),
    ],
)
def test_times(text: str, found: float | None) -> None:
    assert items.seconds(text) == found


def test_an_item_shows_no_address_when_it_is_printed() -> None:
    told = {"id": "1", "name": "x", "file": {}, items.DOWNLOAD_URL: "https://secret"}
    item = items.item_of(told)
    assert item is not None and item.url == "https://secret"
    assert "secret" not in repr(item)


class Refusal:
    endpoint = "onedrive:"

    def __init__(self, status: int, *codes: str, **headers: str) -> None:
        self.status, self.fault = status, Fault(codes, "\x1b[31mwords")
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


@pytest.mark.parametrize(
    ("refusal", "kind"),
    [
        (Refusal(400, "invalidRequest", "pathIsTooLong"), InvalidName),
        (Refusal(400, "invalidRequest", "nameContainsInvalidCharacters"), InvalidName),
        (Refusal(400, "invalidRequest"), Denied),
        (Refusal(403, "accessDenied"), Denied),
        (Refusal(423, "notAllowed", "resourceLocked"), Denied),
        (Refusal(405), Unsupported),
        (Refusal(500), ConnectionLost),
        (Refusal(504), ConnectionLost),
        (Refusal(507, "quotaLimitReached"), NoSpace),
        (Refusal(429, Retry_After="7"), Throttled),
        (Refusal(503), Throttled),
        (Refusal(418), Denied),
    ],
)
def test_what_a_refusal_means(refusal: Refusal, kind: type[ProviderError]) -> None:
    told = faults.problem(refusal, "/x", "reading it")
    assert type(told) is kind
    assert str(told).isprintable()


def test_a_time_that_is_told_is_for_the_whole_account() -> None:
    told = faults.throttled(Refusal(503, Retry_After="7"), "/x")
    assert (told.retry_after, told.endpoint) == (7.0, "onedrive:")
    assert faults.throttled(Refusal(503), "/x").endpoint == ""


@pytest.mark.parametrize(
    ("body", "codes"),
    [
        (b'{"error":{"code":"a","innerError":{"code":"b","innererror":{"code":"c"}}}}', "abc"),
        (b"<html>", ""),
        (b"[" * 100_000, ""),
        (b'{"error":"x"}', ""),
        (b'{"error":{"code":3,"message":4}}', ""),
    ],
)
def test_the_codes_of_a_refusal(body: bytes, codes: str) -> None:
    assert "".join(faults.fault_of(body).codes) == codes


def test_receipts_of_what_the_service_has() -> None:
    upload = journaled.Upload("/x", "x", "d", "f", 25, None, 10, "k-1", "", False, False)
    assert journaled.receipts(upload, 9) == {}
    assert journaled.receipts(upload, 20) == {0: "0-10", 1: "10-20"}
    assert journaled.receipts(upload, 25) == {0: "0-10", 1: "10-20", 2: "20-25"}


_ODD = st.text(alphabet='ab .:"*~$‛␠．～：\x01␁\x7f␡é', min_size=1, max_size=7).filter(paths.safe)


@given(_ODD | st.text(min_size=1).filter(paths.safe))
def test_a_name_in_other_letters_comes_back_as_it_was(name: str) -> None:
    names = Names(mapped=True)
    assert names.shown(names.stored(name)) == name


@given(_ODD)
def test_in_other_letters_a_drive_keeps_what_it_could_not(name: str) -> None:
    paths.need_storable("/", Names(mapped=True).stored(name))


@pytest.mark.parametrize("stored", ["．", ".．"])
def test_in_other_letters_no_name_of_another_program_leads_out(stored: str) -> None:
    assert Names(mapped=True).shown(stored) == stored


@pytest.mark.parametrize(
    "stored", ["1～2.txt", "第１．第２", "a␠b", "‛a’", "a‛", "．a", "‛：", "␠a．"]
)
def test_a_name_that_another_program_gave_is_found_again(stored: str) -> None:
    names = Names(mapped=True)
    assert names.stored(names.shown(stored)) == stored


def test_no_two_names_are_stored_as_one() -> None:
    names = Names(mapped=True)
    each = [
        "".join(some) for count in range(1, 5) for some in product("‛␠．～$ .~:：a", repeat=count)
    ]
    each = [name for name in each if name not in (".", "..")]
    assert len({names.stored(name) for name in each}) == len(each)
    assert all(names.shown(names.stored(name)) == name for name in each)


def test_names_are_left_alone_unless_the_site_says_otherwise() -> None:
    assert Names().stored("a：b") == Names().shown("a：b") == "a：b"
    assert Names(mapped=True).stored("a:b") == "a：b"
    assert Names(mapped=True).stored(" x.") == "␠x．"
