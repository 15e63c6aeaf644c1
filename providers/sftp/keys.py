"""Private keys from files."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from pathlib import Path

import paramiko
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    load_ssh_private_key,
)

from providers.sftp import certificates

DEFAULT_NAMES = ("id_ed25519", "id_ecdsa", "id_rsa")


class Locked(Exception):
    """A private key that stays shut. `rejected`: a passphrase was given and does not open it."""

    def __init__(self, *, rejected: bool) -> None:
        super().__init__()
        self.rejected = rejected


class Unusable(Exception):
    """Not a private key we can use; the text says why."""


def load(path: Path, known: Callable[[], str | None]) -> paramiko.PKey:
    """The private key at `path` (OpenSSH or PEM). Raises Locked or Unusable.

    `known` is its passphrase: called where it has one only, as a keyring may take its time.
    """
    try:
        return _read(path, None)
    except TypeError as error:  # how `cryptography` says that it is encrypted
        passphrase = known()
        if passphrase is None:
            raise Locked(rejected=False) from error
    try:
        return _read(path, passphrase)
    except Unusable as error:
        raise Locked(rejected=True) from error


def _read(path: Path, passphrase: str | None) -> paramiko.PKey:
    password = None if passphrase is None else passphrase.encode()
    try:
        key = _known(_loaded(path.read_bytes(), password))
        beside = path.with_name(f"{path.name}-cert.pub")
        if certificates.key_in(beside) == key.asbytes():
            key.load_certificate(str(beside))
    except OSError as error:
        raise Unusable(error.strerror or "cannot be read") from error
    except (ValueError, UnsupportedAlgorithm, paramiko.SSHException) as error:
        raise Unusable("not a private key we understand") from error
    return key


def _loaded(data: bytes, password: bytes | None) -> object:
    try:
        return load_ssh_private_key(data, password)
    except ValueError:
        return load_pem_private_key(data, password)


def _known(loaded: object) -> paramiko.PKey:
    """paramiko's own reader takes some keys without a comment for damaged ones, so that it is given
    what was read already."""
    if isinstance(loaded, RSAPrivateKey):
        return paramiko.RSAKey(key=loaded)
    if isinstance(loaded, EllipticCurvePrivateKey):
        return paramiko.ECDSAKey(vals=(loaded, loaded.public_key()))
    if isinstance(loaded, Ed25519PrivateKey):
        text = loaded.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
        return paramiko.Ed25519Key.from_private_key(StringIO(text.decode("ascii")))
    raise ValueError(type(loaded).__name__)
