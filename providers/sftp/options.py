"""What ~/.ssh/config says about a connection, as values: typed, expanded, and checked.

Read anew for each connection, so that a change counts at once. A value that ssh would not take is
an error with its line; keywords that do not concern file transfers are passed over.
"""

from __future__ import annotations

import getpass
import os
import re
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal, TypeVar

from providers.errors import Unsupported
from providers.records import dataclass
from providers.sftp import config_file
from providers.sftp.config_file import Found, Said
from providers.text import printable

T = TypeVar("T")

NONE = "none"
KEY, PASSWORD, PROMPTS = "publickey", "password", "keyboard-interactive"
_TOKEN = re.compile(r"%(.?)|\$\{(\w+)\}", re.DOTALL)
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_TIME = re.compile(r"(\d+)([smhdw]?)", re.IGNORECASE)
_WORDS = {"yes": True, "true": True, "no": False, "false": False}

Strictness = Literal["ask", "yes", "accept-new"]
_STRICT: Mapping[str, Strictness] = {
    "ask": "ask",
    "yes": "yes",
    "true": "yes",
    "accept-new": "accept-new",
    # ssh would take a changed key as well: that is never done here.
    "no": "accept-new",
    "off": "accept-new",
    "false": "accept-new",
}

_FAMILIES: Mapping[str, int] = {"any": 0, "inet": socket.AF_INET, "inet6": socket.AF_INET6}
_SWITCHES = {
    "pubkeyauthentication": KEY,
    "passwordauthentication": PASSWORD,
    "kbdinteractiveauthentication": PROMPTS,
    "challengeresponseauthentication": PROMPTS,
}


@dataclass(frozen=True, slots=True)
class Options:
    """Empty values and None: nothing was said. Times in seconds. `notes`: what was passed over."""

    host: str = ""
    port: int | None = None
    user: str = ""
    identities: tuple[Path, ...] = ()
    certificates: tuple[Path, ...] = ()
    identities_only: bool = False
    unwanted: frozenset[str] = frozenset()  # KEY, PASSWORD, PROMPTS: never tried
    agent: str = ""  # the path of its socket; NONE: use none
    jump: str = ""  # "user@host:port,…"; never NONE
    command: str = ""  # ProxyCommand, expanded; never NONE
    known_hosts: tuple[Path, ...] | None = None
    host_key_alias: str = ""
    strict: Strictness = "ask"
    hash_known_hosts: bool = False
    family: int = 0  # AF_INET or AF_INET6; 0: either
    connect_timeout: float | None = None
    alive_interval: float = 0.0
    alive_count: int = 3
    control_persist: bool = False  # a connection that is shared outlives whoever opened it
    compression: bool = False
    ciphers: str = ""  # a list as ssh has it, with its "+", "-" or "^"
    macs: str = ""
    exchanges: str = ""
    host_keys: str = ""
    notes: tuple[str, ...] = ()


def options_for(path: Path, host: str, *, port: int | None, user: str) -> Options:
    """What the file at `path` says about `host`; `port` None and `user` "": none was typed.

    Host and user must have been checked (`connect.check_names`) before: they get into a
    ProxyCommand. Raises Denied, Unsupported.
    """
    found = config_file.lookup(path, host, user)
    take = _Taking(found, {"%": "%", "n": host, "h": host})
    name = take.text("hostname") or host
    said_port = take.number("port", most=65535)
    user_there = user or take.word("user")
    take.tokens |= _tokens(name, port or said_port or 22, user_there or getpass.getuser())
    take.tokens["k"] = alias = take.word("hostkeyalias") or host
    command = take.command()
    first = take.first_of("proxyjump", "proxycommand")  # as in ssh, the one that stands first
    return Options(
        host=name,
        port=said_port,
        user=user_there,
        identities=take.paths("identityfile"),
        certificates=take.paths("certificatefile"),
        identities_only=take.truth("identitiesonly"),
        unwanted=take.unwanted(),
        agent=_agent(take.text("identityagent")),
        jump=take.text("proxyjump") if first == "proxyjump" else "",
        command=command if first == "proxycommand" else "",
        known_hosts=take.files("userknownhostsfile"),
        host_key_alias=alias if take.word("hostkeyalias") else "",
        strict=take.strict(),
        hash_known_hosts=take.truth("hashknownhosts"),
        family=take.family(),
        connect_timeout=take.seconds("connecttimeout"),
        alive_interval=take.seconds("serveraliveinterval") or 0.0,
        alive_count=take.number("serveralivecountmax") or 3,
        control_persist=take.word("controlpersist").lower() not in ("", "no", "false"),
        compression=take.truth("compression"),
        ciphers=take.word("ciphers"),
        macs=take.word("macs"),
        exchanges=take.word("kexalgorithms"),
        host_keys=take.word("hostkeyalgorithms"),
        notes=tuple(found.notes),
    )


def _tokens(name: str, port: int, user: str) -> dict[str, str]:
    here = socket.gethostname()
    return {
        "h": name,
        "p": str(port),
        "r": user,
        "u": getpass.getuser(),
        "d": str(Path.home()),
        "l": here,
        "L": here.partition(".")[0],
        "i": str(os.getuid()) if hasattr(os, "getuid") else "0",
    }


def _agent(said: str) -> str:
    """A socket's path. "SSH_AUTH_SOCK" and "$NAME" are variables that hold one."""
    if said == "SSH_AUTH_SOCK":
        return ""
    if said.startswith("$"):
        return os.environ.get(said[1:], "") or NONE
    return said if said in ("", NONE) else os.path.expanduser(said)


class _Taking:
    """Takes values out of what was found. Raises Unsupported, with the line, for a bad one."""

    def __init__(self, found: Found, tokens: dict[str, str]) -> None:
        self._found = found
        self.tokens = tokens

    def word(self, keyword: str) -> str:
        said = self._found.first(keyword)
        return said.words[0] if said else ""

    def text(self, keyword: str) -> str:
        """Its first word, expanded."""
        said = self._found.first(keyword)
        return self._expanded(said.words[0], said) if said else ""

    def command(self) -> str:
        """The rest of the line, with its quotes: a shell reads it."""
        said = self._found.first("proxycommand")
        if said is None or said.rest.lower() == NONE:
            return ""
        return self._expanded(said.rest, said, variables=False)

    def first_of(self, *keywords: str) -> str:
        """Which of them decides; "" when none does or that one says "none"."""
        for keyword in self._found.said:
            if keyword in keywords:
                return "" if self.word(keyword).lower() == NONE else keyword
        return ""

    def paths(self, keyword: str) -> tuple[Path, ...]:
        lines = self._found.said.get(keyword, [])
        return tuple(
            Path(os.path.expanduser(self._expanded(said.words[0], said)))
            for said in lines
            if said.words[0].lower() != NONE
        )

    def files(self, keyword: str) -> tuple[Path, ...] | None:
        """The words of its one line; None when there is none."""
        said = self._found.first(keyword)
        if said is None:
            return None
        expanded = (self._expanded(word, said) for word in said.words if word.lower() != NONE)
        return tuple(Path(os.path.expanduser(word)) for word in expanded)

    def truth(self, keyword: str) -> bool:
        return self._read(keyword, lambda word: _WORDS[word.lower()], False)

    def number(self, keyword: str, *, most: int = 1 << 31) -> int | None:
        return self._read(keyword, lambda word: range(most + 1).index(int(word)) or None, None)

    def seconds(self, keyword: str) -> float | None:
        said = self._read(keyword, lambda w: 0.0 if w.lower() == NONE else _seconds(w), None)
        return said or None

    def strict(self) -> Strictness:
        return self._read("stricthostkeychecking", lambda word: _STRICT[word.lower()], "ask")

    def family(self) -> int:
        return self._read("addressfamily", lambda word: _FAMILIES[word.lower()], 0)

    def unwanted(self) -> frozenset[str]:
        """The ways of signing in that are left out. In which order ssh tries them is not followed:
        a password and answers are only those that a person gave."""
        switched_off = {
            method
            for keyword, method in _SWITCHES.items()
            if self.word(keyword).lower() in ("no", "false")
        }
        preferred = self.word("preferredauthentications").split(",")
        left = {KEY, PASSWORD, PROMPTS}.intersection(preferred)
        others = {KEY, PASSWORD, PROMPTS} - left if preferred != [""] else set()
        return frozenset(switched_off | others)

    def _read(self, keyword: str, read: Callable[[str], T], otherwise: T) -> T:
        said = self._found.first(keyword)
        if said is None:
            return otherwise
        try:
            return read(said.words[0])
        except (ValueError, LookupError):
            what = f"“{printable(said.words[0])}” is nothing that {keyword} can be"
        raise Unsupported(said.where, what, advice="Look at it with “ssh -G HOST”.")

    def _expanded(self, text: str, said: Said, *, variables: bool = True) -> str:
        def value(match: re.Match[str]) -> str:
            token, name = match.groups()
            if name is not None:
                return _variable(name, said) if variables else match[0]
            if token in self.tokens:
                return self.tokens[token]
            raise Unsupported(said.where, f"“%{printable(token)}” is not understood there")

        return _TOKEN.sub(value, text)


def _variable(name: str, said: Said) -> str:
    """Raises Unsupported for one that is not set: "${HERE}/known_hosts" is not "/known_hosts"."""
    value = os.environ.get(name)
    if value is None:
        raise Unsupported(said.where, f"the variable {name} is not set")
    return value


def _seconds(text: str) -> float:
    """A time as sshd_config(5) writes them: 90, 10m, 1h30m."""
    if not re.fullmatch(f"({_TIME.pattern})+", text, re.IGNORECASE):
        raise ValueError
    return float(sum(int(n) * _UNITS[unit.lower()] for n, unit in _TIME.findall(text)))
