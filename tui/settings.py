"""Where Wharfie keeps its files: under WHARFIE_HOME, or in the platform's usual directories."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from providers.records import dataclass


@dataclass(frozen=True, slots=True)
class Home:
    """Directories are 0700, files in them 0600."""

    config: Path  # .env, settings.toml, sites.toml
    queue: Path  # the journal and its lock
    logs: Path
    known_hosts: Path  # a file: read, and appended to when a host key is accepted

    @property
    def env_file(self) -> Path:
        return self.config / ".env"

    @property
    def settings_file(self) -> Path:
        return self.config / "settings.toml"

    @property
    def keys_file(self) -> Path:
        return self.config / "keys.toml"

    @property
    def bookmarks_file(self) -> Path:
        return self.config / "bookmarks.toml"

    @property
    def sites_file(self) -> Path:
        return self.config / "sites.toml"

    @property
    def secrets_file(self) -> Path:
        """Only where a person chose to keep secrets in a file."""
        return self.config / "secrets.json"

    @property
    def seal_key(self) -> Path:
        """What seals the secrets in the journal: of no use to who has only one of the two."""
        return self.config / "seal.key"

    @property
    def sign_ins(self) -> Path:
        """A directory: what signed-in accounts are renewed with, sealed with a key of `secrets`."""
        return self.config / "sign-ins"

    @property
    def log_file(self) -> Path:
        return self.logs / "wharfie.log"


def find_home(environ: Mapping[str, str]) -> Home:
    """The home that WHARFIE_HOME names, or the user's own."""
    given = environ.get("WHARFIE_HOME")
    if given:
        return home_in(Path(given).expanduser().absolute())
    import platformdirs  # only where it is to say something

    return Home(
        config=platformdirs.user_config_path("wharfie"),
        queue=platformdirs.user_state_path("wharfie"),
        logs=platformdirs.user_log_path("wharfie"),
        known_hosts=Path.home() / ".ssh" / "known_hosts",
    )


def home_in(directory: Path) -> Home:
    """Everything under one directory: WHARFIE_HOME, the demo, the tests."""
    return Home(directory, directory, directory, directory / "known_hosts")


def make_private(directory: Path) -> None:
    """Make `directory` where it is missing, readable by its owner only."""
    if not directory.is_dir():
        directory.mkdir(parents=True, exist_ok=True)
        if os.name != "nt":
            directory.chmod(0o700)
