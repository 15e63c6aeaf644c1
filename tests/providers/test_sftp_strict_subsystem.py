"""OpenSSH with another's SFTP below it, which ends at a request that it does not know (lsh's)."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest

from providers.access import Access
from providers.registry import open_provider
from tests.servers.openssh import OpenSSH, find_sshd

pytestmark = pytest.mark.skipif(find_sshd() is None, reason="no sshd here")
_STRICT = """
import struct, sys

def take(size):
    data = sys.stdin.buffer.read(size)
    if len(data) < size:
        raise SystemExit
    return data

def say(body):
    sys.stdout.buffer.write(struct.pack(">I", len(body)) + body)
    sys.stdout.buffer.flush()

while True:
    body = take(struct.unpack(">I", take(4))[0])
    kind, number = body[0], body[1:5]
    if kind == 1:
        say(struct.pack(">BI", 2, 3))
    elif kind == 16:
        say(bytes([104]) + number + struct.pack(">II", 1, 5) + b"/home" + bytes(8))
    else:
        raise SystemExit(1)
"""


def test_a_server_that_ends_at_an_extension_it_did_not_offer_is_asked_for_none(
    tmp_path: Path,
) -> None:
    script = tmp_path / "strict.py"
    script.write_text(_STRICT)
    command = shlex.join([sys.executable, str(script)])
    with OpenSSH(tmp_path / "server", sftp=command) as server:
        known = tmp_path / "known_hosts"
        known.write_text(f"{server.known_hosts_line}\n")
        keys = (server.key_path,)
        access = Access(known, use_agent=False, use_default_keys=False, keys=keys)
        provider = open_provider(server.endpoint, access)
        try:
            assert provider.resolve("") == "/home"
        finally:
            provider.close()
