"""Connecting and signing in: one clear sentence for each thing that goes wrong (F1, F6)."""

from __future__ import annotations

import logging
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import asyncssh
import paramiko
import pytest

from providers.access import Access
from providers.errors import (
    AuthRequired,
    ConnectionLost,
    HostKeyChanged,
    HostKeyRevoked,
    HostKeyUnknown,
    InvalidName,
    ProviderError,
    Unreachable,
    Unsupported,
)
from providers.sftp import connect
from providers.sftp.provider import SftpProvider, open_endpoint, remember
from tests.faults.network.connects import Greeter
from tests.servers.openssh import OpenSSH, find_sshd
from tests.servers.password_ssh import PASSWORD, PasswordSSH

needs_sshd = pytest.mark.skipif(find_sshd() is None, reason="openssh-server is not installed")


def access(tmp_path: Path, **more: object) -> Access:
    settings = {"accept_new": True, "use_agent": False, "use_default_keys": False} | more
    return Access(tmp_path / "known_hosts", **settings)  # type: ignore[arg-type]


def refused(endpoint: str, given: Access) -> ProviderError:
    with closing(open_endpoint(endpoint, given)) as place, pytest.raises(ProviderError) as caught:
        place.resolve("")
    assert "\n" not in str(caught.value)
    assert str(caught.value).isprintable()
    return caught.value


def accepted(endpoint: str, given: Access) -> bool:
    with closing(open_endpoint(endpoint, given)) as place:
        return place.resolve("").startswith("/")


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[OpenSSH]:
    with OpenSSH(tmp_path / "sshd") as server:
        yield server


@pytest.fixture(params=[False, True], ids=["password", "keyboard-interactive"])
def asking(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[PasswordSSH]:
    with PasswordSSH(tmp_path, prompts=request.param) as server:
        yield server


# Passwords


def test_a_password_is_asked_for_when_there_is_none(asking: PasswordSSH, tmp_path: Path) -> None:
    error = refused(asking.endpoint, access(tmp_path))
    assert isinstance(error, AuthRequired)
    assert (error.needs, error.rejected) == ("password", False)
    assert asking.attempts == 0


def test_the_right_password_lets_in(asking: PasswordSSH, tmp_path: Path) -> None:
    given = access(tmp_path)
    given.secrets.put(asking.endpoint, "password", PASSWORD)
    assert accepted(asking.endpoint, given)


def test_a_wrong_password_is_tried_once_and_forgotten(asking: PasswordSSH, tmp_path: Path) -> None:
    given = access(tmp_path)
    given.secrets.put(asking.endpoint, "password", "wr0ng-s3cret")
    with closing(open_endpoint(asking.endpoint, given)) as place:
        with pytest.raises(AuthRequired, match="the password was refused") as first:
            place.resolve("")
        with pytest.raises(AuthRequired) as second:
            place.resolve("")
    assert (first.value.rejected, second.value.rejected) == (True, False)
    assert asking.attempts == 1
    assert "wr0ng" not in f"{first.value!r}{first.value}"


def test_many_threads_try_a_wrong_password_once(tmp_path: Path) -> None:
    given = access(tmp_path)
    with PasswordSSH(tmp_path) as server:
        given.secrets.put(server.endpoint, "password", "wrong")
        with closing(open_endpoint(server.endpoint, given)) as place:
            threads = [threading.Thread(target=_fails, args=(place,)) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        assert server.attempts == 1


def _fails(place: SftpProvider) -> None:
    with pytest.raises(AuthRequired):
        place.resolve("")


# Keys


@needs_sshd
def test_the_named_key_lets_in(sshd: OpenSSH, tmp_path: Path) -> None:
    assert accepted(sshd.endpoint, access(tmp_path, keys=(sshd.key_path,)))


@needs_sshd
def test_without_a_key_the_server_that_wants_one_is_named(sshd: OpenSSH, tmp_path: Path) -> None:
    error = refused(sshd.endpoint, access(tmp_path))
    assert isinstance(error, AuthRequired)
    assert (error.needs, error.rejected) == ("key", False)


@needs_sshd
def test_a_key_the_server_does_not_know_is_refused_by_name(sshd: OpenSSH, tmp_path: Path) -> None:
    stranger = OpenSSH(tmp_path / "other").key_path
    error = refused(sshd.endpoint, access(tmp_path, keys=(stranger,)))
    assert isinstance(error, AuthRequired)
    assert error.rejected
    assert str(stranger) in str(error)


@needs_sshd
def test_a_locked_key_asks_for_its_passphrase_and_forgets_a_wrong_one(
    sshd: OpenSSH, tmp_path: Path
) -> None:
    key = sshd.key_path
    subprocess.run(["ssh-keygen", "-q", "-p", "-N", "sesame", "-f", str(key)], check=True)
    given = access(tmp_path, keys=(key,))
    error = refused(sshd.endpoint, given)
    assert isinstance(error, AuthRequired)
    assert (error.needs, error.subject, error.rejected) == ("passphrase", str(key), False)
    given.secrets.put(sshd.endpoint, "passphrase", "wrong", str(key))
    error = refused(sshd.endpoint, given)
    assert isinstance(error, AuthRequired)
    assert error.rejected
    assert given.secrets.get(sshd.endpoint, "passphrase", str(key)) is None
    given.secrets.put(sshd.endpoint, "passphrase", "sesame", str(key))
    assert accepted(sshd.endpoint, given)


@needs_sshd
@pytest.mark.parametrize("content", [None, "not a key"])
def test_a_key_file_that_cannot_be_used_is_named(
    sshd: OpenSSH, tmp_path: Path, content: str | None
) -> None:
    key = tmp_path / "broken_key"
    if content is not None:
        key.write_text(content)
    error = refused(sshd.endpoint, access(tmp_path, keys=(key,)))
    assert isinstance(error, AuthRequired)
    assert (error.needs, error.subject) == ("key", str(key))


@needs_sshd
def test_the_usual_keys_in_the_home_directory_are_tried(
    sshd: OpenSSH, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    (home / ".ssh").mkdir(parents=True)
    (home / ".ssh" / "id_ed25519").write_bytes(sshd.key_path.read_bytes())
    (home / ".ssh" / "id_rsa").write_text("garbage")
    monkeypatch.setenv("HOME", str(home))
    assert accepted(sshd.endpoint, access(tmp_path, use_default_keys=True))


# Host keys


@needs_sshd
def test_an_unknown_host_key_is_shown_before_anyone_signs_in(sshd: OpenSSH, tmp_path: Path) -> None:
    given = access(tmp_path, accept_new=False, keys=(sshd.key_path,))
    error = refused(sshd.endpoint, given)
    assert isinstance(error, HostKeyUnknown)
    assert error.line == sshd.known_hosts_line
    assert error.fingerprint.startswith("SHA256:")
    assert not any("Accepted" in line for line in sshd.log)
    remember(given, sshd.endpoint, error.line)
    assert accepted(sshd.endpoint, given)


@needs_sshd
def test_a_key_accepted_once_is_not_written_down(sshd: OpenSSH, tmp_path: Path) -> None:
    given = access(tmp_path, accept_new=False, keys=(sshd.key_path,))
    given.trusted.add(sshd.endpoint, sshd.known_hosts_line)
    assert accepted(sshd.endpoint, given)
    assert not given.known_hosts.exists()


@needs_sshd
@pytest.mark.parametrize("accept_new", [False, True])
def test_a_key_that_changes_after_it_was_accepted_once_is_refused(
    sshd: OpenSSH, tmp_path: Path, accept_new: bool
) -> None:
    given = access(tmp_path, accept_new=accept_new, keys=(sshd.key_path,))
    given.trusted.add(sshd.endpoint, sshd.known_hosts_line)
    sshd.restart(new_host_key=True)
    assert isinstance(refused(sshd.endpoint, given), HostKeyChanged)
    given.trusted.add(sshd.endpoint, sshd.known_hosts_line)  # a person accepted it in a new run
    assert accepted(sshd.endpoint, given)
    assert not given.known_hosts.exists()


@needs_sshd
@pytest.mark.parametrize("accept_new", [False, True])
def test_a_changed_host_key_is_never_accepted(
    sshd: OpenSSH, tmp_path: Path, accept_new: bool
) -> None:
    given = access(tmp_path, accept_new=accept_new, keys=(sshd.key_path,))
    given.known_hosts.write_text("# mine\n" + sshd.known_hosts_line + "\n")
    before = given.known_hosts.read_bytes()
    sshd.restart(new_host_key=True)
    error = refused(sshd.endpoint, given)
    assert isinstance(error, HostKeyChanged)
    assert f"line 2 of {given.known_hosts}" in str(error)
    assert given.known_hosts.read_bytes() == before


@needs_sshd
def test_a_revoked_host_key_is_never_accepted(sshd: OpenSSH, tmp_path: Path) -> None:
    given = access(tmp_path, keys=(sshd.key_path,))
    key = sshd.known_hosts_line.partition(" ")[2]
    given.known_hosts.write_text(f"{sshd.known_hosts_line}\n@revoked * {key}\n")
    assert isinstance(refused(sshd.endpoint, given), HostKeyRevoked)


def test_the_key_type_known_for_the_host_is_the_one_asked_for(tmp_path: Path) -> None:
    kinds = ("ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa")
    keys = {kind: asyncssh.generate_private_key(kind) for kind in kinds}
    given = access(tmp_path, accept_new=False)
    for kind, key in keys.items():
        with PasswordSSH(tmp_path, server_host_keys=list(keys.values())) as server:
            port = server.endpoint.rpartition(":")[2]
            public = key.export_public_key().decode().split()
            given.known_hosts.write_text(f"[127.0.0.1]:{port} {kind} {public[1]}\n")
            given.secrets.put(server.endpoint, "password", PASSWORD)
            assert accepted(server.endpoint, given)


# The network


def test_a_port_where_nobody_listens_is_said_so(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        endpoint = f"sftp://ann@127.0.0.1:{taken.getsockname()[1]}"
        error = refused(endpoint, access(tmp_path))
    assert isinstance(error, Unreachable)
    assert error.endpoint == endpoint
    assert "cannot be reached" in str(error)
    assert "refused the connection" in str(error)


def test_a_name_nobody_has_is_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    error = refused("sftp://ann@no.such.host:22", access(tmp_path))
    assert isinstance(error, Unreachable)
    assert "no computer is called “no.such.host”" in str(error)


@contextmanager
def listener(greeting: bytes) -> Iterator[str]:
    """Greets whoever comes, then says nothing more."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        kept: list[socket.socket] = []

        def serve() -> None:
            caller, _ = server.accept()
            kept.append(caller)
            caller.sendall(greeting)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"sftp://ann@127.0.0.1:{server.getsockname()[1]}"
        thread.join()
        for caller in kept:
            caller.close()


def test_something_that_is_not_ssh_is_said_so(tmp_path: Path) -> None:
    with listener(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 100) as endpoint:
        error = refused(endpoint, access(tmp_path))
    assert isinstance(error, Unreachable)
    assert "not an SSH server" in str(error)


def test_a_server_that_hangs_up_on_the_greeting_is_said_to_be_out_of_reach(tmp_path: Path) -> None:
    with closing(Greeter()) as server:
        endpoint = f"sftp://ann@127.0.0.1:{server.port}"
        error = refused(endpoint, access(tmp_path))
    assert isinstance(error, Unreachable)
    assert str(error).startswith(f"{endpoint}: cannot be reached: the server hung up")


def test_a_server_with_a_wrong_signature_is_there_and_not_to_be_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that the attempt counts: nobody is to knock there for an hour."""
    monkeypatch.setattr(paramiko.Ed25519Key, "verify_ssh_sig", lambda *_: False)
    with PasswordSSH(tmp_path) as server:
        error = refused(server.endpoint, access(tmp_path))
    assert isinstance(error, ConnectionLost)
    assert not isinstance(error, Unreachable)
    assert "Signature verification" in str(error)


def test_a_server_with_nothing_but_old_encryption_is_said_so(tmp_path: Path) -> None:
    with PasswordSSH(tmp_path, kex_algs=["diffie-hellman-group14-sha1"]) as server:
        error = refused(server.endpoint, access(tmp_path))
    assert isinstance(error, Unsupported)
    assert "outdated encryption" in str(error)


@pytest.mark.parametrize("cipher", ["aes256-cbc", "3des-cbc"])
def test_weak_ciphers_are_never_agreed_to(tmp_path: Path, cipher: str) -> None:
    with PasswordSSH(tmp_path, encryption_algs=[cipher]) as server:
        assert isinstance(refused(server.endpoint, access(tmp_path)), Unsupported)


def test_paramiko_says_nothing_on_the_screen(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with listener(b"SSH-1.5-ancient\r\n") as endpoint:
        refused(endpoint, access(tmp_path))
    assert capfd.readouterr() == ("", "")
    assert not logging.getLogger("paramiko").propagate


@pytest.mark.parametrize("endpoint", ["sftp://", "sftp://ann@", "http://x", "sftp://h:port"])
def test_an_address_that_is_none_is_refused(tmp_path: Path, endpoint: str) -> None:
    with pytest.raises(InvalidName):
        open_endpoint(endpoint, access(tmp_path))


def test_the_parts_of_an_address_are_told_apart() -> None:
    assert connect.target("sftp://a@b@[::1]:2222").user == "a@b"
    assert connect.target("sftp://a@b@[::1]:2222").host == "::1"
    assert connect.target("sftp://ann@host").port == 22


# The agent


@pytest.fixture
def agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)  # the path of a socket must be short: macOS takes 104 bytes
    process = subprocess.Popen(["ssh-agent", "-D", "-a", "agent"], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()  # it tells its socket once that is there
    monkeypatch.setenv("SSH_AUTH_SOCK", "agent")
    yield
    process.terminate()
    process.communicate()


def _teach_agent(key: Path) -> None:
    subprocess.run(["ssh-add", "-q", str(key)], check=True, stderr=subprocess.DEVNULL)


@needs_sshd
def test_a_key_in_the_agent_lets_in(sshd: OpenSSH, tmp_path: Path, agent: None) -> None:
    _teach_agent(sshd.key_path)
    assert accepted(sshd.endpoint, access(tmp_path, use_agent=True))
    assert isinstance(refused(sshd.endpoint, access(tmp_path)), AuthRequired)


@needs_sshd
def test_an_agent_full_of_keys_does_not_use_up_the_attempts(
    sshd: OpenSSH, tmp_path: Path, agent: None
) -> None:
    for number in range(8):
        _teach_agent(OpenSSH(tmp_path / f"stranger-{number}").key_path)
    error = refused(sshd.endpoint, access(tmp_path, use_agent=True))
    assert isinstance(error, AuthRequired)
    assert accepted(sshd.endpoint, access(tmp_path, use_agent=True, keys=(sshd.key_path,)))
