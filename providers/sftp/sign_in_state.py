"""How far a sign-in has come, and what a person can give when nothing at hand was accepted."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

import paramiko

from providers.errors import AuthRequired, Denied
from providers.records import dataclass, field
from providers.sftp.agent import Agent
from providers.sftp.ahead import Attempts
from providers.sftp.identities import LockedKey
from providers.sftp.options import KEY, PASSWORD, PROMPTS
from providers.sftp.target import Target
from providers.sftp.wire import Wire
from providers.text import printable

_MOST_TRIES = 6  # OpenSSH's MaxAuthTries: at the sixth refusal it hangs up


@dataclass(slots=True)
class State:
    """What the server still accepts, and what was met on the way."""

    attempts: Attempts
    wire: Wire
    allowed: frozenset[str]
    unwanted: frozenset[str]  # what ~/.ssh/config leaves out of that
    agent: Agent | None = None
    held: list[paramiko.AgentKey] = field(default_factory=list)  # by the agent
    offered: set[bytes] = field(default_factory=set)  # public keys
    chosen: LockedKey | None = None  # a key of ~/.ssh/config that needs a passphrase
    locked: LockedKey | None = None  # a usual key that does
    refused_key: Path | None = None  # a key the person named
    tries: int = 0  # keys that were shown, a certificate counted by itself
    untried: int = 0  # keys of the agent that there was no room for
    tried_key: Path | None = None  # one of them, tried before the server was asked anything
    answered: bool = False  # the password was given, or the questions answered

    def takes(self, method: str) -> bool:
        return method in self.allowed and method not in self.unwanted

    def room(self) -> int:
        """How many keys may still be shown unasked: one less where a secret may have to follow."""
        most = _MOST_TRIES - (self.takes(PASSWORD) or self.takes(PROMPTS))
        return max(0, most - self.tries) if self.takes(KEY) else 0

    def within(self) -> AbstractContextManager[None]:
        """The time one attempt has. A cut then never looks like a refused secret."""
        return self.wire.within(self.wire.patience.sign_in)


def needed(to: Target, state: State) -> AuthRequired | Denied:
    """What a person can give now that nothing at hand was accepted."""
    refused = f"the key {printable(str(state.refused_key))} was refused; " * bool(state.refused_key)
    if state.allowed & state.unwanted and not any(map(state.takes, state.allowed)):
        return _left_out(to, state)
    if state.chosen is not None:
        return needs_passphrase(to, state.chosen, refused)
    if state.takes(PASSWORD) or state.takes(PROMPTS):
        return AuthRequired(
            to.endpoint,
            f"{refused}{printable(to.user)} needs a password",
            advice="Give the password, or name the right key (SFTP_KEY).",
        )
    if state.locked is not None:
        return needs_passphrase(to, state.locked, refused)
    return AuthRequired(
        to.endpoint,
        f"{refused}the server takes keys only and none at hand was accepted{_untried(state)}",
        needs="key",
        rejected=state.refused_key is not None,
        advice="Name the right private key (SFTP_KEY) or add it to your SSH agent.",
    )


def _left_out(to: Target, state: State) -> Denied:
    taken = printable(", ".join(sorted(state.allowed)))
    return Denied(
        to.endpoint,
        f"the server takes no way of signing in that ~/.ssh/config leaves; it takes {taken}",
        advice="Look at PreferredAuthentications there, and at lines like PasswordAuthentication.",
    )


def _untried(state: State) -> str:
    if not state.untried:
        return ""
    return f" ({state.untried} more in your SSH agent were not tried, for servers hang up on that)"


def needs_passphrase(to: Target, key: LockedKey, refused: str = "") -> AuthRequired:
    what = "the passphrase is wrong" if key.rejected else "the key needs its passphrase"
    return AuthRequired(
        to.endpoint,
        f"{refused}{what} ({printable(str(key.path))})",
        needs="passphrase",
        subject=str(key.path),
        rejected=key.rejected,
        advice="Give the passphrase, or add the key to your SSH agent.",
    )
