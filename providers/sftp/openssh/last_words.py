"""What ssh wrote before it ended, as one of our errors. Its own words, never translated.

Text of the server may stand among them (its banner): it can make an error another one, not more.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

from providers.errors import (
    AuthRequired,
    ConnectionLost,
    Denied,
    HostKeyChanged,
    HostKeyRevoked,
    ProviderError,
    Unreachable,
    Unsupported,
)
from providers.text import printable

_STRANGER = "Host key verification failed."
_MOST = 200  # characters that are shown
_FINGERPRINT = re.compile(r"SHA256:[A-Za-z0-9+/]{20,}")
_CHANGED = "REMOTE HOST IDENTIFICATION HAS CHANGED"
_REVOKED = re.compile(
    r"^Host key .* revoked by file (?P<file>.+)|is marked as revoked|REVOKED HOST KEY", re.MULTILINE
)
_LISTED = re.compile(r"^Offending .*key in (.+):(\d+)$", re.MULTILINE)
_Made: TypeAlias = Callable[[str, str], ProviderError]  # of the endpoint, and the line or the whole


class HostKeyNotKnown(Denied):
    """In no list of ssh's own."""


def explain(said: str, endpoint: str, *, shown: bool = False) -> ProviderError:
    """The error of a connection that did not come about; `said` is all that ssh wrote.

    `shown`: the server itself showed its host key. ssh ends at once when that does not do, so what
    is written about one earlier is the server's own text.
    """
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    last = lines[-1] if lines else ""
    told = "\n".join(lines)
    if (last == _STRANGER or not shown) and (found := _of_the_host_key(told, endpoint)):
        return found
    for pattern, made in _SIGNS:
        match = pattern.search(told)
        if match is not None:
            return made(endpoint, _shown(match[0]))
    if not lines:
        return ConnectionLost(endpoint, "ssh ended and did not say why")
    return ConnectionLost(endpoint, f"ssh ended and said “{_shown(last)}”")


def _shown(line: str) -> str:
    return printable(line)[:_MOST]


def _no_such_host(endpoint: str, line: str) -> ProviderError:
    return Unreachable(
        endpoint,
        f"no computer is called so ({line})",
        advice="Check the name, and that the network is up.",
    )


def _unreachable(endpoint: str, line: str) -> ProviderError:
    return Unreachable(endpoint, line)


def _of_the_host_key(told: str, endpoint: str) -> ProviderError | None:
    if match := _REVOKED.search(told):
        what = f"its host key is marked as revoked in {_list(told, match['file'])}"
        return HostKeyRevoked(endpoint, what, key_type="", fingerprint="")
    if _CHANGED in told:
        found = _FINGERPRINT.search(told)
        what = f"its host key is not the one in {_list(told, None)}"
        return HostKeyChanged(endpoint, what, key_type="", fingerprint=found[0] if found else "")
    if _STRANGER in told:
        return HostKeyNotKnown(
            endpoint,
            "ssh does not know its host key",
            advice="Connect once with ssh in a terminal, and compare its fingerprint.",
        )
    return None


def _list(told: str, path: str | None) -> str:
    listed = _LISTED.search(told)
    if listed is not None:
        return f"line {listed[2]} of {_shown(listed[1])}"
    return _shown(path) if path else "a list of ssh"


def _keys_only(endpoint: str, line: str) -> ProviderError:
    return AuthRequired(
        endpoint,
        f"no key at hand was accepted ({line})",
        needs="key",
        advice="Name the right private key (SFTP_KEY) or add it to your SSH agent.",
    )


def _outdated(endpoint: str, line: str) -> ProviderError:
    return Unsupported(
        endpoint,
        f"ssh and the server have no encryption in common ({line})",
        advice="The server must be updated, or ~/.ssh/config allow what it has.",
    )


def _no_sftp(endpoint: str, line: str) -> ProviderError:
    return Denied(
        endpoint,
        "the server has no SFTP for this user",
        advice="Ask its owner to switch the sftp subsystem on.",
    )


def _too_old(endpoint: str, line: str) -> ProviderError:
    return Unsupported(
        endpoint,
        "the ssh program is too old for this",
        advice="OpenSSH 8.7 is needed; without “transport” the site needs none.",
    )


def _configuration(endpoint: str, line: str) -> ProviderError:
    return Unsupported(
        endpoint, f"ssh does not take its configuration ({line})", advice="Look with “ssh -G HOST”."
    )


def _no_askpass(endpoint: str, line: str) -> ProviderError:
    return Unsupported(
        endpoint,
        "ssh may not start the program that asks for a password",
        advice="The folder for temporary files must allow programs: set TMPDIR to one that does.",
    )


def _sign(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.MULTILINE | re.IGNORECASE)


_SIGNS: tuple[tuple[re.Pattern[str], _Made], ...] = (
    (_sign(r"^command-line.*Bad configuration option"), _too_old),
    (
        _sign(r"^.*(?:Bad configuration option|bad configuration options|line \d+: Bad ).*"),
        _configuration,
    ),
    (_sign(r"^ssh_askpass: exec.*"), _no_askpass),
    (_sign(r"Could not resolve hostname.*"), _no_such_host),
    (_sign(r"^Unable to negotiate with .*"), _outdated),
    (_sign(r"^subsystem request failed.*"), _no_sftp),
    (_sign(r"^.*(?:Permission denied \(.*|Too many authentication failures)"), _keys_only),
    (_sign(r"connect to host .*"), _unreachable),
    (_sign(r"^(?:channel \d+: open failed|stdio forwarding failed).*"), _unreachable),
    (_sign(r"^.*(?:kex_exchange_identification|banner exchange).*"), _unreachable),
)
