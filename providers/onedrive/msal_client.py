"""The one file that knows MSAL, which is imported when something is first asked.

An application object lives for one conversation: it remembers errors for a minute and more, and
those of one attempt must not be the answer to the next. Everything here may take as long as the
login server does; who calls it does so in a thread that can be left to itself.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from providers.errors import ConnectionLost, Denied, ProviderError, Throttled
from providers.onedrive.app import App
from providers.onedrive.refusals import refusal
from providers.records import dataclass, field
from providers.text import printable

if TYPE_CHECKING:
    from providers.onedrive.certificate import Certificate

Answer: TypeAlias = Mapping[str, Any]
"""Of the login server, as MSAL gives it: with "access_token"."""

_CAPABILITIES = ["CP1"]  # claims challenges are understood (CAE)
_FILES = ("Files.ReadWrite.All", "User.Read")
_SITES = "Sites.Read.All"
_BROWSER_SECONDS = 300.0
_DONE = "You may close this page. Wharfie says whether you are signed in."  # not known yet
_LONGEST_INTERVAL = 60  # seconds between two polls, whatever the server says


@dataclass(frozen=True, slots=True)
class Grant:
    """What the login server gave. `cache` is MSAL's own text: it holds the refresh token.

    `changed`: it differs from the one that was given. `account` and `account_id` are of a person.
    """

    token: str = field(repr=False)
    seconds: float  # it is good for
    cache: str = field(default="", repr=False)
    changed: bool = False
    account: str = ""
    account_id: str = ""


def renewed(app: App, cache: str, *, refused: str, claims: str | None) -> Grant | None:
    """A token of a person who has signed in before; None: nobody has, in this cache.

    Not the one that was `refused`. Raises ProviderError.
    """
    with _conversation(app, cache) as (client, kept):
        accounts = client.get_accounts()
        if not accounts:
            return None
        scopes = _scopes(app)
        how = {"claims_challenge": claims} if claims else {}
        answer = client.acquire_token_silent_with_error(scopes, accounts[0], **how)
        if answer and answer.get("access_token") == refused:
            answer = client.acquire_token_silent_with_error(
                scopes, accounts[0], force_refresh=True, **how
            )
        return None if answer is None else _granted(answer, app, client, kept)


def for_app(app: App, secret: str | Certificate, *, claims: str | None) -> Grant:
    """A token of the app itself, always a new one. Raises ProviderError."""
    credential: object = secret
    if not isinstance(secret, str):
        credential = {
            "private_key": secret.key,
            "public_certificate": secret.certificate,
            "passphrase": secret.passphrase or None,
        }
    with _conversation(app, "", credential) as (client, kept):
        scopes = [f"{app.service.resource}/.default"]
        answer = client.acquire_token_for_client(scopes, claims_challenge=claims)
        return _granted(answer or {}, app, client, kept)


class DeviceFlow:
    """A code for a person to type on a page of the service. `stop` ends the waiting soon."""

    def __init__(self, app: App, claims: str | None) -> None:
        self._app = app
        self._claims = claims
        self._stopped = False
        self._flow: dict[str, Any] = {}

    def begin(self) -> Answer:
        """The code and what belongs to it. Raises ProviderError."""
        with _conversation(self._app, "") as (client, _):
            scopes = _scopes(self._app)
            flow: dict[str, Any] = client.initiate_device_flow(
                scopes=scopes, claims_challenge=self._claims
            )
        if "user_code" not in flow or "device_code" not in flow:
            raise refusal(flow, self._app.endpoint, self._app.options)
        flow["interval"] = min(max(1, int(flow.get("interval", 5))), _LONGEST_INTERVAL)
        self._flow = flow
        return flow

    def wait(self) -> Grant:
        """Poll until the person has decided; a lost poll is no end. Raises ProviderError."""
        while True:
            try:
                return self._poll()
            except (ConnectionLost, Throttled):
                if self._over(self._flow):
                    raise
                time.sleep(self._flow["interval"])

    def _poll(self) -> Grant:
        with _conversation(self._app, "") as (client, kept):
            answer = client.acquire_token_by_device_flow(
                self._flow, claims_challenge=self._claims, exit_condition=self._over
            )
            if answer.get("error") == "authorization_pending":
                answer = {"error": "expired_token"}
            return _granted(answer, self._app, client, kept)

    def stop(self) -> None:
        self._stopped = True

    def _over(self, flow: Mapping[str, Any]) -> bool:
        return self._stopped or float(flow.get("expires_at", 0)) < time.time()


def in_browser(app: App, claims: str | None) -> Grant:
    """Have a person sign in in a browser of this computer (code and PKCE). Raises ProviderError."""
    with _conversation(app, "") as (client, kept):
        try:
            answer = client.acquire_token_interactive(
                _scopes(app),
                prompt=None if app.options.account else "select_account",
                login_hint=app.options.account or None,
                claims_challenge=claims,
                timeout=_BROWSER_SECONDS,
                success_template=_DONE,
            )
        except _timed_out() as error:
            what = f"nobody signed in within {_BROWSER_SECONDS / 60:.0f} minutes"
            raise Denied(app.endpoint, what, advice="Try again.") from error
        return _granted(answer, app, client, kept)


def _timed_out() -> type[Exception]:
    from msal import BrowserInteractionTimeoutError

    return cast("type[Exception]", BrowserInteractionTimeoutError)


@contextmanager
def _conversation(app: App, cache: str, credential: object = None) -> Iterator[tuple[Any, Any]]:
    """MSAL's client and its cache. What it raises comes out as ProviderError, without its words:
    they may hold what was sent."""
    import msal

    from providers.onedrive.login_http import LoginHttp, failure

    _quiet()
    http = LoginHttp(app)
    try:
        kept = msal.SerializableTokenCache()
        kept.deserialize(cache or None)
        yield _client(app, kept, http, credential), kept
    except Exception as error:
        known = error if isinstance(error, ProviderError) else failure(error, app)
        if isinstance(known, Throttled) and http.rest is not None:
            known.retry_after = http.rest
        if known is error:
            raise
        raise known from error
    finally:
        http.close()


def _client(app: App, kept: object, http: object, credential: object) -> Any:
    import msal

    how: dict[str, Any] = {"client_credential": credential} if credential is not None else {}
    make = msal.ConfidentialClientApplication if how else msal.PublicClientApplication
    try:
        return make(
            app.client_id,
            authority=f"https://{app.service.login}/{app.tenant}",
            token_cache=kept,
            http_client=http,
            http_cache={},
            instance_discovery=False,
            client_capabilities=_CAPABILITIES,
            **how,
        )
    except ValueError as error:  # it does not know the tenant
        what = f"the login server knows no tenant “{printable(app.tenant)}”"
        advice = "Check the site's tenant, or AZURE_TENANT_ID."
        raise Denied(app.endpoint, what, advice=advice) from error


def _scopes(app: App) -> list[str]:
    """MSAL adds the reserved ones (openid, profile, offline_access) itself, and refuses them here.

    Outside of the global cloud a scope has to say whose it is.
    """
    names = (*_FILES, _SITES) if app.options.sharepoint else _FILES
    if app.options.cloud == "global":
        return list(names)
    return [f"{app.service.resource}/{name}" for name in names]


def _granted(answer: Answer, app: App, client: Any, kept: Any) -> Grant:
    token = answer.get("access_token")
    if not isinstance(token, str) or not token:
        raise refusal(answer, app.endpoint, app.options)
    changed = bool(kept.has_state_changed)  # `serialize` forgets it
    account: Mapping[str, Any] = next(iter(client.get_accounts()), {})
    return Grant(
        token=token,
        seconds=float(answer.get("expires_in", 0)),
        cache=kept.serialize(),
        changed=changed,
        account=str(account.get("username", "")),
        account_id=str(account.get("home_account_id", "")),
    )


def _quiet() -> None:
    """What MSAL logs may hold what it was given: nothing of it reaches a log of ours."""
    logger = logging.getLogger("msal")
    logger.addHandler(logging.NullHandler())
    logger.propagate = False
