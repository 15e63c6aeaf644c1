"""Which proxy a request goes through: what the site says, or the environment (faults.md B12)."""

from __future__ import annotations

import base64
import urllib.request
from urllib.parse import unquote, urlsplit

from providers.errors import ConnectionLost, Unsupported
from providers.records import dataclass
from providers.text import printable
from providers.web.calls import Call, asked_apart
from providers.web.redirects import Url
from providers.web.route import Route


@dataclass(frozen=True, slots=True)
class Proxy:
    """`authorization` is a secret, and for the proxy alone."""

    host: str
    port: int
    authorization: str | None = None

    @property
    def shown(self) -> str:
        return printable(f"http://{self.host}:{self.port}")

    def __repr__(self) -> str:
        return f"<proxy {self.shown}>"


def proxy_for(url: Url, route: Route, call: Call, seconds: float) -> Proxy | None:
    """None: straight to the server. Takes up to `seconds`, and ends with `call`.

    Raises Unsupported for a kind of proxy that is not spoken, ConnectionLost when the system does
    not say in time.
    """
    if route.proxy == "none":
        return None
    if route.proxy != "environment":
        return _proxy(route.proxy)
    known = urllib.request.getproxies()
    address = known.get(url.scheme) or known.get("all")
    if not address or _goes_straight(url, call, seconds):
        return None
    return _proxy(address if "://" in address else f"http://{address}")


def _goes_straight(url: Url, call: Call, seconds: float) -> bool:
    """Whether the environment or the system leaves this host out.

    macOS and Windows may look the name up for that, to see whether it is in a network left out.
    """

    def ask() -> bool:
        return bool(urllib.request.proxy_bypass(f"{url.host}:{url.port}"))

    try:
        return asked_apart(ask, call, seconds)
    except OSError as error:
        raise ConnectionLost(
            printable(url.origin),
            "the system did not say whether this goes through its proxy",
            advice="It is tried again; set the site's proxy to its address, or to “none”.",
        ) from error


def _proxy(address: str) -> Proxy:
    try:
        parts = urlsplit(address)
        scheme, host, port = parts.scheme, parts.hostname, parts.port or 80
    except ValueError:
        scheme, host, port = "", None, 0
    if scheme != "http" or not host:
        raise Unsupported(
            f"{scheme or 'proxy'}:",
            "only proxies with an http:// address can be used",
            advice="Set the site's proxy, or HTTPS_PROXY, to such a one, or to “none”.",
        )
    if parts.username is None:
        return Proxy(host, port)
    secret = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return Proxy(host, port, "Basic " + base64.b64encode(secret.encode()).decode("ascii"))
