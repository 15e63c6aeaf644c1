"""Where sign-ins are kept: sealed in a file of their own each, which screen and queue share.

The file is encrypted (AES-256-GCM); its key is one of the secrets, kept where those are: what MSAL
needs to renew tokens is too large for some keyrings (Windows takes 1,280 letters). Where nothing is
kept, the sign-in is among the secrets of this run itself, and is handed to the queue with them.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import logging
import os
from contextlib import suppress
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from providers.access import Access
from providers.errors import Denied, ProviderError
from providers.onedrive.refusals import sign_in_needed
from providers.private_file import NotPrivate, exclusive, read_private, write_private
from providers.records import dataclass, field, values_of
from providers.text import printable
from providers.vault import BadVault

_LOG = logging.getLogger("wharfie.onedrive")
_MAGIC = b"wharfie sign-in 1\n"
_MARK_BYTES = 8
_NONCE_BYTES = 12
_KEY_BYTES = 32
_HERE = "tokens"  # the subject of a sign-in that is nowhere but among the secrets


@dataclass(frozen=True, slots=True)
class Kept:
    """One person's sign-in. `cache` is MSAL's. `at`: when it was, Unix seconds."""

    account: str
    account_id: str
    at: float
    cache: str = field(repr=False)


class Cache:
    """The sign-in for one endpoint. Thread-safe; other processes use the same file.

    `apart`: the address of an emulator, whose sign-ins are not those of the real service.
    """

    def __init__(self, endpoint: str, access: Access, *, apart: str = "") -> None:
        self._endpoint = endpoint
        self._access = access
        self._apart = apart
        self._bound = f"{endpoint}\n{apart}".encode("utf-8", "surrogateescape")
        name = hashlib.sha256(self._bound).hexdigest()[:32]
        self._path = None if access.sign_ins is None else access.sign_ins / f"{name}.sealed"

    def stamp(self) -> object:
        """Another value once another sign-in, or a renewed one, is kept."""
        return hash(self._known_here()), _stamp(self._path)

    def read(self) -> Kept | None:
        """The latest sign-in; None where there is none.

        Raises AuthRequired for one that is damaged, which is set aside, Denied for a file that
        cannot be trusted or read.
        """
        here, there = self._in_memory(), self._in_file()
        if here is None or there is None:
            return here or there
        return here if here.at > there.at else there

    def of_another(self, account_id: str) -> bool:
        """Whether this site has been another account's. Known as well where its sign-in cannot be
        opened: the keyring is locked, the file damaged. Raises Denied for a mark that cannot be
        trusted or read."""
        if self._path is None:
            return False
        raw = _read(_owner(self._path))
        return raw is not None and raw != _mark_of(self._bound, account_id)

    def begin(self, kept: Kept) -> str:
        """Keep a new sign-in. Why only for this run, as a sentence; "" where it stays, or where
        the person has chosen that nothing is kept."""
        if self._path is None or not self._access.secrets.vault.name:
            self._remember_here(kept)
            return ""
        try:
            self._write(kept)
        except BadVault as error:
            why = f"{error.what}. {error.advice}"
        except OSError as error:
            why = f"its file cannot be written ({error.strerror})."
        else:
            return ""
        self._remember_here(kept)
        return f"Kept in memory only, until Wharfie ends: {why}"

    def renew(self, old: Kept, new: Kept) -> None:
        """Keep what a renewal gave, unless somebody has signed in anew meanwhile.

        What cannot be written is no loss: the sign-in of before goes on being good.
        """
        here = self._in_memory()
        if here is not None and here.at == old.at:
            self._remember_here(new)
        if self._path is None:
            return
        try:
            with exclusive(self._path):
                there = self._in_file()
                if there is not None and there.at == old.at:
                    self._seal(new)
        except (OSError, ProviderError) as error:
            _LOG.warning("a renewed sign-in was not kept (%s)", type(error).__name__)

    def forget(self) -> None:
        """Drop the sign-in with its key. Raises OSError when the file cannot be removed."""
        secrets = self._access.secrets
        secrets.erase(self._endpoint, "sign-in", self._apart)
        secrets.erase(self._endpoint, "sign-in", f"{_HERE}{self._apart}")
        if self._path is not None:
            own = self._path
            for path in (_owner(own), own, _aside(own), _lock_of(own)):
                path.unlink(missing_ok=True)

    # In memory -------------------------------------------------------------------------------

    def _in_memory(self) -> Kept | None:
        text = self._known_here()
        return None if text is None else _kept_of(text.encode())

    def _known_here(self) -> str | None:
        """Never looked for in the vault: it is asked for with every request."""
        wanted = "sign-in", f"{_HERE}{self._apart}"
        known = self._access.secrets.of(self._endpoint)
        return next((value for *which, value in known if tuple(which) == wanted), None)

    def _remember_here(self, kept: Kept) -> None:
        text = json.dumps(values_of(kept))
        self._access.secrets.put(self._endpoint, "sign-in", text, f"{_HERE}{self._apart}")

    # In the file -----------------------------------------------------------------------------

    def _make_key(self) -> None:
        """The key that is kept, made where there is none: with the file's lock, for another process
        may be about to. Raises BadVault."""
        secrets = self._access.secrets
        text = secrets.vault.get(self._endpoint, "sign-in", self._apart)
        if text is None or _key_of(text) is None:
            text = base64.b64encode(os.urandom(_KEY_BYTES)).decode("ascii")
            secrets.vault.put(self._endpoint, "sign-in", self._apart, text)
        secrets.put(self._endpoint, "sign-in", text, self._apart)

    def _key(self) -> bytes | None:
        return _key_of(self._access.secrets.get(self._endpoint, "sign-in", self._apart))

    def _key_for(self, raw: bytes) -> bytes | None:
        """The key that this file was sealed with; None: it is not at hand.

        The vault may have another by now: the site was removed and added again elsewhere.
        """
        secrets = self._access.secrets
        if (key := self._key()) is None or _is_sealed_with(raw, key):
            return key
        text = secrets.vault.get(self._endpoint, "sign-in", self._apart)
        if text is None or (key := _key_of(text)) is None or not _is_sealed_with(raw, key):
            return None
        secrets.put(self._endpoint, "sign-in", text, self._apart)
        return key

    def _write(self, kept: Kept) -> None:
        """Raises OSError, BadVault."""
        assert self._path is not None, "looked at before"
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with exclusive(self._path):
            self._make_key()
            write_private(_owner(self._path), _mark_of(self._bound, kept.account_id))
            self._seal(kept)

    def _seal(self, kept: Kept) -> None:
        key = self._key()
        assert self._path is not None and key is not None, "looked at before"
        nonce = os.urandom(_NONCE_BYTES)
        sealed = AESGCM(key).encrypt(nonce, json.dumps(values_of(kept)).encode(), self._bound)
        write_private(self._path, _MAGIC + _mark(key) + nonce + sealed)

    def _in_file(self) -> Kept | None:
        if self._path is None:
            return None
        if (raw := _read(self._path)) is None:
            return None
        if not raw.startswith(_MAGIC):
            raise self._set_aside()
        if (key := self._key_for(raw)) is None:
            return None
        if (kept := _opened(raw, key, self._bound)) is None:
            raise self._set_aside()
        return kept

    def _set_aside(self) -> ProviderError:
        assert self._path is not None, "it was read"
        aside = _aside(self._path)
        with suppress(OSError):
            self._path.replace(aside)
        what = f"the sign-in that was kept is damaged; it lies in {printable(str(aside))}"
        return sign_in_needed(self._endpoint, what)


def _read(path: Path) -> bytes | None:
    """None where there is no file. Raises Denied for one that cannot be trusted or read."""
    try:
        return read_private(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except NotPrivate as error:
        raise Denied(str(path), f"a sign-in {error.why}", advice=error.advice) from error
    except OSError as error:
        what = f"a sign-in cannot be read ({error.strerror})"
        raise Denied(str(path), what, advice="Check its owner and mode.") from error


def _key_of(text: str | None) -> bytes | None:
    try:
        key = base64.b64decode(text or "", validate=True)
    except (binascii.Error, ValueError):
        return None
    return key if len(key) == _KEY_BYTES else None


def _mark(key: bytes) -> bytes:
    """Tells which key a file needs, and nothing else about it."""
    return hashlib.sha256(b"wharfie sign-in key" + key).digest()[:_MARK_BYTES]


def _mark_of(bound: bytes, account_id: str) -> bytes:
    """Tells one account from another, for one endpoint, and nothing else about it."""
    account = account_id.encode("utf-8", "surrogateescape")
    return hashlib.sha256(b"wharfie account\n" + bound + b"\n" + account).hexdigest().encode()


def _is_sealed_with(raw: bytes, key: bytes) -> bool:
    return raw[len(_MAGIC) :].startswith(_mark(key))


def _opened(raw: bytes, key: bytes, bound: bytes) -> Kept | None:
    rest = raw[len(_MAGIC) + _MARK_BYTES :]
    try:
        return _kept_of(AESGCM(key).decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], bound))
    except (InvalidTag, ValueError):
        return None


def _kept_of(raw: bytes) -> Kept | None:
    try:
        told = json.loads(raw)
        return Kept(
            str(told["account"]), str(told["account_id"]), float(told["at"]), str(told["cache"])
        )
    except (ValueError, KeyError, TypeError):
        return None


def _stamp(path: Path | None) -> object:
    try:
        status = path.stat() if path is not None else None
    except OSError:
        return None
    return None if status is None else (status.st_mtime_ns, status.st_size, status.st_ino)


def _owner(path: Path) -> Path:
    return path.with_suffix(".account")


def _aside(path: Path) -> Path:
    return path.with_suffix(".damaged")


def _lock_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.lock")
