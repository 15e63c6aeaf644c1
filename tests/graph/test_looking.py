"""Who one is, and other ways to look at the same thing (drive-get, driveitem-get)."""

from __future__ import annotations

from tests.graph.place import Place, good


def test_me_has_a_name_and_an_address(place: Place) -> None:
    me = good(place.get("/me"), 200)
    assert me["id"]
    assert me["userPrincipalName"]


def test_a_drive_is_reached_by_its_user(business: Place) -> None:
    me = good(business.get("/me"), 200)
    mine = good(business.get("/me/drive"), 200)["id"]
    assert good(business.get(f"/users/{me['id']}/drive"), 200)["id"] == mine
    assert mine in [
        one["id"] for one in good(business.get(f"/users/{me['id']}/drives"), 200)["value"]
    ]


def test_children_come_with_the_folder_when_asked_for(place: Place) -> None:
    place.put("a", b"x")
    told = good(place.get(place.item(place.folder["id"]) + "?$expand=children"), 200)
    assert [one["name"] for one in told["children"]] == ["a"]
    assert told["folder"]["childCount"] == 1


def test_the_root_is_marked_and_is_nowhere(place: Place) -> None:
    root = good(place.get(f"{place.drive}/root"), 200)
    assert root["root"] == {}
    assert "path" not in root["parentReference"]
    assert good(place.get(place.item(root["id"])), 200)["id"] == root["id"]


def test_a_folder_has_a_ctag_on_personal_only(place: Place) -> None:
    assert ("cTag" in place.folder) != place.business


def test_special_folders_have_a_short_name(place: Place) -> None:
    place.emulated_only("a real account may call it otherwise")
    documents = good(place.get("/me/drive/special/documents"), 200)
    assert documents["name"] == "Documents"
    assert place.get("/me/drive/special/music").status_code == 404


def test_a_description_is_kept(place: Place) -> None:
    url = place.item(place.put("a", b"x")["id"])
    good(place.patch(url, {"description": "of a file"}), 200)
    assert good(place.get(url), 200)["description"] == "of a file"


def test_a_search_of_the_drive_is_one_of_its_root(place: Place) -> None:
    place.server.put("Needle.txt", b"x")
    for path in ("/me/drive/search(q='needle')", f"{place.drive}/root/search(q='NEEDLE')"):
        assert [one["name"] for one in good(place.get(path), 200)["value"]] == ["Needle.txt"]


def test_my_own_drive_may_be_missing_among_my_drives(place: Place) -> None:
    place.server.habits.omit_own_drive = True
    assert good(place.get("/me/drives"), 200)["value"] == []


def test_a_quota_may_be_all_zeros_or_nearly_used_up(place: Place) -> None:
    place.put("a", bytes(996))
    place.server.set_quota(1000)
    assert good(place.get("/me/drive"), 200)["quota"]["state"] == "critical"
    place.server.habits.quota = "zero"
    assert good(place.get("/me/drive"), 200)["quota"]["total"] == 0
