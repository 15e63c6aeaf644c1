"""Requests that are wrong in themselves, and what is left as it was."""

from __future__ import annotations

import pytest
import requests

from tests.graph.place import CONFLICT, Place, asking, good, refused


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff"])
def test_a_body_that_is_no_json_object(place: Place, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    refused(place.ask("POST", place.children, data=body, headers=headers), 400, "invalidRequest")
    assert place.names() == []


def test_a_folder_without_a_name_or_with_two_kinds(place: Place) -> None:
    refused(place.post(place.children, {"folder": {}}), 400)
    refused(place.post(place.children, {"name": "a"}), 400)


def test_a_path_that_is_not_utf_8(place: Place) -> None:
    place.emulated_only("the real service was not asked")
    refused(place.get(f"{place.item(place.folder['id'])}:/%FF%FE"), 400)


def test_writing_where_there_is_nothing_to_write(place: Place) -> None:
    assert place.post("/me", {}).status_code in (400, 405)
    item = place.put("a", b"x")
    assert place.post(place.at("a/b") + ":/createUploadSession", asking("fail")).status_code == 400
    missing = {"parentReference": {"id": item["id"][:-2] + "zz"}}
    refused(place.patch(place.item(item["id"]), missing), 404)
    refused(place.patch(place.item(item["id"]), {"parentReference": "there"}), 400)
    refused(place.patch(place.item(item["id"]), {"parentReference": {"id": item["id"]}}), 400)
    assert place.names() == ["a"]


def test_what_a_pre_authenticated_url_does_not_do(place: Place) -> None:
    item = place.put("a", b"x")
    assert place.free("PUT", item["@microsoft.graph.downloadUrl"], data=b"y").status_code == 405
    session = place.begin("b")
    assert place.free("POST", session["uploadUrl"]).status_code in (400, 405)
    assert place.free("PATCH", session["uploadUrl"]).status_code == 405
    assert place.free("GET", f"{place.server.cdn_base}/upload/made-up").status_code == 404
    assert place.free("GET", f"{place.server.cdn_base}/download/made-up").status_code == 401


def test_a_download_of_what_was_deleted(place: Place) -> None:
    item = place.put("a", b"x")
    place.delete(place.item(item["id"]))
    assert place.free("GET", item["@microsoft.graph.downloadUrl"]).status_code == 404


def test_a_session_into_a_folder_that_was_deleted(place: Place) -> None:
    folder = place.make_folder("a")
    session = place.begin("a/b")
    place.delete(place.item(folder["id"]))
    refused(place.fragment(session, 0, b"x", 1), 404)


def test_a_session_over_a_folder(place: Place) -> None:
    folder = place.make_folder("a")
    url = place.item(folder["id"]) + "/createUploadSession"
    refused(place.post(url, asking("replace")), 409, "nameAlreadyExists")
    url = f"{place.drive}/root/createUploadSession"
    refused(place.post(url, asking("replace")), 409)


def test_a_session_that_is_not_complete_is_not_committed(place: Place) -> None:
    session = place.begin("a")
    source = {"name": "a", CONFLICT: "rename", "@microsoft.graph.sourceUrl": session["uploadUrl"]}
    refused(place.ask("PUT", place.item(place.folder["id"]), json=source), 400)
    assert place.names() == []


def test_copies_to_nowhere(place: Place) -> None:
    item = place.put("a", b"x")
    url = place.item(item["id"]) + "/copy"
    for reference in ({"driveId": "b!nothing"}, {"id": "nothing"}, {"id": item["id"]}):
        refused(place.post(url, {"parentReference": reference}), 404)


def test_a_copy_whose_source_or_name_is_gone_by_then_fails(place: Place) -> None:
    place.server.habits.copy_seconds = 10
    item = place.put("a", b"x")
    urls = [
        place.post(place.item(item["id"]) + "/copy", {"name": name}).headers["Location"]
        for name in ("b", "c")
    ]
    place.put("b", b"theirs")
    place.server.clock.advance(10)
    told = good(place.free("GET", urls[0]), 200)
    assert (told["status"], told["errorCode"]) == ("failed", "nameAlreadyExists")
    assert good(place.free("GET", urls[1]), 200, 202)["status"] == "completed"
    place.delete(place.item(item["id"]))
    refused(place.post(place.item(item["id"]) + "/copy", {"name": "d"}), 404)


def test_links_with_a_password_on_business(business: Place) -> None:
    business.emulated_only("nothing of a real account is shared by a test")
    item = business.put("a", b"x")
    body = {"type": "view", "scope": "anonymous", "password": "x"}
    refused(business.post(business.item(item["id"]) + "/createLink", body), 400)
    refused(business.get("/shares/u!%FF/driveItem"), 400)


def test_an_application_needs_its_scope_and_login_knows_few_pages(business: Place) -> None:
    server = business.server
    form = {"client_id": server.client_id, "client_secret": server.client_secret}
    form |= {"grant_type": "client_credentials", "scope": "User.Read"}
    url = f"{server.login_base}/{server.tenant}/oauth2/v2.0"
    assert requests.post(f"{url}/token", data=form, timeout=30).json()["error"] == "invalid_scope"
    assert requests.get(f"{url}/nothing", timeout=30).status_code == 404


def test_sites_are_searched_with_a_text(business: Place) -> None:
    refused(business.get("/sites"), 400)
    refused(business.get("/groups/nobody/drives"), 404)
    refused(business.get("/users/nobody/drive"), 404)
