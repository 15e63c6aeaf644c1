"""OpenSSH certificates (its PROTOCOL.certkeys): whose key one is about, and whether it holds."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterable
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    SSHCertificate,
    SSHCertificateType,
    load_ssh_public_identity,
)

from providers.sftp.known_hosts import Line, host_matches
from providers.text import from_bytes, printable

_SHA1 = b"\x00\x00\x00\x07ssh-rsa"
_BROKEN = (ValueError, UnsupportedAlgorithm, OSError)


def key_in(path: Path) -> bytes | None:
    """The public key that the certificate in a file is about; None when there is none in it."""
    try:
        found = load_ssh_public_identity(path.read_bytes())
        return _blob(found.public_key()) if isinstance(found, SSHCertificate) else None
    except _BROKEN:
        return None


def authority(blob: bytes) -> bytes | None:
    """The public key of who signed the certificate `blob`; None when it is no certificate."""
    found = _load(blob)
    return None if found is None else _blob(found.signature_key())


def subject(blob: bytes) -> bytes | None:
    """The public key that the certificate `blob` is about; None when it is no certificate."""
    found = _load(blob)
    return None if found is None else _blob(found.public_key())


def doubt(blob: bytes, host: str, authorities: Iterable[Line]) -> str:
    """Why the certificate `blob` does not prove that its key is the one of `host`; "" when it does.

    `authorities`: the @cert-authority lines that cover the host.
    """
    found = _load(blob)
    if found is None:
        return "it cannot be read"
    signer = _blob(found.signature_key())
    names = [from_bytes(name) for name in found.valid_principals]
    if signer not in {line.blob for line in authorities}:
        return "it is signed by nobody who is trusted with this host"
    if found.type is not SSHCertificateType.HOST:
        return "it is not one of a host"
    if not any(host_matches(name, host) for name in names):
        return f"it is for {printable(', '.join(names[:3])) or 'no host'}"
    if not found.valid_after <= time.time() < found.valid_before:
        return "it is not valid at this time"
    if found.critical_options:
        return "it has conditions that are not understood"
    return _wrongly_signed(found, blob)


def _wrongly_signed(found: SSHCertificate, blob: bytes) -> str:
    signer = found.signature_key()
    if isinstance(signer, RSAPublicKey):
        size = (signer.key_size + 7) // 8
        if blob[: -size - 4].endswith(_SHA1):
            return "it is signed with SHA-1"
    try:
        found.verify_cert_signature()
    except (InvalidSignature, *_BROKEN):
        return "its signature is wrong"
    return ""


def _load(blob: bytes) -> SSHCertificate | None:
    size = int.from_bytes(blob[:4], "big")
    line = blob[4 : 4 + size] + b" " + base64.b64encode(blob)
    try:
        found = load_ssh_public_identity(line)
    except _BROKEN:
        return None
    return found if isinstance(found, SSHCertificate) else None


def _blob(key: object) -> bytes:
    text: bytes = key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)  # type: ignore[attr-defined]
    return base64.b64decode(text.split()[1])
