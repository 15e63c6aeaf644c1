"""29: what has changed since (driveitem-delta)."""

from __future__ import annotations

from tests.graph.place import Json, Place, good, refused


def follow(place: Place, url: str) -> tuple[list[Json], str]:
    """All pages, and the link for the next time."""
    found: list[Json] = []
    while True:
        told = good(place.get(url), 200)
        found += told["value"]
        if "@odata.deltaLink" in told:
            return found, told["@odata.deltaLink"]
        url = told["@odata.nextLink"]


def test_all_then_nothing_then_what_has_changed(place: Place) -> None:
    place.put("a", b"x")
    everything, link = follow(place, f"{place.drive}/root/delta")
    assert {"root", "a", place.folder["name"]} <= {one.get("name") for one in everything}
    assert all("path" not in one["parentReference"] for one in everything)
    assert follow(place, link)[0] == []
    place.put("b", b"y")
    assert [one["name"] for one in follow(place, link)[0]] == ["b"]


def test_latest_begins_now(place: Place) -> None:
    place.put("a", b"x")
    found, link = follow(place, f"{place.drive}/root/delta?token=latest")
    assert found == []
    item = place.put("b", b"y")
    assert [one["id"] for one in follow(place, link)[0]] == [item["id"]]


def test_it_comes_in_pages(place: Place) -> None:
    for number in range(250):
        place.server.put(f"many/{number}", b"")
    assert len(follow(place, f"{place.drive}/root/delta")[0]) > 250
    assert "@odata.nextLink" in good(place.get(f"{place.drive}/root/delta"), 200)


def test_a_token_that_is_too_old_is_a_410_with_a_place_to_begin(place: Place) -> None:
    _, link = follow(place, f"{place.drive}/root/delta")
    place.server.expire_delta_tokens()
    answer = place.get(link)
    refused(answer, 410, "resyncRequired", "resyncChangesApplyDifferences")
    found, link = follow(place, answer.headers["Location"])
    assert "root" in {one.get("name") for one in found}
    good(place.get(link), 200)


def test_business_leaves_out_tags_and_the_names_of_deleted_ones(business: Place) -> None:
    item = business.put("a", b"x")
    found, link = follow(business, f"{business.drive}/root/delta")
    assert all("cTag" not in one for one in found)
    business.delete(business.item(item["id"]))
    (gone,) = follow(business, link)[0]
    assert "name" not in gone
    assert business.get(business.item(business.folder["id"]) + "/delta").status_code == 400


def test_personal_leaves_out_the_size_of_deleted_ones(personal: Place) -> None:
    item = personal.put("a", b"x")
    _, link = follow(personal, f"{personal.drive}/root/delta")
    personal.delete(personal.item(item["id"]))
    (gone,) = follow(personal, link)[0]
    assert (gone["name"], "size" in gone) == ("a", False)


def test_a_time_is_a_token_on_business_only(place: Place) -> None:
    place.server.clock.advance(60)
    place.put("a", b"x")
    answer = place.get(f"{place.drive}/root/delta?token=2026-01-05T09:31:00Z")
    if place.business:
        assert [one["name"] for one in good(answer, 200)["value"]] == ["a"]
    else:
        refused(answer, 400)
