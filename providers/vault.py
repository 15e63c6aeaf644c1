"""Where secrets are kept between runs: the system's keyring, a private file, or nowhere.

A keyring may be absent, locked, denied, or wait for ever behind a prompt that nobody sees
(faults.md 1 and F3): each call has a deadline, and one that fails is the last of this run.
"""

from __future__ import annotations

import json
import logging
import queue
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from providers.errors import ProviderError, Secret
from providers.private_file import NotPrivate, exclusive, read_private, write_private
from providers.text import printable

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

SERVICE = "wharfie"
DEADLINE = 5.0  # seconds (faults.md F3)
_CHOICE = (
    "Secrets are asked for each time. Unlock or set up the keyring and start Wharfie again, or "
    'write secrets = "file" into settings.toml to keep them in a private file, or secrets = "ask".'
)

T = TypeVar("T")


class BadVault(ProviderError):
    what = "the secret cannot be kept"
    advice = _CHOICE


class Vault(Protocol):
    """Keeps secrets by endpoint, kind and subject. Thread-safe; no call takes long."""

    @property
    def name(self) -> str:
        """Where it keeps them, for a sentence: "the keyring"; "" when it keeps none."""
        ...

    @property
    def problem(self) -> str:
        """Why it is of no use in this run, and what to do; "" while it is."""
        ...

    def get(self, endpoint: str, needs: Secret, subject: str) -> str | None:
        """The secret that is kept; None when there is none, or `problem` tells why not."""
        ...

    def put(self, endpoint: str, needs: Secret, subject: str, value: str) -> None:
        """Keep a secret. Raises BadVault when it cannot."""
        ...

    def delete(self, endpoint: str, needs: Secret, subject: str) -> None:
        """Keep it no longer; none there is fine. `problem` tells when it could not be done."""
        ...


class NoVault:
    """Keeps nothing: secrets are asked for each time."""

    name = ""
    problem = ""

    def get(self, endpoint: str, needs: Secret, subject: str) -> str | None:
        return None

    def put(self, endpoint: str, needs: Secret, subject: str, value: str) -> None:
        raise BadVault(
            endpoint,
            "secrets are not kept here",
            advice='Write secrets = "keyring" or secrets = "file" into settings.toml.',
        )

    def delete(self, endpoint: str, needs: Secret, subject: str) -> None:
        return


class KeyringVault:
    """The system's keyring, under the service “wharfie”.

    `backend`: None is the one that the system offers. `deadline`: seconds a call may take.
    """

    name = "the keyring"

    def __init__(
        self, backend: KeyringBackend | None = None, *, deadline: float = DEADLINE
    ) -> None:
        self._backend = backend
        self._deadline = deadline
        self._lock = threading.Lock()  # held during a call: a second one that hangs cannot begin
        self._wrong = ""

    @property
    def problem(self) -> str:
        return f"{self._wrong}. {_CHOICE}" if self._wrong else ""

    def get(self, endpoint: str, needs: Secret, subject: str) -> str | None:
        user = _user(endpoint, needs, subject)
        return self._call(lambda keyring: keyring.get_password(SERVICE, user))

    def put(self, endpoint: str, needs: Secret, subject: str, value: str) -> None:
        user = _user(endpoint, needs, subject)

        def keep(keyring: KeyringBackend) -> bool:
            keyring.set_password(SERVICE, user, value)
            return keyring.get_password(SERVICE, user) == value

        kept = self._call(keep)
        if kept is None:
            raise BadVault(endpoint, self._wrong)
        if not kept:
            raise BadVault(endpoint, "the keyring took the secret and does not have it")

    def delete(self, endpoint: str, needs: Secret, subject: str) -> None:
        user = _user(endpoint, needs, subject)

        def drop(keyring: KeyringBackend) -> None:
            if keyring.get_password(SERVICE, user) is not None:
                keyring.delete_password(SERVICE, user)

        self._call(drop)

    def _call(self, work: Callable[[KeyringBackend], T]) -> T | None:
        """What `work` returns; None once there is a problem. Returns within the deadline.

        The thread of a call that hangs cannot be ended: it is left to itself, and is the only one.
        """
        give_up = time.monotonic() + self._deadline
        if self._wrong:
            return None
        if not self._lock.acquire(timeout=self._deadline):
            self._give_up(_SLOW.format(self._deadline))
            return None
        try:
            return None if self._wrong else self._within(give_up - time.monotonic(), work)
        finally:
            self._lock.release()

    def _within(self, seconds: float, work: Callable[[KeyringBackend], T]) -> T | None:
        ended: queue.SimpleQueue[tuple[T | None, str]] = queue.SimpleQueue()

        def run() -> None:
            try:
                ended.put((work(self._backend or _system_keyring()), ""))
            except BaseException as error:  # noqa: BLE001 - backends raise whatever theirs raise
                ended.put((None, _reason(error)))

        threading.Thread(target=run, name="keyring", daemon=True).start()
        try:
            result, wrong = ended.get(timeout=max(0.0, seconds))
        except queue.Empty:
            result, wrong = None, _SLOW.format(self._deadline)
        if wrong:
            self._give_up(wrong)
        return result

    def _give_up(self, why: str) -> None:
        self._wrong = self._wrong or why


_SLOW = "the keyring did not answer within {:g} seconds; it may wait to be unlocked"


def _system_keyring() -> KeyringBackend:
    import keyring  # here: looking for a backend may hang as well

    _quiet("keyring")
    return keyring.get_keyring()


def _quiet(name: str) -> None:
    """What a library logs may hold what it was given: nothing of it reaches a log of ours."""
    logger = logging.getLogger(name)
    logger.addHandler(logging.NullHandler())
    logger.propagate = False


def _reason(error: BaseException) -> str:
    """What is wrong with a keyring. Never what the error says: it may hold what was to be kept."""
    from keyring.errors import KeyringLocked, NoKeyringError, PasswordSetError

    if isinstance(error, NoKeyringError):
        return "this computer offers no keyring"
    if isinstance(error, KeyringLocked):
        return "the keyring is locked"
    if isinstance(error, PasswordSetError):
        return "the keyring refused to keep the secret"
    return f"the keyring refused ({type(error).__name__})"


class FileVault:
    """One JSON file, mode 0600, for whoever chose it: the secrets stand in it in the clear.

    Refused when others may read it, or when it is a link. What another process keeps there
    meanwhile stays.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._problem = ""

    @property
    def name(self) -> str:
        return f"the file {printable(str(self._path))}"

    @property
    def problem(self) -> str:
        return self._problem

    def get(self, endpoint: str, needs: Secret, subject: str) -> str | None:
        with self._lock:
            kept = self._read()
        return kept.get(_user(endpoint, needs, subject)) if kept is not None else None

    def put(self, endpoint: str, needs: Secret, subject: str, value: str) -> None:
        with self._lock:
            self._change(_user(endpoint, needs, subject), value)
            problem = self._problem
        if problem:
            raise BadVault(endpoint, problem.rstrip("."), advice="")

    def delete(self, endpoint: str, needs: Secret, subject: str) -> None:
        user = _user(endpoint, needs, subject)
        with self._lock:
            kept = self._read()
            if kept is not None and user in kept:
                self._change(user, None)

    def _change(self, user: str, value: str | None) -> None:
        """Keep `value`, None: nothing, with no other process in between."""
        try:
            with exclusive(self._path):
                kept = self._read()
                if kept is not None:
                    others = {name: each for name, each in kept.items() if name != user}
                    self._write(others if value is None else others | {user: value})
        except OSError as error:
            self._problem = self._sentence(f"cannot be changed ({error.strerror})")

    def _read(self) -> dict[str, str] | None:
        """What is kept; None, and a problem, where the file cannot be trusted."""
        self._problem = ""
        try:
            return _as_written(read_private(self._path))
        except FileNotFoundError:
            return {}
        except NotPrivate as error:
            self._problem = self._sentence(f"{error.why}. {error.advice.rstrip('.')}")
        except OSError as error:
            self._problem = self._sentence(f"cannot be read ({error.strerror})")
        except ValueError:
            self._problem = self._sentence("is damaged: correct it, or move it away")
        return None

    def _write(self, kept: dict[str, str]) -> None:
        try:
            write_private(self._path, json.dumps(kept, indent=1).encode())
        except OSError as error:
            self._problem = self._sentence(f"cannot be written ({error.strerror})")

    def _sentence(self, wrong: str) -> str:
        told = printable(f"the file of secrets {self._path} {wrong}")
        return f"{told}. Until then secrets are asked for each time."


def _as_written(raw: bytes) -> dict[str, str]:
    """Raises ValueError."""
    kept = json.loads(raw)
    if not isinstance(kept, dict) or not all(isinstance(each, str) for each in kept.values()):
        raise ValueError
    return kept


def _user(endpoint: str, needs: Secret, subject: str) -> str:
    """The name a secret is kept under."""
    return f"{needs}|{subject}|{endpoint}"
