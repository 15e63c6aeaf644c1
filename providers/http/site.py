"""What saved web sites may say, plain and WebDAV. The connect screen draws it as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import get_args

from providers import location
from providers.base import Place
from providers.errors import InvalidName
from providers.http import paths
from providers.http.options import Auth, Upload, options_of
from providers.records import dataclass
from providers.sites import Field, Site

_IN_THE_ADDRESS = frozenset({"url", "user"})
_ACCESS = (
    Field("user", "User", "none"),
    Field("password", "Password", "asked for when it is needed", secret="password"),
    Field(
        "token", "Token", "sent as a bearer token, or where a header says {token}", secret="token"
    ),
    Field("auth", "Sign-in", choices=get_args(Auth)),
    Field("headers", "Headers", "X-Team: blue; X-Api-Key: {token}"),
    Field("client_cert", "Own certificate", "PEM file with certificate and key"),
    Field("ca_bundle", "Trusted CA", "PEM file, instead of the usual authorities"),
    Field("proxy", "Proxy", "environment; or none, or http://host:3128"),
    Field("netrc", "Use ~/.netrc", choices=("no", "yes")),
)


@dataclass(frozen=True, slots=True)
class WebSites:
    """See `providers.sites.SiteKind`. `schemes`: of typed addresses, to those of endpoints."""

    kind: str
    title: str
    fields: tuple[Field, ...]
    schemes: Mapping[str, str]

    def place(self, site: Site) -> Place:
        """The site's name is in its endpoint when it says more than an address can."""
        options_of(site.values)  # raises InvalidName naming the field
        address, path = self._split(site.values.get("url", ""))
        path, query = path.partition("?")[::2]
        if query and site.origin == "file":
            raise InvalidName(
                "url",
                "the part behind “?” may be a secret, and is never kept in this file",
                advice="Leave it out.",
            )
        scheme, _, authority = address.partition("://")
        user, _, host = authority.rpartition("@")
        user = site.values.get("user", "") or user
        endpoint = location.endpoint(scheme, f"{user}{'@' if user else ''}{host}", field="url")
        if any(value for name, value in site.values.items() if name not in _IN_THE_ADDRESS):
            endpoint = f"{endpoint}#{site.name}"
        return Place(endpoint, paths.canonical(path) + (f"?{query}" if query else ""))

    def _split(self, url: str) -> tuple[str, str]:
        """ "https://host" and "/path"; the scheme is that of the endpoint."""
        scheme, found, rest = url.partition("#")[0].partition("://")
        known = self.schemes.get(scheme.lower())
        if not found or known is None:
            expected = " or ".join(f"{each}://" for each in self.schemes)
            raise InvalidName(
                "url", f"it must begin with {expected}", advice="Correct the address."
            )
        before, mark, query = rest.partition("?")
        host, slash, path = before.partition("/")
        return f"{known}://{host}", f"{slash}{path}{mark}{query}"

    def from_environment(self, settings: Mapping[str, str]) -> Sequence[Site]:
        """FILE_URL, where it is an address of this kind."""
        url = settings.get("FILE_URL", "")
        scheme = url.partition("://")[0].lower()
        if self.schemes.get(scheme) != scheme:
            return ()
        return (Site("env-url", self.kind, {"url": url}, origin="environment"),)


_SENDING = (
    Field("upload", "Uploads", choices=get_args(Upload)),
    Field("form_field", "Form field", "file"),
    Field("form_extra", "More form fields", "folder=inbox; public=no"),
)
_HTTP = WebSites(
    kind="http",
    title="HTTP(S)",
    fields=(Field("url", "Address", "https://host/folder/", required=True), *_ACCESS, *_SENDING),
    schemes={"https": "https", "http": "http"},
)
_WEBDAV = WebSites(
    kind="webdav",
    title="WebDAV",
    fields=(Field("url", "Address", "https://host/dav/", required=True), *_ACCESS),
    schemes={"https": "davs", "http": "dav", "davs": "davs", "dav": "dav"},
)
KINDS = (_HTTP, _WEBDAV)
