"""22: the name is taken while the fragments are sent (driveitem-createuploadsession, errors)."""

from __future__ import annotations

import pytest

from tests.graph.place import CONFLICT, Json, Place, good, refused

SOURCE = "@microsoft.graph.sourceUrl"


@pytest.fixture
def taken(place: Place) -> Json:
    """A session whose last fragment was refused."""
    session = place.begin("a.txt")
    place.put("a.txt", b"theirs")
    refused(place.fragment(session, 0, b"mine", 4), 409, "nameAlreadyExists")
    return session


def commit(place: Place, session: Json, conflict: str) -> Json:
    body = {"name": "a.txt", CONFLICT: conflict, SOURCE: session["uploadUrl"]}
    path = f"{place.drive}/root:/{place.folder['name']}"
    return good(place.ask("PUT", path, json=body), 201, 200)


def test_the_session_lives_on_and_ends_under_another_name(place: Place, taken: Json) -> None:
    item = commit(place, taken, "rename")
    assert item["name"] == "a 1.txt"
    assert place.read(item) == b"mine"
    assert place.names() == ["a 1.txt", "a.txt"]


def test_or_over_what_is_there(place: Place, taken: Json) -> None:
    assert place.read(commit(place, taken, "replace")) == b"mine"


def test_or_is_cancelled(place: Place, taken: Json) -> None:
    assert place.free("DELETE", taken["uploadUrl"]).status_code == 204
    assert place.names() == ["a.txt"]


def test_no_other_url_is_a_source(place: Place) -> None:
    body = {"name": "x", CONFLICT: "rename", SOURCE: "https://example.org/file"}
    path = f"{place.drive}/root:/{place.folder['name']}"
    assert place.ask("PUT", path, json=body).status_code == 400


def test_what_has_not_arrived_is_not_committed(place: Place) -> None:
    session = place.begin("a.txt")
    body = {"name": "a.txt", CONFLICT: "rename", SOURCE: session["uploadUrl"]}
    path = f"{place.drive}/root:/{place.folder['name']}"
    refused(place.ask("PUT", path, json=body), 400)
    assert place.names() == []
