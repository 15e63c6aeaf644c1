"""05: a folder of 450 comes in pages (driveitem-list-children; onedrive-api-docs #319)."""

from __future__ import annotations

import pytest

from tests.graph.place import REAL_BASE, Json, Place, good, refused

COUNT = 450
NAMES = [f"file {number:04}" for number in range(COUNT)]


@pytest.fixture
def filled(place: Place) -> Place:
    if REAL_BASE:
        for name in NAMES:
            place.put(name, b"x")
    else:
        for name in NAMES:
            place.server.put(f"{place.folder['name']}/{name}", b"x")
    return place


def pages(place: Place, query: str = "") -> list[list[Json]]:
    found, url = [], place.children + query
    while url:
        told = good(place.get(url), 200)
        found.append(told["value"])
        url = told.get("@odata.nextLink", "")
        assert url == "" or url.startswith("http")
    return found


def test_pages_hold_200_and_every_item_comes_once(filled: Place) -> None:
    found = pages(filled)
    assert [len(page) for page in found] == [200, 200, 50]
    assert sorted(item["name"] for page in found for item in page) == NAMES
    assert len({item["id"] for page in found for item in page}) == COUNT


def test_top_makes_the_page_larger_and_is_kept_by_the_link(filled: Place) -> None:
    assert [len(page) for page in pages(filled, "?$top=1000")] == [COUNT]
    assert [len(page) for page in pages(filled, "?$top=300&$select=name")] == [300, 150]


def test_no_page_has_more_than_1000(place: Place) -> None:
    for number in range(1001):
        place.server.put(f"{place.folder['name']}/{number}", b"")
    assert [len(page) for page in pages(place, "?$top=5000")] == [1000, 1]


def test_short_and_empty_pages_come_before_the_end(filled: Place) -> None:
    filled.server.habits.page_sizes = [0, 3]
    assert [len(page) for page in pages(filled)] == [0, 3, 200, 200, 47]


def test_pages_may_come_in_another_order(filled: Place) -> None:
    filled.server.habits.reverse_pages = True
    assert [item["name"] for page in pages(filled) for item in page] == NAMES[::-1]


def test_what_is_removed_between_pages_hides_another(filled: Place) -> None:
    first = good(filled.get(filled.children), 200)
    filled.server.remove(f"{filled.folder['name']}/{NAMES[0]}")
    second = good(filled.get(first["@odata.nextLink"]), 200)
    assert second["value"][0]["name"] == NAMES[201]


@pytest.mark.parametrize("query", ["$skip=3", "$top=0", "$top=many", "$skiptoken=made-up"])
def test_what_is_not_supported_is_refused(place: Place, query: str) -> None:
    refused(place.get(f"{place.children}?{query}"), 400, "invalidRequest")
