"""Which app asks the login server: no app of ours is registered with Microsoft."""

from __future__ import annotations

from providers.access import Access
from providers.errors import Denied
from providers.onedrive.options import Options
from providers.onedrive.service import Service
from providers.records import dataclass

_REGISTER = (
    "Register one at https://entra.microsoft.com (App registrations, New): platform “Mobile and "
    "desktop” with the redirect http://localhost, “Allow public client flows” on, delegated "
    "permissions Files.ReadWrite.All and User.Read. Its ID is AZURE_CLIENT_ID, or client_id of the "
    "site."
)


@dataclass(frozen=True, slots=True)
class App:
    """Which app asks, where, and for whom."""

    endpoint: str
    options: Options
    service: Service
    access: Access
    client_id: str
    tenant: str


def app_of(endpoint: str, options: Options, service: Service, access: Access) -> App:
    """With the settings' client ID and tenant where the site has none. Raises Denied."""
    client_id = options.client_id or access.settings.get("AZURE_CLIENT_ID", "")
    tenant = options.tenant or access.settings.get("AZURE_TENANT_ID", "") or "common"
    if not client_id:
        what = "no app is registered for Wharfie to sign in with"
        raise Denied(endpoint, what, advice=_REGISTER)
    return App(endpoint, options, service, access, client_id, tenant)
