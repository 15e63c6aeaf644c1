"""MSAL itself signs in at the emulator: the way that the provider goes."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import msal
import pytest
import requests
from requests.adapters import HTTPAdapter

from providers.sandbox.graph import GraphServer
from tests.graph.login import fields
from tests.graph.place import Place, good

AUTHORITY = "https://login.microsoftonline.com"
SCOPES = ["Files.ReadWrite.All", "User.Read"]


class Rewriting(HTTPAdapter):
    """Sends what is for Microsoft's login server to the emulator's."""

    def __init__(self, base: str) -> None:
        super().__init__()
        self._base = base

    def send(self, request: requests.PreparedRequest, *more: Any, **named: Any) -> Any:
        assert request.url is not None
        request.url = request.url.replace(AUTHORITY, self._base, 1)
        return super().send(request, *more, **named)


@pytest.fixture
def http(place: Place) -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        session.mount(f"{AUTHORITY}/", Rewriting(place.server.login_base))
        yield session


def public(server: GraphServer, http: requests.Session, **more: Any) -> Any:
    return msal.PublicClientApplication(
        server.client_id,
        authority=f"{AUTHORITY}/common",
        http_client=http,
        instance_discovery=False,
        **more,
    )


def test_by_device_code_and_then_silently(place: Place, http: requests.Session) -> None:
    app = public(place.server, http)
    flow = app.initiate_device_flow(scopes=SCOPES)
    place.server.approve(flow["user_code"])
    told = app.acquire_token_by_device_flow(flow)
    good(place.get("/me/drive", token=told["access_token"]), 200)
    (account,) = app.get_accounts()
    assert account["username"] == place.server.user
    assert app.acquire_token_silent(SCOPES, account)["access_token"] == told["access_token"]
    renewed = app.acquire_token_silent(SCOPES, account, force_refresh=True)
    assert renewed["access_token"] != told["access_token"]
    good(place.get("/me/drive", token=renewed["access_token"]), 200)


def test_by_the_browser_with_its_nonce(place: Place, http: requests.Session) -> None:
    told = browser(place.server, http)
    good(place.get("/me/drive", token=told["access_token"]), 200)
    place.server.login.wrong_nonce = True
    with pytest.raises((RuntimeError, ValueError), match="nonce"):
        browser(place.server, http)


def browser(server: GraphServer, http: requests.Session) -> Any:
    app = public(server, http)
    flow = app.initiate_auth_code_flow(
        SCOPES, redirect_uri="http://localhost:4711", response_mode="form_post"
    )
    sent = fields(http.get(flow["auth_uri"], timeout=30))
    del sent["action"]
    return app.acquire_token_by_auth_code_flow(flow, sent)


def test_a_challenge_is_answered(place: Place, http: requests.Session) -> None:
    app = public(place.server, http, client_capabilities=["CP1"])
    flow = app.initiate_device_flow(scopes=SCOPES)
    place.server.approve()
    told = app.acquire_token_by_device_flow(flow)
    place.server.revoke_tokens()
    answer = place.get("/me/drive", token=told["access_token"])
    claims = msal_claims(answer.headers["WWW-Authenticate"])
    (account,) = app.get_accounts()
    renewed = app.acquire_token_silent(SCOPES, account, claims_challenge=claims)
    good(place.get("/me/drive", token=renewed["access_token"]), 200)


def msal_claims(challenge: str) -> str:
    claims = base64.b64decode(challenge.partition('claims="')[2].partition('"')[0]).decode()
    assert json.loads(claims)
    return claims


def test_a_revoked_grant_needs_the_person(place: Place, http: requests.Session) -> None:
    app = public(place.server, http)
    flow = app.initiate_device_flow(scopes=SCOPES)
    place.server.approve()
    app.acquire_token_by_device_flow(flow)
    place.server.revoke_refresh_tokens()
    (account,) = app.get_accounts()
    told = app.acquire_token_silent_with_error(SCOPES, account, force_refresh=True)
    assert told["error"] == "invalid_grant"


def test_an_application(business: Place) -> None:
    server = business.server
    with requests.Session() as http:
        http.mount(f"{AUTHORITY}/", Rewriting(server.login_base))
        app = msal.ConfidentialClientApplication(
            server.client_id,
            client_credential=server.client_secret,
            authority=f"{AUTHORITY}/{server.tenant}",
            http_client=http,
            instance_discovery=False,
        )
        told = app.acquire_token_for_client(["https://graph.microsoft.com/.default"])
        again = app.acquire_token_for_client(["https://graph.microsoft.com/.default"])
    good(business.get(business.drive, token=told["access_token"]), 200)
    assert again["access_token"] == told["access_token"]


def test_an_unknown_tenant_is_refused(place: Place, http: requests.Session) -> None:
    with pytest.raises(ValueError, match="authority"):
        msal.PublicClientApplication(
            "x", authority=f"{AUTHORITY}/nobody", http_client=http, instance_discovery=False
        )
