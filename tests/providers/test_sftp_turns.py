"""What is sent on a shared connection is sent in turn."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from providers.access import Access
from providers.sftp import calls, connect, lean_channel
from providers.sftp.protocol import Open
from providers.sftp.provider import open_endpoint
from providers.sftp.turns import InTurn
from tests.servers.openssh import OpenSSH, find_sshd

LAST_RESORT = 30.0


@pytest.fixture
def held() -> Iterator[InTurn]:
    lock = InTurn()
    lock.acquire()
    yield lock


def waiting(lock: InTurn, name: str, order: list[str]) -> threading.Thread:
    """A thread that waits for `lock`, and has begun to."""

    def take() -> None:
        lock.acquire()
        order.append(name)
        lock.release()

    before = len(lock._waiting)
    thread = threading.Thread(target=take, daemon=True)
    thread.start()
    while len(lock._waiting) == before:
        thread.join(0.001)
    return thread


def test_who_waits_is_before_who_just_had_it(held: InTurn) -> None:
    order: list[str] = []
    threads = [waiting(held, name, order) for name in "ab"]
    held.release()
    held.acquire()
    order.append("again")
    held.release()
    for thread in threads:
        thread.join(LAST_RESORT)
    assert order == ["a", "b", "again"]


def test_who_no_longer_waits_is_passed_over(held: InTurn, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []

    class Interrupted:
        """A lock at which somebody presses Ctrl-C."""

        def acquire(self, *_: object) -> bool:
            if not hasattr(self, "taken"):
                self.taken = True
                return True
            raise KeyboardInterrupt

    with monkeypatch.context() as during:
        during.setattr(threading, "Lock", Interrupted)
        with pytest.raises(KeyboardInterrupt):
            held.acquire()
    thread = waiting(held, "next", order)
    held.release()
    thread.join(LAST_RESORT)
    assert order == ["next"]


@pytest.mark.skipif(find_sshd() is None, reason="openssh-server is not installed")
def test_a_connection_sends_in_turn(tmp_path: Path) -> None:
    with OpenSSH(tmp_path / "sshd") as server:
        given = Access(tmp_path / "hosts", accept_new=True, keys=(server.key_path,))
        with closing(open_endpoint(server.endpoint, given)) as place, place._pool.line() as line:
            assert line.transport is not None
            assert isinstance(line.transport.clear_to_send_lock, InTurn)
            if hasattr(socket, "TCP_NOTSENT_LOWAT"):
                told = (socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT)
                assert line.transport.sock.getsockopt(*told) == connect._UNSENT


@pytest.mark.skipif(find_sshd() is None, reason="openssh-server is not installed")
@pytest.mark.parametrize(
    ("long", "turns"), [(0.0, range(8, 20)), (LAST_RESORT, range(1, 3))], ids=["slow", "fast"]
)
def test_a_turn_is_short_on_a_slow_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, long: float, turns: range
) -> None:
    monkeypatch.setattr(lean_channel, "_LONG", long)
    with OpenSSH(tmp_path / "sshd") as server:
        given = Access(tmp_path / "hosts", accept_new=True, keys=(server.key_path,))
        with closing(open_endpoint(server.endpoint, given)) as place, place._pool.line() as line:
            flags = Open.WRITE | Open.CREATE
            handle = calls.open_file(line.session, str(tmp_path / "file"), flags)
            sent: list[object] = []
            send = line.transport._send_user_message  # type: ignore[union-attr]

            def counted(message: object) -> None:
                sent.append(message)
                send(message)

            monkeypatch.setattr(line.transport, "_send_user_message", counted)
            number = line.session.request_write(handle, 0, bytes(255 << 10))
            assert len(sent) in turns
            line.session.check(line.session.wait(number, ""), "")
    assert (tmp_path / "file").read_bytes() == bytes(255 << 10)
