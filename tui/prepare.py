"""Before anything else: private directories, a log that no terminal sees, and what lets us in."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from providers.access import Access
from providers.environment import access_from
from providers.errors import Denied
from providers.text import printable
from providers.vault import FileVault, KeyringVault, NoVault, Vault
from tui.choices import SECRETS, SecretsIn
from tui.settings import Home, make_private
from tui.settings_file import SettingsFile


class _Readable(logging.Formatter):
    """A line an entry, and nothing in it that steers the terminal of who reads the log."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        return printable(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:  # noqa: N802
        return "\n".join(map(printable, super().formatException(ei).splitlines()))


def prepare_home(home: Home) -> None:
    """Make the private directories and send our log there. Raises Denied."""
    try:
        for directory in (home.config, home.queue, home.logs):
            make_private(directory)
        os.close(os.open(home.log_file, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600))
    except OSError as error:
        raise Denied(
            str(error.filename),
            f"Wharfie cannot keep its files there ({error.strerror})",
            advice="Set WHARFIE_HOME to a directory that can be written.",
        ) from error
    handler = logging.FileHandler(home.log_file, encoding="utf-8", errors="backslashreplace")
    handler.setFormatter(_Readable("%(asctime)s %(levelname)s %(name)s %(message)s"))
    log = logging.getLogger("wharfie")
    log.handlers[:] = [handler]
    log.propagate = False
    logging.raiseExceptions = False  # a log that is full must not print over the screen


def open_access(home: Home, settings: Mapping[str, str], *, accept_new: bool = False) -> Access:
    """What lets us into places: the home's sites and vault, and what `settings` say.

    Opens no vault yet: that may wait, and nobody may need it. Raises BadSettings.
    """
    return access_from(
        settings,
        home.known_hosts,
        accept_new=accept_new,
        vault=_vault(home),
        sites_file=home.sites_file,
        sign_ins=home.sign_ins,
        seal_key=home.seal_key,
        ssh_config=Path.home() / ".ssh" / "config",
    )


def _vault(home: Home) -> Vault:
    chosen = SettingsFile(home.settings_file).get(SECRETS)
    if chosen is SecretsIn.FILE:
        return FileVault(home.secrets_file)
    return KeyringVault() if chosen is SecretsIn.KEYRING else NoVault()
