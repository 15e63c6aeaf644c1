"""Signing in at the emulator as MSAL does, over raw `requests`."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from typing import Any

import requests

from providers.sandbox.graph import GraphServer

SCOPE = "Files.ReadWrite.All User.Read offline_access openid profile"
VERIFIER = "a-verifier-of-at-least-forty-three-characters-length"
REDIRECT = "http://localhost:4711"

Json = dict[str, Any]


def ask(server: GraphServer, page: str, tenant: str = "common", **form: str) -> requests.Response:
    """POST to one of the login server's pages, with the client's id."""
    url = f"{server.login_base}/{tenant}/oauth2/v2.0/{page}"
    return requests.post(url, data={"client_id": server.client_id, **form}, timeout=30)


def begin_device(server: GraphServer, **form: str) -> Json:
    told: Json = ask(server, "devicecode", scope=SCOPE, **form).json()
    return told


def poll_device(server: GraphServer, flow: Json) -> requests.Response:
    grant = "urn:ietf:params:oauth:grant-type:device_code"
    code = flow["device_code"]
    return ask(server, "token", grant_type=grant, device_code=code, client_info="1")


def sign_in(server: GraphServer, **form: str) -> Json:
    """By a device code that the person enters at once."""
    flow = begin_device(server, **form)
    server.approve(flow["user_code"])
    told: Json = poll_device(server, flow).json()
    return told


def refresh(server: GraphServer, token: str, **form: str) -> Json:
    given = {"grant_type": "refresh_token", "refresh_token": token, "scope": SCOPE} | form
    told: Json = ask(server, "token", **given).json()
    return told


def authorize(server: GraphServer, **changes: str) -> requests.Response:
    """What the browser shows."""
    digest = hashlib.sha256(VERIFIER.encode()).digest()
    asked = {
        "client_id": server.client_id,
        "response_type": "code",
        "redirect_uri": REDIRECT,
        "scope": SCOPE,
        "state": "my state",
        "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
        "code_challenge_method": "S256",
        "nonce": "my-nonce",
        "response_mode": "form_post",
        "client_info": "1",
    }
    url = f"{server.login_base}/common/oauth2/v2.0/authorize"
    return requests.get(url, params=asked | changes, allow_redirects=False, timeout=30)


def fields(page: requests.Response) -> dict[str, str]:
    """The hidden ones of its form, and the address that it posts to as "action"."""
    found = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', page.text))
    action = re.search(r'action="([^"]+)"', page.text)
    assert action is not None
    return {name: html.unescape(text) for name, text in {**found, "action": action[1]}.items()}


def redeem(server: GraphServer, code: str, **changes: str) -> requests.Response:
    form = {"code": code, "redirect_uri": REDIRECT, "code_verifier": VERIFIER, "scope": SCOPE}
    return ask(server, "token", grant_type="authorization_code", **(form | changes))


def payload(token: str) -> Json:
    """Of a three-part JWT."""
    middle = token.split(".")[1]
    told: Json = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
    return told
