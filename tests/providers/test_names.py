"""Names: when one may name a file, and what unfinished files are called."""

from __future__ import annotations

import pytest

from providers.errors import InvalidName
from providers.names import check_name, is_temporary, temporary_name
from providers.text import from_bytes, printable, to_bytes


@pytest.mark.parametrize("name", ["", ".", "..", "/", "a/b", "../../etc/passwd", "a\0b"])
def test_name_that_could_leave_its_folder_is_refused(name: str) -> None:
    with pytest.raises(InvalidName) as caught:
        check_name("/folder", name)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("name", ["a", "...", "..a", "-rf", "~", "a\\b", "new\nline", "\x1b[31m"])
def test_odd_name_that_stays_in_its_folder_passes(name: str) -> None:
    check_name("/folder", name)


def test_each_separator_of_the_place_counts() -> None:
    with pytest.raises(InvalidName):
        check_name("C:\\folder", "a\\b", separators="\\/")


@pytest.mark.parametrize("name", ["a", "straße", "n" * 255, "é" * 127, "\udcff" * 255, "🚢" * 63])
def test_temporary_name_is_hidden_and_fits(name: str) -> None:
    made = temporary_name(name, "0badcafe")
    assert made.startswith(".") and is_temporary(made)
    assert len(to_bytes(made)) <= 255


def test_temporary_names_of_two_jobs_differ() -> None:
    assert temporary_name("a", "00000001") != temporary_name("a", "00000002")


@pytest.mark.parametrize("name", [".bashrc", "a.0badcafe.part", ".a.part", ".a.0badcaf.part", ""])
def test_other_names_are_not_taken_for_temporary_ones(name: str) -> None:
    assert not is_temporary(name)


@pytest.mark.parametrize("raw", [b"plain", "caf\u00e9".encode(), b"\xff\xfe latin \xe9", b"\x1b["])
def test_bytes_of_a_name_survive_as_text(raw: bytes) -> None:
    assert to_bytes(from_bytes(raw)) == raw


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("straße 港 🚢", "straße 港 🚢"),
        ("\x1b[31m\n", "\\x1b[31m\\x0a"),
        ("\u202e\u200b\u2028", "\\u202e\\u200b\\u2028"),
        ("\udcff", "\\xff"),
        ("\x7f\x9b", "\\x7f\\x9b"),
        ("back\\slash", "back\\slash"),
        ("\U000e0041", "\\U000e0041"),
    ],
)
def test_text_is_shown_without_what_could_steer_a_terminal(text: str, shown: str) -> None:
    assert printable(text) == shown
    assert printable(text).isprintable()
