"""Versions (driveitem-list-versions, driveitemversion-get-contents, -restore)."""

from __future__ import annotations

import pytest

from tests.graph.place import Json, Place, good, refused


@pytest.fixture
def item(place: Place) -> Json:
    place.put("a", b"one")
    return place.put("a", b"three")


def listed(place: Place, item: Json) -> list[Json]:
    value: list[Json] = good(place.get(place.item(item["id"]) + "/versions"), 200)["value"]
    return value


def test_they_are_listed_newest_first(place: Place, item: Json) -> None:
    assert [(one["id"], one["size"]) for one in listed(place, item)] == [("2.0", 5), ("1.0", 3)]
    one = good(place.get(place.item(item["id"]) + "/versions/1.0"), 200)
    assert one["lastModifiedBy"]["user"]["displayName"]


def test_an_earlier_one_is_given_and_the_current_one_is_not(place: Place, item: Json) -> None:
    url = place.item(item["id"]) + "/versions"
    moved = place.get(f"{url}/1.0/content")
    assert moved.status_code == 302
    assert place.free("GET", moved.headers["Location"]).content == b"one"
    assert place.get(f"{url}/2.0/content").status_code == 400
    refused(place.get(f"{url}/9.0/content"), 404)


def test_an_earlier_one_becomes_current_as_a_new_one(place: Place, item: Json) -> None:
    url = place.item(item["id"]) + "/versions/1.0/restoreVersion"
    assert place.post(url).status_code == 204
    assert [one["size"] for one in listed(place, item)] == [3, 5, 3]
    assert place.read(item) == b"one"


def test_business_removes_an_earlier_one(business: Place) -> None:
    business.put("a", b"one")
    item = business.put("a", b"three")
    url = business.item(item["id"]) + "/versions"
    assert business.delete(f"{url}/1.0").status_code == 204
    assert business.delete(f"{url}/2.0").status_code == 400
    assert [one["id"] for one in listed(business, item)] == ["2.0"]


def test_personal_does_not(personal: Place) -> None:
    personal.put("a", b"one")
    item = personal.put("a", b"three")
    assert personal.delete(personal.item(item["id"]) + "/versions/1.0").status_code == 405


def test_a_new_time_is_a_new_version_on_business_only(place: Place, item: Json) -> None:
    place.emulated_only("reported by rclone, not documented")
    times = {"lastModifiedDateTime": "2020-01-02T03:04:05Z"}
    good(place.patch(place.item(item["id"]), {"fileSystemInfo": times}), 200)
    assert len(listed(place, item)) == (3 if place.business else 2)
