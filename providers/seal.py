"""What may be journaled of a secret: sealed with a key that stays in the home.

An address that lets whoever has it write to somebody's drive has to survive a restart. A journal
is copied into backups and bug reports; without the key file what it holds opens nothing.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from providers.errors import Denied
from providers.private_file import NotPrivate, exclusive, read_private, write_private


class CannotOpen(Exception):
    """It was sealed with another key, or is damaged."""


class Seal:
    """Thread-safe. `key_file` None: the key lives as long as this process does."""

    def __init__(self, key_file: Path | None) -> None:
        self._key_file = key_file
        self._lock = threading.Lock()
        self._fernet: Fernet | None = None

    def sealed(self, secret: str) -> str:
        """Raises Denied when the key file cannot be used."""
        return self._with_key().encrypt(secret.encode()).decode("ascii")

    def opened(self, text: str) -> str:
        """Raises CannotOpen; Denied as `sealed`."""
        try:
            return self._with_key().decrypt(text.encode()).decode()
        except InvalidToken:
            pass  # raised out here: the error of before may hold what was sealed
        raise CannotOpen("it was sealed with another key")

    def _with_key(self) -> Fernet:
        with self._lock:
            if self._fernet is None:
                self._fernet = Fernet(self._key())
            return self._fernet

    def _key(self) -> bytes:
        if self._key_file is None:
            return Fernet.generate_key()
        try:
            return _kept(self._key_file)
        except NotPrivate as error:
            what = f"the key file {error.why}"
            raise Denied(str(self._key_file), what, advice=error.advice) from error
        except (OSError, ValueError) as error:
            what = "the key file for unfinished uploads cannot be used"
            advice = "Look at its folder; a damaged one may be removed."
            raise Denied(str(self._key_file), what, advice=advice) from error

    def __repr__(self) -> str:
        return "<seal>"


def _kept(path: Path) -> bytes:
    """The key in the file; made where there is none, once for all processes. Raises NotPrivate,
    OSError, ValueError."""
    with suppress(FileNotFoundError):
        return _checked(read_private(path))
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with exclusive(path):
        with suppress(FileNotFoundError):
            return _checked(read_private(path))
        key = Fernet.generate_key()
        write_private(path, key)
        return key


def _checked(key: bytes) -> bytes:
    Fernet(key.strip())  # raises ValueError for what is none
    return key.strip()
