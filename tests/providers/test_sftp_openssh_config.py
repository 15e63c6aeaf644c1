"""The ssh program carries our session whatever ~/.ssh/config says, and whoever asks."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from providers.access import Access
from providers.sftp.provider import open_endpoint
from tests.providers.test_sftp_by_openssh import accepted, children, over_ssh
from tests.servers.openssh import OpenSSH, find_sshd
from tests.servers.password_ssh import PASSWORD, PasswordSSH

pytestmark = pytest.mark.skipif(find_sshd() is None, reason="openssh-server is not installed")


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[OpenSSH]:
    with OpenSSH(tmp_path / "sshd") as server:
        yield server


def configured(sshd: OpenSSH, tmp_path: Path, text: str) -> tuple[str, Access]:
    tmp_path.mkdir(exist_ok=True)
    config = tmp_path / "config"
    config.write_text(text)
    return over_ssh(sshd.endpoint, tmp_path, keys=(sshd.key_path,), ssh_config=config)


@pytest.mark.parametrize(
    "said",
    [
        "RemoteCommand touch {ran}",
        "PermitLocalCommand yes\nLocalCommand touch {ran}",
        "RequestTTY force",
        "ForwardAgent yes\nForwardX11 yes\nDynamicForward 1\nLocalForward {ran} /x",
        "ForkAfterAuthentication yes",
        "StdinNull yes",
        "SessionType none",
        "LogLevel QUIET",
        "LogLevel DEBUG3",
        "BatchMode yes",
        "KnownHostsCommand /bin/false",
        "RekeyLimit 1K",
        "IgnoreUnknown UseKeychain\nUseKeychain yes",
    ],
)
def test_what_a_configuration_says_for_a_terminal_changes_nothing_here(
    sshd: OpenSSH, tmp_path: Path, said: str
) -> None:
    ran = tmp_path / "ran"
    assert accepted(*configured(sshd, tmp_path, said.format(ran=ran) + "\n"))
    assert not ran.exists()
    assert not children()


@pytest.mark.parametrize("name", ["a b", "a%hb", "a%%b", "a'\"\\"])
def test_a_named_key_may_be_called_anything(sshd: OpenSSH, tmp_path: Path, name: str) -> None:
    key = tmp_path / name
    sshd.key_path.rename(key)
    assert accepted(*over_ssh(sshd.endpoint, tmp_path, keys=(key,)))


# Connections that are shared


@pytest.fixture
def master() -> Iterator[Path]:
    """Where a shared connection is found; the path of a socket must be short."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder, "master")


def test_a_connection_is_not_opened_for_others_who_would_end_with_it(
    sshd: OpenSSH, tmp_path: Path, master: Path
) -> None:
    text = f"ControlMaster auto\nControlPath {master}\n"
    with closing(open_endpoint(*configured(sshd, tmp_path, text))) as place:
        place.resolve("")
        assert not master.exists()


def test_one_that_outlives_us_is_opened_and_one_that_is_open_is_used(
    sshd: OpenSSH, tmp_path: Path, master: Path
) -> None:
    text = f"ControlMaster auto\nControlPath {master}\n"
    assert accepted(*configured(sshd, tmp_path, text + "ControlPersist 60\n"))
    try:
        sshd.key_path.unlink()
        assert accepted(*configured(sshd, tmp_path / "again", text))
    finally:
        end = ["ssh", "-F", "none", "-S", str(master), "-O", "exit", "x"]
        subprocess.run(end, check=True, capture_output=True)


# Whose secret it is


@pytest.mark.parametrize(
    ("host", "text"),
    [
        ("LOCALHOST", ""),
        ("nick", "Match exec true\n HostName 127.0.0.1\n"),
        ("127.0.0.1", "HostKeyAlias FooBar\n"),
        ("127.0.0.1", "Match exec true\n HostKeyAlias FooBar\n"),
    ],
    ids=["letters", "name", "alias", "alias by a command"],
)
def test_a_server_that_ssh_knows_by_another_name_gets_the_password_of_the_site(
    tmp_path: Path, host: str, text: str
) -> None:
    config = tmp_path / "config"
    config.write_text(text)
    with PasswordSSH(tmp_path) as server:
        address = server.endpoint.replace("127.0.0.1", host)
        endpoint, access = over_ssh(address, tmp_path, ssh_config=config)
        access.secrets.put(endpoint, "password", PASSWORD)
        assert accepted(endpoint, access)
