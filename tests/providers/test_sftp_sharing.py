"""Several sessions on one connection: signed in once, and ended each by itself."""

from __future__ import annotations

import hashlib
import os
import queue
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import paramiko
import pytest

from providers.access import Access
from providers.errors import ConnectionLost, ProviderError
from providers.sftp import calls, sharing
from providers.sftp.patience import USUAL, Patience
from providers.sftp.provider import SftpProvider, open_endpoint
from tests.servers import questions_ssh
from tests.servers.openssh import OpenSSH, find_sshd
from tests.servers.questions_ssh import QuestionsSSH

LAST_RESORT = 60.0
needs_sshd = pytest.mark.skipif(find_sshd() is None, reason="openssh-server is not installed")


@dataclass
class Box:
    """An sshd and a place on it."""

    server: OpenSSH
    place: SftpProvider

    @property
    def connections(self) -> int:
        return sum("Accepted publickey" in line for line in self.server.log)


@contextmanager
def box(folder: Path, options: Sequence[str] = (), patience: Patience = USUAL) -> Iterator[Box]:
    with OpenSSH(folder / "sshd", options=options) as server:
        given = Access(folder / "hosts", accept_new=True, keys=(server.key_path,))
        with closing(open_endpoint(server.endpoint, given, patience)) as place:
            yield Box(server, place)


@dataclass
class Readers:
    """Each reads a file in a thread of its own and stops after the first piece until told on."""

    place: SftpProvider
    path: str
    go_on: threading.Event = field(default_factory=threading.Event)
    begun: queue.SimpleQueue[int] = field(default_factory=queue.SimpleQueue)
    ended: queue.SimpleQueue[int | ProviderError] = field(default_factory=queue.SimpleQueue)

    def _read(self) -> None:
        count = 0
        try:
            with self.place.read(self.path) as reader:
                for chunk in reader.chunks():
                    if not count:
                        self.begun.put(threading.get_ident())
                        assert self.go_on.wait(LAST_RESORT)
                    count += len(chunk)
            self.ended.put(count)
        except ProviderError as error:
            self.ended.put(error)

    def begin(self, count: int) -> list[int]:
        """Start so many at once; the threads that have their first piece."""
        for _ in range(count):
            threading.Thread(target=self._read, daemon=True).start()
        return [self.begun.get(timeout=LAST_RESORT) for _ in range(count)]

    def outcomes(self, count: int) -> list[int | ProviderError]:
        self.go_on.set()
        return [self.ended.get(timeout=LAST_RESORT) for _ in range(count)]


@pytest.fixture
def big(tmp_path: Path) -> Path:
    path = tmp_path / "big"
    path.write_bytes(bytes(1 << 20))
    return path


@needs_sshd
@pytest.mark.parametrize(
    ("options", "connections"),
    [([], 1), (["MaxSessions 1"], 5), (["MaxSessions 3"], 2)],
    ids=["usual", "one session", "three sessions"],
)
def test_sessions_share_connections_as_far_as_the_server_lets_them(
    tmp_path: Path, big: Path, options: list[str], connections: int
) -> None:
    with box(tmp_path, options) as there:
        readers = Readers(there.place, str(big))
        readers.begin(5)
        assert readers.outcomes(5) == [1 << 20] * 5
        assert there.connections == connections


@needs_sshd
def test_a_connection_is_not_shared_by_more_than_leave_room_for_digests(
    tmp_path: Path, big: Path
) -> None:
    with box(tmp_path) as there:
        readers = Readers(there.place, str(big))
        readers.begin(9)
        assert readers.outcomes(9) == [1 << 20] * 9
        assert there.connections == 2


def test_a_code_is_asked_for_once_for_several_sessions(tmp_path: Path) -> None:
    given = Access(tmp_path / "hosts", accept_new=True, use_agent=False, use_default_keys=False)
    with (
        QuestionsSSH([[("Code: ", False)]], [["123456"]]) as server,
        closing(open_endpoint(server.endpoint, given)) as place,
    ):
        with pytest.raises(ProviderError) as asked:
            place.resolve("")
        given.secrets.answer(asked.value, "123456")  # type: ignore[arg-type]
        with ExitStack() as stack:
            for _ in range(4):
                stack.enter_context(place._pool.line())
        assert server.sign_ins == 1


def test_a_server_that_hangs_up_at_a_second_session_is_not_asked_for_it_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def one_only(door: object, kind: str, number: int) -> int:
        if number:
            raise EOFError
        return paramiko.common.OPEN_SUCCEEDED

    monkeypatch.setattr(questions_ssh._Door, "check_channel_request", one_only)
    given = Access(tmp_path / "hosts", accept_new=True, use_agent=False, use_default_keys=False)
    with QuestionsSSH([], [["horse"]], methods="password") as server:
        given.secrets.put(server.endpoint, "password", "horse")
        with closing(open_endpoint(server.endpoint, given)) as place:
            with place._pool.line(), place._pool.line():
                pass
            with place._pool.line() as one, place._pool.line() as two, place._pool.line() as three:
                assert all(line.session.alive() for line in (one, two, three))
            assert len(server.given) == 4  # one was lost with the session that came second


@needs_sshd
def test_sessions_that_shut_a_shell_out_for_a_while_do_not_decide_about_digests(
    tmp_path: Path, big: Path
) -> None:
    with box(tmp_path, ["MaxSessions 2"]) as there, ExitStack() as held:
        for _ in range(2):
            held.enter_context(there.place._pool.line())
        assert there.connections == 1
        held.enter_context(there.place._pool.line())
        with there.place._pool.line():  # both connections are full
            pass
        expected = hashlib.sha256(bytes(1 << 20)).hexdigest()
        assert there.place.digest(str(big), "sha256") == expected
        assert there.connections == 3


@needs_sshd
def test_a_call_that_is_ended_ends_its_own_session_only(tmp_path: Path, big: Path) -> None:
    size = 100 << 20  # more than is asked for ahead
    os.truncate(big, size)
    with box(tmp_path) as there:
        readers = Readers(there.place, str(big))
        first, *_ = readers.begin(3)
        there.place.interrupt(first)
        outcomes = readers.outcomes(3)
        assert outcomes.count(size) == 2
        assert sum(isinstance(outcome, ConnectionLost) for outcome in outcomes) == 1
        assert there.place.stat(str(big)).size == size
        assert there.connections == 1


@needs_sshd
def test_a_call_that_is_stuck_below_its_session_takes_the_connection_along(
    tmp_path: Path, big: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharing, "_GRACE", 0.5)
    with (
        box(tmp_path) as there,
        there.place._pool.line() as line,
        there.place._pool.line() as other,
    ):
        line.wire.below = True  # as in a send that nobody takes
        line.wire.cut()
        assert line.transport is other.transport
        assert other.transport is not None
        other.transport.join(LAST_RESORT)
        assert not other.session.alive()


@needs_sshd
def test_a_connection_on_which_an_answer_is_missing_is_given_to_nobody_else(
    tmp_path: Path, big: Path
) -> None:
    patience = Patience(answer=1.0, channel=LAST_RESORT)
    with box(tmp_path, patience=patience) as there, there.place._pool.line():
        there.place.stat(str(big))
        assert there.connections == 1
        there.server.freeze_connections()
        with pytest.raises(ConnectionLost):
            there.place.stat(str(big))
        assert there.place.stat(str(big)).size == 1 << 20
        assert there.connections == 2


@needs_sshd
def test_a_connection_that_opens_nothing_in_time_is_left_for_another(
    tmp_path: Path, big: Path
) -> None:
    with box(tmp_path, patience=Patience(channel=1.0)) as there, there.place._pool.line():
        there.server.freeze_connections()
        assert there.place.stat(str(big)).size == 1 << 20
        assert there.connections == 2


@needs_sshd
def test_the_last_session_takes_the_connection_along(tmp_path: Path, big: Path) -> None:
    threads = set(threading.enumerate())
    with box(tmp_path) as there:
        readers = Readers(there.place, str(big))
        readers.begin(3)
        readers.outcomes(3)
    left = [t for t in threading.enumerate() if t not in threads]
    for thread in left:
        thread.join(5)
    assert [thread for thread in left if isinstance(thread, paramiko.Transport)] == []


@needs_sshd
def test_a_call_that_waits_below_its_session_leaves_others_a_connection_that_moves(
    tmp_path: Path, big: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a slow line each waits for its turn to send."""
    monkeypatch.setattr(sharing, "_GRACE", 0.5)
    with (
        box(tmp_path) as there,
        there.place._pool.line() as line,
        there.place._pool.line() as other,
    ):
        line.wire.below = True
        line.wire.cut()
        until = time.monotonic() + 1.5
        while time.monotonic() < until:
            calls.real_path(other.session, ".")
        assert other.transport is not None
        other.transport.join(LAST_RESORT)  # nothing moves
        assert not other.session.alive()


def _idle_sessions(place: SftpProvider, count: int) -> None:
    with ExitStack() as held:
        for _ in range(count):
            held.enter_context(place._pool.line())


@needs_sshd
@pytest.mark.parametrize("busy", [False, True], ids=["all idle", "one at work"])
def test_a_connection_that_fell_silent_is_waited_for_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, busy: bool
) -> None:
    """As after a night's sleep: not once for each of the sessions that were on it."""
    asked: list[str] = []
    real_path = calls.real_path
    with box(tmp_path, patience=Patience(answer=1.0)) as there, ExitStack() as held:
        pool = there.place._pool
        _idle_sessions(there.place, 4)
        line = held.enter_context(pool.line()) if busy else None
        there.server.freeze_connections()
        if line is not None:
            with pytest.raises(ConnectionLost, match="stopped answering"):
                real_path(line.session, ".")
            held.close()
        monkeypatch.setattr(
            calls, "real_path", lambda session, path: asked.append(path) or real_path(session, path)
        )
        later = time.monotonic() + 60
        monkeypatch.setattr(pool, "_clock", lambda: later)
        assert [*there.place.list_dir(str(tmp_path / "sshd" / "home"))] == []
        assert len(asked) == (0 if busy else 1)
        assert there.connections == 2


def test_a_connection_that_the_network_ends_is_no_reason_to_sign_in_for_each_session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends when a third session is asked for, as where a server hangs up on that."""
    asked = []

    def third_falls(door: object, kind: str, number: int) -> int:
        asked.append(number)
        if len(asked) == 3:
            raise EOFError
        return paramiko.common.OPEN_SUCCEEDED

    monkeypatch.setattr(questions_ssh._Door, "check_channel_request", third_falls)
    given = Access(tmp_path / "hosts", accept_new=True, use_agent=False, use_default_keys=False)
    with QuestionsSSH([], [["horse"]], methods="password") as server:
        given.secrets.put(server.endpoint, "password", "horse")
        with closing(open_endpoint(server.endpoint, given)) as place:
            with place._pool.line(), place._pool.line(), place._pool.line():
                assert len(server.given) == 2
            with place._pool.line() as one, place._pool.line() as two:
                assert all(line.session.alive() for line in (one, two))
            assert len(server.given) == 2
