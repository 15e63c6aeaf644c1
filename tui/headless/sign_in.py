"""Signing in without a screen: questions on the terminal when there is one, sentences when not."""

from __future__ import annotations

import getpass
import sys
from functools import cache

from providers.access import Access
from providers.base import Provider
from providers.errors import AuthRequired, HostKeyUnknown
from providers.registry import open_provider, remember_host_key
from providers.text import printable
from providers.vault import BadVault, Vault

_TRIES = 3


def sign_in(endpoint: str, access: Access) -> Provider:
    """Open `endpoint` and make sure that it answers. Raises ProviderError."""
    tries = 0
    while True:
        provider = open_provider(endpoint, access)
        try:
            provider.resolve("")
        except (HostKeyUnknown, AuthRequired) as error:
            provider.close()
            tries += isinstance(error, AuthRequired)
            if tries > _TRIES or not answered(error, access):
                raise
        else:
            return provider


def answered(error: HostKeyUnknown | AuthRequired, access: Access) -> bool:
    """Whether the person at the terminal gave what `error` asks for; False: nobody is there."""
    if isinstance(error, AuthRequired) and (problem := access.secrets.vault.problem):
        _say(problem)
    if not _interactive():
        return False
    if isinstance(error, HostKeyUnknown):
        if not _accepts(error):
            return False
        remember_host_key(access, error.endpoint, error.line)
        return True
    if error.needs == "key":
        return False
    secret = _ask(error)
    try:
        access.secrets.answer(error, secret, keep=_keeps(error, access.secrets.vault))
    except BadVault as wrong:
        _say(str(wrong))
    return True


def _interactive() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


def _accepts(error: HostKeyUnknown) -> bool:
    print(
        f"{printable(error.endpoint)}: unknown host key\n"
        f"  {error.key_type} {error.fingerprint}\n"
        "Compare it with the server's own.",
        file=sys.stderr,
    )
    return yes("Accept and remember it?")


def _keeps(error: AuthRequired, vault: Vault) -> bool:
    if error.needs == "query" or vault.problem or not vault.name:
        return False
    return yes(f"Remember it in {vault.name}?")


def yes(question: str) -> bool:
    """Whether the person at the terminal says so; no without an answer."""
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


@cache
def _say(text: str) -> None:
    """Once in a run: the same is wrong for every place."""
    print(f"wharfie: {text}", file=sys.stderr)


def _ask(error: AuthRequired) -> str:
    again = "not accepted; " if error.rejected else ""
    what = printable(error.subject or error.endpoint)
    asked = "whole address" if error.needs == "query" else error.needs
    return getpass.getpass(f"{again}{asked} for {what}: ", stream=sys.stderr)
