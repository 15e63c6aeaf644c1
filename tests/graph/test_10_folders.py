"""10: a folder where one of that name is (driveitem-post-children; #1702, contrib #8098)."""

from __future__ import annotations

import pytest

from tests.graph.place import CONFLICT, Json, Place, good, observed, refused


def body(conflict: str) -> Json:
    return {"name": "new folder", "folder": {}, CONFLICT: conflict}


@pytest.fixture
def there(place: Place) -> Json:
    return place.make_folder("New Folder")


def test_fail_is_a_409(place: Place, there: Json) -> None:
    refused(place.post(place.children, body("fail")), 409, "nameAlreadyExists")
    assert place.names() == ["New Folder"]


def test_rename_adds_a_number(place: Place, there: Json) -> None:
    made = good(place.post(place.children, body("rename")), 201)
    assert made["name"] == "new folder 1"
    assert made["id"] != there["id"]


@observed
def test_replace_gives_the_one_that_is_there(place: Place, there: Json) -> None:
    assert good(place.post(place.children, body("replace")), 200)["id"] == there["id"]


def test_replace_does_not_replace_a_file(place: Place) -> None:
    place.put("new folder", b"x")
    refused(place.post(place.children, body("replace")), 409, "nameAlreadyExists")


def test_another_word_is_refused(place: Place) -> None:
    refused(place.post(place.children, body("perhaps")), 400)
    assert place.names() == []


def test_what_is_no_folder_has_no_children(place: Place) -> None:
    item = place.put("a", b"x")
    assert place.post(place.item(item["id"]) + "/children", body("fail")).status_code == 400
