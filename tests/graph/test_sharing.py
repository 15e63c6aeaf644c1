"""Sharing links (driveitem-createlink, using-sharing-links.md)."""

from __future__ import annotations

import base64

import pytest

from tests.graph.place import Json, Place, good, refused


@pytest.fixture
def item(place: Place) -> Json:
    place.emulated_only("nothing of a real account is shared by a test")
    return place.put("a", b"x")


def create(place: Place, item: Json, *statuses: int, **body: str) -> Json:
    return good(place.post(place.item(item["id"]) + "/createLink", body), *statuses)


def test_a_link_is_made_once_listed_followed_and_removed(place: Place, item: Json) -> None:
    made = create(place, item, 201, type="view", scope="anonymous")
    assert (made["roles"], made["link"]["type"]) == (["read"], "view")
    assert create(place, item, 200, type="view", scope="anonymous")["id"] == made["id"]
    edit = create(place, item, 201, type="edit", scope="anonymous")
    url = place.item(item["id"])
    assert good(place.get(url), 200)["shared"] == {"scope": "anonymous"}
    share = base64.urlsafe_b64encode(made["link"]["webUrl"].encode()).decode().rstrip("=")
    assert good(place.get(f"/shares/u!{share}/driveItem"), 200)["id"] == item["id"]
    assert place.delete(f"{url}/permissions/{made['id']}").status_code == 204
    left = good(place.get(f"{url}/permissions"), 200)["value"]
    assert [one["id"] for one in left] == [edit["id"]]
    refused(place.get(f"/shares/u!{share}/driveItem"), 404)
    refused(place.delete(f"{url}/permissions/{made['id']}"), 404)


def test_kinds_of_accounts_differ(place: Place, item: Json) -> None:
    organization = {"type": "view", "scope": "organization"}
    embed = {"type": "embed", "scope": "anonymous"}
    good_one, bad_one = (organization, embed) if place.business else (embed, organization)
    create(place, item, 201, **good_one)
    refused(place.post(place.item(item["id"]) + "/createLink", bad_one), 400)


def test_an_administrator_may_forbid_links_for_anyone(place: Place, item: Json) -> None:
    place.server.habits.anonymous_links = False
    body = {"type": "view", "scope": "anonymous"}
    refused(place.post(place.item(item["id"]) + "/createLink", body), 403, "accessDenied")
