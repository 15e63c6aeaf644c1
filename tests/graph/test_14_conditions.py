"""14: If-Match and If-None-Match (driveitem-update, -delete, -get-content)."""

from __future__ import annotations

from tests.graph.place import Place, asking, good, refused


def test_a_stale_tag_changes_nothing(place: Place) -> None:
    old = place.put("a", b"one")
    item = place.put("a", b"two")
    stale = {"If-Match": old["eTag"]}
    refused(place.patch(place.item(item["id"]), {"name": "b"}, headers=stale), 412)
    refused(place.delete(place.item(item["id"]), headers=stale), 412)
    url = place.item(item["id"]) + "/createUploadSession"
    refused(place.post(url, asking("replace"), headers=stale), 412)
    assert place.names() == ["a"]
    assert place.read(item) == b"two"


def test_the_tag_that_is_there_lets_through_byte_for_byte(place: Place) -> None:
    item = place.put("a", b"one")
    good(
        place.patch(place.item(item["id"]), {"name": "b"}, headers={"If-Match": item["eTag"]}), 200
    )
    tag = good(place.get(place.item(item["id"])), 200)["eTag"]
    changed = {"If-Match": tag.strip('"') if place.business else tag.lower()}
    refused(place.delete(place.item(item["id"]), headers=changed), 412)
    assert place.delete(place.item(item["id"]), headers={"If-Match": tag}).status_code == 204


def test_a_current_tag_is_not_answered_again(place: Place) -> None:
    item = place.put("a", b"one")
    current = {"If-None-Match": item["eTag"]}
    assert place.get(place.item(item["id"]), headers=current).status_code == 304
    content = {"If-None-Match": item["cTag"]}
    assert place.get(place.item(item["id"]) + "/content", headers=content).status_code == 304
    place.put("a", b"two")
    assert good(place.get(place.item(item["id"]), headers=current), 200)["eTag"] != item["eTag"]
    assert place.get(place.item(item["id"]) + "/content", headers=content).status_code == 302


def test_a_session_for_a_file_that_must_not_be_there(place: Place) -> None:
    place.put("a", b"one")
    url = place.at("a") + ":/createUploadSession"
    refused(place.post(url, asking("replace"), headers={"If-None-Match": "*"}), 412)


def test_a_file_that_changed_during_a_session_is_not_replaced(place: Place) -> None:
    item = place.put("a", b"one")
    url = place.item(item["id"]) + "/createUploadSession"
    session = good(place.post(url, asking("replace"), headers={"If-Match": item["eTag"]}), 200)
    place.server.put(f"{place.folder['name']}/a", b"two")
    refused(place.fragment(session, 0, b"three", 5), 412)
    assert place.read(item) == b"two"


def test_beginning_a_session_may_change_the_tag(place: Place) -> None:
    place.server.habits.sessions_change_etag = True
    item = place.put("a", b"one")
    url = place.item(item["id"]) + "/createUploadSession"
    session = good(place.post(url, asking("replace"), headers={"If-Match": item["eTag"]}), 200)
    refused(place.fragment(session, 0, b"three", 5), 412)
    assert place.fragment(session, 0, b"three", 5).status_code == 416
