"""Signing in without a screen: questions on the terminal when there is one, sentences when not."""

from __future__ import annotations

import getpass
import sys

from providers.access import Access
from providers.base import Provider
from providers.errors import AuthRequired, HostKeyUnknown
from providers.registry import open_provider, remember_host_key
from providers.text import printable

_TRIES = 3


def sign_in(endpoint: str, access: Access) -> Provider:
    """Open `endpoint` and make sure that it answers. Raises ProviderError."""
    tries = 0
    while True:
        provider = open_provider(endpoint, access)
        try:
            provider.resolve("")
        except HostKeyUnknown as error:
            provider.close()
            if not _interactive() or not _accepts(error):
                raise
            remember_host_key(access, endpoint, error.line)
        except AuthRequired as error:
            provider.close()
            tries += 1
            if not _interactive() or error.needs == "key" or tries > _TRIES:
                raise
            access.secrets.put(endpoint, error.needs, _ask(error), error.subject)
        else:
            return provider


def _interactive() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


def _accepts(error: HostKeyUnknown) -> bool:
    print(
        f"{printable(error.endpoint)}: unknown host key\n"
        f"  {error.key_type} {error.fingerprint}\n"
        "Compare it with the server's own. Accept and remember it? [y/N] ",
        end="",
        file=sys.stderr,
        flush=True,
    )
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _ask(error: AuthRequired) -> str:
    again = "not accepted; " if error.rejected else ""
    what = printable(error.subject or error.endpoint)
    return getpass.getpass(f"{again}{error.needs} for {what}: ", stream=sys.stderr)
