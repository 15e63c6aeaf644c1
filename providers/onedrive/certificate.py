"""The certificate that an app signs in with, and its key: one PEM file."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from providers.access import Access
from providers.errors import AuthRequired, Denied
from providers.records import dataclass, field

_BEGIN = "-----BEGIN CERTIFICATE-----"
_END = "-----END CERTIFICATE-----"


@dataclass(frozen=True, slots=True)
class Certificate:
    """`key` and `certificate` are PEM; `passphrase` opens the key, "" where it is not locked."""

    key: str = field(repr=False)
    certificate: str
    passphrase: str = field(default="", repr=False)


def read_certificate(endpoint: str, path: Path, access: Access) -> Certificate:
    """Raises Denied for a file that cannot be used, AuthRequired for one whose key is locked."""
    try:
        text = path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise _unusable(path, "cannot be read as a PEM file") from error
    before, begin, rest = text.partition(_BEGIN)
    inside, end, after = rest.partition(_END)
    if not begin or not end:
        raise _unusable(path, "holds no certificate")
    passphrase = access.secrets.get(endpoint, "passphrase", str(path)) if _locked(text) else None
    key = before + after
    _check(endpoint, path, key, passphrase, access)
    return Certificate(key, begin + inside + end, passphrase or "")


def _locked(text: str) -> bool:
    return "ENCRYPTED" in text


def _check(endpoint: str, path: Path, key: str, passphrase: str | None, access: Access) -> None:
    try:
        found = load_pem_private_key(
            key.encode("ascii"), passphrase.encode() if passphrase else None
        )
    except (TypeError, ValueError) as error:
        if not _locked(key):
            raise _unusable(path, "holds no private key that can be used") from error
        if passphrase is not None:
            access.secrets.forget(endpoint, "passphrase", str(path))
        raise AuthRequired(
            endpoint,
            "the certificate's key is encrypted",
            needs="passphrase",
            subject=str(path),
            rejected=passphrase is not None,
        ) from error
    if not isinstance(found, RSAPrivateKey):
        raise _unusable(path, "holds a key that is not RSA, and Entra takes no other")


def _unusable(path: Path, what: str) -> Denied:
    return Denied(str(path), f"{what}", advice="Correct client_cert of the site.")
