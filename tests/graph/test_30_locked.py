"""30: somebody has it open (onedrive-api-docs #912)."""

from __future__ import annotations

from tests.graph.place import Place, asking, good, refused


def test_a_locked_item_is_only_read(place: Place) -> None:
    item = place.put("a", b"x")
    url = place.item(item["id"])
    path = f"{place.folder['name']}/a"
    place.server.lock(path)
    for answer in (
        place.patch(url, {"name": "b"}),
        place.delete(url),
        place.delete(place.item(place.folder["id"])),
        place.upload("a", b"y"),
        place.post(url + "/createUploadSession", asking("replace")),
    ):
        refused(answer, 423, "", "resourceLocked")
    assert place.read(item) == b"x"
    place.server.lock(path, locked=False)
    good(place.patch(url, {"name": "b"}), 200)
