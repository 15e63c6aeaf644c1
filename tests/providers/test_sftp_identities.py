"""The keys, certificates and agents of ~/.ssh/config: against a real sshd."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from providers.access import Access
from providers.errors import AuthRequired, ProviderError
from providers.sftp import keys
from providers.sftp.provider import open_endpoint
from tests.servers.openssh import OpenSSH, find_sshd
from tests.servers.ssh_agent import agent_with, keygen, new_key

pytestmark = pytest.mark.skipif(find_sshd() is None, reason="openssh-server is not installed")


def authorize(server: OpenSSH, *keys: Path) -> None:
    text = "".join(key.with_name(f"{key.name}.pub").read_text() for key in keys)
    (server.directory / "authorized_keys").write_text(text)


@pytest.fixture
def ca(tmp_path: Path) -> Path:
    return new_key(tmp_path / "ca")


@pytest.fixture
def sshd(tmp_path: Path, ca: Path) -> Iterator[OpenSSH]:
    options = [f"TrustedUserCAKeys {ca}.pub", "LogLevel VERBOSE", "MaxAuthTries 4"]
    with OpenSSH(tmp_path / "sshd", options=options) as server:
        yield server


@pytest.fixture
def access(tmp_path: Path, sshd: OpenSSH) -> Callable[..., Access]:
    """With the lines of a configuration for that server."""

    def made(*lines: str, **more: object) -> Access:
        config = tmp_path / "config"
        config.write_text("\n".join(lines) + "\n")
        usual = {"accept_new": True, "use_agent": False, "use_default_keys": False}
        return Access(tmp_path / "hosts", ssh_config=config, **(usual | more))  # type: ignore[arg-type]

    return made


def opens(server: OpenSSH, given: Access) -> bool:
    with closing(open_endpoint(server.endpoint, given)) as place:
        return place.resolve("").startswith("/")


def asked(server: OpenSSH, given: Access) -> AuthRequired:
    place = open_endpoint(server.endpoint, given)
    with closing(place), pytest.raises(ProviderError) as caught:
        place.resolve("")
    assert isinstance(caught.value, AuthRequired)
    return caught.value


def sign(ca: Path, key: Path, user: str) -> Path:
    keygen("-s", ca, "-I", "test", "-n", user, key.with_name(f"{key.name}.pub"))
    return key.with_name(f"{key.name}-cert.pub")


# Keys


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
def test_a_key_of_the_config_lets_in(
    sshd: OpenSSH, access: Callable[..., Access], tmp_path: Path, kind: str
) -> None:
    key = new_key(tmp_path / "mine", kind=kind)
    authorize(sshd, key)
    assert opens(sshd, access(f"IdentityFile {tmp_path}/missing", f"IdentityFile {key}"))


def test_a_locked_key_of_the_config_asks_for_its_passphrase(
    sshd: OpenSSH, access: Callable[..., Access], tmp_path: Path
) -> None:
    key = new_key(tmp_path / "mine", "sesame")
    authorize(sshd, key)
    given = access(f"IdentityFile {key}")
    error = asked(sshd, given)
    assert (error.needs, error.subject, error.rejected) == ("passphrase", str(key), False)
    given.secrets.answer(error, "wrong")
    error = asked(sshd, given)
    assert (error.needs, error.subject, error.rejected) == ("passphrase", str(key), True)
    given.secrets.answer(error, "sesame")
    assert opens(sshd, given)


def test_a_locked_key_is_not_asked_for_where_another_opens(
    sshd: OpenSSH, access: Callable[..., Access], tmp_path: Path
) -> None:
    locked = new_key(tmp_path / "locked", "sesame")
    assert opens(sshd, access(f"IdentityFile {locked}", f"IdentityFile {sshd.key_path}"))


def test_keys_of_the_config_stand_for_the_usual_ones(
    sshd: OpenSSH, access: Callable[..., Access], tmp_path: Path
) -> None:
    usual = Path.home() / ".ssh" / "id_ed25519"
    usual.parent.mkdir()
    usual.write_bytes(sshd.key_path.read_bytes())
    assert opens(sshd, access(use_default_keys=True))
    other = new_key(tmp_path / "other")
    asked(sshd, access(f"IdentityFile {other}", use_default_keys=True))


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
@pytest.mark.parametrize("size", range(12))
def test_a_key_with_any_comment_and_none_is_read(tmp_path: Path, kind: str, size: int) -> None:
    """So that its padding has every length: paramiko's reader takes some of them for damage."""
    key = tmp_path / "key"
    bits = {"rsa": ("-b", 2048)}.get(kind, ())
    keygen("-t", kind, *bits, "-N", "", "-C", "c" * size, "-f", key)
    public = key.with_name("key.pub").read_text().split()[1]
    assert keys.load(key, lambda: None).get_base64() == public


# Agents


def test_a_key_that_the_agent_holds_needs_only_its_public_file(
    sshd: OpenSSH, access: Callable[..., Access], tmp_path: Path
) -> None:
    key = new_key(tmp_path / "mine")
    authorize(sshd, key)
    with agent_with(key) as socket:
        key.unlink()
        lines = (f"IdentityAgent {socket}", f"IdentityFile {key}.pub", "IdentitiesOnly yes")
        assert opens(sshd, access(*lines, use_agent=True))
        asked(sshd, access("IdentityAgent none", *lines[1:], use_agent=True))


def test_a_locked_key_that_the_agent_holds_asks_for_nothing(
    sshd: OpenSSH, access: Callable[..., Access], tmp_path: Path
) -> None:
    key = new_key(tmp_path / "mine")
    authorize(sshd, key)
    with agent_with(key) as socket:
        keygen("-p", "-N", "sesame", "-f", key)
        given = access(f"IdentityAgent {socket}", f"IdentityFile {key}", use_agent=True)
        assert opens(sshd, given)


def test_identitiesonly_offers_no_other_key_of_the_agent(
    sshd: OpenSSH, access: Callable[..., Access], tmp_path: Path
) -> None:
    key, other = new_key(tmp_path / "mine"), new_key(tmp_path / "other")
    authorize(sshd, other)
    with agent_with(other) as socket:
        lines = (f"IdentityAgent {socket}", f"IdentityFile {key}")
        asked(sshd, access(*lines, "IdentitiesOnly yes", use_agent=True))
        assert opens(sshd, access(*lines, use_agent=True))


def test_F6_of_twenty_keys_in_an_agent_the_chosen_one_is_offered_first(
    sshd: OpenSSH, access: Callable[..., Access], tmp_path: Path
) -> None:
    many = [new_key(tmp_path / f"key-{number}") for number in range(20)]
    authorize(sshd, many[-1])
    with agent_with(*many) as socket:
        lines = (f"IdentityAgent {socket}", f"IdentityFile {many[-1]}.pub")
        assert opens(sshd, access(*lines, use_agent=True))
        assert not any("Failed publickey" in line for line in sshd.log)
        asked(sshd, access(lines[0], use_agent=True))
        # The server may not have written down the last: a sixth would leave no room for a password.
        assert 3 < sum("Failed publickey" in line for line in sshd.log) <= 5


# Certificates


def test_a_certificate_beside_the_key_lets_in(
    sshd: OpenSSH, access: Callable[..., Access], tmp_path: Path, ca: Path
) -> None:
    key = new_key(tmp_path / "mine")
    authorize(sshd)
    asked(sshd, access(f"IdentityFile {key}"))
    sign(ca, key, sshd.user)
    assert opens(sshd, access(f"IdentityFile {key}"))


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
def test_a_certificate_of_the_config_is_shown_with_its_key(
    sshd: OpenSSH, access: Callable[..., Access], tmp_path: Path, ca: Path, kind: str
) -> None:
    key, other = new_key(tmp_path / "mine", kind=kind), new_key(tmp_path / "other", kind=kind)
    authorize(sshd)
    certificates = []
    for each in (other, key):
        made = sign(ca, each, sshd.user)
        certificates.append(made.rename(tmp_path / f"{each.name}.cert"))
    lines = [f"CertificateFile {path}" for path in certificates]
    assert opens(sshd, access(f"IdentityFile {key}", *lines))
    assert any("-CERT SHA256" in line for line in sshd.log)


def test_a_certificate_that_is_refused_does_not_hide_its_key(
    sshd: OpenSSH, access: Callable[..., Access], tmp_path: Path, ca: Path
) -> None:
    key = new_key(tmp_path / "mine")
    authorize(sshd, key)
    sign(ca, key, "somebody-else")
    assert opens(sshd, access(f"IdentityFile {key}"))


@pytest.mark.parametrize("kind", ["ed25519", "rsa"])
def test_a_certificate_in_the_agent_lets_in(
    sshd: OpenSSH, access: Callable[..., Access], tmp_path: Path, ca: Path, kind: str
) -> None:
    key = new_key(tmp_path / "mine", kind=kind)
    authorize(sshd)
    sign(ca, key, sshd.user)
    with agent_with(key) as socket:
        assert opens(sshd, access(f"IdentityAgent {socket}", use_agent=True))
