"""What is known of an entry, in words."""

from __future__ import annotations

import re

import pytest

from providers.base import Entry, Kind
from providers.extras import Property
from tui.facts import exact_size, facts, mode, moment, row


def test_every_fact_of_an_entry_has_a_line() -> None:
    entry = Entry(
        "/a/x", "x", Kind.FILE, 1_468_006, 1e9, 0o644, None, "v7", digests={"sha256": "ab12"}
    )
    said = {fact.name: fact.value for fact in facts(entry, "sftp://host/a/x")}
    assert said == {
        "Name": "x",
        "Path": "/a/x",
        "Address": "sftp://host/a/x",
        "Kind": "file",
        "Size": "1.4 MiB (1,468,006 bytes)",
        "Modified": moment(1e9),
        "Mode": "0644 rw-r--r--",
        "Version": "v7",
        "sha256, as stated": "ab12",
    }


def test_what_is_not_known_is_said_or_left_out() -> None:
    said = {fact.name: fact.value for fact in facts(Entry("/l", "l", Kind.LINK, target="x"), "/l")}
    assert said["Points to"] == "x" and said["Modified"] == "not known"
    assert "Size" not in said and "Mode" not in said
    said = {fact.name: fact.value for fact in facts(Entry("/f", "f", Kind.FILE), "/f")}
    assert said["Size"] == "not known"


@pytest.mark.parametrize(
    ("size", "shown"),
    [(1, "1 byte"), (0, "0 bytes"), (1023, "1,023 bytes"), (1024, "1.0 KiB (1,024 bytes)")],
)
def test_sizes_are_exact(size: int, shown: str) -> None:
    assert exact_size(size) == shown


def test_times_have_seconds_and_their_zone() -> None:
    assert re.fullmatch(r"2001-09-0[89] \d\d:\d\d:\d\d [+-]\d{4}", moment(1e9))
    assert moment(1e300) == "a time that no calendar has"


def test_modes_are_octal_and_letters() -> None:
    assert mode(0o4755) == "4755 rwsr-xr-x"


def test_a_row_shows_both_ends_of_a_long_value_and_nothing_that_steers_a_terminal() -> None:
    shown = row(Property("Path\x1b", "/a" * 100 + "/end\u202e.txt"), 60)
    assert len(shown) == 60 and shown.startswith("Path\\x1b ") and shown.endswith("\\u202e.txt")
