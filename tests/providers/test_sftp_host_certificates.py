"""@cert-authority: a host whose key is certified by a trusted authority is known by that (F1)."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from providers.access import Access
from providers.errors import HostKeyChanged, HostKeyRevoked, HostKeyUnknown, ProviderError
from providers.sftp.doctor import diagnose
from providers.sftp.provider import open_endpoint
from tests.servers.openssh import OpenSSH, find_sshd

pytestmark = pytest.mark.skipif(find_sshd() is None, reason="openssh-server is not installed")


def keygen(*arguments: object) -> str:
    command = ["ssh-keygen", "-q", *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


class Certified:
    """Starts sshds whose host key is certified, and connects to them with a list of known hosts."""

    def __init__(self, root: Path, stack: ExitStack) -> None:
        self._root = root
        self._stack = stack
        self.list = root / "known_hosts"

    def authority(self, name: str, kind: str = "ed25519") -> Path:
        path = self._root / name
        keygen("-t", kind, "-N", "", "-C", "", "-f", path)
        return path

    def line(self, authority: Path, hosts: str = "*", marker: str = "@cert-authority") -> str:
        return f"{marker} {hosts} {authority.with_name(f'{authority.name}.pub').read_text()}"

    def server(self, authority: Path, *more: str) -> OpenSSH:
        """`more` are options of ssh-keygen; without -n it is for 127.0.0.1, with -n "" for none."""
        folder = self._root / "sshd"
        server = OpenSSH(folder, options=[f"HostCertificate {folder}/host_key-cert.pub"])
        (folder / "host_key.pub").write_text(keygen("-y", "-f", folder / "host_key"))
        given = more if "-n" in more else (*more, "-n", "127.0.0.1")
        options = () if given == ("-n", "") else given
        keygen("-s", authority, "-I", "box", "-h", *options, folder / "host_key.pub")
        return self._stack.enter_context(server)

    def access(self, server: OpenSSH, *lines: str) -> Access:
        self.list.write_text("".join(line.rstrip("\n") + "\n" for line in lines))
        return Access(self.list, keys=(server.key_path,), use_agent=False, use_default_keys=False)

    def known(self, server: OpenSSH, *lines: str) -> bool:
        with closing(open_endpoint(server.endpoint, self.access(server, *lines))) as place:
            return place.resolve("").startswith("/")

    def refused(self, server: OpenSSH, *lines: str) -> ProviderError:
        place = open_endpoint(server.endpoint, self.access(server, *lines))
        with closing(place), pytest.raises(ProviderError) as caught:
            place.resolve("")
        return caught.value


@pytest.fixture
def hosts(tmp_path: Path) -> Iterator[Certified]:
    with ExitStack() as stack:
        yield Certified(tmp_path, stack)


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
def test_F1_a_certified_host_is_known_and_nothing_is_written_down(
    hosts: Certified, kind: str
) -> None:
    ca = hosts.authority("ca", kind)
    server = hosts.server(ca)
    assert hosts.known(server, hosts.line(ca, "[127.0.0.*]:*"))
    assert hosts.list.read_text() == hosts.line(ca, "[127.0.0.*]:*")


def test_F1_a_certified_host_may_have_a_new_key(hosts: Certified) -> None:
    ca, other = hosts.authority("ca"), hosts.authority("other")
    server = hosts.server(ca)
    old = hosts.line(other, f"[127.0.0.1]:{server.port}", "").strip()
    assert isinstance(hosts.refused(server, old), HostKeyChanged)
    assert hosts.known(server, old, hosts.line(ca))


@pytest.mark.parametrize(
    ("options", "doubt"),
    [
        (["-n", "elsewhere"], "it is for elsewhere"),
        (["-n", ""], "it is for no host"),
        (["-V", "20200101:20210101"], "it is not valid at this time"),
    ],
)
def test_F1_a_certificate_that_does_not_hold_leaves_the_key_unknown(
    hosts: Certified, options: list[str], doubt: str
) -> None:
    ca = hosts.authority("ca")
    error = hosts.refused(hosts.server(ca, *options), hosts.line(ca))
    assert isinstance(error, HostKeyUnknown)
    assert doubt in str(error)
    assert doubt in error.remark


@pytest.mark.parametrize("lines", [0, 1, 2])
def test_F1_an_authority_that_is_not_the_hosts_counts_for_nothing(
    hosts: Certified, lines: int
) -> None:
    ca, other = hosts.authority("ca"), hosts.authority("other")
    trusted: list[Callable[[], str]] = [
        lambda: "",
        lambda: hosts.line(other),
        lambda: hosts.line(ca, "*.example.com"),
    ]
    assert isinstance(hosts.refused(hosts.server(ca), trusted[lines]()), HostKeyUnknown)


def test_F1_a_revoked_authority_or_key_is_refused(hosts: Certified) -> None:
    ca = hosts.authority("ca")
    server = hosts.server(ca)
    error = hosts.refused(server, hosts.line(ca), hosts.line(ca, marker="@revoked"))
    assert isinstance(error, HostKeyRevoked)
    assert f"line 2 of {hosts.list}" in str(error)
    own = server.known_hosts_line.partition(" ")[2]
    assert isinstance(hosts.refused(server, hosts.line(ca), f"@revoked * {own}"), HostKeyRevoked)


def test_the_doctor_says_that_a_host_is_certified(hosts: Certified) -> None:
    ca = hosts.authority("ca")
    server = hosts.server(ca)
    access = hosts.access(server, hosts.line(ca))
    told = {each.step: each.what for each in diagnose(server.endpoint, "", access)}
    assert "is certified" in told["host key"]
