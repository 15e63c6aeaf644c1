"""Saved sites: an address and how it is spoken to, under a name. Never a secret.

sites.toml is edited by hand as well: a mistake in it becomes a sentence with its line, the sites
around it stay usable, and what cannot be read is never written over. Where a site says more than
its address can, "#name" stands at the end of its endpoint and the provider looks up the rest here.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, Protocol

from providers import registry, sites_file
from providers.base import Place
from providers.errors import InvalidName, Secret, Unsupported
from providers.records import dataclass, field, replace
from providers.site_values import HEADERS, check_headers, with_whole_paths
from providers.sites_file import BadSites
from providers.text import printable

__all__ = [
    "NAME",
    "BadSites",
    "Field",
    "Site",
    "SiteKind",
    "Sites",
    "check",
    "check_name",
    "kind_of",
]

NAME = re.compile(r"[a-z0-9][a-z0-9._-]+")
_NAME_LONGEST = 64
_LIST = "“wharfie sites” lists them."


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that a site of some kind may say. The connect screen draws it as it is.

    What files of this computer and headers are called is in `site_values`.
    """

    name: str  # the key in sites.toml and of `--set name=value`
    label: str
    hint: str = ""  # the default, or an example
    choices: tuple[str, ...] = ()  # a closed list, the default first; else any text
    secret: Secret | None = None  # kept as this secret of the site's endpoint, never in sites.toml
    required: bool = False


@dataclass(frozen=True, slots=True)
class Site:
    """A place under a name. `values` are by `Field.name`, without secrets and empty ones."""

    name: str
    kind: str
    values: Mapping[str, str]
    origin: Literal["file", "environment"] = "file"


class SiteKind(Protocol):
    """What sites of one kind look like. Importable without the kind's SDK."""

    @property
    def kind(self) -> str:
        """As in sites.toml: "sftp"."""
        ...

    @property
    def title(self) -> str:
        """As a person reads it: "SFTP"."""
        ...

    @property
    def fields(self) -> tuple[Field, ...]: ...

    def place(self, site: Site) -> Place:
        """The endpoint (with "#name" where it needs `values`), and where the site starts.

        Raises InvalidName whose `path` is the name of the field that cannot be used.
        """
        ...

    def from_environment(self, settings: Mapping[str, str]) -> Sequence[Site]:
        """The sites that the settings make by themselves (SFTP_HOST, FILE_URL, …)."""
        ...


@dataclass(frozen=True, slots=True)
class _Reading:
    """The file as it was at `stamp`. `problem`: why nothing of it is usable."""

    stamp: object = None
    sites: Mapping[str, Site] = field(default_factory=dict)
    problems: Mapping[str, BadSites] = field(default_factory=dict)  # by the site's name
    problem: BadSites | None = None


class Sites:
    """The sites of one file and of the environment. Thread-safe; the file is read when it changes.

    Without a path there are only those of the environment. A saved site hides one of the
    environment that has the same name.
    """

    def __init__(self, path: Path | None = None, settings: Mapping[str, str] | None = None) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._reading = _Reading()
        kinds = registry.kinds().values() if settings else ()
        self._environment = {
            site.name: site for kind in kinds for site in kind.from_environment(settings or {})
        }

    def all(self) -> tuple[Site, ...]:
        """Every usable site: the saved ones in the file's order, then the environment's."""
        saved = self._read().sites
        others = [site for site in self._environment.values() if site.name not in saved]
        return (*saved.values(), *others)

    def problems(self) -> tuple[str, ...]:
        """What is wrong with the file: sentences with the line they are about."""
        reading = self._read()
        wrong = [reading.problem] if reading.problem else []
        return tuple(str(error) for error in (*wrong, *reading.problems.values()))

    def get(self, name: str) -> Site | None:
        """The site of that name; None when there is none. Raises BadSites when the file hides it.

        A name that is an environment's is found whatever is wrong with the file.
        """
        reading = self._read()
        if name in reading.sites:
            return reading.sites[name]
        if name in reading.problems:
            raise reading.problems[name]
        if name in self._environment:
            return self._environment[name]
        if reading.problem is not None:
            raise reading.problem
        return None

    def place(self, site: Site) -> Place:
        """Where `site` is and starts. Raises InvalidName naming the field that is wrong."""
        return kind_of(site).place(site)

    def options(self, endpoint: str) -> Mapping[str, str]:
        """What the site at the end of `endpoint` says beside its address; {} where none stands.

        Raises Unsupported when that site is gone or has another address now: what was meant for
        one server never goes to another. Raises BadSites.
        """
        address, hash_, name = endpoint.partition("#")
        if not hash_:
            return {}
        site = self.get(name)
        if site is None:
            raise Unsupported(
                endpoint,
                f"there is no site “{printable(name)}” any more",
                advice="Add it again with this address, or cancel what needs it.",
            )
        if self.place(site).endpoint != endpoint:
            raise Unsupported(
                endpoint,
                f"the site “{name}” has another address now",
                advice=f"Give it the address {printable(address)} again, or cancel what needs it.",
            )
        return site.values

    def add(self, site: Site) -> Site:
        """Save `site`, over one of its name; comments and all other sites stay as they are.

        Returned as it is saved: files it names by a path from the current folder have a whole one.
        Raises InvalidName naming the field that is wrong, BadSites.
        """
        site = replace(site, values=with_whole_paths(site.values, Path.cwd()))
        check(site)
        path = self._own_path()
        with self._lock, sites_file.changing(path):
            text = self._text_to_change(path)
            sites_file.write(path, sites_file.with_site(text, site.name, site.kind, site.values))
        return site

    def remove(self, name: str) -> None:
        """Forget a saved site, also one that cannot be used. Raises InvalidName, BadSites."""
        path = self._own_path()
        with self._lock, sites_file.changing(path):
            text = self._text_to_change(path)
            left = sites_file.without_site(text, name)
            if left is None:
                raise InvalidName(name, "there is no saved site of this name", advice=_LIST)
            sites_file.write(path, left)

    def _own_path(self) -> Path:
        if self.path is None:
            raise BadSites("", "no sites are kept here", advice="Start wharfie without demo.")
        return self.path

    def _text_to_change(self, path: Path) -> str:
        text = sites_file.read(path)
        sites_file.parse(path, text)
        return text

    def _read(self) -> _Reading:
        if self.path is None:
            return _Reading()
        with self._lock:
            stamp = sites_file.stamp(self.path)
            if stamp != self._reading.stamp:
                self._reading = _read(self.path, stamp)
            return self._reading


def kind_of(site: Site) -> SiteKind:
    """The kind of `site`. Raises InvalidName."""
    kinds = registry.kinds()
    if site.kind not in kinds:
        known = ", ".join(kinds)
        raise InvalidName(
            "kind",
            f"“{printable(site.kind)}” is not a kind of site ({known})",
            advice="Choose one of these.",
        )
    return kinds[site.kind]


def check_name(name: str) -> None:
    """Raise InvalidName unless a site may be called `name`.

    One letter is left to Windows drives, the names of schemes to addresses.
    """
    if not NAME.fullmatch(name) or len(name) > _NAME_LONGEST or name in registry.schemes():
        raise InvalidName(
            "name",
            f"“{printable(name)}” cannot be the name of a site",
            advice="Two to 64 small letters, digits, dots, dashes, and not a scheme such as sftp.",
        )


def check(site: Site) -> None:
    """Raise InvalidName, whose `path` is the field, unless `site` can be saved and used."""
    check_name(site.name)
    kind = kind_of(site)
    fields = {each.name: each for each in kind.fields}
    for name, value in site.values.items():
        _check_value(kind, fields.get(name), name, value)
    for each in kind.fields:
        if each.required and not site.values.get(each.name):
            raise InvalidName(each.name, f"{each.label} is missing", advice="A site needs it.")
    kind.place(site)


def _check_value(kind: SiteKind, about: Field | None, name: str, value: str) -> None:
    if about is None:
        known = ", ".join(each.name for each in kind.fields if each.secret is None)
        what = f"{kind.title} sites have no “{printable(name)}”"
        raise InvalidName(name, what, advice=f"They have: {known}.")
    if about.secret is not None:
        raise InvalidName(
            name, "a secret is never kept in this file", advice="Use “wharfie login SITE” for it."
        )
    if name == HEADERS:
        check_headers(value)
    if about.choices and value not in about.choices:
        what = f"“{printable(value)}” is not a choice for {about.label}"
        raise InvalidName(name, what, advice=f"Choose one of: {', '.join(about.choices)}.")


def _read(path: Path, stamp: object) -> _Reading:
    try:
        text = sites_file.read(path)
        tables = sites_file.parse(path, text)
    except BadSites as error:
        return _Reading(stamp, problem=error)
    found: dict[str, Site] = {}
    problems: dict[str, BadSites] = {}
    for name, values in tables.items():
        try:
            found[name] = _site(name, values, path.parent)
        except InvalidName as error:
            line = sites_file.line_of(text, name, error.path)
            what = f"line {line}: site “{printable(name)}”: {error.what}"
            problems[name] = BadSites(str(path), what, advice=error.advice)
    return _Reading(stamp, found, problems)


def _site(name: str, values: object, folder: Path) -> Site:
    if not isinstance(values, dict):
        raise InvalidName(name, "this does not belong to a site", advice="Write it below [NAME].")
    texts = {key: sites_file.as_text(key, value) for key, value in values.items()}
    kind = texts.pop("kind", "")
    site = Site(name, kind, with_whole_paths({k: v for k, v in texts.items() if v}, folder))
    check(site)
    return site
