"""12: content in one request (driveitem-put-content, driveitem.md)."""

from __future__ import annotations

from tests.graph.hashes import quick_xor
from tests.graph.place import CONFLICT, Place, good, observed, refused


def test_new_then_replaced_then_refused(place: Place) -> None:
    first = good(place.upload("a.bin", b"one"), 201)
    assert (first["size"], first["file"]["hashes"]["quickXorHash"]) == (3, quick_xor(b"one"))
    second = good(place.upload("a.bin", b"three"), 200, 201)
    assert second["id"] == first["id"]
    assert second["eTag"] != first["eTag"]
    assert second["cTag"] != first["cTag"]
    refused(place.upload("A.BIN", b"two", **{CONFLICT: "fail"}), 409, "nameAlreadyExists")
    assert place.read(second) == b"three"


def test_rename_adds_a_number_before_the_extension(place: Place) -> None:
    place.put("a.tar.gz", b"one")
    assert (
        good(place.upload("a.tar.gz", b"two", **{CONFLICT: "rename"}), 201)["name"] == "a.tar 1.gz"
    )


def test_a_file_is_replaced_by_its_id(place: Place) -> None:
    item = place.put("a", b"one")
    kind = {"Content-Type": "text/plain"}
    url = place.item(item["id"]) + "/content"
    good(place.ask("PUT", url, data=b"two", headers=kind), 200)
    assert place.read(item) == b"two"


@observed
def test_a_folder_is_never_replaced(place: Place) -> None:
    place.make_folder("a")
    refused(place.upload("a", b"x", **{CONFLICT: "replace"}), 409, "nameAlreadyExists")


@observed
def test_folders_on_the_way_are_made(place: Place) -> None:
    good(place.upload("x/y/z.txt", b"deep"), 201)
    assert place.names() == ["x"]


def test_a_content_type_is_required(place: Place) -> None:
    place.emulated_only("the real service was not asked")
    assert place.ask("PUT", place.at("a") + ":/content", data=b"x").status_code == 400


@observed
def test_a_stale_tag_is_a_412(place: Place) -> None:
    old = place.put("a", b"one")["eTag"]
    place.put("a", b"two")
    headers = {"If-Match": old, "Content-Type": "text/plain"}
    answer = place.ask("PUT", place.at("a") + ":/content", data=b"three", headers=headers)
    refused(answer, 412)


def test_more_than_the_limit_is_refused(place: Place) -> None:
    place.server.habits.simple_put_limit = 4 << 20
    good(place.upload("a", bytes(4 << 20)), 201)
    refused(place.upload("b", bytes((4 << 20) + 1)), 400, "invalidRequest")
