"""Whom to connect to: what an address says, and what ~/.ssh/config adds to it."""

from __future__ import annotations

import getpass
import re

from providers.access import Access
from providers.errors import InvalidName
from providers.records import dataclass, replace
from providers.sftp.options import Options, options_for
from providers.text import printable

_ENDPOINT = re.compile(
    r"sftp://(?:(?P<user>.*)@)?(?P<host>\[[^\]]+\]|[^:@/#]+)(?::(?P<port>\d+))?(?:#.+)?"
)
# OpenSSH's valid_hostname and valid_ruser, stricter (CVE-2023-51385).
_NO_NAME = re.compile(r"""[\s\x00-\x1f\x7f'`"$;&<>|(){}]""")
USUAL_PORT = 22
_NOTHING_SAID = Options()


@dataclass(frozen=True, slots=True)
class Target:
    """Whom to connect to. `endpoint` is what errors and secrets are about."""

    endpoint: str
    user: str
    host: str
    port: int
    named: bool = True  # the endpoint says the user
    options: Options = _NOTHING_SAID

    @property
    def known_as(self) -> tuple[str, int]:
        """Host and port in known_hosts."""
        alias = self.options.host_key_alias
        return (alias, USUAL_PORT) if alias else (self.host, self.port)


def target(endpoint: str) -> Target:
    """The parts of "sftp://ann@host:22", also with "#site" behind it.

    Raises InvalidName, also for a host or user that a shell would read more into: before anything
    in a configuration is compared with them.
    """
    match = _ENDPOINT.fullmatch(endpoint)
    if match is None:
        raise InvalidName(endpoint, "is not an SFTP address")
    user, host = match["user"] or "", match["host"].strip("[]")
    for name, what in ((host, "a host name"), (user, "a user name")):
        if name.startswith("-") or name.endswith("\\") or _NO_NAME.search(name):
            raise InvalidName(
                endpoint, f"“{printable(name)}” is not {what}", advice="Check the address."
            )
    port = int(match["port"] or USUAL_PORT)
    return Target(endpoint, user or getpass.getuser(), host, port, named=bool(user))


def configured(to: Target, access: Access) -> Target:
    """`to` with what the person's ~/.ssh/config says at this moment.

    What the address says comes first. It always has a port: the usual one counts as not said.
    Raises Denied and Unsupported as `options_for`.
    """
    if access.ssh_config is None:
        return to
    port = None if to.port == USUAL_PORT else to.port
    user = to.user if to.named else ""
    said = options_for(access.ssh_config, to.host, port=port, user=user)
    return replace(
        to,
        host=said.host,
        port=port or said.port or USUAL_PORT,
        user=said.user or to.user,
        options=said,
    )
