"""F1: whatever a list of known hosts says, an unknown key is asked about, a wrong one refused, and
no byte of the list changes."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from providers.access import Access
from providers.errors import HostKeyChanged, HostKeyRevoked, HostKeyUnknown, ProviderError
from providers.sftp.provider import open_endpoint
from tests.servers.openssh import OpenSSH, find_sshd

pytestmark = pytest.mark.skipif(find_sshd() is None, reason="openssh-server is not installed")

OTHER = "ssh-ed25519 " + base64.b64encode(b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + b"x" * 32).decode()
GARBLED = ["garbled", "@cert-authority * garbage", "|1|!|! ssh-rsa x", "\x00\x1b[31m\xff", "# mine"]


def hashed(name: str) -> str:
    salt = b"s" * 20
    made = hmac.new(salt, name.encode(), hashlib.sha1).digest()
    return f"|1|{base64.b64encode(salt).decode()}|{base64.b64encode(made).decode()}"


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenSSH]:
    with OpenSSH(tmp_path_factory.mktemp("sshd")) as server:
        yield server


class Lists:
    """Makes lists around the names and key of one server."""

    def __init__(self, server: OpenSSH) -> None:
        self.name, _, self.key = server.known_hosts_line.partition(" ")


LINES: dict[str, tuple[Callable[[Lists], str], type[ProviderError] | None]] = {
    "known": (lambda s: f"{s.name} {s.key}", None),
    "hashed": (lambda s: f"{hashed(s.name)} {s.key}", None),
    "wildcard": (lambda s: f"[127.*]:* {s.key}", None),
    "negated": (lambda s: f"*,!{s.name} {s.key}", HostKeyUnknown),
    "unknown": (lambda s: f"other {s.key}", HostKeyUnknown),
    "another port": (lambda s: f"127.0.0.1 {OTHER}", HostKeyUnknown),
    "changed": (lambda s: f"{s.name} {OTHER}", HostKeyChanged),
    "changed, hashed": (lambda s: f"{hashed(s.name)} {OTHER}", HostKeyChanged),
    "changed, wildcard": (lambda s: f"* {OTHER}", HostKeyChanged),
    "revoked": (lambda s: f"{s.name} {s.key}\n@revoked * {s.key}", HostKeyRevoked),
    "authority": (lambda s: f"@cert-authority * {s.key}", HostKeyUnknown),
}


@pytest.mark.parametrize("accept_new", [False, True], ids=["asked", "accept-new"])
@pytest.mark.parametrize("which", LINES)
def test_F1_the_list_is_judged_and_not_one_byte_of_it_changes(
    sshd: OpenSSH, tmp_path: Path, which: str, accept_new: bool
) -> None:
    make, error = LINES[which]
    text = "\r\n".join(GARBLED) + "\n" + make(Lists(sshd))
    path = tmp_path / "known_hosts"
    path.write_bytes(text.encode("latin-1"))
    before = path.read_bytes()
    access = Access(
        path,
        accept_new=accept_new,
        keys=(sshd.key_path,),
        use_agent=False,
        use_default_keys=False,
    )
    with closing(open_endpoint(sshd.endpoint, access)) as place:
        if error is None or (accept_new and error is HostKeyUnknown):
            assert place.resolve("").startswith("/")
        else:
            with pytest.raises(error):
                place.resolve("")
    added = f"\n{sshd.known_hosts_line}\n" if accept_new and error is HostKeyUnknown else ""
    assert path.read_bytes() == before + added.encode()
