"""Making Wharfie one's own: colours, keys and the rest of what a person may choose."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tui.choices import LOOK, SETTINGS, Look
from tui.key_presets import Preset
from tui.own_keys import choose_preset, read_keys
from tui.screens.settings import Row, SettingsScreen
from tui.settings_file import SettingsFile
from tui.sign_in import show
from tui.themes import theme_name
from tui.widgets.file_pane import FilePane

if TYPE_CHECKING:
    from tui.app import WharfieApp
    from tui.screens.main import MainScreen


async def settings(screen: MainScreen, pane: FilePane) -> None:
    """Show the settings and keep what is changed."""
    services = screen.services
    if services.settings is None:
        screen.say("These settings are not kept: this screen has no file for them.")
        return
    rows = _rows(services, services.settings)
    await show(screen.app, SettingsScreen(rows, str(services.settings.path.parent)))
    screen.keys_changed()


def _rows(services: WharfieApp, file: SettingsFile) -> list[Row]:
    def choose(key: str, value: str) -> None:
        setting = next(each for each in SETTINGS if each.key == key)
        file.set(setting, type(setting.usual)(value))
        if key == LOOK.key:
            services.theme = theme_name(Look(value))

    rows = [
        Row(each.label, each.help, list(each.values), file.get(each), partial(choose, each.key))
        for each in SETTINGS
    ]
    return [*rows, _preset_row(services)]


def _preset_row(services: WharfieApp) -> Row:
    path = services.keys_file

    def choose(value: str) -> None:
        if path is not None:
            choose_preset(path, Preset(value))
            services.use_keys(read_keys(path))

    return Row(
        "Keys",
        "whose habits they follow; keys.toml has your own",
        list(Preset),
        services.key_map.preset,
        choose,
    )
