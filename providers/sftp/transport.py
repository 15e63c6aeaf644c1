"""What carries a session: our own SSH connection, or the ssh program where the site says so."""

from __future__ import annotations

import paramiko

from providers.access import Access
from providers.sftp.connect import NothingOpened
from providers.sftp.openssh.processes import Processes
from providers.sftp.session import Session
from providers.sftp.sharing import Connections
from providers.sftp.site import OPENSSH, TRANSPORT
from providers.sftp.target import Target
from providers.sftp.wire import Wire


def by_openssh(endpoint: str, access: Access) -> bool:
    """Whether the site of `endpoint` wants the ssh program. Raises Unsupported, BadSites."""
    return access.sites.options(endpoint).get(TRANSPORT) == OPENSSH


class Transports:
    """Of one server. Looked up for each session, as ~/.ssh/config is. Safe for many threads."""

    def __init__(self, to: Target, access: Access) -> None:
        self._to = to
        self._access = access
        self._own = Connections(to, access)
        self._processes = Processes(to, access)

    def open(self, wire: Wire) -> tuple[Session, paramiko.Transport | None]:
        """See `Connections.open`; an ssh process has each session for itself."""
        if by_openssh(self._to.endpoint, self._access):
            return self._processes.open(wire)
        return self._own.open(wire)

    def apart(self, wire: Wire) -> tuple[Session, paramiko.Transport | None]:
        """See `Connections.apart`. Raises NothingOpened, also for the ssh program."""
        if by_openssh(self._to.endpoint, self._access):
            raise NothingOpened(self._to.endpoint)
        return self._own.apart(wire)

    def close(self) -> None:
        """See `Connections.close`."""
        self._own.close()
        self._processes.close()
