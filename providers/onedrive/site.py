"""What saved sites of drives may say. The connect screen draws it as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import get_args

from providers.base import Place
from providers.location import ONEDRIVE, ONEDRIVE_SETTINGS
from providers.onedrive.options import Cloud, Names, Options, SignInAs, options_of
from providers.sites import Field, Site


class OneDriveSites:
    """See `providers.sites.SiteKind`."""

    kind = "onedrive"
    title = "OneDrive"
    fields = (
        Field("sign_in", "Sign in as", choices=get_args(SignInAs)),
        Field("account", "Account", "ann@example.com; else whoever signs in"),
        Field("folder", "Start in", "Documents/work; else the root"),
        Field("sharepoint", "SharePoint site", "https://contoso.sharepoint.com/sites/team"),
        Field("drive", "Drive ID", "else the account's own drive"),
        Field("client_id", "App's client ID", "else AZURE_CLIENT_ID"),
        Field("tenant", "Tenant", "common, consumers, organizations, an ID or a domain"),
        Field("cloud", "Cloud", choices=get_args(Cloud)),
        Field("client_secret", "App's secret", "asked for when it is needed", secret="password"),
        Field("graph_token", "Access token", "of “Sign in as” token", secret="token"),
        Field("client_cert", "Certificate", "PEM with its key, of an app"),
        Field("names", "Names it cannot keep", choices=get_args(Names)),
        Field("ca_bundle", "Trusted CA", "PEM file, instead of the usual authorities"),
        Field("proxy", "Proxy", "environment; or none, or http://host:3128"),
    )

    def place(self, site: Site) -> Place:
        """Which drive it is, and the site's name, are in the endpoint: what is meant for one drive
        never goes to another."""
        options = options_of(site.values)
        folder = site.values.get("folder", "").strip().strip("/")
        return Place(f"{ONEDRIVE}{_drive(options)}#{site.name}", folder and f"/{folder}")

    def from_environment(self, settings: Mapping[str, str]) -> Sequence[Site]:
        """GRAPH_TOKEN or AZURE_CLIENT_ID make a site; AZURE_CLIENT_SECRET signs in as the app."""
        values = {}
        if settings.get("GRAPH_TOKEN"):
            values = {"sign_in": "token"}
        elif client_id := settings.get("AZURE_CLIENT_ID"):
            app = bool(settings.get("AZURE_CLIENT_SECRET"))
            values = {"sign_in": "secret" if app else "person", "client_id": client_id}
            if tenant := settings.get("AZURE_TENANT_ID"):
                values["tenant"] = tenant
        return (Site(ONEDRIVE_SETTINGS, self.kind, values, origin="environment"),) if values else ()


def _drive(options: Options) -> str:
    which = options.drive or options.sharepoint.removeprefix("https://") or options.account.lower()
    return which if options.cloud == "global" else f"{options.cloud}:{which}"


KINDS = (OneDriveSites(),)
