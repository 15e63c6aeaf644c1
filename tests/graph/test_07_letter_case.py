"""07: names are found in any letter case and keep their own (case-sensitivity.md)."""

from __future__ import annotations

from tests.graph.place import Place, good, refused


def test_a_path_in_another_case_leads_to_the_same_item(place: Place) -> None:
    place.make_folder("Folder-A")
    item = place.put("Folder-A/Foo.txt", b"x")
    found = good(place.get(place.at("folder-a/foo.TXT")), 200)
    assert (found["id"], found["name"]) == (item["id"], "Foo.txt")


def test_ids_and_relations_have_one_case(place: Place) -> None:
    item = place.put("a", b"x")
    assert place.get(place.item(item["id"].swapcase())).status_code in (400, 404)
    refused(place.get(place.item(place.folder["id"]) + "/CHILDREN"), 400)


def test_replacing_keeps_the_spelling_that_is_stored(place: Place) -> None:
    place.put("Foo.txt", b"x")
    place.put("FOO.TXT", b"y")
    assert place.names() == ["Foo.txt"]


def test_unicode_forms_are_different_names(place: Place) -> None:
    place.put("nfc \u00e9", b"x")
    place.put("nfd e\u0301", b"y")
    assert len(place.names()) == 2
