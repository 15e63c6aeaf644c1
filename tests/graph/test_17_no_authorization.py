"""17: URLs that carry their own permit take no other (driveitem-createuploadsession, remarks)."""

from __future__ import annotations

from tests.graph.place import Place, good, refused


def test_an_upload_url_refuses_authorization(place: Place) -> None:
    session = place.begin("a")
    token = {"Authorization": f"Bearer {place.token}"}
    refused(place.fragment(session, 0, b"abc", 3, **token), 401)
    refused(place.get(session["uploadUrl"]), 401)
    good(place.fragment(session, 0, b"abc", 3), 201)


def test_a_download_url_refuses_authorization(place: Place) -> None:
    item = place.put("a", b"abc")
    url = place.get(place.item(item["id"]) + "/content").headers["Location"]
    assert place.get(url).status_code == 401
    assert place.free("GET", url).content == b"abc"


def test_a_monitor_refuses_authorization(place: Place) -> None:
    item = place.put("a", b"abc")
    body = {"name": "b"}
    url = place.post(place.item(item["id"]) + "/copy", body).headers["Location"]
    assert place.get(url).status_code == 401
    assert place.free("GET", url).status_code in (200, 202, 303)


def test_graph_itself_takes_no_permit_of_a_url(place: Place) -> None:
    item = place.put("a", b"abc")
    refused(place.free("GET", place.item(item["id"])), 401, "InvalidAuthenticationToken")


def test_a_url_that_is_written_anew_no_longer_fits(place: Place) -> None:
    item = place.put("a", b"abc")
    url = place.get(place.item(item["id"]) + "/content").headers["Location"]
    assert place.free("GET", url + "&more=1").status_code in (400, 401, 403)
