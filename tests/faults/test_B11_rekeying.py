"""B11: keys renewed every 256 KiB, both ways; and a server that freezes while it renews them."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import paramiko
import pytest
from paramiko.common import MSG_KEXINIT

from providers.access import Access
from providers.errors import ConnectionLost
from providers.sftp.connect import target
from providers.sftp.patience import Patience
from providers.sftp.provider import SftpProvider
from providers.sftp.session import Session
from providers.sftp.sharing import Connections
from providers.sftp.wire import Wire
from tests.servers.openssh import OpenSSH, find_sshd

pytestmark = pytest.mark.skipif(find_sshd() is None, reason="openssh-server is not installed")

MIB = 1 << 20
KEY = "0123abcd"
RENEWALS = 3  # at the least, in a file of 6 MiB: much is on its way when one is asked for
LAST_RESORT = 30.0
HURRIED = Patience(answer=1.0)


class Renewals:
    """Counts the key exchanges after the first one; `then` is called as the `at`-th begins."""

    def __init__(self, server: OpenSSH, home: Path) -> None:
        access = Access(
            home / "hosts",
            accept_new=True,
            keys=(server.key_path,),
            use_agent=False,
            use_default_keys=False,
        )
        self.count = 0
        self.at = 0
        self.then: Callable[[], None] = lambda: None
        self._to, self._access = target(server.endpoint), access

    def connect(self, wire: Wire) -> tuple[Session, paramiko.Transport | None]:
        session, transport = Connections(self._to, self._access).open(wire)
        begin = transport._handler_table[MSG_KEXINIT]

        def noted(message: paramiko.Message) -> None:
            self.count += 1
            if self.count == self.at:
                self.then()
            begin(message)

        transport._handler_table = {**transport._handler_table, MSG_KEXINIT: noted}
        return session, transport


@pytest.fixture
def server(tmp_path: Path) -> Iterator[OpenSSH]:
    with OpenSSH(tmp_path / "sshd", options=["RekeyLimit 256k"]) as running:
        yield running


def send(place: SftpProvider, path: Path, data: bytes) -> None:
    token = place.begin(str(path), len(data), key=KEY, part_size=MIB)
    receipts = [
        place.put_part(token, index, at, [data[at : at + MIB]])
        for index, at in enumerate(range(0, len(data), MIB))
    ]
    place.finish(token, receipts, replacing=None)


def fetch(place: SftpProvider, path: Path) -> bytes:
    with place.read(str(path)) as reader:
        return b"".join(reader.chunks())


def test_B11_a_file_is_whole_however_often_keys_are_renewed(
    server: OpenSSH, tmp_path: Path
) -> None:
    renewals = Renewals(server, tmp_path)
    data = os.urandom(6 * MIB + 7)
    with closing(SftpProvider(server.endpoint, renewals.connect)) as place:
        send(place, tmp_path / "file", data)
        assert (tmp_path / "file").read_bytes() == data
        sent = renewals.count
        assert fetch(place, tmp_path / "file") == data
        assert sent >= RENEWALS
        assert renewals.count - sent >= RENEWALS


@pytest.mark.parametrize("at", [1, 2, 5])
@pytest.mark.parametrize("what", [send, fetch])
def test_B11_a_server_that_freezes_while_keys_are_renewed_is_a_lost_connection(
    server: OpenSSH, tmp_path: Path, what: Callable[..., object], at: int
) -> None:
    renewals = Renewals(server, tmp_path)
    renewals.at, renewals.then = at, server.freeze_connections
    data = bytes(6 * MIB)
    (tmp_path / "file").write_bytes(data)
    given = (tmp_path / "new", data) if what is send else (tmp_path / "file",)
    started = time.monotonic()
    with (
        closing(SftpProvider(server.endpoint, renewals.connect, patience=HURRIED)) as place,
        pytest.raises(ConnectionLost),
    ):
        what(place, *given)
    assert renewals.count >= at
    assert time.monotonic() - started < LAST_RESORT


def test_B11_a_call_is_ended_while_keys_are_renewed(server: OpenSSH, tmp_path: Path) -> None:
    renewals, frozen = Renewals(server, tmp_path), threading.Event()

    def freeze() -> None:
        server.freeze_connections()
        frozen.set()

    renewals.at, renewals.then = 2, freeze
    ended: list[BaseException] = []
    with closing(SftpProvider(server.endpoint, renewals.connect)) as place:

        def work() -> None:
            try:
                send(place, tmp_path / "new", bytes(6 * MIB))
            except ConnectionLost as error:
                ended.append(error)

        thread = threading.Thread(target=work)
        thread.start()
        assert frozen.wait(LAST_RESORT)
        asked = time.monotonic()
        place.interrupt(thread.ident or 0)
        thread.join(LAST_RESORT)
        assert time.monotonic() - asked < 1.0
        assert [type(error) for error in ended] == [ConnectionLost]
