"""One site's requests: sign-in, redirects, cookies, and errors that are sentences.

Not over requests or urllib3: what they add to the wire (retries, decoding, redirects, their own
quoting, reading up to a close as success) would all have to be off (faults.md 0, 8 and 9), and they
leave no way to look at an address before it is connected to, or to end a call from outside.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from types import MappingProxyType

from providers.access import Access
from providers.base import Body
from providers.errors import (
    AuthRequired,
    ConnectionLost,
    Denied,
    InvalidName,
    ProviderError,
)
from providers.http.cookies import Cookies
from providers.http.faults import throttled
from providers.http.options import Options
from providers.http.references import with_query
from providers.http.sign_in import SignIn
from providers.text import printable
from providers.web import redirects
from providers.web.calls import Call, Calls
from providers.web.connection import Connection
from providers.web.exchange import SAFE, Asked, Exchange, carry_out
from providers.web.message import Broken
from providers.web.patience import USUAL, Patience
from providers.web.pool import Pool, wants_sign_in
from providers.web.redirects import Reach, Url
from providers.web.response import Response, lost

__all__ = ["Session"]

_NO_HEADERS: Mapping[str, str] = MappingProxyType({})
_SHOWN_ELSEWHERE = frozenset(
    {"range", "if-range", "if-match", "accept", "depth", "content-type", "want-repr-digest"}
)
_PART_SECONDS = 2.0  # for a server to notice that a body has ended early
_ATTEMPTS = 4  # one that is not signed in, one that is, with a fresh nonce, without Expect
_ONCE_MORE = {  # by status: why a body that has begun is sent again from its start
    401: "the server asked for the sign-in again",
    417: "the server does not know “Expect: 100-continue”",
}

_LOOKS = frozenset({"HEAD", "PROPFIND"})  # whose answers come soon, and are short


class Session:
    """Thread-safe; one for each provider. `base`: "https://host:port" of its requests.

    Raises InvalidName for an endpoint that is no address.
    """

    def __init__(
        self, endpoint: str, options: Options, access: Access, *, patience: Patience = USUAL
    ) -> None:
        self._root, user = redirects.base_of(endpoint)
        self.endpoint = endpoint
        self.base = self._root.origin
        self.options = options
        self._access = access
        self._patience = patience
        self._calls = Calls(endpoint)
        self.distance = 0.0
        """Seconds that an answer took at the best, about a round trip; 0 before the first. A
        connection would not tell: it may be made with a proxy next door."""
        self._pool = Pool(endpoint, self._root.origin, options, access, patience)
        self._sign_in = SignIn(endpoint, self._root.host, user, options, access)
        self._cookies = Cookies()
        self._trying = threading.Lock()
        self._signed_in = False
        self._announces = True  # bodies, to be told to go on (Expect: 100-continue)

    @contextmanager
    def send(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] = _NO_HEADERS,
        body: bytes | Body | None = None,
        length: int | None = None,
        expect_continue: bool = False,
        redirects: bool = True,
    ) -> Iterator[Response]:
        """Ask, and give the answer for the length of the block.

        `path`: percent-encoded, may end with a query reference. A `body` that is no bytes has
        `length` bytes, or is sent in chunks; it is taken once. Raises Unreachable, ConnectionLost,
        AuthRequired, Throttled, Denied; every other status is returned.
        """
        url = self._root.at(with_query(self._access, self.endpoint, path))
        asked = Asked(method, path, headers, body, length, expect_continue and self._announces)
        with self._calls.call() as call:
            exchange = (
                self._followed(call, url, asked) if redirects else self._ask(call, url, asked)
            )
            try:
                yield Response(exchange, url, path, self.endpoint, call)
            finally:
                self._pool.done(exchange, call)

    @property
    def requests(self) -> int:
        """How many went out so far."""
        return self._pool.requests

    def interrupt(self, thread: int) -> None:
        """End what `thread` has under way here: its call raises ConnectionLost. Never waits."""
        self._calls.interrupt(thread)

    def gives_name(self) -> AbstractContextManager[None]:
        """For the length of the block a new file gets its name: `interrupt` leaves that alone."""
        return self._calls.gives_name()

    def close(self) -> None:
        """Calls under way end with ConnectionLost."""
        self._calls.close()
        self._pool.close()

    # Redirects -------------------------------------------------------------------------------

    def _followed(self, call: Call, url: Url, asked: Asked) -> Exchange:
        sent_from: Reach | None = None
        for _ in range(redirects.MOST + 1):
            exchange = self._ask(call, url, asked, sent_from)
            location = exchange.head.headers.get("Location")
            if location is None or not redirects.follows(exchange.head.status, asked.method):
                return exchange
            try:
                there = redirects.follow(url, location, asked.path)
            finally:
                sent_from = exchange.connection.reach
                self._pool.done(exchange, call)
            if there.origin == url.origin == self._root.origin:
                sent_from = None  # nobody else had a say in where that is
            url = there
        raise Denied(
            asked.path,
            f"the server redirects more than {redirects.MOST} times",
            advice="Look at the address, or ask the server's owner.",
        )

    # One address, signed in to ---------------------------------------------------------------

    def _ask(self, call: Call, url: Url, asked: Asked, sent_from: Reach | None = None) -> Exchange:
        own = url.origin == self._root.origin
        for _ in range(_ATTEMPTS):
            with self._one_at_first(call, own):
                sent = self._sign_in.header(asked.method, url.target) if own else None
                exchange = self._carried_out(call, url, asked, sent_from, sent)
                status = exchange.head.status
                if status != 401 and not (status == 417 and asked.waits):
                    self._signed_in = self._signed_in or (own and sent is not None)
                    break
                self._pool.done(exchange, call)
                if status == 401:
                    self._refused(exchange, asked, sent)
                else:
                    self._announces = asked.expect_continue = False  # RFC 9110, 10.1.1
                if asked.begun:
                    raise ConnectionLost(asked.path, _ONCE_MORE[status])
        else:
            raise AuthRequired(self.endpoint, "the server asks for the sign-in again and again")
        if own:
            self._cookies.take(exchange.head.headers.all("Set-Cookie"), url.target)
        self._judge(exchange, call, asked)
        return exchange

    def _refused(self, exchange: Exchange, asked: Asked, sent: str | None) -> None:
        """After a 401: returns when it may be tried again."""
        if exchange.url.origin != self._root.origin:
            raise Denied(
                asked.path,
                f"it redirects to {printable(exchange.url.origin)}, which wants a sign-in",
                advice="Connect to that address itself.",
            )
        self._sign_in.refused(exchange.head.headers, sent)
        self._signed_in = False

    @contextmanager
    def _one_at_first(self, call: Call, own: bool) -> Iterator[None]:
        """Until one was taken, one sign-in at a time: a wrong password goes once (faults.md F6)."""
        if self._signed_in or not own or self._sign_in.header("GET", "/") is None:
            yield
            return
        while not self._trying.acquire(timeout=0.1):
            call.check()
        try:
            yield
        finally:
            self._trying.release()

    def _judge(self, exchange: Exchange, call: Call, asked: Asked) -> None:
        """Raise what no caller needs to tell apart."""
        status = exchange.head.status
        error: ProviderError | None = None
        if status == 407:
            error = wants_sign_in(exchange.connection.proxy)
        else:
            error = throttled(status, exchange.head.headers, asked.path, self.endpoint)
        if error is not None:
            self._pool.done(exchange, call)
            raise error

    # One request -----------------------------------------------------------------------------

    def _carried_out(
        self, call: Call, url: Url, asked: Asked, sent_from: Reach | None, sent: str | None
    ) -> Exchange:
        own, fresh = url.origin == self._root.origin, False
        while True:
            connection = self._pool.take(
                url, call, sent_from=sent_from, path=asked.path, fresh=fresh
            )
            try:
                headers = self._headers(url, asked, connection, sent)
                began = time.monotonic()
                exchange = carry_out(connection, url, asked, headers, self._patience)
                if own and asked.method in _LOOKS:
                    took = time.monotonic() - began
                    self.distance = min(self.distance or took, took)
                return exchange
            except (OSError, Broken) as error:
                connection.close()
                call.check()
                stale = connection.uses > 1 and not connection.answered
                if not stale or asked.method not in SAFE or isinstance(error, TimeoutError):
                    raise lost(error, asked.path, own=own) from error
                fresh = True  # closed by the server while nobody looked (RFC 9112, 9.3.1)
            except ValueError as error:
                connection.close()
                what = "a header of this request has characters that none can have"
                raise InvalidName(
                    asked.path, what, advice="Look at the token and headers."
                ) from error
            except ProviderError:  # of a body that failed, or of a header that is missing
                connection.part(_PART_SECONDS if asked.begun else 0.0)
                raise
            except BaseException:
                connection.close()
                raise

    def _headers(
        self, url: Url, asked: Asked, connection: Connection, sent: str | None
    ) -> dict[str, str]:
        headers = {"Host": url.authority, "User-Agent": "wharfie", "Accept": "*/*"}
        headers["Accept-Encoding"] = "identity"  # stored bytes are what is copied (faults.md C9)
        if connection.proxy is not None and connection.proxy.authorization is not None:
            headers["Proxy-Authorization"] = connection.proxy.authorization
        if url.origin != self._root.origin:
            said = {k: v for k, v in asked.headers.items() if k.lower() in _SHOWN_ELSEWHERE}
            return headers | said
        headers |= self._sign_in.own_headers() | dict(asked.headers)
        if cookies := self._cookies.header(url.target):
            headers["Cookie"] = cookies
        if sent is not None:
            headers["Authorization"] = sent
        return headers
