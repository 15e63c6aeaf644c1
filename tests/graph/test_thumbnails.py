"""Thumbnails (driveitem_list_thumbnails.md)."""

from __future__ import annotations

import pytest

from tests.graph.place import Json, Place, good, refused


@pytest.fixture
def item(place: Place) -> Json:
    place.emulated_only("a real service makes them after a while, of real images")
    return place.put("a.jpg", b"pretend")


def test_an_image_has_three_sizes(place: Place, item: Json) -> None:
    url = place.item(item["id"]) + "/thumbnails"
    (one,) = good(place.get(url), 200)["value"]
    assert {size: one[size]["width"] for size in ("small", "medium", "large")} == {
        "small": 96,
        "medium": 176,
        "large": 800,
    }
    assert place.free("GET", one["small"]["url"]).content.startswith(b"\x89PNG")
    moved = place.get(f"{url}/0/c300x400_Crop/content")
    assert place.free("GET", moved.headers["Location"]).headers["Content-Type"] == "image/png"
    assert good(place.get(f"{url}/0/medium"), 200)["width"] == 176
    refused(place.get(f"{url}/0/enormous"), 404)


def test_other_files_have_none(place: Place) -> None:
    place.emulated_only("a real service draws text, too")
    item = place.put("a.bin", b"x")
    assert good(place.get(place.item(item["id"]) + "/thumbnails"), 200)["value"] == []


def test_only_personal_expands_them_in_a_listing(place: Place, item: Json) -> None:
    answer = place.get(place.children + "?$expand=thumbnails")
    if place.business:
        refused(answer, 400)
    else:
        assert good(answer, 200)["value"][0]["thumbnails"][0]["id"] == "0"
