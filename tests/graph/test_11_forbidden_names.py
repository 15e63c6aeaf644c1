"""11: names that are refused (onedrive-addressing-driveitems; skilion #484, dtinit #924)."""

from __future__ import annotations

import pytest

from tests.graph.place import CONFLICT, Place, inner, refused

NAMES = ["a:b", 'a"b', "a|b", "a*", "a?", "<a>", "a\\b", "x.", " x", "x ", "CON", "con", "LPT1"]
NAMES += [".lock", "desktop.ini", "a_vti_b", "~$a", "new\nline", ""]


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_a_folder_is_not_made_nor_an_item_renamed_to_it(place: Place, name: str) -> None:
    item = place.put("plain", b"x")
    body = {"name": name, "folder": {}, CONFLICT: "fail"}
    refused(place.post(place.children, body), 400, "invalidRequest")
    refused(place.patch(place.item(item["id"]), {"name": name}), 400, "invalidRequest")
    assert place.names() == ["plain"]


@pytest.mark.parametrize("name", ["a:b", "x.", "CON"])
def test_nor_is_anything_uploaded_to_it(place: Place, name: str) -> None:
    error = refused(place.upload(name, b"x"), 400, "invalidRequest")
    assert inner(error)["code"] == "nameContainsInvalidCharacters"
    assert place.post(place.at(name) + ":/createUploadSession", {}).status_code == 400
    assert place.names() == []


def test_a_path_of_400_characters_is_too_long(place: Place) -> None:
    place.make_folder("a" * 200)
    error = refused(place.upload("a" * 200 + "/" + "b" * 200, b"x"), 400, "invalidRequest")
    assert inner(error)["code"] == "pathIsTooLong"


def test_one_character_less_is_not(place: Place) -> None:
    place.emulated_only("the real limit may be another by a few")
    left = 400 - len(place.folder["name"]) - len("/")
    assert place.upload("a" * left, b"x").status_code == 400
    assert place.upload("a" * (left - 1), b"x").status_code == 201


def test_forms_is_reserved_in_libraries(business: Place) -> None:
    body = {"name": "Forms", "folder": {}, CONFLICT: "fail"}
    refused(business.post(business.children, body), 400)


def test_a_missing_folder_on_the_way_is_checked_too(place: Place) -> None:
    refused(place.upload("bad./x", b"x"), 400)
    assert place.names() == []
