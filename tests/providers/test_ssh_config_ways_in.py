"""What ~/.ssh/config leaves out is not tried: ways of signing in, kinds of addresses."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from providers.access import Access
from providers.errors import AuthRequired, Denied, ProviderError, Unreachable, Unsupported
from providers.sftp.provider import open_endpoint
from tests.servers.openssh import OpenSSH, find_sshd
from tests.servers.questions_ssh import QuestionsSSH

WORD = "canary-horse"
needs_sshd = pytest.mark.skipif(find_sshd() is None, reason="openssh-server is not installed")


class Box:
    """A server, and a configuration that says things of it."""

    def __init__(self, root: Path, server: OpenSSH | QuestionsSSH) -> None:
        self.server = server
        keys = (server.key_path,) if isinstance(server, OpenSSH) else ()
        self._access = Access(
            root / "known_hosts",
            accept_new=True,
            keys=keys,
            use_agent=False,
            use_default_keys=False,
            ssh_config=root / "config",
        )
        self._config = root / "config"
        self._access.secrets.put(server.endpoint, "password", WORD)

    def opens(self, *lines: str, endpoint: str = "") -> bool:
        self._config.write_text("\n".join(["Host *", *lines]) + "\n")
        with closing(open_endpoint(endpoint or self.server.endpoint, self._access)) as place:
            return place.resolve("").startswith("/")

    def refused(self, *lines: str, endpoint: str = "") -> ProviderError:
        with pytest.raises(ProviderError) as caught:
            self.opens(*lines, endpoint=endpoint)
        assert str(caught.value).isprintable()
        return caught.value


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    with OpenSSH(tmp_path / "sshd") as server:
        yield Box(tmp_path, server)


@needs_sshd
@pytest.mark.parametrize(
    "line",
    ["PubkeyAuthentication no", "PreferredAuthentications password,keyboard-interactive"],
)
def test_keys_that_the_config_leaves_out_are_not_shown(box: Box, line: str) -> None:
    error = box.refused(line)
    assert isinstance(error, Denied)
    assert "it takes publickey" in str(error)
    assert "~/.ssh/config" in str(error)
    assert isinstance(box.server, OpenSSH)
    assert not any("publickey" in line for line in box.server.log)


@needs_sshd
@pytest.mark.parametrize(
    "line",
    [
        "PubkeyAuthentication yes",
        "PubkeyAuthentication unbound",
        "PasswordAuthentication no",
        "PreferredAuthentications gssapi-with-mic,publickey",
    ],
)
def test_keys_that_it_leaves_are_shown(box: Box, line: str) -> None:
    assert box.opens(line)


@pytest.mark.parametrize(
    "lines",
    [
        ("PasswordAuthentication no",),
        ("PreferredAuthentications keyboard-interactive,publickey",),
    ],
)
def test_a_password_that_the_config_leaves_out_is_not_sent(
    tmp_path: Path, lines: tuple[str, ...]
) -> None:
    with QuestionsSSH([], [[WORD]], methods="password") as server:
        box = Box(tmp_path, server)
        assert isinstance(box.refused(*lines), Denied)
        assert server.given == []
        assert box.opens()
        assert server.given == [[WORD]]


@pytest.mark.parametrize("keyword", ["KbdInteractive", "ChallengeResponse"])
def test_questions_that_the_config_leaves_out_are_not_answered(
    tmp_path: Path, keyword: str
) -> None:
    with QuestionsSSH([[("Password: ", False)]], [[WORD]]) as server:
        box = Box(tmp_path, server)
        assert isinstance(box.refused(f"{keyword}Authentication no"), Denied)
        assert server.given == []


def test_a_server_that_takes_a_way_that_is_left_asks_for_what_it_needs(tmp_path: Path) -> None:
    with QuestionsSSH([[("Code: ", True)]], [["1"]], methods="keyboard-interactive") as server:
        error = Box(tmp_path, server).refused("PasswordAuthentication no")
    assert isinstance(error, AuthRequired)


@needs_sshd
def test_only_addresses_of_the_family_that_the_config_says_are_tried(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, asked = socket.getaddrinfo, []

    def note(host: str, port: int, **how: int) -> object:
        asked.append(how["family"])
        return real(host, port, **how)

    monkeypatch.setattr(socket, "getaddrinfo", note)
    assert box.opens("AddressFamily inet")
    assert box.opens("AddressFamily any")
    assert isinstance(box.refused("AddressFamily inet6"), Unreachable)  # it listens on 127.0.0.1
    assert asked == [socket.AF_INET, 0, socket.AF_INET6]


@needs_sshd
def test_a_family_that_is_none_is_refused_with_its_line(box: Box) -> None:
    error = box.refused("AddressFamily inet4")
    assert isinstance(error, Unsupported)
    assert "line 2" in str(error)
