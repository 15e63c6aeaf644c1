"""A person signs in: with a code on any device, or in the browser of this computer."""

from __future__ import annotations

import os
import sys
import threading
import time
import webbrowser
from collections.abc import Callable, Mapping
from typing import TypeVar
from urllib.parse import urlsplit

from providers.access import Access
from providers.errors import Denied, ProviderError
from providers.onedrive import msal_client
from providers.onedrive.app import App, app_of
from providers.onedrive.auth import CLAIMS
from providers.onedrive.cache import Cache, Kept
from providers.onedrive.msal_client import DeviceFlow, Grant
from providers.onedrive.options import options_of
from providers.onedrive.service import LOGIN_BASE, service_of
from providers.person_sign_in import DeviceCode, PersonSignIn, SignedIn
from providers.text import printable
from providers.web import redirects
from providers.web.calls import Call, asked_apart
from providers.web.redirects import Reach

T = TypeVar("T")

_ASK_SECONDS = 60.0
_MORE_SECONDS = 30.0  # for the last poll to come back
_BROWSER_SECONDS = 330.0  # somewhat longer than MSAL waits itself
_LONGEST_CODE = 40  # letters
_LONGEST_WAIT = 3600.0  # seconds, whatever the server says


def sign_in(endpoint: str, access: Access) -> PersonSignIn | None:
    """An attempt to sign in to `endpoint`; None where no person does: an app, or a token.

    Raises ProviderError where its site cannot be used.
    """
    if options_of(access.sites.options(endpoint)).sign_in != "person":
        return None
    return OneDriveSignIn(endpoint, access)


def forget(endpoint: str, access: Access) -> None:
    """Drop what was kept of sign-ins to `endpoint`, whose site may be gone. Raises Denied."""
    emulator = access.settings.get(LOGIN_BASE, "").rstrip("/")
    try:
        for apart in {"", emulator}:
            Cache(endpoint, access, apart=apart).forget()
    except OSError as error:
        what = f"the sign-in that was kept cannot be removed ({error.strerror})"
        raise Denied(str(error.filename or endpoint), what, advice="Remove it yourself.") from error


class OneDriveSignIn:
    """See `providers.person_sign_in.PersonSignIn`."""

    def __init__(self, endpoint: str, access: Access) -> None:
        self._endpoint = endpoint
        self._access = access
        options = options_of(access.sites.options(endpoint))
        self._service = service_of(options.cloud, access.settings)
        self._options = options
        self._cache = Cache(endpoint, access, apart=self._service.login_base)
        self._call = Call(endpoint, threading.get_ident())
        self._flow: DeviceFlow | None = None
        self._seconds = 0.0  # that its code is good for

    @property
    def browser(self) -> bool:
        return has_browser(os.environ)

    def begin(self) -> DeviceCode:
        flow = DeviceFlow(self._app(), self._claims())
        told = self._ask(flow.begin, _ASK_SECONDS)
        self._flow = flow
        code = str(told["user_code"])
        if not code or len(code) > _LONGEST_CODE:
            raise self._odd("a code that nobody could type")
        self._seconds = min(float(told.get("expires_in", 0)), _LONGEST_WAIT)
        page = self._page(str(told.get("verification_uri", "")))
        return DeviceCode(code, page, self._seconds)

    def wait(self) -> SignedIn:
        assert self._flow is not None, "begin was called before"
        return self._keep(self._ask(self._flow.wait, self._seconds + _MORE_SECONDS))

    def in_browser(self) -> SignedIn:
        app, claims = self._app(), self._claims()
        if not _opens_pages():
            what, advice = "no browser was found on this computer", "Sign in with a code instead."
            raise Denied(self._endpoint, what, advice=advice)
        return self._keep(self._ask(lambda: msal_client.in_browser(app, claims), _BROWSER_SECONDS))

    def cancel(self) -> None:
        if self._flow is not None:
            self._flow.stop()
        self._call.end("the sign-in was cancelled")

    def forget(self) -> None:
        forget(self._endpoint, self._access)

    def _app(self) -> App:
        return app_of(self._endpoint, self._options, self._service, self._access)

    def _ask(self, ask: Callable[[], T], seconds: float) -> T:
        self._call.check()
        try:
            return asked_apart(ask, self._call, seconds)
        except TimeoutError as error:
            what = "the login server did not answer in time"
            raise Denied(self._endpoint, what, advice="Try again.") from error

    def _claims(self) -> str | None:
        """What a challenge of Graph demands of this sign-in."""
        known = self._access.secrets.of(self._endpoint)
        return next((text for _, subject, text in known if subject == CLAIMS), None)

    def _keep(self, grant: Grant) -> SignedIn:
        self._call.check()
        self._check_account(grant)
        kept = Kept(grant.account, grant.account_id, time.time(), grant.cache)
        remark = self._cache.begin(kept)
        if self._claims() is not None:
            self._access.secrets.erase(self._endpoint, "sign-in", CLAIMS)
        return SignedIn(grant.account, remark)

    def _check_account(self, grant: Grant) -> None:
        """Raises Denied for another person than this site is for: what waits in the queue for one
        drive must not go to another."""
        wanted = self._options.account
        if wanted and grant.account.lower() != wanted.lower():
            raise self._other(grant, wanted, "Sign in as that one, or correct the site's account.")
        before = self._before()
        of_another = self._cache.of_another(grant.account_id)
        if before is not None:
            of_another = before.account_id != grant.account_id
        if of_another:
            advice = "Sign in as that one. Another account needs a site of its own."
            raise self._other(grant, before.account if before else "another account", advice)

    def _before(self) -> Kept | None:
        try:
            return self._cache.read()
        except ProviderError:  # damaged, and set aside: this one takes its place
            return None

    def _other(self, grant: Grant, wanted: str, advice: str) -> Denied:
        what = f"{printable(grant.account)} signed in, and this site is for {printable(wanted)}"
        return Denied(self._endpoint, what, advice=advice)

    def _page(self, url: str) -> str:
        """Where the code is typed. Raises Denied for what could trick a terminal or a person."""
        clean = url.isascii() and url.isprintable() and " " not in url
        try:
            parts = urlsplit(url if clean else "")
            host = parts.hostname or ""
        except ValueError:
            host = ""
        emulated = (
            bool(self._service.login_base) and redirects.reach_by_name(host) is Reach.LOOPBACK
        )
        if not host or not (parts.scheme == "https" or (parts.scheme == "http" and emulated)):
            raise self._odd("a page that is no safe web address")
        return url

    def _odd(self, what: str) -> Denied:
        return Denied(self._endpoint, f"the login server gave {what}", advice="Do not sign in.")


def _opens_pages() -> bool:
    """Whether there is any browser at all: MSAL waits for one that never opens."""
    try:
        webbrowser.get()
    except webbrowser.Error:
        return False
    return True


def has_browser(environ: Mapping[str, str]) -> bool:
    """Whether a browser opens in front of the person: not one in this terminal, nor far away."""
    if environ.get("SSH_CONNECTION") or environ.get("SSH_TTY"):
        return False
    graphical = environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY")
    if sys.platform not in ("darwin", "win32") and not graphical and not environ.get("BROWSER"):
        return False
    try:
        return type(webbrowser.get()) is not webbrowser.GenericBrowser
    except webbrowser.Error:
        return False
