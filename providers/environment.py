"""Settings and secrets from the environment and from one .env file, and nowhere else.

A .env in the current or a parent folder is never read: browsing into a hostile folder must not
redirect a connection (faults.md 1, dotenv; F4).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from io import StringIO
from pathlib import Path
from urllib.parse import unquote

from providers import location
from providers.access import Access, Secrets
from providers.errors import Denied, InvalidName, NotFound, ProviderError
from providers.http.paths import canonical
from providers.http.references import remember_query
from providers.onedrive.options import SETTINGS as AZURE
from providers.private_file import NotPrivate, read_private
from providers.records import replace
from providers.sftp.site import ENV_SITE
from providers.sites import Sites
from providers.vault import Vault

ALLOWED = frozenset(
    {"SFTP_HOST", "SFTP_PORT", "SFTP_USER", "SFTP_KEY", "SFTP_PASSWORD", "SFTP_TRANSPORT"}
    | {"FILE_URL"}
    | {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"}
    | {"AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL"}
    | {"AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_CLIENT_SECRET", "GRAPH_TOKEN"}
    | {"WHARFIE_GRAPH_BASE", "WHARFIE_LOGIN_BASE"}
)
PLAIN = frozenset(
    {"AZURE_CLIENT_ID", "AZURE_TENANT_ID", "WHARFIE_GRAPH_BASE", "WHARFIE_LOGIN_BASE"}
)
"""Those that are no secrets and hold for every site."""
_SIGNED_IN = (
    re.compile(r"([a-z][a-z0-9+.-]*://)([^/?#:\[]*):([^/?#]*)@", re.IGNORECASE),
    # A password with a slash that was not quoted; what follows the colon is no port.
    re.compile(r"([a-z][a-z0-9+.-]*://)([^/?#:\[]*):(?!\d*(?:[/?#]|$))(.*)@", re.IGNORECASE),
)


def read_settings(environ: Mapping[str, str], env_file: Path, *, required: bool) -> dict[str, str]:
    """The allowed names of `env_file`, overlaid with those of `environ`.

    A missing file is fine unless `required` (NotFound). Raises as `settings_in`.
    """
    found = settings_in(env_file)
    if found is None and required:
        raise NotFound(str(env_file), "there is no such settings file", advice="Check --env-file.")
    values = {k: v for k, v in (found or {}).items() if k in ALLOWED and v is not None}
    return values | {name: environ[name] for name in ALLOWED if environ.get(name)}


def settings_in(env_file: Path) -> Mapping[str, str | None] | None:
    """Every name in the file with what it says; None: there is no such file.

    Raises Denied for a file that others may read or that is a link, since it may hold a password,
    ProviderError for one that cannot be read or is no text.
    """
    try:
        raw = read_private(env_file)
    except FileNotFoundError:
        return None
    except NotPrivate as error:
        raise Denied(
            str(env_file), f"the settings file {error.why}", advice=error.advice
        ) from error
    except OSError as error:
        what = f"the settings file cannot be read ({error.strerror})"
        raise Denied(str(env_file), what, advice="Check its owner and mode.") from error
    from dotenv import dotenv_values  # most have no such file

    return dotenv_values(stream=StringIO(_text(env_file, raw)), interpolate=False)


def _text(env_file: Path, raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
    # Raised out here: the error of before holds the whole file.
    what = f"line {line} of the settings file is not UTF-8 text"
    raise ProviderError(str(env_file), what, advice="Save the file as UTF-8.")


def access_from(
    settings: Mapping[str, str],
    known_hosts: Path,
    *,
    accept_new: bool,
    vault: Vault | None = None,
    sites_file: Path | None = None,
    sign_ins: Path | None = None,
    seal_key: Path | None = None,
    ssh_config: Path | None = None,
) -> Access:
    """What the settings give to sign in with, and the sites: saved ones and the settings' own.

    SFTP_PASSWORD is for the settings' own host; `add_password` gives it to others. Never raises:
    a site of the settings that cannot be used says so when it is opened.
    """
    key = settings.get("SFTP_KEY")
    access = Access(
        known_hosts=known_hosts,
        secrets=Secrets(vault),
        accept_new=accept_new,
        keys=(Path(key).expanduser().absolute(),) if key else (),
        settings={name: settings[name] for name in PLAIN if settings.get(name)},
        sign_ins=sign_ins,
        seal_key=seal_key,
        ssh_config=ssh_config,
    )
    _add_azure(settings, access)
    url = _without_secrets(settings.get("FILE_URL", ""), access)
    access = replace(access, sites=Sites(sites_file, {**settings, "FILE_URL": url}))
    for site in access.sites.all():
        if site.origin == "environment":
            with suppress(InvalidName):
                endpoint = access.sites.place(site).endpoint
                add_password(settings, access, endpoint)
                add_keys(settings, access, endpoint)
    return access


def _add_azure(settings: Mapping[str, str], access: Access) -> None:
    """GRAPH_TOKEN is for each site that asks with one, AZURE_CLIENT_SECRET for those of its app."""
    if token := settings.get("GRAPH_TOKEN"):
        access.secrets.put(AZURE, "token", token)
    client_id, secret = settings.get("AZURE_CLIENT_ID"), settings.get("AZURE_CLIENT_SECRET")
    if client_id and secret:
        access.secrets.put(f"{AZURE}{client_id}", "password", secret)


def _without_secrets(url: str, access: Access) -> str:
    """FILE_URL as it may be shown: its password and its query are among the secrets then."""
    url, password = without_password(url)
    try:
        place = location.parse(url)
    except InvalidName:
        return url.partition("?")[0]  # of no use; it says why when it is opened
    if password:
        access.secrets.put(place.endpoint, "password", password)
    path, mark, query = place.path.partition("?")
    if not mark or place.endpoint.partition(":")[0] not in location.WEB:
        return url
    return place.endpoint + remember_query(access, place.endpoint, canonical(path), query)


def without_password(url: str) -> tuple[str, str]:
    """An address without the password in it, and the password, decoded; "" where there is none."""
    match = _SIGNED_IN[0].match(url) or _SIGNED_IN[1].match(url)
    if match is None:
        return url, ""
    scheme, user, password = match.groups()
    return f"{scheme}{user}{user and '@'}{url[match.end() :]}", unquote(password)


def add_keys(settings: Mapping[str, str], access: Access, endpoint: str) -> None:
    """Let AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN open `endpoint`, the settings' own site.

    Without the second these keys have none: one that a keyring holds belongs to others.
    """
    if not endpoint.startswith("s3:"):
        return
    if secret := settings.get("AWS_SECRET_ACCESS_KEY"):
        access.secrets.put(endpoint, "password", secret)
        access.secrets.put(endpoint, "token", settings.get("AWS_SESSION_TOKEN", ""))


def add_password(settings: Mapping[str, str], access: Access, endpoint: str) -> None:
    """Let SFTP_PASSWORD open `endpoint`, unless SFTP_HOST names another host."""
    password = settings.get("SFTP_PASSWORD")
    if not password or not endpoint.startswith("sftp://"):
        return
    host = settings.get("SFTP_HOST")
    if host is None or _host(endpoint) == host.lower():
        access.secrets.put(endpoint, "password", password)


def default_endpoint(settings: Mapping[str, str]) -> str | None:
    """The address that SFTP_HOST, SFTP_PORT and SFTP_USER make; None without SFTP_HOST.

    Their site where there is an SFTP_TRANSPORT: no address says that.
    """
    host = settings.get("SFTP_HOST")
    if not host:
        return None
    if settings.get("SFTP_TRANSPORT"):
        return f"{ENV_SITE}:"
    user, port = settings.get("SFTP_USER"), settings.get("SFTP_PORT", "22")
    return f"sftp://{user + '@' if user else ''}{host}:{port}"


def _host(endpoint: str) -> str:
    return endpoint.partition("://")[2].rpartition("@")[2].rpartition(":")[0].strip("[]").lower()
