"""settings.toml: what a person chose once.

It is edited by hand as well: only a choice's own line changes, and tomlkit keeps the comments, the
order and the line ends of whoever wrote the rest.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from providers.errors import ProviderError
from providers.private_file import write_private
from tui.choices import Choice, Setting

if TYPE_CHECKING:
    from tomlkit import TOMLDocument


class BadSettings(ProviderError):
    what = "these settings cannot be used"
    advice = "Correct the file by hand, or move it away."


class SettingsFile:
    """Reads and changes one file; it is looked at anew each time, as a person may edit it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def get(self, setting: Setting[Choice]) -> Choice:
        """What was chosen, or what is usual. Raises BadSettings."""
        if not self.path.exists():
            return setting.usual
        try:
            return type(setting.usual)(read_toml(self.path).get(setting.key, setting.usual.value))
        except ValueError:
            known = ", ".join(f'"{each}"' for each in setting.values)
            raise BadSettings(str(self.path), f"{setting.key} must be one of {known}") from None

    def set(self, setting: Setting[Choice], choice: Choice) -> None:
        """Write `choice` down, the rest of the file as it was. Raises BadSettings."""
        document = read_toml(self.path)
        document[setting.key] = choice.value
        write_toml(self.path, document)


def read_toml(path: Path) -> TOMLDocument:
    """The file at `path`, an empty one where there is none. Raises BadSettings."""
    import tomlkit  # takes a tenth of the start of a command that reads no such file
    from tomlkit.exceptions import TOMLKitError

    try:
        return tomlkit.parse(path.read_bytes())
    except FileNotFoundError:
        return tomlkit.document()
    except OSError as error:
        raise BadSettings(str(path), f"it cannot be read ({error.strerror})") from error
    except (TOMLKitError, UnicodeDecodeError) as error:
        raise BadSettings(str(path), f"this is not TOML ({error})") from error


def write_toml(path: Path, document: TOMLDocument) -> None:
    """Have the file say `document`, whole-old or whole-new. Raises BadSettings."""
    try:
        write_private(path, document.as_string().encode())
    except OSError as error:
        raise BadSettings(str(path), f"it cannot be saved ({error.strerror})") from error
