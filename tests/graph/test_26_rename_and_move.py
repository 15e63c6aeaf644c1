"""26: another name, another folder (driveitem-update, -move; onedrive-api-docs #1383, #820)."""

from __future__ import annotations

from tests.graph.place import CONFLICT, Place, good, observed, refused


def test_the_id_stays_and_the_tag_changes(place: Place) -> None:
    target = place.make_folder("target")
    item = place.put("a", b"x")
    url = place.item(item["id"])
    renamed = good(place.patch(url, {"name": "b"}), 200)
    assert (renamed["id"], renamed["name"]) == (item["id"], "b")
    assert renamed["eTag"] != item["eTag"]
    moved = good(place.patch(url, {"parentReference": {"id": target["id"]}, "name": "c"}), 200)
    assert moved["parentReference"]["id"] == target["id"]
    assert place.names() == ["target"]
    assert good(place.get(place.at("target/c")), 200)["id"] == item["id"]


@observed
def test_the_ctag_changes_on_business_only(place: Place) -> None:
    item = place.put("a", b"x")
    renamed = good(place.patch(place.item(item["id"]), {"name": "b"}), 200)
    assert (renamed["cTag"] != item["cTag"]) == place.business


def test_a_name_that_is_taken_is_a_409(place: Place) -> None:
    item, other = place.put("a", b"x"), place.put("b", b"y")
    refused(place.patch(place.item(item["id"]), {"name": "B"}), 409, "nameAlreadyExists")
    assert place.read(other) == b"y"


@observed
def test_replace_works_for_files_only(place: Place) -> None:
    item = place.put("a", b"x")
    place.put("b", b"y")
    good(place.patch(place.item(item["id"]), {"name": "b", CONFLICT: "replace"}), 200)
    assert place.names() == ["b"]
    assert place.read(item) == b"x"
    place.make_folder("c")
    refused(place.patch(place.item(item["id"]), {"name": "c", CONFLICT: "replace"}), 409)


def test_only_the_letter_case_may_change(place: Place) -> None:
    item = place.put("a", b"x")
    assert good(place.patch(place.item(item["id"]), {"name": "A"}), 200)["name"] == "A"
    assert place.names() == ["A"]


def test_the_root_needs_its_real_id(place: Place) -> None:
    item = place.put("a", b"x")
    refused(place.patch(place.item(item["id"]), {"parentReference": {"id": "root"}}), 400)
    assert place.names() == ["a"]


def test_a_folder_does_not_go_into_itself(place: Place) -> None:
    folder = place.make_folder("a")
    inside = place.make_folder("b", folder["id"])
    answer = place.patch(place.item(folder["id"]), {"parentReference": {"id": inside["id"]}})
    assert answer.status_code in (400, 403)


def test_the_root_itself_stays(place: Place) -> None:
    place.emulated_only("nothing to try on a real drive")
    assert place.patch(f"{place.drive}/root", {"name": "other"}).status_code == 400
    assert place.delete(f"{place.drive}/root").status_code == 403


def test_times_are_set_in_whole_seconds(place: Place) -> None:
    item = place.put("a", b"x")
    times = {"lastModifiedDateTime": "2020-01-02T03:04:05.678Z"}
    told = good(place.patch(place.item(item["id"]), {"fileSystemInfo": times}), 200)
    assert told["fileSystemInfo"]["lastModifiedDateTime"].startswith("2020-01-02T03:04:05")
    refused(place.patch(place.item(item["id"]), {"fileSystemInfo": {"createdDateTime": "x"}}), 400)


def test_a_rename_resets_the_time_unless_it_is_sent_again(place: Place) -> None:
    url = place.item(place.put("a", b"x")["id"])
    old = {"lastModifiedDateTime": "2020-01-02T03:04:05Z"}
    place.patch(url, {"fileSystemInfo": old})
    place.server.clock.advance(60)
    told = good(place.patch(url, {"name": "b"}), 200)
    assert told["fileSystemInfo"]["lastModifiedDateTime"] == "2026-01-05T09:31:00Z"
    told = good(place.patch(url, {"name": "c", "fileSystemInfo": old}), 200)
    assert told["fileSystemInfo"]["lastModifiedDateTime"] == old["lastModifiedDateTime"]


def test_another_drive_is_out_of_reach(business: Place) -> None:
    site = good(business.get("/sites/root"), 200)
    other = good(business.get(f"/sites/{site['id']}/drive"), 200)
    item = business.put("a", b"x")
    body = {"parentReference": {"driveId": other["id"]}}
    assert business.patch(business.item(item["id"]), body).status_code in (400, 403)
