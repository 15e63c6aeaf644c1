"""Requests: to Graph, with who asks; and to the hosts that it sends us to, with nobody's name.

An address that Graph hands out for uploads and downloads is a secret that works for whoever has it:
it is asked for as it came, over connections that carry no token, and stands in no message.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from types import MappingProxyType
from typing import Any, Protocol
from urllib.parse import urlencode

from providers.access import Access
from providers.base import Body
from providers.errors import AuthRequired, Denied, ProviderError
from providers.onedrive import faults
from providers.onedrive.answers import Answer
from providers.onedrive.mapping import Names
from providers.onedrive.options import Options
from providers.onedrive.throttle import Rest
from providers.records import dataclass, replace
from providers.web import redirects
from providers.web.calls import Call, Calls
from providers.web.exchange import SAFE, Asked, Exchange, carry_out
from providers.web.message import Broken
from providers.web.patience import USUAL, Patience
from providers.web.pool import Pool, wants_sign_in
from providers.web.redirects import Reach, Url
from providers.web.response import Response, lost

_NOTHING: Mapping[str, str] = MappingProxyType({})
_CLAIMS = re.compile(r'claims="([^"]{1,8192})"')
_AGENT = "NONISV|Wharfie|Wharfie/1.0"  # how SharePoint wants to be told (throttling guidance)
_COMMON = {"User-Agent": _AGENT, "Accept-Encoding": "identity"}


class Tokens(Protocol):
    """Who asks: see `auth.Tokens`."""

    def token(self, call: Call) -> str: ...
    def refused(self, token: str, claims: str | None) -> None: ...


@dataclass(frozen=True, slots=True)
class Sent:
    """The bytes of a request. `length` None: there are none."""

    body: bytes | Body | None = None
    length: int | None = None


_NOTHING_SENT = Sent()


class Session:
    """Thread-safe; one for each provider. `base`: what each request to Graph begins with."""

    def __init__(
        self,
        endpoint: str,
        base: str,
        options: Options,
        access: Access,
        tokens: Tokens,
        *,
        patience: Patience = USUAL,
    ) -> None:
        self.endpoint = endpoint
        self.options = options
        self.names = Names(mapped=options.names == "map")
        self.rest = Rest(endpoint)
        self.calls = Calls(endpoint)
        self._base = redirects.url_of(base)
        self._tokens = tokens
        self._patience = patience
        self._reach = redirects.reach_by_name(self._base.host)
        here = self._reach is Reach.LOOPBACK  # an emulator: a proxy elsewhere would see its tokens
        route = replace(options, proxy="none") if here else options
        self._pool = Pool(endpoint, self._base.origin, route, access, patience)

    # Graph -----------------------------------------------------------------------------------

    @contextmanager
    def ask(
        self,
        method: str,
        target: str,
        *,
        path: str,
        query: Mapping[str, str] = _NOTHING,
        headers: Mapping[str, str] = _NOTHING,
        told: Mapping[str, Any] | None = None,
        body: bytes | None = None,
    ) -> Iterator[Answer]:
        """Ask Graph for `target` ("/me/drive", percent-encoded), and give the answer for the
        length of the block; `path` is what errors are about, `told` is sent as JSON.

        Raises Unreachable, ConnectionLost, AuthRequired, Throttled; other statuses are returned.
        """
        url = self._base.at(f"{self._base.path.rstrip('/')}{target}{_query(query)}")
        with self._asked(method, url, path, headers, told, body) as answer:
            yield answer

    @contextmanager
    def ask_next(
        self, link: str, *, path: str, headers: Mapping[str, str] = _NOTHING
    ) -> Iterator[Answer]:
        """As `ask`, for an address that Graph gave for the next page: only Graph's own may be, for
        a token goes along."""
        url = redirects.follow(self._base, link, path)
        if url.origin != self._base.origin:
            what = "the service says that its list goes on at another server"
            raise Denied(path, what, advice="Nobody else gets to see who asks; it is not followed.")
        with self._asked("GET", url, path, headers, None, None) as answer:
            yield answer

    def get(
        self,
        target: str,
        *,
        path: str,
        query: Mapping[str, str] = _NOTHING,
        headers: Mapping[str, str] = _NOTHING,
        doing: str = "looking at it",
    ) -> dict[str, Any]:
        """What Graph says. Raises also NotFound, Denied and so on."""
        with self.ask("GET", target, path=path, query=query, headers=headers) as answer:
            if answer.status != 200:
                raise faults.problem(answer, path, doing)
            return answer.json()

    @contextmanager
    def _asked(
        self,
        method: str,
        url: Url,
        path: str,
        headers: Mapping[str, str],
        told: Mapping[str, Any] | None,
        body: bytes | None,
    ) -> Iterator[Answer]:
        sent = {**_COMMON, "Host": url.authority, "Accept": "application/json", **headers}
        if told is not None:
            sent["Content-Type"], body = "application/json", json.dumps(told).encode()
        asked = Asked(method, path, sent, body, None, expect_continue=False)
        self.rest.check(path)
        with self.calls.call() as call:
            exchange: Exchange | None
            token = self._tokens.token(call)
            exchange, answer = self._carried_out(call, url, asked, token)
            try:
                if answer.status == 401:
                    self._tokens.refused(token, _claims(answer))
                    self._pool.done(exchange, call)
                    exchange = None
                    token = self._tokens.token(call)
                    exchange, answer = self._carried_out(call, url, asked, token)
                if answer.status == 401:
                    self._tokens.refused(token, _claims(answer))
                    self._tokens.token(call)  # says what to do about it
                    raise self._not_signed_in()
                self._check_rest(answer, path)
                yield answer
            finally:
                if exchange is not None:
                    self._pool.done(exchange, call)

    def _not_signed_in(self) -> ProviderError:
        what = "the service does not accept who signed in"
        return AuthRequired(self.endpoint, what, needs="token", rejected=True)

    # Elsewhere -------------------------------------------------------------------------------

    @contextmanager
    def ask_elsewhere(
        self,
        method: str,
        address: str,
        *,
        path: str,
        headers: Mapping[str, str] = _NOTHING,
        sent: Sent = _NOTHING_SENT,
    ) -> Iterator[Answer]:
        """As `ask`, for an address that Graph handed out, which carries its own permit.

        It is neither http when Graph is https, nor inside a network that Graph cannot see.
        """
        self.rest.check(path)
        url = redirects.follow(self._base, address, path)
        said = {**_COMMON, "Host": url.authority, **headers}
        asked = Asked(method, path, said, sent.body, sent.length, expect_continue=False)
        with self.calls.call() as call:
            exchange, answer = self._carried_out(call, url, asked, None)
            try:
                self._check_rest(answer, path)
                yield answer
            finally:
                self._pool.done(exchange, call)

    # Both ------------------------------------------------------------------------------------

    def pause(self, seconds: float) -> None:
        """Wait, unless that is ended from outside. Raises ConnectionLost then."""
        ended = threading.Event()
        with self.calls.call() as call:
            call.carry(ended.set)
            ended.wait(seconds)
            call.check()

    @property
    def requests(self) -> int:
        """How many went out so far, those to other servers of the service as well."""
        return self._pool.requests

    def interrupt(self, thread: int) -> None:
        """End what `thread` has under way here: its call raises ConnectionLost. Never waits."""
        self.calls.interrupt(thread)

    def gives_name(self) -> AbstractContextManager[None]:
        """For the length of the block a file gets its name: `interrupt` leaves that alone."""
        return self.calls.gives_name()

    def close(self) -> None:
        """Calls under way end with ConnectionLost."""
        self.calls.close()
        self._pool.close()

    def _check_rest(self, answer: Answer, path: str) -> None:
        if answer.status in faults.THROTTLED:
            told = faults.throttled(answer, path)
            self.rest.note(told)
            raise told

    def _carried_out(
        self, call: Call, url: Url, asked: Asked, token: str | None
    ) -> tuple[Exchange, Answer]:
        headers = dict(asked.headers)
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        exchange = self._exchanged(call, url, asked, headers)
        response = Response(exchange, url, asked.path, self.endpoint, call)
        if response.status == 407:
            self._pool.done(exchange, call)
            raise wants_sign_in(exchange.connection.proxy)
        return exchange, Answer(response, asked.path)

    def _exchanged(
        self, call: Call, url: Url, asked: Asked, headers: Mapping[str, str]
    ) -> Exchange:
        sent_from = None if url.origin == self._base.origin else self._reach
        fresh = False
        while True:
            connection = self._pool.take(
                url, call, sent_from=sent_from, path=asked.path, fresh=fresh
            )
            proxy = connection.proxy
            if proxy is not None and proxy.authorization is not None:
                headers = {**headers, "Proxy-Authorization": proxy.authorization}
            try:
                return carry_out(connection, url, asked, headers, self._patience)
            except (OSError, Broken) as error:
                connection.close()
                call.check()
                stale = connection.uses > 1 and not connection.answered
                if not stale or asked.method not in SAFE or isinstance(error, TimeoutError):
                    raise lost(error, asked.path, own=sent_from is None) from error
                fresh = True  # closed by the server while nobody looked (RFC 9112, 9.3.1)
            except ValueError as error:
                connection.close()
                what = "this has characters that no request can have"
                raise Denied(asked.path, what, advice="Look at the token and the site.") from error
            except BaseException:
                connection.close()
                raise


def _query(query: Mapping[str, str]) -> str:
    return f"?{urlencode(query, safe='$@,')}" if query else ""


def _claims(answer: Answer) -> str | None:
    """What a challenge demands of the next token, as it came (entra-docs, claims-challenge)."""
    match = _CLAIMS.search(answer.headers.get("WWW-Authenticate", ""))
    return match[1] if match else None
