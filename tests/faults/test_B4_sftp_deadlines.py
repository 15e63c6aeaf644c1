"""B4: a server frozen at any step is given up in the time that step has, and never hangs us."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import fields
from pathlib import Path

import pytest
from paramiko.packet import Packetizer

from providers.access import Access
from providers.errors import ConnectionLost
from providers.sftp.dial import dial
from providers.sftp.patience import Patience
from providers.sftp.provider import open_endpoint
from providers.sftp.wire import Wire
from tests.servers.frozen_ssh import SFTP_STEPS, STEPS, FrozenSSH, access, come_by, full_listener
from tests.servers.openssh import OpenSSH, find_sshd
from tests.servers.slow_digest import SlowDigest

SHORT = 0.5  # seconds
LAST_RESORT = 30.0  # seconds: what a busy computer may make of it
UNHURRIED = {"greeting": 20.0, "key_exchange": 20.0, "sign_in": 20.0, "channel": 20.0}
needs_sshd = pytest.mark.skipif(find_sshd() is None, reason="openssh-server is not installed")


def hurried(**longer: float) -> Patience:
    return Patience(**(dict.fromkeys((field.name for field in fields(Patience)), SHORT) | longer))


@pytest.fixture
def nothing_is_left() -> Iterator[None]:
    """No thread and no descriptor stays behind."""
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


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.usefixtures("nothing_is_left")
def test_B4_a_server_frozen_at_a_step_is_given_up_in_its_time(tmp_path: Path, step: str) -> None:
    (tmp_path / "there").write_bytes(bytes(1000))
    patience = hurried(**UNHURRIED) if step in SFTP_STEPS else hurried()
    with FrozenSSH(tmp_path, step) as server:
        given = access(tmp_path, server.endpoint)
        started = time.monotonic()
        with (
            closing(open_endpoint(server.endpoint, given, patience)) as place,
            pytest.raises(ConnectionLost) as caught,
        ):
            come_by(place, step)
        assert server.reached.is_set()
        assert time.monotonic() - started < LAST_RESORT
        assert given.secrets.get(server.endpoint, "password") is not None
        assert str(caught.value).isprintable()


@pytest.mark.usefixtures("nothing_is_left")
def test_B4_a_server_that_lets_nobody_in_is_given_up(tmp_path: Path) -> None:
    listener, waiting = full_listener()
    try:
        endpoint = f"sftp://ann@127.0.0.1:{listener.getsockname()[1]}"
        with (
            closing(open_endpoint(endpoint, access(tmp_path, endpoint), hurried())) as place,
            pytest.raises(ConnectionLost, match="did not answer"),
        ):
            place.stat("/")
    finally:
        for opened in (listener, *waiting):
            opened.close()


@pytest.mark.usefixtures("nothing_is_left")
def test_B4_a_name_that_is_never_resolved_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    released, left = threading.Event(), threading.Event()

    def silent(*_: object, **__: object) -> list[object]:
        released.wait(LAST_RESORT)
        left.set()
        return []

    monkeypatch.setattr(socket, "getaddrinfo", silent)
    endpoint = "sftp://ann@far.example:22"
    with (
        closing(open_endpoint(endpoint, access(tmp_path, endpoint), hurried())) as place,
        pytest.raises(ConnectionLost, match="did not answer"),
    ):
        place.stat("/")
    assert not left.is_set(), "it was waited for"
    released.set()
    assert left.wait(LAST_RESORT)
    for thread in threading.enumerate():
        if thread.name == "resolver":
            thread.join(LAST_RESORT)


@needs_sshd
@pytest.mark.usefixtures("nothing_is_left")
def test_B4_an_agent_that_hangs_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # the path of a socket must be short: macOS takes 104 bytes
    monkeypatch.setenv("SSH_AUTH_SOCK", "agent")
    with socket.socket(socket.AF_UNIX) as agent, OpenSSH(tmp_path / "sshd") as server:
        agent.bind("agent")
        agent.listen()
        given = Access(tmp_path / "hosts", accept_new=True, use_default_keys=False)
        patience = hurried(**UNHURRIED | {"sign_in": 4.0})
        with (
            closing(open_endpoint(server.endpoint, given, patience)) as place,
            pytest.raises(ConnectionLost, match="SSH agent"),
        ):
            place.stat("/")


@needs_sshd
@pytest.mark.parametrize("what", ["read", "write"])
@pytest.mark.usefixtures("nothing_is_left")
def test_B4_a_server_that_freezes_in_the_middle_of_a_file_is_given_up(
    tmp_path: Path, what: str
) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(64 << 20))
    patience = hurried(**UNHURRIED | {"answer": 1.0})
    with (
        OpenSSH(tmp_path / "sshd") as server,
        closing(open_endpoint(server.endpoint, _with_key(server, tmp_path), patience)) as place,
        pytest.raises(ConnectionLost),
    ):
        with place.read(str(path)) as reader:
            chunks = reader.chunks()
            next(chunks)
            if what == "read":
                server.freeze_connections()
                list(chunks)
        token = place.begin(str(tmp_path / "new"), None, key="0123abcd", part_size=1 << 20)

        def body() -> Iterator[bytes]:
            yield bytes(1 << 20)
            server.freeze_connections()
            while True:  # more than any buffer on the way holds
                yield bytes(1 << 20)

        place.put_part(token, 0, 0, body())


@needs_sshd
def test_B4_a_digest_may_take_long_while_the_server_lives_and_no_longer_once_it_is_frozen(
    tmp_path: Path,
) -> None:
    """The size allows for a day; a server that answers nothing any more ends it at once."""
    slow = SlowDigest(tmp_path)
    patience = hurried(**UNHURRIED | {"answer": 1.0, "shell": 20.0})
    with (
        OpenSSH(tmp_path / "sshd", environment=slow.environment) as server,
        closing(open_endpoint(server.endpoint, _with_key(server, tmp_path), patience)) as place,
    ):
        path = tmp_path / "huge"
        path.touch()
        os.truncate(path, 1 << 40)
        ended: list[BaseException | str] = []

        def digest() -> None:
            try:
                ended.append(place.digest(str(path), "sha256"))
            except ConnectionLost as error:
                ended.append(error)

        thread = threading.Thread(target=digest)
        thread.start()
        slow.wait_until_it_runs()
        thread.join(2.5)  # longer than an answer may take, and it is still waited for
        assert thread.is_alive()
        server.freeze_connections()
        thread.join(LAST_RESORT)
        assert [type(what) for what in ended] == [ConnectionLost]


def _with_key(server: OpenSSH, home: Path) -> Access:
    return Access(
        home / "hosts",
        accept_new=True,
        keys=(server.key_path,),
        use_agent=False,
        use_default_keys=False,
    )


@pytest.mark.usefixtures("nothing_is_left")
def test_B4_a_peer_that_takes_no_bytes_is_given_up_by_the_socket_itself() -> None:
    """paramiko sends for ever into a full buffer: no deadline of a channel counts there."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host, port = silent.getsockname()
        with dial(host, port, Wire("sftp://ann@there:22", hurried())) as dialled:
            dialled.settimeout(0.1)  # as paramiko sets it
            with pytest.raises(EOFError):
                Packetizer(dialled).write_all(bytes(256 << 20))
