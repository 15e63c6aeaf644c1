"""What Wharfie runs on: Python, its packages, the terminal, and the proxies that are set."""

from __future__ import annotations

import operator
import os
import platform
import re
import shutil
import sqlite3
import ssl
import sys
from collections.abc import Iterator, Mapping
from importlib import metadata
from urllib.request import getproxies

from providers.diagnosis import Finding, Step

_SMALLEST = (80, 24)  # columns and lines the panes are made for
_REQUIREMENT = re.compile(r"([A-Za-z0-9._-]+)(?:\[[^\]]*\])?\s*\(?([^;)]*)\)?\s*(?:;.*)?")
_CLAUSE = re.compile(r"(>=|<=|==|!=|<|>)\s*([0-9][0-9.]*)")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_COMPARE = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
}


def look_at_system(environ: Mapping[str, str]) -> Iterator[Finding]:
    """Each step by itself: none stands in the way of the next."""
    yield from _python()
    yield from _packages()
    yield _terminal(environ)
    yield _proxies()


def _python() -> Iterator[Finding]:
    step = Step("python")
    have = platform.python_version()
    try:
        wanted = metadata.metadata("wharfie")["Requires-Python"] or ""
    except metadata.PackageNotFoundError:
        yield step.remark(
            f"Python {have} on {platform.platform()}; Wharfie itself is not installed",
            "pip install . (or -e .) installs it with the packages it needs.",
        )
        return
    if not satisfies(have, wanted):
        what = f"Python {have} is not what Wharfie needs ({wanted})"
        yield step.wrong(what, "Install it with a newer Python.")
        return
    yield step.fine(
        f"Python {have} on {platform.platform()}, {ssl.OPENSSL_VERSION.split(' (')[0]}, "
        f"SQLite {sqlite3.sqlite_version}"
    )


def _packages() -> Iterator[Finding]:
    """What pyproject.toml asks for, as it was written down when Wharfie was installed."""
    step = Step("packages")
    try:
        requirements = metadata.requires("wharfie") or []
    except metadata.PackageNotFoundError:
        return
    have: list[str] = []
    wrong: list[str] = []
    for requirement in requirements:
        match = _REQUIREMENT.fullmatch(requirement.strip())
        if match is None or "extra ==" in requirement:
            continue
        name, wanted = match[1], match[2].strip()
        try:
            version = metadata.version(name)
        except metadata.PackageNotFoundError:
            wrong.append(f"{name} is missing")
            continue
        have.append(f"{name} {version}")
        if not satisfies(version, wanted):
            wrong.append(f"{name} is {version}, and {wanted} is needed")
    if wrong:
        yield step.wrong("; ".join(wrong), "Install Wharfie again: pip install --upgrade wharfie")
    else:
        yield step.fine(", ".join(have))


def satisfies(version: str, wanted: str) -> bool:
    """Whether `version` keeps to `wanted` (">=5.1,<6"), as far as numbers tell."""
    return all(
        _COMPARE[sign](*_padded(_numbers(version), _numbers(bound)))
        for sign, bound in _CLAUSE.findall(wanted)
    )


def _numbers(version: str) -> list[int]:
    match = re.match(r"\d+(?:\.\d+)*", version)
    return [int(number) for number in match[0].split(".")] if match else []


def _padded(left: list[int], right: list[int]) -> tuple[list[int], list[int]]:
    length = max(len(left), len(right))
    return left + [0] * (length - len(left)), right + [0] * (length - len(right))


def _terminal(environ: Mapping[str, str]) -> Finding:
    step = Step("terminal")
    term = environ.get("TERM", "")
    encoding = (sys.stdout.encoding or "").lower().replace("_", "-")
    columns, lines = shutil.get_terminal_size()
    told = ", ".join(
        [
            f"TERM {term or 'is not set'}",
            f"colours {environ.get('COLORTERM') or 'as TERM says'}",
            *(["inside tmux"] if environ.get("TMUX") else []),
            *(["over SSH"] if environ.get("SSH_CONNECTION") else []),
            *(["NO_COLOR is set"] if environ.get("NO_COLOR") else []),
            f"{encoding or 'no encoding'}, {columns}×{lines}",
        ]
    )
    if not sys.stdout.isatty():
        return step.remark(f"what is printed here goes to no terminal; {told}")
    if os.name != "nt" and term in ("", "dumb"):
        return step.wrong(
            f"{told}: it cannot move its cursor",
            "The panes need another terminal; `wharfie ls`, `copy` and `queue` work here.",
        )
    advice = _terminal_advice(environ, term, encoding, (columns, lines))
    return step.remark(told, advice) if advice else step.fine(told)


def _terminal_advice(
    environ: Mapping[str, str], term: str, encoding: str, size: tuple[int, int]
) -> str:
    said: list[str] = []
    if encoding not in ("utf-8", "utf8"):
        said.append("Names and frames need UTF-8: set LANG to a UTF-8 locale (C.UTF-8 will do).")
    if environ.get("TMUX") and not term.startswith(("tmux", "screen")):
        said.append("Inside tmux TERM should be tmux-256color: set -g default-terminal in it.")
    if size[0] < _SMALLEST[0] or size[1] < _SMALLEST[1]:
        said.append(f"The panes need {_SMALLEST[0]}×{_SMALLEST[1]}: make the window larger.")
    return " ".join(said)


def _proxies() -> Finding:
    step = Step("proxy")
    found = getproxies()
    if not found:
        return step.fine("none is set: servers are reached directly")
    told = ", ".join(f"{scheme} → {masked(found[scheme])}" for scheme in sorted(found))
    return step.remark(
        told, "HTTP and WebDAV go that way, unless a site says otherwise; SFTP never does."
    )


def masked(proxy: str) -> str:
    """A proxy's address without what signs in to it."""
    scheme = _SCHEME.match(proxy)
    _, at, host = proxy.rpartition("@")
    return f"{scheme[0] if scheme else ''}***@{host}" if at else proxy
