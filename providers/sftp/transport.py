"""What carries a session: our own SSH connection, or the ssh program where the site says so."""

from __future__ import annotations

import paramiko

from providers.access import Access
from providers.sftp import channels
from providers.sftp.openssh import session as openssh
from providers.sftp.session import Session
from providers.sftp.site import OPENSSH, TRANSPORT
from providers.sftp.target import Target
from providers.sftp.wire import Wire


def by_openssh(endpoint: str, access: Access) -> bool:
    """Whether the site of `endpoint` wants the ssh program. Raises Unsupported, BadSites."""
    return access.sites.options(endpoint).get(TRANSPORT) == OPENSSH


def open_session(
    to: Target, access: Access, wire: Wire
) -> tuple[Session, paramiko.Transport | None]:
    """See `channels.open_session`. Looked up for each connection, as ~/.ssh/config is."""
    if by_openssh(to.endpoint, access):
        return openssh.open_session(to, access, wire)
    return channels.open_session(to, access, wire)
