"""The hosts of ~/.ssh/config as sites: for a person who has written them down once already."""

from __future__ import annotations

from pathlib import Path

from providers import sites
from providers.errors import InvalidName, NotFound
from providers.records import dataclass
from providers.sftp import config_file
from providers.sftp.options import Options, options_for
from providers.sftp.target import target
from providers.sites import Site
from providers.text import printable


@dataclass(frozen=True, slots=True)
class Found:
    """One Host entry: a site, or why it makes none (safe for a terminal)."""

    name: str
    site: Site | None
    why: str = ""


def read(path: Path, *, live: bool = False) -> list[Found]:
    """The Host entries of the file, in its order; those with a pattern for a name are left out.

    `live`: it is the file that is read for every connection. One with another server on the way is
    taken only then, under the name it has there. Nothing is run and no name is looked up.
    Raises NotFound, Denied, Unsupported.
    """
    if not path.is_file():
        raise NotFound(str(path), "there is no such file", advice="Check --file.")
    names = config_file.lookup(path, "").names
    return [_found(name, path, live=live) for name in names]


def _found(name: str, path: Path, *, live: bool) -> Found:
    try:
        target(f"sftp://{name}")
        said = options_for(path, name, port=None, user="")
        site = _site(name, said)
        sites.check(site)
    except InvalidName as error:
        return Found(name, None, f"{printable(name)}: {error.what}")
    if not (said.jump or said.command):
        return Found(name, site)
    if live:
        return Found(name, Site(site.name, "sftp", {"host": name}))
    way = "proxyjump" if said.jump else "proxycommand"
    return Found(name, None, f"{printable(name)}: another host on the way ({way})")


def _site(name: str, said: Options) -> Site:
    values = {
        "host": said.host,
        "port": str(said.port or ""),
        "user": said.user,
        "key": str(said.identities[0]) if said.identities else "",
    }
    return Site(name.lower(), "sftp", {key: value for key, value in values.items() if value})
