"""Links on servers that read the request in their own way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from providers.access import Access
from providers.errors import Doubtful
from providers.registry import open_provider
from providers.sftp import calls
from providers.sftp.provider import SftpProvider
from providers.sftp.session import Session

if TYPE_CHECKING:
    from pathlib import Path

    from tests.servers.openssh import OpenSSH


def test_a_link_that_the_server_made_the_other_way_round_is_not_called_made(
    openssh: OpenSSH, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = calls.make_link

    def turned_round(session: Session, path: str, target: str) -> None:
        usual(session, target, path)

    monkeypatch.setattr(calls, "make_link", turned_round)
    known_hosts = tmp_path / "known_hosts"
    known_hosts.write_text(f"{openssh.known_hosts_line.strip()}\n")
    access = Access(known_hosts, keys=(openssh.key_path,), use_agent=False, use_default_keys=False)
    provider = open_provider(openssh.endpoint, access)
    assert isinstance(provider, SftpProvider)
    try:
        with pytest.raises(Doubtful, match="there is none"):
            provider.make_link(str(tmp_path / "link"), str(tmp_path / "target"))
    finally:
        provider.close()
