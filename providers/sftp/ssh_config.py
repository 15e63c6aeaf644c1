"""The hosts of ~/.ssh/config as sites: for a person who has written them down once already."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import paramiko

from providers import sites
from providers.errors import Denied, InvalidName, NotFound, Unsupported
from providers.sites import Site
from providers.text import printable

_KEYWORD = re.compile(r"\s*(\w+)")
_THROUGH = ("proxyjump", "proxycommand")
_LARGEST = 1 << 20  # characters


@dataclass(frozen=True, slots=True)
class Found:
    """One Host entry: a site, or why it makes none (safe for a terminal)."""

    name: str
    site: Site | None
    why: str = ""


def read(path: Path) -> list[Found]:
    """The Host entries of the file, in its order; those with a pattern for a name are left out.

    Nothing is run and no name is looked up: Match blocks and CanonicalizeHostname do not count.
    Raises NotFound, Denied, Unsupported.
    """
    try:
        text = path.read_text(encoding="utf-8", errors="surrogateescape")[:_LARGEST]
    except FileNotFoundError:
        raise NotFound(str(path), "there is no such file", advice="Check --file.") from None
    except OSError as error:
        raise Denied(str(path), f"it cannot be read ({error.strerror})") from error
    lines, names = _harmless(text)
    try:
        config = paramiko.SSHConfig.from_text("\n".join(lines))
    except (paramiko.SSHException, ValueError) as error:
        what = f"it is not as ssh expects it ({printable(str(error))})"
        raise Unsupported(str(path), what, advice="Look at it with “ssh -G HOST”.") from error
    return [_found(name, dict(config.lookup(name))) for name in names]


def _harmless(text: str) -> tuple[list[str], list[str]]:
    """The lines without those that would run something or ask the network; the hosts' names."""
    lines: list[str] = []
    names: dict[str, None] = {}
    in_match = False
    for line in text.splitlines():
        found = _KEYWORD.match(line)
        keyword = found[1].lower() if found else ""
        if keyword in ("host", "match"):
            in_match = keyword == "match"
        if in_match or keyword.startswith("canonical"):
            continue
        lines.append(line)
        if keyword == "host":
            words = line.strip()[len("host") :].lstrip(" \t=").split()
            names |= dict.fromkeys(w.strip('"') for w in words if not set(w) & set("*?!"))
    return lines, list(names)


def _found(name: str, said: dict[str, object]) -> Found:
    through = next((key for key in _THROUGH if str(said.get(key, "none")).lower() != "none"), "")
    if through:
        return Found(name, None, f"{printable(name)}: another host on the way ({through})")
    values = {
        "host": str(said.get("hostname", name)),
        "port": str(said.get("port", "")),
        "user": str(said.get("user", "")),
    }
    keys = said.get("identityfile")
    if isinstance(keys, list) and keys:
        values["key"] = str(keys[0])
    site = Site(name.lower(), "sftp", {key: value for key, value in values.items() if value})
    try:
        sites.check(site)
    except InvalidName as error:
        return Found(name, None, f"{printable(name)}: {error.what}")
    return Found(name, site)
