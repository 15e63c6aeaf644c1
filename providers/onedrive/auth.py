"""Who asks Graph: the access token that goes along with each request, made and renewed by MSAL."""

from __future__ import annotations

from providers.access import Access
from providers.onedrive.options import Options
from providers.onedrive.service import Service
from providers.web.calls import Call


class Tokens:
    """Thread-safe; one for each provider. Nothing is asked before the first `token`."""

    def __init__(self, endpoint: str, options: Options, access: Access) -> None:
        """Raises InvalidName for an emulator's address that is not on this computer."""
        raise NotImplementedError

    @property
    def service(self) -> Service:
        """Where its tokens are good: `service.graph` is what each request begins with."""
        raise NotImplementedError

    @property
    def app_only(self) -> bool:
        """It asks as an app, which has no /me."""
        raise NotImplementedError

    def token(self, call: Call) -> str:
        """A valid access token: a secret. Cheap while one is; else the login server is asked.

        Raises AuthRequired (`needs`: "sign-in", a person in a browser; "password", the app's
        secret; "passphrase", of its certificate; "token", GRAPH_TOKEN), Denied where no other
        attempt helps, ConnectionLost and Unreachable, Throttled.
        """
        raise NotImplementedError

    def refused(self, token: str, claims: str | None) -> None:
        """Graph answered 401 to `token`. The next `token` is a new one, or raises AuthRequired.

        `claims`: what WWW-Authenticate says as claims="…", as it came (base64); None: nothing. Ask
        once more with a new token; a second 401 in a row is told here as well, and the `token`
        after it raises.
        """
        raise NotImplementedError
