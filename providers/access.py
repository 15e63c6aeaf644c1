"""What it takes to get in: secrets given in this run, accepted host keys, and where they stand."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

from providers.errors import AuthRequired, Secret
from providers.records import dataclass, field
from providers.sites import Sites
from providers.vault import NoVault, Vault

_Key: TypeAlias = tuple[str, Secret, str]  # endpoint, what it is, its subject
_LOOK_AGAIN_SECONDS = 10.0  # a secret that is not kept is not looked for at every request


class Secrets:
    """Secrets a person gave in this run, or kept in `vault` before; shared by panes and transfers.

    In memory only, but for those that a person asks to keep. `clock` is in seconds.
    """

    def __init__(
        self, vault: Vault | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.vault: Vault = vault or NoVault()
        self._clock = clock
        self._lock = threading.Lock()
        self._values: dict[_Key, str] = {}
        self._refused: dict[_Key, set[str]] = {}  # set aside in this run
        self._missed: dict[_Key, float] = {}  # when the vault was seen to hold none of use

    def get(self, endpoint: str, needs: Secret, subject: str = "") -> str | None:
        """The secret for `endpoint`; `subject` is the key file of a passphrase.

        May look into the vault, which answers or gives up within its deadline (faults.md F3).
        """
        key = (endpoint, needs, subject)
        with self._lock:
            if key in self._values:
                return self._values[key]
            if needs in ("key", "code"):  # a path, and what is of use once: not for a vault
                return None
            if self._clock() < self._missed.get(key, float("-inf")) + _LOOK_AGAIN_SECONDS:
                return None
        value = self.vault.get(endpoint, needs, subject)
        with self._lock:
            if value is None or value in self._refused.get(key, ()):
                self._missed[key] = self._clock()
            else:
                self._values.setdefault(key, value)
            return self._values.get(key)

    def put(
        self, endpoint: str, needs: Secret, value: str, subject: str = "", *, keep: bool = False
    ) -> None:
        """Use `value` in this run; `keep`: store it in the vault as well, for later ones.

        Raises BadVault when it cannot be kept; it is used in this run all the same.
        """
        key = (endpoint, needs, subject)
        with self._lock:
            self._values[key] = value
            self._refused.get(key, set()).discard(value)
        if keep:
            self.vault.put(endpoint, needs, subject, value)

    def answer(self, asked: AuthRequired, typed: str, *, keep: bool = False) -> None:
        """Take in what a person typed for `asked`. Raises BadVault as `put` does.

        Of an address that was asked for again only the secret part counts.
        """
        subject = asked.subject
        if asked.needs == "key":  # not about the one that could not be used
            subject = ""
        elif asked.needs == "query":
            typed = typed.partition("?")[2] or typed
        self.put(asked.endpoint, asked.needs, typed, subject, keep=keep)

    def carry(self, endpoint: str, needs: Secret, subject: str, *, to: str) -> None:
        """Let what opens `endpoint` open `to` as well, kept where it was kept. Raises BadVault."""
        value = self.get(endpoint, needs, subject)
        if value is not None:
            kept = needs != "key" and self.vault.get(endpoint, needs, subject) == value
            self.put(to, needs, value, subject, keep=kept)

    def erase(self, endpoint: str, needs: Secret, subject: str = "") -> None:
        """Drop a secret that is not wanted any more, from the vault as well."""
        key = (endpoint, needs, subject)
        with self._lock:
            self._values.pop(key, None)
        self.vault.delete(endpoint, needs, subject)

    def of(self, endpoint: str) -> tuple[tuple[Secret, str, str], ...]:
        """Every secret for `endpoint` that is known by now: what it is, its subject, and itself."""
        with self._lock:
            return tuple(
                (needs, subject, value)
                for (where, needs, subject), value in self._values.items()
                if where == endpoint
            )

    def forget(self, endpoint: str, needs: Secret, subject: str = "") -> None:
        """Set a secret that the server refused aside: it is not used again by itself in this run.

        The vault keeps what it holds, for a refusal may be the server's own mistake: only a person
        takes a secret out, by giving another to keep or by removing its site. So one that is wrong
        is tried once a run (faults.md F6), and again when a person gives it once more.
        """
        key = (endpoint, needs, subject)
        with self._lock:
            refused = self._values.pop(key, None)
            if refused is not None:
                self._refused.setdefault(key, set()).add(refused)
                self._missed.pop(key, None)

    def __repr__(self) -> str:
        return f"<{len(self._values)} secrets>"


class TrustedKeys:
    """Host keys accepted for this run only ("accept once"), as known_hosts lines."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lines: set[tuple[str, str]] = set()

    def add(self, endpoint: str, line: str) -> None:
        with self._lock:
            self._lines.add((endpoint, line))

    def of(self, endpoint: str) -> tuple[str, ...]:
        """The lines accepted for `endpoint`."""
        with self._lock:
            return tuple(sorted(line for where, line in self._lines if where == endpoint))

    def __contains__(self, item: tuple[str, str]) -> bool:
        with self._lock:
            return item in self._lines


@dataclass(frozen=True, slots=True)
class Access:
    """Handed to every provider that signs in. Nothing in it is ever journaled or logged."""

    known_hosts: Path  # read, and appended to when a key is accepted
    secrets: Secrets = field(default_factory=Secrets)
    trusted: TrustedKeys = field(default_factory=TrustedKeys)
    sites: Sites = field(default_factory=Sites)
    accept_new: bool = False  # accept and remember unknown host keys; changed ones never
    keys: tuple[Path, ...] = ()  # private keys to try first (SFTP_KEY)
    use_agent: bool = True
    use_default_keys: bool = True  # ~/.ssh/id_ed25519 and so on
    ssh_config: Path | None = None  # ~/.ssh/config, read for each SSH connection; None: not at all
    # Of this run, without secrets (`environment.PLAIN`).
    settings: Mapping[str, str] = field(default_factory=dict)
    seal_key: Path | None = None  # seals secrets that are journaled; None: for this run only
    sign_ins: Path | None = None  # a folder for sealed sign-ins; None: they end with this run
