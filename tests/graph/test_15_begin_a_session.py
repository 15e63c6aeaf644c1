"""15: an upload session begins (driveitem-createuploadsession)."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlsplit

from tests.graph.place import Place, asking, good, refused


def test_it_has_a_url_elsewhere_and_nothing_is_to_be_seen(place: Place) -> None:
    session = place.begin("big.iso", fileSize=1000)
    assert urlsplit(session["uploadUrl"]).netloc != urlsplit(place.base).netloc
    assert session["nextExpectedRanges"] == ["0-"]
    assert place.names() == []
    refused(place.get(place.at("big.iso")), 404)
    assert datetime.fromisoformat(session["expirationDateTime"]).tzinfo is not None


def test_it_ends_in_the_future(place: Place) -> None:
    ends = datetime.fromisoformat(place.begin("a")["expirationDateTime"])
    ahead = (ends - place.server.clock.now()).total_seconds()
    assert ahead == (15 * 60 if place.business else 7 * 86_400)


def test_the_name_must_be_that_of_the_url(place: Place) -> None:
    url = place.at("a") + ":/createUploadSession"
    refused(place.post(url, asking("fail", name="b")), 400)
    good(place.post(url, asking("fail", name="a")), 200)


def test_a_name_that_is_taken_is_refused_with_fail_only(place: Place) -> None:
    place.put("a", b"x")
    url = place.at("A") + ":/createUploadSession"
    refused(place.post(url, asking("fail")), 409, "nameAlreadyExists")
    refused(place.post(url, {}), 409, "nameAlreadyExists")
    good(place.post(url, asking("replace")), 200)
    good(place.post(url, asking("rename")), 200)


def test_folders_are_not_made_on_the_way(place: Place) -> None:
    place.emulated_only("the real service may make them: nobody is to rely on either")
    refused(place.post(place.at("x/y") + ":/createUploadSession", asking("fail")), 404)
