"""How MSAL reaches the login server: with deadlines, through the site's proxy, trusting whom the
site trusts. MSAL takes any object with `get`, `post` and `close` for its HTTP."""

from __future__ import annotations

import ssl
from typing import Any

import requests
from requests import utils
from requests.adapters import HTTPAdapter

from providers.errors import ConnectionLost, ProviderError, Throttled, Unreachable
from providers.onedrive.app import App
from providers.web.patience import USUAL
from providers.web.tls import context_of, distrust

_AGAIN_SECONDS = 60.0  # MSAL itself repeats no failure sooner (its HTTP cache)
_LONGEST_REST = 3600.0
_DEADLINES = (USUAL.connect, USUAL.silence)
_UNSPOKEN = "the login server gave no proper answer"


class LoginHttp:
    """One person's or app's conversation. No redirect is followed, no .netrc read, no cookie of
    another conversation sent. `rest`: seconds that the server last asked to be left alone."""

    def __init__(self, app: App) -> None:
        """Raises InvalidName for a ca_bundle that cannot be used."""
        options, service = app.options, app.service
        self.rest: float | None = None
        self._proxy = options.proxy
        self._local = service.login_base
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.adapters.clear()
        if service.login_base:
            elsewhere = _Elsewhere(f"https://{service.login}", service.login_base)
            self._session.mount(f"https://{service.login}/", elsewhere)
        else:
            self._session.mount(
                "https://", _Trusting(context_of(app.endpoint, options, app.access))
            )

    def get(self, url: str, **how: Any) -> requests.Response:
        return self._ask("GET", url, how)

    def post(self, url: str, **how: Any) -> requests.Response:
        return self._ask("POST", url, how)

    def close(self) -> None:
        self._session.close()

    def _ask(self, method: str, url: str, how: dict[str, Any]) -> requests.Response:
        answer = self._session.request(
            method,
            url,
            params=how.get("params"),
            data=how.get("data"),
            headers=how.get("headers"),
            timeout=_DEADLINES,
            allow_redirects=False,
            proxies=self._proxies(url),
        )
        asked = answer.headers.get("Retry-After", "")
        if asked.isascii() and asked.isdigit() and answer.status_code in (429, 503):
            self.rest = min(float(asked), _LONGEST_REST)
        return answer

    def _proxies(self, url: str) -> dict[str, str]:
        if self._local or self._proxy == "none":
            return {}
        if self._proxy == "environment":
            return utils.get_environ_proxies(url, no_proxy=None)
        return {"https": self._proxy}


class _Trusting(HTTPAdapter):
    """Holds certificates against `context` alone."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__(max_retries=0)

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: Any, cert: Any = None
    ) -> tuple[Any, Any]:
        host, _ = super().build_connection_pool_key_attributes(request, verify, cert)
        return host, {"ssl_context": self._context}


class _Elsewhere(HTTPAdapter):
    """Asks `base` what is meant for `login`: the emulator on this computer."""

    def __init__(self, login: str, base: str) -> None:
        self._login, self._base = login, base
        super().__init__(max_retries=0)

    def send(self, request: requests.PreparedRequest, *args: Any, **how: Any) -> requests.Response:
        request.url = self._base + (request.url or "").removeprefix(self._login)
        return super().send(request, *args, **how)


def failure(error: Exception, app: App) -> ProviderError:
    """Why a conversation failed. Nothing of the error's own text is told: it may hold a secret."""
    endpoint, where = app.endpoint, f"the login server {app.service.login}"
    if isinstance(error, requests.exceptions.ProxyError):
        return Unreachable(endpoint, "the proxy does not let Wharfie through to the login server")
    untrusted = _tls_error(error)
    if untrusted is not None and (known := distrust(untrusted, endpoint)) is not None:
        return known
    never = requests.exceptions.ConnectTimeout | requests.exceptions.SSLError
    if isinstance(error, never) or _never_connected(error):
        return Unreachable(endpoint, f"{where} does not answer")
    if isinstance(error, requests.exceptions.RequestException):
        return ConnectionLost(endpoint, f"the connection to {where} was lost")
    return Throttled(endpoint, _UNSPOKEN, retry_after=_AGAIN_SECONDS, endpoint=endpoint)


def _never_connected(error: Exception) -> bool:
    from urllib3.exceptions import NameResolutionError, NewConnectionError

    reason = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(reason, NewConnectionError | NameResolutionError)


def _tls_error(error: BaseException) -> ssl.SSLError | None:
    """The one of OpenSSL that requests and urllib3 have wrapped."""
    pending: list[object] = [error]
    for _ in range(8):
        if not pending:
            return None
        one = pending.pop(0)
        if isinstance(one, ssl.SSLError):
            return one
        if isinstance(one, BaseException):
            pending += [*one.args, getattr(one, "reason", None)]
    return None
