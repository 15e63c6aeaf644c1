"""Contract: a name comes back exactly as it was given, or is refused; never changed."""

from __future__ import annotations

import pytest

from providers.base import Kind
from providers.errors import InvalidName, NotEmpty, NotFound
from providers.text import from_bytes
from tests.contract.case import Case, fails

ODD_NAMES = [
    "straße café 日本語 🚢",
    "nfc \u00e9",
    "nfd e\u0301",
    " leading and trailing ",
    "ends in a dot.",
    "...",
    "~",
    "-rf",
    "--help",
    "new\nline",
    "tab\tcarriage\rreturn",
    "\x1b[31mred\x1b]52;c;AAAA\x07",
    "bidi \u202e\u2066 zero\u200bwidth",
    "'single' \"double\" `back`",
    "back\\slash",
    "$(touch x); && | * ? [a] {b} #",
    "percent %41 %2F",
    "[red]markup[/] [/zzz]",
    "con",
    "aux.txt",
    "a:b",
    "é" * 127 + "a",
    from_bytes(b"latin-1 \xe9\xff"),
]


@pytest.mark.parametrize("name", ODD_NAMES, ids=ascii)
def test_odd_name_round_trips_or_is_refused(case: Case, name: str) -> None:
    _need(case, name)
    try:
        entry = case.put(case.at(name), b"content")
    except InvalidName as error:
        assert str(error).isprintable()
        assert case.names() == []
        return
    assert (entry.name, entry.path) == (name, case.at(name))
    assert case.names() == [name]
    assert case.provider.name(case.at(name)) == name
    assert case.get(case.at(name)) == b"content"
    if case.renames:
        case.provider.rename(case.at(name), case.at("plain"))
        case.provider.rename(case.at("plain"), case.at(name))
    case.provider.delete(case.at(name))
    assert case.names() == []


@pytest.mark.parametrize("name", ODD_NAMES, ids=ascii)
def test_odd_directory_name_round_trips_or_is_refused(case: Case, name: str) -> None:
    _need(case, name)
    try:
        case.provider.make_dir(case.at(name))
    except InvalidName:
        return
    case.put(case.at(name, "inside"), b"x")
    [entry] = case.entries(case.root)
    assert (entry.name, entry.kind) == (name, Kind.DIR)
    assert case.names(entry.path) == ["inside"]
    case.provider.delete(case.at(name, "inside"))
    if case.tells_empty:
        try:
            case.provider.delete(case.at(name))
        except NotFound:  # it went with the last that was in it
            assert not case.provider.caps.real_directories
    else:
        with fails(NotEmpty):
            case.provider.delete(case.at(name))


def _need(case: Case, name: str) -> None:
    if not case.serves(name):
        pytest.skip("the server behind shows no such name")


def test_letters_count_unless_the_place_says_that_they_do_not(case: Case) -> None:
    if not case.provider.caps.folds_names:
        pytest.skip("letters may count here")
    case.put(case.at("Letters"), b"12345")
    assert case.provider.stat(case.at("lETTERS")).size == 5
