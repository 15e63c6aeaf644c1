"""Settings and secrets from the environment and from one .env file, and nowhere else.

A .env in the current or a parent folder is never read: browsing into a hostile folder must not
redirect a connection (faults.md 1, dotenv; F4).
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from dotenv import dotenv_values

from providers.access import Access, Secrets
from providers.errors import Denied, NotFound

ALLOWED = frozenset({"SFTP_HOST", "SFTP_PORT", "SFTP_USER", "SFTP_KEY", "SFTP_PASSWORD"})


def read_settings(environ: Mapping[str, str], env_file: Path, *, required: bool) -> dict[str, str]:
    """The allowed names of `env_file`, overlaid with those of `environ`.

    A missing file is fine unless `required` (NotFound). Raises Denied for a file that others may
    read or that is a link: it may hold a password.
    """
    values: dict[str, str] = {}
    if env_file.exists() or env_file.is_symlink():
        _require_private(env_file)
        found = dotenv_values(env_file, interpolate=False)
        values = {k: v for k, v in found.items() if k in ALLOWED and v is not None}
    elif required:
        raise NotFound(str(env_file), "there is no such settings file", advice="Check --env-file.")
    return values | {name: environ[name] for name in ALLOWED if environ.get(name)}


def _require_private(path: Path) -> None:
    if path.is_symlink():
        raise Denied(str(path), "the settings file is a link", advice="Put the file itself there.")
    if os.name != "nt" and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise Denied(
            str(path),
            "others may read the settings file, which can hold a password",
            advice=f"Run: chmod 600 {path}",
        )


def access_from(settings: Mapping[str, str], known_hosts: Path, *, accept_new: bool) -> Access:
    """What the settings give to sign in with. SFTP_PASSWORD is added by `add_password`."""
    key = settings.get("SFTP_KEY")
    return Access(
        known_hosts=known_hosts,
        secrets=Secrets(),
        accept_new=accept_new,
        keys=(Path(key).expanduser(),) if key else (),
    )


def add_password(settings: Mapping[str, str], access: Access, endpoint: str) -> None:
    """Let SFTP_PASSWORD open `endpoint`, unless SFTP_HOST names another host."""
    password = settings.get("SFTP_PASSWORD")
    if not password or not endpoint.startswith("sftp://"):
        return
    host = settings.get("SFTP_HOST")
    if host is None or _host(endpoint) == host.lower():
        access.secrets.put(endpoint, "password", password)


def default_endpoint(settings: Mapping[str, str]) -> str | None:
    """The address that SFTP_HOST, SFTP_PORT and SFTP_USER make; None without SFTP_HOST."""
    host = settings.get("SFTP_HOST")
    if not host:
        return None
    user, port = settings.get("SFTP_USER"), settings.get("SFTP_PORT", "22")
    return f"sftp://{user + '@' if user else ''}{host}:{port}"


def _host(endpoint: str) -> str:
    return endpoint.partition("://")[2].rpartition("@")[2].rpartition(":")[0].strip("[]").lower()
