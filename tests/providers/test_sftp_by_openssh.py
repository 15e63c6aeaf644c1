"""SFTP over the ssh program (`transport = "openssh"`), against a real sshd."""

from __future__ import annotations

import os
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import paramiko
import pytest

from providers.access import Access
from providers.errors import (
    AuthRequired,
    ConnectionLost,
    Denied,
    HostKeyChanged,
    HostKeyUnknown,
    ProviderError,
    Unreachable,
    Unsupported,
)
from providers.sftp import calls
from providers.sftp.doctor import diagnose
from providers.sftp.openssh import askpass, session
from providers.sftp.openssh.process import SshProcess
from providers.sftp.openssh.questions import Questions
from providers.sftp.patience import Patience
from providers.sftp.provider import SftpProvider, open_endpoint, remember
from providers.sftp.target import target
from providers.sftp.wire import Wire
from providers.sites import Site, Sites
from tests.servers.openssh import OpenSSH, find_sshd, new_key
from tests.servers.password_ssh import PASSWORD, PasswordSSH
from tests.servers.questions_ssh import QuestionsSSH

pytestmark = pytest.mark.skipif(find_sshd() is None, reason="openssh-server is not installed")

MIB = 1 << 20
ASKED, CODE = ("Password: ", False), ("Verification code: ", False)


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[OpenSSH]:
    with OpenSSH(tmp_path / "sshd") as server:
        yield server


def over_ssh(endpoint: str, tmp_path: Path, **more: object) -> tuple[str, Access]:
    """The site's endpoint and what it takes to get in."""
    tmp_path.mkdir(exist_ok=True)
    user, _, address = endpoint.removeprefix("sftp://").rpartition("@")
    host, _, port = address.rpartition(":")
    values = {"host": host, "port": port, "user": user, "transport": "openssh"}
    sites = Sites(tmp_path / "sites.toml")
    site = sites.add(Site("work", "sftp", values))
    settings = {"accept_new": True, "use_agent": False, "use_default_keys": False} | more
    access = Access(tmp_path / "known_hosts", sites=sites, **settings)  # type: ignore[arg-type]
    return sites.place(site).endpoint, access


def accepted(endpoint: str, access: Access) -> bool:
    with closing(open_endpoint(endpoint, access)) as place:
        return place.resolve("").startswith("/")


def refused(endpoint: str, access: Access) -> ProviderError:
    with closing(open_endpoint(endpoint, access)) as place, pytest.raises(ProviderError) as caught:
        place.resolve("")
    assert str(caught.value).isprintable()
    return caught.value


def test_the_named_key_lets_in(sshd: OpenSSH, tmp_path: Path) -> None:
    assert accepted(*over_ssh(sshd.endpoint, tmp_path, keys=(sshd.key_path,)))


# Keys


def locked_key(sshd: OpenSSH) -> Path:
    change = ["ssh-keygen", "-q", "-p", "-P", "", "-N", "open sesame", "-f", str(sshd.key_path)]
    subprocess.run(change, check=True, capture_output=True)
    return sshd.key_path


def test_an_encrypted_key_asks_for_its_passphrase(sshd: OpenSSH, tmp_path: Path) -> None:
    key = locked_key(sshd)
    endpoint, access = over_ssh(sshd.endpoint, tmp_path, keys=(key,))
    error = refused(endpoint, access)
    assert isinstance(error, AuthRequired)
    assert (error.needs, error.subject, error.rejected) == ("passphrase", str(key), False)
    access.secrets.answer(error, "open sesame")
    assert accepted(endpoint, access)


def test_a_wrong_passphrase_is_forgotten(sshd: OpenSSH, tmp_path: Path) -> None:
    key = locked_key(sshd)
    endpoint, access = over_ssh(sshd.endpoint, tmp_path, keys=(key,))
    access.secrets.put(endpoint, "passphrase", "shut", str(key))
    error = refused(endpoint, access)
    assert isinstance(error, AuthRequired)
    assert (error.needs, error.rejected) == ("passphrase", True)
    assert access.secrets.get(endpoint, "passphrase", str(key)) is None


def test_a_key_the_server_does_not_take_asks_for_another(sshd: OpenSSH, tmp_path: Path) -> None:
    other = tmp_path / "other"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(other)], check=True)
    error = refused(*over_ssh(sshd.endpoint, tmp_path, keys=(other,)))
    assert isinstance(error, AuthRequired)
    assert error.needs == "key"


# Passwords


@pytest.fixture(params=[False, True], ids=["password", "keyboard-interactive"])
def asking(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[PasswordSSH]:
    with PasswordSSH(tmp_path, prompts=request.param) as server:
        yield server


def test_a_password_is_asked_for_refused_and_right(asking: PasswordSSH, tmp_path: Path) -> None:
    endpoint, access = over_ssh(asking.endpoint, tmp_path)
    first = refused(endpoint, access)
    assert isinstance(first, AuthRequired)
    assert (first.needs, first.rejected, asking.attempts) == ("password", False, 0)
    access.secrets.answer(first, "wr0ng-s3cret")
    second = refused(endpoint, access)
    assert isinstance(second, AuthRequired)
    assert (second.needs, second.rejected, asking.attempts) == ("password", True, 1)
    assert access.secrets.get(endpoint, "password") is None
    assert "wr0ng" not in f"{second!r}{second}"
    access.secrets.answer(second, PASSWORD)
    assert accepted(endpoint, access)


def test_no_secret_is_in_an_argument_or_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = wrapped_ssh(tmp_path, monkeypatch, 'env; printf "%s\\n" "$@"')
    monkeypatch.setenv("SFTP_PASSWORD", PASSWORD)
    with PasswordSSH(tmp_path) as server:
        endpoint, access = over_ssh(server.endpoint, tmp_path)
        access.secrets.put(endpoint, "password", PASSWORD)
        assert accepted(endpoint, access)
    told = seen.read_text()
    assert "SSH_ASKPASS=" in told and "KnownHostsCommand" in told
    assert PASSWORD not in told
    assert not [line for line in told.splitlines() if line.startswith(("LANG", "LC_"))]


@pytest.mark.parametrize("rounds", [[[ASKED], [CODE]], [[ASKED, CODE]]], ids=["two", "one"])
def test_a_password_and_a_code_are_asked_one_after_the_other(
    tmp_path: Path, rounds: list[list[tuple[str, bool]]]
) -> None:
    answers = [[PASSWORD], ["123456"]] if len(rounds) == 2 else [[PASSWORD, "123456"]]
    with QuestionsSSH(rounds, answers) as server:
        endpoint, access = over_ssh(server.endpoint, tmp_path)
        first = refused(endpoint, access)
        assert isinstance(first, AuthRequired)
        assert (first.needs, first.rejected) == ("password", False)
        access.secrets.answer(first, PASSWORD)
        second = refused(endpoint, access)
        assert isinstance(second, AuthRequired)
        assert (second.needs, second.subject, second.rejected) == ("code", CODE[0].strip(), False)
        access.secrets.answer(second, "000000")
        third = refused(endpoint, access)
        assert isinstance(third, AuthRequired)
        assert (third.needs, third.subject, third.rejected) == ("code", CODE[0].strip(), True)
        assert access.secrets.get(endpoint, "password") == PASSWORD
        access.secrets.answer(third, "123456")
        assert accepted(endpoint, access)


def test_a_servers_question_never_passes_for_one_about_a_key(tmp_path: Path) -> None:
    lie = f"Enter passphrase for key '{tmp_path}/key': "
    with QuestionsSSH([[(lie, False)]], [["open sesame"]]) as server:
        endpoint, access = over_ssh(server.endpoint, tmp_path)
        access.secrets.put(endpoint, "passphrase", "open sesame", f"{tmp_path}/key")
        error = refused(endpoint, access)
        assert isinstance(error, AuthRequired)
        assert error.needs == "password"
        assert server.given == []


def wrapped_ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: str) -> Path:
    """Have an ssh on PATH that writes what `first` prints into the file that is returned."""
    real, folder, seen = shutil.which("ssh"), tmp_path / "bin", tmp_path / "seen"
    folder.mkdir()
    program = folder / "ssh"
    program.write_text(f'#!/bin/sh\n{{ {first}; }} >"{seen}"\nexec {real} "$@"\n')
    program.chmod(0o700)
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)
    return seen


def test_a_question_without_the_token_is_not_answered(tmp_path: Path) -> None:
    questions = Questions()
    with closing(questions):
        questions.answer_with(lambda words: "secret")
        folder = Path(questions.environment["SSH_ASKPASS"]).parent
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert {stat.S_IMODE((folder / name).stat().st_mode) for name in ("token", "socket")} == {
            0o600
        }
        ask = [questions.environment["SSH_ASKPASS"], "ann@h's password: "]
        assert subprocess.run(ask, capture_output=True, check=True).stdout == b"secret\n"
        (folder / "token").write_text("another")
        again = subprocess.run(ask, capture_output=True, check=False)
        assert (again.returncode, again.stdout) == (1, b"")
    assert not folder.exists()


def test_a_folder_with_odd_signs_in_its_name_serves_as_well(
    sshd: OpenSSH, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tempfile.TemporaryDirectory(prefix="a '%h\"\\ $(x)") as folder:
        monkeypatch.setattr(tempfile, "tempdir", folder)
        key = locked_key(sshd)
        endpoint, access = over_ssh(sshd.endpoint, tmp_path, keys=(key,))
        access.secrets.put(endpoint, "passphrase", "open sesame", str(key))
        assert accepted(endpoint, access)
        assert os.listdir(folder) == []


@pytest.mark.parametrize("name", ["x" * 120, "HOME of mine"], ids=["long", "spaces"])
def test_a_folder_for_temporary_files_may_have_any_path(
    sshd: OpenSSH, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    folder = tmp_path / name
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    key = locked_key(sshd)
    endpoint, access = over_ssh(sshd.endpoint, tmp_path, keys=(key,))
    access.secrets.put(endpoint, "passphrase", "open sesame", str(key))
    assert accepted(endpoint, access)
    assert os.listdir(folder) == []


def test_a_request_to_confirm_something_is_declined_at_once(tmp_path: Path) -> None:
    words = [sys.executable, "-I", "-S", askpass.__file__, str(tmp_path), "ask", "Add key?"]
    hint = {"SSH_ASKPASS_PROMPT": "confirm"}
    assert subprocess.run(words, env=hint, capture_output=True, check=False).returncode == 1


# Host keys


def test_a_key_that_only_ssh_knows_is_good_enough(sshd: OpenSSH, tmp_path: Path) -> None:
    config = tmp_path / "config"
    hosts = tmp_path / "ssh_hosts"
    config.write_text(f"Match exec true\n UserKnownHostsFile {hosts}\n")
    hosts.write_text(sshd.known_hosts_line + "\n")
    endpoint, access = over_ssh(
        sshd.endpoint, tmp_path, keys=(sshd.key_path,), accept_new=False, ssh_config=config
    )
    assert accepted(endpoint, access)
    assert not access.known_hosts.exists()


def test_an_unknown_host_key_is_asked_about_and_accepted_once(
    sshd: OpenSSH, tmp_path: Path
) -> None:
    endpoint, access = over_ssh(sshd.endpoint, tmp_path, keys=(sshd.key_path,), accept_new=False)
    error = refused(endpoint, access)
    assert isinstance(error, HostKeyUnknown)
    assert error.line == sshd.known_hosts_line
    assert error.fingerprint.startswith("SHA256:")
    access.trusted.add(error.endpoint, error.line)
    assert accepted(endpoint, access)
    assert not access.known_hosts.exists()


def test_an_accepted_host_key_is_remembered_and_another_one_refused(
    sshd: OpenSSH, tmp_path: Path
) -> None:
    endpoint, access = over_ssh(sshd.endpoint, tmp_path, keys=(sshd.key_path,), accept_new=False)
    error = refused(endpoint, access)
    assert isinstance(error, HostKeyUnknown)
    remember(access, error.endpoint, error.line)
    assert accepted(endpoint, access)
    assert access.known_hosts.read_text() == sshd.known_hosts_line + "\n"
    sshd.restart(new_host_key=True)
    assert isinstance(refused(endpoint, replace(access, accept_new=True)), HostKeyChanged)


def test_a_certified_host_key_needs_no_question(tmp_path: Path) -> None:
    with OpenSSH(tmp_path / "sshd", options=[f"HostCertificate {tmp_path}/host-cert.pub"]) as sshd:
        sshd.stop()
        authority = tmp_path / "ca"
        public = new_key(authority)
        key = sshd.directory / "host_key.pub"
        key.write_text(sshd.known_hosts_line.partition(" ")[2] + "\n")
        sign = ["ssh-keygen", "-q", "-s", str(authority), "-I", "host", "-h", "-n", sshd.host]
        subprocess.run([*sign, str(key)], check=True, capture_output=True)
        (sshd.directory / "host_key-cert.pub").rename(tmp_path / "host-cert.pub")
        sshd.start()
        endpoint, access = over_ssh(
            sshd.endpoint, tmp_path, keys=(sshd.key_path,), accept_new=False
        )
        access.known_hosts.write_text(f"@cert-authority * {public}\n")
        assert accepted(endpoint, access)


# What else goes wrong


def test_the_doctor_walks_the_same_way(sshd: OpenSSH, tmp_path: Path) -> None:
    endpoint, access = over_ssh(sshd.endpoint, tmp_path, keys=(sshd.key_path,))
    found = list(diagnose(endpoint, str(tmp_path), access))
    assert [each.step for each in found][:3] == ["address", "ssh", "sign-in"]
    assert not [each for each in found if each.ok is False]
    assert found[-1].step == "digests" and "--verify strong" in found[-1].advice
    sshd.stop()
    last = list(diagnose(endpoint, str(tmp_path), access))[-1]
    assert (last.step, last.ok) == ("sign-in", False)
    assert "Connection refused" in last.what


def test_a_port_where_nobody_listens_and_a_name_nobody_has(sshd: OpenSSH, tmp_path: Path) -> None:
    sshd.stop()
    error = refused(*over_ssh(sshd.endpoint, tmp_path))
    assert isinstance(error, Unreachable)
    assert "Connection refused" in error.what
    error = refused(*over_ssh("sftp://ann@no-such-host.invalid:22", tmp_path))
    assert isinstance(error, Unreachable)
    assert "no computer is called so" in error.what


def test_a_server_without_sftp_says_so(tmp_path: Path) -> None:
    with QuestionsSSH([[CODE]], [["123456"]]) as server:
        server.make_transport = WithoutSftp
        endpoint, access = over_ssh(server.endpoint, tmp_path)
        access.secrets.put(endpoint, "code", "123456", CODE[0].strip())
        error = refused(endpoint, access)
    assert isinstance(error, Denied)
    assert "no SFTP for this user" in error.what


class WithoutSftp(paramiko.Transport):
    def set_subsystem_handler(self, name: str, handler: object, *more: Any, **named: Any) -> None:
        """None is set."""


def test_without_an_ssh_program_the_site_says_so(
    sshd: OpenSSH, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    error = refused(*over_ssh(sshd.endpoint, tmp_path))
    assert isinstance(error, Unsupported)
    assert "no ssh program" in error.what


# The end of it


def test_a_server_that_never_greets_is_given_up_in_time_and_left_when_interrupted(
    tmp_path: Path,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"sftp://ann@127.0.0.1:{silent.getsockname()[1]}"
        endpoint, access = over_ssh(address, tmp_path)
        with closing(open_endpoint(endpoint, access, Patience(connect=1))) as place:
            assert isinstance(_error_of(place), Unreachable)
        with closing(open_endpoint(endpoint, access)) as place:
            assert "ended here" in interrupted(place).what
    assert not children()


def descriptors() -> int:
    return len(os.listdir("/dev/fd"))


def children() -> list[str]:
    """The ssh processes that this one has, dead ones included."""
    shown = subprocess.run(["ps", "-A", "-o", "ppid=,comm="], capture_output=True, check=True)
    rows = [line.split() for line in shown.stdout.decode("utf-8", "replace").splitlines()]
    return [name for parent, name, *_ in rows if int(parent) == os.getpid() and is_ssh(name)]


def is_ssh(name: str) -> bool:
    return Path(name).name in ("ssh", "<ssh>", "(ssh)")


def test_nothing_is_left_of_a_connection(sshd: OpenSSH, tmp_path: Path) -> None:
    endpoint, access = over_ssh(sshd.endpoint, tmp_path, keys=(sshd.key_path,))
    assert accepted(endpoint, access)
    before, threads = descriptors(), threading.active_count()
    for _ in range(3):
        assert accepted(endpoint, access)
    assert (descriptors(), threading.active_count()) == (before, threads)
    assert not children()


def test_a_server_killed_in_the_middle_is_a_lost_connection(sshd: OpenSSH, tmp_path: Path) -> None:
    endpoint, access = over_ssh(sshd.endpoint, tmp_path, keys=(sshd.key_path,))
    (tmp_path / "big").write_bytes(bytes(64 * MIB))
    with closing(open_endpoint(endpoint, access)) as place:
        with place.read(str(tmp_path / "big")) as reader:
            chunks = reader.chunks()
            next(chunks)
            sshd.stop()
            with pytest.raises(ConnectionLost):
                for _ in chunks:
                    pass
        sshd.start()
        assert place.resolve("").startswith("/")


def test_an_interrupt_ends_a_wait_for_a_silent_server(sshd: OpenSSH, tmp_path: Path) -> None:
    endpoint, access = over_ssh(sshd.endpoint, tmp_path, keys=(sshd.key_path,))
    with closing(open_endpoint(endpoint, access)) as place:
        place.resolve("")
        sshd.freeze_connections()
        assert isinstance(interrupted(place), ConnectionLost)


def interrupted(place: SftpProvider) -> ProviderError:
    """The error of a call that is interrupted while its ssh runs."""
    ended: list[ProviderError] = []
    waiting = threading.Thread(target=lambda: ended.append(_error_of(place)))
    waiting.start()
    while waiting.is_alive():
        assert waiting.ident is not None
        if children():
            place.interrupt(waiting.ident)
        waiting.join(0.05)
    return ended[0]


def _error_of(place: SftpProvider) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        place.stat("/")
    return caught.value


# Where nothing can be asked, and where a process takes no socket


def test_without_questions_a_key_and_a_known_host_let_in(sshd: OpenSSH, tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text(f"UserKnownHostsFile {tmp_path}/ssh_hosts\n")
    endpoint, access = over_ssh(
        sshd.endpoint, tmp_path, keys=(sshd.key_path,), accept_new=False, ssh_config=config
    )
    wire = Wire(endpoint)
    with pytest.raises(Denied, match="does not know its host key"):
        session.open_session(target(endpoint), access, wire, asking=False)
    (tmp_path / "ssh_hosts").write_text(sshd.known_hosts_line + "\n")
    opened, _ = session.open_session(target(endpoint), access, Wire(endpoint), asking=False)
    with closing(opened):
        assert calls.real_path(opened, ".").startswith("/")


def test_pipes_carry_the_same_bytes(
    sshd: OpenSSH, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "SshProcess", partial(SshProcess, piped=True))
    endpoint, access = over_ssh(sshd.endpoint, tmp_path, keys=(sshd.key_path,))
    data = os.urandom(5 * MIB + 1)
    (tmp_path / "file").write_bytes(data)
    with (
        closing(open_endpoint(endpoint, access)) as place,
        place.read(str(tmp_path / "file")) as reader,
    ):
        assert b"".join(reader.chunks()) == data
    assert not children()


# The person's own configuration


def test_a_server_on_the_way_is_reached_by_proxyjump(sshd: OpenSSH, tmp_path: Path) -> None:
    with OpenSSH(tmp_path / "behind") as behind:
        config = tmp_path / "config"
        config.write_text(
            f"Host behind\n HostName {behind.host}\n Port {behind.port}\n User {behind.user}\n"
            f" IdentityFile {behind.key_path}\n ProxyJump way\n"
            f"Host way\n HostName {sshd.host}\n Port {sshd.port}\n User {sshd.user}\n"
            f" IdentityFile {sshd.key_path}\n UserKnownHostsFile {tmp_path}/way_hosts\n"
        )
        endpoint, access = over_ssh("sftp://@behind:22", tmp_path, ssh_config=config)
        error = refused(endpoint, access)
        assert isinstance(error, Denied)
        assert "on the way there, is not known yet" in error.what
        (tmp_path / "way_hosts").write_text(sshd.known_hosts_line + "\n")
        assert accepted(endpoint, access)
    assert not children()
