"""Which sessions are kept, which are asked again and which are dropped."""

from __future__ import annotations

import pytest

from providers.errors import ConnectionLost
from providers.sftp import calls
from providers.sftp.pool import Pool
from providers.sftp.protocol import Op, Open, string, u32
from providers.sftp.session import Session
from providers.sftp.wire import Wire
from tests.servers.scripted_sftp import Request, ScriptedSftp, reply, session


class World:
    """The servers that were connected to, and a clock."""

    def __init__(self) -> None:
        self.now = 0.0
        self.servers: list[ScriptedSftp] = []
        self.pool = Pool("sftp://ann@host:22", self.connect, keep=2, clock=lambda: self.now)

    def connect(self, wire: Wire) -> tuple[Session, None]:
        self.servers.append(ScriptedSftp(lie=_home))
        return session(self.servers[-1]), None

    def use(self) -> ScriptedSftp:
        with self.pool.line():
            return self.servers[-1]


def _home(request: Request) -> bytes | None:
    if request.op is not Op.REALPATH:
        return None
    return reply(Op.NAME, request.number, u32(1), string(b"/home"), string(b""), u32(0))


def test_a_session_is_used_again() -> None:
    world = World()
    world.use()
    world.use()
    assert len(world.servers) == 1
    assert world.servers[0].requests == []


def test_a_session_that_was_idle_for_long_is_asked_first() -> None:
    world = World()
    world.use()
    world.now += 60
    world.use()
    assert world.servers[0].requests == [Op.REALPATH]
    assert len(world.servers) == 1


def test_a_session_that_answers_no_more_is_replaced() -> None:
    world = World()
    world.use().send = lambda data: None  # type: ignore[method-assign]
    world.now += 60
    world.use()
    assert [server.closed for server in world.servers] == [True, False]


def test_a_broken_session_is_dropped() -> None:
    world = World()
    with pytest.raises(ConnectionLost), world.pool.line() as line:
        world.servers[0].send = lambda data: None  # type: ignore[method-assign]
        calls.open_file(line.session, "/x", Open.READ)
    world.use()
    assert len(world.servers) == 2


def test_no_more_than_the_wanted_number_is_kept() -> None:
    world = World()
    with world.pool.line(), world.pool.line(), world.pool.line():
        pass
    assert [server.closed for server in world.servers].count(False) == 2


def test_a_closed_pool_gives_nothing_and_keeps_nothing() -> None:
    world = World()
    with world.pool.line():
        world.pool.close()
    with pytest.raises(ConnectionLost, match="closed"), world.pool.line():
        pass
    assert all(server.closed for server in world.servers)
