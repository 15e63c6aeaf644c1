"""~/.ssh/config as ssh_config(5) has it: what it says about one host. Nothing in it is ever run.

paramiko's reader runs `Match exec` with the host's name in a shell (faults.md 6, CVE-2023-51385)
and knows no Include. Only the person's own file is read, not /etc/ssh/ssh_config.
"""

from __future__ import annotations

import getpass
import glob
import os
import re
import stat
from collections.abc import Iterator, Sequence
from fnmatch import translate
from pathlib import Path

from providers.errors import Denied, Unsupported
from providers.records import dataclass, field
from providers.text import printable

_LARGEST = 1 << 20  # bytes
_DEEPEST = 16  # files that include one another, as in OpenSSH
_LINE = re.compile(r"\s*(?P<keyword>[A-Za-z0-9]+)(?:(?:\s*=\s*|\s+)(?P<rest>.*?))?\s*", re.DOTALL)
_WORD = re.compile(
    r'"((?:\\["\\]|[^"])*)"|\'((?:\\[\'\\]|[^\'])*)\'|(#.*)|((?:\\[\s"\'\\]|[^\s"\'])+)'
    r'|(["\'])'
)
_ESCAPED = re.compile(r"\\([\s\"'\\])")
_MANY = frozenset({"identityfile", "certificatefile"})  # each line adds one; else the first counts
_NEVER = frozenset({"exec", "localnetwork", "tagged", "command", "version", "sessiontype"})
"""Criteria of Match that would run something, ask the network, or are not about us."""
_LOOK = "Look at it with “ssh -G HOST”."


@dataclass(frozen=True, slots=True)
class Said:
    """One line: its words, the rest of it as it stands, and where that is ("line 3 of FILE")."""

    words: tuple[str, ...]
    rest: str
    where: str


@dataclass(slots=True)
class Found:
    """What the file says, by lower-case keyword. `notes` tell what was passed over, and where."""

    said: dict[str, list[Said]] = field(default_factory=dict)
    notes: dict[str, None] = field(default_factory=dict)
    names: dict[str, None] = field(default_factory=dict)  # of Host lines, without patterns

    def first(self, keyword: str) -> Said | None:
        return self.said.get(keyword, [None])[0]


def lookup(path: Path, host: str, user: str = "") -> Found:
    """What the file at `path` says about `host`, as a person typed it; no file says nothing.

    `user` is the one that was typed, "" when none was. Raises Denied when it cannot be read or is
    not the person's own, Unsupported when it is not as ssh expects it.
    """
    reading = _Reading(path, host, user)
    reading.file(path, 0, possible=True)
    if reading.again:
        reading.begin_again()
        reading.file(path, 0, possible=True)
    return reading.found


def words(text: str) -> tuple[str, ...]:
    """The words of the rest of a line, out of their quotes; a comment ends them.

    Raises ValueError for a quote that is not closed.
    """
    found: list[str] = []
    for match in _WORD.finditer(text):
        double, single, comment, plain, stray = match.groups()
        if comment is not None:
            break
        if stray:
            raise ValueError("a quote is not closed")
        word = next(each for each in (double, single, plain) if each is not None)
        found.append(_ESCAPED.sub(r"\1", word))
    return tuple(found)


def _said(rest: str, where: str) -> Said:
    try:
        return Said(words(rest), rest, where)
    except ValueError as error:
        raise Unsupported(where, str(error), advice=_LOOK) from error


def matches(patterns: Sequence[str], text: str) -> bool:
    """Whether one of `patterns` matches and none that begins with "!" does."""
    if any(_like(p[1:], text) for p in patterns if p.startswith("!")):
        return False
    return any(_like(p, text) for p in patterns if not p.startswith("!"))


def _like(pattern: str, text: str) -> bool:
    # "[" is literal here and starts a set in fnmatch.
    return re.match(translate(pattern.lower().replace("[", "[[]")), text.lower()) is not None


class _Reading:
    """A passage through the file and those it includes.

    `again`: a “Match final” asks for a second one, as in ssh: with the name that HostName gave for
    Host lines, and what the first one found standing.
    """

    def __init__(self, path: Path, host: str, user: str) -> None:
        self.found = Found()
        self.again = False
        self._final = False
        self._top = path
        self._typed = host
        self._host = host
        self._user = user

    def begin_again(self) -> None:
        self._final = True
        self._host = self._first("hostname", self._host)

    def file(self, path: Path, depth: int, *, possible: bool) -> None:
        """Read one file. `possible`: whether any line of it can count."""
        active = possible
        for number, line in enumerate(_lines(path), 1):
            match = _LINE.fullmatch(line)
            if match is None or line.lstrip().startswith("#"):
                continue
            keyword, where = match["keyword"].lower(), f"line {number} of {path}"
            said = _said(match["rest"] or "", where)
            if not said.words:
                if keyword in ("host", "match"):  # what follows would count for the block before
                    raise Unsupported(where, f"“{match['keyword']}” says of nobody what follows it")
                continue
            if keyword == "host":
                active = matches(said.words, self._host) and possible
                self.found.names |= dict.fromkeys(w for w in said.words if not set(w) & set("*?!"))
            elif keyword == "match":
                active = self._match(said) and possible
            elif keyword == "include":
                self._include(said, depth, possible=active)
            elif active:
                self._take(keyword, said)

    def _take(self, keyword: str, said: Said) -> None:
        before = self.found.said.setdefault(keyword, [])
        known = any(each.words == said.words for each in before)
        if not before or (keyword in _MANY and not known):
            before.append(said)

    def _include(self, said: Said, depth: int, *, possible: bool) -> None:
        if depth >= _DEEPEST:
            raise Unsupported(said.where, "too many files include one another")
        for word in said.words:
            pattern = os.path.join(glob.escape(str(self._top.parent)), os.path.expanduser(word))
            for path in map(Path, sorted(glob.glob(pattern))):
                if path.is_file():
                    self.file(path, depth + 1, possible=possible)

    def _match(self, said: Said) -> bool:
        """Whether a Match line is about the host. One that would run something never is."""
        left = list(said.words)
        result = True
        while left:
            word = left.pop(0)
            negated, (criterion, equals, value) = (
                word.startswith("!"),
                word.lstrip("!").partition("="),
            )
            criterion = criterion.lower()
            if criterion == "all":
                continue
            if criterion in _NEVER:
                note = f"{said.where}: “Match {criterion}” is not evaluated here"
                self.found.notes[note] = None
                return False
            if criterion in ("final", "canonical"):
                self.again |= criterion == "final"
                result = result and self._final != negated
                continue
            if not equals:
                value = left.pop(0) if left else ""
            result = result and self._holds(criterion, value, said.where) != negated
        return result

    def _holds(self, criterion: str, value: str, where: str) -> bool:
        subject = {
            "host": self._first("hostname", self._host),
            "originalhost": self._typed,
            "user": self._user or self._first("user", getpass.getuser()),
            "localuser": getpass.getuser(),
        }.get(criterion)
        if subject is None or not value:
            what = f"“Match {printable(criterion)}” is not as ssh expects it"
            raise Unsupported(where, what, advice=_LOOK)
        return matches(value.split(","), subject)

    def _first(self, keyword: str, otherwise: str) -> str:
        said = self.found.first(keyword)
        return said.words[0].replace("%h", self._typed) if said else otherwise


def _lines(path: Path) -> Iterator[str]:
    try:
        with path.open("rb") as file:
            _need_own(path, os.fstat(file.fileno()))
            text = file.read(_LARGEST).decode("utf-8", "surrogateescape")
    except FileNotFoundError:
        return iter(())
    except OSError as error:
        raise Denied(str(path), f"it cannot be read ({error.strerror})") from error
    return iter(text.split("\n"))


def _need_own(path: Path, status: os.stat_result) -> None:
    """A file that others can change could have anything run (ProxyCommand): OpenSSH's rule."""
    if os.name == "nt":
        return
    others = status.st_mode & stat.S_IWOTH
    if status.st_mode & stat.S_IWGRP:
        others = others or not _alone_in(status.st_gid)
    if status.st_uid not in (0, os.getuid()) or others:
        raise Denied(
            str(path),
            "others can change this file, so it is not followed",
            advice="Make it your own: chmod 600, and chown.",
        )


def _alone_in(group: int) -> bool:
    """Whether nobody else is in it: Debian and Ubuntu give everybody such a group."""
    import grp  # not on Windows
    import pwd

    try:
        mine, members = pwd.getpwuid(os.getuid()), grp.getgrgid(group).gr_mem
    except KeyError:
        return False
    return mine.pw_gid == group and set(members) <= {mine.pw_name}
