"""The settings screen and the palette."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.command import CommandPalette

from tests.tui.app_case import make_app, read, text, until
from tui.choices import LOOK, ON_QUIT, SETTINGS, Look, OnQuit
from tui.key_map import shown_keys
from tui.key_presets import Preset
from tui.keys import KEYS
from tui.own_keys import read_keys
from tui.screens.prompt import PromptScreen
from tui.screens.settings import SettingsScreen
from tui.settings_file import SettingsFile
from tui.themes import theme_name, theme_of
from tui.widgets.transfer_panel import TransferPanel


@pytest.fixture
def file(tmp_path: Path) -> SettingsFile:
    return SettingsFile(tmp_path / "settings.toml")


async def test_a_theme_is_chosen_seen_and_kept(file: SettingsFile, tmp_path: Path) -> None:
    app = make_app(tmp_path, tmp_path, settings=file)
    async with app.run_test(size=(80, 24)) as pilot:
        await read(pilot)
        await pilot.press("comma")
        await until(pilot, lambda: isinstance(app.screen, SettingsScreen))
        await pilot.press("right")
        await until(pilot, lambda: app.theme == theme_name(Look.LIGHT))
        await pilot.press(*["down"] * SETTINGS.index(ON_QUIT), "enter", "escape")
        await until(pilot, lambda: app.screen is app.main)
    assert file.get(LOOK) is Look.LIGHT
    assert file.get(ON_QUIT) is OnQuit.KEEP


async def test_a_preset_is_chosen_and_its_keys_act_at_once(
    file: SettingsFile, tmp_path: Path
) -> None:
    keys_file = tmp_path / "keys.toml"
    app = make_app(tmp_path, tmp_path, settings=file, keys_file=keys_file)
    async with app.run_test(size=(80, 24)) as pilot:
        await read(pilot)
        await pilot.press("comma")
        await until(pilot, lambda: isinstance(app.screen, SettingsScreen))
        await pilot.press("end", "enter", "escape")
        await until(pilot, lambda: app.screen is app.main)
        await pilot.press("a")
        await until(pilot, lambda: isinstance(app.screen, PromptScreen))
    assert read_keys(keys_file).preset is Preset.VIM


async def test_what_cannot_be_kept_is_said(file: SettingsFile, tmp_path: Path) -> None:
    file.path.mkdir()
    app = make_app(tmp_path, tmp_path, settings=file)
    async with app.run_test(size=(80, 24)) as pilot:
        await read(pilot)
        await pilot.press("comma")
        await until(pilot, lambda: "cannot be read" in text(app))


async def test_a_setting_that_is_written_wrong_is_told_at_the_start(
    file: SettingsFile, tmp_path: Path
) -> None:
    file.path.write_text('theme = "drak"\n')
    app = make_app(tmp_path, tmp_path, settings=file)
    async with app.run_test(size=(160, 24)) as pilot:
        await until(pilot, lambda: "theme must be one of" in " ".join(text(app).split()))


@pytest.mark.parametrize("size", [(80, 24), (40, 12)])
async def test_the_settings_fit_on_the_screen(
    file: SettingsFile, tmp_path: Path, size: tuple[int, int]
) -> None:
    app = make_app(tmp_path, tmp_path, settings=file)
    async with app.run_test(size=size) as pilot:
        await read(pilot)
        await pilot.press("comma")
        await until(pilot, lambda: "Theme" in text(app))
        assert "Close" in text(app)


def test_without_colours_the_theme_is_the_terminals_own() -> None:
    assert theme_of(Look.DARK, {"NO_COLOR": "1"}) == theme_name(Look.ANSI)
    assert theme_of(Look.LIGHT, {"TEXTUAL_THEME": "nord"}) == "nord"
    assert theme_of(Look.LIGHT, {}) == theme_name(Look.LIGHT)


async def test_the_palette_lists_every_action_with_its_key(tmp_path: Path) -> None:
    app = make_app(tmp_path, tmp_path)
    async with app.run_test(size=(120, 40)) as pilot:
        await read(pilot)
        await pilot.press("ctrl+p")
        await until(pilot, lambda: isinstance(app.screen, CommandPalette))
        hits = app.screen.query_one("CommandList")
        await until(pilot, lambda: hits.option_count == len(KEYS) - 1)  # type: ignore[attr-defined]
        rename = next(key for key in KEYS if key.name == "rename")
        assert "  ".join(shown_keys(rename.keys)[:1]) in text(app)


async def test_an_action_is_found_by_its_words_and_done_where_it_belongs(tmp_path: Path) -> None:
    app = make_app(tmp_path, tmp_path)
    async with app.run_test(size=(120, 40)) as pilot:
        await read(pilot)
        await pilot.press("ctrl+p")
        await until(pilot, lambda: isinstance(app.screen, CommandPalette))
        await pilot.press(*"bytes a second")
        await until(pilot, lambda: "files at once" in text(app))
        await pilot.press("enter")
        await until(pilot, lambda: "Limits" in text(app))
        assert app.main is not None
        assert app.main.query_one(TransferPanel).is_attached
