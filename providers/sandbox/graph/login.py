"""The login server: every grant that MSAL asks for, by the Entra documentation."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from providers.records import dataclass
from providers.sandbox.graph import login_pages
from providers.sandbox.graph.clock import stamp
from providers.sandbox.graph.wire import Answer, Request, json_answer
from providers.sandbox.graph.world import World

AUTHORITY = "https://login.microsoftonline.com"
_RESERVED = frozenset({"openid", "profile", "offline_access", "email"})
_LOOPBACK = ("localhost", "127.0.0.1")
_DEVICE_SECONDS = 900
_TOKEN_SECONDS = 3599
_CAPABLE_SECONDS = 28 * 3600  # with CP1: app-resilience-continuous-access-evaluation
_CODE_SECONDS = 600
_SLOWER = 5  # seconds: RFC 8628 section 3.5

Form = dict[str, str]


class LoginError(Exception):
    """The answer is 400 with this `error` and number."""

    def __init__(self, error: str, number: int, description: str) -> None:
        super().__init__(description)
        self.error = error
        self.number = number
        self.description = description


@dataclass(slots=True)
class Device:
    """`answer`: "" until the person has said yes or no."""

    scopes: str
    claims: str
    expires: datetime
    interval: float
    answer: str = ""
    asked: datetime | None = None


@dataclass(frozen=True, slots=True)
class Code:
    """What the browser was given, and what has to fit when it is redeemed."""

    scopes: str
    claims: str
    redirect_uri: str
    challenge: str
    nonce: str
    expires: datetime


@dataclass(slots=True)
class Refresh:
    scopes: str
    capable: bool
    after: int
    revoked: bool = False


class Login:
    """`answer` is served for every path outside of Graph, with the world's lock held.

    A test may set `interval` (seconds between two polls of a device), `declines` (the person says
    no in the browser), `wrong_nonce` and `token_seconds`.
    """

    def __init__(self, world: World, client_secret: str) -> None:
        self.interval = 5.0
        self.declines = False
        self.wrong_nonce = False
        self.token_seconds: int | None = None
        self.devices: dict[str, Device] = {}
        self.user_codes: dict[str, str] = {}  # to device codes
        self._world = world
        self._secret = client_secret
        self._codes: dict[str, Code] = {}
        self._refresh: dict[str, Refresh] = {}

    def revoke_refresh_tokens(self) -> None:
        for token in self._refresh.values():
            token.revoked = True

    def expire_devices(self) -> None:
        for device in self.devices.values():
            device.expires = self._world.clock.now()

    def answer(self, request: Request) -> Answer:
        try:
            return self._routed(request)
        except LoginError as error:
            return self._refusal(error, request)

    def _routed(self, request: Request) -> Answer:
        path = request.path
        if path == "/devicelogin":
            return self._device_page(request)
        if path == "/common/discovery/instance":
            return json_answer(200, {"metadata": [], "api-version": "1.1"})
        tenant, _, rest = path.removeprefix("/").partition("/")
        if tenant not in self._tenants():
            raise LoginError("invalid_tenant", 90002, "Tenant not found.")
        kind = request.method, rest.removeprefix("oauth2/")
        form = _form(request.body)
        if kind == ("GET", "v2.0/.well-known/openid-configuration"):
            return json_answer(200, self._configuration(tenant))
        if kind == ("POST", "v2.0/devicecode"):
            return self._begin_device(form)
        if kind == ("GET", "v2.0/authorize"):
            return self._authorize(request.options)
        if kind == ("POST", "v2.0/token"):
            return self._token(tenant, form)
        return Answer(404)

    def _tenants(self) -> tuple[str, ...]:
        return ("common", "organizations", "consumers", self._world.profile.tenant)

    def _configuration(self, tenant: str) -> dict[str, str]:
        """Only the page for the browser is named by its own address: MSAL wants https elsewhere."""
        here = self._world.graph.removesuffix("/v1.0")
        base = f"{AUTHORITY}/{tenant}/oauth2/v2.0"
        return {
            "issuer": f"{AUTHORITY}/{tenant}/v2.0",
            "authorization_endpoint": f"{here}/{tenant}/oauth2/v2.0/authorize",
            "token_endpoint": f"{base}/token",
            "device_authorization_endpoint": f"{base}/devicecode",
        }

    def _begin_device(self, form: Form) -> Answer:
        _need_client(form)
        device_code = self._world.ids.safe(48)
        user_code = self._world.ids.hex(9).upper()
        expires = self._world.clock.now() + timedelta(seconds=_DEVICE_SECONDS)
        device = Device(form.get("scope", ""), form.get("claims", ""), expires, self.interval)
        self.devices[device_code] = device
        self.user_codes[user_code] = device_code
        page = f"{self._world.graph.removesuffix('/v1.0')}/devicelogin"
        message = f"To sign in, open the page {page} and enter the code {user_code}."
        told: dict[str, Any] = {"user_code": user_code, "device_code": device_code}
        told |= {"verification_uri": page, "expires_in": _DEVICE_SECONDS, "message": message}
        return json_answer(200, told | {"interval": int(self.interval)})

    def decide(self, user_code: str | None, answer: str) -> None:
        """Say "yes" or "no" for the person; None: to the newest code. Raises KeyError."""
        code = [*self.user_codes][-1] if user_code is None else user_code
        self.devices[self.user_codes[code]].answer = answer

    def _device_page(self, request: Request) -> Answer:
        form = _form(request.body)
        code = form.get("user_code", "").strip().upper()
        if request.method != "POST":
            return login_pages.device()
        if code not in self.user_codes:
            return login_pages.told("The code you entered has expired.")
        self.decide(code, form.get("answer", "no"))
        return login_pages.told("You may close this page.")

    def _redeem_device(self, form: Form) -> Answer:
        device = self.devices.get(form.get("device_code") or form.get("code", ""))
        if device is None:
            raise LoginError("bad_verification_code", 70020, "The device code is not known.")
        now = self._world.clock.now()
        if device.expires <= now:
            raise LoginError("expired_token", 70020, "The device code has expired.")
        if device.answer == "no":
            raise LoginError("authorization_declined", 70018, "The person has declined.")
        if device.answer != "yes":
            raise self._pending(device, now)
        self.devices = {code: one for code, one in self.devices.items() if one is not device}
        return self._signed_in(device.scopes, device.claims, "")

    def _pending(self, device: Device, now: datetime) -> LoginError:
        before, device.asked = device.asked, now
        if before is not None and (now - before).total_seconds() < device.interval:
            device.interval += _SLOWER
            return LoginError("slow_down", 70016, "Polled before the interval was over.")
        return LoginError("authorization_pending", 70016, "The person has not decided yet.")

    def _authorize(self, asked: dict[str, str]) -> Answer:
        _need_client(asked)
        redirect = asked.get("redirect_uri", "")
        there = urlsplit(redirect)
        if there.scheme != "http" or there.hostname not in _LOOPBACK:
            raise LoginError("invalid_request", 50011, "The redirect URI is not registered.")
        challenged = asked.get("code_challenge") and asked.get("code_challenge_method") == "S256"
        if asked.get("response_type") != "code" or not challenged:
            raise LoginError("invalid_request", 9002325, "Proof Key for Code Exchange is required.")
        told = {"state": asked.get("state", "")}
        if self.declines:
            told |= {"error": "access_denied", "error_description": "AADSTS65004: declined."}
        else:
            told["code"] = self._new_code(asked, redirect)
        if asked.get("response_mode") == "form_post":
            return login_pages.form_post(redirect, told)
        return login_pages.redirect(redirect, told)

    def _new_code(self, asked: dict[str, str], redirect: str) -> str:
        code = self._world.ids.safe(48)
        expires = self._world.clock.now() + timedelta(seconds=_CODE_SECONDS)
        nonce = "another" if self.wrong_nonce else asked.get("nonce", "")
        scopes, claims = asked.get("scope", ""), asked.get("claims", "")
        self._codes[code] = Code(scopes, claims, redirect, asked["code_challenge"], nonce, expires)
        return code

    def _redeem_code(self, form: Form) -> Answer:
        code = self._codes.pop(form.get("code", ""), None)
        if code is None or code.expires <= self._world.clock.now():
            raise LoginError("invalid_grant", 70008, "The code has expired or was used before.")
        if form.get("redirect_uri") != code.redirect_uri:
            raise LoginError("invalid_grant", 50011, "The redirect URI is another one.")
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if base64.urlsafe_b64encode(digest).decode().rstrip("=") != code.challenge:
            raise LoginError("invalid_grant", 501481, "The code_verifier does not match.")
        return self._signed_in(code.scopes, code.claims or form.get("claims", ""), code.nonce)

    def _token(self, tenant: str, form: Form) -> Answer:
        _need_client(form)
        grant = form.get("grant_type")
        if grant == "urn:ietf:params:oauth:grant-type:device_code":
            return self._redeem_device(form)
        if grant == "authorization_code":
            return self._redeem_code(form)
        if grant == "refresh_token":
            return self._renew(form)
        if grant == "client_credentials":
            return self._for_application(tenant, form)
        raise LoginError("unsupported_grant_type", 70003, "The grant type is not supported.")

    def _renew(self, form: Form) -> Answer:
        """The old one stays valid, as with the real service."""
        refresh = self._refresh.get(form.get("refresh_token", ""))
        if refresh is None or refresh.revoked:
            raise LoginError("invalid_grant", 50173, "The grant has been revoked.")
        claims = form.get("claims", "")
        refresh.after = self._world.tokens.answered(claims, refresh.after)
        capable = refresh.capable or _capable(claims)
        scopes = form.get("scope") or refresh.scopes
        return self._granted(scopes, capable, refresh.after, "")

    def _signed_in(self, scopes: str, claims: str, nonce: str) -> Answer:
        """The person was there: whatever was revoked before is proven anew."""
        return self._granted(scopes, _capable(claims), self._world.tokens.revocations, nonce)

    def _granted(self, scopes: str, capable: bool, after: int, nonce: str) -> Answer:
        wanted = [scope for scope in scopes.split() if scope not in _RESERVED]
        given = frozenset(_short(scope) for scope in wanted)
        seconds = self._seconds(capable)
        token = self._world.tokens.issue(given, seconds=seconds, capable=capable, after=after)
        told = self._bearer(token.value, seconds)
        told["scope"] = " ".join([*wanted, "openid", "profile"])
        if "offline_access" in scopes.split() or not wanted:
            value = self._world.ids.safe(300)
            self._refresh[value] = Refresh(scopes, capable, after)
            told["refresh_token"] = value
        told |= {"id_token": self._id_token(nonce), "client_info": self._client_info()}
        return json_answer(200, told)

    def _for_application(self, tenant: str, form: Form) -> Answer:
        """Without `scope` in the answer, as the real one. An assertion is taken unread."""
        if tenant != self._world.profile.tenant or not self._world.profile.business:
            raise LoginError("invalid_request", 53003, "Applications sign in at their own tenant.")
        if form.get("client_secret") != self._secret and not form.get("client_assertion"):
            raise LoginError("invalid_client", 7000215, "Invalid client secret provided.")
        if not form.get("scope", "").endswith("/.default"):
            raise LoginError("invalid_scope", 1002012, "The scope must end in /.default.")
        seconds = self._seconds(False)
        token = self._world.tokens.issue(frozenset(), seconds=seconds, app_only=True)
        return json_answer(200, self._bearer(token.value, seconds))

    def _seconds(self, capable: bool) -> int:
        return self.token_seconds or (_CAPABLE_SECONDS if capable else _TOKEN_SECONDS)

    def _bearer(self, value: str, seconds: int) -> dict[str, Any]:
        lives = {"expires_in": seconds, "ext_expires_in": seconds}
        return {"token_type": "Bearer", "access_token": value, **lives}

    def _id_token(self, nonce: str) -> str:
        world = self._world
        claims = {"sub": world.user_id, "oid": world.user_id, "tid": world.profile.tenant}
        claims |= {"preferred_username": world.profile.user, "name": "Demo"}
        claims |= {"nonce": nonce} if nonce else {}
        return f"{_packed({'alg': 'none', 'typ': 'JWT'})}.{_packed(claims)}.c2lnbmF0dXJl"

    def _client_info(self) -> str:
        return _packed({"uid": self._world.user_id, "utid": self._world.profile.tenant})

    def _refusal(self, error: LoginError, request: Request) -> Answer:
        ids = {"trace_id": request.request_id, "correlation_id": request.client_request_id}
        moment = stamp(self._world.clock.now())
        text = f"AADSTS{error.number}: {error.description}\r\nTrace ID: {request.request_id}"
        told = {"error": error.error, "error_description": text, "error_codes": [error.number]}
        status = 401 if error.error == "invalid_client" else 400
        return json_answer(status, {**told, "timestamp": moment, **ids})


def _form(body: bytes) -> Form:
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))


def _need_client(form: Form) -> None:
    if not form.get("client_id"):
        raise LoginError("invalid_request", 900144, "The request must contain: 'client_id'.")


def _capable(claims: str) -> bool:
    """Whether the client declares CP1."""
    try:
        return "CP1" in json.loads(claims)["access_token"]["xms_cc"]["values"]
    except (ValueError, KeyError, TypeError):
        return False


def _short(scope: str) -> str:
    """`https://graph.microsoft.com/Files.Read` is the same as `Files.Read`."""
    return unquote(scope).rpartition("/")[2]


def _packed(value: dict[str, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode("ascii").rstrip("=")
