"""The way to a web server, step by step: proxy, name, TCP, TLS, the first answer, the sign-in."""

from __future__ import annotations

import re
import socket
import ssl
import time
from collections.abc import Generator, Iterator
from contextlib import closing

from providers.access import Access
from providers.diagnosis import Finding, Step
from providers.errors import AuthRequired, InvalidName, ProviderError
from providers.http.checkup import look_around
from providers.http.digest_auth import challenges
from providers.http.options import Options, options_of
from providers.http.paths import canonical
from providers.http.references import remember_query, with_query
from providers.http.session import Session
from providers.reachability import closed_when_left, reach
from providers.records import dataclass
from providers.web import redirects, tls
from providers.web.calls import Calls
from providers.web.certificate import certificate_of, shown_certificate
from providers.web.connection import Connection
from providers.web.exchange import Asked, carry_out
from providers.web.message import Broken, Head, request_head
from providers.web.patience import USUAL, Patience
from providers.web.proxies import Proxy, proxy_for
from providers.web.redirects import Url

_SOON = 14 * 86400.0  # seconds before a certificate ends
_REFERENCE = re.compile(r"~[0-9a-f]{8}")


@dataclass(frozen=True, slots=True)
class _Way:
    """Where the walk leads, and how it gets there."""

    endpoint: str
    url: Url  # its target has the address's secret part, if there is one
    path: str  # without it
    user: str
    options: Options
    proxy: Proxy | None
    access: Access
    patience: Patience


def diagnose(
    endpoint: str, path: str, access: Access, patience: Patience = USUAL
) -> Iterator[Finding]:
    """See `providers.registry.diagnose`. Ends after a step that makes the next ones impossible."""
    step = Step("address", endpoint)
    try:
        way = _way(endpoint, path, access, patience)
    except ProviderError as error:
        yield step.failed(error)
        return
    by = "WebDAV" if endpoint.startswith("dav") else "HTTP"
    who = f", as {way.user}" if way.user else ""
    yield step.fine(f"{way.url.origin}{way.path} by {by}{who}")
    if way.proxy is not None:
        told = f"the way leads through the proxy {way.proxy.shown}"
        yield Step("proxy").remark(told, "A site may say proxy = “none”; NO_PROXY names hosts.")
    wire = yield from _wire(way)
    if wire is None:
        return
    with closing(wire):
        head = yield from _first_answer(wire, way)
    if head is not None:
        yield from _signed_in(way, head)


def _way(endpoint: str, path: str, access: Access, patience: Patience) -> _Way:
    """Raises ProviderError for an address or options that cannot be used."""
    root, user = redirects.base_of(endpoint)
    options = options_of(access.sites.options(endpoint))
    plain, mark, query = path.partition("?")
    shown = canonical(plain)
    if mark:
        known = _REFERENCE.fullmatch(query) is not None
        shown = path if known else remember_query(access, endpoint, shown, query)
    url = root.at(with_query(access, endpoint, shown))
    with Calls(endpoint).call() as call:
        proxy = proxy_for(url, options, call, patience.resolve)
    return _Way(endpoint, url, shown, user or options.user, options, proxy, access, patience)


# The connection ------------------------------------------------------------------------------


def _wire(way: _Way) -> Generator[Finding, None, socket.socket | None]:
    """A connection on which the server can be asked."""
    if way.proxy is None:
        wire = yield from reach(way.url.host, way.url.port, "a web server")
    else:
        wire = yield from reach(way.proxy.host, way.proxy.port, "the proxy")
    if wire is None or way.url.scheme == "http":
        return wire
    if way.proxy is not None:
        step = Step("tunnel")
        try:
            _tunnel(wire, way, way.proxy)
        except (OSError, Broken) as error:
            wire.close()
            yield step.wrong(
                f"the proxy makes no way to {way.url.authority} ({_said(error)})",
                "Ask who runs the proxy, name the host in NO_PROXY, or give the proxy's sign-in.",
            )
            return None
        with closed_when_left(wire):
            yield step.fine(f"the proxy makes a way to {way.url.authority}")
    secured = yield from _secured(wire, way)
    return secured


def _tunnel(wire: socket.socket, way: _Way, proxy: Proxy) -> None:
    """Raises OSError, Broken."""
    there = f"{way.url.authority.removesuffix(f':{way.url.port}')}:{way.url.port}"
    headers = {"Host": there}
    if proxy.authorization is not None:
        headers["Proxy-Authorization"] = proxy.authorization
    connection = Connection(wire, way.patience, redirects.reach_by_name(way.url.host))
    connection.send(request_head("CONNECT", there, headers))
    status = connection.head(way.patience.connect).status
    if not 200 <= status < 300:
        raise Broken(f"it answers {status}")


def _secured(wire: socket.socket, way: _Way) -> Generator[Finding, None, ssl.SSLSocket | None]:
    step = Step("TLS", way.endpoint, way.url.origin)
    peer = wire.getpeername()
    try:
        context = tls.context_of(way.endpoint, way.options, way.access)
        secured = tls.secure(wire, context, way.url.host, way.patience.connect)
    except ProviderError as error:
        wire.close()
        yield step.failed(error)
        return None
    except OSError as error:
        wire.close()
        step.stop()
        yield _distrusted(step, error, way, peer)
        return None
    found = certificate_of(secured.getpeercert(binary_form=True))
    told = f"{secured.version()}; the certificate is {found or 'there'}"
    soon = found is not None and found.until - time.time() < _SOON
    with closed_when_left(secured):
        yield step.remark(told, "Its owner must renew it soon.") if soon else step.fine(told)
    return secured


def _distrusted(step: Step, error: OSError, way: _Way, peer: tuple[str, int]) -> Finding:
    if isinstance(error, ssl.SSLError):
        known = tls.distrust(error, way.endpoint)
        if known is not None:
            seen = None
            if isinstance(error, ssl.SSLCertVerificationError) and way.proxy is None:
                seen = shown_certificate(peer, way.url.host, way.patience.connect)
            finding = step.failed(known)
            told = f"{finding.what}: it is {seen}" if seen else finding.what
            return step.wrong(told, finding.advice)
    return step.wrong(
        f"the encryption did not come about ({_said(error)})",
        "Check the port: https is usually 443. If the server speaks no TLS there, use http://.",
    )


# The answer ----------------------------------------------------------------------------------


def _first_answer(wire: socket.socket, way: _Way) -> Generator[Finding, None, Head | None]:
    """What the server says to somebody it does not know: without cookies and secrets."""
    step = Step("HTTP", way.endpoint)
    proxy = way.proxy if way.url.scheme == "http" else None
    connection = Connection(wire, way.patience, redirects.reach_by_name(way.url.host), proxy=proxy)
    headers = {"Host": way.url.authority, "User-Agent": "wharfie", "Accept": "*/*"}
    if proxy is not None and proxy.authorization is not None:
        headers["Proxy-Authorization"] = proxy.authorization
    method = "OPTIONS" if way.endpoint.startswith("dav") else "HEAD"
    asked = Asked(method, way.path, {}, None, None, False)
    try:
        head = carry_out(connection, way.url, asked, headers, way.patience).head
    except (OSError, Broken) as error:
        yield step.wrong(
            f"no answer of a web server came ({_said(error)})",
            "Check the port and whether it is http or https there.",
        )
        return None
    server = head.headers.get("Server", "")
    told = f"the server{f' ({server})' if server else ''} answers {head.status}"
    location = head.headers.get("Location")
    if location is not None and 300 <= head.status < 400:
        yield step.fine(f"{told} and redirects to {_without_query(way.url, location)}")
    else:
        yield step.fine(told)
    return head


def _without_query(here: Url, location: str) -> str:
    """Where a redirect leads. What stands behind "?" there may sign somebody in."""
    try:
        to = redirects.follow(here, location, here.path)
    except ProviderError:
        return "an address that is not followed"
    return f"{to.origin}{to.path}"


def _signed_in(way: _Way, head: Head) -> Iterator[Finding]:
    """The same again, as whoever we are; then what the server can do."""
    step = Step("sign-in", way.endpoint)
    takes = sorted({one.scheme for one in challenges(head.headers.all("WWW-Authenticate"))})
    offered = f"the server asks for {', '.join(takes) or 'none it names'}"
    try:
        session = Session(way.endpoint, way.options, way.access, patience=way.patience)
    except InvalidName as error:
        yield step.failed(error)
        return
    with closing(session):
        if head.status == 401:
            try:
                method = "OPTIONS" if way.endpoint.startswith("dav") else "HEAD"
                with session.send(method, way.path):
                    pass
            except AuthRequired as error:
                told = step.failed(error)
                what = f"{told.what}; {offered}"
                yield Finding(told.step, False, what, told.advice, told.seconds, error)
                return
            except ProviderError as error:
                yield step.failed(error, f"({offered})")
                return
            yield step.fine(f"signed in{f' as {way.user}' if way.user else ''}; {offered}")
        yield from look_around(session, way.path, dav=way.endpoint.startswith("dav"))


def _said(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "nothing came in time"
    if isinstance(error, ssl.SSLError):
        return (error.reason or "TLS failed").replace("_", " ").lower()
    return getattr(error, "strerror", None) or str(error)
