"""The connect screen: addresses, sites and recent places, all by keyboard."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from textual.app import App
from textual.pilot import Pilot
from textual.widgets import Input, Static

from providers.access import Access, Secrets
from providers.base import Place
from providers.errors import NotFound
from providers.location import LOCAL
from providers.sites import Site, Sites
from providers.vault import FileVault
from tui.screens.confirm import ConfirmScreen
from tui.screens.connect import ConnectScreen
from tui.screens.site_form import OneOf, SiteForm

SECRET = "canary-7f3a"
ENVIRONMENT = {"SFTP_HOST": "box", "SFTP_USER": "demo"}


class Connecting(App[None]):
    """Shows the connect screen and keeps what it answers."""

    def __init__(self, screen: ConnectScreen) -> None:
        super().__init__()
        self.connect = screen
        self.answers: list[Place | None] = []

    def on_mount(self) -> None:
        self.push_screen(self.connect, self.answers.append)


def text(app: App[None]) -> str:
    return "\n".join(strip.text for strip in app.screen._compositor.render_strips(app.size))


async def until(pilot: Pilot[None], condition: Callable[[], Any]) -> None:
    for _ in range(1500):
        if condition():
            return
        await pilot.pause(0.02)
    raise AssertionError(f"it never came to be; the screen says:\n{text(pilot.app)}")


async def press(pilot: Pilot[None], *keys: str) -> None:
    """Press `keys` and wait for the dialog to have taken them in."""
    await pilot.press(*keys)
    await pilot.pause()


async def ready(pilot: Pilot[None], offers: int) -> None:
    app = pilot.app
    assert isinstance(app, Connecting)
    await until(pilot, lambda: app.screen is app.connect and len(app.connect.offers) == offers)
    await pilot.pause()


@pytest.fixture
def access(tmp_path: Path) -> Access:
    """Two saved sites, one of the environment, secrets in a file."""
    sites = Sites(tmp_path / "sites.toml", ENVIRONMENT)
    sites.add(Site("network", "sftp", {"host": "n.example"}))
    sites.add(Site("work", "sftp", {"host": "h.example", "user": "ann", "path": "/srv"}))
    secrets = Secrets(FileVault(tmp_path / "secrets.json"))
    return Access(tmp_path / "known_hosts", sites=sites, secrets=secrets)


def kept(access: Access) -> Mapping[str, str]:
    assert access.sites.path is not None
    path = access.sites.path.with_name("secrets.json")
    return json.loads(path.read_text()) if path.exists() else {}


async def answered(screen: ConnectScreen, *keys: str, offers: int = 0) -> Sequence[Place | None]:
    app = Connecting(screen)
    async with app.run_test() as pilot:
        await ready(pilot, offers)
        await press(pilot, *keys)
        return app.answers


# Addresses -----------------------------------------------------------------------------------


async def test_an_address_opens_its_place() -> None:
    opened = await answered(ConnectScreen([]), *"sftp://ann@host/srv", "enter")
    assert opened == [Place("sftp://ann@host:22", "/srv")]


async def test_a_bad_address_is_explained_and_not_opened() -> None:
    app = Connecting(ConnectScreen([]))
    async with app.run_test() as pilot:
        await ready(pilot, 0)
        await press(pilot, *"sftp://ann:pw@host", "enter")
        assert "password in an address" in text(app)
        assert app.answers == []


async def test_a_word_without_a_scheme_is_said_to_be_a_folder_here() -> None:
    app = Connecting(ConnectScreen([]))
    async with app.run_test() as pilot:
        await ready(pilot, 0)
        await press(pilot, *"/srv")
        assert "opens a folder here: /srv" in str(app.connect.query_one("#says", Static).content)
        await press(pilot, "enter")
        assert app.answers == [Place(LOCAL, "/srv")]


async def test_the_secret_part_of_an_address_is_opened_and_never_repeated() -> None:
    app = Connecting(ConnectScreen([]))
    async with app.run_test() as pilot:
        await ready(pilot, 0)
        await press(pilot, *"https://h/f?sig=abc")
        says = str(app.connect.query_one("#says", Static).content)
        assert "https://h: /f?…" in says
        await press(pilot, "enter")
        assert app.answers == [Place("https://h", "/f?sig=abc")]


async def test_enter_alone_opens_nothing(access: Access) -> None:
    assert await answered(ConnectScreen(["sftp://one/a"], access), "enter", offers=4) == []


async def test_a_recent_place_opens_with_arrows_and_enter() -> None:
    screen = ConnectScreen(["sftp://one/a", "sftp://two/b"])
    opened = await answered(screen, "down", "down", "enter", offers=2)
    assert opened == [Place("sftp://two:22", "/b")]


# Sites ---------------------------------------------------------------------------------------


async def test_every_site_is_listed_and_says_where_it_comes_from(access: Access) -> None:
    app = Connecting(ConnectScreen([], access))
    async with app.run_test() as pilot:
        await ready(pilot, 3)
        shown = text(app)
        assert "sftp://ann@h.example:22/srv" in shown
        assert "env-sftp" in shown and "sftp://demo@box:22  (environment)" in shown


async def test_typing_part_of_a_name_and_enter_opens_the_site(access: Access) -> None:
    opened = await answered(ConnectScreen([], access), *"work", "enter", offers=3)
    assert opened == [Place("sftp://ann@h.example:22", "/srv")]


async def test_a_path_behind_the_name_of_a_site_is_an_address(access: Access) -> None:
    opened = await answered(ConnectScreen([], access), *"work:x", "enter", offers=3)
    assert opened == [Place("sftp://ann@h.example:22", "/srv/x")]


async def test_what_is_chosen_with_the_arrows_goes_before_what_was_typed(access: Access) -> None:
    opened = await answered(ConnectScreen([], access), *"work", "down", "enter", offers=3)
    assert opened == [Place("sftp://n.example:22", "/~")]  # “network” holds “work”, too


async def test_a_mistake_in_the_file_is_said_and_the_other_sites_stay(access: Access) -> None:
    assert access.sites.path is not None
    with access.sites.path.open("a") as file:
        file.write('\n[broken]\nkind = "sftp"\nhots = "x"\n')
    app = Connecting(ConnectScreen([], access))
    async with app.run_test() as pilot:
        await ready(pilot, 3)
        problem = str(app.connect.query_one("#problem", Static).content)
        assert "line 13" in problem and "“broken”" in problem


@pytest.mark.parametrize("size", [(80, 24), (160, 48)])
async def test_a_site_is_added_by_keyboard_and_its_password_goes_to_the_vault(
    access: Access, size: tuple[int, int]
) -> None:
    app = Connecting(ConnectScreen([], access))
    async with app.run_test(size=size) as pilot:
        await ready(pilot, 3)
        await press(pilot, "f7")
        await until(pilot, lambda: isinstance(app.screen, SiteForm))
        await press(pilot, *"new", "tab", "tab", *"host.example", "tab", *"2222")
        await press(pilot, "tab", *"bob", "tab", "tab", "tab", *SECRET)
        assert SECRET not in text(app)
        await press(pilot, "enter")
        await ready(pilot, 4)
        assert "“new” is saved" in text(app)
        await until(pilot, lambda: kept(access))
        assert kept(access) == {"password||sftp://bob@host.example:2222": SECRET}
        await press(pilot, "enter")  # the new one is where the list stands
        assert app.answers == [Place("sftp://bob@host.example:2222", "/~")]
    assert access.sites.path is not None
    assert SECRET not in access.sites.path.read_text()


async def test_a_field_that_will_not_do_is_said_and_focused(access: Access) -> None:
    app = Connecting(ConnectScreen([], access))
    async with app.run_test() as pilot:
        await ready(pilot, 3)
        await press(pilot, "f7")
        await until(pilot, lambda: isinstance(app.screen, SiteForm))
        await press(pilot, *"work", "enter")
        assert "there is a site “work” already" in text(app)
        await press(pilot, "end", "2", "enter")
        assert "Host is missing" in text(app)
        assert app.screen.query_one("#field-host", Input).has_focus
        await press(pilot, *"h", "tab", *"99999", "enter")
        assert "is not a port" in text(app)
        assert app.screen.query_one("#field-port", Input).has_focus
    assert access.sites.get("work2") is None


async def test_the_fields_are_those_of_the_kind(access: Access) -> None:
    app = Connecting(ConnectScreen([], access))
    async with app.run_test() as pilot:
        await ready(pilot, 3)
        await press(pilot, "f7")
        await until(pilot, lambda: isinstance(app.screen, SiteForm))
        form = app.screen
        assert form.query("#field-host") and not form.query("#field-url")
        await press(pilot, *"web", "tab", "right")
        await until(pilot, lambda: form.query("#field-url"))
        assert not form.query("#field-host")
        await press(pilot, "tab", *"https://h.example/pub")
        form.query_one("#field-auth", OneOf).focus()
        await press(pilot, "right", "enter")  # from “auto” to “none”
        form.query_one("#field-url", Input).focus()
        await press(pilot, "enter")
        await ready(pilot, 4)
    site = access.sites.get("web")
    assert site is not None and site.kind == "http"
    assert dict(site.values) == {"url": "https://h.example/pub", "auth": "none"}


async def test_a_site_is_changed_and_what_was_left_alone_stays(access: Access) -> None:
    access.secrets.put("sftp://ann@h.example:22", "password", SECRET, keep=True)
    changed: list[str] = []
    app = Connecting(ConnectScreen([], access, changed=changed.append))
    async with app.run_test() as pilot:
        await ready(pilot, 3)
        await press(pilot, *"work", "f4")
        await until(pilot, lambda: isinstance(app.screen, SiteForm))
        await press(pilot, "ctrl+u", *"other.example", "enter")
        await until(pilot, lambda: changed)
    site = access.sites.get("work")
    assert site is not None
    assert dict(site.values) == {"host": "other.example", "user": "ann", "path": "/srv"}
    assert changed == ["sftp://ann@other.example:22"]
    assert kept(access) == {}


async def test_a_site_is_removed_with_its_secret_and_only_when_confirmed(access: Access) -> None:
    access.secrets.put("sftp://ann@h.example:22", "password", SECRET, keep=True)
    app = Connecting(ConnectScreen([], access))
    async with app.run_test() as pilot:
        await ready(pilot, 3)
        for answer in ("n", "y"):
            await press(pilot, *("ctrl+u", *"work", "f8"))
            await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
            assert access.sites.get("work") is not None
            assert kept(access)
            await press(pilot, answer)
            await until(pilot, lambda: app.screen is app.connect)
        await ready(pilot, 2)
    assert access.sites.get("work") is None
    assert kept(access) == {}


async def test_one_of_the_environment_is_neither_changed_nor_removed(access: Access) -> None:
    app = Connecting(ConnectScreen([], access))
    async with app.run_test() as pilot:
        await ready(pilot, 3)
        for key in ("f4", "f8"):
            await press(pilot, "ctrl+u", *"env", key)
            assert "comes from the environment" in text(app)
            assert app.screen is app.connect


async def test_keys_for_a_site_ask_for_one_where_none_is_chosen(access: Access) -> None:
    app = Connecting(ConnectScreen([], access))
    async with app.run_test() as pilot:
        await ready(pilot, 3)
        await press(pilot, "f8")
        assert "Choose a site with the arrow keys" in text(app)


async def test_a_site_is_tested_and_the_outcome_said(access: Access) -> None:
    async def try_place(place: Place) -> str:
        if place.endpoint != "sftp://ann@h.example:22":
            raise NotFound(place.path)
        return "it works: 3 entries in /srv"

    app = Connecting(ConnectScreen([], access, try_place=try_place))
    async with app.run_test() as pilot:
        await ready(pilot, 3)
        await press(pilot, *"work", "f2")
        await until(pilot, lambda: "“work”: it works: 3 entries" in text(app))
        await press(pilot, "ctrl+u", *"network", "f2")
        await until(pilot, lambda: "does not exist" in text(app))
