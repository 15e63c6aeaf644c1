"""Contract: listing directories and describing entries."""

from __future__ import annotations

import pytest

from providers.base import Kind
from providers.errors import InvalidName, NotFound, WrongKind
from providers.extras import Counting
from tests.contract.case import Case, fails, needs


def test_empty_directory_lists_nothing(case: Case) -> None:
    assert case.entries(case.root) == []


def test_listing_describes_files_directories_and_links(case: Case) -> None:
    case.put(case.at("file"), b"12345")
    case.provider.make_dir(case.at("dir"))
    case.make_link(case.at("link"), "file")
    found = {entry.name: entry for entry in case.entries(case.root)}
    assert {name: entry.kind for name, entry in found.items()} == {
        "file": Kind.FILE,
        "dir": Kind.DIR,
        "link": Kind.LINK,
    }
    assert found["file"].size == 5
    assert all(entry.path == case.at(name) for name, entry in found.items())


def test_what_is_asked_across_a_network_is_counted(case: Case) -> None:
    counting = case.provider
    if case.provider.caps.near:
        assert not isinstance(counting, Counting)
        return
    assert isinstance(counting, Counting)
    case.entries(case.root)
    before = counting.requests
    case.entries(case.root)
    first = counting.requests - before
    case.entries(case.root)
    assert counting.requests - before == 2 * first > 0


@needs("folders")
def test_every_entry_of_a_large_directory_is_listed_once(case: Case) -> None:
    names = [f"{number:04}" for number in range(1200)]
    for name in names:
        case.provider.make_dir(case.at(name))
    assert case.names() == names


def test_listed_file_has_the_version_of_its_stat(case: Case) -> None:
    if not case.listed_versions:
        pytest.skip("listings here tell no versions")
    case.put(case.at("file"), b"12345")
    [entry] = case.entries(case.root)
    assert entry.version is not None
    assert entry.version == case.provider.stat(case.at("file")).version


def test_linked_directory_lists_what_it_leads_to(case: Case) -> None:
    case.provider.make_dir(case.at("dir"))
    case.put(case.at("dir", "inside"), b"")
    case.make_link(case.at("link"), "dir")
    [entry] = case.entries(case.at("link"))
    assert (entry.name, entry.path) == ("inside", case.at("link", "inside"))


def test_listing_a_missing_directory_is_not_found(case: Case) -> None:
    with fails(NotFound):
        case.entries(case.at("missing"))


def test_listing_a_file_is_the_wrong_kind(case: Case) -> None:
    case.put(case.at("file"), b"x")
    with fails(WrongKind):
        case.entries(case.at("file"))


def test_stat_describes_a_file(case: Case) -> None:
    case.put(case.at("file"), b"123")
    entry = case.provider.stat(case.at("file"))
    assert (entry.path, entry.name) == (case.at("file"), "file")
    assert (entry.kind, entry.size) == (Kind.FILE, 3)


def test_stat_describes_a_directory(case: Case) -> None:
    entry = case.provider.stat(case.root)
    assert (entry.path, entry.kind) == (case.root, Kind.DIR)


def test_stat_describes_a_link_itself(case: Case) -> None:
    case.put(case.at("file"), b"123")
    case.make_link(case.at("link"), "file")
    entry = case.provider.stat(case.at("link"))
    assert entry.kind is Kind.LINK
    assert entry.target in ("file", None)


def test_stat_follows_a_link_when_asked(case: Case) -> None:
    case.put(case.at("file"), b"123")
    case.make_link(case.at("link"), "file")
    entry = case.provider.stat(case.at("link"), follow=True)
    assert (entry.path, entry.kind, entry.size) == (case.at("link"), Kind.FILE, 3)


def test_stat_of_a_link_that_leads_nowhere(case: Case) -> None:
    case.make_link(case.at("link"), "missing")
    assert case.provider.stat(case.at("link")).kind is Kind.LINK
    with fails(NotFound):
        case.provider.stat(case.at("link"), follow=True)


@pytest.mark.parametrize("name", ["missing", "\x1b[31m\n‮"])
def test_stat_of_something_missing_is_not_found(case: Case, name: str) -> None:
    with fails(NotFound, InvalidName):  # a place may keep no such name
        case.provider.stat(case.at(name))


def test_nothing_is_found_below_a_file(case: Case) -> None:
    case.put(case.at("file"), b"x")
    with fails(NotFound, WrongKind):
        case.provider.stat(case.at("file", "below"))
