"""Connections of one site: each is with one call at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

from providers.web.calls import Call, Calls
from providers.web.connection import Connection
from providers.web.exchange import Asked, Exchange, carry_out
from providers.web.pool import Pool
from providers.web.redirects import Url, url_of
from tests.servers.http_place import HURRIED, NO_PROXY, access
from tests.servers.scripted_http import ScriptedHttp, answer


class Case:
    """A pool, a call and what it asks a server that says nothing but 204."""

    def __init__(self, pool: Pool, url: Url, call: Call) -> None:
        self.pool, self.call = pool, call
        self._url = url

    def take(self) -> Connection:
        return self.pool.take(self._url, self.call, sent_from=None, path="/", fresh=False)

    def ask(self) -> Exchange:
        asked = Asked("GET", "/", {}, None, None, expect_continue=False)
        return carry_out(self.take(), self._url, asked, {"Host": "h"}, HURRIED)


@contextmanager
def case() -> Iterator[Case]:
    with ScriptedHttp(lambda ask, wire: wire.say(answer(204))) as server:
        url = url_of(server.base)
        pool = Pool(server.base, url.origin, NO_PROXY, access(server.base), HURRIED)
        with closing(pool), Calls(server.base).call() as call:
            yield Case(pool, url, call)


def test_a_connection_that_is_let_go_twice_is_kept_once() -> None:
    with case() as made:
        exchange = made.ask()
        for _ in range(2):
            made.pool.done(exchange, made.call)
        first, second = made.take(), made.take()
        with closing(first), closing(second):
            assert first is exchange.connection and second is not first


def test_a_connection_that_was_closed_here_is_stale() -> None:
    with case() as made:
        exchange = made.ask()
        made.pool.done(exchange, made.call)
        exchange.connection.close()
        another = made.take()
        with closing(another):
            assert another is not exchange.connection
