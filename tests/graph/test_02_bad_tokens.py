"""02: no token, a garbled one, an expired one (errors.md; tdi #24, diyfile #1)."""

from __future__ import annotations

import pytest

from tests.graph.place import Place, inner, refused


@pytest.mark.parametrize("token", [None, "garbled"])
def test_a_request_without_a_good_token_is_challenged(place: Place, token: str | None) -> None:
    answer = place.get("/me/drive", token=token, headers={"client-request-id": "my-own-id"})
    error = refused(answer, 401, "InvalidAuthenticationToken")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
    assert {"date", "request-id", "client-request-id"} <= inner(error).keys()
    assert answer.headers["client-request-id"] == "my-own-id"


def test_an_expired_token_is_challenged(place: Place) -> None:
    short = place.server.issue_token(seconds=60)
    assert place.get("/me/drive", token=short).status_code == 200
    place.server.clock.advance(60)
    refused(place.get("/me/drive", token=short), 401, "InvalidAuthenticationToken")


def test_a_scheme_that_is_not_bearer_is_refused(place: Place) -> None:
    answer = place.get("/me/drive", token=None, headers={"Authorization": f"Basic {place.token}"})
    refused(answer, 401, "InvalidAuthenticationToken")
