"""A certificate for a web server on loopback, and the authority behind it."""

from __future__ import annotations

from pathlib import Path

import trustme

from tests.servers.web_process import HOST, Tls

AUTHORITY = "authority.pem"


def certified(directory: Path) -> Tls:
    """Write a certificate, its key and, as AUTHORITY, whom to trust for it into `directory`."""
    directory.mkdir(parents=True, exist_ok=True)
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(directory / AUTHORITY))
    leaf = authority.issue_cert(HOST)
    chain, key = directory / "server.pem", directory / "server.key"
    chain.write_bytes(b"".join(pem.bytes() for pem in leaf.cert_chain_pems))
    leaf.private_key_pem.write_to_path(str(key))
    return chain, key
