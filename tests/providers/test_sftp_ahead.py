"""How few trips a sign-in takes, and that it is the same one where paramiko has changed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import paramiko
import pytest
from paramiko.common import MSG_CHANNEL_OPEN, MSG_SERVICE_REQUEST, MSG_USERAUTH_REQUEST

from providers.access import Access
from providers.sftp import ahead
from providers.sftp.lean_packets import SeveralMessages
from providers.sftp.provider import open_endpoint
from tests.servers.openssh import OpenSSH, find_sshd, new_key
from tests.servers.questions_ssh import QuestionsSSH

pytestmark = pytest.mark.skipif(find_sshd() is None, reason="openssh-server is not installed")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[OpenSSH]:
    with OpenSSH(tmp_path / "sshd") as server:
        yield server


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, str]]:
    """The packets from the request for the service to the first channel, and each one's method."""
    packets: list[tuple[int, str]] = []
    send = paramiko.Transport._send_message  # type: ignore[attr-defined]

    def noted(transport: paramiko.Transport, message: paramiko.Message) -> None:
        if isinstance(message, SeveralMessages):  # of a channel
            return send(transport, message)
        packet = paramiko.Message(message.asbytes())
        kind, method = packet.get_byte()[0], ""
        if kind == MSG_USERAUTH_REQUEST:
            method = [packet.get_text() for _ in range(3)][-1]
        if kind in (MSG_SERVICE_REQUEST, MSG_USERAUTH_REQUEST, MSG_CHANNEL_OPEN):
            packets.append((kind, method))
        return send(transport, message)

    monkeypatch.setattr(paramiko.Transport, "_send_message", noted)
    return packets


def access(folder: Path, *named: Path) -> Access:
    return Access(
        folder / "hosts", accept_new=True, keys=named, use_agent=False, use_default_keys=False
    )


def sign_in(server: OpenSSH, given: Access) -> None:
    with closing(open_endpoint(server.endpoint, given)) as place:
        assert place.resolve("")


def test_the_key_that_was_named_opens_in_the_first_trip(
    server: OpenSSH, tmp_path: Path, sent: list[tuple[int, str]]
) -> None:
    sign_in(server, access(tmp_path, server.key_path))
    assert sent == [
        (MSG_SERVICE_REQUEST, ""),
        (MSG_USERAUTH_REQUEST, "publickey"),
        (MSG_CHANNEL_OPEN, ""),
    ]


def test_a_key_that_was_refused_is_not_offered_again_and_nothing_else_is_asked(
    server: OpenSSH, tmp_path: Path, sent: list[tuple[int, str]]
) -> None:
    new_key(tmp_path / "strange")
    sign_in(server, access(tmp_path, tmp_path / "strange", server.key_path))
    assert sent == [
        (MSG_SERVICE_REQUEST, ""),
        (MSG_USERAUTH_REQUEST, "publickey"),
        (MSG_USERAUTH_REQUEST, "publickey"),
        (MSG_CHANNEL_OPEN, ""),
    ]


def test_a_server_that_takes_no_keys_says_so_to_the_first(tmp_path: Path) -> None:
    new_key(tmp_path / "strange")
    given = access(tmp_path, tmp_path / "strange")
    with QuestionsSSH([], [["horse"]], methods="password") as server:
        given.secrets.put(server.endpoint, "password", "horse")
        with closing(open_endpoint(server.endpoint, given)) as place:
            assert place.resolve("") == "/"
        assert len(server.keys) == 1
        assert server.given == [["horse"]]


def test_without_a_key_the_server_is_asked_for_its_methods_in_the_first_trip(
    tmp_path: Path, sent: list[tuple[int, str]]
) -> None:
    given = access(tmp_path)
    with QuestionsSSH([], [["horse"]], methods="password") as server:
        given.secrets.put(server.endpoint, "password", "horse")
        with closing(open_endpoint(server.endpoint, given)) as place:
            assert place.resolve("") == "/"
    assert sent == [
        (MSG_SERVICE_REQUEST, ""),
        (MSG_USERAUTH_REQUEST, "none"),
        (MSG_USERAUTH_REQUEST, "password"),
        (MSG_CHANNEL_OPEN, ""),
    ]


def test_another_paramiko_signs_in_as_it_usually_does(
    server: OpenSSH,
    tmp_path: Path,
    sent: list[tuple[int, str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ahead, "_WRITTEN_FOR", "9.")
    sign_in(server, access(tmp_path, server.key_path))
    assert [method for _, method in sent] == ["", "none", "publickey", ""]


def test_paramiko_is_the_one_that_this_was_written_for() -> None:
    assert ahead.usable()
