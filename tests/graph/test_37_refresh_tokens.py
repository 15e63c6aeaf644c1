"""37: renewing without the person, and applications (auth-code-flow, client-creds-grant-flow)."""

from __future__ import annotations

import pytest

from tests.graph.login import ask, refresh, sign_in
from tests.graph.place import Place, good

DEFAULT = "https://graph.microsoft.com/.default"


def test_a_token_is_renewed_until_it_is_revoked(place: Place) -> None:
    server = place.server
    told = sign_in(server)
    server.expire_tokens()
    assert place.get("/me/drive", token=told["access_token"]).status_code == 401
    renewed = refresh(server, told["refresh_token"])
    good(place.get("/me/drive", token=renewed["access_token"]), 200)
    server.revoke_refresh_tokens()
    for token in (told["refresh_token"], renewed["refresh_token"], "made-up"):
        assert refresh(server, token)["error"] == "invalid_grant"


def test_a_renewed_token_does_what_it_was_asked_for(place: Place) -> None:
    server = place.server
    token = sign_in(server)["refresh_token"]
    form = {"grant_type": "refresh_token", "refresh_token": token, "scope": "User.Read"}
    told = good(ask(server, "token", **form), 200)
    body = {"name": "a", "folder": {}}
    assert place.post(place.children, body, token=told["access_token"]).status_code == 403


def test_who_asks_for_no_files_gets_none(place: Place) -> None:
    server = place.server
    token = sign_in(server)["refresh_token"]
    told = refresh(server, token, scope="openid profile offline_access")
    assert place.get("/me/drive", token=told["access_token"]).status_code == 403


def test_an_application_has_its_own_token(business: Place) -> None:
    server = business.server
    form = {"grant_type": "client_credentials", "scope": DEFAULT}
    secret = {"client_secret": server.client_secret}
    told = good(ask(server, "token", server.tenant, **form, **secret), 200)
    assert "scope" not in told
    assert "refresh_token" not in told
    good(business.get(business.drive, token=told["access_token"]), 200)
    wrong = ask(server, "token", server.tenant, **form, client_secret="wrong")
    assert wrong.json()["error"] == "invalid_client"
    assert ask(server, "token", "common", **form, **secret).status_code == 400
    files = {**form, "scope": "Files.ReadWrite.All"}
    assert ask(server, "token", server.tenant, **files, **secret).json()["error"] == "invalid_scope"


def test_personal_accounts_have_no_applications(personal: Place) -> None:
    server = personal.server
    form = {"grant_type": "client_credentials", "scope": DEFAULT}
    answer = ask(server, "token", server.tenant, **form, client_secret=server.client_secret)
    assert answer.status_code == 400
    with pytest.raises(ValueError, match="personal"):
        server.issue_token(app_only=True)


def test_an_unknown_tenant_or_grant_is_refused(place: Place) -> None:
    assert ask(place.server, "token", "nobody", grant_type="password").status_code == 400
    told = ask(place.server, "token", grant_type="password").json()
    assert told["error"] == "unsupported_grant_type"
