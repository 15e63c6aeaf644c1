"""Keyrings as people have them, by keyring's own backend API: a good one, and those of F3."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

from keyring.backend import KeyringBackend
from keyring.errors import KeyringError, KeyringLocked, NoKeyringError, PasswordDeleteError


class _Backend(KeyringBackend):
    """Never chosen by keyring itself: only where a test names it."""

    priority = -1.0  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    def get_password(self, service: str, username: str) -> str | None:
        self._call()
        return None

    def set_password(self, service: str, username: str, password: str) -> None:
        self._call()

    def delete_password(self, service: str, username: str) -> None:
        self._call()

    def _call(self) -> None:
        self.calls += 1


class Good(_Backend):
    """Holds what it is given, in the file that WHARFIE_TEST_KEYRING names, else in memory."""

    def __init__(self) -> None:
        super().__init__()
        self._held: dict[str, str] = {}
        named = os.environ.get("WHARFIE_TEST_KEYRING")
        self._file = Path(named) if named else None

    def get_password(self, service: str, username: str) -> str | None:
        self._call()
        return self.held().get(f"{service}\n{username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        self._call()
        self._hold(self.held() | {f"{service}\n{username}": password})

    def delete_password(self, service: str, username: str) -> None:
        self._call()
        held = self.held()
        if held.pop(f"{service}\n{username}", None) is None:
            raise PasswordDeleteError("not there")
        self._hold(held)

    def held(self) -> dict[str, str]:
        if self._file is None:
            return dict(self._held)
        return json.loads(self._file.read_text()) if self._file.exists() else {}

    def _hold(self, held: dict[str, str]) -> None:
        self._held = held
        if self._file is not None:
            self._file.write_text(json.dumps(held))


class Absent(_Backend):
    def _call(self) -> None:
        super()._call()
        raise NoKeyringError("No recommended backend was available.")


class Locked(_Backend):
    def _call(self) -> None:
        super()._call()
        raise KeyringLocked("Failed to unlock the collection!")


class Denied(_Backend):
    """As macOS answers when a person says no: the error's text is the backend's own."""

    def _call(self) -> None:
        super()._call()
        raise KeyringError("Can't get password from keychain: (-128, 'canary-from-the-backend')")


class Broken(_Backend):
    def _call(self) -> None:
        super()._call()
        raise RuntimeError("D-Bus went away")


class Forgetful(_Backend):
    """Takes everything and has nothing."""


class Hanging(_Backend):
    """Waits behind a prompt that nobody sees, until the test is over."""

    def __init__(self) -> None:
        super().__init__()
        self.over = threading.Event()

    def _call(self) -> None:
        super()._call()
        self.over.wait(600)
