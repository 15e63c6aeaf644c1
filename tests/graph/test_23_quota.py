"""23: more than there is room for (createuploadsession, errors.md; hassio-onedrive-backup #140)."""

from __future__ import annotations

from tests.graph.place import Place, asking, good, refused


def test_a_session_for_too_much_does_not_begin(place: Place) -> None:
    left = good(place.get("/me/drive"), 200)["quota"]["remaining"]
    url = place.at("a") + ":/createUploadSession"
    answer = place.post(url, asking("fail", fileSize=left + 1))
    refused(answer, 507)
    assert "uploadUrl" not in answer.json()


def test_nor_does_the_service_keep_it(place: Place) -> None:
    place.server.set_quota(100)
    url = place.at("a") + ":/createUploadSession"
    refused(place.post(url, asking("fail", fileSize=101)), 507)
    assert place.server.open_sessions == 0
    good(place.post(url, asking("fail", fileSize=100)), 200)
    assert place.server.open_sessions == 1


def test_content_that_is_too_much_is_not_stored(place: Place) -> None:
    place.server.set_quota(100)
    refused(place.upload("a", bytes(101)), 507, "quotaLimitReached")
    session = place.begin("a")
    refused(place.fragment(session, 0, bytes(101), 101), 507, "quotaLimitReached")
    assert place.names() == []


def test_earlier_versions_take_room_on_business_only(place: Place) -> None:
    place.server.set_quota(100)
    place.put("a", bytes(60))
    assert place.upload("a", bytes(60)).status_code == (507 if place.business else 200)


def test_a_quota_may_not_be_told(place: Place) -> None:
    place.server.habits.quota = "absent"
    assert "quota" not in good(place.get("/me/drive"), 200)
    place.server.habits.quota = "negative"
    assert good(place.get("/me/drive"), 200)["quota"]["remaining"] < 0
    good(place.upload("a", b"still stored"), 201)
