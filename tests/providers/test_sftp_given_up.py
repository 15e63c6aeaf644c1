"""A connection that was given up: what it did not send yet is never sent (faults.md A8).

It would be carried out when the network is back, behind what was asked for instead.
"""

from __future__ import annotations

import socket
from contextlib import closing, suppress
from pathlib import Path

import pytest

from providers.access import Access
from providers.errors import ConnectionLost
from providers.sftp import calls
from providers.sftp import dial as sftp_dial
from providers.sftp.dial import PatientSocket, dial
from providers.sftp.patience import Patience
from providers.sftp.provider import open_endpoint
from providers.sftp.wire import Wire, give_up
from tests.servers.openssh import OpenSSH, find_sshd

_PIECE = bytes(64 << 10)
_LAST_RESORT = 20.0


def _fill(dialled: PatientSocket) -> int:
    """How many bytes are taken from it, where nobody reads them."""
    dialled.settimeout(0.2)
    count = 0
    with suppress(TimeoutError):
        while True:
            count += dialled.send(_PIECE)
    return count


def _drain(peer: socket.socket) -> int:
    peer.settimeout(_LAST_RESORT)
    count = 0
    with suppress(ConnectionError):
        while piece := peer.recv(1 << 20):
            count += len(piece)
    return count


@pytest.mark.parametrize("by", ["cut", "stuck"])
def test_what_a_connection_holds_when_it_is_given_up_is_never_sent(by: str) -> None:
    wire = Wire("sftp://ann@host:22")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        dialled = dial("127.0.0.1", listener.getsockname()[1], wire)
        peer, _ = listener.accept()
        with peer:
            sent = _fill(dialled)
            if by == "cut":
                wire.cut()
            else:
                dialled.patience = 0.0
                with pytest.raises(TimeoutError):
                    dialled.send(_PIECE)
            dialled.close()
            assert _drain(peer) < sent


@pytest.mark.skipif(find_sshd() is None, reason="openssh-server is not installed")
@pytest.mark.parametrize("silent", [True, False])
def test_a_server_that_fell_silent_is_given_up_by_the_last_session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, silent: bool
) -> None:
    given_up: list[socket.socket] = []
    monkeypatch.setattr(sftp_dial, "give_up", lambda it: given_up.append(it) or give_up(it))
    with OpenSSH(tmp_path / "sshd") as server:
        given = Access(tmp_path / "hosts", accept_new=True, keys=(server.key_path,))
        with (
            closing(open_endpoint(server.endpoint, given, Patience(answer=1.0))) as place,
            place._pool.line() as line,
            place._pool.line(),
        ):
            if silent:
                server.freeze_connections()
                with pytest.raises(ConnectionLost):
                    calls.real_path(line.session, ".")
    assert len(given_up) == silent
