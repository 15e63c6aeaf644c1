"""Connections to one site and to where it redirects: made, kept for the next request, let go."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable

from providers.access import Access
from providers.errors import ConnectionLost, Denied, ProviderError, Unreachable
from providers.records import replace
from providers.text import printable
from providers.web import redirects, tls
from providers.web.calls import Call, shut_down
from providers.web.connection import Connection
from providers.web.dial import NoneAllowed, dial
from providers.web.exchange import Exchange
from providers.web.message import Broken, request_head
from providers.web.patience import Patience
from providers.web.proxies import Proxy, proxy_for
from providers.web.redirects import Reach, Url
from providers.web.route import Route

_KEEP = 8
_IDLE_SECONDS = 30.0  # most servers close sooner than a minute
_DRAIN = 64 << 10  # bytes that cost less to read than a new connection
_DRAIN_SECONDS = 1.0


class Pool:
    """Nobody waits for a connection: who calls keeps to `caps.connections`.

    `own`: the origin of the site itself ("https://host:8443").
    """

    def __init__(
        self,
        endpoint: str,
        own: str,
        route: Route,
        access: Access,
        patience: Patience,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._endpoint = endpoint
        self._route = route
        self._access = access
        self._patience = patience
        self._clock = clock
        self._lock = threading.Lock()
        self._idle: list[tuple[str, Connection]] = []
        self._own = own
        self._contexts: dict[bool, ssl.SSLContext] = {}  # by whether it is for the site itself
        self._closed = False
        self.requests = 0
        """How often a connection was taken: each carries one request at a time."""

    def take(
        self, url: Url, call: Call, *, sent_from: Reach | None, path: str, fresh: bool
    ) -> Connection:
        """A connection to the origin of `url`, carried by `call`.

        `sent_from`: where the server is that redirects there; it may not lead further inside.
        Raises Unreachable for the site itself, ConnectionLost for another, Denied, Unsupported.
        """
        connection = None if fresh else self._kept(url.origin, sent_from)
        if connection is None:
            connection = self._open(url, call, sent_from, path)
        connection.carry(call)
        with self._lock:
            self.requests += 1
        return connection

    def give_back(self, url: Url, connection: Connection) -> None:
        """Keep `connection` for the next request to the origin of `url`."""
        connection.idle_since = self._clock()
        with self._lock:
            self._idle.append((url.origin, connection))
            surplus = self._idle if self._closed else self._idle[:-_KEEP]
            self._idle = self._idle[len(surplus) :]
        for _, old in surplus:
            old.close()

    def done(self, exchange: Exchange, call: Call) -> None:
        """Keep the connection when nothing of this answer is left on it, or little.

        Once for each exchange: a connection that is kept twice is given to two calls at a time,
        and each reads the other's answer.
        """
        if exchange.let_go:
            return
        exchange.let_go = True
        call.carry(None)
        if exchange.reusable and exchange.drain(_DRAIN, _DRAIN_SECONDS):
            self.give_back(exchange.url, exchange.connection)
        else:
            exchange.connection.close()

    def close(self) -> None:
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for _, connection in idle:
            connection.close()

    def _kept(self, origin: str, sent_from: Reach | None) -> Connection | None:
        while True:
            with self._lock:
                fitting = [one for one in self._idle if one[0] == origin]
                if not fitting:
                    return None
                self._idle.remove(fitting[-1])
            connection = fitting[-1][1]
            old = self._clock() - connection.idle_since > _IDLE_SECONDS
            led = sent_from is None or redirects.may_lead(sent_from, connection.reach)
            if not old and led and not connection.is_stale():
                return connection
            connection.close()

    def _open(self, url: Url, call: Call, sent_from: Reach | None, path: str) -> Connection:
        proxy = proxy_for(url, self._route, call, self._patience.resolve)
        by_name = redirects.reach_by_name(url.host)
        if proxy is not None and sent_from and not redirects.may_lead(sent_from, by_name):
            raise redirects.refused(path, url.host)
        own = url.origin == self._own
        try:
            wire, reach = self._wire(url, proxy, call, sent_from)
        except NoneAllowed:
            raise redirects.refused(path, url.host) from None
        except ssl.SSLError as error:
            call.check()
            told = tls.distrust(error, url.origin, own=own)
            raise told or self._unreachable(url, proxy, error) from error
        except (OSError, UnicodeError, Broken) as error:
            call.check()
            raise self._unreachable(url, proxy, error) from error
        asked = proxy if url.scheme == "http" else None
        return Connection(wire, self._patience, reach if proxy is None else by_name, proxy=asked)

    def _wire(
        self, url: Url, proxy: Proxy | None, call: Call, sent_from: Reach | None
    ) -> tuple[socket.socket, Reach]:
        def allowed(address: str) -> bool:
            if proxy is not None or sent_from is None:
                return True
            return redirects.may_lead(sent_from, redirects.reach_of(address))

        host, port = (url.host, url.port) if proxy is None else (proxy.host, proxy.port)
        context = self._tls(url.origin == self._own) if url.scheme == "https" else None
        wire = dial(host, port, call, self._patience, allowed)
        try:
            reach = redirects.reach_of(str(wire.getpeername()[0]))
            call.carry(lambda: shut_down(wire))
            if proxy is not None and context is not None:
                self._tunnel(wire, url, proxy, reach)
            if context is not None:
                return tls.secure(wire, context, url.host, self._patience.connect), reach
        except BaseException:
            wire.close()
            raise
        return wire, reach

    def _tunnel(self, wire: socket.socket, url: Url, proxy: Proxy, reach: Reach) -> None:
        """Ask the proxy for a way through to `url` (RFC 9110, 9.3.6)."""
        there = f"[{url.host}]:{url.port}" if ":" in url.host else f"{url.host}:{url.port}"
        headers = {"Host": there}
        if proxy.authorization is not None:
            headers["Proxy-Authorization"] = proxy.authorization
        connection = Connection(wire, self._patience, reach)
        connection.send(request_head("CONNECT", there, headers))
        status = connection.head(self._patience.connect).status
        if status == 407:
            raise wants_sign_in(proxy)
        if not 200 <= status < 300:
            raise Broken(f"the proxy {proxy.shown} answered {status}")

    def _tls(self, own: bool) -> ssl.SSLContext:
        """For another server that the site redirects to nothing of the site's is shown or trusted:
        our certificate would tell a stranger who we are (faults.md C11)."""
        route = self._route
        if not own:
            route = replace(route, client_cert=None, ca_bundle=None)
        with self._lock:
            if own not in self._contexts:
                self._contexts[own] = tls.context_of(self._endpoint, route, self._access)
            return self._contexts[own]

    def _unreachable(self, url: Url, proxy: Proxy | None, error: Exception) -> ProviderError:
        host, port = (url.host, url.port) if proxy is None else (proxy.host, proxy.port)
        why, advice = _why(error, host, port, self._patience.connect)
        if proxy is not None:
            why, advice = f"the proxy in between: {why}", "Check HTTPS_PROXY, or the site's proxy."
        if url.origin == self._own:
            return Unreachable(self._endpoint, why, advice=advice)
        what = f"it redirects to {printable(url.origin)}, which cannot be reached: {why}"
        return ConnectionLost(self._endpoint, what)


def wants_sign_in(proxy: Proxy | None) -> Denied:
    """407: the proxy's own sign-in is in its address, in the environment, or nowhere."""
    shown = "" if proxy is None else f" {proxy.shown}"
    return Denied(
        "",
        f"the proxy{shown} wants a sign-in (407)",
        advice="Give it in HTTPS_PROXY in your environment, or set the site's proxy to “none”.",
    )


def _why(error: Exception, host: str, port: int, seconds: float) -> tuple[str, str | None]:
    """Why there is no connection, and what to do; None: the usual."""
    where = f"{printable(host)} port {port}"
    if isinstance(error, socket.gaierror | UnicodeError):
        name = printable(host)
        return f"no computer is called “{name}”", "Check the name, and that the network is up."
    if isinstance(error, ConnectionRefusedError):
        return (
            f"{where} refused the connection",
            "Check the port, and that a web server runs there.",
        )
    if isinstance(error, TimeoutError):
        what = f"{where} did not answer within {seconds:g} seconds"
        return what, "Check the address, the network and any firewall between."
    if isinstance(error, Broken):
        return str(error), None
    if isinstance(error, ssl.SSLError | ConnectionError):
        return f"{where} hung up on the greeting", None
    return (
        f"there is no way to {where} ({printable(getattr(error, 'strerror', '') or str(error))})",
        None,
    )
