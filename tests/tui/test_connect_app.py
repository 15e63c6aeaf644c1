"""The connect screen in the application: tests that sign in, secrets that are remembered."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from providers.access import Access, Secrets
from providers.base import Entry, Place
from providers.errors import AuthRequired
from providers.sites import Site, Sites
from providers.vault import FileVault, KeyringVault, Vault
from tests.servers import keyrings
from tests.tui.app_case import AppPilot, Tree, names, pane, read, text, until
from tests.tui.fake_queue import FakeQueue
from tui.app import WharfieApp
from tui.screens.connect import ConnectScreen
from tui.screens.message import MessageScreen
from tui.screens.secret import SecretScreen

HOST = "sftp://ann@h.example:22"
RIGHT = "canary-right"


class Guarded(Tree):
    """Opens to one password."""

    def __init__(self, access: Access) -> None:
        super().__init__(["/inside.txt"])
        self.access = access

    def resolve(self, path: str) -> str:
        self._guard()
        return super().resolve("/")

    def list_dir(self, path: str) -> Iterator[Sequence[Entry]]:
        self._guard()
        return super().list_dir(path)

    def _guard(self) -> None:
        given = self.access.secrets.get(HOST, "password")
        if given != RIGHT:
            raise AuthRequired(HOST, rejected=given is not None)


@pytest.fixture(autouse=True)
def no_deaf_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.sign_in.QUIET", 0.0)


def make(folder: Path, vault: Vault) -> WharfieApp:
    sites = Sites(folder / "sites.toml")
    sites.add(Site("work", "sftp", {"host": "h.example", "user": "ann"}))
    access = Access(folder / "hosts", sites=sites, secrets=Secrets(vault))
    made: dict[str, Tree] = {}

    def open_one(endpoint: str, access: Access) -> Tree:
        if endpoint not in made:
            made[endpoint] = Guarded(access) if endpoint == HOST else Tree(["/here.txt"])
        return made[endpoint]

    places = Place("memory://x", "/"), Place("memory://y", "/")
    return WharfieApp(FakeQueue(), access, *places, open_provider=open_one)


async def shown(pilot: AppPilot, kind: type) -> None:
    await until(pilot, lambda: isinstance(pilot.app.screen, kind))
    await pilot.pause()


async def connect(pilot: AppPilot) -> None:
    """Open the connect screen, its list read."""
    await read(pilot)
    await pilot.press("f9")
    await shown(pilot, ConnectScreen)
    await until(pilot, lambda: pilot.app.screen.offers)  # type: ignore[attr-defined]


async def test_a_site_is_opened_by_part_of_its_name_and_its_password_remembered(
    tmp_path: Path,
) -> None:
    secrets = tmp_path / "secrets.json"
    app = make(tmp_path, FileVault(secrets))
    async with app.run_test(size=(80, 24)) as pilot:
        await connect(pilot)
        await pilot.press(*"wor", "enter")
        await shown(pilot, SecretScreen)
        await pilot.press("ctrl+r", *RIGHT, "enter")
        await until(pilot, lambda: names(app) == ["inside.txt"])
        assert json.loads(secrets.read_text()) == {f"password||{HOST}": RIGHT}
    app = make(tmp_path, FileVault(secrets))  # the next run
    async with app.run_test(size=(80, 24)) as pilot:
        await connect(pilot)
        await pilot.press(*"work", "enter")
        await until(pilot, lambda: names(app) == ["inside.txt"])


async def test_a_password_is_not_remembered_by_itself_and_a_refused_one_is_asked_for(
    tmp_path: Path,
) -> None:
    secrets = tmp_path / "secrets.json"
    FileVault(secrets).put(HOST, "password", "", "old")
    app = make(tmp_path, FileVault(secrets))
    async with app.run_test(size=(80, 24)) as pilot:
        await connect(pilot)
        await pilot.press(*"work", "enter")
        await shown(pilot, SecretScreen)
        assert "The last one was refused" in text(app)
        await pilot.press(*RIGHT, "enter")
        await until(pilot, lambda: names(app) == ["inside.txt"])
    kept = {f"password||{HOST}": "old"}  # a refusal may be the server's mistake
    assert json.loads(secrets.read_text()) == kept


async def test_a_password_that_cannot_be_kept_is_used_and_that_is_said(tmp_path: Path) -> None:
    app = make(tmp_path, KeyringVault(keyrings.Forgetful()))
    async with app.run_test(size=(80, 24)) as pilot:
        await connect(pilot)
        await pilot.press(*"work", "enter")
        await shown(pilot, SecretScreen)
        await pilot.press("ctrl+r", *RIGHT, "enter")
        await shown(pilot, MessageScreen)
        assert "does not have it" in text(app) and RIGHT not in text(app)
        await pilot.press("enter")
        await until(pilot, lambda: names(app) == ["inside.txt"])


async def test_a_site_is_tested_where_it_stands_asking_for_what_it_needs(tmp_path: Path) -> None:
    app = make(tmp_path, FileVault(tmp_path / "secrets.json"))
    async with app.run_test(size=(80, 24)) as pilot:
        await connect(pilot)
        await pilot.press(*"work", "f2")
        await shown(pilot, SecretScreen)
        await pilot.press("escape")
        await until(pilot, lambda: "sign-in needed" in text(app))
        await pilot.press("f2")
        await shown(pilot, SecretScreen)
        await pilot.press(*RIGHT, "enter")
        await until(pilot, lambda: "it works: 1 entry in /" in text(app))
        await pilot.press("escape")
        assert pane(app).place == Place("memory://x", "/")


async def test_an_address_with_a_secret_part_is_not_offered_again(tmp_path: Path) -> None:
    app = make(tmp_path, FileVault(tmp_path / "secrets.json"))
    async with app.run_test(size=(80, 24)) as pilot:
        await connect(pilot)
        await pilot.press(*"https://h/f?sig=canary", "enter")
        await until(pilot, lambda: not isinstance(app.screen, ConnectScreen))
        assert app.recent == []
        await connect(pilot)
        await pilot.press(*"https://h/f", "enter")
        await until(pilot, lambda: app.recent == ["https://h/f"])


async def test_a_path_of_a_site_can_be_gone_to(tmp_path: Path) -> None:
    app = make(tmp_path, FileVault(tmp_path / "secrets.json"))
    app.access.secrets.put(HOST, "password", RIGHT)
    async with app.run_test(size=(80, 24)) as pilot:
        await read(pilot)
        await pilot.press("ctrl+g", "ctrl+u", *"work:/x", "enter")
        await until(pilot, lambda: names(app) == ["inside.txt"])
