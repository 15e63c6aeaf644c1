"""Which sessions are kept, which are asked again and which are dropped."""

from __future__ import annotations

import threading
from contextlib import ExitStack, suppress

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
    world.use().send = lambda head, body=b"": None  # type: ignore[method-assign]
    world.now += 60
    world.use()
    assert [server.closed for server in world.servers] == [True, False]


def test_a_broken_session_is_dropped() -> None:
    world = World()
    with pytest.raises(ConnectionLost), world.pool.line() as line:
        world.servers[0].send = lambda head, body=b"": None  # type: ignore[method-assign]
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


class Door:
    """Counts who stands at it, and lets in once `wanted` do."""

    def __init__(self) -> None:
        self.standing, self.most, self.wanted = 0, 0, 1
        self.refuses = False
        self.changed = threading.Condition()
        self.pool = Pool("sftp://ann@host:22", self.connect, keep=0)

    def connect(self, wire: Wire) -> tuple[Session, None]:
        with self.changed:
            self.standing += 1
            self.most = max(self.most, self.standing)
            self.changed.notify_all()
            assert self.changed.wait_for(lambda: self.most >= self.wanted, 20)
            self.standing -= 1
        if self.refuses:
            raise ConnectionLost("sftp://ann@host:22")
        return session(ScriptedSftp(lie=_home)), None

    def most_at_once(self, count: int, wanted: int) -> int:
        """How many stood there at once, of `count` threads that need a session each."""
        self.most, self.wanted = 0, wanted
        together = threading.Barrier(count, timeout=20)

        def need_one() -> None:
            with suppress(ConnectionLost, threading.BrokenBarrierError), self.pool.line():
                together.wait()

        threads = [threading.Thread(target=need_one) for _ in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        return self.most


def test_several_sign_in_at_once_where_one_was_let_in() -> None:
    door = Door()
    assert door.most_at_once(1, wanted=1) == 1
    assert door.most_at_once(7, wanted=4) == 4


def test_who_was_let_in_nowhere_signs_in_one_after_the_other() -> None:
    door = Door()
    door.refuses = True
    assert door.most_at_once(3, wanted=1) == 1


def test_after_a_refusal_one_signs_in_at_a_time() -> None:
    door = Door()
    door.most_at_once(1, wanted=1)
    door.refuses = True
    with pytest.raises(ConnectionLost), ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(door.pool.line())
    assert door.most_at_once(3, wanted=1) == 1
