"""What ~/.ssh/config says holds for each connection: against real sshds."""

from __future__ import annotations

import shlex
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import paramiko
import pytest

from providers.access import Access
from providers.base import Kind
from providers.errors import (
    AuthRequired,
    ConnectionLost,
    Denied,
    HostKeyChanged,
    HostKeyUnknown,
    InvalidName,
    ProviderError,
    Unreachable,
    Unsupported,
)
from providers.sftp import known_hosts
from providers.sftp.doctor import diagnose
from providers.sftp.known_hosts import Standing
from providers.sftp.patience import Patience
from providers.sftp.provider import open_endpoint, remember
from providers.sftp.sharing import Connections
from providers.sftp.target import target
from providers.sftp.wire import Wire
from tests.servers.openssh import OpenSSH, find_sshd

pytestmark = pytest.mark.skipif(find_sshd() is None, reason="openssh-server is not installed")


class Setting:
    """A configuration, lists of known hosts, and servers to reach with them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.config = root / "config"
        self.known_hosts = root / "known_hosts"

    def server(self, name: str, **more: object) -> OpenSSH:
        return OpenSSH(self.root / name, **more)  # type: ignore[arg-type]

    def write(self, *blocks: str) -> None:
        self.config.write_text("\n".join(blocks) + "\n")

    def access(self, **more: object) -> Access:
        usual = {
            "accept_new": True,
            "use_agent": False,
            "use_default_keys": False,
            "ssh_config": self.config,
        }
        return Access(self.known_hosts, **(usual | more))  # type: ignore[arg-type]

    def opens(self, host: str, **more: object) -> bool:
        with closing(open_endpoint(f"sftp://{host}", self.access(**more))) as place:
            return place.stat(place.resolve("")).kind is Kind.DIR

    def refused(self, host: str, **more: object) -> ProviderError:
        place = open_endpoint(f"sftp://{host}", self.access(**more))
        with closing(place), pytest.raises(ProviderError) as caught:
            place.resolve("")
        assert str(caught.value).isprintable()
        return caught.value

    def transport(self, host: str) -> Iterator[paramiko.Transport]:
        connections = Connections(target(f"sftp://{host}"), self.access())
        session, transport = connections.open(Wire(f"sftp://{host}"))
        with closing(session):
            yield transport


def block(alias: str, server: OpenSSH, *more: str, key: Path | None = None) -> str:
    lines = [f"HostName {server.host}", f"Port {server.port}", f"User {server.user}"]
    lines += [f"IdentityFile {key or server.key_path}", *more]
    return f"Host {alias}\n  " + "\n  ".join(lines)


@pytest.fixture
def setting(tmp_path: Path) -> Setting:
    return Setting(tmp_path)


@pytest.fixture
def box(setting: Setting) -> Iterator[OpenSSH]:
    with setting.server("box") as server:
        yield server


def test_an_alias_of_the_config_is_an_address(setting: Setting, box: OpenSSH) -> None:
    setting.write(block("box", box))
    assert setting.opens("box:22")


def test_a_change_of_the_file_counts_for_the_next_connection(
    setting: Setting, box: OpenSSH
) -> None:
    setting.write(block("box", box).replace(f"Port {box.port}", "Port 1"))
    with closing(open_endpoint("sftp://box", setting.access())) as place:
        with pytest.raises(Unreachable):
            place.resolve("")
        setting.write(block("box", box))
        assert place.resolve("").startswith("/")


# Ways


def test_proxyjump_goes_through_two_servers(setting: Setting, box: OpenSSH) -> None:
    with ExitStack() as stack:
        outer = stack.enter_context(setting.server("outer"))
        inner = stack.enter_context(setting.server("inner"))
        setting.write(
            block("outer", outer), block("inner", inner), block("box", box, "ProxyJump outer,inner")
        )
        with closing(open_endpoint("sftp://box", setting.access())) as place:
            path = place.join(str(setting.root), "big")
            upload = place.begin(path, 3 << 20, key="0badcafe", part_size=3 << 20)
            body = bytes(range(256)) * (3 << 12)
            receipt = place.put_part(upload, 0, 0, [body])
            place.finish(upload, [receipt], replacing=None)
            with place.read(path) as reader:
                assert b"".join(map(bytes, reader.chunks())) == body
        assert any("Accepted publickey" in line for line in outer.log)
        assert any("Accepted publickey" in line for line in inner.log)
        assert len(setting.known_hosts.read_text().splitlines()) == 3


def test_a_server_on_the_way_may_need_another(setting: Setting, box: OpenSSH) -> None:
    with setting.server("outer") as outer, setting.server("inner") as inner:
        setting.write(
            block("outer", outer),
            block("inner", inner, "ProxyJump outer"),
            block("box", box, "ProxyJump inner"),
        )
        assert setting.opens("box")
        assert any("Accepted publickey" in line for line in outer.log)


def test_a_server_that_every_way_leads_over_is_reached_straight(
    setting: Setting, box: OpenSSH
) -> None:
    with setting.server("outer") as outer:
        setting.write(block("outer", outer), block("box", box), "Host *\n  ProxyJump outer")
        assert setting.opens("box")
        assert setting.opens("outer")


def test_a_way_in_a_circle_is_said_so(setting: Setting, box: OpenSSH) -> None:
    setting.write(
        "Host a\n  ProxyJump b\nHost b\n  ProxyJump c\nHost c\n  ProxyJump a",
        block("box", box, "ProxyJump a"),
    )
    error = setting.refused("box")
    assert isinstance(error, Unsupported)
    assert "circle" in str(error)


def test_what_a_server_on_the_way_asks_is_asked_for_it(setting: Setting, box: OpenSSH) -> None:
    with setting.server("outer") as outer:
        setting.write(
            block("outer", outer, key=Path("/none")),
            block("box", box, f"ProxyJump {outer.user}@outer"),
        )
        error = setting.refused("box", accept_new=False)
        assert isinstance(error, HostKeyUnknown)
        assert error.endpoint == f"sftp://{outer.user}@outer:22"
        assert error.line == outer.known_hosts_line
        error = setting.refused("box")
        assert isinstance(error, AuthRequired)
        assert error.endpoint == f"sftp://{outer.user}@outer:22"


def test_a_server_on_the_way_that_forwards_nothing_is_named(setting: Setting, box: OpenSSH) -> None:
    with setting.server("outer", options=["AllowTcpForwarding no"]) as outer:
        setting.write(block("outer", outer), block("box", box, "ProxyJump outer"))
        error = setting.refused("box")
    assert isinstance(error, Unreachable)
    assert f"has no way to 127.0.0.1 port {box.port}" in str(error)


def test_a_hop_with_a_hostile_name_is_refused(setting: Setting, box: OpenSSH) -> None:
    setting.write(block("box", box, 'ProxyJump "a;touch x"'))
    assert isinstance(setting.refused("box"), InvalidName)


def test_proxycommand_carries_the_connection(setting: Setting, box: OpenSSH) -> None:
    relay = setting.root / "relay.py"
    relay.write_text(RELAY)
    command = f"{shlex.quote(sys.executable)} {shlex.quote(str(relay))} '%h' %p"
    setting.write(block("box", box, f"ProxyCommand {command}"))
    assert setting.opens("box")


RELAY = """
import os, socket, sys, threading
there = socket.create_connection((sys.argv[1], int(sys.argv[2])))
def back():
    while data := there.recv(65536):
        os.write(1, data)
    os._exit(0)
threading.Thread(target=back, daemon=True).start()
while data := os.read(0, 65536):
    there.sendall(data)
"""


def test_what_a_failing_proxycommand_says_is_told(setting: Setting, box: OpenSSH) -> None:
    setting.write(block("box", box, "ProxyCommand echo no such gate >&2"))
    error = setting.refused("box")
    assert isinstance(error, Unreachable)
    assert "no such gate" in str(error)


def test_a_proxycommand_in_a_file_that_others_can_change_is_not_run(
    setting: Setting, box: OpenSSH
) -> None:
    canary = setting.root / "ran"
    (setting.root / "more").write_text(f"ProxyCommand touch {canary}\n")
    (setting.root / "more").chmod(0o666)
    setting.write("Include more", block("box", box))
    assert isinstance(setting.refused("box"), Denied)
    assert not canary.exists()


def test_B4_a_frozen_server_on_the_way_is_given_up_in_time(setting: Setting, box: OpenSSH) -> None:
    hurried = Patience(answer=1.0, channel=1.0, connect=1.0)
    with setting.server("outer") as outer:
        setting.write(block("outer", outer), block("box", box, "ProxyJump outer"))
        place = open_endpoint("sftp://box", setting.access(), hurried)
        with closing(place):
            home = place.resolve("")
            outer.freeze_connections()
            started = time.monotonic()
            with pytest.raises(ConnectionLost):
                place.stat(home)
            assert time.monotonic() - started < 15


def test_a_lost_way_is_found_again(setting: Setting, box: OpenSSH) -> None:
    with setting.server("outer") as outer:
        setting.write(block("outer", outer), block("box", box, "ProxyJump outer"))
        with closing(open_endpoint("sftp://box", setting.access())) as place:
            home = place.resolve("")
            outer.restart()
            with suppress(ConnectionLost):  # unless its end was noticed already
                place.stat(home)
            assert place.stat(home).kind is Kind.DIR


# Host keys


def test_keys_are_looked_for_in_every_list_and_remembered_in_the_first(
    setting: Setting, box: OpenSSH
) -> None:
    first, second = setting.root / "first", setting.root / "second"
    setting.write(block("box", box, f"UserKnownHostsFile {first} {second}"))
    second.write_text(box.known_hosts_line + "\n")
    assert setting.opens("box", accept_new=False)
    second.unlink()
    assert setting.opens("box")
    assert first.read_text() == box.known_hosts_line + "\n"
    box.restart(new_host_key=True)
    error = setting.refused("box")
    assert isinstance(error, HostKeyChanged)
    assert f"line 1 of {first}" in str(error)
    assert not setting.known_hosts.exists()


def test_names_are_hashed_where_hashknownhosts_says_so(setting: Setting, box: OpenSSH) -> None:
    setting.write(block("box", box, "HashKnownHosts yes"))
    assert setting.opens("box")
    assert setting.known_hosts.read_text().startswith("|1|")
    assert setting.opens("box", accept_new=False)


def test_a_host_key_alias_is_the_name_in_the_list(setting: Setting, box: OpenSSH) -> None:
    setting.write(block("box", box, "HostKeyAlias the-box"))
    assert setting.opens("box")
    assert setting.known_hosts.read_text().startswith("the-box ssh-ed25519 ")


def test_strict_checking_refuses_unknown_keys_and_accept_new_takes_them(
    setting: Setting, box: OpenSSH
) -> None:
    setting.write(block("box", box, "StrictHostKeyChecking yes"))
    error = setting.refused("box")
    assert isinstance(error, Denied)
    assert "SHA256:" in str(error)
    setting.write(block("box", box, "StrictHostKeyChecking accept-new"))
    assert setting.opens("box", accept_new=False)
    lines = known_hosts.read(setting.known_hosts)
    assert [line.hosts for line in lines] == [f"[127.0.0.1]:{box.port}"]


@pytest.mark.parametrize("lists", ["none", "/dev/null"])
def test_where_nothing_is_to_be_kept_a_new_key_is_taken_and_kept_nowhere(
    setting: Setting, box: OpenSSH, lists: str
) -> None:
    setting.write(block("box", box), f"UserKnownHostsFile {lists}", "StrictHostKeyChecking no")
    assert setting.opens("box", accept_new=False)
    assert not setting.known_hosts.exists()


def test_a_key_accepted_for_an_alias_is_known_from_then_on(setting: Setting, box: OpenSSH) -> None:
    setting.write(block("box", box))
    error = setting.refused("box", accept_new=False)
    assert isinstance(error, HostKeyUnknown)
    remember(setting.access(), error.endpoint, error.line)
    assert setting.opens("box", accept_new=False)


# Algorithms, times


def test_the_algorithms_of_the_config_are_used(setting: Setting, box: OpenSSH) -> None:
    setting.write(
        block("box", box, "Ciphers aes256-ctr", "MACs hmac-sha2-512", "Compression yes",
              "KexAlgorithms curve25519-sha256", "HostKeyAlgorithms ssh-ed25519")
    )  # fmt: skip
    for transport in setting.transport("box"):
        assert transport.remote_cipher == "aes256-ctr"
        assert transport.remote_mac == "hmac-sha2-512"
        assert transport.remote_compression == "zlib@openssh.com"


@pytest.mark.parametrize(
    ("said", "used"),
    [("^aes256-gcm@openssh.com", "aes256-gcm@openssh.com"),
     ("-aes*-gcm@openssh.com", "aes128-ctr"),
     ("+aes128-cbc", "aes128-gcm@openssh.com")],
)  # fmt: skip
def test_lists_are_changed_as_in_ssh(setting: Setting, box: OpenSSH, said: str, used: str) -> None:
    setting.write(block("box", box, f"Ciphers {said}"))
    for transport in setting.transport("box"):
        assert transport.remote_cipher == used


def test_algorithms_that_nobody_knows_here_are_said_so(setting: Setting, box: OpenSSH) -> None:
    setting.write(block("box", box, "Ciphers chacha20-poly1305@openssh.com"))
    error = setting.refused("box")
    assert isinstance(error, Unsupported)
    assert "Ciphers" in str(error)


@pytest.mark.parametrize(
    "said", ["HostKeyAlgorithms rsa-sha2-512", "Ciphers aes256-cbc", "MACs hmac-md5"]
)
def test_a_server_without_what_the_config_allows_is_not_called_outdated(
    setting: Setting, box: OpenSSH, said: str
) -> None:
    lines = ("Ciphers aes128-ctr",) if said.startswith("MACs") else ()  # GCM needs no MAC
    setting.write(block("box", box, said, *lines))
    error = setting.refused("box")
    assert isinstance(error, Unsupported)
    assert said.split()[0] in str(error)
    assert "outdated" not in str(error)


def test_connecttimeout_is_how_long_a_greeting_may_take(setting: Setting) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        setting.write(f"Host box\n  HostName 127.0.0.1\n  Port {port}\n  ConnectTimeout 1")
        error = setting.refused("box")
    assert isinstance(error, Unreachable)


def test_serveralive_keeps_the_connection_awake(setting: Setting, box: OpenSSH) -> None:
    setting.write(block("box", box, "ServerAliveInterval 45", "ServerAliveCountMax 4"))
    wire = Wire("sftp://box")
    session, transport = Connections(target("sftp://box"), setting.access()).open(wire)
    with closing(session):
        assert transport.packetizer._Packetizer__keepalive_interval == 45
        assert wire.patience.answer == 180


# The doctor


def test_the_doctor_tells_the_way_and_what_was_passed_over(setting: Setting, box: OpenSSH) -> None:
    with setting.server("outer") as outer:
        setting.write(
            "Match exec true\n  Port 1",
            block("outer", outer),
            block("box", box, "ProxyJump outer"),
        )
        setting.known_hosts.write_text("garbled line\n")
        told = {f.step: f for f in diagnose("sftp://box:22", "", setting.access())}
    assert "over outer (ProxyJump)" in told["way"].what
    assert "Match exec" in told["configuration"].what
    assert f"line 1 of {setting.known_hosts}" in told["known hosts"].what
    assert told["sign-in"].ok


def test_garbled_lines_are_told_with_an_unknown_key(setting: Setting, box: OpenSSH) -> None:
    setting.write(block("box", box))
    setting.known_hosts.write_text("# fine\ngarbled line\n")
    error = setting.refused("box", accept_new=False)
    assert isinstance(error, HostKeyUnknown)
    assert f"line 2 of {setting.known_hosts}" in str(error)
    assert f"line 2 of {setting.known_hosts}" in error.remark  # for the dialog
    assert known_hosts.judge([], "x", 22, b"").standing is Standing.UNKNOWN
