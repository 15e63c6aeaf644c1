"""What carries a session: our own SSH connections, or the ssh program where the site says so."""

from __future__ import annotations

import paramiko

from providers.access import Access
from providers.sftp.openssh import session as openssh
from providers.sftp.session import Session
from providers.sftp.sharing import Connections
from providers.sftp.site import OPENSSH, TRANSPORT
from providers.sftp.target import Target
from providers.sftp.wire import Wire


def by_openssh(endpoint: str, access: Access) -> bool:
    """Whether the site of `endpoint` wants the ssh program. Raises Unsupported, BadSites."""
    return access.sites.options(endpoint).get(TRANSPORT) == OPENSSH


class Carriers:
    """Opens sessions. What the site says is looked up for each, as ~/.ssh/config is."""

    def __init__(self, to: Target, access: Access) -> None:
        self._to = to
        self._access = access
        self._connections = Connections(to, access)

    def open(self, wire: Wire) -> tuple[Session, paramiko.Transport | None]:
        """See `sharing.Connections.open`. Raises Unsupported and BadSites besides."""
        if by_openssh(self._to.endpoint, self._access):
            return openssh.open_session(self._to, self._access, wire)
        return self._connections.open(wire)

    def apart(self, wire: Wire) -> tuple[Session, paramiko.Transport]:
        """See `sharing.Connections.apart`: the sessions of the ssh program share nothing here."""
        return self._connections.apart(wire)
