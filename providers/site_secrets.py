"""Saved sites together with what was kept to sign in there: no secret outlives its site."""

from __future__ import annotations

from contextlib import suppress
from typing import TypeAlias

from providers import registry
from providers.access import Access
from providers.errors import InvalidName, Secret
from providers.site_values import locked_files
from providers.sites import Site, Sites, kind_of

_Kept: TypeAlias = tuple[str, Secret, str]  # endpoint, what it is, its subject


def secrets_of(site: Site) -> tuple[tuple[Secret, str], ...]:
    """Every secret that may be kept for `site`: what it is, and its subject."""
    own: list[tuple[Secret, str]] = [
        (each.secret, "") for each in kind_of(site).fields if each.secret is not None
    ]
    return (*own, *(("passphrase", path) for path in locked_files(site.values)))


def save(site: Site, access: Access) -> Site:
    """Save `site`, and return it as it is saved. What was kept for what it said before goes.

    It goes along while address and user stay as they are: it is meant for those. Raises as
    `Sites.add`, and BadVault where what goes along cannot be kept.
    """
    old = _saved(site.name, access.sites)
    new = access.sites.add(site)
    if old is not None:
        _carry(old, new, access)
        _erase(_kept(old, access.sites), access)
    return new


def remove(name: str, access: Access) -> None:
    """Forget a saved site and what was kept for it. Raises InvalidName, BadSites."""
    old = _saved(name, access.sites)
    access.sites.remove(name)
    if old is not None:
        _erase(_kept(old, access.sites), access)


def _saved(name: str, sites: Sites) -> Site | None:
    """None for one that cannot be used as well: where it was is not known."""
    return next((each for each in sites.all() if (each.name, each.origin) == (name, "file")), None)


def _kept(site: Site, sites: Sites) -> frozenset[_Kept]:
    endpoint = sites.place(site).endpoint
    return frozenset((endpoint, *each) for each in secrets_of(site))


def _carry(old: Site, new: Site, access: Access) -> None:
    before, now = (access.sites.place(site).endpoint for site in (old, new))
    if before == now or before.partition("#")[0] != now.partition("#")[0]:
        return
    for needs, subject in set(secrets_of(old)) & set(secrets_of(new)):
        access.secrets.carry(before, needs, subject, to=now)


def _erase(kept: frozenset[_Kept], access: Access) -> None:
    """Drop what no site has a use for any more: several may have one address."""
    used: set[_Kept] = set()
    for site in access.sites.all():
        with suppress(InvalidName):  # of the environment: it says so when it is opened
            used |= _kept(site, access.sites)
    for endpoint, needs, subject in sorted(kept - used):
        access.secrets.erase(endpoint, needs, subject)
    for endpoint in sorted({each for each, *_ in kept} - {each for each, *_ in used}):
        registry.forget_sign_in(endpoint, access)
