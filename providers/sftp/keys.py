"""Private keys from files."""

from __future__ import annotations

from pathlib import Path

import paramiko
from paramiko.pkey import UnknownKeyType

DEFAULT_NAMES = ("id_ed25519", "id_ecdsa", "id_rsa")


class Locked(Exception):
    """A private key that stays shut. `rejected`: a passphrase was given and does not open it."""

    def __init__(self, *, rejected: bool) -> None:
        super().__init__()
        self.rejected = rejected


class Unusable(Exception):
    """Not a private key we can use; the text says why."""


def load(path: Path, passphrase: str | None) -> paramiko.PKey:
    """The private key at `path` (OpenSSH or PEM). Raises Locked or Unusable."""
    try:
        return _read(path, None)
    except TypeError as error:  # how `cryptography` says that it is encrypted
        if passphrase is None:
            raise Locked(rejected=False) from error
    try:
        return _read(path, passphrase)
    except Unusable as error:
        raise Locked(rejected=True) from error


def _read(path: Path, passphrase: str | None) -> paramiko.PKey:
    password = None if passphrase is None else passphrase.encode()
    try:
        # Annotated as text, but handed to `cryptography`, which takes bytes.
        return paramiko.PKey.from_path(path, password)  # type: ignore[arg-type]
    except OSError as error:
        raise Unusable(error.strerror or "cannot be read") from error
    except (ValueError, UnknownKeyType, paramiko.SSHException) as error:
        raise Unusable("not a private key we understand") from error
