"""settings.toml: what a person chose once.

It is edited by hand as well: only a choice's own line changes, and tomlkit keeps the comments, the
order and the line ends of whoever wrote the rest.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TypeVar

import tomlkit
from tomlkit.exceptions import TOMLKitError

from providers.errors import ProviderError
from providers.private_file import write_private

_ON_QUIT = "on_quit"
_SECRETS = "secrets"

Choice = TypeVar("Choice", bound=StrEnum)


class OnQuit(StrEnum):
    """What becomes of unfinished transfers when the screen is left."""

    ASK = "ask"
    KEEP = "keep"  # they go on in the background
    STOP = "stop"  # they are paused, and the background process ends


class SecretsIn(StrEnum):
    """Where secrets are kept that a person asks to keep."""

    KEYRING = "keyring"  # the system's
    FILE = "file"  # a private file, in the clear
    ASK = "ask"  # nowhere


class BadSettings(ProviderError):
    what = "these settings cannot be used"
    advice = "Correct the file by hand, or move it away."


class SettingsFile:
    """Reads and changes one file; it is looked at anew each time, as a person may edit it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def on_quit(self) -> OnQuit:
        """What was chosen; ASK where nothing was. Raises BadSettings."""
        return self._choice(_ON_QUIT, OnQuit.ASK)

    def secrets(self) -> SecretsIn:
        """What was chosen; KEYRING where nothing was. Raises BadSettings."""
        return self._choice(_SECRETS, SecretsIn.KEYRING)

    def remember_on_quit(self, choice: OnQuit) -> None:
        """Write `choice` down, the rest of the file as it was. Raises BadSettings."""
        document = self._read()
        document[_ON_QUIT] = choice.value
        self._write(tomlkit.dumps(document))

    def _choice(self, key: str, usual: Choice) -> Choice:
        kind = type(usual)
        try:
            return kind(self._read().get(key, usual.value))
        except ValueError:
            known = ", ".join(f'"{each}"' for each in kind)
            raise BadSettings(str(self.path), f"{key} must be one of {known}") from None

    def _read(self) -> tomlkit.TOMLDocument:
        try:
            return tomlkit.parse(self.path.read_bytes())
        except FileNotFoundError:
            return tomlkit.document()
        except OSError as error:
            raise BadSettings(str(self.path), f"it cannot be read ({error.strerror})") from error
        except (TOMLKitError, UnicodeDecodeError) as error:
            raise BadSettings(str(self.path), f"this is not TOML ({error})") from error

    def _write(self, text: str) -> None:
        try:
            write_private(self.path, text.encode())
        except OSError as error:
            raise BadSettings(str(self.path), f"it cannot be saved ({error.strerror})") from error
