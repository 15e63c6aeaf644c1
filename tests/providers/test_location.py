"""Locations as a person types them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from providers.base import Place
from providers.errors import InvalidName
from providers.location import LOCAL, parse, show


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


@pytest.mark.parametrize("text", ["sftp://ann@host:22/x y", "/etc/x", "memory://t/a"])
def test_shown_location_is_parsed_to_the_same(text: str) -> None:
    assert show(parse(text)) == text
