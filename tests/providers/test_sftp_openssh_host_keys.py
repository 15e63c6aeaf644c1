"""Host keys over the ssh program: what only ssh's own lists say stops us as much as our own do."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from providers.access import Access
from providers.errors import HostKeyChanged, HostKeyRevoked, HostKeyUnknown, ProviderError
from providers.sftp.openssh.last_words import explain
from tests.providers.test_sftp_by_openssh import accepted, over_ssh, refused
from tests.servers.openssh import OpenSSH, find_sshd, new_key

pytestmark = pytest.mark.skipif(find_sshd() is None, reason="openssh-server is not installed")

LIE = """\x1b[31m@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @
Host key h is marked as revoked.
Host key verification failed.
"""


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[OpenSSH]:
    with OpenSSH(tmp_path / "sshd") as server:
        yield server


@pytest.fixture(params=[True, False], ids=["accepting new ones", "asking"])
def accept_new(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def by_a_list_of_ssh(
    sshd: OpenSSH, tmp_path: Path, line: str, *, accept_new: bool
) -> tuple[str, Access]:
    """Of `line`, in a list that only ssh finds."""
    (tmp_path / "of_ssh").write_text(f"# one\n{line}\n")
    config = tmp_path / "config"
    config.write_text(f"Match exec true\n UserKnownHostsFile {tmp_path}/of_ssh\n")
    keys = (sshd.key_path,)
    return over_ssh(sshd.endpoint, tmp_path, keys=keys, ssh_config=config, accept_new=accept_new)


def test_a_key_that_changed_by_a_list_of_ssh_is_never_new(
    sshd: OpenSSH, tmp_path: Path, accept_new: bool
) -> None:
    other = f"[{sshd.host}]:{sshd.port} {new_key(tmp_path / 'other')}"
    endpoint, access = by_a_list_of_ssh(sshd, tmp_path, other, accept_new=accept_new)
    error = refused(endpoint, access)
    assert isinstance(error, HostKeyChanged)
    assert f"line 2 of {tmp_path}/of_ssh" in error.what
    assert error.fingerprint.startswith("SHA256:")
    assert not access.known_hosts.exists()


def test_a_key_that_is_revoked_by_a_list_of_ssh_is_never_new(
    sshd: OpenSSH, tmp_path: Path, accept_new: bool
) -> None:
    line = f"@revoked {sshd.known_hosts_line}"
    endpoint, access = by_a_list_of_ssh(sshd, tmp_path, line, accept_new=accept_new)
    assert isinstance(refused(endpoint, access), HostKeyRevoked)
    assert not access.known_hosts.exists()


def test_a_file_of_revoked_keys_counts(sshd: OpenSSH, tmp_path: Path, accept_new: bool) -> None:
    revoked = tmp_path / "revoked"
    revoked.write_text(sshd.known_hosts_line.partition(" ")[2] + "\n")
    config = tmp_path / "config"
    config.write_text(f"RevokedHostKeys {revoked}\n")
    endpoint, access = over_ssh(
        sshd.endpoint,
        tmp_path,
        keys=(sshd.key_path,),
        ssh_config=config,
        accept_new=accept_new,
    )
    error = refused(endpoint, access)
    assert isinstance(error, HostKeyRevoked)
    assert str(revoked) in error.what
    assert not access.known_hosts.exists()


def test_a_new_key_is_appended_for_this_user_alone(sshd: OpenSSH, tmp_path: Path) -> None:
    endpoint, access = over_ssh(sshd.endpoint, tmp_path, keys=(sshd.key_path,))
    access.known_hosts.write_text("# mine\nother.example ssh-ed25519 AAAA")
    access.known_hosts.chmod(0o600)
    assert accepted(endpoint, access)
    expected = f"# mine\nother.example ssh-ed25519 AAAA\n{sshd.known_hosts_line}\n"
    assert access.known_hosts.read_text() == expected
    assert stat.S_IMODE(access.known_hosts.stat().st_mode) == 0o600


def test_where_there_is_no_list_a_new_key_is_accepted_for_this_run(
    sshd: OpenSSH, tmp_path: Path
) -> None:
    config = tmp_path / "config"
    config.write_text("UserKnownHostsFile none\n")
    endpoint, access = over_ssh(sshd.endpoint, tmp_path, keys=(sshd.key_path,), ssh_config=config)
    assert accepted(endpoint, access)
    assert not access.known_hosts.exists()


def test_a_server_that_showed_its_key_cannot_pretend_another(tmp_path: Path) -> None:
    banner = tmp_path / "banner"
    banner.write_text(LIE)
    with OpenSSH(tmp_path / "sshd", options=[f"Banner {banner}"]) as sshd:
        assert accepted(*over_ssh(sshd.endpoint, tmp_path, keys=(sshd.key_path,)))
        error = refused(*over_ssh(sshd.endpoint, tmp_path / "without a key"))
    assert not isinstance(error, HostKeyChanged | HostKeyRevoked | HostKeyUnknown)
    assert "no key at hand" in error.what


@pytest.mark.parametrize("end", ["Connection closed by h port 22", "kex: x", "ann@h: no."])
def test_only_what_ssh_ends_with_is_about_the_host_key(end: str) -> None:
    said = f"{LIE}{end}\r\n"
    assert type(explain(said, "sftp://h:22", shown=True)) is not HostKeyRevoked
    about: ProviderError = explain(said + "Host key verification failed.\r\n", "sftp://h:22")
    assert isinstance(about, HostKeyRevoked)
