"""32: what others share (using-sharing-links.md, drive-sharedwithme; #1902)."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from tests.graph.place import Json, Place, good, refused


@pytest.fixture
def shared(place: Place) -> Json:
    """The first folder that is shared with this account."""
    place.emulated_only("a real account need not have any")
    value = good(place.get("/me/drive/sharedWithMe"), 200)["value"]
    return next(one for one in value if "folder" in one["remoteItem"])


def there(shared: Json) -> str:
    remote = shared["remoteItem"]
    drive = quote(remote["parentReference"]["driveId"], safe="")
    return f"/drives/{drive}/items/{quote(remote['id'], safe='')}"


def test_children_are_those_of_the_remote_id(place: Place, shared: Json) -> None:
    assert place.get(place.item(shared["id"]) + "/children").status_code in (400, 404)
    (file,) = good(place.get(there(shared) + "/children"), 200)["value"]
    assert file["name"] == "tides.csv"
    assert good(place.get(there(shared) + ":/tides.csv"), 200)["id"] == file["id"]


def test_the_rest_of_their_drive_is_not_shown(place: Place, shared: Json) -> None:
    drive = there(shared).split("/items/")[0]
    refused(place.get(f"{drive}/root/children"), 403, "accessDenied")
    refused(place.get(f"{drive}/root:/diary.txt"), 403, "accessDenied")


def test_other_drives_need_a_scope_for_all(place: Place, shared: Json) -> None:
    token = place.server.issue_token(scopes=("Files.ReadWrite", "User.Read"))
    good(place.get("/me/drive/root", token=token), 200)
    refused(place.get(there(shared), token=token), 403, "accessDenied")


def test_a_scope_for_reading_does_not_write(place: Place) -> None:
    token = place.server.issue_token(scopes=("Files.Read.All",))
    refused(place.post(place.children, {"name": "a", "folder": {}}, token=token), 403)


def test_personal_ids_come_in_another_spelling(personal: Place) -> None:
    (shared,) = good(personal.get("/me/drive/sharedWithMe"), 200)["value"]
    shown = shared["remoteItem"]["parentReference"]["driveId"]
    real = good(personal.get(f"/drives/{shown}/items/{shared['remoteItem']['id']}"), 200)
    own = real["parentReference"]["driveId"]
    assert own != shown
    assert own.lower().rjust(16, "0") == shown.lower().rjust(16, "0")


def test_a_shortcut_is_shown_to_those_who_know_it(place: Place) -> None:
    place.emulated_only("a real account need not have one")
    for headers, seen in (
        ({}, place.business),
        ({"Prefer": "Include-Feature=AddToOneDrive"}, True),
    ):
        value = good(place.get(f"{place.drive}/root/children", headers=headers), 200)["value"]
        found = [one for one in value if "remoteItem" in one]
        assert bool(found) == seen
    assert place.get(place.item(found[0]["id"]) + "/children").status_code == 400
