"""34: what a listing is sorted by (optional-query-parameters; onedrive-api-docs #696)."""

from __future__ import annotations

from tests.graph.place import Place, good, refused


def names(place: Place, query: str) -> list[str]:
    return [one["name"] for one in good(place.get(f"{place.children}?{query}"), 200)["value"]]


def fill(place: Place) -> None:
    for name, size in (("b", 1), ("A", 3), ("c", 2)):
        place.put(name, bytes(size))


def test_all_sort_by_name(place: Place) -> None:
    fill(place)
    assert names(place, "$orderby=name") == ["A", "b", "c"]
    assert names(place, "$orderby=name desc") == ["c", "b", "A"]


def test_personal_sorts_by_size_too(personal: Place) -> None:
    fill(personal)
    assert names(personal, "$orderby=size") == ["b", "c", "A"]


def test_business_does_not(business: Place) -> None:
    refused(business.get(business.children + "?$orderby=size"), 400)
    refused(business.get(business.children + "?$orderby=lastModifiedDateTime"), 400)
