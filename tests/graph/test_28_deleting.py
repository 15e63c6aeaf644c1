"""28: to the recycle bin (driveitem-delete, driveitem-delta)."""

from __future__ import annotations

from tests.graph.place import Place, good, refused


def test_what_is_deleted_is_gone_and_delta_says_so(place: Place) -> None:
    item = place.put("a", b"x")
    link = good(place.get(f"{place.drive}/root/delta?token=latest"), 200)["@odata.deltaLink"]
    assert place.delete(place.item(item["id"])).status_code == 204
    refused(place.get(place.item(item["id"])), 404, "itemNotFound")
    refused(place.delete(place.item(item["id"])), 404, "itemNotFound")
    changed = {one["id"]: one for one in good(place.get(link), 200)["value"]}
    assert changed[item["id"]]["deleted"] is not None


def test_a_folder_goes_with_all_in_it(place: Place) -> None:
    folder = place.make_folder("a")
    item = place.put("a/b", b"x")
    assert place.delete(place.item(folder["id"])).status_code == 204
    refused(place.get(place.item(item["id"])), 404)


def test_it_is_in_the_recycle_bin(place: Place) -> None:
    item = place.put("a", b"xyz")
    place.delete(place.item(item["id"]))
    assert place.server.recycled == ["a"]
    assert good(place.get("/me/drive"), 200)["quota"]["deleted"] == 3


def test_business_can_delete_for_good(business: Place) -> None:
    item = business.put("a", b"x")
    assert business.post(business.item(item["id"]) + "/permanentDelete").status_code == 204
    assert business.names() == []
    assert business.server.recycled == []


def test_personal_says_that_it_cannot(personal: Place) -> None:
    personal.emulated_only("it is said that the real one can")
    item = personal.put("a", b"x")
    refused(personal.post(personal.item(item["id"]) + "/permanentDelete"), 400)
    assert personal.names() == ["a"]
