"""08: what is not there (errors.md)."""

from __future__ import annotations

from tests.graph.place import Place, inner, refused


def test_a_path_an_id_and_what_is_below_a_file_are_not_found(place: Place) -> None:
    item = place.put("a", b"x")
    missing = item["id"][:-4] + ("0000" if not item["id"].endswith("0000") else "1111")
    for path in (place.at("nothing"), place.at("no/folder"), place.at("a/b"), place.item(missing)):
        error = refused(place.get(path), 404, "itemNotFound")
        assert inner(error)["request-id"]


def test_an_address_that_is_none_is_refused(place: Place) -> None:
    assert place.get("/me/drive/nonsense").status_code == 400
    assert place.get(f"{place.drive}/root:/:/children").status_code == 400
    assert place.get("/nonsense").status_code == 400


def test_a_method_that_an_address_does_not_have_is_refused(place: Place) -> None:
    assert place.delete(place.children).status_code == 405
