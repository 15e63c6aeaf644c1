"""Signing in without a screen: questions on the terminal when there is one, sentences when not."""

from __future__ import annotations

import getpass
import sys
from collections import Counter
from collections.abc import Callable
from functools import cache
from typing import TypeVar

from providers.access import Access
from providers.errors import AuthRequired, HostKeyUnknown, Secret
from providers.registry import remember_host_key
from providers.site_secrets import secrets_of
from providers.sites import Sites
from providers.text import printable
from providers.vault import BadVault, Vault
from tui.headless.page import signed_in

T = TypeVar("T")

_TRIES = 3  # for each secret
_USUAL: Secret = "password"
_OF_AN_ADDRESS: tuple[tuple[Secret, str], ...] = (("password", ""), ("token", ""))


def asking(access: Access, work: Callable[[], T]) -> T:
    """The result of `work`, begun again after each answer to what a place asked on the way.

    Places connect when they are first used, so that any call may ask. Raises what `work` does; an
    AuthRequired that nobody is there to answer says how a shell keeps a secret.
    """
    asked: Counter[tuple[str, str, str]] = Counter()
    while True:
        try:
            return work()
        except (HostKeyUnknown, AuthRequired) as error:
            question = (error.endpoint, "", "")
            if isinstance(error, AuthRequired):
                question = (error.endpoint, error.needs, error.subject)
            asked[question] += 1
            if asked[question] > _TRIES or not answered(error, access):
                if isinstance(error, AuthRequired) and not _interactive():
                    error.advice = _with_login(error, access.sites)
                raise


def _with_login(error: AuthRequired, sites: Sites) -> str:
    """Its advice, and the command that keeps the secret where one does."""
    name = error.endpoint.partition("#")[2]
    site = sites.get(name) if name else None
    known = secrets_of(site) if site is not None else _OF_AN_ADDRESS
    if (error.needs, error.subject) not in known:
        return error.advice
    option = "" if error.needs == _USUAL else f" --secret {error.needs}"
    where = printable(name or error.endpoint)
    return f"{error.advice} “wharfie login {where}{option}” keeps it.".lstrip()


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
    if error.needs == "sign-in":
        return _signs_in(error, access)
    secret = _ask(error)
    if not secret:
        return False
    try:
        access.secrets.answer(error, secret, keep=_keeps(error, access.secrets.vault))
    except BadVault as wrong:
        _say(str(wrong))
    return True


def _signs_in(error: AuthRequired, access: Access) -> bool:
    """Raises ProviderError when the person declines, or lets the time pass."""
    _told(error)
    done = signed_in(error.endpoint, access)
    _say(f"{printable(done.account)} is signed in. {done.remark}".strip())
    return True


def _told(error: AuthRequired) -> None:
    print(f"{printable(error.endpoint)}: {error.what}.", file=sys.stderr)


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
    if error.needs in ("query", "code") or vault.problem or not vault.name:
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
    """The secret; "" when the person gives none."""
    again = "not accepted; " if error.rejected else ""
    what = printable(error.subject or error.endpoint)
    asked = "whole address" if error.needs == "query" else error.needs
    try:
        return getpass.getpass(f"{again}{asked} for {what}: ", stream=sys.stderr)
    except EOFError:
        return ""
