"""03: a token that was revoked while it was good (claims-challenge, CAE)."""

from __future__ import annotations

import base64
import json
import re

import requests

from tests.graph.login import refresh, sign_in
from tests.graph.place import Json, Place, good, refused

CP1 = {"access_token": {"xms_cc": {"values": ["CP1"]}}}


def test_a_token_got_with_the_claims_of_the_challenge_is_good_again(place: Place) -> None:
    server = place.server
    told = sign_in(server, claims=json.dumps(CP1))
    assert place.get("/me/drive", token=told["access_token"]).status_code == 200
    server.revoke_tokens()
    answer = place.get("/me/drive", token=told["access_token"])
    refused(answer, 401, "InvalidAuthenticationToken")
    claims = _claims(answer)
    claims["access_token"] |= CP1["access_token"]
    renewed = refresh(server, told["refresh_token"], claims=json.dumps(claims))
    good(place.get("/me/drive", token=renewed["access_token"]), 200)


def test_a_token_renewed_without_the_claims_is_refused_again(place: Place) -> None:
    server = place.server
    told = sign_in(server, claims=json.dumps(CP1))
    server.revoke_tokens()
    renewed = refresh(server, told["refresh_token"], claims=json.dumps(CP1))
    answer = place.get("/me/drive", token=renewed["access_token"])
    assert _claims(answer)["access_token"]["nbf"]["essential"] is True


def test_nor_do_other_claims_than_those_of_the_challenge_help(place: Place) -> None:
    server = place.server
    told = sign_in(server, claims=json.dumps(CP1))
    server.revoke_tokens()
    made_up = {"nbf": {"essential": True, "value": "1"}, **CP1["access_token"]}
    claims = json.dumps({"access_token": made_up})
    renewed = refresh(server, told["refresh_token"], claims=claims)
    answer = place.get("/me/drive", token=renewed["access_token"])
    refused(answer, 401, "InvalidAuthenticationToken")


def test_signing_in_anew_is_enough(place: Place) -> None:
    server = place.server
    sign_in(server, claims=json.dumps(CP1))
    server.revoke_tokens()
    told = sign_in(server, claims=json.dumps(CP1))
    good(place.get("/me/drive", token=told["access_token"]), 200)


def test_a_client_that_declares_nothing_is_not_challenged(place: Place) -> None:
    place.server.revoke_tokens()
    good(place.get("/me/drive"), 200)


def _claims(answer: requests.Response) -> Json:
    challenge = answer.headers["WWW-Authenticate"]
    assert 'error="insufficient_claims"' in challenge
    found = re.search(r'claims="([^"]+)"', challenge)
    assert found is not None
    claims: Json = json.loads(base64.b64decode(found[1]))
    return claims
