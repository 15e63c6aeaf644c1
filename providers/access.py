"""What it takes to get in: secrets given in this run, accepted host keys, and where they stand."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path

from providers.errors import Secret


class Secrets:
    """Secrets a person gave in this run: in memory only, shared by panes and transfers."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: dict[tuple[str, Secret, str], str] = {}

    def get(self, endpoint: str, needs: Secret, subject: str = "") -> str | None:
        """The secret for `endpoint`; `subject` is the key file of a passphrase."""
        with self._lock:
            return self._values.get((endpoint, needs, subject))

    def put(self, endpoint: str, needs: Secret, value: str, subject: str = "") -> None:
        with self._lock:
            self._values[(endpoint, needs, subject)] = value

    def of(self, endpoint: str) -> tuple[tuple[Secret, str, str], ...]:
        """Every secret for `endpoint`: what it is, its subject, and itself."""
        with self._lock:
            return tuple(
                (needs, subject, value)
                for (where, needs, subject), value in self._values.items()
                if where == endpoint
            )

    def forget(self, endpoint: str, needs: Secret, subject: str = "") -> None:
        """Drop a secret the server refused, so that it is not tried again by itself."""
        with self._lock:
            self._values.pop((endpoint, needs, subject), None)

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
    accept_new: bool = False  # accept and remember unknown host keys; changed ones never
    keys: tuple[Path, ...] = ()  # private keys to try first (SFTP_KEY)
    use_agent: bool = True
    use_default_keys: bool = True  # ~/.ssh/id_ed25519 and so on
