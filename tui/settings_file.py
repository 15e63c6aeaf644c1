"""settings.toml: what a person chose once.

It is edited by hand as well: only a choice's own line changes, and tomlkit keeps the comments, the
order and the line ends of whoever wrote the rest.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from enum import StrEnum
from pathlib import Path

import tomlkit
from tomlkit.exceptions import TOMLKitError

from providers.errors import ProviderError

_ON_QUIT = "on_quit"


class OnQuit(StrEnum):
    """What becomes of unfinished transfers when the screen is left."""

    ASK = "ask"
    KEEP = "keep"  # they go on in the background
    STOP = "stop"  # they are paused, and the background process ends


class BadSettings(ProviderError):
    what = "these settings cannot be used"
    advice = "Correct the file by hand, or move it away."


class SettingsFile:
    """Reads and changes one file; it is looked at anew each time, as a person may edit it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def on_quit(self) -> OnQuit:
        """What was chosen; ASK where nothing was. Raises BadSettings."""
        value = self._read().get(_ON_QUIT, OnQuit.ASK.value)
        try:
            return OnQuit(value)
        except ValueError:
            known = ", ".join(f'"{each}"' for each in OnQuit)
            raise BadSettings(str(self.path), f"{_ON_QUIT} must be one of {known}") from None

    def remember_on_quit(self, choice: OnQuit) -> None:
        """Write `choice` down, the rest of the file as it was. Raises BadSettings."""
        document = self._read()
        document[_ON_QUIT] = choice.value
        self._write(tomlkit.dumps(document))

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
        """Whole-old or whole-new; a link to the file (dotfiles kept elsewhere) stays one."""
        path = self.path.resolve()
        temporary = ""
        try:
            fd, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # 0600
            with os.fdopen(fd, "wb") as file:
                file.write(text.encode())
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(path)
        except OSError as error:
            if temporary:
                with suppress(OSError):
                    Path(temporary).unlink()
            raise BadSettings(str(self.path), f"it cannot be saved ({error.strerror})") from error
