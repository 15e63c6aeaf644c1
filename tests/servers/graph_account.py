"""A site of the emulated OneDrive, and what gets into it: for tests of the sign-in."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

import requests

from providers.access import Access, Secrets
from providers.onedrive.auth import Tokens
from providers.onedrive.options import options_of
from providers.onedrive.sign_in import OneDriveSignIn
from providers.person_sign_in import SignedIn
from providers.sandbox.graph.emulator import GraphServer
from providers.sites import Site, Sites
from providers.vault import KeyringVault, Vault
from providers.web.calls import Calls
from tests.servers import keyrings

NAME = "work"


@dataclass(frozen=True)
class Account:
    """A home with one site of that kind. `access` is one process's."""

    server: GraphServer
    folder: Path
    vault: Vault
    access: Access
    endpoint: str

    def another_process(self, *, vault: Vault | None = None) -> Account:
        """It shares files and vault, and no memory."""
        secrets = Secrets(vault or self.vault)
        sites = Sites(self.folder / "sites.toml")
        return replace(self, access=replace(self.access, secrets=secrets, sites=sites))

    def tokens(self) -> Tokens:
        return Tokens(
            self.endpoint, options_of(self.access.sites.options(self.endpoint)), self.access
        )

    def attempt(self) -> OneDriveSignIn:
        return OneDriveSignIn(self.endpoint, self.access)

    def sign_in(self) -> SignedIn:
        """With a code, which the person allows at once."""
        attempt = self.attempt()
        code = attempt.begin()
        self.server.login.decide(code.code, "yes")
        return attempt.wait()

    def token(self, tokens: Tokens) -> str:
        with Calls(self.endpoint).call() as call:
            return tokens.token(call)

    def ask(self, token: str, path: str = "/me/drive") -> tuple[int, str | None]:
        """The status of Graph's answer, and the claims that it demands."""
        headers = {"Authorization": f"Bearer {token}"}
        answer = requests.get(self.server.graph_base + path, headers=headers, timeout=30)
        found = re.search(r'claims="([^"]*)"', answer.headers.get("WWW-Authenticate", ""))
        return answer.status_code, found[1] if found else None

    def asked(self, path: str) -> int:
        """How many requests the login server had whose path ends so."""
        return sum(each.endswith(path) for _, _, each in self.server.asked)


def account(
    server: GraphServer, folder: Path, *, vault: Vault | None = None, **values: str
) -> Account:
    """A home in `folder` with a saved site; `values` besides the app's ID."""
    vault = vault or KeyringVault(keyrings.Good())
    sites = Sites(folder / "sites.toml")
    site = Site(NAME, "onedrive", {"client_id": server.client_id, **values})
    access = Access(
        folder / "known_hosts",
        secrets=Secrets(vault),
        sites=sites,
        settings=server.environment(),
        sign_ins=folder / "sign-ins",
    )
    sites.add(site)
    return Account(server, folder, vault, access, sites.place(site).endpoint)
