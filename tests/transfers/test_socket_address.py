"""Where a queue is reached: always findable, never somebody else's."""

from __future__ import annotations

import os
import queue as queues
import socket
import stat
import struct
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path

import pytest

from transfers import socket_address
from transfers.lock import QueueSilent
from transfers.reaching import Intruder, NoHost
from transfers.socket_address import addresses, dial, make_key, make_room, remove, welcome

pytestmark = pytest.mark.skipif(os.name == "nt", reason="a named pipe stands in no directory")


@pytest.fixture
def queue() -> Iterator[Path]:
    """A queue's directory with a path that is short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="wf-") as directory:
        yield Path(directory).resolve()


@pytest.fixture
def far(queue: Path) -> Path:
    """One with a path that is too long for a socket."""
    directory = queue.joinpath(*["a-long-name-for-a-directory"] * 5)
    directory.mkdir(mode=0o700, parents=True)
    return directory


@pytest.fixture
def root(queue: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where short private directories are made."""
    directory = queue / "t"
    directory.mkdir()
    monkeypatch.setattr(socket_address, "_SHORT_ROOT", directory)
    return directory


@contextmanager
def listening(address: str, key: bytes) -> Iterator[queues.SimpleQueue[BaseException | None]]:
    """Somebody who welcomes whoever knows `key`; what became of each."""
    met: queues.SimpleQueue[BaseException | None] = queues.SimpleQueue()
    make_room(address)
    listener = Listener(address)

    def serve() -> None:
        while True:
            connection: Connection = listener.accept()
            with connection:
                if done.is_set():
                    return
                try:
                    welcome(connection, key)
                    met.put(None)
                    connection.send_bytes(b"welcome")
                except (OSError, EOFError, AuthenticationError, Intruder) as error:
                    met.put(error)

    done = threading.Event()
    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield met
    finally:
        done.set()
        Client(address).close()
        thread.join(10)
        listener.close()


def test_the_socket_stands_in_the_queues_own_directory(queue: Path) -> None:
    assert addresses(queue)[0] == str(queue / "queue.sock")


def test_a_path_too_long_for_a_socket_gets_a_short_one_that_all_find(far: Path) -> None:
    (address,) = addresses(far)
    assert len(os.fsencode(address)) <= 100
    assert addresses(far) == [address]
    assert addresses(far.parent) != [address]


def test_a_host_far_away_is_reached_through_the_short_directory(far: Path, root: Path) -> None:
    key = make_key(far)
    (address,) = addresses(far)
    with listening(address, key), dial(far) as connection:
        assert connection.recv_bytes() == b"welcome"
        assert stat.S_IMODE(Path(address).parent.stat().st_mode) == 0o700
        assert list(root.iterdir())
    remove(address)
    assert not list(root.iterdir())


def test_a_directory_of_others_is_not_used(far: Path, root: Path) -> None:
    make_key(far)
    (address,) = addresses(far)
    Path(address).parent.mkdir()
    Path(address).parent.chmod(0o777)
    with pytest.raises(Intruder, match="others may write"):
        make_room(address)
    with pytest.raises(Intruder, match="others may write"):
        dial(far)


def test_a_link_to_a_directory_of_ours_is_not_used(far: Path, root: Path) -> None:
    make_key(far)
    (address,) = addresses(far)
    Path(address).parent.symlink_to(far)
    with pytest.raises(Intruder):
        make_room(address)
    with pytest.raises(Intruder):
        dial(far)


def test_a_squatter_in_the_short_place_keeps_nobody_from_a_better_one(
    queue: Path, root: Path
) -> None:
    key = make_key(queue)
    near, short = addresses(queue)
    Path(short).parent.mkdir()
    Path(short).parent.chmod(0o777)
    with pytest.raises(NoHost):
        dial(queue)
    with listening(near, key), dial(queue) as connection:
        assert connection.recv_bytes() == b"welcome"


def test_a_dead_hosts_socket_is_replaced(queue: Path) -> None:
    key = make_key(queue)
    near = Path(addresses(queue)[0])
    with Listener(str(near)):
        left = queue / "left.sock"
        os.link(near, left)
    left.rename(near)  # as kill -9 leaves it
    with pytest.raises(NoHost):
        dial(queue)
    with listening(str(near), key), dial(queue) as connection:
        assert connection.recv_bytes() == b"welcome"


def test_nobody_there_is_said(queue: Path) -> None:
    with pytest.raises(NoHost):
        dial(queue)
    make_key(queue)
    with pytest.raises(NoHost):
        dial(queue)


def test_the_key_is_random_private_and_kept(queue: Path) -> None:
    key = make_key(queue)
    (path,) = queue.glob("*.key")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(key) == 32
    assert make_key(queue) == key
    path.write_bytes(key[:5])  # as a crash leaves it
    renewed = make_key(queue)
    assert len(renewed) == 32
    assert renewed != key


def test_who_has_another_key_is_turned_away(queue: Path) -> None:
    make_key(queue)
    with listening(addresses(queue)[0], b"another key" * 3) as met:
        with pytest.raises(Intruder, match="key"):
            dial(queue)
        assert isinstance(met.get(timeout=20), AuthenticationError | EOFError | OSError)


def test_another_users_process_is_turned_away(queue: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with listening(addresses(queue)[0], make_key(queue)) as met:
        monkeypatch.setattr(socket_address, "_peer", lambda connection: os.getuid() + 1)
        with pytest.raises((Intruder, NoHost)):
            dial(queue)
        assert isinstance(met.get(timeout=20), Intruder)


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="POSIX")
def test_the_system_tells_who_is_at_the_other_end(queue: Path) -> None:
    with listening(addresses(queue)[0], make_key(queue)), dial(queue) as connection:
        assert socket_address._peer(connection) in (os.getuid(), None)


def test_without_the_systems_word_directory_and_key_suffice(
    queue: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket_address, "_peer", lambda connection: None)
    with listening(addresses(queue)[0], make_key(queue)), dial(queue) as connection:
        assert connection.recv_bytes() == b"welcome"


_CHALLENGE = b"#CHALLENGE#" + bytes(20)
# What a host may have said when it is stopped, and the client waits for more.
_STOPPED = {
    "before its first word": (),
    "in its first word": (b"\0\0",),
    "after its first word": (struct.pack("!i", len(_CHALLENGE)) + _CHALLENGE,),
    "after the client's answer": (
        struct.pack("!i", len(_CHALLENGE)) + _CHALLENGE,
        struct.pack("!i", 9) + b"#WELCOME#",
    ),
}


@contextmanager
def stopped_after(queue: Path, words: Sequence[bytes]) -> Iterator[None]:
    """A host that says `words`, and then nothing more."""
    done = threading.Event()

    def say() -> None:
        with listener.accept() as connection:
            for word in words:
                os.write(connection.fileno(), word)
            done.wait(60)

    with Listener(addresses(queue)[0]) as listener:
        thread = threading.Thread(target=say)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()


@pytest.mark.parametrize("when", _STOPPED)
def test_a_host_that_is_stopped_at_any_word_of_the_greeting_is_named(
    queue: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    monkeypatch.setattr(socket_address, "_ANSWER_SECONDS", 0.2)
    make_key(queue)
    with stopped_after(queue, _STOPPED[when]), pytest.raises(QueueSilent) as raised:
        dial(queue)
    told = str(raised.value)
    assert raised.value.pid == os.getpid()
    assert f"(pid {os.getpid()}) does not answer" in told and f"kill -CONT {os.getpid()}" in told


@pytest.mark.parametrize("word", [b"", b"\0\0", struct.pack("!i", 16)])
def test_a_client_that_is_stopped_in_its_greeting_is_not_waited_for(
    queue: Path, monkeypatch: pytest.MonkeyPatch, word: bytes
) -> None:
    monkeypatch.setattr(socket_address, "_ANSWER_SECONDS", 0.2)
    with (
        listening(addresses(queue)[0], make_key(queue)) as met,
        socket.socket(socket.AF_UNIX) as silent,
    ):
        silent.connect(addresses(queue)[0])
        silent.sendall(word)
        assert isinstance(met.get(timeout=20), TimeoutError)
        with dial(queue) as connection:
            assert connection.recv_bytes() == b"welcome"


def test_where_as_many_as_can_wait_already_wait_nobody_waits_for_ever(
    queue: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket_address, "_ANSWER_SECONDS", 0.2)
    make_key(queue)
    waiting = []
    with Listener(addresses(queue)[0], backlog=1):
        try:
            with suppress(BlockingIOError, ConnectionError):  # each system counts in its own way
                for _ in range(9):
                    waiting.append(socket.socket(socket.AF_UNIX))
                    waiting[-1].setblocking(False)
                    waiting[-1].connect(addresses(queue)[0])
            with pytest.raises((QueueSilent, NoHost)):
                dial(queue)
        finally:
            for end in waiting:
                end.close()


def test_a_process_that_the_system_does_not_name_is_told_of_without_a_number(
    queue: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket_address, "_ANSWER_SECONDS", 0.2)
    monkeypatch.setattr(socket_address, "peer_process", lambda connection: None)
    make_key(queue)
    with Listener(addresses(queue)[0]), pytest.raises(QueueSilent, match="queue does not answer"):
        dial(queue)
