"""Who asks Graph: the access token that goes along with each request, renewed before it ends."""

from __future__ import annotations

import base64
import binascii
import threading
import time
from collections.abc import Callable

from providers.access import Access
from providers.errors import AuthRequired, Denied, ProviderError, Secret, Throttled
from providers.onedrive import msal_client
from providers.onedrive.app import app_of
from providers.onedrive.cache import Cache
from providers.onedrive.certificate import Certificate, read_certificate
from providers.onedrive.msal_client import Grant
from providers.onedrive.options import SETTINGS, Options
from providers.onedrive.refusals import sign_in_needed
from providers.onedrive.service import Service, service_of
from providers.records import dataclass, field, replace
from providers.web.calls import Call, asked_apart

_SECONDS = 90.0  # for all that a renewal asks
_EARLY_SECONDS = 300.0  # before its end a token is renewed, as MSAL does it
_TWICE_SECONDS = 60.0  # a new token that is refused so soon is not helped by another
CLAIMS = "claims"
"""The subject under which a challenge waits among the secrets for whoever signs in."""


@dataclass(frozen=True, slots=True)
class _Held:
    """A token in use. `until` and `since` are of the clock; `stamp` of the cache it came from.

    `forced`: it came because another was refused.
    """

    token: str = field(repr=False)
    until: float
    since: float
    stamp: object
    forced: bool


class Tokens:
    """Thread-safe; one for each provider. Nothing is asked before the first `token`."""

    def __init__(
        self,
        endpoint: str,
        options: Options,
        access: Access,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Raises InvalidName for an emulator's address that is not on this computer."""
        self._endpoint = endpoint
        self._options = options
        self._access = access
        self._clock = clock
        self._service = service_of(options.cloud, access.settings)
        self._cache = Cache(endpoint, access, apart=self._service.login_base)
        self._renewing = threading.Lock()  # waited for by threads of `asked_apart` only
        self._lock = threading.Lock()
        self._held: _Held | None = None
        self._refused = ""
        self._claims: str | None = None
        self._useless = False  # a renewed token was refused as well
        self._bad_secret = ""  # of the app

    @property
    def service(self) -> Service:
        """Where its tokens are good: `service.graph` is what each request begins with."""
        return self._service

    @property
    def app_only(self) -> bool:
        """It asks as an app, which has no /me."""
        return self._options.app_only

    def token(self, call: Call) -> str:
        """A valid access token: a secret. Cheap while one is; else the login server is asked.

        Raises AuthRequired (`needs`: "sign-in", a person in a browser; "password", the app's
        secret; "passphrase", of its certificate; "token", GRAPH_TOKEN), Denied where no other
        attempt helps, ConnectionLost and Unreachable, Throttled.
        """
        if self._options.sign_in == "token":
            return self._given()
        if (held := self._usable()) is not None:
            return held.token
        try:
            return asked_apart(self._renewed, call, _SECONDS)
        except TimeoutError as error:
            what = f"the login server gave no token within {_SECONDS:g} seconds"
            raise Throttled(self._endpoint, what, retry_after=None) from error

    def refused(self, token: str, claims: str | None) -> None:
        """Graph answered 401 to `token`. The next `token` is a new one, or raises AuthRequired.

        `claims`: what WWW-Authenticate says as claims="…", as it came (base64); None: nothing. Ask
        once more with a new token; a second 401 in a row is told here as well, and the `token`
        after it raises.
        """
        if self._options.sign_in == "token":
            self._set_aside(token)
            return
        with self._lock:
            held = self._held
            if held is None or held.token != token:
                return  # another thread was told so before, and there is a newer one
            soon = self._clock() - held.since < _TWICE_SECONDS
            self._useless = held.forced and soon
            self._refused, self._claims, self._held = token, _json_of(claims), None

    # GRAPH_TOKEN -----------------------------------------------------------------------------

    def _given(self) -> str:
        token = (self._secret("token", SETTINGS) or "").strip()
        if token and token != self._refused:
            if not token.isascii() or not token.isprintable() or " " in token:
                what = "this is no access token: it has letters that none has"
                raise Denied(self._endpoint, what, advice="Give it again.")
            return token
        ended = bool(self._refused)
        raise AuthRequired(
            self._endpoint,
            "the access token was refused or has ended" if ended else "an access token is needed",
            needs="token",
            rejected=ended,
            advice="Get a new one, and give it as GRAPH_TOKEN or when it is asked for.",
        )

    def _set_aside(self, token: str) -> None:
        self._refused = token
        self._access.secrets.forget(self._endpoint, "token")

    def _secret(self, needs: Secret, settings: str) -> str | None:
        """The site's own, else the settings': known as the site's from then on, so that the queue
        is let in with it."""
        secrets = self._access.secrets
        known = {which: value for which, _, value in secrets.of(self._endpoint)}
        shared = next((value for which, _, value in secrets.of(settings) if which == needs), None)
        bad = self._refused if needs == "token" else self._bad_secret
        if needs not in known and shared is not None and shared != bad:
            secrets.put(self._endpoint, needs, shared)
        return secrets.get(self._endpoint, needs)

    # Tokens that are renewed -----------------------------------------------------------------

    def _usable(self) -> _Held | None:
        with self._lock:
            held = self._held
        if held is None or self._clock() >= held.until:
            return None
        return held if self.app_only or held.stamp == self._cache.stamp() else None

    def _renewed(self) -> str:
        with self._renewing:
            if (held := self._usable()) is not None:
                return held.token  # of a thread that was here before
            with self._lock:
                useless, self._useless = self._useless, False
                refused, claims = self._refused, self._claims
            if useless:
                raise self._nothing_helps(claims)
            grant = self._for_app(claims) if self.app_only else self._for_person(refused, claims)
            self._take(grant, forced=bool(refused))
            return grant.token

    def _take(self, grant: Grant, *, forced: bool) -> None:
        early = min(_EARLY_SECONDS, grant.seconds / 2)
        now, stamp = self._clock(), None if self.app_only else self._cache.stamp()
        held = _Held(grant.token, now + grant.seconds - early, now, stamp, forced)
        with self._lock:
            self._held, self._refused, self._claims = held, "", None

    def _for_person(self, refused: str, claims: str | None) -> Grant:
        app = app_of(self._endpoint, self._options, self._service, self._access)
        kept = self._cache.read()
        if kept is None:
            raise self._asked_of_person("nobody is signed in", claims)
        try:
            grant = msal_client.renewed(app, kept.cache, refused=refused, claims=claims)
        except AuthRequired as error:
            raise self._asked_of_person(error.what, claims) from error
        if grant is None:
            raise self._asked_of_person("nobody is signed in", claims)
        if grant.changed:
            self._cache.renew(kept, replace(kept, cache=grant.cache))
        return grant

    def _for_app(self, claims: str | None) -> Grant:
        app = app_of(self._endpoint, self._options, self._service, self._access)
        secret: str | Certificate | None
        if self._options.certificate is not None and self._options.sign_in == "certificate":
            secret = read_certificate(self._endpoint, self._options.certificate, self._access)
        else:
            secret = self._secret("password", SETTINGS + app.client_id)
        if not secret:
            raise AuthRequired(self._endpoint, "the app's secret is needed")
        try:
            return msal_client.for_app(app, secret, claims=claims)
        except AuthRequired as error:
            self._access.secrets.forget(error.endpoint, error.needs)
            if isinstance(secret, str):
                self._bad_secret = secret
            raise

    def _asked_of_person(self, what: str, claims: str | None) -> ProviderError:
        """`claims` are for whoever signs in: `sign_in.py` asks for them."""
        if claims:
            self._access.secrets.put(self._endpoint, "sign-in", claims, CLAIMS)
        return sign_in_needed(self._endpoint, what)

    def _nothing_helps(self, claims: str | None) -> ProviderError:
        what = "Graph refuses the tokens that this sign-in gives"
        if self.app_only:
            advice = "Check the app's permissions and the organization's rules."
            return Denied(self._endpoint, what, advice=advice)
        return self._asked_of_person(what, claims)


def _json_of(claims: str | None) -> str | None:
    """A challenge as MSAL wants it: the JSON in the base64, standard or for URLs, padded or not."""
    if not claims:
        return None
    text = claims.strip().replace("-", "+").replace("_", "/").rstrip("=")
    try:
        decoded = base64.b64decode(text + "=" * (-len(text) % 4), validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return None
    return decoded if decoded.lstrip().startswith("{") else None
