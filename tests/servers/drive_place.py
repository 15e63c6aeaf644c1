"""A drive of the emulator as a place, with a token that nobody had to sign in for."""

from __future__ import annotations

from pathlib import Path

from providers.access import Access
from providers.errors import AuthRequired
from providers.onedrive.graph import Session
from providers.onedrive.options import options_of
from providers.onedrive.provider import OneDriveProvider
from providers.sandbox.graph import GraphServer
from providers.seal import Seal
from providers.web.calls import Call
from providers.web.patience import USUAL, Patience

ENDPOINT = "onedrive:demo"


class GivenTokens:
    """One token after the other, each until it is refused. See `auth.Tokens`."""

    def __init__(self, *tokens: str) -> None:
        self.left = list(tokens)
        self.refusals: list[tuple[str, str | None]] = []

    def token(self, call: Call) -> str:
        if not self.left:
            raise AuthRequired(ENDPOINT, needs="token", rejected=True)
        return self.left[0]

    def refused(self, token: str, claims: str | None) -> None:
        self.refusals.append((token, claims))
        if token in self.left:
            self.left.remove(token)


def open_drive(
    server: GraphServer,
    home: Path,
    *,
    tokens: GivenTokens | None = None,
    patience: Patience = USUAL,
    **site: str,
) -> OneDriveProvider:
    """A provider of its own, with the seal that all those in `home` share."""
    given = tokens or GivenTokens(server.issue_token())
    return drive_at(server.graph_base, home, given, patience=patience, **site)


def drive_at(
    base: str, home: Path, tokens: GivenTokens, *, patience: Patience = USUAL, **site: str
) -> OneDriveProvider:
    """As `open_drive`, where Graph is at `base`."""
    options, access = options_of(site), Access(home / "known_hosts")
    session = Session(ENDPOINT, base, options, access, tokens, patience=patience)
    return OneDriveProvider(session, Seal(home / "seal.key"))
