"""Certificates of the tests: for web servers on loopback, and for people who show one."""

from __future__ import annotations

import ssl
from pathlib import Path

import trustme
from cryptography.hazmat.primitives import serialization as pem

from providers.http.options import Options


def context(
    cert: trustme.LeafCert, *, asks: trustme.CA | None = None, needs: bool = False
) -> ssl.SSLContext:
    """A server's, with `cert`. `asks`: people may show a certificate of that authority;
    `needs`: they have to."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    cert.configure_cert(made)
    if asks is not None:
        made.verify_mode = ssl.CERT_REQUIRED if needs else ssl.CERT_OPTIONAL
        asks.configure_trust(made)
    return made


def trusting(bundle: Path, **more: Path) -> Options:
    """A site's options: nobody is trusted but the authority in `bundle`."""
    return Options(proxy="none", ca_bundle=bundle, **more)  # type: ignore[arg-type]


def person(authority: trustme.CA, path: Path, passphrase: str = "") -> Path:
    """Write a certificate and its key for ann@example.org to `path`; returns that."""
    leaf = authority.issue_cert("ann@example.org")
    key = pem.load_pem_private_key(leaf.private_key_pem.bytes(), None)
    kept: pem.KeySerializationEncryption = pem.NoEncryption()
    if passphrase:
        kept = pem.BestAvailableEncryption(passphrase.encode())
    encoded = key.private_bytes(pem.Encoding.PEM, pem.PrivateFormat.PKCS8, kept)
    path.write_bytes(encoded + leaf.cert_chain_pems[0].bytes())
    return path
