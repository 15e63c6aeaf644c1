"""25: too many requests (throttling.md, SharePoint's; Q&A 648796)."""

from __future__ import annotations

from tests.graph.place import Place, good, inner, refused


def test_the_rate_is_held_until_the_time_is_up(place: Place) -> None:
    server = place.server
    server.limit_rate(3, 30)
    for _ in range(3):
        good(place.get("/me/drive"), 200)
    answer = place.get("/me/drive")
    error = refused(answer, 429, "activityLimitReached")
    assert inner(error)["code"] == "throttledRequest"
    assert answer.headers["Retry-After"] == "30"
    server.clock.advance(29)
    assert place.get("/me/drive").headers["Retry-After"] == "1"
    assert server.refused == 2
    server.clock.advance(1)
    good(place.get("/me/drive"), 200)


def test_it_can_be_asked_for_as_a_503_too(place: Place) -> None:
    place.server.throttle(600, status=503)
    answer = place.get("/me/drive")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "600")
    place.server.clock.advance(600)
    good(place.get("/me/drive"), 200)


def test_what_carries_its_own_permit_is_not_held(place: Place) -> None:
    session = place.begin("a")
    place.server.throttle(600)
    good(place.fragment(session, 0, b"abc", 3), 201)


def test_only_applications_are_told_what_is_left(business: Place) -> None:
    token = business.server.issue_token(app_only=True)
    business.server.limit_rate(5, 60)
    told = [business.get(business.drive, token=token).headers for _ in range(6)]
    assert [headers.get("RateLimit-Remaining") for headers in told] == [None] * 3 + ["1", "0", "0"]
    assert told[-1]["RateLimit-Reset"] == told[-1]["Retry-After"] == "60"
    business.server.clock.advance(60)
    business.server.limit_rate(1, 60)
    for _ in range(2):
        assert "RateLimit-Limit" not in business.get("/me/drive").headers
