"""21: sessions that were ended, and that ended (createuploadsession; #1073, abraunegg #3355)."""

from __future__ import annotations

from tests.graph.place import MULTIPLE, Place, good, refused


def test_a_cancelled_session_is_gone(place: Place) -> None:
    session = place.begin("a")
    good(place.fragment(session, 0, bytes(MULTIPLE), 2 * MULTIPLE), 202)
    assert place.free("DELETE", session["uploadUrl"]).status_code == 204
    refused(place.fragment(session, MULTIPLE, bytes(MULTIPLE), 2 * MULTIPLE), 404, "itemNotFound")
    refused(place.free("GET", session["uploadUrl"]), 404, "itemNotFound")
    assert place.names() == []


def test_a_session_ends_by_itself(place: Place) -> None:
    session = place.begin("a")
    place.server.clock.advance(15 * 60 if place.business else 7 * 86_400)
    refused(place.free("GET", session["uploadUrl"]), 404, "itemNotFound")


def test_its_permit_may_end_before(business: Place) -> None:
    session = business.begin("a")
    business.server.kill_sessions()
    answer = business.fragment(session, 0, b"abc", 3)
    refused(answer, 401, "unauthenticated", "expiredToken")


def test_its_permit_ends_after_a_day_however_often_it_is_used(business: Place) -> None:
    session = business.begin("a")
    total = 200 * MULTIPLE
    for number in range(103):
        good(business.fragment(session, number * MULTIPLE, bytes(MULTIPLE), total), 202)
        business.server.clock.advance(14 * 60)
    refused(business.free("GET", session["uploadUrl"]), 401, "unauthenticated", "expiredToken")


def test_sessions_are_gone_when_told_so(place: Place) -> None:
    session = place.begin("a")
    place.server.expire_sessions()
    refused(place.fragment(session, 0, b"abc", 3), 404, "itemNotFound", "uploadSessionNotFound")


def test_unfinished_ones_are_counted(place: Place) -> None:
    session, other = place.begin("a"), place.begin("b")
    assert place.server.open_sessions == 2
    good(place.fragment(session, 0, b"abc", 3), 201)
    place.free("DELETE", other["uploadUrl"])
    assert place.server.open_sessions == 0
