"""36: signing in with the browser (v2-oauth2-auth-code-flow; response_mode: msal #868)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.graph.login import (
    REDIRECT,
    SCOPE,
    VERIFIER,
    authorize,
    fields,
    payload,
    redeem,
)
from tests.graph.place import Place, good


def test_the_page_posts_the_code_and_it_is_good_once(place: Place) -> None:
    sent = fields(authorize(place.server))
    assert (sent["action"], sent["state"]) == (REDIRECT, "my state")
    told = good(redeem(place.server, sent["code"]), 200)
    assert payload(told["id_token"])["nonce"] == "my-nonce"
    assert set(SCOPE.split()) - {"offline_access"} <= set(told["scope"].split())
    good(place.get("/me/drive", token=told["access_token"]), 200)
    assert redeem(place.server, sent["code"]).json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    "change", [{"code_verifier": VERIFIER + "x"}, {"redirect_uri": "http://localhost:1"}]
)
def test_a_wrong_verifier_or_address_gets_no_token(place: Place, change: dict[str, str]) -> None:
    code = fields(authorize(place.server))["code"]
    answer = redeem(place.server, code, **change)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


def test_a_code_expires(place: Place) -> None:
    code = fields(authorize(place.server))["code"]
    place.server.clock.advance(600)
    assert redeem(place.server, code).json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    "change",
    [
        {"code_challenge": ""},
        {"code_challenge_method": "plain"},
        {"redirect_uri": "https://evil.example/"},
        {"redirect_uri": "http://localhost.evil.example/"},
        {"response_type": "token"},
        {"client_id": ""},
    ],
    ids=str,
)
def test_what_is_not_asked_for_rightly_is_refused(place: Place, change: dict[str, str]) -> None:
    assert authorize(place.server, **change).status_code == 400


def test_the_person_may_decline(place: Place) -> None:
    place.server.login.declines = True
    assert fields(authorize(place.server))["error"] == "access_denied"


def test_the_answer_goes_into_the_address_when_asked_for_so(place: Place) -> None:
    answer = authorize(place.server, response_mode="query")
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(f"{REDIRECT}?state=my+state&code=")


def test_another_nonce_is_sent_when_asked_for(place: Place) -> None:
    place.server.login.wrong_nonce = True
    told: dict[str, Any] = redeem(place.server, fields(authorize(place.server))["code"]).json()
    assert payload(told["id_token"])["nonce"] != "my-nonce"
