"""F7: servers that have nothing but what is no longer safe get a plain sentence, and no secret."""

from __future__ import annotations

from contextlib import closing
from functools import partial
from pathlib import Path

import asyncssh
import paramiko
import pytest

from providers.access import Access
from providers.errors import ProviderError, Unsupported
from providers.sftp.doctor import diagnose
from providers.sftp.provider import open_endpoint
from tests.servers.password_ssh import PASSWORD, PasswordSSH
from tests.servers.questions_ssh import QuestionsSSH


def access(tmp_path: Path) -> Access:
    return Access(tmp_path / "hosts", accept_new=True, use_agent=False, use_default_keys=False)


def refused(server: PasswordSSH, tmp_path: Path) -> ProviderError:
    given = access(tmp_path)
    given.secrets.put(server.endpoint, "password", PASSWORD)
    place = open_endpoint(server.endpoint, given)
    with closing(place), pytest.raises(ProviderError) as caught:
        place.resolve("")
    assert server.attempts == 0
    assert not given.known_hosts.exists()
    return caught.value


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"kex_algs": ["diffie-hellman-group14-sha1"]}, "key exchanges with SHA-1"),
        ({"encryption_algs": ["aes256-cbc"]}, "ciphers like CBC"),
        ({"encryption_algs": ["aes256-ctr"], "mac_algs": ["hmac-md5"]}, "checksums like MD5"),
    ],
)
def test_F7_a_server_with_only_old_algorithms_is_told_in_plain_words(
    tmp_path: Path, options: dict[str, object], what: str
) -> None:
    with PasswordSSH(tmp_path, **options) as server:
        error = refused(server, tmp_path)
    assert isinstance(error, Unsupported)
    assert f"only outdated encryption: {what}" in str(error)
    assert "must be updated" in str(error)


@pytest.mark.parametrize("kind", ["ssh-dss", "ssh-rsa"])
def test_F7_a_server_with_an_old_host_key_is_told_in_plain_words(tmp_path: Path, kind: str) -> None:
    key = asyncssh.generate_private_key(kind)
    key.sig_algorithms = [kind.encode()]  # RSA: with SHA-1 and nothing else
    with PasswordSSH(tmp_path, server_host_keys=[key]) as server:
        error = refused(server, tmp_path)
    assert isinstance(error, Unsupported)
    assert "host keys of DSA, or of RSA with SHA-1" in str(error)


def test_F7_without_strict_key_exchange_only_ciphers_that_bear_it_are_used(
    tmp_path: Path,
) -> None:
    """CVE-2023-48795 is about ChaCha20-Poly1305 and CBC with EtM: neither is agreed to."""
    with QuestionsSSH([[("Password:", False)]], [[PASSWORD]]) as server:
        server.make_transport = partial(paramiko.Transport, strict_kex=False)
        given = access(tmp_path)
        given.secrets.put(server.endpoint, "password", PASSWORD)
        told = {each.step: each.what for each in diagnose(server.endpoint, "", given)}
    assert "encrypted with aes128-gcm@openssh.com" in told["host key"]
    assert "no strict key exchange" in told["host key"]
    assert "signed in" in told["sign-in"]
