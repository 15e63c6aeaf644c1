"""A call is ended from outside, wherever it waits: at once, with nothing left behind.

The server is frozen at one step each time; the deadlines are a person's, far too long for a test.
"""

from __future__ import annotations

import queue
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from providers.access import Access
from providers.base import Interruptible
from providers.errors import ConnectionLost, ProviderError
from providers.sftp.pool import Pool
from providers.sftp.provider import SftpProvider, open_endpoint
from providers.sftp.session import Session
from providers.sftp.wire import Wire
from tests.servers.frozen_ssh import (
    BEFORE_SSH,
    STEPS,
    FrozenSSH,
    access,
    come_by,
    full_listener,
)
from tests.servers.openssh import OpenSSH, find_sshd
from tests.servers.scripted_sftp import ScriptedSftp, session
from tests.servers.slow_digest import SlowDigest

AT_ONCE = 1.0  # seconds a blocked call may need to come back
LAST_RESORT = 60.0
needs_sshd = pytest.mark.skipif(find_sshd() is None, reason="openssh-server is not installed")


@dataclass
class Caller:
    """A thread that makes one call after another and tells how each ended."""

    calls: queue.SimpleQueue[Callable[[], object] | None] = field(default_factory=queue.SimpleQueue)
    ended: queue.SimpleQueue[object] = field(default_factory=queue.SimpleQueue)

    def __post_init__(self) -> None:
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        while (call := self.calls.get()) is not None:
            try:
                self.ended.put(call())
            except ProviderError as error:
                self.ended.put(error)

    @property
    def ident(self) -> int:
        assert self.thread.ident is not None
        return self.thread.ident

    def outcome(self, seconds: float = LAST_RESORT) -> object:
        return self.ended.get(timeout=seconds)


@pytest.fixture
def caller() -> Iterator[Caller]:
    caller = Caller()
    yield caller
    caller.calls.put(None)
    caller.thread.join(LAST_RESORT)


@pytest.fixture
def nothing_is_left() -> Iterator[None]:
    threads, descriptors = set(threading.enumerate()), _open_descriptors()
    yield
    left = [thread for thread in threading.enumerate() if thread not in threads]
    for thread in left:
        thread.join(5)  # one that was told to end may be doing so
    assert [thread for thread in left if thread.is_alive()] == []
    assert _open_descriptors() <= descriptors


def _open_descriptors() -> int:
    listed = Path("/dev/fd")
    return len(list(listed.iterdir())) if listed.exists() else 0


def interrupt(place: Interruptible, caller: Caller) -> None:
    """End the caller's call: it comes back at once, and `interrupt` itself does not wait.

    Of several calls one may just have come to its end: whoever stops a run looks again, too.
    """
    asked, outcome = time.monotonic(), None
    while outcome is None:
        began = time.monotonic()
        place.interrupt(caller.ident)
        assert time.monotonic() - began < AT_ONCE
        with suppress(queue.Empty):
            outcome = caller.outcome(AT_ONCE / 4)
    assert isinstance(outcome, ConnectionLost)
    assert time.monotonic() - asked < AT_ONCE


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.usefixtures("nothing_is_left")
def test_a_call_is_ended_at_whichever_step_the_server_is_frozen(
    tmp_path: Path, caller: Caller, step: str
) -> None:
    (tmp_path / "there").write_bytes(bytes(1000))
    (tmp_path / "old name").write_bytes(b"")

    def call(place: SftpProvider) -> None:
        if step == "rename":  # that of a new file is let through
            place.rename("/old name", "/new name")
        else:
            come_by(place, step)

    with FrozenSSH(tmp_path, step) as server:
        given = access(tmp_path, server.endpoint)
        with closing(open_endpoint(server.endpoint, given)) as place:
            caller.calls.put(lambda: call(place))
            assert server.reached.wait(LAST_RESORT)
            interrupt(place, caller)
            assert given.secrets.get(server.endpoint, "password") is not None
            if step not in BEFORE_SSH:
                server.thaw()
                caller.calls.put(lambda: place.stat("/there").size)
                assert caller.outcome() == 1000


@pytest.mark.usefixtures("nothing_is_left")
def test_a_connection_that_is_being_made_is_ended(tmp_path: Path, caller: Caller) -> None:
    listener, waiting = full_listener()
    try:
        endpoint = f"sftp://ann@127.0.0.1:{listener.getsockname()[1]}"
        with closing(open_endpoint(endpoint, access(tmp_path, endpoint))) as place:
            caller.calls.put(lambda: place.stat("/"))
            _until(lambda: any(call.wire is not None for call in place._pool._calls))
            interrupt(place, caller)
    finally:
        for opened in (listener, *waiting):
            opened.close()


def test_a_name_that_is_being_resolved_is_waited_for_no_longer(
    tmp_path: Path, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, released = threading.Event(), threading.Event()

    def silent(*_: object, **__: object) -> list[object]:
        asked.set()
        released.wait(LAST_RESORT)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", silent)
    endpoint = "sftp://ann@far.example:22"
    with closing(open_endpoint(endpoint, access(tmp_path, endpoint))) as place:
        caller.calls.put(lambda: place.stat("/"))
        assert asked.wait(LAST_RESORT)
        interrupt(place, caller)
    released.set()


@pytest.mark.usefixtures("nothing_is_left")
def test_a_call_that_waits_for_anothers_sign_in_is_ended_and_the_other_is_not(
    tmp_path: Path, caller: Caller
) -> None:
    with FrozenSSH(tmp_path, "password") as server:
        (tmp_path / "there").write_bytes(b"")
        given = access(tmp_path, server.endpoint)
        with closing(open_endpoint(server.endpoint, given)) as place, _another() as first:
            first.calls.put(lambda: place.stat("/there").size)
            assert server.reached.wait(LAST_RESORT)
            caller.calls.put(lambda: place.stat("/there").size)
            _until(lambda: len(place._pool._calls) == 2)
            interrupt(place, caller)
            server.thaw()
            assert first.outcome() == 0


@needs_sshd
@pytest.mark.usefixtures("nothing_is_left")
def test_a_digest_by_the_server_is_ended(tmp_path: Path, caller: Caller) -> None:
    slow = SlowDigest(tmp_path)
    (tmp_path / "file").write_bytes(b"abc")
    with OpenSSH(tmp_path / "sshd", environment=slow.environment) as server:
        given = Access(tmp_path / "hosts", accept_new=True, keys=(server.key_path,))
        with closing(open_endpoint(server.endpoint, given)) as place:
            caller.calls.put(lambda: place.digest(str(tmp_path / "file"), "sha256"))
            slow.wait_until_it_runs()
            server.freeze_connections()
            interrupt(place, caller)
            assert place.caps.digests == {"sha256"}


@needs_sshd
@pytest.mark.usefixtures("nothing_is_left")
@pytest.mark.parametrize("what", ["read", "write"])
def test_a_file_on_its_way_is_ended(tmp_path: Path, caller: Caller, what: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(64 << 20))
    with OpenSSH(tmp_path / "sshd") as server:
        given = Access(tmp_path / "hosts", accept_new=True, keys=(server.key_path,))
        with closing(open_endpoint(server.endpoint, given)) as place:
            frozen = threading.Event()

            def freeze() -> None:
                server.freeze_connections()
                frozen.set()

            caller.calls.put(lambda: (_read if what == "read" else _write)(place, path, freeze))
            assert frozen.wait(LAST_RESORT)
            interrupt(place, caller)


def test_only_the_thread_that_is_named_is_ended_and_only_what_it_has_under_way(
    caller: Caller,
) -> None:
    servers: list[ScriptedSftp] = []

    def connect(wire: Wire) -> tuple[Session, None]:
        servers.append(ScriptedSftp())
        wire.carry(servers[-1].close)
        return session(servers[-1]), None

    pool = Pool("sftp://ann@host:22", connect, keep=4)
    with pool.line(), _another() as other:
        pool.interrupt(other.ident)
        assert not servers[0].closed
        pool.interrupt(threading.get_ident())
        assert servers[0].closed
    with pool.line():
        assert len(servers) == 2
        assert not servers[1].closed
    pool.interrupt(threading.get_ident())
    assert not servers[1].closed
    pool.close()


def test_everything_a_thread_holds_is_ended_together() -> None:
    servers: list[ScriptedSftp] = []

    def connect(wire: Wire) -> tuple[Session, None]:
        servers.append(ScriptedSftp())
        wire.carry(servers[-1].close)
        return session(servers[-1]), None

    pool = Pool("sftp://ann@host:22", connect, keep=4)
    with pool.line(), pool.line():
        pool.interrupt(threading.get_ident())
        assert [server.closed for server in servers] == [True, True]
    pool.close()


def _read(place: SftpProvider, path: Path, freeze: Callable[[], None]) -> None:
    with place.read(str(path)) as reader:
        for number, _ in enumerate(reader.chunks()):
            if number == 3:
                freeze()


def _write(place: SftpProvider, path: Path, freeze: Callable[[], None]) -> None:
    token = place.begin(f"{path}.new", None, key="0123abcd", part_size=1 << 20)

    def body() -> Iterator[bytes]:
        yield bytes(1 << 20)
        freeze()
        while True:  # more than any buffer on the way holds
            yield bytes(1 << 20)

    place.put_part(token, 0, 0, body())


@contextmanager
def _another() -> Iterator[Caller]:
    caller = Caller()
    try:
        yield caller
    finally:
        caller.calls.put(None)
        caller.thread.join(LAST_RESORT)


def _until(ready: Callable[[], bool]) -> None:
    """Wait for what no event tells of: a thread being inside a call."""
    until = time.monotonic() + LAST_RESORT
    while not ready():
        assert time.monotonic() < until
        threading.Event().wait(0.005)
