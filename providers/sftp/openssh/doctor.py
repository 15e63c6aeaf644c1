"""The way to a server by the ssh program: what ssh does by itself is one step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

from providers.access import Access
from providers.diagnosis import Finding, Step
from providers.errors import ProviderError
from providers.sftp.checkup import look_around
from providers.sftp.openssh.command import program
from providers.sftp.openssh.session import open_session
from providers.sftp.patience import Patience
from providers.sftp.target import Target
from providers.sftp.wire import Wire


def walk(to: Target, path: str, access: Access, patience: Patience) -> Iterator[Finding]:
    """The steps behind the address; the first that fails is the last."""
    step = Step("ssh", "ssh")
    try:
        yield step.fine(f"the site goes over {program()}, with all that its configuration says")
    except ProviderError as error:
        yield step.failed(error)
        return
    wire = Wire(to.endpoint, patience)
    step = Step("sign-in", to.endpoint)
    try:
        session, _ = open_session(to, access, wire)
    except ProviderError as error:
        yield step.failed(error)
        return
    with closing(session):
        yield step.fine("ssh signed in, and the server started SFTP")
        yield from look_around(session, None, path, wire)
