"""09: names with signs that mean something in URLs (onedrive-addressing-driveitems)."""

from __future__ import annotations

import pytest

from tests.graph.place import Place, good

NAMES = [
    "two words.txt",
    "#1 and 100%.txt",
    "percent %41 %2F.txt",
    "it's [x] & +1=@$!,;().txt",
    "straße café 日本語 🚢.txt",
    "-rf",
    ".hidden",
    "~tilde",
]


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_a_name_encoded_by_segment_leads_to_its_item(place: Place, name: str) -> None:
    item = place.put(name, name.encode())
    assert item["name"] == name
    assert good(place.get(place.at(name)), 200)["id"] == item["id"]
    assert place.names() == [name]
    assert place.read(item) == name.encode()


def test_a_search_finds_a_name_with_a_quote(place: Place) -> None:
    place.server.put("it's.txt", b"x")
    found = good(place.get("/me/drive/root/search(q='it%27%27s')"), 200)["value"]
    assert [item["name"] for item in found] == ["it's.txt"]
    assert "@microsoft.graph.downloadUrl" not in found[0]


def test_the_path_in_parent_reference_is_percent_encoded(place: Place) -> None:
    place.make_folder("a b#")
    item = place.put("a b#/c", b"x")
    assert item["parentReference"]["path"].endswith("/a%20b%23")
