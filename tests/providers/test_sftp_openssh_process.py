"""The ssh process: apart from the terminal, bounded, ended whatever state it is in, and heard."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from providers.errors import ConnectionLost, Denied
from providers.sftp.held import Person
from providers.sftp.openssh.answers import Answers
from providers.sftp.openssh.process import SshProcess
from providers.sftp.patience import Patience
from providers.sftp.provider import open_endpoint
from providers.sftp.target import target
from tests.providers.test_sftp_by_openssh import accepted, children, is_ssh, over_ssh, refused
from tests.servers.openssh import OpenSSH, find_sshd

pytestmark = pytest.mark.skipif(find_sshd() is None, reason="openssh-server is not installed")

MIB = 1 << 20


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[OpenSSH]:
    with OpenSSH(tmp_path / "sshd") as server:
        yield server


def ssh_of_ours() -> int:
    shown = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,comm="], capture_output=True, check=True)
    rows = [line.split() for line in shown.stdout.decode("utf-8", "replace").splitlines()]
    (found,) = [int(row[0]) for row in rows if int(row[1]) == os.getpid() and is_ssh(row[2])]
    return found


def pretend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Have an ssh on PATH that does what `script` says."""
    program = tmp_path / "bin" / "ssh"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o700)
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)


def test_a_terminal_is_neither_found_nor_does_it_interrupt(sshd: OpenSSH, tmp_path: Path) -> None:
    endpoint, access = over_ssh(sshd.endpoint, tmp_path, keys=(sshd.key_path,))
    with closing(open_endpoint(endpoint, access)) as place:
        place.resolve("")
        ssh = ssh_of_ours()
        assert os.getsid(ssh) == ssh != os.getsid(0)


def test_what_ssh_writes_for_a_person_cannot_steer_the_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(tmp_path, monkeypatch, r"printf '\033]0;mine\007\033[2J\303\050 gone\r\n' >&2")
    error = refused(*over_ssh("sftp://ann@h:22", tmp_path))
    assert isinstance(error, ConnectionLost)
    assert r"“\x1b]0;mine\x07\x1b[2J\xc3( gone”" in error.what


def test_what_ssh_writes_without_end_is_not_kept(tmp_path: Path) -> None:
    script = "print('x' * 5_000_000, 'the end', file=__import__('sys').stderr)"
    process = SshProcess([sys.executable, "-c", script], os.environ)
    with closing(process):
        said = process.last_words()
    assert len(said) <= 4000
    assert said.endswith("the end\n")


def test_an_ssh_that_stands_still_is_given_up_and_replaced(sshd: OpenSSH, tmp_path: Path) -> None:
    endpoint, access = over_ssh(sshd.endpoint, tmp_path, keys=(sshd.key_path,))
    with closing(open_endpoint(endpoint, access, Patience(answer=1))) as place:
        place.resolve("")
        os.kill(ssh_of_ours(), signal.SIGSTOP)
        with pytest.raises(ConnectionLost):
            place.resolve("")
        assert place.resolve("").startswith("/")
    assert not children()


def test_an_ssh_that_is_killed_in_the_middle_is_a_lost_connection(
    sshd: OpenSSH, tmp_path: Path
) -> None:
    (tmp_path / "big").write_bytes(bytes(64 * MIB))
    endpoint, access = over_ssh(sshd.endpoint, tmp_path, keys=(sshd.key_path,))
    with closing(open_endpoint(endpoint, access)) as place:
        with place.read(str(tmp_path / "big")) as reader:
            chunks = reader.chunks()
            next(chunks)
            os.kill(ssh_of_ours(), signal.SIGKILL)
            with pytest.raises(ConnectionLost):
                for _ in chunks:
                    pass
        assert place.resolve("").startswith("/")
    assert not children()


def test_whoever_is_killed_leaves_no_ssh_behind(sshd: OpenSSH, tmp_path: Path) -> None:
    holder = (
        "import sys, time; from providers.sftp.openssh.process import SshProcess; import os;"
        "process = SshProcess(sys.argv[1:], os.environ); process.socket.recv(1);"
        "print(process._process.pid, flush=True); time.sleep(600)"
    )
    ssh = ["ssh", "-F", "none", "-i", str(sshd.key_path), "-p", str(sshd.port), "-l", sshd.user]
    ssh += ["-o", "StrictHostKeyChecking=no", "-o", f"UserKnownHostsFile={tmp_path}/hosts"]
    # It greets by itself, so that the first byte tells that it is signed in; and never hangs up.
    ssh += [sshd.host, "echo here; exec sleep 600"]
    with subprocess.Popen([sys.executable, "-c", holder, *ssh], stdout=subprocess.PIPE) as ours:
        assert ours.stdout is not None
        pid = int(ours.stdout.readline())
        ours.kill()
    until = time.monotonic() + 20
    while runs(pid):
        assert time.monotonic() < until
        time.sleep(0.05)


def runs(pid: int) -> bool:
    shown = subprocess.run(["ps", "-p", str(pid), "-o", "stat="], capture_output=True, check=False)
    return bool(shown.stdout.strip()) and not shown.stdout.strip().startswith(b"Z")


@pytest.mark.parametrize("mask", [0, 0o077], ids=["000", "077"])
def test_a_umask_opens_nothing_of_what_is_made_for_ssh(
    sshd: OpenSSH, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mask: int
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    pretend(
        tmp_path,
        monkeypatch,
        f'ls -ld "$(dirname "$SSH_ASKPASS")" "$(dirname "$SSH_ASKPASS")"/* >"{tmp_path}/modes"\n'
        f'exec {shutil.which("ssh")} "$@"',
    )
    (tmp_path / "modes").touch()
    endpoint, access = over_ssh(sshd.endpoint, tmp_path, keys=(sshd.key_path,))
    before = os.umask(mask)
    try:
        assert accepted(endpoint, access)
    finally:
        os.umask(before)
    modes = [line.split()[0][:10] for line in (tmp_path / "modes").read_text().splitlines()]
    assert modes == ["drwx------", "-rwx------", "srw-------", "-rw-------"]
    assert stat.S_IMODE(access.known_hosts.stat().st_mode) & 0o077 == 0


@pytest.mark.parametrize("secret", ["two\nlines", "x" * 1024], ids=["lines", "long"])
def test_a_password_that_ssh_would_cut_short_is_not_given(tmp_path: Path, secret: str) -> None:
    endpoint, access = over_ssh("sftp://ann@h:22", tmp_path)
    ended: list[bool] = []
    nobody = Person(lambda missing: False)
    answers = Answers(target(endpoint), access, lambda: ended.append(True), nobody)
    access.secrets.put(endpoint, "password", secret)
    assert answers.reply(["ask", "ann@h's password: "]) is None
    assert ended == [True]
    assert isinstance(answers.error, Denied)
    assert secret not in str(answers.error)
    assert access.secrets.get(endpoint, "password") == secret
