"""Addresses on a web server: one text for each file, and no name that leads elsewhere."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.errors import InvalidName
from providers.http.paths import canonical, join, name, parent, quote_segment, unquote_segment
from providers.text import from_bytes

SEGMENTS = st.binary(min_size=1).map(from_bytes).filter(lambda s: s not in (".", ".."))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("", "/"),
        ("/", "/"),
        ("//", "/"),
        ("/a", "/a"),
        ("/a/", "/a"),
        ("/a//b/", "/a/b"),
        ("/a/./b/../c", "/a/c"),
        ("/a/%2e%2E/b", "/b"),
        ("/../../b", "/b"),
        ("/%41%7e", "/A~"),
        ("/a b", "/a%20b"),
        ("/%c3%bc", "/%C3%BC"),
        ("/ü", "/%C3%BC"),
        ("/\udcff", "/%FF"),
        ("/100%", "/100%25"),
        ("/a%2fb", "/a%2Fb"),
        ("/a+b=c,d;e@f:g!h$i&j'k(l)m*n", "/a+b=c,d;e@f:g!h$i&j'k(l)m*n"),
        ("/%252e%252e", "/%252e%252e"),
    ],
)
def test_an_address_has_one_form(given: str, expected: str) -> None:
    assert canonical(given) == expected
    assert canonical(expected) == expected


@pytest.mark.parametrize("bad", ["", ".", "..", "a/b", "/", "a\0", "\ud800", "\udfff"])
def test_no_address_is_made_of_a_name_that_could_lead_elsewhere(bad: str) -> None:
    with pytest.raises(InvalidName):
        join("/folder", bad)


def test_a_name_goes_into_its_folder_and_comes_back() -> None:
    assert join("/", "a b?#%") == "/a%20b%3F%23%25"
    assert join("/x/", "y") == "/x/y"
    assert name("/x/a%20b%2520") == "a b%20"
    assert parent("/x/y") == "/x"
    assert (parent("/x"), parent("/"), name("/")) == ("/", "/", "")


def test_the_query_of_an_address_is_part_of_neither_its_name_nor_its_folder() -> None:
    assert name("/x/file.zip?~1a2b/3c") == "file.zip"
    assert parent("/x/file.zip?~1a2b/3c") == "/x"


@given(SEGMENTS)
def test_every_name_survives_its_address(text: str) -> None:
    assert unquote_segment(quote_segment(text)) == text
    if "/" not in text and "\0" not in text:
        address = join("/folder", text)
        assert (name(address), parent(address)) == (text, "/folder")
        assert canonical(address) == address
