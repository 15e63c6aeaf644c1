"""What a site may say about a drive and who signs in there; nothing secret is in here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, TypeAlias, cast, get_args
from urllib.parse import urlsplit

from providers.errors import InvalidName
from providers.records import dataclass
from providers.web.route import Route

Cloud: TypeAlias = Literal["global", "us", "china"]
SignInAs: TypeAlias = Literal["person", "secret", "certificate", "token"]
Names: TypeAlias = Literal["refuse", "map"]

SETTINGS = "azure:"
"""Where the secrets of the settings are found: GRAPH_TOKEN here, AZURE_CLIENT_SECRET with the ID of
its app behind it."""

_APPS = ("secret", "certificate")
_TENANTS_OF_ANYBODY = ("common", "consumers", "organizations")
_TENANT = re.compile(r"[A-Za-z0-9.-]+")
_CLIENT_ID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_ACCOUNT = re.compile(r"[^\s#/@]+@[^\s#/@]+")
_DRIVE = re.compile(r"[A-Za-z0-9!_-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options(Route):
    """`client_id` and `tenant`: "" is what the settings say. `account`: "" is whoever signs in.

    The drive is `drive`, else the library of the site at `sharepoint`, else the account's own.
    `certificate`: PEM, of an app that signs in as itself. `names`: those that cannot be stored are
    refused, or written in other letters.
    """

    client_id: str = ""
    tenant: str = ""
    cloud: Cloud = "global"
    sign_in: SignInAs = "person"
    account: str = ""
    drive: str = ""
    sharepoint: str = ""
    certificate: Path | None = None
    names: Names = "refuse"

    @property
    def app_only(self) -> bool:
        """An app signs in, not a person: it has no drive of its own (no /me)."""
        return self.sign_in in _APPS


def options_of(values: Mapping[str, str]) -> Options:
    """The options that a site's values give. Raises InvalidName naming the field."""
    given = {name: value.strip() for name, value in values.items()}
    certificate, ca_bundle = given.get("client_cert", ""), given.get("ca_bundle", "")
    options = Options(
        client_id=_like(_CLIENT_ID, given, "client_id", "it is like 6731de76-14a6-49ae-97bc-…"),
        tenant=_like(_TENANT, given, "tenant", "it is an ID, a domain, or one of the choices"),
        cloud=cast(Cloud, _one_of(given, "cloud", get_args(Cloud))),
        sign_in=cast(SignInAs, _one_of(given, "sign_in", get_args(SignInAs))),
        account=_like(_ACCOUNT, given, "account", "it is like ann@example.com"),
        drive=_like(_DRIVE, given, "drive", "it is a drive's ID, like b!t18F8… or 9f3a…"),
        sharepoint=_library(given.get("sharepoint", "")),
        certificate=Path(certificate).expanduser() if certificate else None,
        names=cast(Names, _one_of(given, "names", get_args(Names))),
        ca_bundle=Path(ca_bundle).expanduser() if ca_bundle else None,
        proxy=given.get("proxy", "") or "environment",
    )
    _check(options)
    return options


def _check(options: Options) -> None:
    if options.drive and options.sharepoint:
        raise wrong("sharepoint", "there is a drive ID already: one of them says which drive")
    if not options.app_only:
        return
    if not options.drive and not options.sharepoint:
        raise wrong("drive", "an app has no drive of its own: say which, by ID or SharePoint site")
    if options.tenant in _TENANTS_OF_ANYBODY:
        raise wrong("tenant", "an app signs in to one tenant: give its ID or domain")
    if options.sign_in == "certificate" and options.certificate is None:
        raise wrong("client_cert", "the certificate that the app signs in with is missing")


def wrong(field: str, what: str) -> InvalidName:
    return InvalidName(field, what, advice="Correct the site.")


def _one_of(values: Mapping[str, str], field: str, choices: tuple[str, ...]) -> str:
    text = values.get(field, "") or choices[0]
    if text not in choices:
        raise wrong(field, f"it must be one of {', '.join(choices)}")
    return text


def _like(pattern: re.Pattern[str], values: Mapping[str, str], field: str, what: str) -> str:
    text = values.get(field, "")
    if text and not pattern.fullmatch(text):
        raise wrong(field, what)
    return text


def _library(text: str) -> str:
    """The address of a SharePoint site, in one spelling."""
    if not text:
        return ""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise wrong("sharepoint", "only “/” and a path may follow its host") from None
    if parts.scheme != "https" or not parts.hostname or port or "@" in parts.netloc:
        raise wrong("sharepoint", "it must be like https://contoso.sharepoint.com/sites/team")
    if parts.query or parts.fragment or "#" in text:
        raise wrong("sharepoint", "nothing may follow its path")
    return f"https://{parts.hostname}{parts.path.rstrip('/')}"
