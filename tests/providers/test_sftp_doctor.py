"""`diagnose` of SFTP places against real servers: each step that can fail says so, and why."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import asyncssh
import paramiko
import pytest

from providers import reachability
from providers.access import Access
from providers.errors import AuthRequired, HostKeyUnknown
from providers.sftp.doctor import diagnose
from providers.sftp.patience import USUAL, Patience
from tests.providers.diagnosing import Walk
from tests.servers.openssh import OpenSSH, find_sshd
from tests.servers.password_ssh import PASSWORD, PasswordSSH

needs_sshd = pytest.mark.skipif(find_sshd() is None, reason="openssh-server is not installed")
QUICK = Patience(greeting=0.5)
TO_SIGN_IN = ["address", "name", "TCP", "greeting", "host key", "sign-in"]


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[OpenSSH]:
    with OpenSSH(tmp_path / "sshd") as server:
        yield server


@pytest.fixture
def known_hosts(tmp_path: Path) -> Path:
    return tmp_path / "known_hosts"


def access(known_hosts: Path, server: OpenSSH | None = None, **more: object) -> Access:
    """What opens `server`: its host key known, the user's key at hand."""
    settings: dict[str, object] = {"use_agent": False, "use_default_keys": False}
    if server is not None:
        known_hosts.write_text(server.known_hosts_line + "\n")
        settings["keys"] = (server.key_path,)
    return Access(known_hosts, **(settings | more))  # type: ignore[arg-type]


def walk(endpoint: str, path: str, given: Access, patience: Patience = USUAL) -> Walk:
    return Walk(diagnose(endpoint, path, given, patience))


@needs_sshd
def test_a_server_that_is_fine_has_every_step_and_nothing_wrong(
    sshd: OpenSSH, known_hosts: Path, tmp_path: Path
) -> None:
    found = walk(sshd.endpoint, str(tmp_path), access(known_hosts, sshd))
    assert found.wrong == []
    rest = ["SFTP", "extensions", "start folder", "path", "list", "room", "digests"]
    assert found.steps == TO_SIGN_IN + rest
    assert "OpenSSH" in found.of("greeting").what
    assert f"line 1 of {known_hosts}" in found.of("host key").what
    assert "signed in by publickey" in found.of("sign-in").what
    assert "posix-rename, fsync, statvfs, limits" in found.of("extensions").what
    assert found.of("digests").ok is True


@needs_sshd
def test_a_file_is_read_a_little(sshd: OpenSSH, known_hosts: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(bytes(300 << 10))
    found = walk(sshd.endpoint, f"{tmp_path}/file", access(known_hosts, sshd))
    assert found.of("read").what == f"{256 << 10} of {300 << 10} bytes were read"


@needs_sshd
def test_nothing_is_written_there(sshd: OpenSSH, known_hosts: Path, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    before = (os.listdir(folder), os.stat(folder).st_mtime_ns)
    walk(sshd.endpoint, str(folder), access(known_hosts, sshd))
    assert (os.listdir(folder), os.stat(folder).st_mtime_ns) == before


def test_a_closed_port_is_refused_at_the_step_of_tcp(known_hosts: Path) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # taken, so that nobody listens there
        endpoint = f"sftp://ann@127.0.0.1:{held.getsockname()[1]}"
        told = walk(endpoint, "/", access(known_hosts)).ends_wrong("TCP")
    assert "nothing listens there" in told.what
    assert "Check the port" in told.advice


def test_a_name_nobody_has_ends_the_walk(known_hosts: Path) -> None:
    told = walk("sftp://ann@no-such-host.invalid:22", "/", access(known_hosts)).ends_wrong("name")
    assert "no-such-host.invalid" in told.what


def test_a_name_server_that_is_silent_is_not_waited_for(
    known_hosts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered = threading.Event()
    monkeypatch.setattr(reachability, "RESOLVE_SECONDS", 0.05)
    monkeypatch.setattr(reachability.socket, "getaddrinfo", lambda *_, **__: answered.wait(60))
    told = walk("sftp://ann@slow.example:22", "/", access(known_hosts)).ends_wrong("name")
    answered.set()
    assert "DNS" in told.advice


@needs_sshd
def test_an_address_that_does_not_answer_beside_one_that_does_is_a_remark(
    sshd: OpenSSH, known_hosts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = socket.getaddrinfo

    def both(host: str, port: int, **more: int) -> list[object]:
        found = real("127.0.0.1", port, **more)
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            dead = real("127.0.0.1", closed.getsockname()[1], **more)
        return [*dead, *found]

    monkeypatch.setattr(reachability.socket, "getaddrinfo", both)
    found = walk(sshd.endpoint, str(tmp_path), access(known_hosts, sshd))
    first, second = (told for told in found.all if told.step == "TCP")
    assert (first.ok, second.ok) == (None, True)
    assert found.wrong == []


@contextmanager
def listening(said: bytes) -> Iterator[str]:
    """A server that says so to everyone; its endpoint."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        stop = threading.Event()

        def serve() -> None:
            while True:
                connection, _ = server.accept()
                with closing(connection):
                    if stop.is_set():
                        return
                    connection.sendall(said)
                    connection.settimeout(30)
                    connection.recv(1)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"sftp://ann@127.0.0.1:{server.getsockname()[1]}"
        finally:
            stop.set()
            socket.create_connection(server.getsockname()).close()
            thread.join()


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n\x1b[2J", "not an SSH server"),
        (b"SSH-1.5-ancient\r\n", "only SSH 1.5"),
        (b"", "does not greet"),
    ],
)
def test_what_is_no_ssh_server_is_told_by_its_greeting(
    known_hosts: Path, said: bytes, told: str
) -> None:
    with listening(said) as endpoint:
        found = walk(endpoint, "/", access(known_hosts), QUICK)
    assert told in found.ends_wrong("greeting").what


@needs_sshd
def test_an_unknown_host_key_stops_before_any_secret_and_asks(
    sshd: OpenSSH, known_hosts: Path
) -> None:
    told = walk(sshd.endpoint, "/", access(known_hosts)).ends_wrong("host key")
    assert "SHA256:" in told.what
    assert isinstance(told.asks, HostKeyUnknown)
    assert not known_hosts.exists()


@needs_sshd
def test_a_changed_host_key_stops_and_says_how_to_go_on(sshd: OpenSSH, known_hosts: Path) -> None:
    given = access(known_hosts, sshd)
    sshd.restart(new_host_key=True)
    told = walk(sshd.endpoint, "/", given).ends_wrong("host key")
    assert "has changed" in told.what
    assert f"ssh-keygen -R '[{sshd.host}]:{sshd.port}' -f {known_hosts}" in told.advice
    assert told.asks is None


def test_a_wrong_password_is_told_with_what_the_server_takes(
    tmp_path: Path, known_hosts: Path
) -> None:
    with PasswordSSH(tmp_path) as server:
        given = access(known_hosts, accept_new=True)
        given.secrets.put(server.endpoint, "password", "canary-wrong")
        found = walk(server.endpoint, "/", given)
    told = found.ends_wrong("sign-in")
    assert "the password was refused; the server takes" in told.what
    assert isinstance(told.asks, AuthRequired)
    assert not any("canary" in f"{each.what}{each.advice}" for each in found.all)


def test_a_password_that_is_missing_is_asked_for(tmp_path: Path, known_hosts: Path) -> None:
    with PasswordSSH(tmp_path) as server:
        given = access(known_hosts, accept_new=True)
        assert isinstance(walk(server.endpoint, "/", given).last.asks, AuthRequired)
        given.secrets.put(server.endpoint, "password", PASSWORD)
        found = walk(server.endpoint, "/", given)
    assert "signed in by password" in found.of("sign-in").what
    assert found.wrong == []


@needs_sshd
def test_a_key_the_server_does_not_take_is_told(
    sshd: OpenSSH, known_hosts: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other_key"
    asyncssh.generate_private_key("ssh-ed25519").write_private_key(str(other))
    found = walk(sshd.endpoint, "/", access(known_hosts, sshd, keys=(other,)))
    told = found.ends_wrong("sign-in")
    assert str(other) in told.what
    assert "the server takes publickey" in told.what


@needs_sshd
def test_a_server_without_sftp_is_told(tmp_path: Path, known_hosts: Path) -> None:
    with OpenSSH(tmp_path / "sshd", sftp="/no/such/program") as server:
        told = walk(server.endpoint, "/", access(known_hosts, server)).ends_wrong("SFTP")
    assert told.what


@needs_sshd
def test_an_extension_that_is_missing_is_a_remark(tmp_path: Path, known_hosts: Path) -> None:
    with OpenSSH(tmp_path / "sshd", sftp="internal-sftp -P posix-rename") as server:
        found = walk(server.endpoint, str(tmp_path), access(known_hosts, server))
    assert found.of("extensions").ok is None
    assert "cannot be replaced in one step" in found.of("extensions").what
    assert found.wrong == []


@needs_sshd
def test_a_server_without_a_shell_is_a_remark(tmp_path: Path, known_hosts: Path) -> None:
    with OpenSSH(tmp_path / "sshd", options=["ForceCommand internal-sftp"]) as server:
        found = walk(server.endpoint, str(tmp_path), access(known_hosts, server))
    assert found.of("digests").ok is None
    assert "read back" in found.of("digests").advice
    assert found.wrong == []


@needs_sshd
def test_a_missing_folder_is_told_with_what_is_called_nearly_so(
    sshd: OpenSSH, known_hosts: Path, tmp_path: Path
) -> None:
    (tmp_path / "Photos").mkdir()
    if (tmp_path / "photos").exists():
        pytest.skip("this disk ignores case")
    given = access(known_hosts, sshd)
    told = walk(sshd.endpoint, f"{tmp_path}/photos", given).ends_wrong("path")
    assert "“Photos”" in told.advice
    deeper = walk(sshd.endpoint, f"{tmp_path}/no/such", given).ends_wrong("path")
    assert f"{tmp_path}/no is not there either" in deeper.advice


@needs_sshd
@pytest.mark.skipif(hasattr(os, "getuid") and os.getuid() == 0, reason="root may read anything")
def test_a_folder_that_may_not_be_read_is_told(
    sshd: OpenSSH, known_hosts: Path, tmp_path: Path
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0)
    told = walk(sshd.endpoint, str(closed), access(known_hosts, sshd)).ends_wrong("list")
    closed.chmod(0o700)
    assert "permission denied" in told.what


@needs_sshd
def test_a_file_from_the_future_gives_a_wrong_clock_away(
    sshd: OpenSSH, known_hosts: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("x")
    ahead = os.stat(tmp_path).st_mtime + 7200
    os.utime(tmp_path / "file", (ahead, ahead))
    told = walk(sshd.endpoint, str(tmp_path), access(known_hosts, sshd)).of("clock")
    assert told.ok is None
    assert "clocks" in told.advice


@needs_sshd
@pytest.mark.parametrize("step", ["TCP", "host key", "sign-in", "SFTP", "list"])
def test_a_walk_that_is_left_at_any_step_closes_its_connection(
    sshd: OpenSSH, known_hosts: Path, step: str
) -> None:
    findings = diagnose(sshd.endpoint, "/", access(known_hosts, sshd))
    assert step in (finding.step for finding in findings)  # left there, a socket open would warn
    findings.close()  # type: ignore[attr-defined]
    assert not [each for each in threading.enumerate() if isinstance(each, paramiko.Transport)]


def test_an_address_that_is_none_is_a_finding(known_hosts: Path) -> None:
    assert walk("sftp://", "/", access(known_hosts)).ends_wrong("address").what
