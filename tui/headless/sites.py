"""`wharfie sites …` and `wharfie login SITE`: saved places and their secrets, without a screen."""

from __future__ import annotations

import getpass
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path

from providers.access import Access
from providers.base import Place
from providers.errors import InvalidName, ProviderError, Secret
from providers.location import LOCAL, parse, show
from providers.records import dataclass, field, replace
from providers.registry import open_provider, sign_in
from providers.site_secrets import remove, save, secrets_of
from providers.sites import Site, Sites, kind_of
from providers.text import printable
from providers.vault import BadVault
from tui import format as fmt
from tui.headless.page import signed_in
from tui.headless.sign_in import asking, yes
from tui.trial import look_at

_NAME_WIDTH, _KIND_WIDTH = 16, 8


@dataclass(frozen=True, slots=True)
class SitesOrder:
    """What the command line asked for. `names`: of one site, or of all where none is given."""

    action: str
    names: tuple[str, ...] = ()
    kind: str = ""
    values: Mapping[str, str] = field(default_factory=dict)  # "" takes one away
    file: Path | None = None  # of import-ssh
    agreed: bool = False  # nothing is asked
    as_json: bool = False


def run_sites(order: SitesOrder, access: Access) -> int:
    """Carry out `order`; returns the exit status. Raises ProviderError."""
    return _ACTIONS[order.action](order, access)


def login(name: str, access: Access, *, needs: Secret | None = None, browser: bool = False) -> int:
    """Ask for a secret of a site or address, and keep it in the vault. Raises ProviderError.

    Without a terminal it is the first line of the standard input. Where a person signs in on a
    page of the service, that is waited for; `browser`: in one of this computer.
    """
    site = access.sites.get(name.removesuffix(":"))
    place = access.sites.place(site) if site is not None else parse(name, access.sites)
    if place.endpoint == LOCAL:
        raise _unknown(name)
    if browser or (needs is None and sign_in(place.endpoint, access) is not None):
        return _sign_in_on_page(place.endpoint, access, browser=browser)
    known = secrets_of(site) if site is not None else ()
    if needs is None:
        needs = known[0][0] if known else "password"
    subject = _subject(name, needs, known)
    where = printable(show(replace(place, path="")) if site is None else site.name)
    if sys.stdin.isatty():
        secret = getpass.getpass(f"{needs} for {where}: ", stream=sys.stderr)
    else:
        secret = sys.stdin.readline().rstrip("\r\n")
    if not secret:
        raise InvalidName("", "an empty secret is not kept", advice="Nothing was changed.")
    access.secrets.put(place.endpoint, needs, secret, subject, keep=True)
    print(f"The {needs} for {where} is in {access.secrets.vault.name} now.")
    return 0


def _sign_in_on_page(endpoint: str, access: Access, *, browser: bool) -> int:
    vault = access.secrets.vault
    if not vault.name:
        advice = 'Write secrets = "keyring" or secrets = "file" into settings.toml.'
        raise BadVault(endpoint, "sign-ins are not kept here", advice=advice)
    vault.get(endpoint, "sign-in", "")  # a keyring shows what is wrong with it when it is asked
    if vault.problem:
        raise BadVault(endpoint, vault.problem.rstrip("."), advice="")
    done = signed_in(endpoint, access, browser=browser)
    print(f"{printable(done.account)} is signed in.")
    if done.remark:
        _say(done.remark)
    return 1 if done.remark else 0


def _subject(name: str, needs: Secret, known: Sequence[tuple[Secret, str]]) -> str:
    """What the secret is for, beside its place: the file that a passphrase opens."""
    if needs != "passphrase":
        return ""
    for each, subject in known:
        if each == needs:
            return subject
    raise InvalidName(
        name,
        "a passphrase is for a file, and no saved site of this name says which",
        advice="Save a site with its key, or give the passphrase when it is asked for.",
    )


# Looking -------------------------------------------------------------------------------------


def _list(order: SitesOrder, access: Access) -> int:
    found, problems = access.sites.all(), access.sites.problems()
    for site in found:
        print(json.dumps(_described(site, access.sites)) if order.as_json else _line(site, access))
    if order.as_json:
        summary = {"summary": True, "sites": len(found), "problems": list(problems)}
        print(json.dumps(summary))
    elif not found:
        print("No sites are saved: “wharfie sites add NAME --kind sftp --set host=…” saves one.")
    for problem in problems if not order.as_json else ():
        _say(problem)
    return 1 if problems else 0


def _described(site: Site, sites: Sites) -> dict[str, object]:
    """A site as `--json` prints it. There is no secret in it."""
    told: dict[str, object] = {"name": site.name, "kind": site.kind, "origin": site.origin}
    try:
        place = sites.place(site)
    except InvalidName as error:
        return {**told, "values": dict(site.values), "problem": str(error)}
    told |= {"endpoint": place.endpoint, "path": place.path}
    return {**told, "values": dict(site.values)}


def _line(site: Site, access: Access) -> str:
    origin = "" if site.origin == "file" else "  (from the environment)"
    name = fmt.fit(site.name, max(_NAME_WIDTH, len(site.name)))
    title = fmt.fit(kind_of(site).title, _KIND_WIDTH)
    return f"{name}  {title}  {printable(address(site, access.sites))}{origin}"


def address(site: Site, sites: Sites) -> str:
    """Where a site is, without its name; what is wrong with it where that cannot be said."""
    try:
        place = sites.place(site)
    except InvalidName as error:
        return error.what
    plain = replace(place, endpoint=place.endpoint.partition("#")[0])
    return show(replace(plain, path="") if plain.path == "/~" else plain)


def _test(order: SitesOrder, access: Access) -> int:
    failed = 0
    for site in _chosen(order, access.sites):
        try:
            place = access.sites.place(site)
            told, fine = _tried(place, access), True
        except ProviderError as error:
            told, fine = str(error), False
        failed += not fine
        if order.as_json:
            print(json.dumps({"name": site.name, "ok": fine, "what": told}))
        else:
            print(f"{site.name}: {told}")
    if order.as_json:
        print(json.dumps({"summary": True, "failed": failed}))
    return 1 if failed else 0


def _tried(place: Place, access: Access) -> str:
    with closing(open_provider(place.endpoint, access)) as provider:
        return asking(access, lambda: look_at(provider, place))


def _chosen(order: SitesOrder, sites: Sites) -> Sequence[Site]:
    return [_require(name, sites) for name in order.names] if order.names else sites.all()


def _require(name: str, sites: Sites) -> Site:
    site = sites.get(name.removesuffix(":"))
    if site is None:
        raise _unknown(name)
    return site


def _unknown(name: str) -> InvalidName:
    what = "there is no site of this name"
    return InvalidName(name, what, advice="“wharfie sites” lists them.")


# Changing ------------------------------------------------------------------------------------


def _add(order: SitesOrder, access: Access) -> int:
    name = order.names[0]
    old = access.sites.get(name)
    if old is not None and old.origin == "file":
        advice = f"Change it with “wharfie sites edit {name}”."
        raise InvalidName(name, "there is a site of this name already", advice=advice)
    return _save(Site(name, order.kind, _given(order.values)), access)


def _edit(order: SitesOrder, access: Access) -> int:
    site = _require(order.names[0], access.sites)
    if site.origin != "file":
        raise InvalidName(site.name, "comes from the environment", advice="Change it there.")
    values = _given({**site.values, **order.values})
    return _save(replace(site, kind=order.kind or site.kind, values=values), access)


def _given(values: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in values.items() if value}


def _save(site: Site, access: Access) -> int:
    site = save(site, access)
    print(f"{site.name}: {printable(address(site, access.sites))}")
    return 0


def _remove(order: SitesOrder, access: Access) -> int:
    for name in order.names:
        remove(name, access)
        print(f"{printable(name)} is removed.")
    return 0


def _import_ssh(order: SitesOrder, access: Access) -> int:
    from providers.sftp import ssh_config  # paramiko takes a while to import

    own = Path.home() / ".ssh" / "config"
    hosts = ssh_config.read(order.file or own, live=order.file is None)
    there = {site.name for site in access.sites.all() if site.origin == "file"}
    chosen: list[Site] = []
    for host in hosts:
        if order.names and host.name not in order.names:
            continue
        if host.site is None:
            print(f"not taken: {host.why}")
        elif host.site.name in there:
            print(f"not taken: {host.site.name}: there is a site of this name already")
        else:
            print(_line(host.site, access))
            chosen.append(host.site)
    if not chosen:
        print("There is nothing to add.")
        return 0
    if not (order.agreed or (sys.stdin.isatty() and yes(f"Add these {len(chosen)}?"))):
        print("Nothing was added; --yes adds them.")
        return 0
    for site in chosen:
        access.sites.add(site)
    print(f"{len(chosen)} added.")
    return 0


def _say(text: str) -> None:
    print(f"wharfie: {text}", file=sys.stderr)


_ACTIONS: Mapping[str, Callable[[SitesOrder, Access], int]] = {
    "list": _list,
    "add": _add,
    "edit": _edit,
    "remove": _remove,
    "test": _test,
    "import-ssh": _import_ssh,
}
